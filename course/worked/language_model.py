"""Worked examples of the exercises of ``02_lstm/language_model.ipynb``."""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch
from torch import nn

from course import bug_hunt, checks
from course.figures.language_model import TwoBack
from course.training import when_graded

LETTERS = torch.as_tensor(np.random.default_rng(0).integers(0, 4, size=12_347))
"""A long text of the letters 0 to 3."""


def make_batches(t, make_batches):
    def laid_out(ids, batch_size, steps):
        batches = make_batches(ids, batch_size, steps)
        checks.require(
            isinstance(batches, list),
            f"make_batches must return a list, since it is read more than once; yours is "
            f"{checks.type_name(batches)}.",
        )
        checks.require(
            all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in batches),
            "make_batches: each entry of the list must be a pair (inputs, targets).",
        )
        parts = [part for pair in batches for part in pair]
        checks.require(
            all(torch.is_tensor(part) for part in parts),
            "make_batches: inputs and targets must be PyTorch tensors.",
        )
        checks.require(
            all(part.dtype == ids.dtype for part in parts),
            f"make_batches: keep the dtype of ids, {ids.dtype}.",
        )
        checks.require(
            len({part.shape for part in parts}) <= 1,
            f"make_batches: all parts must have the shape (batch_size, steps); here they are "
            f"{sorted({tuple(part.shape) for part in parts})}.",
        )
        if not batches:
            return 0, torch.tensor([-1]), torch.tensor([-1])
        inputs, targets = (torch.stack(kind) for kind in zip(*batches, strict=True))
        return len(batches), inputs, targets

    laid_out.__name__ = "make_batches"
    returns = "number of batches, all inputs, all targets"
    for ids, batch_size, steps in (
        (torch.arange(14), 2, 3),
        (torch.arange(12), 2, 3),
        (torch.arange(5, 50), 4, 5),
        (torch.arange(13), 3, 2),
    ):
        args = {"ids": ids, "batch_size": batch_size, "steps": steps}
        t.check(laid_out, args, returns, float32=False, quiet=True)
    none = make_batches(torch.arange(6), 2, 3)
    checks.require(
        isinstance(none, list) and not none,
        "make_batches: six ids fill no batch of two rows and three steps, since the last target "
        "needs a character too: the list must be empty.",
    )
    t.say("make_batches: inputs, targets, what is left over")


def CharLM(t, CharLM):
    V, E, H = 5, 3, 2
    ids = torch.tensor(
        [[0, 3, 1, 4, 4, 2], [2, 2, 0, 1, 3, 0], [4, 1, 1, 0, 2, 3], [1, 0, 4, 3, 2, 2]]
    )

    def weights(vocab_size, embedding_size, hidden_size, cell):
        model = CharLM(vocab_size, embedding_size, hidden_size, cell)
        return sum(p.numel() for p in model.parameters())

    def char_lm(cell):
        """A student's module with known weights; matrices may be stored transposed."""
        model = CharLM(V, E, H, cell).double()
        rows = {"lstm": 4 * H, "rnn": H}[cell]
        wanted = [(V, E), (rows, E), (rows, H), (rows,), (rows,), (V, H), (V,)]
        sizes = [tuple(p.shape) for p in model.parameters()]
        checks.require(
            sorted(map(sorted, sizes)) == sorted(map(sorted, wanted)),
            f"CharLM({V}, {E}, {H}, {cell!r}): the parameters must be those of one nn.Embedding, "
            f"one nn.{cell.upper()} and one nn.Linear, {wanted}; yours are {sizes}.",
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
            isinstance(answer, tuple | list) and len(answer) == 2,
            "CharLM: forward must return two things, the logits and the state.",
        )
        return answer[0]

    weights.__name__ = logits.__name__ = "CharLM"
    for cell in ("lstm", "rnn"):
        args = {"vocab_size": V, "embedding_size": E, "hidden_size": H, "cell": cell}
        t.check(weights, args, f"number of weights ({cell})", float32=False, quiet=True)
    for some in (ids, ids.flip(0), ids[:1, :1]):
        t.check(logits, {"ids": some}, "logits", float32=False, quiet=True)
    model = char_lm("lstm")
    once, again = model(ids)[0], model(ids)[0]
    checks.require(
        torch.equal(once, again),
        "CharLM: the same ids, read twice from a zero state, get other logits the second time. "
        "The module must remember nothing between calls, and nothing random belongs in it.",
    )
    try:
        there = CharLM(V, E, H).to("meta")(ids.to("meta"))[0].device.type == "meta"
    except (RuntimeError, NotImplementedError):
        there = False
    checks.require(
        there,
        "CharLM: on a device other than the CPU it fails. The layer makes its own zeros when the "
        "state is None; any that you make must be on the device of the ids.",
    )
    checks.require(
        once.dtype == torch.float64,
        f"CharLM: float64 weights give {once.dtype} logits: keep the dtype of the parameters.",
    )
    for cell in ("lstm", "rnn"):
        model = char_lm(cell)
        whole, _ = model(ids)
        first, state = model(ids[:, :2])
        checks.require(
            state is not None,
            f"CharLM ({cell}): forward must also return the state after the last step, not None.",
        )
        second, _ = model(ids[:, 2:], state)
        checks.require(
            whole.shape == (4, 6, V) and torch.allclose(whole[:, :2], first),
            f"CharLM ({cell}): the first logits change when more text follows: a bet must not "
            "see the future.",
        )
        t.compare(f"CharLM ({cell}), state handed on: logits", second)
        checks.require(
            torch.allclose(model(ids[:, 2:], state)[0], second),
            f"CharLM ({cell}): the same state, handed in a second time, gives other logits. Leave "
            "the state that was handed in as it is.",
        )
        whole.square().sum().backward()
        for name, p in model.named_parameters():
            checks.require(
                p.grad is not None and p.grad.any(),
                f"CharLM ({cell}): no gradient reaches {name}: leave out detach() and "
                "requires_grad_(False).",
            )
            if p.shape in ((V, E), (E, V)):
                learned = p.grad.any(dim=1 if p.shape == (V, E) else 0)
                checks.require(
                    learned.all(),
                    f"CharLM ({cell}): no gradient reaches the embedding of id "
                    f"{int(learned.int().argmin())}: leave out padding_idx, no id is padding here.",
                )
    t.say("CharLM: weights, logits, state handed on")


class _Watched(TwoBack):
    """A :class:`TwoBack` that notes whether gradients are recorded."""

    recorded = False

    def forward(self, ids, state=None):
        self.recorded |= torch.is_grad_enabled()
        return super().forward(ids, state)


def bits_per_character(t, bits_per_character):
    def score(ids):
        return bits_per_character(TwoBack().double(), ids)  # a new module is in training mode

    score.__name__ = "bits_per_character"
    t.check(score, {"ids": torch.tensor([1, 3, 2, 0])}, "bits", float32=False, quiet=True)
    long = bits_per_character(TwoBack().double(), LETTERS.clone())
    label = f"bits_per_character: bits of a text of {len(LETTERS):,} characters"
    t.compare(label, long)
    for training in (True, False):
        model = _Watched().train(training)
        bits_per_character(model, torch.tensor([1, 3, 2, 0]))
        checks.require(
            model.training is training,
            "bits_per_character: afterwards the model must be in the mode it was in before "
            f"(training={training}); it is not.",
        )
        checks.require(torch.is_grad_enabled(), "bits_per_character: gradients stay switched off.")
        checks.require(
            not model.recorded,
            "bits_per_character: gradients are recorded: measure inside torch.no_grad().",
        )
        checks.require(
            all(p.requires_grad for p in model.parameters()),
            "bits_per_character: afterwards the parameters are frozen: leave requires_grad as it "
            "is, torch.no_grad() is enough.",
        )
    t.say("bits_per_character: bits, state, mode, no gradients")


class _Counts(nn.Module):
    """A weight for each of three letters and one that scales them; the state counts characters."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.5, -0.25, 0.1], dtype=torch.float64))
        self.scale = nn.Parameter(torch.tensor([0.8], dtype=torch.float64))

    def forward(self, ids, state=None):
        state = torch.zeros(1, len(ids), 1, dtype=torch.float64) if state is None else state
        checks.require(
            not state.requires_grad,
            "train_epoch: the state still carries its history: detach it between batches.",
        )
        read = state[0, :, :, None] + torch.arange(1, ids.shape[1] + 1)[:, None]
        logits = self.scale * (0.2 * read * self.weight + 0.3 * ids[:, :, None] * read.sin())
        logits = logits + 0.4 * nn.functional.one_hot(ids, 3)
        state = state + ids.shape[1] + 0 * self.weight.sum()
        return (logits if self.training else 0 * logits), state


class _Pairs(_Counts):
    """A :class:`_Counts` whose state is a pair of tensors, as an LSTM's."""

    def forward(self, ids, state=None):
        for part in () if state is None else state:
            checks.require(
                not part.requires_grad,
                "train_epoch: an LSTM's state is a pair of tensors, and one of them still carries "
                "its history: detach both, as the helper detached does.",
            )
        logits, count = super().forward(ids, None if state is None else state[0])
        return logits, (count, count.clone())


def train_epoch(t, train_epoch):
    ids = torch.tensor(
        [[0, 1, 2, 2, 1, 0, 0, 2, 1, 0, 2, 2, 1], [2, 0, 0, 1, 2, 1, 1, 0, 2, 2, 0, 1, 0]]
    )
    batches = [(ids[:, k : k + 3], ids[:, k + 1 : k + 4]) for k in (0, 3, 6, 9)]

    def one_pass(batches, max_norm):
        model = _Counts().eval()
        for p in model.parameters():  # left over from somewhere: must not count
            p.grad = torch.ones_like(p)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        loss = train_epoch(model, batches, optimizer, max_norm)
        return loss, torch.cat([p.detach().clone() for p in model.parameters()])

    one_pass.__name__ = "train_epoch"
    returns = "loss, weights afterwards"
    for max_norm, free in ((100.0, ""), (0.1, "loss")):
        args = {"batches": batches, "max_norm": max_norm}
        t.check(one_pass, args, returns, ignore=free, float32=False, quiet=True)
    model = _Pairs()
    try:
        train_epoch(model, batches, torch.optim.SGD(model.parameters(), lr=0.5), 1.0)
    except AttributeError as error:
        checks.require(
            "detach" not in str(error),
            f"train_epoch: an LSTM's state is a pair of tensors ({error}). The helper detached "
            "takes both kinds of state.",
        )
        raise
    t.say("train_epoch: loss, state, gradients, clipping")


def _text_of_twelve(length, surprising=0.1):
    """A text in an alphabet of 12, where most characters follow from the one before."""
    rng = np.random.default_rng(1)
    follows, any_one = rng.permutation(12), rng.integers(12, size=length)
    ids = [0]
    for drawn, surprise in zip(any_one[1:], rng.random(length - 1), strict=True):
        ids.append(int(drawn if surprise < surprising else follows[ids[-1]]))
    return torch.tensor(ids)


def _learns_another_text(train_language_model, CharLM, bits_per_character):
    """Require that a training takes its text and the size of the alphabet from its arguments."""
    ids = _text_of_twelve(41_000)
    try:
        model = train_language_model(ids[:40_000].clone(), 12)
    except IndexError as error:
        raise checks.CheckFailed(
            f"train_language_model(ids, 12): {error}. All ids of this text are below 12: does the "
            "function learn from the argument ids, and not from the notebook's text?"
        ) from None
    checks.require(
        isinstance(model, CharLM),
        "train_language_model must return the trained CharLM; yours returns "
        f"{checks.type_name(model)}.",
    )
    bets = model(ids[None, 40_000:])[0].shape[-1]
    checks.require(
        bets == 12,
        f"train_language_model(ids, 12): the model bets on {bets} characters. The size of the "
        "alphabet is an argument: make a CharLM(vocab_size, ...).",
    )
    score = bits_per_character(model, ids[40_000:])
    checks.require(
        score < 1.8,
        f"train_language_model: trained on 40,000 characters in an alphabet of 12, it pays "
        f"{score:.1f} bits there; guessing costs 3.6. Does it learn from the argument ids, and is "
        "the model that you return the one that was trained?",
    )


def train_language_model(t, train_language_model, CharLM, bits_per_character, writer, valid_ids):
    _learns_another_text(train_language_model, CharLM, bits_per_character)
    checks.require(
        isinstance(writer, CharLM),
        "train_language_model: there is no trained CharLM. Does the function return it? "
        "Run the cell above.",
    )
    score = bits_per_character(writer, valid_ids[:20_001])
    checks.require(
        math.isfinite(score),
        "train_language_model: the score is not finite. The training has diverged: lower the "
        "learning rate, clip.",
    )
    checks.require(
        score < 4.5,
        f"train_language_model: {score:.2f} bits on new text: nothing was learned but how frequent "
        "the characters are, if that. Is the model that you return the one that was trained? Are "
        "all batches used?",
    )
    enough = when_graded(3.2, otherwise=3.0)
    checks.require(
        score < enough,
        f"train_language_model: {score:.2f} bits on new text. It learns, but too little: a larger "
        "learning rate, or more passes?",
    )
    t.say(f"train_language_model: below {enough} bits per character on new text")


class _Loud(TwoBack):
    """A :class:`TwoBack` with larger logits, and therefore the same bets."""

    def forward(self, ids, state=None):
        logits, state = super().forward(ids, state)
        return (logits if self.training else logits + 60), state


def sample(t, sample):
    def seeded(seed):
        return torch.Generator().manual_seed(seed)

    def certain(prompt, length, temperature):
        try:
            ids = sample(_Loud(), prompt, length, temperature, seeded(0))
            checks.require(
                not (torch.is_tensor(ids) and ids.is_floating_point()),
                "sample: ids are whole numbers: keep the dtype of the prompt, torch.int64.",
            )
            return ids
        except RuntimeError as error:
            advice = "The exponential must not overflow: torch.softmax sees to it."
            if temperature == 0:
                advice = "Take the most probable character there, without dividing."
            checks.require(
                "inf" not in str(error),
                f"sample: at temperature {temperature} nothing can be drawn ({error}). {advice}",
            )
            raise

    certain.__name__ = "sample"
    args = {"prompt": torch.tensor([1, 3]), "length": 6, "temperature": 0.0}
    t.check(certain, args, "ids", float32=False, quiet=True)
    texts = []
    for outside in (1, 2):
        torch.manual_seed(outside)
        before = torch.get_rng_state()
        texts.append(sample(TwoBack(), torch.tensor([2]), 30, 1.0, seeded(5)))
        checks.require(
            torch.equal(before, torch.get_rng_state()),
            "sample: the global random state has moved: draw from generator alone.",
        )
    checks.require(
        torch.equal(*texts),
        "sample: two generators with the same seed give different texts: draw from generator "
        "alone.",
    )
    generator = seeded(5)
    first, second = (sample(TwoBack(), torch.tensor([2]), 30, 1.0, generator) for _ in range(2))
    checks.require(
        not torch.equal(first, second),
        "sample: one generator gives the same text twice: do not seed it inside.",
    )
    for temperature in (1.0, 0.5, 2.0):
        label = f"sample: shares of the bets 1/2, 1/4, 1/8, 1/8 drawn at temperature {temperature}"
        t.compare(label, _shares(sample, temperature, seeded(1)), atol=0.08, rtol=0)
    t.check(certain, args | {"temperature": 0.05}, "ids", float32=False, quiet=True)
    for training in (True, False):
        model = _Watched().train(training)
        sample(model, torch.tensor([2]), 3, 1.0, seeded(0))
        checks.require(
            model.training is training,
            "sample: afterwards the model must be in the mode it was in before "
            f"(training={training}); it is not.",
        )
        checks.require(
            torch.is_grad_enabled() and not model.recorded,
            "sample: gradients are recorded, or stay switched off: write inside torch.no_grad().",
        )
        checks.require(
            all(p.requires_grad for p in model.parameters()),
            "sample: afterwards the parameters are frozen: leave requires_grad as it is, "
            "torch.no_grad() is enough.",
        )
    found = sample(_Places(), torch.tensor([3, 0]), 5, 0.0, seeded(0))
    checks.require(
        found.tolist() == [3, 0, 2, 3, 0, 1, 2],
        "sample: a state that counts what is read shows that characters are read twice, or never. "
        "With the state handed on, read what is new; or read all of it from None.",
    )
    shares = _shares(sample, 0.05, seeded(2), _Flat())
    checks.require(
        np.allclose(shares, [1 / 2, 1 / 4, 1 / 8, 1 / 8], atol=0.08),
        "sample: at temperature 0.05 a model of small logits bets 1/2, 1/4, 1/8, 1/8; these are "
        f"drawn {[round(float(share), 2) for share in shares]} of the time. Only at 0 is the most "
        "probable character taken.",
    )
    t.say("sample: prompt, state, temperature, generator, mode, no gradients")


class _Places(nn.Module):
    """Bets on the number of characters read, modulo 4; the state counts them."""

    def __init__(self):
        super().__init__()
        self.sure = nn.Parameter(torch.tensor(9.0))

    def forward(self, ids, state=None):
        place = torch.arange(1, ids.shape[1] + 1)
        place = place if state is None else place + state[0, 0, 0]
        logits = self.sure * nn.functional.one_hot(place % 4, 4)
        return logits.expand(len(ids), -1, -1), place[-1].expand(1, len(ids), 1)


class _Flat(TwoBack):
    """A :class:`TwoBack` whose logits are 20 times as small."""

    def forward(self, ids, state=None):
        logits, state = super().forward(ids, state)
        return 0.05 * logits, state


def _shares(sample, temperature, generator, model=None, length=2000):
    """How often each of the bets 1/2, 1/4, 1/8, 1/8 of a :class:`TwoBack` is drawn."""
    prompt = torch.tensor([1, 3])
    ids = sample(model or TwoBack(), prompt, length, temperature, generator)
    older, last, drawn = ids[:-2], ids[1:-1], ids[2:]
    ranks = (drawn - older - 3 * last) % 4
    return torch.bincount(ranks, minlength=4).double() / len(ranks)


def test_score(t, test_score, colleagues_bits):
    red = {
        colleagues_bits: "colleagues_bits",
        "nats": "a score that is wrong for every text",
        "pieces": "a score that is right wherever all parts are equally long",
        "lost": "a score that is right for short texts alone",
        "forgets": "a score that reads every 16 characters from a zero state",
        "leaks": "a score that reads the second text from the state after the first",
        "texts": "a score in which a short text counts as much as a long one",
        "first": "a score that counts first characters, for which nothing is paid",
        "joined": "a score that reads all texts as one",
    }
    green = {"": "a right score, read letter by letter"}
    t.say(bug_hunt.require_red_and_green(test_score, _letter_by_letter, red=red, green=green))


def _letter_by_letter(model, texts, slip=""):
    """Bits per character of several texts, read one letter at a time, or with one slip."""
    was_training = model.training
    model.eval()
    unit = 1 if slip == "nats" else math.log(2)
    state, paid = None, []
    for number, ids in enumerate([torch.cat(list(texts))] if slip == "joined" else texts):
        state = state if slip == "leaks" else None
        for place, (last, following) in enumerate(itertools.pairwise(ids)):
            if slip == "lost" and place % 16 == 15:
                continue
            if slip == "forgets" and place % 16 == 0:
                state = None
            with torch.no_grad():
                logits, state = model(last.reshape(1, 1), state)
            bits = -logits[0, 0].double().log_softmax(dim=0)[following].item() / unit
            paid.append((number, place // 16, bits))
    model.train(was_training)
    if slip in ("pieces", "texts"):
        groups = {}
        for number, piece, bits in paid:
            groups.setdefault((number, piece if slip == "pieces" else 0), []).append(bits)
        return float(np.mean([np.mean(group) for group in groups.values()]))
    count = len(paid) + (len(texts) if slip == "first" else 0)
    return sum(bits for *_, bits in paid) / count


def bits_of_texts(t, bits_of_texts):
    def several(*texts):
        return bits_of_texts(TwoBack().double().eval(), list(texts))

    several.__name__ = "bits_of_texts"
    story = torch.tensor([1, 3, 0, 2, 2, 1, 0, 3, 3, 1, 2] * 3)
    for texts in (
        [torch.tensor([1, 3, 2, 0]), torch.tensor([1, 3])],
        [story],
        [story[:19], LETTERS[:50], story[3:8]],
    ):
        args = {f"texts[{k}]": ids for k, ids in enumerate(texts)}
        t.check(several, args, "bits", float32=False, quiet=True)
    texts = [story[:5], story[:3], story[:9]]
    bits_of_texts(TwoBack().double().eval(), passed := [ids.clone() for ids in texts])
    checks.require(
        len(passed) == 3 and all(map(torch.equal, passed, texts)),
        "bits_of_texts changed the list of texts: leave it, and the texts, as they are.",
    )
    t.say("bits_of_texts: unit, weights, cuts")
