"""Worked examples of the exercises of ``05_attention/seq2seq.ipynb``."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from course import checks


def edit_distance(t, edit_distance):
    t.check(
        edit_distance,
        {"a": "N AY T L IY".split(), "b": "K N IH T S L IY".split()},
        "distance",
        quiet=True,
    )
    for a, b, want, says in (
        ("", "", 0, "Two empty sequences are equal."),
        (
            "abc",
            "",
            3,
            "Everything must be taken out: the first column of the table is 0, 1, 2, ...",
        ),
        ("", "ab", 2, "Everything must be put in: the first row of the table is 0, 1, 2, ..."),
        ("a", "b", 1, "One item replaced is one change, not two."),
        ("kitten", "sitting", 3, "Two replacements and one insertion."),
        (
            "abcdef",
            "bcdef",
            1,
            "One missing item at the front is one change, not one for each place.",
        ),
        ("ab", "ba", 2, "Two neighbours that swap places count as two changes."),
        ("aab", "ab", 1, "Repeated items count, and so does their order: do not use sets."),
        ([1, 2, 3, 4], (1, 3, 4), 1, "One item is missing: 1 change."),
    ):
        got = edit_distance(a, b)
        checks.require(
            got == want and int(got) == got,
            f"edit_distance({a!r}, {b!r}) is {got!r}; it must be {want}. {says}",
        )
    t.say("edit_distance: empty, shifted and repeated items are counted right")


def Encoder(t, Encoder):
    ids = torch.tensor([[5, 2, 9, 0, 0], [7, 3, 11, 4, 0], [6, 0, 0, 0, 0]])
    lengths = torch.tensor([3, 4, 1])
    real = torch.arange(5) < lengths[:, None]
    try:
        model = Encoder(12, 4, 3).double()
        draw = torch.Generator().manual_seed(3)
        for _, parameter in sorted(model.named_parameters()):
            nn.init.normal_(parameter, std=0.5, generator=draw)
        given = ids.clone(), lengths.clone()
        answer = model(*given)
    except NotImplementedError:
        raise checks.CheckFailed("Encoder is not written yet: replace both TODOs above.") from None
    for name, kind in (("embedding", nn.Embedding), ("bridge", nn.Linear)):
        checks.require(
            isinstance(getattr(model, name, None), kind),
            f"Encoder needs an nn.{kind.__name__} under the name self.{name}.",
        )
    checks.require(
        isinstance(answer, tuple | list) and len(answer) == 2,
        "forward must return two values: memory, state.",
    )
    memory, state = answer
    shape = tuple(memory.shape)
    checks.require(
        shape == (3, 5, 6),
        f"memory has shape {shape}; it must be (3, 5, 6) = (N, T, 2H). "
        + (
            "T must stay as it is in ids, also when it exceeds the longest length "
            "(total_length=ids.shape[1])."
            if shape == (3, 4, 6)
            else "Are the returned values in the order memory, state? Does the batch come first?"
            if shape != (3, 5, 3)
            else "Both directions belong into it (bidirectional=True)."
        ),
    )
    checks.require(
        tuple(state.shape) == (3, 3),
        f"state has shape {tuple(state.shape)}; it must be (3, 3) = (N, H), one row per word, after "
        "the bridge.",
    )
    checks.require(
        memory.dtype == state.dtype == torch.float64,
        f"The model is float64 here; memory has dtype {memory.dtype}, state {state.dtype}.",
    )
    checks.require(
        (memory[~real] == 0).all(), "memory must be exactly 0 on padding (pad_packed_sequence)."
    )
    garbage = torch.where(real, ids, torch.full_like(ids, 8))
    others = model(garbage, lengths)
    checks.require(
        torch.allclose(others[0], memory) and torch.allclose(others[1], state),
        "Other ids in the padding change the result: the GRU reads the padding. Pack the batch.",
    )
    alone = model(ids[:1, :3], lengths[:1])
    checks.require(
        torch.allclose(alone[0], memory[:1, :3]) and torch.allclose(alone[1], state[:1]),
        "A word alone gives other values than in a batch: do the words of a batch get mixed up? "
        "(batch_first=True, enforce_sorted=False, [forward; backward] joined along dim=1.)",
    )
    changed = ids.clone()
    changed[1, 3] = 10
    checks.require(
        not torch.allclose(model(changed, lengths)[0][1, 0], memory[1, 0]),
        "The first state of a word does not know its last letter: the GRU must be bidirectional.",
    )
    with torch.no_grad():
        before = model.bridge.weight.clone(), model.bridge.bias.clone()
        model.bridge.weight.copy_(torch.eye(6)[[0, 1, 5]])
        model.bridge.bias.zero_()
        first = torch.atanh(model(ids, lengths)[1])
        model.bridge.weight.copy_(before[0]), model.bridge.bias.copy_(before[1])
    last = memory[torch.arange(3), lengths - 1]
    checks.require(
        not torch.allclose(torch.tanh(first[:, :2]), last[:, :2]),
        "state is not squashed: tanh comes after the bridge.",
    )
    checks.require(
        torch.allclose(first[:, :2], last[:, :2]),
        "The first half of what the bridge reads must be the forward state at each word's last "
        "real letter.",
    )
    checks.require(
        not torch.allclose(first[:, 2], last[:, 5]),
        "The second half of what the bridge reads is the backward state at the word's last letter, "
        "where it has read one letter only. Its final state is at the first letter.",
    )
    checks.require(
        torch.allclose(first[:, 2], memory[:, 0, 5]),
        "The second half of what the bridge reads must be the backward direction's final state.",
    )
    checks.require(
        torch.equal(given[0], ids) and torch.equal(given[1], lengths),
        "forward changed ids or lengths in place.",
    )
    t.say("Encoder: memory (3, 5, 6), state (3, 3), deaf to padding and neighbours")


def Decoder(t, Decoder):
    ids = torch.tensor([[1, 4, 6, 3], [1, 5, 3, 2]])
    draw = torch.Generator().manual_seed(5)
    state = torch.randn(2, 3, generator=draw, dtype=torch.float64)
    memory = torch.randn(2, 5, 6, generator=draw, dtype=torch.float64)
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    try:
        model = Decoder(8, 4, 3).double()
        draw = torch.Generator().manual_seed(3)
        for _, parameter in sorted(model.named_parameters()):
            nn.init.normal_(parameter, std=0.5, generator=draw)
        given = [ids.clone(), state.clone(), memory.clone(), mask.clone()]
        answer = model(*given)
    except NotImplementedError:
        raise checks.CheckFailed("Decoder is not written yet: replace both TODOs above.") from None
    parts = (
        ("embedding", nn.Embedding, (8, 4)),
        ("query", nn.Linear, (6, 3)),
        ("combine", nn.Linear, (3, 9)),
        ("output", nn.Linear, (8, 3)),
    )
    for name, kind, shape in parts:
        part = getattr(model, name, None)
        checks.require(
            isinstance(part, kind), f"Decoder needs an nn.{kind.__name__} named self.{name}."
        )
        checks.require(
            tuple(part.weight.shape) == shape,
            f"Decoder(8, 4, 3).{name} has weights of shape {tuple(part.weight.shape)}; they must "
            f"be {shape}.",
        )
    checks.require(model.query.bias is None, "query must have no bias (bias=False).")
    checks.require(
        isinstance(answer, tuple | list) and len(answer) == 3,
        "forward must return three values: logits, state, weights.",
    )
    logits, after, weights = answer
    wanted = {"logits": (2, 4, 8), "state": (2, 3), "weights": (2, 4, 5)}
    for (name, shape), got in zip(wanted.items(), answer, strict=True):
        checks.require(
            tuple(got.shape) == shape,
            f"{name} has shape {tuple(got.shape)}; it must be {shape}. The order is logits, state, "
            "weights; the batch comes first, and the state has no axis for the layers.",
        )
    sums = weights.sum(2)
    checks.require(
        (weights[1, :, 3:] == 0).all(),
        "Weights on padding must be exactly 0: use masked_softmax with memory_mask[:, None, :].",
    )
    checks.require(
        torch.allclose(sums, torch.ones_like(sums)),
        "The weights of each step must sum to 1 over the letters (the last axis).",
    )
    loud = torch.where(mask[:, :, None], memory, 30.0)
    checks.require(
        torch.allclose(model(ids, state, loud, mask)[0], logits),
        "What lies in the memory's padding changes the logits.",
    )
    now = state
    fed = []
    for t in range(4):
        step, now, _ = model(ids[:, t : t + 1], now, memory, mask)
        fed.append(step)
    checks.require(
        torch.allclose(torch.cat(fed, dim=1), logits) and torch.allclose(now, after),
        "Four steps one by one, each with the state that the last one returned, must give the same "
        "as the four steps in one go. Is the state used, and is the one returned the last?",
    )
    checks.require(
        not torch.allclose(model(ids, 0 * state, memory, mask)[0][:, 0], logits[:, 0]),
        "Another state changes nothing: the GRU must start from it.",
    )
    turned = model(ids, state, memory.flip(1), mask.flip(1))
    checks.require(
        torch.allclose(turned[0], logits) and torch.allclose(turned[2], weights.flip(2)),
        "Turn the memory round (and its mask), and the weights must turn with it while the logits "
        "stay: the scores must come from what lies in the memory, not from its place.",
    )
    with torch.no_grad():
        held = model.query.weight.clone()
        model.query.weight.zero_()
        flat = model(ids, state, memory, mask)[2]
        model.query.weight.copy_(2 * held)
        sharp = model(ids, state, memory, mask)[2]
        model.query.weight.copy_(held)
    real = mask[:, None, :].expand_as(flat)
    checks.require(
        torch.allclose(
            flat[real], (mask.double() / mask.sum(1, keepdim=True))[:, None].expand_as(flat)[real]
        )
        and torch.allclose(
            *[torch.log(w[0] / w[0, :, :1]) * k for w, k in ((weights, 2.0), (sharp, 1.0))]
        ),
        "The scores must be linear in query's output: query(h) · memory, without tanh, and no bias.",
    )
    other = logits[0].clone()
    memory_2 = memory.clone()
    memory_2[0] *= 1.5
    checks.require(
        not torch.allclose(model(ids, state, memory_2, mask)[0][0], other),
        "The logits do not notice the memory: combine must read [h; context].",
    )
    leaf = memory.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(model(ids, state, leaf, mask)[0].square().sum(), leaf)
    checks.require(
        (gradient[mask].abs().sum(1) > 0).all() and (gradient[~mask] == 0).all(),
        "The gradient of the logits must reach each real letter of the memory, and no padding.",
    )
    checks.require(
        bool((torch.logsumexp(logits, 2).abs() > 1e-6).any()),
        "The logits are log-probabilities already: return plain scores, without a softmax.",
    )
    checks.require(
        bool((logits.sum(2) - 1).abs().max() > 1e-6),
        "The logits sum to 1 in each step: return plain scores, without a softmax.",
    )
    checks.require(
        all(torch.equal(a, b) for a, b in zip(given, [ids, state, memory, mask], strict=True)),
        "forward changed an argument in place.",
    )
    t.say("Decoder: logits (2, 4, 8), state (2, 3), weights (2, 4, 5), one step = many steps")


def teacher_forced_loss(t, teacher_forced_loss, START):
    class ToyEncoder(nn.Module):
        """Memory: (letter, place, ...) of each letter, also of padding; state: the first letter."""

        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones((), dtype=torch.float64))

        def forward(self, ids, lengths):
            place = torch.arange(ids.shape[1]).expand_as(ids)
            memory = torch.stack([ids, place], dim=2).double() * self.scale
            return memory, memory[:, 0, :1]

    class ToyDecoder(nn.Module):
        """Logits from what it is fed, from its state, and from the mean of the readable memory."""

        def __init__(self) -> None:
            super().__init__()
            self.heard = []

        def forward(self, ids, state, memory, memory_mask):
            checks.require(
                ids.dim() == 2 and len(ids) == len(memory) and ids.dtype == torch.int64,
                f"The decoder is fed ids of shape {tuple(ids.shape)}; it must be (N, Ty).",
            )
            checks.require(
                memory_mask.dtype == torch.bool
                and tuple(memory_mask.shape) == tuple(memory.shape[:2]),
                f"The decoder got a mask of dtype {memory_mask.dtype} and shape "
                f"{tuple(memory_mask.shape)}; it must be bool, (N, Tx): one value per letter.",
            )
            self.heard.append(ids)
            readable = memory_mask[:, :, None].double()
            seen = (memory * readable).sum(1, keepdim=True) / readable.sum(1, keepdim=True)
            rows = []
            for t in range(ids.shape[1]):
                state = (state + ids[:, t : t + 1]) / 2
                rows.append(torch.cat([state, seen[:, 0]], dim=1))
            wave = (
                torch.arange(1.0, 7.0, dtype=torch.float64)
                * torch.stack(rows, 1).sum(2)[:, :, None]
            )
            weights = (memory_mask / memory_mask.sum(1, keepdim=True))[:, None].expand(
                -1, ids.shape[1], -1
            )
            return 2 * torch.sin(wave), state, weights

    source = torch.tensor([[3, 1, 2, 0], [2, 0, 0, 0], [4, 2, 0, 0]])
    lengths = torch.tensor([3, 1, 2])
    target = torch.tensor([[3, 5, 4, 2], [4, 2, 0, 0], [5, 3, 2, 0]])
    given = source.clone(), lengths.clone(), target.clone()
    encoder, decoder = ToyEncoder(), ToyDecoder()
    try:
        loss = teacher_forced_loss(encoder, decoder, *given)
    except NotImplementedError:
        raise checks.CheckFailed(
            "teacher_forced_loss is not written yet: replace the TODO above."
        ) from None
    checks.require(
        isinstance(loss, torch.Tensor) and loss.dim() == 0,
        "teacher_forced_loss must return a scalar tensor (mean over the real steps).",
    )
    heard = torch.cat(decoder.heard, dim=1)
    checks.require(
        not torch.equal(heard[:, : target.shape[1]], target),
        "The decoder is fed the very sound that it is to say: shift the target by one step and put "
        "START in front.",
    )
    checks.require(
        bool((heard[:, 0] == START).all()), "What the decoder is fed first must be START."
    )
    t.compare("teacher_forced_loss: loss", loss)
    checks.require(
        loss.requires_grad, "The loss has no graph: no detach(), no .item(), no torch.no_grad()."
    )
    checks.require(
        all(torch.equal(a, b) for a, b in zip(given, (source, lengths, target), strict=True)),
        "teacher_forced_loss changed an argument in place.",
    )
    t.say(f"teacher_forced_loss: {loss:.6f} on the example, over 9 real steps of 12")


def greedy_decode(t, greedy_decode, END, START):
    class Parrot(nn.Module):
        """Says the word's letters one after the other (3 and up), then END, then rubbish."""

        def __init__(self) -> None:
            super().__init__()
            self.calls, self.fed = 0, []

        def forward(self, ids, state, memory, memory_mask):
            checks.require(
                tuple(ids.shape) == (len(memory), 1),
                f"The decoder is fed ids of shape {tuple(ids.shape)}; it must be (N, 1), one step.",
            )
            checks.require(
                tuple(memory_mask.shape) == tuple(memory.shape[:2])
                and memory_mask.dtype == torch.bool,
                f"The decoder got a mask of shape {tuple(memory_mask.shape)} and dtype "
                f"{memory_mask.dtype}; it must be bool, (N, Tx).",
            )
            self.calls += 1
            self.fed.append(ids[:, 0].tolist())
            place = state[:, 0].long()
            length = memory_mask.sum(1)
            letter = memory[
                torch.arange(len(memory)), place.clamp(max=memory.shape[1] - 1), 0
            ].long()
            say = torch.where(place < length, letter, torch.where(place == length, END, 4))
            confused = (ids[:, 0] != state[:, 1].long()) & (place > 0)
            say = torch.where(confused, 7, say)
            logits = functional.one_hot(say, 9).double()[:, None] * 5
            return logits, torch.stack([state[:, 0] + 1, say.double()], dim=1), None

    def parrot_encoder(ids, lengths):
        return ids[:, :, None].double(), torch.zeros(len(ids), 2, dtype=torch.float64)

    source = torch.tensor([[5, 3, 6, 0, 0], [8, 0, 0, 0, 0], [3, 4, 5, 6, 0]])
    lengths = torch.tensor([3, 1, 4])
    given = source.clone(), lengths.clone()
    parrot = Parrot()
    try:
        said = greedy_decode(parrot_encoder, parrot, *given, max_len=9)
    except NotImplementedError:
        raise checks.CheckFailed(
            "greedy_decode is not written yet: replace the TODO above."
        ) from None
    want = [[5, 3, 6], [8], [3, 4, 5, 6]]
    checks.require(
        isinstance(said, list) and all(isinstance(row, list) for row in said),
        f"greedy_decode must return a list of lists, not {checks.type_name(said)}.",
    )
    checks.require(
        bool(parrot.fed) and all(i == START for i in parrot.fed[0]),
        "The first thing to feed the decoder is START, for each row.",
    )
    checks.require(
        any(7 in row for row in said) is False,
        f"The decoder got confused: feed it at each step what it said last. Yours says {said}.",
    )
    checks.require(
        not any(row and row[0] == START for row in said), "START does not belong into the result."
    )
    checks.require(
        not any(END in row for row in said),
        f"END and what comes after it do not belong into the result; yours is {said}.",
    )
    checks.require(
        len(said) == 3, f"The result has {len(said)} rows; it must have 3, one per word."
    )
    checks.require(
        said != [row[:2] for row in want],
        "Everything stops when the first word has ended; the others must go on.",
    )
    checks.require(said == want, f"greedy_decode says {said}; on this example it must say {want}.")
    checks.require(
        parrot.calls == 5,
        f"The decoder was called {parrot.calls} times; here all words have ended after 5 steps.",
    )
    parrot = Parrot()
    cut = greedy_decode(parrot_encoder, parrot, source, lengths, max_len=2)
    checks.require(
        cut == [[5, 3], [8], [3, 4]] and parrot.calls == 2,
        f"With max_len=2 the result must be [[5, 3], [8], [3, 4]], after 2 steps; yours is {cut}, "
        f"after {parrot.calls}.",
    )
    checks.require(
        torch.equal(given[0], source) and torch.equal(given[1], lengths),
        "greedy_decode changed source or lengths in place.",
    )
    t.say(f"greedy_decode: {said}")


def train_speller(t, train_speller, losses, transcribe, encoder, decoder, words, error_rates):
    checks.require(
        "losses" in globals(),
        "train_speller: there is no trained model yet. Write the function and run the cell above.",
    )
    checks.require(
        isinstance(losses, list) and len(losses) == 300,
        "train_speller must return a list with the loss of each of the 300 steps.",
    )
    checks.require(
        all(isinstance(loss, float) for loss in losses),
        "train_speller: the losses must be plain numbers (loss.item()), not tensors that hold on to "
        "their graphs.",
    )
    late = float(np.mean(losses[-20:]))
    checks.require(
        np.isfinite(late) and late < 2.0,
        f"train_speller: the loss of the last 20 batches is {late:.2f}. It has not learned: is there an "
        "optimizer.step() after loss.backward(), zero_grad() before it, and a new batch every step?",
    )
    said = transcribe(encoder, decoder, words.valid.inputs[:500])
    wrong = error_rates(said, words.valid.targets[:500])[0]
    checks.require(
        wrong < 0.62,
        f"train_speller: {wrong:.0%} of 500 validation words are wrong; it should be little more than half of them. "
        "Does the optimiser have the parameters of both modules? Does the learning rate reach its peak "
        "and come down again?",
    )
    t.say("train_speller: fewer than 62 % of the validation words are wrong")


def beam_search(t, beam_search):
    def from_table(table: dict, size: int):
        """A step function from {prefix: {symbol: probability}}; what is not listed is impossible."""

        def step(prefix):
            key = tuple(int(i) for i in prefix)
            checks.require(
                key[:1] == (0,),
                f"step_fn was asked about the prefix {list(key)}; it must begin with start, 0.",
            )
            checks.require(
                1 not in key,
                f"step_fn was asked what follows {list(key)}, which has ended already: put finished "
                "hypotheses aside.",
            )
            step.asked.append(key)
            log_probs = np.full(size, -np.inf)
            for symbol, probability in table.get(key, {1: 1.0}).items():
                log_probs[symbol] = np.log(probability)
            return log_probs

        step.asked = []
        return step

    # 0 is start, 1 is end, 2 and 3 are symbols.
    corner = {
        (0,): {2: 0.6, 3: 0.4},
        (0, 2): {1: 0.4, 2: 0.3, 3: 0.3},
        (0, 3): {1: 0.9, 2: 0.1},
    }
    broad = {
        (0,): {2: 0.5, 3: 0.5},
        (0, 2): {2: 0.5, 3: 0.4, 1: 0.1},
        (0, 3): {2: 0.6, 3: 0.3, 1: 0.1},
        **{(0, i, j): {1: 0.7, 2: 0.3} for i in (2, 3) for j in (2, 3)},
    }
    late = {
        (0,): {1: 0.4, 2: 0.6},
        (0, 2): {1: 0.1, 3: 0.9},
        (0, 2, 3): {1: 0.3, 2: 0.7},
        (0, 2, 3, 2): {1: 0.7, 3: 0.3},
    }
    narrow = {(0,): {2: 1.0}, (0, 2): {2: 1.0}}

    for table, width, max_len, want, score, says in (
        (corner, 1, 5, [2], -0.713558, "With width=1 this is greedy decoding"),
        (corner, 2, 5, [3], -0.510826, "A beam of 2 must find the better way over 3"),
        (broad, 2, 5, [3, 2], -0.520216, "The totals decide who survives"),
        (late, 2, 6, [2, 3, 2], -0.332384, "Length normalisation must prefer the long way here"),
        (
            late,
            2,
            2,
            [],
            -0.916291,
            "After 2 steps only [end] itself has finished, and a finished "
            "hypothesis is preferred to a live one",
        ),
        (late, 1, 2, [2, 3], -0.308093, "Nothing has finished in 2 steps: choose among the live"),
        (
            narrow,
            2,
            2,
            [2, 2],
            0.0,
            "Only one extension is possible at each step: an impossible one (-inf) is never kept, "
            "not even when fewer than width are possible",
        ),
    ):
        step = from_table(table, 4)
        try:
            answer = beam_search(step, 0, 1, width, max_len)
        except NotImplementedError:
            raise checks.CheckFailed(
                "beam_search is not written yet: replace the TODO above."
            ) from None
        checks.require(
            isinstance(answer, tuple | list) and len(answer) == 2,
            "beam_search must return two values: best, score.",
        )
        best, got = answer
        checks.require(
            isinstance(best, list), f"best must be a list of ids, not {checks.type_name(best)}."
        )
        checks.require(
            not (best[:1] == [0] or best[-1:] == [1]),
            f"best is {best}; start and end do not belong into it.",
        )
        longest = max(len(key) for key in step.asked)
        checks.require(
            longest <= max_len,
            f"step_fn was asked about a prefix of {longest} ids with max_len={max_len}: one step too many.",
        )
        at_once = max(sum(len(key) == n for key in step.asked) for n in range(1, longest + 1))
        checks.require(
            at_once <= width,
            f"{at_once} hypotheses of the same length were alive with width={width}: keep the best "
            f"{width} of *all* extensions, not of each parent.",
        )
        checks.require(
            best == want,
            f"best is {best} with width={width}, max_len={max_len}; it must be {want}. {says}.",
        )
        emitted = len(best) + (want not in ([2, 3], [2, 2]))
        for wrong, message in (
            (score * emitted, "This is the total: divide it by the number of emitted symbols."),
            (score * emitted / max(len(best), 1), "end counts as a symbol, too."),
            (score * emitted / (emitted + 1), "start does not count as a symbol."),
            (float(np.exp(score)), "This is a probability; the score is its logarithm."),
        ):
            checks.require(
                not np.isclose(got, wrong, atol=1e-5) or np.isclose(wrong, score),
                f"score is {float(got):.6f} with width={width}, max_len={max_len}; it must be "
                f"{score:.6f}. {message}",
            )
        checks.require(
            np.isclose(got, score, atol=1e-5),
            f"score is {float(got):.6f} with width={width}, max_len={max_len}; it must be {score:.6f}.",
        )
    t.say("beam_search: greedy with width 1, a better way with width 2, long answers not punished")


def look_back(t, look_back):
    args = {
        "embedded": torch.tensor([[[1.0], [-0.5]]], dtype=torch.float64),
        "h": torch.tensor([[[0.5, -1.0], [2.0, 1.0]]], dtype=torch.float64),
        "memory": torch.tensor(
            [[[1.0, 0.0, 2.0], [0.0, 1.0, -1.0], [1.0, 3.0, 1.0]]], dtype=torch.float64
        ),
        "memory_mask": torch.tensor([[True, True, False]]),
        "W": torch.tensor(
            [[0.5, 0.0, 0.25], [0.0, 0.5, 0.5], [0.25, -0.5, 0.0]], dtype=torch.float64
        ),
    }
    answer = t.check(look_back, args, "context, weights", atol=2e-6)
    turned = look_back(
        args["embedded"], args["h"], args["memory"].flip(1), args["memory_mask"].flip(1), args["W"]
    )[1]
    checks.require(
        torch.allclose(turned, answer["weights"].flip(2)),
        "Turn the memory round and the weights must turn with it.",
    )


def self_attention(t, self_attention):
    args = {
        "x": torch.tensor(
            [[[1.0, 0.0], [0.0, 2.0], [1.0, -1.0]], [[2.0, 1.0], [1.0, 1.0], [0.0, 3.0]]],
            dtype=torch.float64,
        ),
        "W_q": torch.tensor([[1.0, 0.5, 0.0, 0.0], [0.0, -0.5, 1.0, 0.5]], dtype=torch.float64),
        "W_k": torch.tensor([[0.5, 0.0, -1.0, 0.0], [1.0, 0.5, 0.0, 1.0]], dtype=torch.float64),
        "W_v": torch.tensor([[1.0, 0.0, 2.0], [-1.0, 0.5, 0.0]], dtype=torch.float64),
        "mask": torch.tensor([[True, True, True], [True, True, False]]),
    }
    t.check(self_attention, args, "y")
    none = self_attention(*list(args.values())[:4], torch.zeros(2, 3, dtype=torch.bool))
    checks.require(
        torch.equal(none, torch.zeros_like(none)),
        "A sequence without any real step must give 0, not nan: use masked_softmax.",
    )
    t.say("an empty sequence gives zeros")
