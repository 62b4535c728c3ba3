"""Worked examples of the exercises of ``04_bidirectional/tagging.ipynb``."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from course import checks


def find_spans(t, find_spans):
    _tags = ["B-Street", "I-Street", "O", "I-Place", "B-Place", "I-Zip"]
    _spans = [(0, 2, "Street"), (3, 4, "Place"), (4, 5, "Place"), (5, 6, "Zip")]
    _kept = list(_tags)
    try:
        _got = find_spans(_tags)
    except NotImplementedError:
        raise checks.CheckFailed("find_spans is not written yet: replace the TODO above.") from None
    checks.require(
        isinstance(_got, list) and all(isinstance(span, tuple) for span in _got),
        f"find_spans must return a list of tuples (begin, end, type); yours returned {_got!r}.",
    )
    _mistakes = {
        "An I- that continues nothing was dropped: by CoNLL's rule it begins a span.": [
            [_spans[0], _spans[2]],
            [_spans[0], (3, 4, "Place")],
        ],
        "The end is exclusive: it is the first step after the span.": [
            [(b, e - 1, k) for b, e, k in _spans]
        ],
        "Each word became a span of its own: an I- continues the span before it.": [
            [(0, 1, "Street"), (1, 2, "Street"), *_spans[1:]]
        ],
        "The B- in the middle must begin a new span, although the type is the same.": [
            [_spans[0], (3, 5, "Place"), _spans[3]]
        ],
        "An I- of another type begins a new span.": [[_spans[0], _spans[1], (4, 6, "Place")]],
        "The last span is missing: it ends with the sentence.": [_spans[:-1]],
        "The type comes without its B- or I-.": [
            [(b, e, _tags[b]) for b, e, k in _spans],
        ],
        "O is not a type: it begins no span.": [
            [_spans[0], (2, 3, "O"), *_spans[1:]],
            [_spans[0], (2, 3, ""), *_spans[1:]],
        ],
        "The order within a span is (begin, end, type).": [[(k, b, e) for b, e, k in _spans]],
    }
    for _message, _values in _mistakes.items():
        checks.require(_got not in _values, f"find_spans: yours finds {_got}. {_message}")
    checks.compare("find_spans: spans", _got, _spans)
    checks.require(_tags == _kept, "find_spans changed its argument tags in place: leave it alone.")
    checks.require(
        find_spans([]) == [], "find_spans: no tags, no spans; an empty list must come back."
    )
    checks.require(
        find_spans(["O", "B-A", "I-A", "I-A"]) == [(1, 4, "A")],
        "find_spans: a span of three words at the end of a sentence is (1, 4, 'A'), "
        f"yours finds {find_spans(['O', 'B-A', 'I-A', 'I-A'])}.",
    )
    t.say("find_spans: 4 spans")


def span_f1(t, span_f1):
    _true = [["B-Street", "I-Street", "B-Place", "I-Place"], ["B-Zip", "B-Place", "O"]]
    _predicted = [["B-Street", "I-Street", "B-Place", "B-Place"], ["B-Box", "B-Place", "O"]]
    _ = t.check(
        span_f1, {"true_tags": _true, "predicted_tags": _predicted}, "F1", float32=False, quiet=True
    )
    _ends = span_f1([["B-A", "I-A"]], [["B-A", "O"]])
    checks.require(
        _ends == 0, f"span_f1: a span with a wrong end is not right; yours gives {_ends}."
    )
    _types = span_f1([["B-A", "O"]], [["B-B", "O"]])
    checks.require(_types == 0, f"span_f1: the type must be right as well; yours gives {_types}.")
    _moved = span_f1([["B-A", "O"], ["O", "O"]], [["O", "O"], ["B-A", "O"]])
    checks.require(
        _moved == 0,
        f"span_f1: a span predicted in another sentence is not right; yours gives {_moved}. "
        "Compare sentence by sentence.",
    )
    try:
        _none = span_f1([["O", "O"]], [["O", "O"]])
    except ZeroDivisionError:
        raise checks.CheckFailed("span_f1 divides by zero when there are no spans: 0.0.") from None
    checks.require(_none == 0, f"span_f1: without any span the score is 0.0; yours gives {_none}.")
    checks.require(span_f1(_true, _true) == 1.0, "span_f1: the truth itself must score 1.")
    t.say("span_f1: 0.444, where counting words gives 0.714")


def masked_cross_entropy(t, masked_cross_entropy):
    _logits = torch.tensor(
        [
            [[2.0, 0.0, -1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0]],
            [[1.0, -1.0, 0.0], [0.0, 2.0, 1.0], [4.0, 0.0, 0.0]],
        ],
        dtype=torch.float64,
    )
    _targets = torch.tensor([[0, 1, 0], [2, 1, 0]])
    _mask = torch.tensor([[True, True, True], [True, False, False]])
    _ = t.check(
        masked_cross_entropy,
        {"logits": _logits, "targets": _targets, "mask": _mask},
        "loss",
        quiet=True,
    )
    for _nothing in (-100, 10):
        try:
            _odd = masked_cross_entropy(_logits, torch.where(_mask, _targets, _nothing), _mask)
        except (IndexError, RuntimeError) as _error:
            raise checks.CheckFailed(
                f"masked_cross_entropy fails when {_nothing} stands at padding ({_error}): "
                "leave the padding out before you look up the targets."
            ) from None
        t.compare(f"masked_cross_entropy: loss with {_nothing} at padding", _odd)
    checks.require(
        isinstance(_odd, torch.Tensor),
        "masked_cross_entropy must return a tensor: a plain number has no gradient (no .item(), no float).",
    )
    _large = masked_cross_entropy(1e4 * _logits, _targets, _mask)
    checks.require(
        torch.isfinite(_large),
        "masked_cross_entropy: not finite for large logits. Use log_softmax, not the log of a softmax.",
    )
    _leaf = _logits.clone().requires_grad_()
    _loss = masked_cross_entropy(_leaf, _targets, _mask)
    checks.require(
        _loss.requires_grad,
        "masked_cross_entropy: no gradient flows through it (.item(), .detach() or NumPy on the way?).",
    )
    _loss.backward()
    checks.require(
        not _leaf.grad[~_mask].any(), "masked_cross_entropy: the logits at padding get a gradient."
    )
    t.say("masked_cross_entropy: the loss, its gradient, any target at padding")


def Tagger(t, Tagger):
    torch.manual_seed(1)
    try:
        _model = Tagger(20, 7, 6, 5).double().eval()
    except NotImplementedError:
        raise checks.CheckFailed("Tagger is not written yet: replace the TODO above.") from None
    _kinds = [type(m) for m in _model.modules()]
    checks.require(
        nn.Embedding in _kinds and nn.Linear in _kinds,
        "Tagger: it needs an nn.Embedding and an nn.Linear as attributes, set in __init__.",
    )
    _ids = torch.tensor([[4, 9, 3, 0, 0], [5, 2, 8, 6, 0]])
    _lengths = torch.tensor([3, 4])
    try:
        _z = _model(_ids, _lengths)
    except NotImplementedError:
        raise checks.CheckFailed("Tagger.forward is not written yet: replace its TODO.") from None
    checks.require(
        isinstance(_z, torch.Tensor) and tuple(_z.shape) == (2, 5, 7),
        f"Tagger: logits must be a tensor of shape (2, 5, 7) for ids (2, 5) and 7 tags; yours is {tuple(getattr(_z, 'shape', ()))}. "
        "(N, 4, 7)? Unpacking needs total_length, because no sentence fills the batch.",
    )
    checks.require(
        not any(torch.allclose(z.sum(-1), torch.ones(2, 5, dtype=z.dtype)) for z in (_z, _z.exp())),
        "Tagger: return logits, not probabilities: the softmax is in the loss.",
    )

    def _moves(change, at, row=1):
        """Does the answer at step ``at`` move when the word at step ``change`` does?"""
        other = _ids.clone()
        other[row, change] = 11
        return not torch.allclose(_model(other, _lengths)[row, at], _z[row, at])

    checks.require(
        _moves(0, 3),
        "Tagger: the last word's logits do not move when the first word changes: no forward LSTM?",
    )
    checks.require(
        _moves(3, 0),
        "Tagger: the first word's logits do not move when the last word changes. The backward direction is missing: bidirectional=True.",
    )
    checks.require(
        _moves(2, 2) and _moves(1, 2),
        "Tagger: the logits of a word do not depend on it and on its neighbours; is the order of the axes right (batch_first)?",
    )
    checks.require(
        not _moves(4, 0) and not _moves(4, 3),
        "Tagger: the answer at real steps moves when the *padding* changes: the backward LSTM reads it. Pack with the lengths.",
    )
    _alone = _model(_ids[:1, :3], _lengths[:1])
    checks.require(
        torch.allclose(_alone[0], _z[0, :3]),
        "Tagger: a sentence alone gets other logits than in a batch: padding or neighbours are read.",
    )
    _six = _model(_ids[:, :, None].repeat(1, 1, 6), _lengths)
    checks.require(
        _six.shape == _z.shape,
        f"Tagger: for ids (2, 5, 6) the logits must be (2, 5, 7); yours are {tuple(_six.shape)}. Average the six vectors of a word.",
    )
    checks.require(
        torch.allclose(_six[0, :3], _z[0, :3]),
        "Tagger: six times the same id must be the same as that id once: average the vectors (no sum, no maximum of anything else).",
    )
    _two = torch.stack([_ids, _ids.flip(0)], dim=2)
    checks.require(
        not torch.allclose(_model(_two, _lengths)[1, :3], _z[1, :3]),
        "Tagger: of the ids of a word only the first is read: average the vectors of all.",
    )
    checks.require(
        torch.allclose(_model(_two, _lengths)[1, :3], _model(_two.flip(2), _lengths)[1, :3]),
        "Tagger: the order of a word's ids must not matter: average their vectors.",
    )
    _wet = Tagger(20, 7, 6, 5, dropout=0.5).double()
    checks.require(
        not torch.allclose(_wet(_ids, _lengths)[0, 0], _wet(_ids, _lengths)[0, 0]),
        "Tagger: with dropout=0.5, two passes in training mode must differ. Is self.dropout applied?",
    )
    _wet.eval()
    checks.require(
        torch.allclose(_wet(_ids, _lengths)[0, 0], _wet(_ids, _lengths)[0, 0]),
        "Tagger: dropout must do nothing in eval mode: use nn.Dropout as a module.",
    )
    t.say("Tagger: reads both ways, never the padding")


def train_tagger(t, train_tagger, span_f1, valid_tags, predict, tagger, valid_ids, valid_lengths):
    checks.require(
        isinstance(globals().get("tagger"), nn.Module),
        "train_tagger: there is no trained model. Write the function (does it return the model?) and run the cell above.",
    )
    _score = span_f1(valid_tags, predict(tagger, valid_ids, valid_lengths))
    checks.require(
        _score > 0.5,
        f"train_tagger: span F1 on the validation part is {_score:.2f}, no better than looking up each word. Has the model learned at all? "
        "zero_grad, backward and step for every batch; ids, lengths, targets and mask of the same rows.",
    )
    checks.require(
        _score > 0.89,
        f"train_tagger: span F1 on the validation part is {_score:.3f}; the linear tagger has 0.89. It learns, but too little or too much by heart: "
        "epochs, learning rate, dropout, word dropout?",
    )
    t.say("train_tagger: span F1 on the validation part above that of the linear tagger")


def evaluate(t, evaluate):
    class _Copies(nn.Module):
        """Answers tag number id - 1 (0 at padding); in training mode, dropout makes it err."""

        def __init__(self):
            super().__init__()
            self.dropout = nn.Dropout(0.9)

        def forward(self, ids, lengths):
            checks.require(
                len(ids) <= 2, f"evaluate: {len(ids)} sentences at once, although batch_size is 2."
            )
            checks.require(
                len(ids) == len(lengths),
                f"evaluate: the model got {len(ids)} sentences and {len(lengths)} lengths.",
            )
            return self.dropout(nn.functional.one_hot((ids - 1).clamp(min=0), 4).double())

    _names = ["B-A", "I-A", "B-B", "O"]
    _ids = torch.tensor([[1, 2, 4, 3], [1, 1, 4, 0], [3, 0, 0, 0]])
    _tags = [["B-A", "I-A", "O", "B-A"], ["B-A", "I-A", "O"], ["B-B"]]

    def _score(batch_size):
        model = _Copies().train()
        return evaluate(model, _ids, torch.tensor([4, 3, 1]), _tags, _names, batch_size)

    try:
        _got = _score(2)
    except NotImplementedError:
        raise checks.CheckFailed("evaluate is not written yet: replace the TODO above.") from None
    checks.require(
        isinstance(_got, tuple | list) and len(_got) == 2,
        f"evaluate must return two numbers, accuracy and F1; yours returned {_got!r}.",
    )
    checks.require(
        np.allclose(_got, _score(2)) and np.allclose(_got, _score(2)),
        "evaluate: two evaluations of one model differ. Dropout is still on: model.eval().",
    )
    t.compare("evaluate: accuracy", float(_got[0]))
    t.compare("evaluate: F1", float(_got[1]))
    checks.require(np.allclose(_score(1), _got), "evaluate: the result depends on the batch size.")
    t.say("evaluate: the same answer for every batch size")
