"""Worked examples of the exercises of ``05_attention/seq2seq.ipynb``."""

from __future__ import annotations

import functools
import itertools
import math
import os
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from course import bug_hunt, checks
from course.emission import grading
from course.weights import load_torch_weights


def _numbers(*shape, start):
    """Make numbers between -1 and 1 without a pattern, the same on every machine."""
    places = torch.arange(math.prod(shape), dtype=torch.float64)
    return torch.sin(places**2 + start).round(decimals=1).reshape(shape) + 0.0


def _filled(part: nn.Module, start: float) -> nn.Module:
    """Fill the parameters of a module with such numbers, in float64."""
    part.double()
    with torch.no_grad():
        for i, parameter in enumerate(part.parameters()):
            parameter.copy_(_numbers(*parameter.shape, start=start + i))
    return part


def _with_weights(model: nn.Module, parts: dict, gru: nn.GRU, fits: str) -> nn.Module:
    """Fill the named parts of a student's model, and give the rest of it the weights of a GRU."""
    name = type(model).__name__
    model.double()
    for start, (part, (kind, shape)) in enumerate(parts.items()):
        own = getattr(model, part, None)
        checks.require(
            isinstance(own, kind), f"{name} needs an nn.{kind.__name__} under the name self.{part}."
        )
        found = tuple(own.weight.shape)
        checks.require(
            found == shape,
            f"{name}: the weights of {part} have shape {found}; for these sizes they must have "
            f"{shape}.",
        )
        _filled(own, start=start)
    rest = nn.Module()
    for key, child in model.named_children():
        if key not in parts:
            rest.add_module(key, child)
    for key, parameter in model.named_parameters(recurse=False):
        rest.register_parameter(key, parameter)
    try:
        load_torch_weights(rest, gru)
    except ValueError as error:
        raise checks.CheckFailed(f"{fits} Just now {error}.") from None
    return model


def edit_distance(t, edit_distance):
    a, b = ["M", "AA", "L", "V", "IY", "N", "AH"], ["M", "EH", "L", "AH", "N", "IY"]
    distance = t.check(edit_distance, {"a": a, "b": b}, "distance", quiet=True)["distance"]
    checks.require(
        isinstance(distance, int | np.integer),
        f"edit_distance: a number of changes is an int, not {checks.type_name(distance)}.",
    )
    for a, b in (
        ("", ""),
        ("abc", ""),
        ("", "ab"),
        ("a", "b"),
        ("kitten", "sitting"),
        ("abcdef", "bcdef"),
        ("bcdef", "abcdef"),
        ("abc", "acb"),
        ("aab", "ab"),
        ((1, 2, 3, 4), [1, 3, 4]),
    ):
        t.compare(f"edit_distance({a!r}, {b!r})", edit_distance(a, b))
    t.say("edit_distance: empty, shifted and repeated items are counted right")


def Encoder(t, Encoder):
    ids = torch.tensor([[5, 2, 9, 0, 0], [7, 3, 11, 4, 0], [6, 0, 0, 0, 0]])
    lengths = torch.tensor([3, 4, 1])
    gru = _filled(nn.GRU(6, 2, bidirectional=True), start=0.5)
    parts = {"embedding": (nn.Embedding, (12, 6)), "bridge": (nn.Linear, (2, 4))}

    def encoder():
        fits = "The recurrent part must read both ways (bidirectional=True), H units each."
        return _with_weights(Encoder(12, 6, 2), parts, gru, fits)

    def encode(ids, lengths):
        return encoder()(ids, lengths)

    encode.__name__ = "Encoder"
    args = {"ids": ids, "lengths": lengths}
    memory, state = t.check(encode, args, "memory, state", float32=False).values()
    model, real = encoder(), torch.arange(5) < lengths[:, None]
    checks.require((memory[~real] == 0).all(), "memory must be exactly 0 on padding.")
    others = model(torch.where(real, ids, 8), lengths)
    checks.require(
        torch.allclose(others[0], memory) and torch.allclose(others[1], state),
        "Other ids in the padding change the result: the GRU reads the padding. Pack the batch.",
    )
    alone = model(ids[:1, :3], lengths[:1])
    checks.require(
        torch.allclose(alone[0], memory[:1, :3]) and torch.allclose(alone[1], state[:1]),
        "A word alone gives other values than in a batch: do the words of a batch get mixed up?",
    )
    for name, value in (("memory", memory), ("state", state)):
        weight = model.embedding.weight
        found = model(ids, lengths)[name == "state"]
        reached = found.requires_grad and any(
            gradient is not None and gradient.any()
            for gradient in torch.autograd.grad(found.square().sum(), weight, allow_unused=True)
        )
        checks.require(
            reached, f"No gradient comes back from {name} to the embedding: is something detached?"
        )
        checks.require(
            value.dtype == torch.float64,
            f"The model is float64 here, but {name} is {value.dtype}: keep the model's dtype.",
        )
    t.say("deaf to padding and neighbours, and gradients come back")


def Decoder(t, Decoder):
    ids = torch.tensor([[1, 4, 6, 3], [1, 5, 3, 2]])
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    state, memory = _numbers(2, 3, start=0.2), _numbers(2, 5, 6, start=0.7)
    gru = _filled(nn.GRU(8, 3), start=0.5)
    parts = {
        "embedding": (nn.Embedding, (7, 8)),
        "query": (nn.Linear, (6, 3)),
        "combine": (nn.Linear, (3, 9)),
        "output": (nn.Linear, (7, 3)),
    }

    def decoder():
        fits = "The recurrent part must be one GRU with H units that reads forward."
        return _with_weights(Decoder(7, 8, 3), parts, gru, fits)

    def decode(ids, state, memory, memory_mask):
        model = decoder().to(memory.dtype)
        checks.require(model.query.bias is None, "query has a bias: give it bias=False.")
        answer = model(ids, state, memory, memory_mask)
        weights = checks.named("Decoder", answer, ("logits", "state", "weights"))["weights"]
        if isinstance(weights, Tensor) and weights.shape == (2, 4, 5):
            _are_shares(weights, memory_mask)
        return answer

    decode.__name__ = "Decoder"
    args = {"ids": ids, "state": state, "memory": memory, "memory_mask": mask}
    logits, after, _ = t.check(decode, args, "logits, state, weights").values()
    leaves = [leaf.clone().requires_grad_(True) for leaf in (state, memory)]
    loss = (decoder()(ids, *leaves, mask)[0] * _numbers(2, 4, 7, start=0.3)).sum()
    names = ("with respect to state", "with respect to memory")
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
    t.compare("Decoder: gradients", dict(zip(names, gradients, strict=True)))
    model, now, said = decoder(), state[:1], []
    for place in range(4):
        step, now, _ = model(ids[:1, place : place + 1], now, memory[:1], mask[:1])
        said.append(step)
    checks.require(
        torch.allclose(torch.cat(said, dim=1), logits[:1]) and torch.allclose(now, after[:1]),
        "Four steps of one word, each with the state that the last one returned, must give the "
        "same as four steps of a batch in one go.",
    )
    t.say("one word and one step at a time give the same, and gradients come back")


def _are_shares(weights: Tensor, mask: Tensor) -> None:
    sums = weights.sum(2)
    checks.require(
        torch.allclose(sums, torch.ones_like(sums)),
        "The weights of a step do not sum to 1: mask the scores, then softmax over the last axis.",
    )
    checks.require(
        (weights.transpose(1, 2)[~mask] == 0).all(),
        "Padding gets weight: use masked_softmax with memory_mask[:, None, :].",
    )


class _ToyEncoder(nn.Module):
    """Memory: letter and place of each letter, also of padding; state: the first letter."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        places = torch.arange(ids.shape[1]).expand_as(ids)
        memory = torch.stack([ids, places], dim=2).double() * self.scale
        return memory, memory[:, 0, :1]


class _ToyDecoder(nn.Module):
    """Logits from what it is fed, from its state, and from the mean of the readable memory."""

    def forward(
        self, ids: Tensor, state: Tensor, memory: Tensor, memory_mask: Tensor
    ) -> tuple[Tensor, Tensor, None]:
        _is_fed(ids, len(memory), "Ty")
        _masks(memory_mask, memory)
        readable = memory_mask[:, :, None].double()
        seen = (memory * readable).sum((1, 2)) / memory_mask.sum(1)
        rows = []
        for place in range(ids.shape[1]):
            state = (state + ids[:, place : place + 1]) / 2
            rows.append(state[:, 0] + seen)
        waves = torch.arange(1.0, 7.0, dtype=torch.float64) * torch.stack(rows, 1)[:, :, None]
        return 2 * torch.sin(waves), state, None


def _is_fed(ids: Tensor, words: int, steps: str) -> None:
    checks.require(
        ids.dim() == 2 and len(ids) == words and ids.dtype == torch.int64,
        f"The decoder is fed ids of shape {tuple(ids.shape)} and dtype {ids.dtype}; they must be "
        f"int64, (N, {steps}).",
    )


def _masks(mask: Tensor, memory: Tensor) -> None:
    checks.require(
        mask.dtype == torch.bool and mask.shape == memory.shape[:2],
        f"The decoder got a mask of dtype {mask.dtype} and shape {tuple(mask.shape)}; it must be "
        "bool, (N, Tx): True on each real letter.",
    )


def teacher_forced_loss(t, teacher_forced_loss):
    def loss_of(source, lengths, target):
        loss = teacher_forced_loss(_ToyEncoder(), _ToyDecoder(), source, lengths, target)
        checks.require(
            not isinstance(loss, Tensor) or loss.dim() == 0,
            "teacher_forced_loss must return one number: the mean over the real steps.",
        )
        return loss

    loss_of.__name__ = "teacher_forced_loss"
    args = {
        "source": torch.tensor([[3, 1, 2, 0, 0], [2, 0, 0, 0, 0], [4, 2, 0, 0, 0]]),
        "lengths": torch.tensor([3, 1, 2]),
        "target": torch.tensor([[3, 5, 4, 2], [4, 2, 0, 0], [5, 3, 2, 0]]),
    }
    loss = t.check(loss_of, args, "loss", float32=False, quiet=True)["loss"]
    checks.require(
        isinstance(loss, Tensor) and loss.requires_grad,
        "The loss has no graph to go back through: no detach(), no .item(), no torch.no_grad().",
    )
    t.say(f"teacher_forced_loss: {loss:.6f} on the example, over 9 real steps of 12")


class _Parrot(nn.Module):
    """Says a word's letters one by one, then END, something else, and END for ever."""

    def __init__(self, end: int) -> None:
        super().__init__()
        self.end, self.steps = end, 0

    def forward(
        self, ids: Tensor, state: Tensor, memory: Tensor, memory_mask: Tensor
    ) -> tuple[Tensor, Tensor, None]:
        _is_fed(ids, len(memory), "1")
        checks.require(ids.shape[1] == 1, "The decoder must be fed one step at a time, ids (N, 1).")
        _masks(memory_mask, memory)
        self.steps += 1
        place, last = state.long().unbind(1)
        over = place - memory_mask.sum(1)
        letter = memory[torch.arange(len(memory)), place.clamp(max=memory.shape[1] - 1), 0].long()
        say = torch.where(over < 0, letter, torch.where(over == 1, 4, self.end))
        confused = torch.where(place > 0, 7, 6)
        say = torch.where(ids[:, 0] == last, say, confused)
        logits = 5 * functional.one_hot(say, 9).double()[:, None]
        return logits, torch.stack([place + 1, say], dim=1).double(), None


def greedy_decode(t, greedy_decode, END, START):
    heard = []

    def listen(ids, lengths):
        heard.append(ids)
        return ids[:, :, None].double(), torch.tensor([[0.0, START]] * len(ids)).double()

    def decode(source, lengths, max_len):
        parrot = _Parrot(END)
        heard.clear()
        said = greedy_decode(listen, parrot, source, lengths, max_len)
        checks.require(
            len(heard) < 2,
            f"The encoder was called {len(heard)} times: once is enough, its memory stays.",
        )
        return said, parrot.steps

    decode.__name__ = "greedy_decode"
    args = {
        "source": torch.tensor([[5, 3, 6, 0, 0], [8, 0, 0, 0, 0], [3, 4, 5, 6, 0]]),
        "lengths": torch.tensor([3, 1, 4]),
    }
    for max_len in (2, 9):
        given = args | {"max_len": max_len}
        said = t.check(decode, given, "said, decoder steps", float32=False, quiet=True)["said"]
    checks.require(
        all(isinstance(i, int | np.integer) for row in said for i in row),
        "The rows hold tensors: make plain numbers of them, with .tolist() or .item().",
    )
    t.say(f"greedy_decode: {said}")


class _Reader(nn.Module):
    """A small encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 3)
        _filled(self, start=0.1).float()

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        memory = self.embedding(ids)
        return memory, memory.mean(1)


class _Speaker(nn.Module):
    """A small decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(9, 3), nn.Linear(3, 9)
        _filled(self, start=0.6).float()

    def forward(
        self, ids: Tensor, state: Tensor, memory: Tensor, memory_mask: Tensor
    ) -> tuple[Tensor, Tensor, None]:
        return self.output(self.embedding(ids) + state[:, None]), state, None


def train_speller(
    t, train_speller, teacher_forced_loss, losses, transcribe, encoder, decoder, words, error_rates
):
    with mock.patch.dict(os.environ, COURSE_QUIET="1"):
        _learns_from_each_batch(train_speller, teacher_forced_loss)
        _follows_each_gradient(train_speller)
        _notes_each_loss(train_speller, teacher_forced_loss)
    t.say("train_speller: a new batch for each step, and both modules learn from it alone")
    if grading():
        return  # the training was shorter, and its exam follows
    checks.require(
        isinstance(losses, list) and len(losses) >= 300,
        "losses must be a list with the loss of each of the 300 steps.",
    )
    late = float(np.mean(losses[280:300]))
    checks.require(
        not late > losses[0],
        f"The loss has grown from {losses[0]:.2f} to {late:.2f}: does each step go downhill, and "
        "is none longer than `peak` allows?",
    )
    checks.require(
        np.isfinite(late) and late < 2.0,
        f"The loss of the last 20 batches is {late:.2f}. It has not learned: does the learning "
        "rate reach its peak?",
    )
    said = transcribe(encoder, decoder, words.valid.inputs[:500])
    wrong = error_rates(said, words.valid.targets[:500])[0]
    checks.require(
        wrong < 0.62,
        f"{wrong:.0%} of 500 validation words are wrong; it should be little more than half of "
        "them. Does the learning rate reach its peak and come down again? Are gradients clipped?",
    )
    t.say("fewer than 62 % of the validation words are wrong")


def _batches(taken: list[int]):
    """Batches without end; how many were taken is written down."""
    lengths = torch.tensor([4, 4])
    for i in itertools.count():
        taken.append(i)
        source = (torch.arange(8).reshape(2, 4) * (i + 1)) % 6 + 1
        target = (torch.arange(10).reshape(2, 5) * (i + 2)) % 6 + 3
        yield source, lengths, torch.cat([target, torch.tensor([[2], [2]])], dim=1)


def _learns_from_each_batch(train_speller, teacher_forced_loss) -> None:
    taken, (encoder, decoder) = [], (_Reader(), _Speaker())
    losses = train_speller(encoder, decoder, _batches(taken), 4, 0.01)
    checks.require(
        len(taken) >= 4,
        f"4 steps took {len(taken)} batches. Every step sees the same batch: take the next one "
        "inside the loop.",
    )
    checks.require(
        len(taken) == 4,
        f"4 steps took {len(taken)} batches. More batches are taken than steps: take `steps` and "
        "no more.",
    )
    checks.require(
        isinstance(losses, list) and len(losses) == 4,
        f"train_speller must return a list with the loss of each step, not "
        f"{checks.type_name(losses)}.",
    )
    checks.require(
        all(isinstance(loss, float) for loss in losses),
        "The losses are tensors that hold on to memory: return plain numbers, loss.item().",
    )
    first = teacher_forced_loss(_Reader(), _Speaker(), *next(_batches([]))).item()
    checks.require(
        abs(losses[0] - first) < 1e-5,
        f"The first loss is {losses[0]:.6f}; it must be {first:.6f}, that of the first "
        "batch before the first update.",
    )
    moved = [
        any(not torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
        for a, b in ((encoder, _Reader()), (decoder, _Speaker()))
    ]
    for learns, message in (
        (any(moved), "No parameter has moved: call optimizer.step() after loss.backward()."),
        (moved[0], "Only the decoder learns: give the optimiser the parameters of both modules."),
        (moved[1], "Only the encoder learns: give the optimiser the parameters of both modules."),
    ):
        checks.require(learns, message)


def _follows_each_gradient(train_speller) -> None:
    """With steps too short to matter, the same batch must give the same gradient every time."""
    (encoder, decoder), gradients = (_Reader(), _Speaker()), []
    before = decoder.output.weight.detach().clone()
    decoder.output.weight.register_post_accumulate_grad_hook(
        lambda parameter: gradients.append(parameter.grad.clone())
    )
    train_speller(encoder, decoder, itertools.repeat(next(_batches([]))), 3, 1e-8)
    checks.require(
        (decoder.output.weight - before).abs().max() < 1e-5,
        "The learning rate has nothing to do with `peak`, which must be the highest one.",
    )
    checks.require(
        all(torch.allclose(gradient, gradients[0], rtol=1e-3) for gradient in gradients),
        "The gradients of all batches so far add up: call optimizer.zero_grad() before backward().",
    )


def _notes_each_loss(train_speller, teacher_forced_loss) -> None:
    """With steps too short to matter, each loss is what the untrained pair makes of its batch."""
    losses = train_speller(_Reader(), _Speaker(), _batches([]), 4, 1e-8)
    for step, (loss, batch) in enumerate(zip(losses, _batches([]), strict=False)):
        right = teacher_forced_loss(_Reader(), _Speaker(), *batch).item()
        checks.require(
            abs(loss - right) < 1e-4,
            f"The loss of step {step + 1} is {loss:.4f}; it must be {right:.4f}, that of its own "
            "batch: no sum and no mean over several.",
        )


_CORNER = {
    (0,): {2: 0.6, 3: 0.4},
    (0, 2): {1: 0.4, 2: 0.3, 3: 0.3},
    (0, 3): {1: 0.9, 2: 0.1},
}
_BROAD = {
    (0,): {2: 0.5, 3: 0.5},
    (0, 2): {2: 0.5, 3: 0.4, 1: 0.1},
    (0, 3): {2: 0.6, 3: 0.3, 1: 0.1},
    **{(0, i, j): {1: 0.7, 2: 0.3} for i in (2, 3) for j in (2, 3)},
}
_LATE = {
    (0,): {1: 0.1, 2: 0.9},
    (0, 2): {1: 0.35, 3: 0.65},
    (0, 2, 3): {1: 0.35, 2: 0.65},
    (0, 2, 3, 2): {1: 0.7, 3: 0.3},
}
_SHORT = {(0,): {1: 0.45, 2: 0.55}, (0, 2): {1: 0.9, 3: 0.1}}
_EARLY = {(0,): {1: 0.2, 2: 0.5, 3: 0.3}, (0, 2): {2: 0.5, 3: 0.5}, (0, 3): {2: 0.95, 3: 0.05}}
_CROWD = {
    (0,): {2: 0.9, 3: 0.1},
    (0, 2): {2: 0.45, 3: 0.39, 1: 0.16},
    (0, 3): {2: 0.5, 3: 0.5},
    (0, 2, 2): {2: 0.9, 1: 0.1},
    (0, 2, 3): {3: 0.9, 1: 0.1},
    (0, 2, 2, 2): {1: 0.8, 3: 0.2},
}
_NARROW = {(1,): {2: 1.0}, (1, 2): {2: 1.0}}
_LONG = {(0,): {1: 0.37, 2: 0.407}, (0, 2): {2: 0.407}, (0, 2, 2): {1: 0.407}}
_AGAIN = {(0,): {0: 0.6, 2: 0.4}, (0, 0): {1: 0.9, 2: 0.1}}
"""Probabilities of what follows a prefix: of start, end, 2 and 3. Where none are given, it ends."""


def beam_search(t, beam_search):
    def search(probabilities, start, end, width, max_len):
        asked = []

        def step(prefix):
            key = tuple(int(i) for i in prefix)
            checks.require(
                key[:1] == (start,),
                f"step_fn was asked what follows {list(key)}; a prefix begins with start.",
            )
            checks.require(
                end not in key,
                f"step_fn was asked what follows {list(key)}. A finished hypothesis is extended "
                "further: put it aside.",
            )
            asked.append(len(key))
            row = probabilities.get(key, {end: 1.0})
            with np.errstate(divide="ignore"):
                return np.log([row.get(i, 0.0) for i in range(4)])

        best, score = checks.named(
            "beam_search", beam_search(step, start, end, width, max_len), ("best", "score")
        ).values()
        checks.require(
            isinstance(best, list), f"best must be a list of ids, not {checks.type_name(best)}."
        )
        checks.require(asked, "beam_search never asked step_fn what may follow.")
        checks.require(
            not isinstance(score, Tensor), "The score is a tensor: return a float, with .item()."
        )
        searched.append((width, max(map(asked.count, asked)), max_len, max(asked)))
        return best, score

    searched = []
    for probabilities, start, width, max_len in (
        (_LATE, 0, 3, 6),
        (_CORNER, 0, 1, 5),
        (_CORNER, 0, 2, 5),
        (_BROAD, 0, 2, 5),
        (_CROWD, 0, 2, 3),
        (_SHORT, 0, 1, 5),
        (_EARLY, 0, 3, 2),
        (_LATE, 0, 1, 2),
        (_NARROW, 1, 2, 2),
    ):
        also = f" with width={width}, max_len={max_len}" if searched else ""
        search.__name__ = f"beam_search{also}"
        args = {"probabilities": probabilities, "start": start, "end": 1 - start, "width": width}
        args["max_len"] = max_len
        t.check(search, args, "best, score", atol=1e-5, float32=False, quiet=True)
    best, _ = search(_LONG, 0, 1, 2, 5)
    checks.require(
        best == [2, 2],
        f"best is {best} with the probabilities {_LONG}; it must be [2, 2]: its mean, -0.90, is "
        "higher than that of the empty answer, -0.99. Go on while any is alive, and divide by the "
        "number of symbols.",
    )
    best, _ = search(_AGAIN, 0, 1, 2, 4)
    checks.require(
        best == [0],
        f"best is {best} with the probabilities {_AGAIN}; it must be [0]. Every symbol may follow, "
        "also one that is there already, also `start`.",
    )
    for width, crowd, max_len, longest in searched:
        checks.require(
            crowd <= width,
            f"{crowd} hypotheses of one length were alive with width={width}: keep the best "
            f"{width} of all extensions.",
        )
        checks.require(
            longest <= max_len,
            f"step_fn was asked about a prefix of {longest} ids with max_len={max_len}: one step "
            "too many.",
        )
    t.say("beam_search: greedy with width 1, a better way with width 2, long answers not punished")


def test_look_back(t, test_look_back, published_look_back):
    red = {
        published_look_back: "the published look back",
        "places": "weights that stay where they are when the memory is turned round",
        "padding": "a look back that gives weight to padding",
        "input": "questions made of the state alone",
        "state": "questions made of the decoder's input alone",
        "steps": "a look back whose steps all ask the first step's question",
        "neighbour": "a look back at the memory of another word of the batch",
        "elsewhere": "a look back that takes the scores, but not the context, from another word",
        "cut": "weights that do not sum to 1 where there is padding",
        "read": "right weights with a context that takes in the padding",
    }
    green = {
        _letter_by_letter: "a right one in plain Python, whose scores are not scaled",
        "": "PyTorch's own attention, whose scores are scaled",
    }
    t.say(bug_hunt.require_red_and_green(test_look_back, _by_torch, red=red, green=green))


def _letter_by_letter(embedded, h, memory, memory_mask, W):
    """Look back with scores that are not scaled, number by number."""
    asked = torch.cat([embedded, h], dim=2) @ W
    contexts, weights = torch.zeros_like(asked), asked.new_zeros(*asked.shape[:2], memory.shape[1])
    for n, step in itertools.product(*map(range, asked.shape[:2])):
        letters = memory_mask[n].nonzero()[:, 0].tolist()
        scores = {s: (asked[n, step] * memory[n, s]).sum() for s in letters}
        shares = {s: torch.exp(x - max(scores.values())) for s, x in scores.items()}
        for s, share in shares.items():
            weights[n, step, s] = share / sum(shares.values())
            contexts[n, step] += weights[n, step, s] * memory[n, s]
    return contexts, weights


def _by_torch(embedded, h, memory, memory_mask, W, slip=""):
    """Look back with PyTorch's scaled attention, or with one slip."""
    letters = memory.shape[1]
    asked = torch.cat(
        [embedded.new_zeros(embedded.shape) if slip == "input" else embedded, h], dim=2
    )
    if slip == "state":
        asked[:, :, embedded.shape[2] :] = 0
    if slip == "steps":
        asked = asked[:, :1].repeat(1, asked.shape[1], 1)
    if slip == "neighbour":
        memory = memory.flip(0)
    keys = memory.flip(0) if slip == "elsewhere" else memory
    if slip == "places":
        keys = torch.eye(letters, memory.shape[2]).to(memory).expand(len(memory), -1, -1)
    added = memory.new_zeros(len(memory), 1, letters)
    if slip not in ("padding", "cut"):
        added = added.masked_fill(~memory_mask[:, None], -torch.inf)
    read = torch.cat([memory, torch.eye(letters).to(memory).expand(len(memory), -1, -1)], dim=2)
    both = functional.scaled_dot_product_attention(asked @ W, keys, read, attn_mask=added)
    context, weights = both.split([memory.shape[2], letters], dim=2)
    if slip == "cut":
        weights = weights * memory_mask[:, None]
        context = weights @ memory
    if slip == "read":
        context = context + (memory * ~memory_mask[:, :, None]).mean(dim=1, keepdim=True)
    return context, weights


def look_back(t, look_back):
    args = {
        "embedded": _numbers(2, 3, 2, start=0.1),
        "h": _numbers(2, 3, 3, start=0.9),
        "memory": _numbers(2, 6, 5, start=0.5),
        "memory_mask": torch.tensor([[True] * 6, [True] * 4 + [False] * 2]),
        "W": 2 * _numbers(5, 5, start=0.3),
    }
    weights = t.check(look_back, args, "context, weights")["weights"]
    turned = {key: args[key].flip(1) for key in ("memory", "memory_mask")}
    checks.require(
        torch.allclose(look_back(*(args | turned).values())[1], weights.flip(2)),
        "Turn the memory round and the weights must turn with it.",
    )
    _lets_gradients_back(look_back, args, leaves=("embedded", "h", "memory", "W"))
    one = {key: value[:1] for key, value in args.items() if key != "W"}
    wide = {"memory": _numbers(1, 6, 7, start=0.2), "W": _numbers(5, 7, start=0.8)}
    t.check(look_back, one | wide, "context, weights", float32=False, quiet=True)


def self_attention(t, self_attention):
    T, F = True, False
    args = {
        "x": _numbers(3, 4, 2, start=0.4),
        "W_q": 2 * _numbers(2, 6, start=0.1),
        "W_k": 2 * _numbers(2, 6, start=0.7),
        "W_v": _numbers(2, 5, start=0.2),
        "mask": torch.tensor([[T, T, T, T], [T, T, T, F], [F, F, F, F]]),
    }
    y = t.check(self_attention, args, "y")["y"]
    checks.require(
        y.dtype == torch.float64, "The result is always float32: keep the dtype of the input."
    )
    one = args | {"x": args["x"][:1, :1], "mask": args["mask"][:1, :1]}
    t.check(self_attention, one, "y", float32=False, quiet=True)
    real, x = args["mask"][1:2], args["x"][1:2]
    for factor, loud in ((1, 50.0), (100, 0.0), (100, 50.0)):
        given = torch.where(real[:, :, None], factor * x, loud)
        others = [args[name] for name in ("W_q", "W_k", "W_v")]
        whole = self_attention(given.clone(), *others, real.clone())[:, :3]
        checks.require(
            torch.isfinite(whole).all(),
            "With scores of some thousands the result is not finite: subtract each row's largest "
            "score before exp, as softmax does.",
        )
        alone = self_attention(given[:, :3].clone(), *others, real[:, :3].clone())
        checks.require(
            torch.allclose(whole, alone, atol=1e-6),
            "A padded step is read where scores are large, or what lies in it is: mask the scores "
            "with minus infinity, before the softmax.",
        )
    first = torch.arange(4)[None] == 0
    W_q, W_v = args["W_q"], args["W_v"]
    low = self_attention(100 * x, W_q.clone(), -W_q, W_v.clone(), first)
    checks.require(
        torch.allclose(low[:, 0], (100 * x @ W_v)[:, 0]),
        "A single real step must get the whole weight, however low its score; here padding has a "
        "part of it. Mask the scores with minus infinity, before the softmax.",
    )
    _lets_gradients_back(self_attention, args, leaves=("x", "W_q", "W_k", "W_v"))
    t.say("an empty sequence gives zeros")


def _lets_gradients_back(function, args, leaves) -> None:
    given = {name: a.clone().requires_grad_(name in leaves) for name, a in args.items()}
    found = function(*given.values())
    first = found if isinstance(found, Tensor) else found[0]
    wanted = [given[name] for name in leaves]
    slopes = [None] * len(leaves)
    if first.requires_grad:
        slopes = torch.autograd.grad(first.square().sum(), wanted, allow_unused=True)
    for name, slope in zip(leaves, slopes, strict=True):
        checks.require(
            slope is not None and slope.any(),
            f"{function.__name__}: no gradient comes back to {name}: is something detached?",
        )
    weights = None if isinstance(found, Tensor) else found[1]
    taught = weights is None or weights.requires_grad
    checks.require(taught, f"{function.__name__}: no gradient comes back from the weights.")


def attend_with_cache(t, attend_with_cache):
    def y_of(x, W, heads, *, cuts):
        cache, found = None, []
        for part in torch.tensor_split(x, cuts, dim=1):
            result = attend_with_cache(part, W, heads, cache)
            y, cache = checks.named("attend_with_cache", result, ("y", "cache")).values()
            found.append(y)
        return torch.cat(found, dim=1)

    def at(*cuts):  # a partial function has no name, so messages say the exercise's
        return functools.partial(y_of, cuts=cuts)

    names = "W_q", "W_k", "W_v", "W_o"
    W = {name: 1.5 * _numbers(6, 6, start=i + 0.4) for i, name in enumerate(names)}
    args = {"x": 1.5 * _numbers(2, 7, 6, start=3.3), "W": W, "heads": 2}
    t.check(at(), args, "y", quiet=True)
    t.check(at(2, 3), args, "y", quiet=True)
    t.check(at(1), args | {"heads": 3}, "y", quiet=True)
    single = args | {"x": args["x"][:1, :1], "heads": 6}
    t.check(at(), single, "y", quiet=True)
    first, last = args["x"].split((4, 3), dim=1)
    _, cache = attend_with_cache(first, W, 2)
    once = attend_with_cache(last, W, 2, cache)[0]
    attend_with_cache(-last, W, 2, cache)
    checks.require(
        torch.allclose(attend_with_cache(last, W, 2, cache)[0], once),
        "attend_with_cache: a cache has changed when it was used: going on from it once more "
        "gives something else. Make a new one (torch.cat does), and return that.",
    )
    t.say(
        "attend_with_cache: y (2, 7, 6), in one go and in parts, and going on from one cache twice"
    )
