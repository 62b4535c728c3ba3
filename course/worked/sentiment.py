"""Worked examples of the exercises of ``04_bidirectional/sentiment.ipynb``."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from torch import nn

from course import checks, training


def build_vocab(t, build_vocab):
    _reviews = [
        ["the", "plot", "is", "thin", "but", "the", "cast", "is", "good"],
        ["good", "cast", ",", "the", "jokes", "are", "old"],
        ["the", "jokes"],
    ]

    def _order(tokenised, max_size, min_count):
        table = build_vocab(tokenised, max_size, min_count)
        checks.require(
            isinstance(table, dict), "build_vocab must return a dict from word to number."
        )
        checks.require(
            all(isinstance(word, str) for word in table),
            "build_vocab: the words are the keys and the numbers the values, not the other way round.",
        )
        checks.require(
            table.get("<pad>") == 0 and table.get("<unk>") == 1,
            "build_vocab: '<pad>' must have the number 0 and '<unk>' the number 1.",
        )
        return " ".join(sorted(table, key=table.get)), sorted(table.values())

    def _explain(got, tokenised, max_size, min_count, want):
        count = Counter(word for words in tokenised for word in words)
        words, expected = got.split()[2:], want.split()[2:]
        if set(words) == set(expected):
            if [count[w] for w in words] == sorted((count[w] for w in words), reverse=True):
                return "Equal counts must be in alphabetical order."
            return "The order must go from frequent to rare."
        if len(words) == len(expected) + 2:
            return "max_size counts '<pad>' and '<unk>' as well."
        if any(count[w] < min_count for w in words):
            return "Words rarer than min_count are still there."
        if len(words) < len(expected) and min(count[w] for w in expected) == min_count:
            return "A word that occurs exactly min_count times stays."
        return "Count in all reviews together; keep the most frequent."

    for _size, _least, _want in (
        (100, 2, "<pad> <unk> the cast good is jokes"),
        (6, 1, "<pad> <unk> the cast good is"),
        (8, 1, "<pad> <unk> the cast good is jokes ,"),
        (2, 1, "<pad> <unk>"),
    ):
        _got, _numbers = _order(_reviews, _size, _least)
        checks.require(
            _got == _want,
            f"build_vocab with max_size={_size}, min_count={_least} gives {_got!r}; it must be {_want!r}. "
            + _explain(_got, _reviews, _size, _least, _want),
        )
        checks.require(
            _numbers == list(range(len(_numbers))),
            "build_vocab: the numbers must be 0, 1, 2, ... without gaps.",
        )
    t.say("build_vocab: words, order and numbers")


def encode(t, encode):
    _table = {"<pad>": 0, "<unk>": 1, "film": 2, "a": 3, "dull": 4}

    def _numbers(tokens, vocab):
        result = encode(tokens, vocab)
        checks.require(isinstance(result, list), "encode must return a list of numbers.")
        checks.require(
            len(result) == len(tokens),
            f"encode gives {len(result)} numbers for {len(tokens)} words. Unknown words must stay, as 1 ('<unk>').",
        )
        return np.array(result)

    _numbers.__name__ = "encode"
    _ = t.check(
        _numbers,
        {"tokens": ["a", "very", "dull", "film", "Very"], "vocab": _table},
        "numbers",
        float32=False,
        quiet=True,
    )
    _size = len(_table)
    encode(["a", "new", "word"], _table)
    checks.require(
        len(_table) == _size,
        "encode must not add words to the table: it was built on the training part.",
    )
    t.say("encode: known and unknown words")


def collate(t, collate):
    _sequences = [[4, 2, 7], [5, 3, 2, 9], [8]]
    _ids = torch.tensor([[4, 2, 7, 0], [5, 3, 2, 9], [8, 0, 0, 0]])
    _batch = t.check(
        collate,
        {"sequences": _sequences, "targets": [1, 0, 1]},
        "ids, lengths, targets",
        float32=False,
        quiet=True,
    )
    for _name, _tensor in _batch.items():
        checks.require(
            _tensor.dtype == torch.int64,
            f"collate: {_name} has dtype {_tensor.dtype}; it must be torch.int64, as nn.Embedding and cross_entropy need it.",
        )
    checks.require(
        collate([[3, 4], [5]], [0, 1])[0].shape == (2, 2),
        "collate: the width must be that of the longest review of the batch, here 2.",
    )
    checks.require(
        _sequences == [[4, 2, 7], [5, 3, 2, 9], [8]], "collate changed the sequences it was given."
    )
    t.say("collate: ids, lengths, targets")


def SentimentClassifier(t, SentimentClassifier):
    def _logits(model, ids, lengths):
        result = model(ids, lengths)
        checks.require(
            isinstance(result, torch.Tensor),
            f"SentimentClassifier: forward must return the logits alone, not {checks.type_name(result)}.",
        )
        return result

    def _check_classifier():
        torch.manual_seed(5)
        ids = torch.tensor([[4, 2, 7, 0, 0], [5, 3, 2, 9, 6], [8, 4, 0, 0, 0]])
        lengths = torch.tensor([3, 5, 2])
        try:
            models = {
                (cell, both): SentimentClassifier(
                    12, 4, 6, num_classes=3, cell=cell, bidirectional=both, dropout=0.5
                )
                for cell in ("lstm", "gru")
                for both in (True, False)
            }
            stack = SentimentClassifier(12, 4, 6, num_layers=2)
        except NotImplementedError:
            raise checks.CheckFailed(
                "SentimentClassifier is not written yet: replace the TODO above."
            ) from None
        for (cell, both), model in models.items():
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.copy_(torch.randn(parameter.shape))
            name = f"SentimentClassifier(cell={cell!r}, bidirectional={both})"
            logits = _logits(model.eval(), ids, lengths)
            checks.require(
                logits.shape == (3, 3),
                f"{name}: logits have shape {tuple(logits.shape)}; for N=3 and C=3 they must be (3, 3).",
            )
            checks.require(torch.isfinite(logits).all(), f"{name}: logits are not finite.")
            again = _logits(model, ids, lengths)
            checks.require(
                torch.equal(logits, again),
                f"{name}: dropout is active in evaluation mode. Use nn.Dropout, or pass self.training.",
            )
            more = _logits(model, nn.functional.pad(ids, (0, 4)), lengths)
            alone = torch.cat(
                [
                    _logits(model, ids[n : n + 1, :k], lengths[n : n + 1])
                    for n, k in enumerate([3, 5, 2])
                ]
            )
            checks.require(
                torch.allclose(more, logits, atol=1e-5)
                and torch.allclose(alone, logits, atol=1e-5),
                f"{name}: the logits change with the amount of padding. Does a chain read it, does it win the maximum, "
                "does it count in the mean? Pack the batch, and keep padding out of the pooling.",
            )
            turn = torch.tensor([2, 0, 1])
            checks.require(
                torch.allclose(_logits(model, ids[turn], lengths[turn]), logits[turn], atol=1e-5),
                f"{name}: another order of the reviews gives other logits. Each row must be the answer to its own review.",
            )
            swapped = _logits(model, ids[1:2].flip(1), lengths[1:2])
            checks.require(
                not torch.allclose(swapped, logits[1:2], atol=1e-4),
                f"{name}: the order of the words changes nothing. Is the recurrent layer used?",
            )
            simplex = torch.allclose(logits.sum(1), torch.ones(3)) or torch.allclose(
                logits.exp().sum(1), torch.ones(3)
            )
            checks.require(
                not simplex, f"{name}: these are probabilities; return the logits, without softmax."
            )
            model.zero_grad()
            _logits(model, ids, lengths).mul(torch.randn(3, 3)).sum().backward()
            idle = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
            checks.require(
                not idle, f"{name}: no gradient reaches {', '.join(idle)}. Is it used in forward?"
            )
            torch.manual_seed(6)
            model.train()
            different = not torch.equal(_logits(model, ids, lengths), _logits(model, ids, lengths))
            checks.require(
                different, f"{name}: with dropout=0.5 two calls in training mode must differ."
            )
        counts = {key: training.parameter_count(model) for key, model in models.items()}
        checks.require(
            counts["lstm", True] > counts["gru", True],
            "SentimentClassifier: cell makes no difference: an LSTM has more weights than a GRU.",
        )
        checks.require(
            counts["lstm", True] > counts["lstm", False],
            "SentimentClassifier: bidirectional makes no difference: two chains have more weights than one.",
        )
        checks.require(
            training.parameter_count(stack) > counts["lstm", True] + 200,
            "SentimentClassifier: num_layers makes no difference: two layers have more weights than one.",
        )
        checks.require(
            _logits(stack, ids, lengths).shape == (3, 2),
            "SentimentClassifier: there are two classes unless num_classes says otherwise.",
        )

    _check_classifier()
    t.say(
        "SentimentClassifier: padding, neighbours and order of the reviews change nothing; words and weights do"
    )


def train_epoch(t, train_epoch, TwoWeights, few_batches):
    _model = TwoWeights().eval()

    def _one_round(max_norm):
        """The loss, a and b after one round of SGD over two batches."""
        _model.__init__()
        _model.eval()
        _optimizer = torch.optim.SGD(_model.parameters(), lr=0.5)
        loss = train_epoch(_model, few_batches(), _optimizer, max_norm)
        checks.require(loss is not None, "train_epoch returned None: it must return the mean loss.")
        return float(loss), np.array([_model.a.item(), _model.b.item()])

    _one_round.__name__ = "train_epoch"
    t.check(_one_round, {"max_norm": 100.0}, "loss, weights", atol=1e-5, float32=False, quiet=True)
    t.check(_one_round, {"max_norm": 0.2}, "loss, weights", atol=1e-5, float32=False, quiet=True)
    checks.require(
        all(_model.modes) and len(_model.modes) == 2,
        "train_epoch: the model must be in training mode (model.train()) and called once per batch.",
    )
    t.say("train_epoch: loss and weights after one round, clipped and not")


def evaluate(t, evaluate, TwoWeights, few_batches):
    _model = TwoWeights()

    def _score(training_before):
        _model.__init__()
        _model.train(training_before)
        result = evaluate(_model, few_batches())
        checks.require(
            isinstance(result, tuple) and len(result) == 2,
            "evaluate must return two numbers: loss, accuracy.",
        )
        return tuple(float(value) for value in result)

    _score.__name__ = "evaluate"
    t.check(
        _score, {"training_before": True}, "loss, accuracy", atol=1e-5, float32=False, quiet=True
    )
    checks.require(
        not any(_model.modes), "evaluate: the model must be in evaluation mode: model.eval()."
    )
    checks.require(
        not any(_model.grad_enabled),
        "evaluate: gradients are still recorded. Put the loop under `with torch.no_grad():`.",
    )
    checks.require(
        _model.training, "evaluate: the model was in training mode before, and must be afterwards."
    )
    _score(False)
    checks.require(
        not _model.training,
        "evaluate: the model was in evaluation mode before; do not switch it to training.",
    )
    t.say("evaluate: loss and accuracy; the model's mode restored")


def train_classifier(
    t, train_classifier, model, probabilities, valid_ids, corpus, exam_labels, exam_ids
):
    checks.require(
        "exam_labels" in globals(),
        "train_classifier: there is no trained model yet. Write the function and run the cell above.",
    )
    checks.require(isinstance(model, nn.Module), "train_classifier must return the model.")
    _found = probabilities(model, valid_ids)
    checks.require(
        np.isfinite(_found).all(),
        "train_classifier: the probabilities are not finite. The training has diverged.",
    )
    _accuracy = ((_found > 0.5) == np.array(corpus.valid.targets)).mean()
    checks.require(
        _accuracy > 0.6,
        f"train_classifier: the accuracy on the validation part is {_accuracy:.2f}, near a coin's. Has the model learned at all? "
        "Is the optimizer made from this model's parameters, and is train_epoch called in every round?",
    )
    checks.require(
        _accuracy > 0.68,
        f"train_classifier: the accuracy on the validation part is {_accuracy:.2f}. It learns, but too little or too much by heart: "
        "look at the recipe (rounds, learning rate, dropout, first embeddings of standard deviation 0.1).",
    )
    checks.require(
        exam_labels.shape == (len(exam_ids),),
        "train_classifier: there must be one label for each review of the exam.",
    )
    t.say("train_classifier: accuracy on the validation part above 0.68")


def predict_fast(t, predict_fast):
    class _Counter(nn.Module):
        """Logits (0, log(words seen)): the probability is words / (words + 1); notes what it is given."""

        def __init__(self):
            super().__init__()
            self.scale, self.dropout = nn.Parameter(torch.ones(())), nn.Dropout(0.5)
            self.shapes, self.modes = [], []

        def forward(self, ids, lengths):
            self.shapes.append(tuple(ids.shape))
            self.modes.append(self.training)
            real = torch.arange(ids.shape[1]) < lengths[:, None]
            logit = (
                self.scale * (torch.where(real, ids, 0) + real * (ids == 0)).sum(1).float().log()
            )
            return self.dropout(torch.stack([torch.zeros_like(logit), logit], dim=1))

    def _ask(sequences, batch_size):
        counter = _Counter()
        result = predict_fast(counter, sequences, batch_size)
        checks.require(
            isinstance(result, torch.Tensor),
            f"predict_fast must return a tensor, not {checks.type_name(result)}.",
        )
        checks.require(
            not any(counter.modes),
            "predict_fast: dropout was active. Evaluation mode, please: model.eval().",
        )
        checks.require(
            counter.training,
            "predict_fast: the model was in training mode before, and must be afterwards.",
        )
        checks.require(
            not result.requires_grad,
            "predict_fast: a gradient is attached; compute under torch.no_grad().",
        )
        cells = sum(rows * steps for rows, steps in counter.shapes)
        checks.require(
            batch_size == 1 or cells <= 17,
            f"predict_fast: the batches hold {cells} cells; with reviews of similar length together they need no more than 17.",
        )
        return result

    _ask.__name__ = "predict_fast"
    _reviews = [[2, 2, 3, 1], [1], [2, 1, 1], [5], [1, 3, 2, 3, 3]]  # 8, 1, 4, 5 and 12 in total
    _right = torch.tensor([8 / 9, 1 / 2, 4 / 5, 5 / 6, 12 / 13])
    for _size in (2, 1):
        t.check(
            _ask,
            {"sequences": _reviews, "batch_size": _size},
            "probabilities",
            float32=False,
            quiet=True,
        )
    t.say("predict_fast: order, lengths and mode")
