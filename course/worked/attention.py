"""Worked examples of the exercises of ``05_attention/attention.ipynb``."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from course import checks


def masked_softmax(t, masked_softmax):
    mask = np.array([[[True, True, False], [True, False, True], [False, False, False]]])
    scores = np.array([[[2.0, 1.0, 5.0], [0.0, 3.0, 1.0], [4.0, 4.0, 4.0]]])
    t.check(masked_softmax, {"scores": scores, "mask": mask}, "weights")
    for shift in (1e4, -1e4):
        with np.errstate(all="ignore"):
            shifted = masked_softmax(scores + shift, mask)
        checks.require(
            np.allclose(shifted, masked_softmax(scores, mask)),
            f"Adding {shift:g} to every score must change nothing, but your weights change: "
            "subtract the largest readable score of each row before np.exp.",
        )
    with np.errstate(all="ignore"):
        loud = masked_softmax(np.array([[[1.0, 2.0, 5000.0]]]), np.array([[[True, True, False]]]))
    checks.require(
        np.allclose(loud, [[[0.268941, 0.731059, 0.0]]]),
        "A masked score of 5000 next to readable scores of 1 and 2 changes their weights: take the "
        "largest score over the readable keys only.",
    )
    checks.require(
        masked_softmax(scores, mask[:, :1]).shape == (1, 3, 3),
        "A mask of shape (N, 1, Tk), the same for every query, must work too.",
    )
    t.say("stable for large scores, deaf to masked ones")


def dot_scores(t, dot_scores):
    q = np.array([[[1.0, 2.0, 0.0, 1.0], [0.0, -1.0, 3.0, 2.0]]])
    k = np.array([[[1.0, 0.0, 2.0, 1.0], [2.0, 1.0, 0.0, -1.0], [-1.0, 3.0, 1.0, 0.0]]])
    t.check(dot_scores, {"q": q, "k": k}, "scores")


def scaled_dot_scores(t, scaled_dot_scores):
    q = np.array([[[1.0, 2.0, 0.0, 1.0], [0.0, -1.0, 3.0, 2.0]]])
    k = np.array([[[1.0, 0.0, 2.0, 1.0], [2.0, 1.0, 0.0, -1.0], [-1.0, 3.0, 1.0, 0.0]]])
    t.check(scaled_dot_scores, {"q": q, "k": k}, "scores")


def additive_scores(t, additive_scores):
    t.check(
        additive_scores,
        {
            "q": np.array([[[1.0, 2.0], [-1.0, 0.0]]]),
            "k": np.array([[[1.0], [2.0], [-1.0]]]),
            "W_q": np.array([[0.5, -1.0], [0.25, 0.5]]),
            "W_k": np.array([[1.0, -0.5]]),
            "v": np.array([2.0, -1.0]),
        },
        "scores",
    )


def attend(t, attend):
    t.check(
        attend,
        {
            "weights": np.array([[[0.5, 0.25, 0.25], [0.0, 0.75, 0.25]]]),
            "values": np.array([[[4.0, 0.0], [0.0, 8.0], [0.0, 0.0]]]),
        },
        "context",
    )


def masked_softmax_backward(t, masked_softmax_backward):
    t.check(
        masked_softmax_backward,
        {
            "dweights": np.array([[[1.0, 2.0, -1.0], [0.5, -1.0, 7.0]]]),
            "weights": np.array([[[0.5, 0.3, 0.2], [0.6, 0.4, 0.0]]]),
        },
        "dscores",
    )


def AttentionClassifier(t, AttentionClassifier):
    def moves(
        model: nn.Module, ids: torch.Tensor, lengths: torch.Tensor, parameter, which: int
    ) -> bool:
        """Tell whether a change of one parameter changes the logits (0) or the weights (1)."""
        with torch.no_grad():
            before = model(ids, lengths)[which]
            step = 0.3 * torch.cos(torch.arange(parameter.numel())).reshape(parameter.shape).to(
                parameter
            )
            parameter += step
            after = model(ids, lengths)[which]
            parameter -= step
        return bool((after - before).abs().max() > 1e-6)

    ids = torch.tensor([[5, 2, 9, 0, 0], [7, 3, 11, 4, 0], [6, 0, 0, 0, 0]])
    lengths = torch.tensor([3, 4, 1])
    real = torch.arange(5) < lengths[:, None]
    try:
        model = AttentionClassifier(12, 4, 3, 6).double().eval()
        draw = torch.Generator().manual_seed(0)
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.5, generator=draw)
        given = ids.clone(), lengths.clone()
        answer = model(*given)
    except NotImplementedError:
        raise checks.CheckFailed(
            "AttentionClassifier is not written yet: replace both TODOs above."
        ) from None
    except RuntimeError as error:
        if "must match the size" not in str(error):
            raise
        raise checks.CheckFailed(
            f"Two arrays of different sizes meet in forward ({error}). Here T = 5 exceeds the "
            "longest length, 4: does pad_packed_sequence know it (total_length=T)?"
        ) from None
    checks.require(
        isinstance(getattr(model, "embedding", None), nn.Embedding),
        "AttentionClassifier needs an nn.Embedding under the name self.embedding.",
    )
    checks.require(
        isinstance(answer, tuple | list) and len(answer) == 2,
        "forward must return two values: logits, weights.",
    )
    logits, weights = answer
    checks.require(
        tuple(logits.shape) == (3, 6),
        f"logits have shape {tuple(logits.shape)}; they must be (3, 6), one row per review "
        "and one column per class. Are the "
        "returned values in the order logits, weights?",
    )
    checks.require(
        tuple(weights.shape) == (3, 5),
        f"weights have shape {tuple(weights.shape)}; they must be (3, 5) = (N, T), also when T "
        "exceeds the longest length (total_length=T in pad_packed_sequence).",
    )
    checks.require(
        logits.dtype == weights.dtype == torch.float64,
        f"The model is float64 here; logits have dtype {logits.dtype}, weights {weights.dtype}.",
    )
    checks.require(
        (weights[~real] == 0).all(), "Weights on padding must be exactly 0: mask the scores."
    )
    sums = weights.sum(1)
    checks.require(
        torch.allclose(sums, torch.ones_like(sums)),
        f"The weights of each review must sum to 1 over its real words; yours sum to "
        f"{[round(s, 3) for s in sums.tolist()]}. "
        "Softmax over the steps (dim=1), with the mask before it.",
    )
    garbage = torch.where(real, ids, torch.full_like(ids, 8))
    other = model(garbage, lengths)[0]
    checks.require(
        torch.allclose(other, logits),
        "Other ids in the padding change the logits: the GRU reads the padding. Pack the batch.",
    )
    wider = model(functional.pad(ids, (0, 3)), lengths)
    checks.require(
        torch.allclose(wider[0], logits) and torch.allclose(wider[1][:, :5], weights),
        "Three more columns of padding change the result: something still counts the padding.",
    )
    order = torch.tensor([2, 0, 1])
    checks.require(
        torch.allclose(model(ids[order], lengths[order])[0], logits[order]),
        "The reviews in another order give other logits: does the GRU know that the batch comes "
        "first (batch_first=True)?",
    )
    checks.require(
        torch.allclose(model(ids[:1, :3], lengths[:1])[0], logits[:1]),
        "A review alone gives other logits than in a batch: it must not depend on its neighbours.",
    )
    single = [tuple(part.shape) for part in model(ids[2:, :1], lengths[2:])]
    checks.require(
        single == [(1, 6), (1, 1)],
        f"For one review of one word the shapes are {single}; they must be [(1, 6), (1, 1)]. A "
        "squeeze() without an axis removes too much.",
    )
    changed = ids.clone()
    changed[1, 3] = 10
    ratio, before = (w[1, 1] / w[1, 0] for w in (model(changed, lengths)[1], weights))
    checks.require(
        not torch.isclose(ratio, before),
        "The scores of the first two words do not notice the fourth word: score the states of a "
        "bidirectional GRU, not the embeddings or the states of one direction.",
    )
    blind = [
        name
        for name, parameter in model.named_parameters()
        if moves(model, ids, lengths, parameter, 1) and not moves(model, ids, lengths, parameter, 0)
    ]
    checks.require(
        not blind,
        f"{', '.join(blind)} changes the weights but not the logits: the logits must read the "
        "weighted average of the states.",
    )
    names, parameters = zip(*model.named_parameters(), strict=True)
    loss = (model(ids, lengths)[0] * torch.arange(18.0).reshape(3, 6).cos()).sum()
    gradients = dict(
        zip(names, torch.autograd.grad(loss, parameters, allow_unused=True), strict=True)
    )
    unlearned = [
        name
        for name, parameter in zip(names, parameters, strict=True)
        if (gradients[name] is None or gradients[name].abs().max() < 1e-12)
        and moves(model, ids, lengths, parameter, 0)
    ]
    checks.require(
        not unlearned,
        f"{', '.join(unlearned)} changes the logits but gets no gradient from them: is "
        "something detached?",
    )
    reached = gradients["embedding.weight"].abs().sum(1) > 0
    checks.require(
        sorted(ids[real].tolist()) == reached.nonzero()[:, 0].tolist(),
        "The gradient of the logits must reach the embedding of each real word, and of no other.",
    )
    checks.require(
        bool((logits.sum(1) - 1).abs().max() > 1e-6),
        "The logits sum to 1 in each row: return plain scores, without a softmax over the classes.",
    )
    checks.require(
        torch.equal(given[0], ids) and torch.equal(given[1], lengths),
        "forward changed ids or lengths in place.",
    )
    t.say("AttentionClassifier: logits (3, 6), weights (3, 5), deaf to padding and neighbours")


def word_attributions(t, word_attributions):
    class Toy(nn.Module):
        """Adds the word vectors of a row to (a, b), careless about padding; logits a*b and b - 2*a."""

        def __init__(self) -> None:
            super().__init__()
            rows = torch.tensor([[0.5, -0.5], [1.0, 2.0], [-1.0, 1.0]], dtype=torch.float64)
            self.embedding = nn.Embedding.from_pretrained(rows, freeze=False)

        def forward(
            self, ids: torch.Tensor, lengths: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            a, b = self.embedding(ids).sum(dim=1).unbind(dim=1)
            return torch.stack([a * b, b - 2 * a], dim=1), torch.ones_like(ids) / lengths[:, None]

    toy = Toy()
    toy.embedding.weight.grad = torch.ones(3, 2, dtype=torch.float64)

    def attributions(ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return word_attributions(toy, ids, lengths)

    attributions.__name__ = "word_attributions"
    found = t.check(
        attributions,
        {"ids": torch.tensor([[1, 2, 1], [2, 2, 0]]), "lengths": torch.tensor([3, 2])},
        "attributions",
        float32=False,
    )["attributions"]
    checks.require(
        not found.requires_grad, "The attributions still hang on the graph: return them detached."
    )
    checks.require(
        torch.equal(toy.embedding.weight.grad, torch.ones(3, 2, dtype=torch.float64)),
        "The .grad of the model's parameters has changed: use torch.autograd.grad, not backward().",
    )
    checks.require(
        not toy.embedding._forward_hooks,
        "A hook is still on model.embedding: call handle.remove().",
    )


def attention_step(t, attention_step):
    args = {
        "query": np.array([[1.0, -1.0], [0.5, 1.0]]),
        "states": np.array(
            [[[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]], [[0.0, 1.0], [2.0, -1.0], [5.0, 5.0]]]
        ),
        "mask": np.array([[True, True, True], [True, True, False]]),
        "W": np.array([[1.0, 0.5], [0.0, 1.0]]),
    }
    answer = t.check(attention_step, args, "context, weights")
    turned = attention_step(
        *[a[:, ::-1] if a.ndim == 3 else a for a in list(args.values())[:2]],
        args["mask"][:, ::-1],
        args["W"],
    )[1]
    checks.require(
        np.allclose(turned, answer["weights"][:, ::-1]),
        "Reverse the encoder's states and the weights must be reversed with them.",
    )
