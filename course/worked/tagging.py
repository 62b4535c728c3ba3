"""Worked examples of the exercises of ``04_bidirectional/tagging.ipynb``."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from course import bug_hunt, checks
from course.weights import load_torch_weights


def find_spans(t, find_spans):
    tags = ["B-Street", "I-Street", "O", "I-Place", "B-Place", "I-Zip"]
    kept = list(tags)
    spans = find_spans(kept)
    checks.require(
        isinstance(spans, list) and all(isinstance(span, tuple) for span in spans),
        f"find_spans must return a list of tuples (begin, end, type); yours returned {spans!r}.",
    )
    checks.require(tags == kept, "find_spans changed its argument tags in place: leave it alone.")
    t.check(find_spans, {"tags": tags}, "spans", float32=False, quiet=True)
    args = {"tags": ["B-Box-Id", "I-Box-Id", "O", "I-Box-Id", "O"]}
    t.check(find_spans, args, "spans", float32=False, quiet=True)
    checks.require(
        find_spans([]) == [], "find_spans: no tags, no spans; an empty list must come back."
    )
    three = find_spans(["O", "B-A", "I-A", "I-A"])
    checks.require(
        three == [(1, 4, "A")],
        "find_spans: a span of three words at the end of a sentence is (1, 4, 'A'), "
        f"yours finds {three}.",
    )
    t.say("find_spans: 4 spans")


def span_f1(t, span_f1):
    true = [["B-Street", "I-Street", "B-Place", "I-Place"], ["B-Zip", "B-Place", "O"]]
    predicted = [["B-Street", "I-Street", "B-Place", "B-Place"], ["B-Box", "B-Place", "O"]]
    more = [["B-Zip", "I-Street"], ["I-Street", "B-Zip"], ["O", "B-Zip", "B-Place", "O"]]
    found = [["B-Street", "I-Street"], ["I-Street", "I-Street"], ["B-Box", "B-Zip", "B-Place", "O"]]
    args = {"true_tags": [*true, *more], "predicted_tags": [*predicted, *found]}
    t.check(span_f1, args, "F1", float32=False, quiet=True)
    args = {"true_tags": true, "predicted_tags": predicted}
    t.check(span_f1, args, "F1", float32=False, quiet=True)
    ends = span_f1([["B-A", "I-A"]], [["B-A", "O"]])
    checks.require(ends == 0, f"span_f1: a span with a wrong end is not right; yours gives {ends}.")
    types = span_f1([["B-A", "O"]], [["B-B", "O"]])
    checks.require(types == 0, f"span_f1: the type must be right as well; yours gives {types}.")
    moved = span_f1([["B-A", "O"], ["O", "O"]], [["O", "O"], ["B-A", "O"]])
    checks.require(
        moved == 0,
        f"span_f1: a span predicted in another sentence is not right; yours gives {moved}. "
        "Compare sentence by sentence.",
    )
    try:
        none = span_f1([["O", "O"]], [["O", "O"]])
    except ZeroDivisionError:
        raise checks.CheckFailed("span_f1 divides by zero when there are no spans: 0.0.") from None
    t.compare("span_f1: F1 without any span", none)
    checks.require(span_f1(true, true) == 1.0, "span_f1: the truth itself must score 1.")
    t.say("span_f1: 0.444, where counting words gives 0.714")


def masked_cross_entropy(t, masked_cross_entropy):
    logits = torch.tensor(
        [
            [[2.0, 0.0, -1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0], [-2.0, 0.5, 1.0]],
            [[1.0, -1.0, 0.0], [0.0, 2.0, 1.0], [4.0, 0.0, 0.0], [1.0, 1.0, -3.0]],
            [[0.0, 0.0, 1.0], [1.0, -2.0, 0.5], [0.0, 3.0, 1.0], [2.0, -1.0, 0.0]],
        ],
        dtype=torch.float64,
    )
    targets = torch.tensor([[0, 1, 0, 2], [2, 1, 0, 0], [0, 0, 0, 0]])
    T, F = True, False
    mask = torch.tensor([[T, T, T, F], [T, F, F, F], [F, F, F, F]])
    args = {"logits": logits, "targets": targets, "mask": mask}
    loss = t.check(masked_cross_entropy, args, "loss", quiet=True)["loss"]
    checks.require(
        isinstance(loss, Tensor),
        "masked_cross_entropy must return a tensor: a plain number has no gradient (no .item(), "
        "no float).",
    )
    for kind in (torch.float32, torch.float64):
        kept = masked_cross_entropy(logits.to(kind), targets.clone(), mask.clone()).dtype
        checks.require(
            kept == kind,
            f"masked_cross_entropy: the loss has dtype {kept} for {kind} logits: keep theirs.",
        )
    for nothing in (-100, 10):
        odd = torch.where(mask, targets, nothing)
        try:
            loss = masked_cross_entropy(logits.clone(), odd.clone(), mask.clone())
        except (IndexError, RuntimeError) as error:
            raise checks.CheckFailed(
                f"masked_cross_entropy fails when {nothing} stands at padding ({error}): "
                "leave the padding out before you look up the targets."
            ) from None
        t.compare(f"masked_cross_entropy: loss with {nothing} at padding", loss)
    large = masked_cross_entropy(1e4 * logits, targets.clone(), mask.clone())
    checks.require(
        torch.isfinite(large),
        "masked_cross_entropy: not finite for large logits. Use log_softmax, not the log of a "
        "softmax.",
    )
    t.compare("masked_cross_entropy: loss with logits 10,000 times as large", large)
    leaf = logits.clone().requires_grad_()
    loss = masked_cross_entropy(leaf, targets.clone(), mask.clone())
    checks.require(
        loss.requires_grad,
        "masked_cross_entropy: no gradient flows through it (.item(), .detach() or NumPy on the "
        "way?).",
    )
    loss.backward()
    checks.require(
        not leaf.grad[~mask].any(), "masked_cross_entropy: the logits at padding get a gradient."
    )
    t.say("masked_cross_entropy: the loss, its gradient, any target at padding")


def Tagger(t, Tagger):
    torch.manual_seed(1)
    model = Tagger(20, 7, 6, 5).double().eval()
    kinds = [type(m) for m in model.modules()]
    checks.require(
        nn.Embedding in kinds and nn.Linear in kinds,
        "Tagger: it needs an nn.Embedding and an nn.Linear as attributes, set in __init__.",
    )
    ids = torch.tensor([[4, 9, 3, 0, 0], [5, 2, 8, 6, 0], [7, 0, 0, 0, 0]])
    lengths = torch.tensor([3, 4, 1])
    logits = _called(model, ids.clone(), lengths.clone())
    _are_logits(logits)
    _read_both_ways_and_no_padding(model, ids, lengths, logits)
    _average_the_vectors_of_a_word(model, ids, lengths, logits)
    _drop_out_in_training_alone(Tagger, ids, lengths)
    _drop_words_and_states(Tagger)
    _fill(model)
    real = torch.arange(5) < lengths[:, None]
    t.compare("Tagger: logits at real steps, for given weights", model(ids, lengths)[real])
    model(ids, lengths)[real].square().sum().backward()
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    checks.require(
        not still, f"Tagger: no gradient reaches {', '.join(still)} (a .detach() on the way?)."
    )
    t.say("Tagger: reads both ways, never the padding")


_MEANINGS = {
    "enforce_sorted": "The lengths come unsorted: pack with enforce_sorted=False.",
    "size of tensor a": "ids may have two axes or three, (N, T) or (N, T, F): with three, average "
    "the F vectors of each word.",
    "cannot be multiplied": "Layers of different widths meet. With ids (N, T) there is nothing to "
    "average; the read-out sees 2 * hidden_size features.",
}
"""What PyTorch says of a common slip, and what it means here."""


def _called(model: nn.Module, ids: Tensor, lengths: Tensor) -> Tensor:
    try:
        return model(ids, lengths)
    except (RuntimeError, IndexError) as error:
        meaning = next((said for text, said in _MEANINGS.items() if text in str(error)), "")
        if isinstance(error, NotImplementedError) or not meaning:
            raise
        where = f"Tagger fails for ids {tuple(ids.shape)} and lengths {lengths.tolist()}."
        raise checks.CheckFailed(f"{where} {meaning} PyTorch says: {error}") from None


def _are_logits(logits: Tensor) -> None:
    shape = tuple(getattr(logits, "shape", ()))
    hints = {
        (3, 4, 7): " Unpacking needs total_length, because no sentence fills the batch.",
        (5, 5, 7): " The batch comes first: batch_first=True, in packing and unpacking as well.",
    }
    checks.require(
        isinstance(logits, Tensor) and shape == (3, 5, 7),
        "Tagger: logits must be a tensor of shape (3, 5, 7) for ids (3, 5) and 7 tags; yours is "
        f"{shape}.{hints.get(shape, '')}",
    )
    ones = torch.ones(3, 5, dtype=logits.dtype)
    checks.require(
        not any(torch.allclose(z.sum(-1), ones) for z in (logits, logits.exp())),
        "Tagger: return logits, not probabilities: the softmax is in the loss.",
    )


def _read_both_ways_and_no_padding(
    model: nn.Module, ids: Tensor, lengths: Tensor, logits: Tensor
) -> None:
    def moves(change: int, at: int, row: int = 1, seen: int = 1) -> bool:
        """Does the answer in a row at step ``at`` move when the word at step ``change`` does?"""
        other = ids.clone()
        other[row, change] = 11
        return not torch.allclose(model(other, lengths)[seen, at], logits[seen, at])

    again = model(ids.clone(), lengths.clone())
    checks.require(
        torch.allclose(again, logits),
        "Tagger: the same call twice gives other logits in eval mode. Dropout must do nothing "
        "there (an nn.Dropout), and nothing may be kept between calls.",
    )
    checks.require(
        not torch.allclose(logits[1, 0], logits[1, 1]),
        "Tagger: every word of a sentence has the same logits: read out each step's own states.",
    )
    checks.require(
        not moves(0, 0, row=2, seen=0),
        "Tagger: a word moves the logits of another sentence. Does the LSTM read along the batch "
        "instead of along the sentence (batch_first)?",
    )
    order = torch.tensor([1, 2, 0])
    turned = model(ids[order], lengths[order])
    checks.require(
        torch.allclose(turned[0, :4], logits[1, :4])
        and torch.allclose(turned[2, :3], logits[0, :3]),
        "Tagger: the sentences in another order get other logits. Were they sorted by length, and "
        "not put back?",
    )
    checks.require(
        moves(0, 3),
        "Tagger: the last word's logits do not move when the first word changes. Is there a "
        "forward LSTM, and does the read-out see its states?",
    )
    checks.require(
        moves(3, 0),
        "Tagger: the first word's logits do not move when the last word changes. The backward "
        "direction is missing: bidirectional=True.",
    )
    checks.require(
        moves(2, 2) and moves(1, 2),
        "Tagger: the logits of a word do not depend on it and on its neighbours; is the order of "
        "the axes right (batch_first)?",
    )
    checks.require(
        not moves(4, 0) and not moves(4, 3),
        "Tagger: the answer at real steps moves when the *padding* changes: the backward LSTM "
        "reads it. Pack with the lengths.",
    )
    alone = model(ids[:1, :3], lengths[:1])
    checks.require(
        torch.allclose(alone[0], logits[0, :3]),
        "Tagger: a sentence alone gets other logits than in a batch: padding or neighbours are "
        "read.",
    )


def _average_the_vectors_of_a_word(
    model: nn.Module, ids: Tensor, lengths: Tensor, logits: Tensor
) -> None:
    six = _called(model, ids[:, :, None].repeat(1, 1, 6), lengths)
    checks.require(
        six.shape == logits.shape,
        f"Tagger: for ids (3, 5, 6) the logits must be (3, 5, 7); yours are {tuple(six.shape)}. "
        "Average the six vectors of a word.",
    )
    checks.require(
        torch.allclose(six[0, :3], logits[0, :3]),
        "Tagger: six times the same id must be the same as that id once: average the vectors (no "
        "sum).",
    )
    other = torch.where(ids > 0, 19 - ids, 0)
    two = torch.stack([ids, other], dim=2)
    both = model(two, lengths)[1, :4]
    checks.require(
        not torch.allclose(both, logits[1, :4]),
        "Tagger: of the ids of a word only the first is read: average the vectors of all.",
    )
    checks.require(
        torch.allclose(both, model(two.flip(2), lengths)[1, :4]),
        "Tagger: the order of a word's ids must not matter: average their vectors.",
    )
    three = torch.stack([ids, ids, other], dim=2)
    checks.require(
        not torch.allclose(both, model(three, lengths)[1, :4]),
        "Tagger: an id that a word has twice must count twice: average the vectors (no maximum).",
    )


def _drop_out_in_training_alone(kind: type[nn.Module], ids: Tensor, lengths: Tensor) -> None:
    wet = kind(20, 7, 6, 5, dropout=0.5).double()
    checks.require(
        not torch.allclose(wet(ids, lengths)[0, 0], wet(ids, lengths)[0, 0]),
        "Tagger: with dropout=0.5, two passes in training mode must differ. Is self.dropout "
        "applied?",
    )
    plain = kind(20, 7, 6, 5).double()
    checks.require(
        torch.allclose(plain(ids, lengths)[0, 0], plain(ids, lengths)[0, 0]),
        "Tagger: two passes in training mode differ although dropout is 0.0. Hand the rate on: "
        "nn.Dropout(dropout).",
    )
    wet.eval()
    checks.require(
        torch.allclose(wet(ids, lengths)[0, 0], wet(ids, lengths)[0, 0]),
        "Tagger: dropout must do nothing in eval mode: use nn.Dropout as a module.",
    )


def _drop_words_and_states(kind: type[nn.Module]) -> None:
    """Look at what goes into the layers while half is dropped, and at what comes out."""
    draw = torch.Generator().manual_seed(2)
    ids, lengths = torch.randint(1, 20, (40, 5, 6), generator=draw), torch.full((40,), 5)
    wet, words, states, said = kind(20, 7, 6, 5, dropout=0.5).double(), [], [], []
    head = [m for m in wet.modules() if isinstance(m, nn.Linear)][-1]
    for layer in wet.modules():
        if isinstance(layer, nn.LSTM):
            layer.register_forward_pre_hook(lambda _, inputs: words.append(inputs[0].data))
    head.register_forward_pre_hook(lambda _, inputs: states.append(inputs[0].detach()))
    head.register_forward_hook(lambda *call: said.append(call[-1]))
    logits = wet(ids, lengths)
    for what, seen, where in (
        ("LSTM's states", states, "the read-out"),
        ("word vectors", words, "the LSTM"),
    ):
        if not seen:  # not called as a layer
            continue
        gone = float(torch.cat([(x == 0).ravel() for x in seen]).double().mean())
        checks.require(
            gone > 0.01,
            f"Tagger: nothing is dropped from the {what}: apply self.dropout before {where} too.",
        )
        checks.require(
            0.4 < gone < 0.6,
            f"Tagger: at a rate of 0.5, {gone:.0%} of the {what} is dropped. Apply self.dropout "
            "once; a word's vectors are averaged before it.",
        )
    checks.require(
        len(said) != 1 or said[0].shape != logits.shape or torch.allclose(said[0], logits),
        "Tagger: something is dropped behind the read-out: dropout is for the word vectors and the "
        "states alone.",
    )


def _fill(model: nn.Module) -> None:
    """Give a tagger the weights of the worked example, whatever its attributes are called."""
    draw = torch.Generator().manual_seed(0)
    embedding, linear = nn.Embedding(20, 6), nn.Linear(10, 7)
    lstm = nn.LSTM(6, 5, batch_first=True, bidirectional=True)
    for layer in (embedding, lstm, linear):
        for parameter in layer.double().parameters():
            nn.init.normal_(parameter, std=0.6, generator=draw)
    mine = next(m for m in model.modules() if isinstance(m, nn.Embedding))
    head = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    checks.require(
        tuple(head.weight.shape) == (7, 10),
        "Tagger: the read-out must be nn.Linear(2 * hidden_size, tag_count), here 10 to 7; yours "
        f"is {head.in_features} to {head.out_features}.",
    )
    mine.load_state_dict(embedding.state_dict())
    head.load_state_dict(linear.state_dict())
    taken = {id(p) for m in (mine, head) for p in m.parameters()}
    rest = {
        f"_{name}": child
        for name, child in model.named_children()
        if any(True for _ in child.parameters()) and taken.isdisjoint(map(id, child.parameters()))
    }
    try:
        load_torch_weights(nn.ModuleDict(rest), lstm)
    except ValueError as error:
        raise checks.CheckFailed(
            "Tagger: besides the embedding and the read-out there must be one LSTM in both "
            f"directions, and no other parameters: {str(error).split(';')[0]}."
        ) from None


def train_tagger(
    t, train_tagger, Tagger, span_f1, valid_tags, predict, tagger, valid_ids, valid_lengths
):
    draw = torch.Generator().manual_seed(0)
    lengths = torch.randint(2, 6, (50,), generator=draw)
    real = torch.arange(6) < lengths[:, None]
    ids = torch.randint(2, 30, (50, 6, 3), generator=draw) * real[:, :, None]
    targets = torch.randint(4, (50, 6), generator=draw) * real
    model, read = Tagger(30, 4, 6, 5, dropout=0.1), []
    model.register_forward_pre_hook(
        lambda _, inputs: read.append(len(inputs[0]) * torch.is_grad_enabled())
    )
    before = [parameter.detach().clone() for parameter in model.parameters()]
    small = train_tagger(model, ids.clone(), lengths.clone(), targets.clone(), epochs=3)
    checks.require(
        isinstance(small, nn.Module),
        "train_tagger must return the model; yours returned "
        f"{checks.type_name(small)}. Is there a `return model` at the end?",
    )
    checks.require(
        small is not model
        or not any(map(torch.equal, before, (p.detach() for p in model.parameters()))),
        "train_tagger: after a training on 50 sentences, some parameters are what they were. "
        "optimizer.step() after every backward, for all of model.parameters()?",
    )
    checks.require(
        sum(read) == 150,
        f"train_tagger: with epochs=3 and 50 sentences the network must read 150, each of them "
        f"three times; yours reads {sum(read)}.",
    )
    checks.require(
        isinstance(tagger, nn.Module),
        "train_tagger: there is no trained model in `tagger`. Run the cell above.",
    )
    score = span_f1(valid_tags, predict(tagger, valid_ids, valid_lengths))
    checks.require(
        score > 0.5,
        f"train_tagger: span F1 on the validation part is {score:.2f}, no better than looking up "
        "each word. Has the model learned at all? zero_grad, backward and step for every batch; "
        "ids, lengths, targets and mask of the same rows.",
    )
    checks.require(
        score > 0.89,
        f"train_tagger: span F1 on the validation part is {score:.3f}; the linear tagger has 0.89. "
        "It learns, but too little or too much by heart: epochs, learning rate, dropout, word "
        "dropout?",
    )
    t.say("train_tagger: span F1 on the validation part above that of the linear tagger")


def viterbi_decode(t, viterbi_decode):
    rows = (
        "1 -1 -1  1 2 -0.5  1.5 0 0  0.5 0 0  1 -0.5 2  -4.5 3 6.5",
        "0.5 -0.5 -1  0.5 0 1.5  -0.5 0.5 -0.5  -3 0 0.5  1 -0.5 0  0 0.5 1.5",
        "0 -1 0  -3.5 2 -0.5  -2 -1 -2.5  1.5 -9.5 0  -10 10.5 -6  9 7.5 6.5",
    )
    scores = np.array([row.split() for row in rows], dtype=float).reshape(3, 6, 3)
    transitions = np.array([[-0.5, -0.5, -2.0], [0.5, 0.0, 0.5], [2.5, -1.0, 0.0]])
    mask = np.arange(6) < np.array([[4], [6], [3]])
    args = {"scores": scores, "transitions": transitions, "mask": mask}
    tags = t.check(viterbi_decode, args, "tags", float32=False, quiet=True)["tags"]
    checks.require(
        tags.dtype == np.int64,
        f"viterbi_decode: tags must have dtype int64; yours has {tags.dtype}.",
    )
    no = -np.inf
    barred = transitions.copy()
    barred[:2, 2] = no
    t.check(viterbi_decode, args | {"transitions": barred}, "tags", quiet=True)
    far = args | {"scores": 1e4 * scores, "transitions": 1e4 * barred}
    with np.errstate(all="ignore"):
        t.check(viterbi_decode, far, "tags", quiet=True)
    picture = {
        "scores": np.array([[[3.0, 1.0, no], [3.0, 2.0, 1.0], [4.0, 3.0, 1.0], [2.0, 1.0, 5.0]]]),
        "transitions": np.array([[0.0, 0.0, no], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
        "mask": np.ones((1, 4), dtype=bool),
    }
    t.check(viterbi_decode, picture, "tags", quiet=True)
    one = viterbi_decode(scores[:, 1:2].copy(), transitions.copy(), mask[:, :1].copy())
    t.compare("viterbi_decode: tags of sequences of one step", one)
    short = viterbi_decode(scores[2:].copy(), transitions.copy(), mask[2:].copy())
    checks.require(
        np.array_equal(short, tags[2:]),
        "viterbi_decode: a sequence alone gets other tags than in a batch: its neighbours, or "
        "their padding, are read.",
    )
    with np.errstate(all="ignore"):
        large = viterbi_decode(1e4 * scores, 1e4 * transitions, mask.copy())
    checks.require(
        np.array_equal(large, tags),
        "viterbi_decode: scores and moves 10,000 times as large give other tags. Add them as they "
        "are: exponentials overflow.",
    )
    t.say("viterbi_decode: the best paths of three sequences, and the one in the picture")


def test_evaluation(t, test_evaluation, colleagues_evaluate):
    one = "an evaluation with one of the colleague's three mistakes, which"
    red = {
        colleagues_evaluate: "the colleague's function",
        "filled": f"{one} shows where sentences differ in length",
        "batches": f"{one} shows where batches differ in size and in their share of mistakes",
        "as it is": f"{one} shows when the model comes in training mode",
        "rows": "a mean of sentences: a word of a long one must weigh as much",
        "begins": "an F1 for which a span is right that only begins where it should",
        "full": "an evaluation that leaves out the last batch when it is not full",
        "turned": "an evaluation that gives F1 first and accuracy second",
    }
    green = {"": "a right evaluation", "rates": "a right evaluation by precision and recall"}
    t.say(bug_hunt.require_red_and_green(test_evaluation, _counted, red=red, green=green))


def _counted(model, ids, lengths, tags, names, batch_size=32, slip=""):
    """Accuracy and span F1 from counts, sentence by sentence; or with one slip."""
    if slip != "as it is":
        model.eval()
    counts = []
    for n, true in enumerate(tags):
        with torch.no_grad():
            best = model(ids[n : n + 1], lengths[n : n + 1])[0].argmax(dim=-1)
        found = [names[k] for k in best[: len(true)].tolist()]
        right, size = sum(map(str.__eq__, true, found)), len(true)
        if slip == "filled":
            right, size = right + len(best) - size, len(best)
        gold, mine = (
            {(begin, kind) if slip == "begins" else (begin, end, kind) for begin, end, kind in of}
            for of in (_spans_of(true), _spans_of(found))
        )
        counts.append([right, size, len(gold & mine), len(gold), len(mine)])
    counts = np.array(counts, dtype=float)
    starts = range(0, len(counts), {"batches": batch_size, "rows": 1}.get(slip, len(counts)))
    groups = [counts[k : k + starts.step].sum(axis=0) for k in starts]
    if slip == "full":
        groups = [counts[: max(1, len(counts) // batch_size) * batch_size].sum(axis=0)]
    accuracy = float(np.mean([right / size for right, size, *_ in groups]))
    f1 = float(np.mean([_f1(*spans, slip) for _, _, *spans in groups]))
    if slip == "rates":  # added up in another order: other last digits
        accuracy, f1 = math.nextafter(accuracy, 0), math.nextafter(f1, 0)
    return (f1, accuracy) if slip == "turned" else (accuracy, f1)


def _f1(hits: float, gold: float, mine: float, slip: str) -> float:
    if slip == "rates" and hits:
        precision, recall = hits / mine, hits / gold
        return 2 / (1 / precision + 1 / recall)
    return 2 * hits / (gold + mine) if gold + mine else 0.0


def _spans_of(tags: list[str]) -> list[tuple[int, int, str]]:
    """Spans of one sentence by CoNLL's rule."""
    before = ["O", *tags]
    begins = [
        t
        for t, tag in enumerate(tags)
        if tag != "O" and (tag[0] == "B" or before[t][2:] != tag[2:])
    ]
    stops = [t for t, tag in enumerate(tags) if tag == "O"] + begins + [len(tags)]
    return [(t, min(stop for stop in stops if stop > t), tags[t][2:]) for t in begins]


def evaluate(t, evaluate):
    names = ["B-A", "I-A", "B-B", "O"]
    ids = torch.tensor([[2, 1, 4, 0, 0], [1, 2, 4, 3, 1], [2, 0, 0, 0, 0]])
    tags = [["I-A", "I-A", "O"], ["B-A", "I-A", "O", "B-A", "B-A"], ["I-A"]]

    def scores(*batch_size: int) -> list[float]:
        model, lengths = _Copies(*batch_size).train(), torch.tensor([3, 5, 1])
        found = evaluate(model, ids.clone(), lengths, tags, names, *batch_size)
        gradients = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        checks.require(
            gradients, "evaluate: gradients stay off after the call: `with torch.no_grad():`."
        )
        found = checks.named("evaluate", found, ("accuracy", "F1")).values()
        checks.require(
            not any(isinstance(value, Tensor) for value in found),
            "evaluate returns tensors: return two floats, with .item().",
        )
        return [float(value) for value in found]

    accuracy, f1 = scores(2)
    t.compare("evaluate: accuracy and F1", [accuracy, f1])
    checks.require(
        np.allclose([scores(1), scores()], [accuracy, f1]),
        "evaluate: the result depends on the batch size.",
    )
    t.say("evaluate: the same answer for every batch size")


class _Copies(nn.Module):
    """Answers tag number id - 1 (0 at padding), in evaluation mode alone."""

    def __init__(self, most: int = 32) -> None:
        super().__init__()
        self.most = most

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        checks.require(
            not self.training,
            "evaluate: the same model, evaluated twice, gives two results. It came to you as a "
            "training loop leaves it.",
        )
        checks.require(
            len(ids) <= self.most,
            f"evaluate: {len(ids)} sentences at once, although batch_size is {self.most}.",
        )
        checks.require(
            len(ids) == len(lengths),
            f"evaluate: the model got {len(ids)} sentences and {len(lengths)} lengths.",
        )
        return nn.functional.one_hot((ids - 1).clamp(min=0), 4).double()


def crf_log_likelihood(t, crf_log_likelihood):
    generator = torch.Generator().manual_seed(5)
    scores, transitions = (
        torch.randn(*shape, generator=generator, dtype=torch.float64).round(decimals=2)
        for shape in ((3, 5, 4), (4, 4))
    )
    tags = torch.randint(4, (3, 5), generator=generator)
    mask = torch.arange(5) < torch.tensor([[5], [3], [1]])
    tags, spoilt = tags * mask, torch.where(mask[:, :, None], scores, 9.0)
    args = {"scores": spoilt, "tags": tags, "transitions": transitions, "mask": mask}
    t.check(crf_log_likelihood, args, "log_likelihood")
    t.check(
        crf_log_likelihood,
        args | {"mask": mask.any(1, keepdim=True).expand(3, 5)},
        "log_likelihood",
        quiet=True,
    )
    by_hand = {
        "scores": torch.zeros(1, 2, 2, dtype=torch.float64),
        "tags": torch.tensor([[0, 1]]),
        "transitions": torch.tensor([[0.0, 0.6931], [0.0, 0.0]], dtype=torch.float64),
        "mask": torch.ones(1, 2, dtype=torch.bool),
    }
    t.check(crf_log_likelihood, by_hand, "log_likelihood", quiet=True)
    t.check(crf_log_likelihood, args | {"scores": 1000 * scores}, "log_likelihood", quiet=True)
    never = transitions.clone()
    never[3, 0] = -torch.inf
    path = torch.where(tags == 0, 1, tags) * mask
    t.check(
        crf_log_likelihood,
        args | {"transitions": never, "tags": path},
        "log_likelihood",
        quiet=True,
    )
    leaf = scores.clone().requires_grad_()
    crf_log_likelihood(leaf, tags, transitions, mask).sum().backward()
    checks.require(
        leaf.grad is not None and bool((leaf.grad[~mask] == 0).all()),
        "crf_log_likelihood: no gradient may reach the scores at padding.",
    )
    t.say("also by hand, with scores in the thousands, and with a forbidden move")
