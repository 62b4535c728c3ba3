"""Beside the figures of ``tagging``: relatives of the tagger, a second task, an interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from course.figures.tagging import Sentences, Spans, Vocabulary


class ForwardTagger(nn.Module):
    """The lesson's tagger, but it cannot read ahead: an LSTM in one direction.

    Parameters
    ----------
    vocab_size, tag_count : int
        Number of ids (0 is padding), and K.
    embedding_size, hidden_size : int
        E, and H.
    dropout : float
        Rate on word vectors and on states, while training.
    """

    def __init__(
        self,
        vocab_size: int,
        tag_count: int,
        embedding_size: int,
        hidden_size: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_size, padding_idx=0)
        self.lstm = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.out, self.dropout = nn.Linear(hidden_size, tag_count), nn.Dropout(dropout)

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Map ids (N, T, F) to logits (N, T, K); ``lengths`` are not needed, padding comes last."""
        h, _ = self.lstm(self.dropout(self.embedding(ids).mean(dim=2)))
        return self.out(self.dropout(h))


def start_from(
    model: nn.Module, vocabulary: Vocabulary, earlier: nn.Module, known: Vocabulary
) -> nn.Module:
    """Give a fresh tagger what one of another task has learned: its vectors and its LSTM.

    The read-out stays as it is, since the tags are others.

    Parameters
    ----------
    model : torch.nn.Module
        Fresh; of the same class and sizes as ``earlier`` but for ids and tags.
    vocabulary : Vocabulary
        Its ids; a fact that ``known`` lacks keeps its fresh vector.
    earlier : torch.nn.Module
        Trained on the ids of ``known``.
    known : Vocabulary

    Returns
    -------
    torch.nn.Module
        ``model``.
    """
    learned = earlier.state_dict()
    shared = [
        (vocabulary.ids[fact], known.ids[fact]) for fact in vocabulary.ids if fact in known.ids
    ]
    mine, theirs = (torch.tensor(column) for column in zip(*shared, strict=True))
    tables = {
        f"{name}.weight" for name, part in model.named_modules() if isinstance(part, nn.Embedding)
    }
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in tables:
                parameter[mine] = learned[name][theirs]
                parameter[:2] = learned[name][:2]  # padding and unknown
            elif parameter.shape == learned[name].shape:
                parameter.copy_(learned[name])
    return model


def joined(vocabulary: Vocabulary, other: Vocabulary) -> Vocabulary:
    """Extend a vocabulary by the facts that only another one has; the tags stay."""
    whole = Vocabulary([], [])
    whole.tags = vocabulary.tags
    facts = [*vocabulary.ids, *(fact for fact in other.ids if fact not in vocabulary.ids)]
    whole.ids = {fact: number for number, fact in enumerate(facts, start=2)}
    return whole


def allowed_moves(tags: Sequence[str]) -> np.ndarray:
    """Score the moves between BIO tags: 0, but -inf to an I- from all but its own type.

    Returns
    -------
    numpy.ndarray, shape (K, K)
        A row for each tag, a column for each tag behind it.
    """
    begins = np.array([tag[0] != "I" for tag in tags])
    same_type = np.array([[one[2:] == other[2:] for other in tags] for one in tags])
    return np.where(begins | same_type, 0.0, -np.inf)


def decode(
    viterbi: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    model: nn.Module,
    ids: torch.Tensor,
    lengths: torch.Tensor,
    tags: Sequence[str],
    moves: np.ndarray,
) -> list[list[str]]:
    """Find the best path through a network's log-probabilities, sentence by sentence.

    Parameters
    ----------
    viterbi : callable
        Scores (N, T, K), moves (K, K) and mask (N, T) to numbers of tags (N, T).
    model : torch.nn.Module
        Maps ids and lengths to logits (N, T, K).
    ids, lengths : Tensor
    tags : list of K str
    moves : numpy.ndarray, shape (K, K)
        None of the sentences begins with an ``I-``, whatever the moves are.

    Returns
    -------
    list of lists of str
    """
    with torch.no_grad():
        log_p = model.eval()(ids, lengths).log_softmax(dim=-1).numpy()
    log_p[:, 0, [tag[0] == "I" for tag in tags]] = -np.inf
    mask = np.arange(log_p.shape[1]) < lengths.numpy()[:, None]
    best = viterbi(log_p, moves, mask)
    return [[tags[k] for k in row[:n]] for row, n in zip(best, lengths, strict=True)]


def leads(
    true_tags: Sentences,
    answers: Mapping[str, Sentences],
    find_spans: Callable[[list[str]], Spans],
) -> pd.DataFrame:
    """Say how far the lead in span F1 of the last tagger over each other may be trusted.

    Returns
    -------
    pandas.DataFrame
        A row for each other tagger, with the bounds of :func:`interval_of_lead`.
    """
    *others, last = answers
    bounds = {
        name: interval_of_lead(true_tags, answers[last], answers[name], find_spans)
        for name in others
    }
    columns = ["lead, at least", "at most"]
    return pd.DataFrame.from_dict(bounds, orient="index", columns=columns)


def interval_of_lead(
    true_tags: Sentences,
    ahead: Sentences,
    behind: Sentences,
    find_spans: Callable[[list[str]], Spans],
    draws: int = 2000,
) -> tuple[float, float]:
    """Between which bounds the lead in span F1 lies in 95 of 100 samples of the sentences.

    A paired bootstrap: each sample draws sentences with replacement, the same for both taggers.

    Parameters
    ----------
    true_tags, ahead, behind : lists of lists of str
        The truth, and what two taggers say.
    find_spans : callable
        Tags of one sentence to spans ``(begin, end, type)``.
    draws : int
        How many samples.

    Returns
    -------
    low, high : float
        Of F1 of ``ahead`` minus F1 of ``behind``.
    """
    N = len(true_tags)
    weights = np.random.default_rng(0).multinomial(N, np.full(N, 1 / N), size=draws)
    f1 = []
    for found_tags in (ahead, behind):
        counts = np.array(list(_counts(true_tags, found_tags, find_spans)))
        right, total = (weights @ counts).T
        f1.append(2 * right / np.maximum(total, 1))
    low, high = np.quantile(f1[0] - f1[1], [0.025, 0.975])
    return float(low), float(high)


def _counts(
    true_tags: Iterable[list[str]], found_tags: Iterable[list[str]], find_spans: Callable
) -> Iterator[tuple[int, int]]:
    """By sentence: how many spans are right, and how many there are in truth and found."""
    for true, found in zip(true_tags, found_tags, strict=True):
        gold, mine = set(find_spans(list(true))), set(find_spans(list(found)))
        yield len(gold & mine), len(gold) + len(mine)
