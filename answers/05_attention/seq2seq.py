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
_SCORES = "scores = self.query(h) @ memory.transpose(1, 2)"
_WEIGHTS = "weights = masked_softmax(scores, memory_mask[:, None, :])"
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
            scores = torch.bmm(memory, self.query(state).unsqueeze(2)).squeeze(2)
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
        e = torch.einsum("nth,nsh->nts", self.query(h), memory)
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

WRONG = {
    "edit_distance": {
        "place by place": _function(
            _EDIT, "return sum(x != y for x, y in zip(a, b)) + abs(len(a) - len(b))"
        ),
        "replacement costs two": [("(x != y)", "2 * (x != y)")],
        "no insertion": [(_CELL, "min(above[j - 1] + (x != y), above[j] + 1)")],
        "no deletion": [(_CELL, "min(above[j - 1] + (x != y), row[j - 1] + 1)")],
        "first row of zeros": [("list(range(len(b) + 1))", "[0] * (len(b) + 1)")],
        "first column of zeros": [("row = [i]", "row = [0]")],
        "items as sets": _function(_EDIT, "return len(set(a) ^ set(b))"),
        "neighbours may swap": _function(
            _EDIT,
            "d = [[i + j if i * j == 0 else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]\n"
            "for i in range(1, len(a) + 1):\n"
            "    for j in range(1, len(b) + 1):\n"
            "        d[i][j] = min(d[i-1][j-1] + (a[i-1] != b[j-1]), d[i-1][j] + 1, d[i][j-1] + 1)\n"
            "        if i > 1 and j > 1 and a[i-1] == b[j-2] and a[i-2] == b[j-1]:\n"
            "            d[i][j] = min(d[i][j], d[i-2][j-2] + 1)\n"
            "return d[-1][-1]",
        ),
        "pops its argument": _function(
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
    },
    "Encoder": {
        "not packed": [
            (
                _PACKED,
                "memory, last = self.gru(self.embedding(ids))\n"
                "        memory = memory * (torch.arange(ids.shape[1], device=ids.device)\n"
                "                           < lengths[:, None])[:, :, None]",
            )
        ],
        "longest length only": [
            ("batch_first=True, total_length=ids.shape[1]", "batch_first=True")
        ],
        "no tanh": [(_RETURN, f"return memory, self.bridge({_CAT})")],
        "tanh before the bridge": [
            (
                _RETURN,
                "return memory, self.bridge(torch.tanh(torch.cat([last[0], last[1]], dim=1)))",
            )
        ],
        "directions swapped": [(_CAT, "torch.cat([last[1], last[0]], dim=1)")],
        "reshaped, not joined": [(_CAT, "last.reshape(ids.shape[0], -1)")],
        "forward twice": [(_CAT, "torch.cat([last[0], last[0]], dim=1)")],
        "backward state at the last letter": [
            (
                _RETURN,
                "last = memory[torch.arange(len(ids)), lengths - 1]\n        "
                "return memory, torch.tanh(self.bridge(last))",
            )
        ],
        "one direction": [
            (
                "hidden_size, batch_first=True, bidirectional=True",
                "2 * hidden_size, batch_first=True",
            ),
            (_CAT, "last[0]"),
        ],
        "wrong order of returns": [(_RETURN, f"return torch.tanh(self.bridge({_CAT})), memory")],
        "memory detached": [("return memory,", "return memory.detach(),")],
        "state learns nothing of the GRU": [
            (_CAT, "torch.cat([last[0], last[1]], dim=1).detach()")
        ],
        "sorted and not restored": [
            (
                "self.embedding(ids), lengths.cpu(), batch_first=True, enforce_sorted=False",
                "self.embedding(ids[lengths.argsort(descending=True)]), "
                "lengths.sort(descending=True).values.cpu(), batch_first=True",
            )
        ],
    },
    "Decoder": {
        "mask ignored": [(_WEIGHTS, "weights = torch.softmax(scores, dim=-1)")],
        "softmax over the steps": [
            (
                _WEIGHTS,
                "weights = torch.softmax(scores.masked_fill(~memory_mask[:, None], -1e9), dim=1)",
            )
        ],
        "state ignored": [
            ("self.gru(self.embedding(ids), state[None])", "self.gru(self.embedding(ids))")
        ],
        "old state returned": [(_OUT, "return self.output(mixed), state, weights")],
        "state keeps its layer axis": [("last[0], weights", "last, weights")],
        "no tanh": [
            (
                "torch.tanh(self.combine(torch.cat([h, context], dim=2)))",
                "self.combine(torch.cat([h, context], dim=2))",
            )
        ],
        "context first": [("[h, context]", "[context, h]")],
        "context never used": [("[h, context]", "[h, 0 * context]")],
        "scores scaled": [(_SCORES, _SCORES + " / memory.shape[2] ** 0.5")],
        "state before the step asks": [
            (
                "self.query(h) @",
                "self.query(torch.cat([state[:, None], h[:, :-1]], dim=1)) @",
            )
        ],
        "scores from the slots": [
            (
                _SCORES,
                "scores = self.query(h)[:, :, :1] + torch.arange(memory.shape[1]).to(h) + 0 * "
                "(self.query(h) @ memory.transpose(1, 2))",
            )
        ],
        "log-probabilities": [
            ("self.output(mixed)", "torch.log_softmax(self.output(mixed), dim=-1)")
        ],
        "memory detached": [("attend(weights, memory)", "attend(weights, memory.detach())")],
        "query with a bias": [("2 * hidden_size, bias=False", "2 * hidden_size")],
        "state detached before it asks": [("self.query(h) @", "self.query(h.detach()) @")],
    },
    "teacher_forced_loss": {
        "not shifted": [(_FED, "fed = target")],
        "padding counted": [
            (_CE, "return functional.cross_entropy(logits.flatten(0, 1), target.flatten())")
        ],
        "sum": [("target[real])", "target[real], reduction='sum')")],
        "mean over all steps": [
            (
                _CE,
                "return functional.cross_entropy(logits.transpose(1, 2), target, ignore_index=PAD, "
                "reduction='sum') / target.numel()",
            )
        ],
        "mean of each word's mean": [
            (
                _CE,
                "losses = functional.cross_entropy(logits.transpose(1, 2), target, ignore_index=PAD, "
                "reduction='none')\n    return (losses.sum(1) / real.sum(1)).mean()",
            )
        ],
        "END not counted": [("real = target != PAD", "real = target > END")],
        "letters' padding readable": [(_MASK, "torch.ones_like(source, dtype=torch.bool)")],
        "softmax twice": [("logits[real], target", "torch.softmax(logits, dim=2)[real], target")],
        "PAD comes first": [("target[:, :1], START", "target[:, :1], PAD")],
        "no graph": [(_CE, _CE + ".detach()")],
        "target overwritten": [(_FED, "target[target == PAD] = END\n    " + _FED)],
        "fed what it says": _function(
            _LOSS,
            "memory, state = encoder(source, lengths)\n"
            "last, rows = torch.full_like(target[:, :1], START), []\n"
            "for _ in range(target.shape[1]):\n"
            f"    logits, state, _ = decoder(last, state, memory, {_MASK})\n"
            "    last = logits.argmax(2)\n    rows.append(logits)\n"
            "real = target != PAD\n"
            "return functional.cross_entropy(torch.cat(rows, 1)[real], target[real])",
        ),
    },
    "greedy_decode": {
        "stops with the first word": [("ended.all()", "ended.any()")],
        "never stops early": [("if ended.all():\n            break", "")],
        "END kept": [("row[: row.index(END)]", "row[: row.index(END) + 1]")],
        "rubbish after END kept": [
            (
                "[row[: row.index(END)] if END in row else row for row in rows]",
                "[[i for i in row if i != END] for row in rows]",
            )
        ],
        "cut at the last END": [
            ("row[: row.index(END)]", "row[: len(row) - 1 - row[::-1].index(END)]")
        ],
        "START always fed": [
            (
                "last = logits.argmax(dim=2)\n        said.append(last)",
                "said.append(logits.argmax(dim=2))",
            ),
            ("last[:, 0] == END)", "said[-1][:, 0] == END)"),
        ],
        "state not carried": [("logits, state, _ = decoder", "logits, _, _ = decoder")],
        "mask left out": [(_MASK, "torch.ones_like(source, dtype=torch.bool)")],
        "one step too many": [("range(max_len)", "range(max_len + 1)")],
        "rows of tensors": [
            (
                "rows = torch.cat(said, dim=1).tolist()",
                "rows = [list(row) for row in torch.cat(said, dim=1)]",
            )
        ],
        "a tensor": [
            (
                "return [row[: row.index(END)] if END in row else row for row in rows]",
                "return torch.cat(said, dim=1)",
            )
        ],
        "ended only when all say END at once": [
            ("ended = ended | (last[:, 0] == END)", "ended = last[:, 0] == END")
        ],
        "START in the result": [
            ("ended, said = last[:, 0] == END, []", "ended, said = last[:, 0] == END, [last]")
        ],
    },
    "train_speller": {
        "no step": [("optimizer.step()\n        ", "")],
        "decoder alone": [
            ("[*encoder.parameters(), *decoder.parameters()]", "[*decoder.parameters()]")
        ],
        "no zero_grad": [("optimizer.zero_grad()\n        ", "")],
        "encoder alone": [
            ("[*encoder.parameters(), *decoder.parameters()]", "[*encoder.parameters()]")
        ],
        "peak ignored": [("OneCycleLR(optimizer, peak,", "OneCycleLR(optimizer, 0.006,")],
        "losses as tensors": [("loss.item()", "loss.detach()")],
        "one batch too many": [("    return losses", "    next(batches)\n    return losses")],
        "same batch every time": [
            ("losses = []", "losses, batch = [], next(batches)"),
            ("*next(batches)", "*batch"),
        ],
    },
    "beam_search": {
        "greedy": [("grown[:width]", "grown[:1]")],
        "best of each parent": [
            (
                _GROWN,
                "mine = [(prefix + [i], total + float(p)) for i, p in enumerate(log_probs)]\n"
                "            grown += sorted(mine, key=lambda h: -h[1])[:width]",
            ),
            ("grown[:width]", "grown"),
        ],
        "nothing pruned": [("grown[:width]", "grown")],
        "impossible ones kept": [(" if p > -np.inf", "")],
        "no normalisation": [(_BEST, "best, total = max(finished or live, key=lambda h: h[1])")],
        "end not counted": [
            (
                _BEST,
                "size = lambda h: max(len(h[0]) - 2, 1)\n    best, total = max(finished or live, "
                "key=lambda h: h[1] / size(h))",
            ),
            ("score = total / (len(best) - 1)", "score = total / size((best, 0))"),
        ],
        "start counted": [
            ("/ (len(h[0]) - 1)", "/ len(h[0])"),
            ("total / (len(best) - 1)", "total / len(best)"),
        ],
        "total returned": [("score = total / (len(best) - 1)", "score = total")],
        "probability returned": [
            ("score = total / (len(best) - 1)", "score = float(np.exp(total / (len(best) - 1)))")
        ],
        "mean decides who survives": [
            (
                "grown.sort(key=lambda hypothesis: -hypothesis[1])",
                "grown.sort(key=lambda h: -(h[1] - h[1] / len(h[0]) * (h[0][-1] == end)))",
            )
        ],
        "finished extended further": [
            ("live = [h for h in grown[:width] if h[0][-1] != end]", "live = grown[:width]")
        ],
        "first finished wins": [("if not live:", "if finished or not live:")],
        "live ones may win": [("finished or live, key", "finished + live, key")],
        "one step too many": [("range(max_len)", "range(max_len + 1)")],
        "end kept": [("best[1:-1] if best[-1] == end else best[1:]", "best[1:]")],
        "start kept": [
            (
                "best[1:-1] if best[-1] == end else best[1:]",
                "best[:-1] if best[-1] == end else best",
            )
        ],
        "stops when width have finished": [
            ("if not live:", "if not live or len(finished) >= width:")
        ],
    },
    "look_back": {
        "scores from the slots": [
            (
                "scores = query @ memory.transpose(1, 2)",
                "scores = functional.pad(query, (0, memory.shape[1]))[:, :, : memory.shape[1]]",
            )
        ],
        "mask ignored": [
            ("masked_softmax(scores, memory_mask[:, None, :])", "torch.softmax(scores, dim=-1)")
        ],
        "slots, masked": [
            (
                "query @ memory.transpose(1, 2)",
                "query[:, :, torch.arange(memory.shape[1]) % query.shape[2]]",
            )
        ],
        "scaled": [
            (
                "query @ memory.transpose(1, 2)",
                "query @ memory.transpose(1, 2) / query.shape[2] ** 0.5",
            )
        ],
        "order swapped": [("[embedded, h]", "[h, embedded]")],
        "input left out": [("[embedded, h]", "[0 * embedded, h]")],
        "state left out": [("[embedded, h]", "[embedded, 0 * h]")],
        "cut after the softmax": [
            (
                "masked_softmax(scores, memory_mask[:, None, :])",
                "torch.softmax(scores, dim=-1) * memory_mask[:, None, :]",
            )
        ],
    },
    "self_attention": {
        "not scaled": [(" / q.shape[-1] ** 0.5", "")],
        "divided by D_k": [("q.shape[-1] ** 0.5", "q.shape[-1]")],
        "scaled by D": [("q.shape[-1] ** 0.5", "x.shape[-1] ** 0.5")],
        "mask ignored": [("mask[:, None, :]", "torch.ones_like(mask)[:, None, :]")],
        "mask over those who ask": [("mask[:, None, :]", "mask[:, :, None]")],
        "queries and keys swapped": [
            ("q, k, v = x @ W_q, x @ W_k,", "k, q, v = x @ W_q, x @ W_k,")
        ],
        "no softmax": [("masked_softmax(scores, mask[:, None, :])", "scores * mask[:, None, :]")],
        "softmax over those who ask": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "torch.softmax(scores.masked_fill(~mask[:, None], -1e9), dim=1)",
            )
        ],
        "nan for an empty sequence": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "torch.softmax(scores.masked_fill(~mask[:, None], -torch.inf), dim=-1)",
            )
        ],
        "empty sequence shares equally": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "torch.softmax(scores.masked_fill(~mask[:, None], -1e9), dim=-1)",
            )
        ],
        "float32 forced": [
            ("return attend(", "return 1.0 * attend("),
            (", v)\n", ", v).float()\n"),
        ],
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
                "attn_mask=memory_mask[:, None, :], scale=1.0)",
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
    "look_back": {
        "einsum": _function(
            _LOOK,
            "q = torch.cat((embedded, h), -1) @ W\n"
            "s = torch.einsum('ntm,nsm->nts', q, memory)\n"
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
}

SAYS = {
    "edit_distance": {
        "place by place": "one by one",
        "replacement costs two": "one change",
        "items as sets": "must be",
    },
    "Encoder": {
        "not packed": "padding",
        "longest length only": "total_length",
        "no tanh": "tanh",
        "directions swapped": "forward state",
        "backward state at the last letter": "last letter",
        "one direction": "last letter",
        "wrong order of returns": "order",
    },
    "Decoder": {
        "mask ignored": "padding",
        "state ignored": "one by one",
        "old state returned": "one by one",
        "state keeps its layer axis": "layers",
        "context never used": "memory",
        "query with a bias": "bias",
        "log-probabilities": "softmax",
        "scores from the slots": "turn",
    },
    "teacher_forced_loss": {
        "not shifted": "shift",
        "padding counted": "Padding counts",
        "sum": "summed",
        "mean of each word's mean": "word's mean",
        "END not counted": "END is left out",
        "letters' padding readable": "mask of the letters",
        "PAD comes first": "START",
        "no graph": "graph",
        "fed what it says": "fed what it said",
    },
    "greedy_decode": {
        "stops with the first word": "first word",
        "never stops early": "5 steps",
        "END kept": "END",
        "rubbish after END kept": "must",
        "START always fed": "confused",
        "one step too many": "max_len",
        "a tensor": "list",
    },
    "train_speller": {"no step": "not learned"},
    "beam_search": {
        "greedy": "better way",
        "best of each parent": "of each parent",
        "no normalisation": "normalisation",
        "total returned": "divide",
        "start counted": "start does not count",
        "finished extended further": "finished",
        "end kept": "do not belong",
        "one step too many": "one step too many",
    },
    "look_back": {
        "mask ignored": "padded letter",
        "order swapped": "[embedded; h]",
        "scaled": "square root",
    },
    "self_attention": {
        "not scaled": "not scaled",
        "divided by D_k": "square root",
        "mask ignored": "mask is not used",
        "mask over those who ask": "who ask",
        "queries and keys swapped": "swapped",
        "nan for an empty sequence": "nan",
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
_PUBLISHED = (
    "query = torch.cat([embedded, h], dim=2) @ W\n"
    "scores = query[:, :, torch.arange(memory.shape[1]) % query.shape[2]]\n"
    "weights = torch.softmax(scores, dim=-1)\n"
    "return weights @ memory, weights"
)

TYPICAL = {
    "edit_distance": {
        "nothing": (_function(_EDIT, "return 0"), 0.0, 0.0),
        "one slip": (WRONG["edit_distance"]["pops its argument"], 0.5, 0.99),
        "point missed": (WRONG["edit_distance"]["place by place"], 0.0, 0.49),
    },
    "Encoder": {
        "nothing": (
            _ENCODER_HEAD
            + "        self.gru = nn.GRU(embedding_size, hidden_size, bidirectional=True)\n\n"
            + _NO_READING,
            0.0,
            0.0,
        ),
        "one slip": (WRONG["Encoder"]["no tanh"], 0.5, 0.99),
        "point missed": (WRONG["Encoder"]["one direction"], 0.0, 0.49),
    },
    "Decoder": {
        "nothing": (
            _DECODER_HEAD
            + "        self.gru = nn.GRU(embedding_size, hidden_size)\n\n"
            + _NO_SPEAKING,
            0.0,
            0.0,
        ),
        "one slip": (WRONG["Decoder"]["old state returned"], 0.5, 0.99),
        "point missed": (WRONG["Decoder"]["context never used"], 0.0, 0.49),
    },
    "teacher_forced_loss": {
        "nothing": (_function(_LOSS, "return torch.zeros((), dtype=torch.float64)"), 0.0, 0.0),
        "one slip": (WRONG["teacher_forced_loss"]["padding counted"], 0.5, 0.99),
        "point missed": (WRONG["teacher_forced_loss"]["not shifted"], 0.0, 0.49),
    },
    "greedy_decode": {
        "nothing": (_function(_GREEDY, "return [[] for _ in source]"), 0.0, 0.0),
        "one slip": (WRONG["greedy_decode"]["never stops early"], 0.5, 0.99),
        "point missed": (WRONG["greedy_decode"]["START always fed"], 0.0, 0.49),
    },
    "train_speller": {
        "nothing": (_function(_TRAIN, "return [0.0] * steps"), 0.0, 0.0),
        "one slip": (WRONG["train_speller"]["losses as tensors"], 0.5, 0.99),
        "point missed": (WRONG["train_speller"]["no zero_grad"], 0.0, 0.49),
    },
    "beam_search": {
        "nothing": (_function(_BEAM, "return [], 0.0"), 0.0, 0.0),
        "one slip": (WRONG["beam_search"]["total returned"], 0.5, 0.99),
        "point missed": (WRONG["beam_search"]["greedy"], 0.0, 0.49),
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
        "one slip": (WRONG["look_back"]["mask ignored"], 0.5, 0.99),
        "point missed": (_function(_LOOK, _PUBLISHED), 0.0, 0.49),
    },
    "self_attention": {
        "nothing": (_function(_SELF, "return x @ W_v"), 0.0, 0.0),
        "one slip": (WRONG["self_attention"]["not scaled"], 0.5, 0.99),
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
