"""Wrong and right ways to write the exercises of ``05_attention/seq2seq.ipynb``."""


def _function(header: str, body: str) -> str:
    return header + "\n" + "\n".join(f"    {line}" for line in body.strip("\n").split("\n")) + "\n"


_EDIT = "def edit_distance(a, b):"
_LOSS = "def teacher_forced_loss(encoder, decoder, source, lengths, target):"
_GREEDY = "@torch.no_grad()\ndef greedy_decode(encoder, decoder, source, lengths, max_len):"
_TRAIN = "def train_speller(encoder, decoder, batches, steps, peak):"
_BEAM = "def beam_search(step_fn, start, end, width, max_len):"
_LOOK = "def look_back(embedded, h, memory, memory_mask, W):"
_SELF = "def self_attention(x, W_q, W_k, W_v, mask):"

# --- edit_distance --------------------------------------------------------------------------
_CELL = "min(above[j - 1] + (x != y), above[j] + 1, row[j - 1] + 1)"

# --- Encoder --------------------------------------------------------------------------------
_CAT = "torch.cat([last[0], last[1]], dim=1)"
_PACKED = """packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(ids), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, last = self.gru(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(
            states, batch_first=True, total_length=ids.shape[1]
        )"""
_RETURN = "return memory, torch.tanh(self.bridge(torch.cat([last[0], last[1]], dim=1)))"
_ENCODER_HEAD = """class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_size)
        self.bridge = nn.Linear(2 * hidden_size, hidden_size)
"""
_CELLS_ENCODER = (
    _ENCODER_HEAD
    + """        self.ahead = nn.GRUCell(embedding_size, hidden_size)
        self.back = nn.GRUCell(embedding_size, hidden_size)

    def forward(self, ids, lengths):
        e = self.embedding(ids)
        N, T, _ = e.shape
        mask = length_mask_(lengths.to(ids.device), T)[:, :, None]
        f = b = e.new_zeros(N, self.ahead.hidden_size)
        ahead, back = [], [None] * T
        for t in range(T):
            f = torch.where(mask[:, t], self.ahead(e[:, t], f), f)
            ahead.append(f)
        for t in reversed(range(T)):
            b = torch.where(mask[:, t], self.back(e[:, t], b), b)
            back[t] = b
        memory = torch.cat([torch.stack(ahead, 1), torch.stack(back, 1)], 2) * mask
        return memory, self.bridge(torch.cat((f, b), -1)).tanh()


def length_mask_(lengths, T):
    return torch.arange(T, device=lengths.device)[None] < lengths[:, None]
"""
)
_SORTED_ENCODER = (
    _ENCODER_HEAD
    + """        self.rnn = nn.GRU(embedding_size, hidden_size, bidirectional=True)

    def forward(self, ids, lengths):
        order = torch.argsort(lengths, descending=True)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(ids[order]).transpose(0, 1), lengths[order].cpu())
        states, last = self.rnn(packed)
        memory = nn.utils.rnn.pad_packed_sequence(states, total_length=ids.size(1))[0]
        back = torch.argsort(order)
        last = last.transpose(0, 1).flatten(1)[back]
        return memory.transpose(0, 1)[back], torch.tanh(self.bridge(last))
"""
)
_GATHER = (
    _PACKED,
    _PACKED
    + """
        H = memory.shape[2] // 2
        final = memory[torch.arange(len(ids)), lengths.to(ids.device) - 1, :H]
        last = (final, memory[:, 0, H:])""",
)

# --- Decoder --------------------------------------------------------------------------------
_RUN = "h, last = self.gru(self.embedding(ids), state[None])"
_SCALE = " / memory.shape[2] ** 0.5"
_SCORES = "scores = self.query(h) @ memory.transpose(1, 2)" + _SCALE
_WEIGHTS = "weights = masked_softmax(scores, memory_mask[:, None, :])"
_SHARED = (
    "weights = torch.sigmoid(scores) * {}[:, None]; "
    "weights = weights / weights.sum(2, keepdim=True).clamp(min=1e-30)"
)
_MIXED = "mixed = torch.tanh(self.combine(torch.cat([h, context], dim=2)))"
_OUT = "return self.output(mixed), last[0], weights"
_DECODER_HEAD = """class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_size)
        self.query = nn.Linear(hidden_size, 2 * hidden_size, bias=False)
        self.combine = nn.Linear(3 * hidden_size, hidden_size)
        self.output = nn.Linear(hidden_size, vocab_size)
"""
_STEP_DECODER = (
    _DECODER_HEAD
    + """        self.cell = nn.GRUCell(embedding_size, hidden_size)

    def forward(self, ids, state, memory, memory_mask):
        logits, weights = [], []
        for t in range(ids.shape[1]):
            state = self.cell(self.embedding(ids[:, t]), state)
            query = self.query(state) / (2 * self.cell.hidden_size) ** 0.5
            scores = torch.bmm(memory, query.unsqueeze(2)).squeeze(2)
            w = torch.softmax(scores.masked_fill(~memory_mask, float("-inf")), dim=1)
            context = torch.bmm(w.unsqueeze(1), memory).squeeze(1)
            logits.append(self.output(torch.tanh(self.combine(torch.cat([state, context], 1)))))
            weights.append(w)
        return torch.stack(logits, 1), state, torch.stack(weights, 1)
"""
)
_EINSUM_DECODER = (
    _DECODER_HEAD
    + """        self.rnn = nn.GRU(embedding_size, hidden_size)

    def forward(self, ids, state, memory, memory_mask):
        h = self.rnn(self.embedding(ids).transpose(0, 1), state.unsqueeze(0))[0].transpose(0, 1)
        e = torch.einsum("nth,nsh->nts", self.query(h), memory) * memory.size(-1) ** -0.5
        e = torch.where(memory_mask.unsqueeze(1), e, torch.full_like(e, -1e30))
        e = (e - e.amax(-1, keepdim=True)).exp()
        w = e / e.sum(-1, keepdim=True)
        c = torch.einsum("nts,nsh->nth", w, memory)
        return self.output(self.combine(torch.cat((h, c), -1)).tanh()), h[:, -1], w
"""
)

# --- teacher_forced_loss --------------------------------------------------------------------
_FED = "fed = torch.cat([start, target[:, :-1]], dim=1)"
_CE = "return functional.cross_entropy(logits[real], target[real])"
_MASK = "length_mask(lengths, source.shape[1])"

# --- beam_search ----------------------------------------------------------------------------
_GROWN = """grown += [
                (prefix + [i], total + float(p)) for i, p in enumerate(log_probs) if p > -np.inf
            ]"""
_BEST = "best, total = max(finished or live, key=lambda h: h[1] / (len(h[0]) - 1))"

# --- look_back ------------------------------------------------------------------------------
_PUBLISHED = (
    "query = torch.cat([embedded, h], dim=2) @ W\n"
    "scores = query[:, :, torch.arange(memory.shape[1]) % query.shape[2]]\n"
    "weights = torch.softmax(scores, dim=-1)\n"
    "return weights @ memory, weights"
)

# --- test_look_back -------------------------------------------------------------------------
_TEST = "def test_look_back(look):"
_READ = '    torch.testing.assert_close(context, weights @ memory, msg="not an average of the memory")\n'
_TURNED = '    torch.testing.assert_close(turned.flip(2), weights, msg="the weights stay behind")\n'
_ALONE = (
    '        torch.testing.assert_close(weights[1:, now, :3], alone, msg="another one alone")\n'
)
_HEARD = (
    '        assert (other - weights).abs().max() > 0.01, "half of the question is not heard"\n'
)
_ASSERTS = _READ, _TURNED, _ALONE, _HEARD
_FILLED = "    mask = length_mask(torch.tensor([5, 3]), 5)\n"
_DATA = """torch.manual_seed(4)
embedded, h, memory = torch.randn(3, 2, 3), torch.randn(3, 2, 2), torch.randn(3, 4, 5)
W, mask = torch.randn(5, 5), torch.arange(4) < torch.tensor([[2], [4], [3]])
context, weights = look(embedded, h, memory, mask, W)
"""
_SHARES = "assert torch.allclose(weights.sum(2), torch.ones(3, 2), atol=1e-5)\n"


def _without(*asserted: str) -> list[tuple[str, str]]:
    return [(one, "") for one in asserted]


def _said_by(way: str) -> str:
    """Look at the turned memory and the padding, and report in another way."""
    return _function(
        _TEST,
        _DATA + "turned = look(embedded, h, memory.flip(1), mask.flip(1), W)[1]\n"
        "good = torch.allclose(turned.flip(2), weights, atol=1e-5)\n"
        "good = good and not weights[0, :, 2:].any()\n" + way,
    )


_SEEN = "seen = torch.ones_like(scores, dtype=torch.bool).tril(k.shape[2] - S)"
_CACHE_IN_PLACE = """def attend_with_cache(x, W, heads, cache=None):
    N, S, D = x.shape
    by_head = lambda a: a.reshape(N, S, heads, D // heads).transpose(1, 2)
    q, k, v = (by_head(x @ W[name]) for name in ("W_q", "W_k", "W_v"))
    cache = [] if cache is None else cache
    cache.append((k, v))
    k, v = (torch.cat(parts, dim=2) for parts in zip(*cache, strict=True))
    scores = q @ k.transpose(2, 3) / (D // heads) ** 0.5
    seen = torch.ones_like(scores, dtype=torch.bool).tril(k.shape[2] - S)
    weights = scores.masked_fill(~seen, -torch.inf).softmax(dim=3)
    return (weights @ v).transpose(1, 2).reshape(N, S, D) @ W["W_o"], cache
"""
_CACHE_BY_HEAD = """def attend_with_cache(x, W, heads, cache=None):
    N, S, D = x.shape
    q, k, v = x @ W["W_q"], x @ W["W_k"], x @ W["W_v"]
    if cache is not None:
        k, v = torch.cat([cache["k"], k], 1), torch.cat([cache["v"], v], 1)
    P, size, found = k.shape[1] - S, D // heads, []
    for part in range(0, D, size):
        own = slice(part, part + size)
        scores = torch.einsum("nsd,npd->nsp", q[..., own], k[..., own]) / size**0.5
        for s in range(S):
            scores[:, s, P + s + 1 :] = -float("inf")
        found.append(torch.softmax(scores, -1) @ v[..., own])
    return torch.cat(found, 2) @ W["W_o"], {"k": k, "v": v}
"""

WRONG = {
    "edit_distance": {
        "Places are compared one by one, so a single missing item makes everything after it wrong: fill the table.": _function(
            _EDIT, "return sum(x != y for x, y in zip(a, b)) + abs(len(a) - len(b))"
        ),
        "A replacement is one change, not two.": [("(x != y)", "2 * (x != y)")],
        "Nothing is ever put in: look at the cell on the left, d[i][j-1] + 1, too.": [
            (_CELL, "min(above[j - 1] + (x != y), above[j] + 1)")
        ],
        "Nothing is ever taken out: look at the cell above, d[i-1][j] + 1, too.": [
            (_CELL, "min(above[j - 1] + (x != y), row[j - 1] + 1)")
        ],
        "The first row must be 0, 1, 2, ...: from nothing to j items takes j changes.": [
            ("list(range(len(b) + 1))", "[0] * (len(b) + 1)")
        ],
        "The first column must be 0, 1, 2, ...: from i items to nothing takes i changes.": [
            ("row = [i]", "row = [0]")
        ],
        "Repeated items count, and so does their order: do not use sets.": _function(
            _EDIT, "return len(set(a) ^ set(b))"
        ),
        "Two neighbours that swap places count as two changes.": _function(
            _EDIT,
            "d = [[i + j if i * j == 0 else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]\n"
            "for i in range(1, len(a) + 1):\n"
            "    for j in range(1, len(b) + 1):\n"
            "        d[i][j] = min(d[i-1][j-1] + (a[i-1] != b[j-1]), d[i-1][j] + 1, d[i][j-1] + 1)\n"
            "        if i > 1 and j > 1 and a[i-1] == b[j-2] and a[i-2] == b[j-1]:\n"
            "            d[i][j] = min(d[i][j], d[i-2][j-2] + 1)\n"
            "return d[-1][-1]",
        ),
        "Items are popped from `a`, which the caller still needs: only read it.": _function(
            _EDIT,
            "n = 0\nrow = list(range(len(b) + 1))\nitems = a\n"
            "while items:\n"
            "    x = items[0]\n"
            "    items = items[1:] if not isinstance(items, list) else (items.pop(0), items)[1]\n"
            "    n += 1\n    new = [n]\n"
            "    for j, y in enumerate(b, 1):\n"
            "        new.append(min(row[j-1] + (x != y), row[j] + 1, new[j-1] + 1))\n"
            "    row = new\nreturn row[-1]",
        ),
        "This is the difference of the lengths: sequences of one length can differ, too.": _function(
            _EDIT, "return abs(len(a) - len(b))"
        ),
        "The distance is a float: a number of changes is an int.": [
            ("return above[-1]", "return float(above[-1])")
        ],
    },
    "Encoder": {
        "The GRU reads the padding: pack the batch, so that it reads each word from its own last letter.": [
            (
                _PACKED,
                "memory, last = self.gru(self.embedding(ids))\n"
                "        memory = memory * (torch.arange(ids.shape[1], device=ids.device)\n"
                "                           < lengths[:, None])[:, :, None]",
            )
        ],
        "T must stay as it is in ids, even when it exceeds the longest length: pad_packed_sequence has total_length for it.": [
            ("batch_first=True, total_length=ids.shape[1]", "batch_first=True")
        ],
        "state is not squashed: tanh comes after the bridge.": [
            (_RETURN, f"return memory, self.bridge({_CAT})")
        ],
        "tanh comes before the bridge: it must come after it.": [
            (
                _RETURN,
                "return memory, self.bridge(torch.tanh(torch.cat([last[0], last[1]], dim=1)))",
            )
        ],
        "The bridge reads the backward state first: the forward one comes first.": [
            (_CAT, "torch.cat([last[1], last[0]], dim=1)")
        ],
        "The final states are (2, N, H), and reshaping them mixes up the words: join the directions along dim=1.": [
            (_CAT, "last.reshape(ids.shape[0], -1)")
        ],
        "The bridge reads the forward state twice: its second half is the backward direction's final state.": [
            (_CAT, "torch.cat([last[0], last[0]], dim=1)")
        ],
        "The backward state is taken at the last letter, where it has read one letter only: it is final at the first.": [
            (
                _RETURN,
                "last = memory[torch.arange(len(ids)), lengths - 1]\n        "
                "return memory, torch.tanh(self.bridge(last))",
            )
        ],
        "The recurrent part must read both ways (bidirectional=True), H units each.": [
            (
                "hidden_size, batch_first=True, bidirectional=True",
                "2 * hidden_size, batch_first=True",
            ),
            (_CAT, "last[0]"),
        ],
        "The returned values have changed places: memory comes first, then state.": [
            (_RETURN, f"return torch.tanh(self.bridge({_CAT})), memory")
        ],
        "No gradient comes back from memory to the embedding: is something detached?": [
            ("return memory,", "return memory.detach(),")
        ],
        "No gradient comes back from state to the embedding: is something detached?": [
            (_CAT, "torch.cat([last[0], last[1]], dim=1).detach()")
        ],
        "The words are sorted by length and never put back in order: pass enforce_sorted=False instead.": [
            (
                "self.embedding(ids), lengths.cpu(), batch_first=True, enforce_sorted=False",
                "self.embedding(ids[lengths.argsort(descending=True)]), "
                "lengths.sort(descending=True).values.cpu(), batch_first=True",
            )
        ],
        "memory has the time first: pass batch_first=True to pad_packed_sequence, too.": [
            ("states, batch_first=True, total_length", "states, total_length")
        ],
    },
    "Decoder": {
        "Padding gets weight: use masked_softmax with memory_mask[:, None, :].": [
            (_WEIGHTS, "weights = torch.softmax(scores, dim=-1)")
        ],
        "The weights of a step do not sum to 1: mask the scores, then softmax over the last axis.": [
            (
                _WEIGHTS,
                "weights = torch.softmax(scores.masked_fill(~memory_mask[:, None], -1e9), dim=1)",
            )
        ],
        "The GRU starts from zeros: start it from `state`.": [
            ("self.gru(self.embedding(ids), state[None])", "self.gru(self.embedding(ids))")
        ],
        "The returned state is the one that came in: return the one after the last step.": [
            (_OUT, "return self.output(mixed), state, weights")
        ],
        "The returned state keeps the GRU's axis for the layers: it must be (N, H).": [
            ("last[0], weights", "last, weights")
        ],
        "Sigmoids divided by their sum are no softmax: masked_softmax gives the weights.": [
            (_WEIGHTS, _SHARED.format("memory_mask"))
        ],
        "There is no tanh between combine and output.": [
            (
                "torch.tanh(self.combine(torch.cat([h, context], dim=2)))",
                "self.combine(torch.cat([h, context], dim=2))",
            )
        ],
        "combine reads [context; h]: it must read [h; context].": [
            ("[h, context]", "[context, h]")
        ],
        "The logits do not notice the memory: combine must read [h; context].": [
            ("[h, context]", "[h, 0 * context]")
        ],
        "The scores are not scaled: divide by sqrt(2H), the root of the size of the vectors compared.": [
            (_SCORES, _SCORES.removesuffix(_SCALE))
        ],
        "The scores are divided by 2H, not by its square root.": [
            (_SCORES, _SCORES.removesuffix(" ** 0.5"))
        ],
        "The scores are divided by sqrt(H); the vectors that are compared have 2H numbers.": [
            (_SCORES, _SCORES.replace("memory.shape[2]", "h.shape[2]"))
        ],
        "The scores are divided by sqrt(Tx); the dot product runs over 2H numbers.": [
            (_SCORES, _SCORES.replace("memory.shape[2]", "memory.shape[1]"))
        ],
        "The scores are multiplied by sqrt(2H): divide by it.": [
            (_SCORES, _SCORES.replace(" / ", " * "))
        ],
        "The state before each step asks: ask with the state after it, which knows what was fed.": [
            (
                "self.query(h) @",
                "self.query(torch.cat([state[:, None], h[:, :-1]], dim=1)) @",
            )
        ],
        "The scores come from the places of the letters: they must come from what lies in the memory there.": [
            (
                _SCORES,
                "scores = self.query(h)[:, :, :1] + torch.arange(memory.shape[1]).to(h) + 0 * "
                "(self.query(h) @ memory.transpose(1, 2))",
            )
        ],
        "The logits are log-probabilities already: return plain scores, without a softmax.": [
            ("self.output(mixed)", "torch.log_softmax(self.output(mixed), dim=-1)")
        ],
        "The memory is detached where it is averaged: the encoder must learn from what was read.": [
            ("attend(weights, memory)", "attend(weights, memory.detach())")
        ],
        "query has a bias: give it bias=False.": [
            ("2 * hidden_size, bias=False", "2 * hidden_size")
        ],
        "The state is detached before it asks: the GRU must learn what to ask.": [
            ("self.query(h) @", "self.query(h.detach()) @")
        ],
        "The logits sum to 1 in each step: return plain scores, without a softmax.": [
            ("self.output(mixed)", "torch.softmax(self.output(mixed), dim=-1)")
        ],
        "There is a tanh around the query: the score is linear, a scaled dot product.": [
            ("self.query(h) @", "torch.tanh(self.query(h)) @")
        ],
    },
    "teacher_forced_loss": {
        "The decoder is fed the very sound that it is to say: shift the target by one step and put START in front.": [
            (_FED, "fed = target")
        ],
        "Padding counts as if it had to be said: take the real steps only.": [
            (_CE, "return functional.cross_entropy(logits.flatten(0, 1), target.flatten())")
        ],
        "The losses are summed: take the mean over the real steps.": [
            ("target[real])", "target[real], reduction='sum')")
        ],
        "The sum over the real steps is divided by all steps, padding included.": [
            (
                _CE,
                "return functional.cross_entropy(logits.transpose(1, 2), target, ignore_index=PAD, "
                "reduction='sum') / target.numel()",
            )
        ],
        "This is the mean of each word's mean; every real step counts the same.": [
            (
                _CE,
                "losses = functional.cross_entropy(logits.transpose(1, 2), target, ignore_index=PAD, "
                "reduction='none')\n    return (losses.sum(1) / real.sum(1)).mean()",
            )
        ],
        "END is left out; it is a real step, the decoder must learn to stop.": [
            ("real = target != PAD", "real = target > END")
        ],
        "The decoder may read the padding of the letters: pass it the mask of the letters.": [
            (_MASK, "torch.ones_like(source, dtype=torch.bool)")
        ],
        "There is a softmax before the cross-entropy, which has its own.": [
            ("logits[real], target", "torch.softmax(logits, dim=2)[real], target")
        ],
        "The first thing the decoder is fed must be START, not PAD.": [
            ("target[:, :1], START", "target[:, :1], PAD")
        ],
        "The loss has no graph to go back through: no detach(), no .item(), no torch.no_grad().": [
            (_CE, _CE + ".detach()")
        ],
        "`target` is overwritten, so that padding counts as END: leave it as it is.": [
            (_FED, "target[target == PAD] = END\n    " + _FED)
        ],
        "The decoder is fed what it said; under teacher forcing it is fed the target.": _function(
            _LOSS,
            "memory, state = encoder(source, lengths)\n"
            "last, rows = torch.full_like(target[:, :1], START), []\n"
            "for _ in range(target.shape[1]):\n"
            f"    logits, state, _ = decoder(last, state, memory, {_MASK})\n"
            "    last = logits.argmax(2)\n    rows.append(logits)\n"
            "real = target != PAD\n"
            "return functional.cross_entropy(torch.cat(rows, 1)[real], target[real])",
        ),
        "The sum is divided by the number of words; divide by the real steps.": [
            ("target[real])", "target[real], reduction='sum') / len(target)")
        ],
        "The first thing the decoder is fed must be START, not END.": [
            ("target[:, :1], START", "target[:, :1], END")
        ],
    },
    "greedy_decode": {
        "Everything stops when the first word has ended: the others must go on.": [
            ("ended.all()", "ended.any()")
        ],
        "It always takes `max_len` steps: stop as soon as all words have ended.": [
            ("if ended.all():\n            break", "")
        ],
        "END does not belong in the result: cut each row before it.": [
            ("row[: row.index(END)]", "row[: row.index(END) + 1]")
        ],
        "What was said after END is kept: cut each row at its first END.": [
            (
                "[row[: row.index(END)] if END in row else row for row in rows]",
                "[[i for i in row if i != END] for row in rows]",
            )
        ],
        "Each row is cut at its last END: cut it at the first.": [
            ("row[: row.index(END)]", "row[: len(row) - 1 - row[::-1].index(END)]")
        ],
        "The decoder is fed START at every step: feed it what it said last.": [
            (
                "last = logits.argmax(dim=2)\n        said.append(last)",
                "said.append(logits.argmax(dim=2))",
            ),
            ("last[:, 0] == END)", "said[-1][:, 0] == END)"),
        ],
        "Every step begins from the encoder's state: hand the decoder's new state on.": [
            ("logits, state, _ = decoder", "logits, _, _ = decoder")
        ],
        "The decoder may read the padding of the letters: pass it the mask of the letters.": [
            (_MASK, "torch.ones_like(source, dtype=torch.bool)")
        ],
        "One step too many: there are at most `max_len`.": [
            ("range(max_len)", "range(max_len + 1)")
        ],
        "The rows hold tensors: make plain numbers of them, with .tolist() or .item().": [
            (
                "rows = torch.cat(said, dim=1).tolist()",
                "rows = [list(row) for row in torch.cat(said, dim=1)]",
            )
        ],
        "This is one tensor, END and all: return a list of lists, each cut at its first END.": [
            (
                "return [row[: row.index(END)] if END in row else row for row in rows]",
                "return torch.cat(said, dim=1)",
            )
        ],
        "It stops only when all words say END in the same step: remember which have ended.": [
            ("ended = ended | (last[:, 0] == END)", "ended = last[:, 0] == END")
        ],
        "START does not belong in the result: keep only what the decoder says.": [
            ("ended, said = last[:, 0] == END, []", "ended, said = last[:, 0] == END, [last]")
        ],
        "The first thing the decoder is fed must be START, not PAD.": [
            ("source[:, :1], START", "source[:, :1], PAD")
        ],
        "The encoder reads the words anew at every step: call it once, its memory stays the same.": [
            (
                "        logits, state, _ =",
                "        memory, _ = encoder(source, lengths)\n        logits, state, _ =",
            )
        ],
    },
    "train_speller": {
        "No parameter has moved: call optimizer.step() after loss.backward().": [
            ("optimizer.step()\n        ", "")
        ],
        "Only the decoder learns: give the optimiser the parameters of both modules.": [
            ("[*encoder.parameters(), *decoder.parameters()]", "[*decoder.parameters()]")
        ],
        "The gradients of all batches so far add up: call optimizer.zero_grad() before backward().": [
            ("optimizer.zero_grad()\n        ", "")
        ],
        "Only the encoder learns: give the optimiser the parameters of both modules.": [
            ("[*encoder.parameters(), *decoder.parameters()]", "[*encoder.parameters()]")
        ],
        "The learning rate has nothing to do with `peak`, which must be the highest one.": [
            ("OneCycleLR(optimizer, peak,", "OneCycleLR(optimizer, 0.006,")
        ],
        "The losses are tensors that hold on to memory: return plain numbers, loss.item().": [
            ("loss.item()", "loss.detach()")
        ],
        "More batches are taken than steps: take `steps` and no more.": [
            ("    return losses", "    next(batches)\n    return losses")
        ],
        "Every step sees the same batch: take the next one inside the loop.": [
            ("losses = []", "losses, batch = [], next(batches)"),
            ("*next(batches)", "*batch"),
        ],
        "The losses are running means: note that of each batch alone.": [
            (
                "losses.append(loss.item())",
                "losses.append((sum(losses[-1:]) * len(losses) + loss.item()) / (len(losses) + 1))",
            )
        ],
    },
    "beam_search": {
        "Only one hypothesis is kept at each step: keep the `width` best.": [
            ("grown[:width]", "grown[:1]")
        ],
        "The `width` best of each parent are kept: keep the `width` best of all extensions together.": [
            (
                _GROWN,
                "mine = [(prefix + [i], total + float(p)) for i, p in enumerate(log_probs)]\n"
                "            grown += sorted(mine, key=lambda h: -h[1])[:width]",
            ),
            ("grown[:width]", "grown"),
        ],
        "Every extension is kept: keep only the `width` best.": [("grown[:width]", "grown")],
        "An impossible extension (-inf) is kept: drop it, even if fewer than `width` are left.": [
            (" if p > -np.inf", "")
        ],
        "The highest total wins: length normalisation is missing, so compare means per symbol.": [
            (_BEST, "best, total = max(finished or live, key=lambda h: h[1])")
        ],
        "`end` counts as an emitted symbol, too.": [
            (
                _BEST,
                "size = lambda h: max(len(h[0]) - 2, 1)\n    best, total = max(finished or live, "
                "key=lambda h: h[1] / size(h))",
            ),
            ("score = total / (len(best) - 1)", "score = total / size((best, 0))"),
        ],
        "`start` does not count as an emitted symbol.": [
            ("/ (len(h[0]) - 1)", "/ len(h[0])"),
            ("total / (len(best) - 1)", "total / len(best)"),
        ],
        "The score is the total: divide it by the number of emitted symbols.": [
            ("score = total / (len(best) - 1)", "score = total")
        ],
        "The score is a probability: it must be its logarithm.": [
            ("score = total / (len(best) - 1)", "score = float(np.exp(total / (len(best) - 1)))")
        ],
        "The mean decides who survives: the total decides that, and the mean who wins in the end.": [
            (
                "grown.sort(key=lambda hypothesis: -hypothesis[1])",
                "grown.sort(key=lambda h: -(h[1] - h[1] / len(h[0]) * (h[0][-1] == end)))",
            )
        ],
        "A finished hypothesis is extended further: put it aside.": [
            ("live = [h for h in grown[:width] if h[0][-1] != end]", "live = grown[:width]")
        ],
        "The search stops at the first finished hypothesis: go on while any is alive.": [
            ("if not live:", "if finished or not live:")
        ],
        "A live hypothesis wins over finished ones: it may only where nothing has finished.": [
            ("finished or live, key", "finished + live, key")
        ],
        "One step too many: there are at most `max_len`.": [
            ("range(max_len)", "range(max_len + 1)")
        ],
        "The `end` that finished it does not belong in best.": [
            ("best[1:-1] if best[-1] == end else best[1:]", "best[1:]")
        ],
        "`start` does not belong in best.": [
            (
                "best[1:-1] if best[-1] == end else best[1:]",
                "best[:-1] if best[-1] == end else best",
            )
        ],
        "The search stops when `width` hypotheses have finished: go on while any is alive.": [
            ("if not live:", "if not live or len(finished) >= width:")
        ],
        "The score is a tensor: return a float.": [
            ("score = total / (len(best) - 1)", "score = torch.tensor(total / (len(best) - 1))")
        ],
        "`best` is a tuple: return a list.": [
            (
                "return (best[1:-1] if best[-1] == end else best[1:])",
                "return tuple(best[1:-1] if best[-1] == end else best[1:])",
            )
        ],
        "`start` may be said again: extend by each symbol.": [
            ("if p > -np.inf", "if p > -np.inf and i != start")
        ],
        "The search stops when the best total is that of a finished hypothesis: go on while any is alive.": [
            (
                "if not live:",
                "best_done = max((h[1] for h in finished), default=-np.inf)\n"
                "        if not live or best_done >= max(h[1] for h in live):",
            )
        ],
        "An improbable extension is dropped: only an impossible one is.": [
            ("if p > -np.inf", "if p > -9")
        ],
    },
    "test_look_back": {
        "It never fails: nothing is asserted.": [
            *_without(_READ, _TURNED, _ALONE),
            (_HEARD, ""),
        ],
        "It always fails, on right functions too.": [(_READ, _READ + "    assert False\n")],
        "It returns False: a test speaks by raising an AssertionError.": _said_by("return good"),
        "It prints that something is wrong: a test speaks by raising an AssertionError.": _said_by(
            "print('right' if good else 'wrong')"
        ),
        "It looks at shapes alone: wrong weights have the right shape.": _function(
            _TEST,
            _DATA + "assert context.shape == (3, 2, 5)\nassert weights.shape == (3, 2, 4)",
        ),
        "It looks at the context alone, made of whatever weights come back.": _without(
            _TURNED, _ALONE, _HEARD
        ),
        "It looks at the sums of the weights alone: those of the published one are 1 too.": _function(
            _TEST, _DATA + _SHARES
        ),
        "The memory is never turned round: weights that belong to places go unseen.": [
            (_TURNED, "")
        ],
        "All letters are real, and no word is shown alone: what becomes of padding goes unseen.": [
            (_FILLED, "    mask = length_mask(torch.tensor([5, 5]), 5)\n"),
            (_ALONE, ""),
        ],
        "No word is shown alone: what padding and the other steps add goes unseen.": [(_ALONE, "")],
        "Padding alone is looked at: weights that belong to places go unseen.": _function(
            _TEST, _DATA + _SHARES + "assert (weights.transpose(1, 2)[~mask] == 0).all()"
        ),
        "Only the first step is shown alone: what the later steps ask goes unseen.": [
            ("in range(3):  #", "in range(1):  #"),
            (
                "look(embedded[1:, now], h[1:, now], memory[1:, :3], mask[1:, :3], W)",
                "look(embedded[1:], h[1:], memory[1:, :3], mask[1:, :3], W)",
            ),
            ("weights[1:, now, :3], alone,", "weights[1:, now, :3], alone[:, now],"),
        ],
        "The input and the state are changed together: a question made of one of them goes unseen.": [
            ("in ((embedded + 1, h), (embedded, h + 1)):", "in ((embedded + 1, h + 1),):")
        ],
        "No word is shown alone in its place: scores made of another word's memory go unseen.": [
            (
                _ALONE,
                "        one = embedded[:, now], h[:, now], memory, mask, W\n"
                "        torch.testing.assert_close(weights[:, now], look(*one)[1])\n",
            ),
            (
                _READ,
                _READ
                + "    assert not weights[1, :, 3:].any()\n    assert torch.allclose(weights.sum(2), torch.ones(2, 3).double())\n",
            ),
        ],
        "The state alone is changed: whether the input is heard goes unseen.": [
            ("in ((embedded + 1, h), (embedded, h + 1)):", "in ((embedded, h + 1),):")
        ],
        "It never looks at the context.": [(_READ, "")],
        "The memory is turned round and the mask is not: right functions fail.": [
            ("mask.flip(1), W)", "mask, W)")
        ],
        "The memory is the same from either end, and all of it real: nothing has to move.": [
            (
                _FILLED,
                "    memory = memory + memory.flip(1)\n    mask = length_mask(torch.tensor([5, 5]), 5)\n",
            ),
            (_TURNED, "    torch.testing.assert_close(turned, weights)\n"),
            (_ALONE, ""),
        ],
        "The tolerance is so wide that nearly everything passes.": [
            ('flip(2), weights, msg="', 'flip(2), weights, rtol=1, atol=1, msg="'),
            (':3], alone, msg="', ':3], alone, rtol=1, atol=1, msg="'),
        ],
        "Two ways to add up differ in the last digits: compare with a tolerance, not with ==.": [
            (_ALONE, "        assert torch.equal(weights[1:, now, :3], alone)\n"),
            (_TURNED, "    assert torch.equal(turned.flip(2), weights)\n"),
            (_READ, "    assert torch.equal(context, weights @ memory)\n"),
        ],
        "It compares with one formula; another score is right too.": _function(
            _TEST,
            _DATA + "query = torch.cat([embedded, h], 2) @ W\n"
            "scores = query @ memory.transpose(1, 2) / 5**0.5\n"
            "expected = torch.softmax(scores.masked_fill(~mask[:, None], -torch.inf), 2)\n"
            "assert torch.allclose(weights, expected, atol=1e-5)\n"
            "assert torch.allclose(context, expected @ memory, atol=1e-5)",
        ),
        "The published function's name is written in it: call the function that is handed in.": [
            (
                "context, weights = look(",
                "look = published_look_back\n    context, weights = look(",
            ),
        ],
    },
    "look_back": {
        "The weights still come from the decoder alone, one score per slot: compare the query with the memory.": [
            (
                "scores = query @ memory.transpose(1, 2) / memory.shape[2] ** 0.5",
                "scores = functional.pad(query, (0, memory.shape[1]))[:, :, : memory.shape[1]]",
            )
        ],
        "The padded letters take part: use memory_mask.": [
            ("masked_softmax(scores, memory_mask[:, None, :])", "torch.softmax(scores, dim=-1)")
        ],
        "The weights still come from the decoder alone, entry by entry of the query: compare it with the memory.": [
            (
                "query @ memory.transpose(1, 2) / memory.shape[2] ** 0.5",
                "query[:, :, torch.arange(memory.shape[1]) % query.shape[2]]",
            )
        ],
        "The scores are not scaled: divide by sqrt(M), as in your Decoder.": [(_SCALE, "")],
        "Sigmoids divided by their sum are no softmax: masked_softmax gives the weights.": [
            (_WEIGHTS, _SHARED.format("memory_mask"))
        ],
        "The scores are divided by M, not by its square root.": [
            (_SCALE, _SCALE.removesuffix(" ** 0.5"))
        ],
        "The scores are divided by sqrt(H); the vectors that are compared have M numbers.": [
            (_SCALE, " / h.shape[2] ** 0.5")
        ],
        "The order is [embedded; h], not [h; embedded].": [("[embedded, h]", "[h, embedded]")],
        "Only the state asks; the query is made of [embedded; h].": [
            ("[embedded, h]", "[0 * embedded, h]")
        ],
        "Only the decoder's input asks; the query is made of [embedded; h].": [
            ("[embedded, h]", "[embedded, 0 * h]")
        ],
        "The weights are cut after the softmax, so that they no longer sum to 1: mask the scores.": [
            (
                "masked_softmax(scores, memory_mask[:, None, :])",
                "torch.softmax(scores, dim=-1) * memory_mask[:, None, :]",
            )
        ],
        "W is transposed: it is stored as (E + H, M).": [("dim=2) @ W", "dim=2) @ W.T")],
        "No gradient comes back to the question: detach nothing.": [
            ("dim=2) @ W", "dim=2).detach() @ W.detach()")
        ],
        "The weights still come from the decoder alone, one score per slot, padding included.": (
            _function(_LOOK, _PUBLISHED)
        ),
    },
    "self_attention": {
        "The scores are not scaled: divide by sqrt(D_k).": [(" / q.shape[-1] ** 0.5", "")],
        "The scores are divided by D_k, not by its square root.": [
            ("q.shape[-1] ** 0.5", "q.shape[-1]")
        ],
        "The scores are divided by sqrt(D); the dot product runs over D_k features.": [
            ("q.shape[-1] ** 0.5", "x.shape[-1] ** 0.5")
        ],
        "The mask is not used: padded steps are read.": [
            ("mask[:, None, :]", "torch.ones_like(mask)[:, None, :]")
        ],
        "The mask lies over those who ask; it belongs to those who are read (mask[:, None, :]).": [
            ("mask[:, None, :]", "mask[:, :, None]")
        ],
        "Queries and keys are swapped: rows ask with x @ W_q.": [
            ("q, k, v = x @ W_q, x @ W_k,", "k, q, v = x @ W_q, x @ W_k,")
        ],
        "Sigmoids divided by their sum are no softmax: masked_softmax gives the weights.": [
            (
                "    return attend(masked_softmax(scores, mask[:, None, :]), v)",
                "    " + _SHARED.format("mask") + "\n    return attend(weights, v)",
            )
        ],
        "There is no softmax: the scores themselves weigh the values.": [
            ("masked_softmax(scores, mask[:, None, :])", "scores * mask[:, None, :]")
        ],
        "The softmax runs over those who ask (axis 1); it must run over the keys, the last axis.": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "torch.softmax(scores.masked_fill(~mask[:, None], -1e9), dim=1)",
            )
        ],
        "A sequence without any real step gives nan: it must give 0, as masked_softmax does.": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "torch.softmax(scores.masked_fill(~mask[:, None], -torch.inf), dim=-1)",
            )
        ],
        "Padded steps learn nothing: they ask, too.": [
            ("return attend(", "return mask[:, :, None] * attend(")
        ],
        "A masked score of -100 still counts where all scores are lower: use minus infinity.": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "torch.softmax(scores.masked_fill(~mask[:, None], -100.0), dim=-1) * mask.any(1)[:, None, None]",
            )
        ],
        "Large scores overflow: subtract each row's largest before exp, as softmax does.": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "(lambda e: e / e.sum(2, keepdim=True).clamp(min=1e-30))(scores.exp() * mask[:, None])",
            )
        ],
        "The weights are detached: no gradient teaches the queries and keys.": [
            ("mask[:, None, :]),", "mask[:, None, :]).detach(),")
        ],
        "The values are detached: no gradient comes back through what is read.": [
            (", v)\n", ", v.detach())\n")
        ],
        "A sequence without any real step reads its padding, all alike: it must give 0.": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "torch.softmax(scores.masked_fill(~mask[:, None], -1e9), dim=-1)",
            )
        ],
        "The result is always float32: keep the dtype of the input.": [
            ("return attend(", "return 1.0 * attend("),
            (", v)\n", ", v).float()\n"),
        ],
        "The scores are divided by sqrt(T); the dot product runs over D_k features.": [
            ("q.shape[-1] ** 0.5", "x.shape[1] ** 0.5")
        ],
        "The scores are divided by sqrt(D_v); the dot product runs over D_k features.": [
            ("q.shape[-1] ** 0.5", "v.shape[-1] ** 0.5")
        ],
        "The weights are cut after the softmax, so that they no longer sum to 1.": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "torch.softmax(scores, dim=-1) * mask[:, None, :]",
            )
        ],
    },
    "attend_with_cache": {
        "A step reads later ones: mask what comes after it.": [
            (_SEEN, "seen = torch.ones_like(scores, dtype=torch.bool)")
        ],
        "The mask does not know the cache: a new step reads all P cached ones, too.": [
            (".tril(k.shape[2] - S)", ".tril()")
        ],
        "A step reads itself, too.": [
            (".tril(k.shape[2] - S)", ".tril(k.shape[2] - S - 1)"),
            (".softmax(dim=3)", ".softmax(dim=3).nan_to_num()"),
        ],
        "The cache is not used: put the old keys and values before the new ones.": [
            ("cache is not None", "False")
        ],
        "The cache must hold all steps so far, not the last call's alone.": [
            ("    if cache is not None", "    new = k, v\n    if cache is not None"),
            ("return y, (k, v)", "return y, new"),
        ],
        "The old keys and values come before the new ones.": [
            ("[cache[0], k]", "[k, cache[0]]"),
            ("[cache[1], v]", "[v, cache[1]]"),
        ],
        "Before the new values come the old values, not the old keys.": [
            ("torch.cat([cache[1], v], dim=2)", "torch.cat([cache[0], v], dim=2)")
        ],
        "The scores are divided by the root of D / heads, the columns of one head.": [
            ("/ (D // heads) ** 0.5", "/ D**0.5")
        ],
        "The scores are not scaled: divide by the root of D / heads.": [
            (" / (D // heads) ** 0.5", "")
        ],
        "There is one head only: cut the columns into blocks.": [
            ("    N, S, D = x.shape", "    heads = 1\n    N, S, D = x.shape")
        ],
        "The heads are blocks of columns: cut the last axis, then exchange two axes.": [
            (
                "a.reshape(N, S, heads, D // heads).transpose(1, 2)",
                "a.reshape(N, heads, S, D // heads)",
            )
        ],
        "The heads' results stand side by side: exchange the axes back before reshape.": [
            ("(weights @ v).transpose(1, 2).reshape", "(weights @ v).reshape")
        ],
        "The output matrix W_o is missing.": [(' @ W["W_o"]', "")],
        "The weights of one query add up to 1: softmax over the keys, the last axis.": [
            (".softmax(dim=3)", ".softmax(dim=2).nan_to_num()")
        ],
        "Mask with minus infinity before the softmax; a 0 after it leaves sums below 1.": [
            (
                "scores.masked_fill(~seen, -torch.inf).softmax(dim=3)",
                "scores.softmax(dim=3).masked_fill(~seen, 0)",
            )
        ],
        "Do not change the cache that was passed in: make a new one.": _CACHE_IN_PLACE,
    },
}

RIGHT = {
    "edit_distance": {
        "whole table": _function(
            _EDIT,
            "d = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]\n"
            "for i in range(len(a) + 1):\n    d[i][0] = i\n"
            "for j in range(len(b) + 1):\n    d[0][j] = j\n"
            "for i in range(1, len(a) + 1):\n"
            "    for j in range(1, len(b) + 1):\n"
            "        if a[i - 1] == b[j - 1]:\n            d[i][j] = d[i - 1][j - 1]\n"
            "        else:\n"
            "            d[i][j] = 1 + min(d[i - 1][j - 1], d[i - 1][j], d[i][j - 1])\n"
            "return d[len(a)][len(b)]",
        ),
        "memoised recursion": _function(
            _EDIT,
            "from functools import cache\n\n@cache\ndef d(i, j):\n"
            "    if i == 0 or j == 0:\n        return i + j\n"
            "    return min(d(i-1, j-1) + (a[i-1] != b[j-1]), d(i-1, j) + 1, d(i, j-1) + 1)\n\n"
            "return d(len(a), len(b))",
        ),
        "one row": _function(
            _EDIT,
            "row = list(range(len(b) + 1))\n"
            "for i, x in enumerate(a, 1):\n"
            "    diagonal, row[0] = row[0], i\n"
            "    for j, y in enumerate(b, 1):\n"
            "        diagonal, row[j] = row[j], min(diagonal + (x != y), row[j] + 1, row[j-1] + 1)\n"
            "return row[-1]",
        ),
    },
    "Encoder": {
        "two cells": _CELLS_ENCODER,
        "sorted and restored": _SORTED_ENCODER,
        "states gathered": [_GATHER],
    },
    "Decoder": {
        "cell and loop": _STEP_DECODER,
        "einsum": _EINSUM_DECODER,
        "PyTorch's attention for the context": [
            (
                "attend(weights, memory)",
                "functional.scaled_dot_product_attention(self.query(h), memory, memory, "
                "attn_mask=memory_mask[:, None, :])",
            )
        ],
    },
    "teacher_forced_loss": {
        "ignore_index": [
            (
                _CE,
                "return functional.cross_entropy(logits.transpose(1, 2), target, ignore_index=PAD)",
            )
        ],
        "masked mean by hand": [
            (
                _CE,
                "losses = -torch.log_softmax(logits, 2).gather(2, target[:, :, None])[:, :, 0]\n"
                "    return (losses * real).sum() / real.sum()",
            )
        ],
        "step by step": _function(
            _LOSS,
            "memory, state = encoder(source, lengths)\n"
            f"mask = {_MASK}\n"
            "last = torch.full_like(target[:, :1], START)\n"
            "total, count = 0.0, (target != PAD).sum()\n"
            "for t in range(target.shape[1]):\n"
            "    logits, state, _ = decoder(last, state, memory, mask)\n"
            "    total = total + functional.cross_entropy(\n"
            "        logits[:, 0], target[:, t], ignore_index=PAD, reduction='sum')\n"
            "    last = target[:, t : t + 1]\n"
            "return total / count",
        ),
        "rolled": [(_FED, "fed = target.roll(1, dims=1)\n    fed[:, 0] = START")],
    },
    "greedy_decode": {
        "lists and a set": _function(
            _GREEDY,
            "memory, state = encoder(source, lengths)\n"
            f"mask = {_MASK}\n"
            "said, done = [[] for _ in range(len(source))], set()\n"
            "last = torch.full((len(source), 1), START, device=source.device)\n"
            "for _ in range(max_len):\n"
            "    logits, state, _ = decoder(last, state, memory, mask)\n"
            "    last = logits[:, -1].argmax(-1, keepdim=True)\n"
            "    for i, symbol in enumerate(last[:, 0].tolist()):\n"
            "        if symbol == END:\n            done.add(i)\n"
            "        if i not in done:\n            said[i].append(symbol)\n"
            "    if len(done) == len(said):\n        break\n"
            "return said",
        ),
        "END fed to those that are done": [
            (
                "last = logits.argmax(dim=2)",
                "last = torch.where(ended[:, None], END, torch.log_softmax(logits, 2).argmax(dim=2))",
            )
        ],
        "while loop": _function(
            _GREEDY,
            "memory, state = encoder(source, lengths)\n"
            f"mask = {_MASK}\n"
            "rows = torch.full_like(source[:, :1], START)\n"
            "while rows.shape[1] <= max_len and not (rows == END).any(dim=1).all():\n"
            "    logits, state, _ = decoder(rows[:, -1:], state, memory, mask)\n"
            "    rows = torch.cat([rows, logits.argmax(dim=2)], dim=1)\n"
            "out = []\n"
            "for row in rows[:, 1:].tolist():\n"
            "    out.append(row[: row.index(END)] if END in row else row)\n"
            "return out",
        ),
    },
    "train_speller": {
        "AdamW, label by label": _function(
            _TRAIN,
            "both = nn.ModuleList([encoder, decoder]).train()\n"
            "optimizer = torch.optim.AdamW(both.parameters(), lr=0.004, weight_decay=0.0)\n"
            "history = []\n"
            "for step in range(steps):\n"
            "    for group in optimizer.param_groups:\n"
            "        group['lr'] = peak * min(1, (step + 1) / 60, (steps - step) / (0.6 * steps))\n"
            "    source, lengths, target = next(batches)\n"
            "    optimizer.zero_grad()\n"
            "    loss = teacher_forced_loss(encoder, decoder, source, lengths, target)\n"
            "    loss.backward()\n"
            "    nn.utils.clip_grad_norm_(both.parameters(), 1.0)\n"
            "    optimizer.step()\n"
            "    history.append(float(loss))\n"
            "return history",
        ),
        "two optimisers, batches counted by the loop": _function(
            _TRAIN,
            "from itertools import islice\n"
            "modules, losses = (encoder, decoder), []\n"
            "optimizers = [torch.optim.Adam(m.parameters()) for m in modules]\n"
            "schedules = [\n"
            "    torch.optim.lr_scheduler.OneCycleLR(o, peak, total_steps=steps) for o in optimizers\n"
            "]\n"
            "for batch in islice(batches, steps):\n"
            "    encoder.zero_grad(), decoder.zero_grad()\n"
            "    loss = teacher_forced_loss(encoder, decoder, *batch)\n"
            "    loss.backward()\n"
            "    for each in optimizers + schedules:\n"
            "        each.step()\n"
            "    losses.append(loss.item())\n"
            "return losses",
        ),
    },
    "beam_search": {
        "arrays": _function(
            _BEAM,
            "live, done = [(0.0, (start,))], []\n"
            "for _ in range(max_len):\n"
            "    table = np.array([total + np.asarray(step_fn(list(p))) for total, p in live])\n"
            "    order = np.argsort(-table, axis=None, kind='stable')[:width]\n"
            "    order = [o for o in order if table.flat[o] > -np.inf]\n"
            "    if not order:\n        break\n"
            "    chosen = [(table.flat[o], live[o // table.shape[1]][1] + (int(o % table.shape[1]),))\n"
            "              for o in order]\n"
            "    done += [h for h in chosen if h[1][-1] == end]\n"
            "    live = [h for h in chosen if h[1][-1] != end]\n"
            "    if not live:\n        break\n"
            "scored = [(t / (len(p) - 1), p) for t, p in (done if done else live)]\n"
            "score, best = max(scored, key=lambda s: s[0])\n"
            "return [i for i in best[1:] if i != end], float(score)",
        ),
        "the last of what is alike, a class": _function(
            _BEAM,
            "alive, done = [((start,), 0.0)], []\n"
            "for _ in range(max_len):\n"
            "    new = [(ids + (i,), t + p) for ids, t in alive\n"
            "           for i, p in enumerate(np.asarray(step_fn(list(ids))).tolist()) if p != -np.inf]\n"
            "    new = sorted(new, key=lambda h: h[1])[::-1][:width]\n"
            "    done += [h for h in new if h[0][-1] == end]\n"
            "    alive = [h for h in new if h[0][-1] != end] if new else alive\n"
            "    if not new or not alive:\n        break\n"
            "ids, total = max(done or alive, key=lambda h: h[1] / (len(h[0]) - 1))\n"
            "return [i for i in ids[1:] if i != end], total / (len(ids) - 1)",
        ),
        "nlargest": [
            (
                "grown.sort(key=lambda hypothesis: -hypothesis[1])",
                "import heapq\n        grown = heapq.nlargest(width, grown, key=lambda h: h[1])",
            )
        ],
        "impossible ones dropped after sorting": [
            (" if p > -np.inf", ""),
            (
                "        if not grown:\n",
                "        grown = [h for h in grown if h[1] > -np.inf]\n        if not grown:\n",
            ),
        ],
        "best so far": _function(
            _BEAM,
            "winner, record = None, -np.inf\nbeam = {(start,): 0.0}\n"
            "for step in range(1, max_len + 1):\n"
            "    options = {}\n"
            "    for prefix, total in beam.items():\n"
            "        for symbol, p in enumerate(step_fn(prefix)):\n"
            "            if np.isfinite(p):\n"
            "                options[prefix + (symbol,)] = total + p\n"
            "    if not options:\n        break\n"
            "    beam = {}\n"
            "    for prefix in sorted(options, key=options.get, reverse=True)[:width]:\n"
            "        if prefix[-1] != end:\n            beam[prefix] = options[prefix]\n"
            "        elif winner is None or options[prefix] / step > record:\n"
            "            winner, record = prefix[1:-1], options[prefix] / step\n"
            "    if len(beam) == 0:\n        break\n"
            "if winner is None:\n"
            "    winner = max(beam, key=beam.get)\n"
            "    record = beam[winner] / (len(winner) - 1)\n    winner = winner[1:]\n"
            "return list(winner), record",
        ),
    },
    "test_look_back": {
        "torch.allclose": [
            (_TURNED, "    assert torch.allclose(turned.flip(2), weights), 'turned'\n"),
            (_READ, "    assert torch.allclose(context, weights @ memory, atol=1e-9), 'read'\n"),
        ],
        "own error": [
            (
                _TURNED,
                "    if (turned.flip(2) - weights).abs().max() > 1e-6:\n"
                "        raise ValueError('the weights stay behind')\n",
            )
        ],
        "single precision, any order": _function(
            _TEST,
            _DATA + "near = lambda a, b: torch.allclose(a, b, atol=1e-4)\n"
            "for order in ([2, 0, 3, 1], [1, 2, 3, 0]):\n"
            "    c, w = look(embedded, h, memory[:, order], mask[:, order], W)\n"
            "    assert near(c, context) and near(w, weights[:, :, order])\n"
            "for n, T in enumerate((2, 4, 3)):\n"
            "    for t in (0, 1):\n"
            "        ask = embedded[n, t][None, None], h[n, t][None, None]\n"
            "        c, w = look(*ask, memory[n : n + 1, :T], mask[n : n + 1, :T], W)\n"
            "        assert near(c[0, 0], context[n, t]) and near(w[0, 0], weights[n, t, :T])\n"
            "        assert near(w[0, 0] @ memory[n, :T], context[n, t])\n"
            "assert not near(look(embedded, -h, memory, mask, W)[1], weights)\n"
            "assert not near(look(-embedded, h, memory, mask, W)[1], weights)",
        ),
        "louder padding": _function(
            _TEST,
            _DATA + _SHARES + "bad = []\n"
            "loud = torch.where(mask[:, :, None], memory, 20.0)\n"
            "c, w = look(embedded, h, loud, mask, W)\n"
            "bad += [(c - context).abs().max() > 1e-4, (w - weights).abs().max() > 1e-4]\n"
            "bad += [w.transpose(1, 2)[~mask].abs().max() > 0]\n"
            "bad += [(weights @ memory - context).abs().max() > 1e-4]\n"
            "same = memory[:, :1].repeat(1, 4, 1)\n"
            "flat = (mask / mask.sum(1, keepdim=True))[:, None]\n"
            "bad += [(look(embedded, h, same, mask, W)[1] - flat).abs().max() > 1e-4]\n"
            "for arguments in ((embedded, 2 * h), (3 * embedded, h)):\n"
            "    bad += [(look(*arguments, memory, mask, W)[1] - weights).abs().max() < 1e-3]\n"
            "later = embedded.clone()\n"
            "later[:, 1] += 1\n"
            "bad += [(look(later, h, memory, mask, W)[1] - weights)[:, 0].abs().max() > 1e-4]\n"
            "earlier = h.clone()\n"
            "earlier[:, 0] += 1\n"
            "bad += [(look(embedded, earlier, memory, mask, W)[1] - weights)[:, 1].abs().max() > 1e-4]\n"
            "assert not any(map(bool, bad)), bad",
        ),
    },
    "look_back": {
        "einsum": _function(
            _LOOK,
            "q = torch.cat((embedded, h), -1) @ W\n"
            "s = torch.einsum('ntm,nsm->nts', q, memory) / q.size(-1) ** 0.5\n"
            "s = s.masked_fill(memory_mask.logical_not().unsqueeze(1), float('-inf'))\n"
            "w = torch.softmax(s, dim=-1)\n"
            "return torch.einsum('nts,nsm->ntm', w, memory), w",
        ),
        "W in two pieces": [
            (
                "torch.cat([embedded, h], dim=2) @ W",
                "embedded @ W[: embedded.shape[2]] + h @ W[embedded.shape[2] :]",
            )
        ],
        "keys carry W": [
            (
                "query = torch.cat([embedded, h], dim=2) @ W\n    scores = query @ memory.transpose(1, 2)",
                "scores = torch.cat([embedded, h], dim=2) @ (memory @ W.T).transpose(1, 2)",
            )
        ],
    },
    "self_attention": {
        "einsum": _function(
            _SELF,
            "q, k, v = (torch.einsum('ntd,dk->ntk', x, W) for W in (W_q, W_k, W_v))\n"
            "s = torch.einsum('nik,njk->nij', q, k) * q.shape[-1] ** -0.5\n"
            "e = (s - s.amax(-1, keepdim=True)).masked_fill(~mask.unsqueeze(1), -torch.inf)\n"
            "e = torch.where(mask.unsqueeze(1), s, torch.finfo(s.dtype).min)\n"
            "e = (e - e.amax(-1, keepdim=True)).exp() * mask.unsqueeze(1)\n"
            "total = e.sum(-1, keepdim=True)\n"
            "return torch.einsum('nij,njv->niv', e / torch.where(total > 0, total, 1), v)",
        ),
        "nan to zero": [
            (
                "attend(masked_softmax(scores, mask[:, None, :]), v)",
                "torch.softmax(scores.masked_fill(~mask[:, None], -torch.inf), -1).nan_to_num() @ v",
            )
        ],
    },
    "attend_with_cache": {
        "one head after the other": _CACHE_BY_HEAD,
        "einsum": [
            ("q @ k.transpose(2, 3)", 'torch.einsum("nhsd,nhpd->nhsp", q, k)'),
            (
                "(weights @ v).transpose(1, 2).reshape(N, S, D)",
                'torch.einsum("nhsp,nhpd->nshd", weights, v).reshape(N, S, D)',
            ),
        ],
        "a cache of the steps themselves": [
            (
                "    if cache is not None:\n        k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)\n",
                "    text = x if cache is None else torch.cat([cache, x], dim=1)\n"
                "    k, v = (\n"
                "        (text @ W[n]).reshape(N, -1, heads, D // heads).transpose(1, 2) for n in ('W_k', 'W_v')\n"
                "    )\n",
            ),
            ("return y, (k, v)", "return y, text"),
        ],
        "a mask that is added": [
            (_SEEN, "late = torch.full_like(scores, -torch.inf).triu(k.shape[2] - S + 1)"),
            ("scores.masked_fill(~seen, -torch.inf)", "(scores + late)"),
        ],
    },
}

SAYS = {
    "edit_distance": {
        "Items are popped from `a`, which the caller still needs: only read it.": "changed its argument a",
        "The distance is a float: a number of changes is an int.": "is an int",
    },
    "Encoder": {
        "The recurrent part must read both ways (bidirectional=True), H units each.": "bidirectional=True",
        "No gradient comes back from memory to the embedding: is something detached?": "comes back from memory",
        "No gradient comes back from state to the embedding: is something detached?": "comes back from state",
    },
    "Decoder": {
        "Padding gets weight: use masked_softmax with memory_mask[:, None, :].": "Padding gets weight",
        "The weights of a step do not sum to 1: mask the scores, then softmax over the last axis.": "do not sum to 1",
        "query has a bias: give it bias=False.": "bias=False",
    },
    "teacher_forced_loss": {
        "The loss has no graph to go back through: no detach(), no .item(), no torch.no_grad().": "no graph",
    },
    "greedy_decode": {
        "The rows hold tensors: make plain numbers of them, with .tolist() or .item().": "plain numbers",
        "The encoder reads the words anew at every step: call it once, its memory stays the same.": "once is enough",
    },
    "train_speller": {
        "No parameter has moved: call optimizer.step() after loss.backward().": "No parameter has moved",
        "Only the decoder learns: give the optimiser the parameters of both modules.": "Only the decoder learns",
        "The gradients of all batches so far add up: call optimizer.zero_grad() before backward().": "add up",
        "Only the encoder learns: give the optimiser the parameters of both modules.": "Only the encoder learns",
        "The learning rate has nothing to do with `peak`, which must be the highest one.": "nothing to do with `peak`",
        "The losses are tensors that hold on to memory: return plain numbers, loss.item().": "plain numbers",
        "More batches are taken than steps: take `steps` and no more.": "More batches are taken",
        "Every step sees the same batch: take the next one inside the loop.": "the same batch",
        "The losses are running means: note that of each batch alone.": "no mean over several",
    },
    "beam_search": {
        "A finished hypothesis is extended further: put it aside.": "put it aside",
        "The score is a tensor: return a float.": "return a float",
        "`best` is a tuple: return a list.": "must be a list of ids",
        "`start` may be said again: extend by each symbol.": "also `start`",
    },
    "look_back": {
        "No gradient comes back to the question: detach nothing.": "is something detached",
    },
    "self_attention": {
        "The result is always float32: keep the dtype of the input.": "dtype float32",
        "A masked score of -100 still counts where all scores are lower: use minus infinity.": "with minus infinity",
        "Large scores overflow: subtract each row's largest before exp, as softmax does.": "largest score before exp",
        "The weights are detached: no gradient teaches the queries and keys.": "is something detached",
        "The values are detached: no gradient comes back through what is read.": "is something detached",
    },
    "test_look_back": {
        "It never fails: nothing is asserted.": "passes on the published look back",
        "It always fails, on right functions too.": "fails on a right one in plain Python",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "The memory is never turned round: weights that belong to places go unseen.": "stay where they are",
        "No word is shown alone: what padding and the other steps add goes unseen.": "gives weight to padding",
        "Padding alone is looked at: weights that belong to places go unseen.": "stay where they are",
        "Only the first step is shown alone: what the later steps ask goes unseen.": "ask the first step's question",
        "The input and the state are changed together: a question made of one of them goes unseen.": "made of the state alone",
        "The state alone is changed: whether the input is heard goes unseen.": "made of the state alone",
        "It never looks at the context.": "a context that takes in the padding",
        "No word is shown alone in its place: scores made of another word's memory go unseen.": "takes the scores, but not the context",
        "The memory is turned round and the mask is not: right functions fail.": "fails on a right one in plain Python",
        "It compares with one formula; another score is right too.": "whose scores are not scaled",
    },
    "attend_with_cache": {
        "Do not change the cache that was passed in: make a new one.": "a cache has changed when it was used",
    },
}

_NO_READING = """    def forward(self, ids, lengths):
        weight = self.bridge.weight
        N, T = ids.shape
        return weight.new_zeros(N, T, weight.shape[1]), weight.new_zeros(N, len(weight))
"""
_NO_SPEAKING = """    def forward(self, ids, state, memory, memory_mask):
        weights = memory_mask.to(memory) / memory_mask.sum(1, keepdim=True)
        logits = memory.new_zeros(*ids.shape, self.output.out_features)
        return logits, state, weights[:, None].repeat(1, ids.shape[1], 1)
"""
TYPICAL = {
    "edit_distance": {
        "nothing": (_function(_EDIT, "return 0"), 0.0, 0.0),
        "one slip": (
            WRONG["edit_distance"][
                "Items are popped from `a`, which the caller still needs: only read it."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["edit_distance"][
                "Places are compared one by one, so a single missing item makes everything after it wrong: fill the table."
            ],
            0.0,
            0.49,
        ),
    },
    "Encoder": {
        "nothing": (
            _ENCODER_HEAD
            + "        self.gru = nn.GRU(embedding_size, hidden_size, bidirectional=True)\n\n"
            + _NO_READING,
            0.0,
            0.0,
        ),
        "one slip": (
            WRONG["Encoder"]["state is not squashed: tanh comes after the bridge."],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["Encoder"][
                "The recurrent part must read both ways (bidirectional=True), H units each."
            ],
            0.0,
            0.49,
        ),
    },
    "Decoder": {
        "nothing": (
            _DECODER_HEAD
            + "        self.gru = nn.GRU(embedding_size, hidden_size)\n\n"
            + _NO_SPEAKING,
            0.0,
            0.0,
        ),
        "one slip": (
            WRONG["Decoder"][
                "The returned state is the one that came in: return the one after the last step."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["Decoder"][
                "The logits do not notice the memory: combine must read [h; context]."
            ],
            0.0,
            0.49,
        ),
    },
    "teacher_forced_loss": {
        "nothing": (_function(_LOSS, "return torch.zeros((), dtype=torch.float64)"), 0.0, 0.0),
        "one slip": (
            WRONG["teacher_forced_loss"][
                "Padding counts as if it had to be said: take the real steps only."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["teacher_forced_loss"][
                "The decoder is fed the very sound that it is to say: shift the target by one step and put START in front."
            ],
            0.0,
            0.49,
        ),
    },
    "greedy_decode": {
        "nothing": (_function(_GREEDY, "return [[] for _ in source]"), 0.0, 0.0),
        "one slip": (
            WRONG["greedy_decode"][
                "It always takes `max_len` steps: stop as soon as all words have ended."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["greedy_decode"][
                "The decoder is fed START at every step: feed it what it said last."
            ],
            0.0,
            0.49,
        ),
    },
    "train_speller": {
        "nothing": (_function(_TRAIN, "return [0.0] * steps"), 0.0, 0.0),
        "one slip": (
            WRONG["train_speller"][
                "The losses are tensors that hold on to memory: return plain numbers, loss.item()."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["train_speller"][
                "The gradients of all batches so far add up: call optimizer.zero_grad() before backward()."
            ],
            0.0,
            0.49,
        ),
    },
    "beam_search": {
        "nothing": (_function(_BEAM, "return [], 0.0"), 0.0, 0.0),
        "one slip": (
            WRONG["beam_search"][
                "The score is the total: divide it by the number of emitted symbols."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["beam_search"][
                "Only one hypothesis is kept at each step: keep the `width` best."
            ],
            0.0,
            0.49,
        ),
    },
    "test_look_back": {
        "nothing": ([*_without(_READ, _TURNED, _ALONE), (_HEARD, "")], 0.0, 0.0),
        "one slip": (
            WRONG["test_look_back"][
                "The state alone is changed: whether the input is heard goes unseen."
            ],
            0.85,
            0.95,
        ),
        "point missed": (
            WRONG["test_look_back"][
                "It looks at the context alone, made of whatever weights come back."
            ],
            0.0,
            0.49,
        ),
    },
    "look_back": {
        "nothing": (
            _function(
                _LOOK,
                "n = h.shape[:2]\n"
                "return h.new_zeros(*n, memory.shape[2]), h.new_zeros(*n, memory.shape[1])",
            ),
            0.0,
            0.0,
        ),
        "one slip": (
            WRONG["look_back"]["The padded letters take part: use memory_mask."],
            0.5,
            0.99,
        ),
        "point missed": (_function(_LOOK, _PUBLISHED), 0.0, 0.49),
    },
    "self_attention": {
        "nothing": (_function(_SELF, "return x @ W_v"), 0.0, 0.0),
        "one slip": (
            WRONG["self_attention"]["The scores are not scaled: divide by sqrt(D_k)."],
            0.5,
            0.99,
        ),
        "point missed": (
            _function(
                _SELF,
                "weights = (mask / mask.sum(1, keepdim=True).clamp(min=1)).to(x)\n"
                "return weights[:, None].repeat(1, x.shape[1], 1) @ (x @ W_v)",
            ),
            0.0,
            0.49,
        ),
    },
}
