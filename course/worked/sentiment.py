"""Worked examples of the exercises of ``04_bidirectional/sentiment.ipynb``."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from course import bug_hunt, checks, training

_REVIEWS = [
    ["a", "cast", "of", "old", "men", ",", "and", "the", "plot", "is", "thin", ":", "the", "end"],
    ["the", "jokes", "are", "good", ",", "and", "the", "cast", "is", "good"],
    ["the", "jokes", "are", "old"],
]
_WORDS = {"<pad>": 0, "<unk>": 1, "film": 2, "a": 3, "dull": 4, "and": 5}
_READ_TWICE = "It divides by 0: `batches` was read before the loop, and can be read only once."


def build_vocab(t, build_vocab):
    for max_size, min_count in ((6, 2), (100, 2), (8, 1), (2, 1)):
        args = {"tokenised": _REVIEWS, "max_size": max_size, "min_count": min_count}
        t.check(build_vocab, args, "table", float32=False, quiet=True)
    t.say("build_vocab: words, order and numbers, for four pairs of max_size and min_count")


def encode(t, encode):
    tokens = ["a", "very", "dull", "film", "and", "a", "Dull", "plot"]
    try:
        got = t.check(
            encode, {"tokens": tokens, "vocab": _WORDS}, "numbers", float32=False, quiet=True
        )
    except KeyError:
        message = "An unknown word raises KeyError: it must become '<unk>'."
        raise checks.CheckFailed(message) from None
    checks.require(
        type(got["numbers"]) is list and all(type(number) is int for number in got["numbers"]),
        "encode: return a plain list of int.",
    )
    t.say("encode: 8 words, 2 of them unknown")


def collate(t, collate):
    sequences = [[4, 2, 7], [5, 3, 2, 9], [8]]
    batch = t.check(
        collate,
        {"sequences": sequences, "targets": [1, 0, 1]},
        "ids, lengths, targets",
        float32=False,
    )
    t.compare("collate: the dtypes", [str(tensor.dtype) for tensor in batch.values()])
    narrow = {"sequences": [[3, 4], [5]], "targets": [0, 1]}
    t.check(collate, narrow, "ids, lengths, targets", float32=False, quiet=True)
    checks.require(
        sequences == [[4, 2, 7], [5, 3, 2, 9], [8]], "collate changed the sequences it was given."
    )


# --- the classifier -------------------------------------------------------------------------------
_IDS = torch.tensor([[4, 2, 1, 0, 0], [5, 3, 2, 9, 6], [8, 4, 0, 0, 0]])
_LENGTHS = torch.tensor([3, 5, 2])
_DOUBLE = torch.float64


def _logits(model, ids, lengths):
    result = model(ids, lengths)
    checks.require(
        isinstance(result, torch.Tensor),
        "SentimentClassifier: forward must return the logits alone, not "
        f"{checks.type_name(result)}.",
    )
    return result


def _reads_reviews(name, model):
    """Padding, neighbours and the order of the reviews change nothing; the order of words does."""
    ids, lengths = _IDS.clone(), _LENGTHS.clone()
    logits = _logits(model, ids, lengths)
    checks.require(
        logits.shape == (3, 4),
        f"{name}: logits have shape {tuple(logits.shape)}; for N=3 and C=4 they must be (3, 4).",
    )
    checks.require(torch.isfinite(logits).all(), f"{name}: logits are not finite.")
    checks.require(
        torch.equal(ids, _IDS) and torch.equal(lengths, _LENGTHS),
        f"{name}: forward changes ids or lengths in place; the caller still needs them.",
    )
    checks.require(
        torch.equal(logits, _logits(model, ids, lengths)),
        f"{name}: two calls in evaluation mode differ. Is dropout active (use nn.Dropout, or pass "
        "self.training), or is something kept from call to call?",
    )
    turn = torch.tensor([2, 0, 1])
    checks.require(
        torch.allclose(_logits(model, ids[turn], lengths[turn]), logits[turn], atol=1e-5),
        f"{name}: another order of the reviews gives other logits. Each row must be the answer to "
        "its own review: is something sorted, and not put back?",
    )
    more = _logits(model, nn.functional.pad(ids, (0, 4)), lengths)
    alone = [
        _logits(model, ids[n : n + 1, :k], lengths[n : n + 1])
        for n, k in enumerate(lengths.tolist())
    ]
    checks.require(
        torch.allclose(more, logits, atol=1e-5)
        and torch.allclose(torch.cat(alone), logits, atol=1e-5),
        f"{name}: the logits change with the amount of padding. Does a chain read it, does it win "
        "the maximum, does it count in the mean? Pack the batch, and keep padding out of the "
        "pooling.",
    )
    turned = _logits(model, ids[1:2].flip(1), lengths[1:2])
    checks.require(
        not torch.allclose(turned, logits[1:2], atol=1e-4),
        f"{name}: the order of the words changes nothing, as in a bag of words. Are the states of "
        "the recurrent layer read?",
    )
    are_probabilities = any(torch.allclose(p.sum(1), torch.ones(3)) for p in (logits, logits.exp()))
    checks.require(
        not are_probabilities,
        f"{name}: these are probabilities, or their logarithms; return the logits, without "
        "softmax.",
    )


def _learns(name, model):
    """A gradient reaches every weight; dropout acts in training mode."""
    model.zero_grad()
    _logits(model, _IDS, _LENGTHS).mul(torch.randn(3, 4)).sum().backward()
    idle = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    checks.require(
        not idle, f"{name}: no gradient reaches {', '.join(idle)}. Is it used in forward?"
    )
    model.train()
    checks.require(
        not torch.equal(_logits(model, _IDS, _LENGTHS), _logits(model, _IDS, _LENGTHS)),
        f"{name}: With dropout=0.5 two calls in training mode must differ, and they do not.",
    )


def _dtype_in_float64(model):
    try:
        return _logits(model.double(), _IDS, _LENGTHS).dtype
    except RuntimeError as error:
        raise checks.CheckFailed(
            f"SentimentClassifier: a model in float64 fails ({error}). Make new tensors with the "
            "dtype of the weights."
        ) from None


def SentimentClassifier(t, SentimentClassifier):
    torch.manual_seed(5)
    models = {
        (cell, both): SentimentClassifier(
            12, 3, 6, num_classes=4, cell=cell, bidirectional=both, dropout=0.5
        )
        for cell in ("lstm", "gru")
        for both in (True, False)
    }
    for (cell, both), model in models.items():
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(torch.randn(parameter.shape))
        name = f"SentimentClassifier(cell={cell!r}, bidirectional={both})"
        _reads_reviews(name, model.eval())
        _learns(name, model)
    t.say("padding, neighbours and order of the reviews change nothing; words and weights do")
    stack = SentimentClassifier(12, 3, 6, num_layers=2).train()
    once, again = (_logits(stack, _IDS, _LENGTHS) for _ in range(2))
    size = {key: training.parameter_count(model) for key, model in models.items()}
    both = size["lstm", True]
    rules = {
        "`cell` makes no difference, but an LSTM has more weights than a GRU": (
            both > size["gru", True]
        ),
        "`bidirectional` makes no difference, but two chains have more weights than one": (
            both > size["lstm", False]
        ),
        "unless told otherwise it is one layer of an LSTM that reads both ways": (
            training.parameter_count(SentimentClassifier(12, 3, 6, num_classes=4)) == both
        ),
        "`num_layers` makes no difference, but two layers have more weights than one": (
            training.parameter_count(stack) > both + 200
        ),
        "all logits are 0 or more: return what the read-out gives, without a ReLU": any(
            (_logits(model.eval(), _IDS, _LENGTHS) < 0).any() for model in models.values()
        ),
        "there are two classes unless num_classes says otherwise": once.shape == (3, 2),
        "with dropout=0.0 two calls in training mode must be the same": torch.equal(once, again),
        "the logits of a model in float64 must be float64": _dtype_in_float64(stack) == _DOUBLE,
    }
    wet = SentimentClassifier(12, 3, 6, num_layers=2, dropout=0.5)
    stacked = [m for m in wet.modules() if isinstance(m, nn.RNNBase) and m.num_layers > 1]
    rules["nothing is dropped between the layers: hand them the rate"] = all(
        layers.dropout == 0.5 for layers in stacked
    )
    for layers in stacked:
        layers.dropout = 0.0
    on_words, on_features = _places_of_dropout(wet)
    rules["nothing is dropped before the read-out: dropout acts in all three places"] = on_features
    rules["no embedded word is dropped: dropout acts in all three places"] = on_words
    checks.hold("SentimentClassifier", rules)
    t.say("cell, bidirectional, num_layers, num_classes and dropout are used")


def _places_of_dropout(model):
    """Tell whether dropout of rate 0.5 acts on words, and before the read-out."""
    seen, head = [], [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    hook = head.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    for training_mode in (False, True):
        _logits(model.train(training_mode), _IDS, _LENGTHS)
    hook.remove()
    if len(seen) != 2:  # the read-out is not called as a layer
        return True, True
    dry, wet = seen
    on_features = bool((wet == 0).sum() > (dry == 0).sum())
    kept = wet != 0
    return not torch.allclose(wet[kept] * (0.5 if on_features else 1.0), dry[kept]), on_features


# --- training and evaluation ----------------------------------------------------------------------
_BATCHES = [
    (torch.tensor(ids), torch.tensor(lengths), torch.tensor(targets))
    for ids, lengths, targets in (
        ([[1, 0], [5, 1], [2, 4]], [1, 2, 2], [2, 0, 0]),
        ([[1, 3]], [2], [2]),
    )
]
"""A batch of three reviews and a batch of one: ids, lengths, targets."""


class _Toy(nn.Module):
    """Logits (a0 · first word, a1 · second word, b · length); notes in which mode it was called."""

    def __init__(self, a, b, training):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.tensor(a)), nn.Parameter(torch.tensor(b))
        self.modes, self.recorded = [], []
        self.train(training)

    def forward(self, ids, lengths):
        self.modes.append("training" if self.training else "evaluation")
        self.recorded.append(torch.is_grad_enabled())
        return torch.cat([self.a * ids, self.b * lengths[:, None]], dim=1)


_TOY = {"a": [0.2, 0.3], "b": 0.25, "batches": _BATCHES}


def train_epoch(t, train_epoch):
    modes = {}
    for max_norm, before in ((100.0, "training"), (0.2, "evaluation")):

        def one_round(a, b, batches, learning_rate, max_norm, before=before):
            model = _Toy(a, b, training=before == "training")
            optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
            try:
                loss = train_epoch(model, iter(batches), optimizer, max_norm)
            except ZeroDivisionError:
                raise checks.CheckFailed(_READ_TWICE) from None
            modes[f"after {before}"] = model.modes
            checks.require(
                not isinstance(loss, torch.Tensor),
                "train_epoch returns a tensor, which keeps the whole graph alive: return a float, "
                "with loss.item() in the sum.",
            )
            return loss, torch.cat([model.a, model.b[None]]).detach()

        one_round.__name__ = "train_epoch"
        args = _TOY | {"learning_rate": 0.5, "max_norm": max_norm}
        t.check(one_round, args, "loss, weights", atol=1e-5, float32=False, quiet=True)
    t.compare("train_epoch: the model's mode in each batch", modes)
    t.say("train_epoch: mode, loss and weights after one round, clipped and not")


def evaluate(t, evaluate):
    modes, recorded, left = {}, {}, {}
    for before in ("evaluation", "training"):

        def score(a, b, batches, before=before):
            model = _Toy(a, b, training=before == "training")
            result = evaluate(model, iter(batches))
            records = torch.is_grad_enabled()
            torch.set_grad_enabled(True)
            checks.require(
                records,
                "evaluate: gradients stay turned off afterwards, and nothing can train any more. "
                "Write `with torch.no_grad():`, which ends.",
            )
            numbers = result if isinstance(result, tuple | list) else ()
            checks.require(
                not any(isinstance(number, torch.Tensor) for number in numbers),
                "evaluate returns tensors: return two floats, with .item().",
            )
            modes[f"after {before}"] = model.modes
            recorded[f"after {before}"] = model.recorded
            left[f"after {before}"] = "training" if model.training else "evaluation"
            return result

        score.__name__ = "evaluate"
        t.check(score, _TOY, "loss, accuracy", atol=1e-5, float32=False, quiet=True)
    t.compare("evaluate: the model's mode in each batch", modes)
    t.compare("evaluate: whether gradients are recorded in each batch", recorded)
    t.compare("evaluate: the mode in which the model is left", left)
    t.say("evaluate: loss and accuracy; the model's mode restored")


def train_classifier(
    t,
    train_classifier,
    SentimentClassifier,
    model,
    probabilities,
    valid_ids,
    corpus,
    exam_labels,
    exam_ids,
):
    checks.require(
        isinstance(model, SentimentClassifier),
        "train_classifier must return a SentimentClassifier. (Was the cell of the class run again "
        "after the training? Then train again.)",
    )
    found = probabilities(model, valid_ids)
    checks.require(
        np.isfinite(found).all(),
        "train_classifier: the probabilities are not finite. The training has diverged.",
    )
    accuracy = ((found > 0.5) == np.array(corpus.valid.targets)).mean()
    reached = f"train_classifier: the accuracy on the validation part is {accuracy:.2f}"
    checks.require(
        accuracy > 0.6,
        f"{reached}, near a coin's. Has the model learned at all? Is the optimizer made from this "
        "model's parameters, and is train_epoch called in every round?",
    )
    checks.require(
        accuracy > 0.68,
        f"{reached}. It learns, but too little or too much by heart: look at the recipe (rounds, "
        "learning rate, dropout, first embeddings of standard deviation 0.1).",
    )
    _reads_what_it_is_given(train_classifier)
    checks.require(
        exam_labels.shape == (len(exam_ids),),
        "train_classifier: there must be one label for each review of the exam.",
    )
    t.say("train_classifier: accuracy on the validation part above 0.68")


def _reads_what_it_is_given(train_classifier):
    sequences = [[2 + n % 7, 1, 8 - n % 5][: 1 + n % 3] for n in range(40)]
    try:
        small = train_classifier(sequences, [n % 2 for n in range(40)], 9)
    except IndexError:
        raise checks.CheckFailed(
            "train_classifier: in a table of 9 words it meets numbers above 8. Does it train on "
            "the notebook's reviews? Use the arguments."
        ) from None
    rows = [m.num_embeddings for m in small.modules() if isinstance(m, nn.Embedding)]
    checks.require(
        rows == [9],
        f"train_classifier: for a table of 9 words the embedding must have 9 rows, not "
        f"{', '.join(map(str, rows))}. Use vocab_size, and train on the sequences that come in.",
    )


# --- find the bug ---------------------------------------------------------------------------------
class _Sum(nn.Module):
    """Logits (log 2, log s), s the sum of the words: the probability is s / (s + 2)."""

    def __init__(self):
        super().__init__()
        self.scale, self.dropout = nn.Parameter(torch.ones(())), nn.Dropout(0.5)
        self.shapes, self.modes = [], []

    def forward(self, ids, lengths):
        self.shapes.append(tuple(ids.shape))
        self.modes.append(self.training)
        read = torch.arange(ids.shape[1]) < lengths[:, None]
        words = torch.where(ids == 0, 1, ids)  # padding that is read counts as 1
        logit = self.scale * torch.where(read, words, 0).sum(1).float().log()
        return self.dropout(torch.stack([torch.full_like(logit, 2.0).log(), logit], dim=1))


def test_prediction(t, test_prediction, colleagues_predict):
    one = "a predictor with one of the colleague's three mistakes, which"
    red = {
        colleagues_predict: "the colleague's function",
        "sorted": f"{one} shows where reviews do not come from short to long",
        "padded": f"{one} shows where reviews of one batch differ in length",
        "as it is": f"{one} shows when a network with dropout comes in training mode",
        "sorted twice": "answers that are put in order once more: that is not putting them back",
        "negative": "the probabilities of class 0",
        "left": "a predictor that leaves the network in evaluation mode",
        "shortest": "a predictor that cuts the reviews of a batch to the shortest of them",
        "full": "a predictor that leaves out the last batch when it is not full",
        "end": "a predictor that leaves out the last review",
    }
    green = {
        "alone": "a right predictor, which takes one review at a time",
        "longest": "a right predictor, which begins with the longest reviews",
    }
    t.say(bug_hunt.require_red_and_green(test_prediction, _predicted, red=red, green=green))


def _predicted(model, sequences, batch_size=100, slip=""):
    """Probability of class 1 for each review, in their order; or with one slip."""
    before, size = model.training, 1 if slip == "alone" else batch_size
    device = next(model.parameters()).device
    sizes = np.array([len(review) for review in sequences])
    order = np.argsort(-sizes if slip == "longest" else sizes, kind="stable")
    answers = np.zeros(len(order))
    if slip != "as it is":
        model.eval()
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        if slip == "full" and len(rows) < size:
            continue
        end = sizes[rows].min() if slip == "shortest" else None
        reviews = [torch.tensor(sequences[n][:end], device=device) for n in rows]
        ids = nn.utils.rnn.pad_sequence(reviews, batch_first=True)
        lengths = [ids.shape[1] if slip == "padded" else len(review) for review in reviews]
        with torch.no_grad():
            logits = model(ids, torch.tensor(lengths, device=device))
        places = np.arange(start, start + len(rows)) if slip.startswith("sorted") else rows
        share = logits.log_softmax(dim=1).exp() if slip == "longest" else logits.softmax(dim=1)
        answers[places] = share[:, int(slip != "negative")].cpu().numpy()
    if slip == "end":
        answers[-1] = 0
    model.train(before and slip != "left")
    answers = answers[order] if slip == "sorted twice" else answers
    return torch.tensor(answers, dtype=logits.dtype, device=device)


def predict_fast(t, predict_fast):
    def ask(sequences, batch_size):
        model = _Sum()
        found = predict_fast(model, sequences, batch_size)
        rules = {
            "Asked twice, the same reviews would get two answers": not any(model.modes),
            "The model was in training mode before, and must be in it afterwards": model.training,
            f"It must return a tensor, not {checks.type_name(found)}": isinstance(
                found, torch.Tensor
            ),
            "A gradient is attached: compute under torch.no_grad()": not getattr(
                found, "requires_grad", False
            ),
        }
        checks.hold("predict_fast", rules)
        largest = max(rows for rows, _ in model.shapes)
        cells = sum(rows * steps for rows, steps in model.shapes)
        checks.require(
            largest <= batch_size,
            f"predict_fast: a batch holds {largest} reviews, more than batch_size={batch_size}.",
        )
        checks.require(
            batch_size == 1 or cells <= 17,  # 15 from short to long, 17 from long to short
            f"predict_fast: the batches hold {cells} cells, where 17 would do. Reviews of similar "
            "length must share a batch.",
        )
        return found

    ask.__name__ = "predict_fast"
    sequences = [[2, 2, 3, 1], [1], [2, 1, 1], [5], [1, 3, 2, 3, 3]]  # sums 8, 1, 4, 5 and 12
    for batch_size in (2, 1):
        args = {"sequences": sequences, "batch_size": batch_size}
        t.check(ask, args, "probabilities", float32=False, quiet=True)
    t.say("predict_fast: order, lengths and mode")
