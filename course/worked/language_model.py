"""Worked examples of the exercises of ``02_lstm/language_model.ipynb``."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from course import checks


def make_batches(t, make_batches):
    def parts(ids, batch_size, steps):
        batches = list(make_batches(ids, batch_size, steps))
        checks.require(
            all(len(pair) == 2 for pair in batches),
            "make_batches: each entry of the list must be a pair (inputs, targets).",
        )
        wanted = (len(ids) - 1) // (batch_size * steps)
        checks.require(
            len(batches) == wanted,
            f"make_batches: {len(ids)} ids, {batch_size} rows, {steps} steps make {wanted} batches; "
            f"yours are {len(batches)}. The last target needs a character too: divide L - 1, round down.",
        )
        if not batches:
            return torch.zeros(0), torch.zeros(0)
        for pair in batches:
            for part in pair:
                checks.require(
                    tuple(part.shape) == (batch_size, steps),
                    f"make_batches: a part has shape {tuple(part.shape)}; each must be "
                    f"(batch_size, steps) = {(batch_size, steps)}.",
                )
        return torch.stack([x for x, _ in batches]), torch.stack([y for _, y in batches])

    parts.__name__ = "make_batches"
    x = np.array([[[0, 1, 2], [6, 7, 8]], [[3, 4, 5], [9, 10, 11]]])
    y = x + 1
    t.check(
        parts,
        {"ids": torch.arange(14), "batch_size": 2, "steps": 3},
        "inputs, targets",
        float32=False,
        quiet=True,
    )
    t.check(
        parts,
        {"ids": torch.arange(12), "batch_size": 2, "steps": 3},
        "inputs, targets",
        ignore="targets",
        float32=False,
        quiet=True,
    )
    parts(torch.arange(6), 2, 3)
    t.say("make_batches: inputs, targets, what is left over")


def CharLM(t, CharLM):
    def char_lm(cell):
        model = CharLM(5, 3, 2, cell).double()
        gates = 8 if cell == "lstm" else 2
        wanted = sorted([(5, 3), (gates, 3), (gates, 2), (gates,), (gates,), (5, 2), (5,)])
        sizes = sorted(tuple(p.shape) for p in model.parameters())
        checks.require(
            sorted(map(sorted, sizes)) == sorted(map(sorted, wanted)),
            f"CharLM(5, 3, 2, {cell!r}): the parameters must be those of one nn.Embedding, one "
            f"nn.{cell.upper()} and one nn.Linear, {wanted}; yours are {sizes}.",
        )
        with torch.no_grad():
            for p in model.parameters():
                usual = p if tuple(p.shape) in wanted else p.T
                values = torch.arange(p.numel(), dtype=p.dtype).reshape(usual.shape)
                usual.copy_(1.5 * torch.sin(values + p.numel()))
        return model

    def logits(ids):
        answer = char_lm("lstm")(ids)
        checks.require(
            isinstance(answer, tuple) and len(answer) == 2,
            "CharLM: forward must return two things, the logits and the state.",
        )
        return answer[0]

    logits.__name__ = "CharLM"
    ids = torch.tensor([[0, 3, 1, 4], [2, 2, 0, 1]])
    t.check(logits, {"ids": ids}, "logits", float32=False, quiet=True)
    for cell in ("lstm", "rnn"):
        model = char_lm(cell)
        whole, _ = model(ids)
        first, state = model(ids[:, :2])
        second, _ = model(ids[:, 2:], state)
        checks.require(
            torch.allclose(whole[:, :2], first),
            f"CharLM ({cell}): the first logits change when more text follows: a bet must not see the future.",
        )
        checks.require(
            torch.allclose(whole[:, 2:], second),
            f"CharLM ({cell}): read in two pieces, with the state handed on, the logits are others than "
            "in one piece. Is the state that forward is given used, and the one after the last step returned?",
        )
    t.say("CharLM: parameters, logits, state handed on")


def bits_per_character(t, bits_per_character, TwoBack):
    def score(ids):
        return bits_per_character(TwoBack().double(), ids)  # a new module is in training mode

    score.__name__ = "bits_per_character"
    t.check(score, {"ids": torch.tensor([1, 3, 2, 0])}, "bits", float32=False, quiet=True)
    long = torch.tensor([2] + [1, 3, 2, 0] * 6000)
    t.compare(
        "bits_per_character: bits of a text of 24,001 characters",
        bits_per_character(TwoBack().double(), long),
        atol=1e-7,
        rtol=0,
    )
    for mode in (True, False):
        model = TwoBack().train(mode)
        bits_per_character(model, torch.tensor([1, 3, 2, 0]))
        checks.require(
            model.training is mode,
            "bits_per_character: afterwards the model must be in the mode it was in before "
            f"(training={mode}); it is not.",
        )
        checks.require(torch.is_grad_enabled(), "bits_per_character: gradients stay switched off.")
    t.say("bits_per_character: bits, state, mode")


def train_epoch(t, train_epoch):
    class Counts(nn.Module):
        """One weight for each of three letters, and a state that counts the characters read so far."""

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([0.5, -0.25, 0.0], dtype=torch.float64))

        def forward(self, ids, state=None):
            state = torch.zeros(1, len(ids), 1, dtype=torch.float64) if state is None else state
            checks.require(
                not state.requires_grad,
                "train_epoch: the state still carries its history: detach it between batches.",
            )
            factor = 1.0 + state[0, :, :, None] + torch.arange(ids.shape[1])[:, None]
            factor = factor if self.training else 0 * factor
            logits = factor * self.weight + 0.1 * ids[:, :, None]
            return logits, state + ids.shape[1] + 0 * self.weight.sum()

    def one_pass(max_norm):
        model = Counts()
        model.eval()
        ids = torch.tensor([0, 1, 2, 2, 1, 0, 0, 2, 1])
        batches = [(ids[None, k : k + 2], ids[None, k + 1 : k + 3]) for k in (0, 2, 4, 6)]
        loss = train_epoch(model, batches, torch.optim.SGD(model.parameters(), lr=0.1), max_norm)
        return loss, model.weight.detach().clone()

    one_pass.__name__ = "train_epoch"
    t.check(one_pass, {"max_norm": 100.0}, "loss, weights afterwards", float32=False, quiet=True)
    t.check(
        one_pass,
        {"max_norm": 0.5},
        "loss, weights afterwards",
        ignore="loss",
        float32=False,
        quiet=True,
    )
    t.say("train_epoch: loss, state, gradients, clipping")


def train_language_model(t, train_language_model, CharLM, bits_per_character, writer, valid_ids):
    checks.require(
        isinstance(globals().get("writer"), CharLM),
        "train_language_model: there is no trained CharLM. Does the function return it? "
        "Run the cell above.",
    )
    score = bits_per_character(writer, valid_ids[:20_001])
    checks.require(
        math.isfinite(score),
        "train_language_model: the score is not finite. The training has diverged: lower the learning rate, clip.",
    )
    checks.require(
        score < 4.5,
        f"train_language_model: {score:.2f} bits on new text: nothing was learned but how frequent the "
        "characters are, if that. Is the model that you return the one that was trained? Are all batches used?",
    )
    checks.require(
        score < 3.0,
        f"train_language_model: {score:.2f} bits on new text. It learns, but too little: a larger "
        "learning rate, or more passes?",
    )
    t.say("train_language_model: below 3.0 bits per character on new text")


def sample(t, sample, TwoBack):
    def with_two_back(prompt, length, temperature):
        return sample(TwoBack(), prompt, length, temperature, torch.Generator().manual_seed(0))

    with_two_back.__name__ = "sample"
    t.check(
        with_two_back,
        {"prompt": torch.tensor([1, 3]), "length": 6, "temperature": 0.0},
        "ids",
        float32=False,
        quiet=True,
    )

    def share_of_best(temperature):
        """How often the best of the bets 1/2, 1/4, 1/8, 1/8 is drawn."""
        generator = torch.Generator().manual_seed(1)
        prompt, model = torch.tensor([1, 3]), TwoBack()
        draws = [int(sample(model, prompt, 1, temperature, generator)[-1]) for _ in range(400)]
        return draws.count(2) / 400

    for temperature, share in ((1.0, 0.5), (0.5, 16 / 22), (2.0, 0.366)):
        drawn = share_of_best(temperature)
        other = {1.0: 0.5, 0.5: 0.366, 2.0: 16 / 22}[temperature]
        why = (
            " The generator gives the same draw every time: do not seed it inside."
            if drawn in (0, 1)
            else " The temperature multiplies the logits: it must divide them."
            if temperature != 1 and abs(drawn - other) < 0.06
            else " The temperature has no effect: divide the logits, before the softmax."
            if temperature != 1 and abs(drawn - 0.5) < 0.06
            else ""
        )
        checks.require(
            abs(drawn - share) < 0.1,
            f"sample: at temperature {temperature} the best of the bets 1/2, 1/4, 1/8, 1/8 should be drawn "
            f"{share:.0%} of the time; yours is drawn {drawn:.0%} of the time.{why}",
        )
    texts = []
    for outside in (1, 2):
        torch.manual_seed(outside)
        before = torch.get_rng_state()
        generator = torch.Generator().manual_seed(5)
        texts.append(sample(TwoBack(), torch.tensor([2]), 30, 1.0, generator))
        checks.require(
            torch.equal(before, torch.get_rng_state()),
            "sample: the global random state has moved: draw from generator alone.",
        )
    checks.require(
        torch.equal(*texts),
        "sample: two generators with the same seed give different texts: draw from generator alone.",
    )
    model = TwoBack()
    sample(model, torch.tensor([2]), 3, 1.0, torch.Generator())
    checks.require(
        model.training, "sample: the model was in training mode before, and must be afterwards."
    )
    t.say("sample: prompt, state, temperature, generator, mode")


def bits_of_texts(t, bits_of_texts, TwoBack):
    def several(texts):
        return bits_of_texts(TwoBack().double().eval(), texts)

    several.__name__ = "bits_of_texts"
    t.check(
        several,
        {"texts": [torch.tensor([1, 3, 2, 0]), torch.tensor([1, 3])]},
        "bits",
        float32=False,
        quiet=True,
    )
    story = torch.tensor([1, 3, 0, 2, 2, 1, 0, 3, 3, 1, 2] * 3)
    t.compare(
        "bits_of_texts: bits of one text of 33 characters",
        bits_of_texts(TwoBack().double().eval(), [story]),
    )
    t.say("bits_of_texts: unit, weights, cuts")
