"""Worked examples of the exercises of ``05_attention/attention.ipynb``."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from course import bug_hunt, checks

_QUERIES = np.array(
    [
        [[1.0, 2.0, 0.0, 1.0], [0.0, -1.0, 3.0, 2.0], [2.0, 0.5, -1.0, 1.0]],
        [[-1.0, 1.0, 2.0, 0.0], [3.0, 0.0, 1.0, -2.0], [0.5, -2.0, 1.0, 1.0]],
    ]
)
_KEYS = np.array(
    [
        [[2, 1, 0, -1], [1, 0, 2, 1], [-1, 3, 1, 0], [0, 2, -2, 1], [1, -1, 1, 3]],
        [[1, 1, -1, 2], [0, -2, 1, 1], [3, 0, 0, -1], [-1, 2, 1, 0], [2, 1, 3, -2]],
    ],
    dtype=float,
)
"""Three queries and five keys of four features, for two examples."""


def _other_calls(t, function, args, returns, queries, keys=()):
    """Call a function with the examples in the other order, then with one query of one example."""
    turned = {name: args[name][::-1] for name in (*queries, *keys)}
    single = {name: args[name][1:, :1] for name in queries} | {
        name: args[name][1:] for name in keys
    }
    for other in (turned, single):
        t.check(function, args | other, returns, float32=False, quiet=True)


def masked_softmax(t, masked_softmax):
    T, F = True, False
    scores = np.array(
        [
            [[2.0, 1.0, 5.0, -1.0], [0.0, 3.0, 1.0, 2.0], [4.0, 4.0, 4.0, 4.0]],
            [[0.5, -1.0, 2.0, 1.0], [3.0, -2.0, 1.0, 0.0], [1.0, 0.0, 2.0, -3.0]],
        ]
    )
    mask = np.array(
        [[[T, T, F, F], [T, F, T, F], [F, F, F, F]], [[T] * 4, [F, T, T, F], [F, F, F, T]]]
    )
    args = {"scores": scores, "mask": mask}
    weights = t.check(masked_softmax, args, "weights")["weights"]
    _other_calls(t, masked_softmax, args, "weights", ("scores", "mask"))
    checks.require(
        (weights[~mask] == 0).all(),
        "A masked score is only somewhat negative, so its weight is small but not exactly 0: use "
        "minus infinity.",
    )
    checks.require(
        np.allclose(weights.sum(axis=-1), mask.any(axis=-1), rtol=0, atol=1e-9),
        f"The first row sums to {weights[0, 0].sum():.9f}, not to 1: is a small number added to "
        "the sum? Divide by 1 only where the sum is 0.",
    )
    each_row = 1e4 * np.array([[[1.0], [-1.0], [0.0]], [[-1.0], [0.0], [1.0]]])
    for shift, what in ((1e4, "10,000 to"), (-1e4, "-10,000 to"), (each_row, "another number to")):
        with np.errstate(all="ignore"):
            shifted = masked_softmax(scores + shift, mask.copy())
        checks.require(
            np.allclose(shifted, weights),
            f"Adding {what} every row of scores must change nothing, but your weights change: "
            "subtract the largest readable score of each row before np.exp.",
        )
    loud = np.where(mask, scores, 5000.0)
    with np.errstate(all="ignore"):
        unmoved = masked_softmax(loud, mask.copy())
    checks.require(
        np.allclose(unmoved, weights),
        "Masked scores of 5000 change the weights of the readable keys: take the largest score "
        "over the readable keys only.",
    )
    try:
        shared = masked_softmax(scores.copy(), mask[:, :1].copy())
    except (IndexError, ValueError):
        raise checks.CheckFailed(
            "A mask of shape (N, 1, Tk), the same for every query, must work too: let it broadcast."
        ) from None
    t.compare("weights under a mask of shape (N, 1, Tk)", shared)
    t.say("stable for large scores, deaf to masked ones")


def dot_scores(t, dot_scores):
    args = {"q": _QUERIES, "k": _KEYS}
    t.check(dot_scores, args, "scores")
    _other_calls(t, dot_scores, args, "scores", ["q"], ["k"])


def scaled_dot_scores(t, scaled_dot_scores):
    args = {"q": _QUERIES, "k": _KEYS}
    t.check(scaled_dot_scores, args, "scores")
    _other_calls(t, scaled_dot_scores, args, "scores", ["q"], ["k"])


def additive_scores(t, additive_scores):
    args = {
        "q": np.array(
            [[[1.0, 2.0], [-1.0, 0.0], [0.5, -1.0]], [[0.0, 1.0], [2.0, -0.5], [-2.0, 1.0]]]
        ),
        "k": np.array([[[1.0], [2.0], [-1.0], [0.5]], [[-2.0], [0.0], [1.5], [0.4]]]),
        "W_q": np.array([[0.5, -1.0, 0.2, 0.7, -0.3], [0.25, 0.5, -0.6, 0.1, 0.4]]),
        "W_k": np.array([[1.0, -0.5, 0.3, -0.2, 0.8]]),
        "v": np.array([2.0, -1.0, 0.5, 1.5, -0.7]),
    }
    t.check(additive_scores, args, "scores")
    _other_calls(t, additive_scores, args, "scores", ["q"], ["k"])
    square = {
        "W_q": np.array([[0.5, -1.0], [0.25, 0.6]]),
        "W_k": np.array([[1.0, -0.5], [0.3, 0.8]]),
    }
    square |= {"q": _QUERIES[:1, :1, :2], "k": _KEYS[:1, :, :2], "v": np.array([2.0, -1.0])}
    t.check(additive_scores, args | square, "scores", quiet=True)


def attend(t, attend):
    weights = np.array(
        [
            [[0.5, 0.25, 0.25, 0.0], [0.0, 0.75, 0.25, 0.0], [0.1, 0.2, 0.3, 0.4]],
            [[0.25, 0.25, 0.0, 0.5], [0.6, 0.1, 0.1, 0.2], [0.0, 0.0, 0.0, 1.0]],
        ]
    )
    values = np.array(
        [
            [[4.0, 0.0], [0.0, 8.0], [0.0, 0.0], [1.0, -2.0]],
            [[2.0, -4.0], [6.0, 0.0], [-1.0, 5.0], [0.0, 3.0]],
        ]
    )
    args = {"weights": weights, "values": values}
    t.check(attend, args, "context")
    _other_calls(t, attend, args, "context", ["weights"], ["values"])
    one = {"weights": weights[1:, :1], "values": values[1:]}
    t.check(attend, one, "context", float32=False, quiet=True)


def masked_softmax_backward(t, masked_softmax_backward):
    dweights = np.array(
        [
            [[1.0, 2.0, -1.0, 3.0], [0.5, -1.0, 7.0, 2.0], [1.0, 1.0, -2.0, 0.5]],
            [[-0.5, 2.0, 1.0, 0.0], [3.0, 1.0, -1.0, 2.0], [0.0, 4.0, 1.0, -3.0]],
        ]
    )
    weights = np.array(
        [
            [[0.5, 0.3, 0.2, 0.0], [0.6, 0.4, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]],
            [[0.1, 0.2, 0.3, 0.4], [0.0, 0.7, 0.1, 0.2], [0.0, 0.0, 1.0, 0.0]],
        ]
    )
    args = {"dweights": dweights, "weights": weights}
    t.check(masked_softmax_backward, args, "dscores")
    steep = args | {"dweights": 20 * dweights}
    _other_calls(t, masked_softmax_backward, steep, "dscores", ("dweights", "weights"))


_FAILURES = {
    "must match the size": "Two arrays of different sizes meet in forward ({error}). Here T = 5 "
    "exceeds the longest length, 4: does pad_packed_sequence know it (total_length=T)?",
    "enforce_sorted": "Only reviews sorted by length work: pack with enforce_sorted=False.",
    "index out of range": "The embedding is too small: it needs vocab_size rows, the padding id 0 "
    "included.",
}
"""What PyTorch says of a common slip, and what it means here."""
_CELLS = (nn.RNNBase, nn.RNNCellBase)


def AttentionClassifier(t, AttentionClassifier):
    ids = torch.tensor([[5, 2, 9, 0, 0], [7, 3, 11, 4, 0], [6, 0, 0, 0, 0]])
    lengths = torch.tensor([3, 4, 1])
    made = []

    def forward(ids, lengths):
        made.append(_filled(AttentionClassifier(12, 4, 3, 6)))
        return _called(made[-1], ids, lengths)

    forward.__name__ = "AttentionClassifier(12, 4, 3, 6)"
    both = "logits, weights"
    args = {"ids": ids, "lengths": lengths}
    logits, weights = t.check(forward, args, both, ignore=both, float32=False, quiet=True).values()
    model = made[-1]
    _have_the_right_form(logits, weights)
    _are_shares_of_real_words(weights, lengths)
    _depend_on_the_review_alone(model, ids, lengths)
    _come_from_states_of_both_sides(model, ids, lengths)
    _come_from_a_softmax(model, ids, lengths)
    _decide_and_learn(model, ids, lengths)
    for what, zeros in (("a softmax", logits.sum(1) - 1), ("a log-softmax", logits.logsumexp(1))):
        checks.require(
            zeros.abs().max() > 1e-6, f"The logits went through {what}: return plain scores."
        )
    _read_the_context_alone(model)
    narrow = _called(model.float(), ids, lengths)
    checks.require(
        all(value.dtype == torch.float32 for value in narrow),
        f"A float32 model returns {narrow[0].dtype} logits and {narrow[1].dtype} weights: keep the "
        "dtype of the model.",
    )
    t.say("AttentionClassifier: logits (3, 6), weights (3, 5), deaf to padding and neighbours")


def _filled(model: nn.Module) -> nn.Module:
    """Fill a classifier with float64 numbers that are the same each time."""
    checks.require(
        isinstance(getattr(model, "embedding", None), nn.Embedding),
        "AttentionClassifier needs an nn.Embedding under the name self.embedding.",
    )
    draw = torch.Generator().manual_seed(0)
    for parameter in model.double().eval().parameters():
        nn.init.normal_(parameter, std=0.5, generator=draw)
    return model


def _called(model: nn.Module, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Call a classifier on copies, and look at what it returns and at the copies."""
    given = ids.clone(), lengths.clone()
    try:
        answer = model(*given)
    except (RuntimeError, IndexError) as error:
        meaning = next((said for text, said in _FAILURES.items() if text in str(error)), "")
        if not meaning:
            raise
        raise checks.CheckFailed(meaning.format(error=error)) from None
    for name, before, after in zip(("ids", "lengths"), (ids, lengths), given, strict=True):
        checks.require(
            torch.equal(before, after),
            f"forward changed {name} in place. The caller still needs it: work on a copy.",
        )
    return tuple(checks.named("forward", answer, ("logits", "weights")).values())


def _have_the_right_form(logits: Tensor, weights: Tensor) -> None:
    if isinstance(logits, Tensor) and isinstance(weights, Tensor):
        checks.require(
            (logits.shape, weights.shape) != ((3, 5), (3, 6)),
            "The returned values have changed places: logits first, then weights.",
        )
        checks.require(
            logits.dtype == weights.dtype == torch.float64,
            f"The model is float64 here, but logits are {logits.dtype} and weights "
            f"{weights.dtype}: keep the dtype of the model.",
        )
    checks.form("logits, a row per review and a column per class,", logits, (3, 6), "float64")
    checks.form("weights, a row per review and a column per step,", weights, (3, 5), "float64")


def _are_shares_of_real_words(weights: Tensor, lengths: Tensor) -> None:
    steps = torch.arange(weights.shape[1])
    real = steps < lengths[:, None]
    checks.require(
        (weights[real] != 0).any(),
        "All real words have weight 0: is the mask the wrong way round?",
    )
    for review, step in ((~real) & (weights != 0)).nonzero().tolist():
        raise checks.CheckFailed(
            f"Weights on padding must be exactly 0, but step {step} of a review of length "
            f"{lengths[review]} has {weights[review, step]:.3g}: mask the scores, before the "
            "softmax."
        )
    sums = weights.sum(1)
    checks.require(
        torch.allclose(sums, torch.ones_like(sums)),
        "The weights of each review must sum to 1 over its real words; yours sum to "
        f"{[round(s, 3) for s in sums.tolist()]}. Softmax over the steps (dim=1), with the mask "
        "before it.",
    )
    for review, step in (real & (weights <= 0)).nonzero().tolist():
        raise checks.CheckFailed(
            f"Step {step} of a review of length {lengths[review]} is a real word, but its weight "
            f"is {weights[review, step]:.3g}: a softmax gives every real word more than 0."
        )
    checks.require(
        not torch.allclose(weights[1, :4], weights.new_full((4,), 0.25)),
        "All real words have the same weight: the scores must come from the states.",
    )


def _depend_on_the_review_alone(model: nn.Module, ids: Tensor, lengths: Tensor) -> None:
    real = torch.arange(ids.shape[1]) < lengths[:, None]
    logits, weights = _called(model, ids, lengths)
    checks.require(
        torch.allclose(_called(model, ids, lengths)[0], logits),
        "The result is random after model.eval(): drop numbers out only while training.",
    )
    garbage = torch.where(real, ids, torch.full_like(ids, 8))
    other = _called(model, garbage, lengths)
    checks.require(
        torch.allclose(other[0], logits) and torch.allclose(other[1], weights),
        "Other ids in the padding change the result: pack the batch with the lengths that are "
        "given, so that the GRU never reads the padding.",
    )
    wider = _called(model, functional.pad(ids, (0, 3)), lengths)
    checks.require(
        torch.allclose(wider[0], logits) and torch.allclose(wider[1][:, :5], weights),
        "Three more columns of padding change the result: something still counts the padding.",
    )
    order = torch.tensor([2, 0, 1])
    checks.require(
        torch.allclose(_called(model, ids[order], lengths[order])[0], logits[order]),
        "The reviews in another order give other logits: does the GRU know that the batch comes "
        "first (batch_first=True)?",
    )
    checks.require(
        torch.allclose(_called(model, ids[:1, :3], lengths[:1])[0], logits[:1]),
        "A review alone gives other logits than in a batch: it must not depend on its neighbours.",
    )
    single = [tuple(part.shape) for part in _called(model, ids[2:, :1], lengths[2:])]
    checks.require(
        single == [(1, 6), (1, 1)],
        f"For one review of one word the shapes are {single}; they must be [(1, 6), (1, 1)]. A "
        "squeeze() without an axis removes too much.",
    )


def _come_from_states_of_both_sides(model: nn.Module, ids: Tensor, lengths: Tensor) -> None:
    changed = ids.clone()
    changed[1, 3] = 10
    ratio, before = (
        weights[1, 1] / weights[1, 0]
        for _, weights in (_called(model, changed, lengths), _called(model, ids, lengths))
    )
    checks.require(
        not torch.isclose(ratio, before),
        "The scores of the first two words do not notice the fourth word: score the states of a "
        "bidirectional GRU, not the embeddings or the states of one direction.",
    )
    one_word = ids[:, :1], torch.ones_like(lengths)
    inside = [p for m in model.modules() if isinstance(m, _CELLS) for p in m.parameters()]
    checks.require(
        not inside or any(_moves(model, *one_word, parameter, 0) for parameter in inside),
        "The GRU's parameters do not change the logits of a review of one word: the context must "
        "average the states, not the embeddings.",
    )
    with torch.no_grad():
        kept = [parameter.clone() for parameter in inside]
        for parameter in inside:
            parameter *= 0
        level = _called(model, ids, lengths)[1][1, :4]
        for parameter, saved in zip(inside, kept, strict=True):
            parameter.copy_(saved)
    checks.require(
        not inside or torch.allclose(level, torch.full_like(level, 0.25)),
        "Where all states are 0 the weights of the words differ: a score may depend on its state "
        "alone, not on the place or the word.",
    )
    known = set(map(id, inside))
    checks.require(
        any(
            _moves(model, ids, lengths, parameter, 1) and not _moves(model, *one_word, parameter, 0)
            for parameter in model.parameters()
            if id(parameter) not in known
        ),
        "No parameter outside of the embedding and the GRU changes the weights: the score needs "
        "parameters of its own, to learn what to look for.",
    )


def _come_from_a_softmax(model: nn.Module, ids: Tensor, lengths: Tensor) -> None:
    """Multiply v, whatever its name: the logarithms of the weights' ratios grow by that factor."""
    inside = {id(p) for m in model.modules() if isinstance(m, _CELLS) for p in m.parameters()}
    inside.add(id(model.embedding.weight))
    for parameter in (p for p in model.parameters() if id(p) not in inside):
        logs = []
        for factor in (1, -3, 5):
            with torch.no_grad():
                kept = parameter.clone()
                parameter *= factor
                weights = _called(model, ids, lengths)[1][1, :4]
                parameter.copy_(kept)
            logs.append((weights / weights[0]).log())
        size = (logs[2] - logs[1]).abs().max()
        if size > 1e-2 and (logs[1] + logs[2] - 2 * logs[0]).abs().max() < 1e-4 * size:
            return
    raise checks.CheckFailed(
        "The weights sum to 1, but they are no softmax of the scores v · tanh(W h + b): where v is "
        "multiplied by 5, the logarithms of their ratios must be, too. A sigmoid divided by its "
        "sum, for instance, is no softmax."
    )


def _read_the_context_alone(model: nn.Module) -> None:
    """Look at what the read-out sees of single words: states, which lie between -1 and 1."""
    if not isinstance(getattr(model, "output", None), nn.Linear):
        return
    seen, words = [], torch.arange(1, 12)[:, None]
    inside = [p for m in model.modules() if isinstance(m, _CELLS) for p in m.parameters()]
    hook = model.output.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        kept = [parameter.clone() for parameter in inside]
        for parameter in inside:
            parameter *= 60  # as near to -1 and 1 as it gets
        _called(model, words, torch.ones_like(words[:, 0]))
        for parameter, before in zip(inside, kept, strict=True):
            parameter.copy_(before)
        logits, _ = _called(model, words, torch.ones_like(words[:, 0]))
        for parameter in model.output.parameters():
            parameter *= -30
        other, _ = _called(model, words, torch.ones_like(words[:, 0]))
        for parameter in model.output.parameters():
            parameter /= -30
    hook.remove()
    checks.require(
        torch.allclose(other, -30 * logits),
        "The logits are not what the read-out gives: return plain scores, squashed by nothing.",
    )
    for width in (found.shape[-1] for found in seen if found.shape[-1] != 6):
        raise checks.CheckFailed(
            f"The read-out sees {width} numbers: give it the context alone, 2H = 6 numbers."
        )
    checks.require(
        all(found.abs().max() < 1.001 for found in seen),
        "The read-out sees more than the context: give it the weighted average of the states, and "
        "nothing else.",
    )


def _decide_and_learn(model: nn.Module, ids: Tensor, lengths: Tensor) -> None:
    blind = [
        name
        for name, parameter in model.named_parameters()
        if _moves(model, ids, lengths, parameter, 1)
        and not _moves(model, ids, lengths, parameter, 0)
    ]
    checks.require(
        not blind,
        f"Changing {', '.join(blind)} changes the weights but not the logits: the logits must "
        "read the weighted average of the states.",
    )
    names, parameters = zip(*model.named_parameters(), strict=True)
    frozen = [name for name, p in model.named_parameters() if not p.requires_grad]
    checks.require(
        not frozen, f"Nothing can train {', '.join(frozen)}: leave requires_grad as it is, True."
    )
    loss = (_called(model, ids, lengths)[0] * torch.arange(18.0).reshape(3, 6).cos()).sum()
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    unlearned = [
        name
        for name, parameter, gradient in zip(names, parameters, found, strict=True)
        if (gradient is None or gradient.abs().max() < 1e-12)
        and _moves(model, ids, lengths, parameter, 0)
    ]
    checks.require(
        not unlearned,
        f"Changing {', '.join(unlearned)} changes the logits, but no gradient comes back from "
        "them: is something detached?",
    )
    real = torch.arange(ids.shape[1]) < lengths[:, None]
    reached = found[names.index("embedding.weight")].abs().sum(1) > 0
    checks.require(
        sorted(ids[real].tolist()) == reached.nonzero()[:, 0].tolist(),
        "The gradient of the logits must reach the embedding of each real word, and of no other.",
    )


def _moves(model: nn.Module, ids: Tensor, lengths: Tensor, parameter: Tensor, which: int) -> bool:
    """Tell whether a change of one parameter changes the logits (0) or the weights (1)."""
    step = 0.3 * torch.cos(torch.arange(parameter.numel())).reshape(parameter.shape).to(parameter)
    with torch.no_grad():
        before = _called(model, ids, lengths)[which]
        parameter += step
        after = _called(model, ids, lengths)[which]
        parameter -= step
    return bool((after - before).abs().max() > 1e-6)


class _Toy(nn.Module):
    """Adds up the word vectors of a row, careless about padding; see how it shows itself."""

    def __init__(self) -> None:
        super().__init__()
        rows = [[0.5, -0.5], [1.0, 2.0], [-1.0, 1.0], [2.0, -1.0]]
        table = torch.tensor(rows, dtype=torch.float64)
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False)
        self.embedding.weight.grad = torch.ones_like(table)

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        a, b = self.embedding(ids).sum(dim=1).unbind(dim=1)
        return torch.stack([a * b, b - 2 * a], dim=1), torch.ones_like(ids) / lengths[:, None]

    def __repr__(self) -> str:
        words = ", ".join(
            f"{word}: {row}" for word, row in enumerate(self.embedding.weight.tolist())
        )
        return (
            f"a toy with the word vectors {words}; in each row these add up\n"
            "to (a, b), padding included, and the logits are a * b and b - 2 * a"
        )


def word_attributions(t, word_attributions):
    toy = _Toy()
    toy.embedding.register_forward_hook(lambda *_: None)  # somebody else's: it stays
    ids = torch.tensor([[2, 2, 0, 0], [1, 2, 1, 3], [3, 1, 2, 0]])
    lengths = torch.tensor([2, 4, 3])
    args = {"model": toy, "ids": ids, "lengths": lengths}
    found = t.check(word_attributions, args, "attributions", float32=False)["attributions"]
    checks.require(
        not found.requires_grad, "The attributions still hang on the graph: return them detached."
    )
    table = toy.embedding.weight
    checks.require(
        table.grad is not None and torch.equal(table.grad, torch.ones_like(table)),
        "The .grad of the model's parameters has changed: use torch.autograd.grad, not backward() "
        "or zero_grad().",
    )
    checks.require(
        len(toy.embedding._forward_hooks) < 2,
        "A hook is still on model.embedding: call handle.remove().",
    )
    checks.require(
        toy.embedding._forward_hooks,
        "A hook that somebody else had put on model.embedding is gone: remove your own alone, with "
        "handle.remove().",
    )
    checks.require(
        table.requires_grad,
        "The model's parameters no longer require gradients: leave the model as you found it.",
    )
    checks.require(
        toy.training, "The model is in evaluation mode now: leave its mode as you found it."
    )
    narrow = word_attributions(_Toy().float(), ids.clone(), lengths.clone())
    checks.require(
        narrow.dtype == torch.float32,
        f"The attributions are {narrow.dtype} for a float32 model: keep the embeddings' dtype.",
    )


def test_attention_step(t, test_attention_step, published_step):
    red = {
        published_step: "the published step",
        "question": "a step that gives the same weights whatever is asked",
        "place": "a step whose scores grow from place to place, whatever the states",
        "neighbour": "a step that looks at the states of another example of the batch",
        "elsewhere": "a step that takes the scores, but not the context, from another example",
        "padding": "a step that gives weight to padding",
        "cut": "a step whose weights do not sum to 1 where there is padding",
        "read": "right weights with a context that takes in the padding",
    }
    green = {
        _by_loops: "a right one in plain Python, whose scores are dot products",
        "": "PyTorch's own attention, whose scores are scaled",
    }
    t.say(bug_hunt.require_red_and_green(test_attention_step, _by_torch, red=red, green=green))


def _by_loops(query, states, mask, W):
    """Attend with dot products, number by number."""
    contexts, weights = np.zeros(states[:, 0].shape), np.zeros(np.shape(mask))
    for n, asked in enumerate(np.asarray(query) @ W):
        scores = {t: sum(asked * states[n][t]) for t in np.flatnonzero(mask[n])}
        shares = {t: np.exp(s - max(scores.values())) for t, s in scores.items()}
        for t, share in shares.items():
            weights[n, t] = share / sum(shares.values())
            contexts[n] += weights[n, t] * states[n][t]
    return contexts, weights


def _by_torch(query, states, mask, W, slip=""):
    """Attend with PyTorch's scaled attention, or with one slip."""
    q = torch.tensor(np.asarray(query) @ W, dtype=torch.float64)
    h = torch.tensor(np.array(states), dtype=torch.float64)
    real = torch.tensor(np.array(mask))
    steps = h.shape[1]
    if slip == "question":
        q = torch.ones_like(q)
    if slip == "neighbour":
        h = h.flip(0).contiguous()
    lowest = 0.0 if slip in ("padding", "cut") else -torch.inf
    added = torch.zeros(real.shape).double().masked_fill(~real, lowest)
    if slip == "place":
        added += torch.linspace(0, 1, steps)
    read = torch.cat([h, torch.eye(steps).double().expand(len(h), -1, -1)], dim=2)
    keys = h.flip(0).contiguous() if slip == "elsewhere" else h
    both = functional.scaled_dot_product_attention(q[:, None], keys, read, attn_mask=added[:, None])
    context, weights = both[:, 0].split([h.shape[2], steps], dim=1)
    if slip == "cut":
        weights = weights * real
        context = (weights[:, None] @ h)[:, 0]
    if slip == "read":
        context = context + (h * ~real[:, :, None]).mean(dim=1)
    return context.numpy(), weights.numpy()


def attention_step(t, attention_step):
    query = np.array([[1.0, -1.0, 0.5], [0.5, 1.0, -2.0]])
    states = np.array(
        [
            [[1.5, 0.0, 2.0], [0.0, 2.0, -1.0], [-1.0, 1.0, 0.5], [4.0, -5.0, 3.0]],
            [[0.0, 1.0, -0.5], [2.0, -1.0, 0.5], [1.0, 5.0, -4.0], [5.0, 5.0, -5.0]],
        ]
    )
    mask = np.array([[True, True, True, False], [True, True, False, False]])
    W = np.array([[1.0, 0.5, -0.5], [0.0, 1.0, 0.3], [0.6, -0.2, 0.4]])
    args = {"query": query, "states": states, "mask": mask, "W": W}
    weights = t.check(attention_step, args, "context, weights")["weights"]
    reversed_states = states[:, ::-1].copy(), mask[:, ::-1].copy()
    turned = attention_step(query.copy(), *reversed_states, W.copy())[1]
    checks.require(
        np.allclose(turned, weights[:, ::-1]),
        "Reverse the encoder's states and the weights must be reversed with them.",
    )
    for other in (
        {"query": query[:, :2], "states": states, "mask": mask, "W": W[:2]},
        {"query": query[1:], "states": states[1:], "mask": mask[1:], "W": W},
    ):
        t.check(attention_step, other, "context, weights", float32=False, quiet=True)
