"""Wrong and right ways to write the exercises of ``05_attention/attention.ipynb``."""

_SOFTMAX = """def masked_softmax(scores, mask):
{body}
"""


def _softmax(body: str) -> str:
    return _SOFTMAX.format(body="\n".join(f"    {line}" for line in body.strip().split("\n")))


def _function(header: str, body: str) -> str:
    return header + "\n" + "\n".join(f"    {line}" for line in body.strip("\n").split("\n")) + "\n"


_DOT = "def dot_scores(q, k):"
_SCALED = "def scaled_dot_scores(q, k):"
_ADDITIVE = "def additive_scores(q, k, W_q, W_k, v):"
_ATTEND = "def attend(weights, values):"
_BACKWARD = "def masked_softmax_backward(dweights, weights):"
_STEP = "def attention_step(query, states, mask, W):"
_ATTRIBUTIONS = "def word_attributions(model, ids, lengths):"

_HEAD = """class AttentionClassifier(nn.Module):
    def __init__(self, vocab_size, embedding_size, hidden_size, classes):
        super().__init__()
"""
_PARAMETER_QUERY = (
    _HEAD
    + """        self.embedding = nn.Embedding(vocab_size, embedding_size)
        self.encoder = nn.GRU(embedding_size, hidden_size, bidirectional=True, batch_first=True)
        self.W = nn.Parameter(torch.randn(2 * hidden_size, 7) * 0.1)
        self.b = nn.Parameter(torch.zeros(7))
        self.query = nn.Parameter(torch.randn(7) * 0.1)
        self.output = nn.Linear(2 * hidden_size, classes)

    def forward(self, ids, lengths):
        n, t = ids.shape
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        h, _ = nn.utils.rnn.pad_packed_sequence(
            self.encoder(packed)[0], batch_first=True, total_length=t)
        s = torch.einsum("nta,a->nt", torch.tanh(h @ self.W + self.b), self.query)
        mask = torch.arange(t, device=ids.device).expand(n, t) < lengths.to(ids.device).unsqueeze(1)
        s = s.masked_fill(~mask, float("-inf"))
        e = torch.exp(s - s.max(dim=1, keepdim=True).values)
        a = e / e.sum(dim=1, keepdim=True)
        return self.output(torch.einsum("nt,nth->nh", a, h)), a
"""
)
_TWO_CELLS = (
    _HEAD
    + """        self.embedding = nn.Embedding(vocab_size, embedding_size, padding_idx=0)
        self.ahead = nn.GRUCell(embedding_size, hidden_size)
        self.back = nn.GRUCell(embedding_size, hidden_size)
        self.one = nn.Linear(2 * hidden_size, hidden_size)
        self.two = nn.Linear(hidden_size, 1)
        self.read = nn.Linear(2 * hidden_size, classes)

    def forward(self, ids, lengths):
        e = self.embedding(ids)
        n, t, _ = e.shape
        mask = torch.arange(t, device=ids.device)[None] < lengths.to(ids.device)[:, None]
        h = b = e.new_zeros(n, self.ahead.hidden_size)
        forwards, backwards = [], []
        for i in range(t):
            h = self.ahead(e[:, i], h)
            forwards.append(h)
        for i in reversed(range(t)):
            b = torch.where(mask[:, i, None], self.back(e[:, i], b), b)
            backwards.insert(0, b)
        states = torch.cat([torch.stack(forwards, 1), torch.stack(backwards, 1)], dim=2)
        states = states * mask[:, :, None]
        scores = self.two(torch.tanh(self.one(states)))
        weights = torch.softmax(scores.masked_fill(~mask[:, :, None], -1e30), dim=1)
        context = torch.bmm(weights.transpose(1, 2), states)[:, 0]
        return self.read(context), weights[:, :, 0]
"""
)
_LSTM = (
    _HEAD
    + """        self.embedding = nn.Embedding(vocab_size, embedding_size, padding_idx=0)
        self.encoder = nn.LSTM(embedding_size, hidden_size, batch_first=True, bidirectional=True)
        self.score = nn.Sequential(nn.Linear(2 * hidden_size, 4), nn.Tanh(), nn.Linear(4, 1))
        self.output = nn.Linear(2 * hidden_size, classes)

    def forward(self, ids, lengths):
        order = torch.argsort(lengths, descending=True)
        back = torch.argsort(order)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(ids[order]), lengths[order].cpu(), batch_first=True)
        h, _ = nn.utils.rnn.pad_packed_sequence(
            self.encoder(packed)[0], batch_first=True, total_length=ids.size(1))
        h = h[back]
        mask = torch.arange(ids.size(1), device=ids.device) < lengths[:, None]
        a = torch.softmax(self.score(h)[:, :, 0], dim=1) * mask
        a = a / a.sum(dim=1, keepdim=True)
        return self.output((a.unsqueeze(2) * h).sum(1)), a
"""
)

WRONG = {
    "masked_softmax": {
        "mask ignored": [("np.where(mask, scores, -np.inf)", "scores")],
        "cut after the softmax": _softmax(
            "e = np.exp(scores - scores.max(axis=-1, keepdims=True))\n"
            "return e / e.sum(axis=-1, keepdims=True) * mask"
        ),
        "softmax over the queries": [("axis=-1", "axis=1")],
        "softmax over the batch": [("axis=-1", "axis=0")],
        "softmax over the whole matrix": [("axis=-1", "axis=(1, 2)")],
        "masked scores set to zero": [("scores, -np.inf)", "scores, 0)")],
        "mask the wrong way round": [
            ("np.where(mask, scores, -np.inf)", "np.where(mask, -np.inf, scores)")
        ],
        "not stable": [("top = np.where(np.isfinite(top), top, 0)", "top = 0")],
        "empty row gives nan": [
            ("    top = np.where(np.isfinite(top), top, 0)\n", ""),
            ("np.where(total > 0, total, 1)", "total"),
        ],
        "empty row divides zero by zero": [("np.where(total > 0, total, 1)", "total")],
        "empty row shares equally": [("-np.inf)", "-1e9)")],
        "largest over masked scores too": _softmax(
            "e = np.exp(scores - scores.max(axis=-1, keepdims=True)) * mask\n"
            "total = e.sum(axis=-1, keepdims=True)\n"
            "return e / np.where(total > 0, total, 1)"
        ),
        "small number added to the sum": [
            ("e / np.where(total > 0, total, 1)", "e / (total + 1e-6)")
        ],
        "largest of the whole array": [("readable.max(axis=-1, keepdims=True)", "readable.max()")],
        "mildly negative mask": [
            ("scores, -np.inf)", "scores, -20.0)"),
            ("return e", "return mask.any(-1, keepdims=True) * e"),
        ],
        "float64 forced": [("scores, -np.inf)", "scores.astype(np.float64), -np.inf)")],
        "changes its argument": [
            (
                "readable = np.where(mask, scores, -np.inf)",
                "scores[~np.broadcast_to(mask, scores.shape)] = -np.inf\n    readable = scores",
            ),
        ],
        "temperature left in": [("np.exp(readable - top)", "np.exp((readable - top) / 2)")],
        "log weights": [
            (
                "return e / np.where(total > 0, total, 1)",
                "return np.log(e / np.where(total > 0, total, 1) + 1e-12)",
            ),
        ],
        "needs a mask per query": [
            (
                "readable = np.where(mask, scores, -np.inf)",
                "readable = np.full_like(scores, -np.inf)\n    readable[mask] = scores[mask]",
            ),
        ],
        "one weight only": [
            ("return e /", "e = (e == e.max(-1, keepdims=True)) * e\n    return e /")
        ],
    },
    "dot_scores": {
        "scaled already": [("k.transpose(0, 2, 1)", "k.transpose(0, 2, 1) / q.shape[-1] ** 0.5")],
        "keys against queries": [("q @ k.transpose(0, 2, 1)", "k @ q.transpose(0, 2, 1)")],
        "only matching steps": [
            ("q @ k.transpose(0, 2, 1)", "(q * k[:, : q.shape[1]]).sum(axis=-1)")
        ],
        "reshaped, not transposed": [
            ("k.transpose(0, 2, 1)", "k.reshape(len(k), k.shape[2], k.shape[1])")
        ],
        "cosines": [
            (
                "return q @ k.transpose(0, 2, 1)",
                "q = q / np.linalg.norm(q, axis=-1, keepdims=True)\n"
                "    k = k / np.linalg.norm(k, axis=-1, keepdims=True)\n    return q @ k.transpose(0, 2, 1)",
            ),
        ],
        "first example's keys for all": [("k.transpose(0, 2, 1)", "k[:1].transpose(0, 2, 1)")],
        "every example with every other": [
            ("q @ k.transpose(0, 2, 1)", "np.einsum('nid,mjd->nij', q, k)")
        ],
        "distances": [
            ("q @ k.transpose(0, 2, 1)", "-((q[:, :, None] - k[:, None]) ** 2).sum(axis=-1)"),
        ],
        "mean instead of sum": [("k.transpose(0, 2, 1)", "k.transpose(0, 2, 1) / q.shape[-1]")],
        "float64 forced": [("q @", "q.astype(np.float64) @")],
        "softmax on top": [
            (
                "return q @ k.transpose(0, 2, 1)",
                "s = q @ k.transpose(0, 2, 1)\n    return np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True)",
            ),
        ],
    },
    "scaled_dot_scores": {
        "not scaled": [(" / q.shape[-1] ** 0.5", "")],
        "divided by D": [("** 0.5", "** 1.0")],
        "multiplied": [("/ q.shape", "* q.shape")],
        "by the number of keys": [("q.shape[-1]", "k.shape[1]")],
        "by the number of queries": [("q.shape[-1]", "q.shape[1]")],
        "by the batch": [("q.shape[-1]", "q.shape[0]")],
        "a fixed 8": [("q.shape[-1]", "64")],
        "both sides scaled": [("q @ k", "(q / q.shape[-1] ** 0.5) @ k")],
        "float64 by np.sqrt": [("q.shape[-1] ** 0.5", "np.sqrt(q.shape[-1])")],
        "by the standard deviation": [
            (
                "return q @ k.transpose(0, 2, 1) / q.shape[-1] ** 0.5",
                "s = q @ k.transpose(0, 2, 1)\n    return s / (s.std() + 1e-9)",
            ),
        ],
        "keys against queries": [("q @ k.transpose(0, 2, 1)", "k @ q.transpose(0, 2, 1)")],
        "changes its argument": [
            (
                "return q @ k.transpose(0, 2, 1) / q.shape[-1] ** 0.5",
                "q /= q.shape[-1] ** 0.5\n    return q @ k.transpose(0, 2, 1)",
            ),
        ],
    },
    "additive_scores": {
        "no tanh": [("np.tanh(together) @ v", "together @ v")],
        "tanh of each": [
            ("(q @ W_q)[:, :, None, :]", "np.tanh(q @ W_q)[:, :, None, :]"),
            ("(k @ W_k)[:, None, :, :]", "np.tanh(k @ W_k)[:, None, :, :]"),
            ("np.tanh(together) @ v", "together @ v"),
        ],
        "multiplied": [("[:, :, None, :] + (k", "[:, :, None, :] * (k")],
        "subtracted": [("[:, :, None, :] + (k", "[:, :, None, :] - (k")],
        "v left out": [("np.tanh(together) @ v", "np.tanh(together).sum(axis=-1)")],
        "v inside": [("np.tanh(together) @ v", "np.tanh(together @ v)")],
        "query never enters": [("(q @ W_q)[:, :, None, :] +", "0 * (q @ W_q)[:, :, None, :] +")],
        "keys never enter": [("+ (k @ W_k)[:, None, :, :]", "+ 0 * (k @ W_k)[:, None, :, :]")],
        "logistic": [("np.tanh(together)", "(1 / (1 + np.exp(-together)))")],
        "queries and keys swapped": [
            (
                "(q @ W_q)[:, :, None, :] + (k @ W_k)[:, None, :, :]",
                "(q @ W_q)[:, None, :, :] + (k @ W_k)[:, :, None, :]",
            ),
        ],
        "relu": [("np.tanh(together)", "np.maximum(together, 0)")],
        "mean over the units": [("@ v", "@ v / len(v)")],
        "float64 forced": [("@ v", "@ v.astype(np.float64)")],
        "only the first query": [
            ("(q @ W_q)[:, :, None, :]", "(q @ W_q)[:, :1, None, :] + 0 * (q @ W_q)[:, :, None, :]")
        ],
        "only matching steps": _function(
            _ADDITIVE,
            "t = min(q.shape[1], k.shape[1])\nreturn np.tanh(q[:, :t] @ W_q + k[:, :t] @ W_k) @ v",
        ),
    },
    "attend": {
        "mean instead of sum": [("weights @ values", "weights @ values / values.shape[1]")],
        "the largest only": [
            (
                "weights @ values",
                "np.eye(weights.shape[-1], dtype=values.dtype)[weights.argmax(axis=-1)] @ values",
            ),
        ],
        "plain mean": [
            ("weights @ values", "0 * weights @ values + values.mean(axis=1, keepdims=True)")
        ],
        "plain sum": [
            ("weights @ values", "0 * weights @ values + values.sum(axis=1, keepdims=True)")
        ],
        "not summed": [("weights @ values", "weights[..., None] * values[:, None]")],
        "keys and features mixed up": [
            (
                "weights @ values",
                "weights @ values.reshape(len(values), values.shape[2], -1).transpose(0, 2, 1)",
            ),
        ],
        "first example's values for all": [("@ values", "@ values[:1]")],
        "softmax once more": [
            (
                "weights @ values",
                "(np.exp(weights) / np.exp(weights).sum(axis=-1, keepdims=True)) @ values",
            ),
        ],
        "float64 forced": [("weights @", "weights.astype(np.float64) @")],
        "query axis lost": [("weights @ values", "(weights @ values)[:, 0]")],
        "squeezed": [("weights @ values", "(weights @ values).squeeze()")],
    },
    "masked_softmax_backward": {
        "diagonal only": [
            ("return weights * (dweights - average)", "return weights * (1 - weights) * dweights"),
        ],
        "average forgotten": [("(dweights - average)", "dweights")],
        "plain mean": [("(weights * dweights).sum(", "dweights.mean(")],
        "plain sum": [("(weights * dweights).sum(", "dweights.sum(")],
        "sum over the queries": [("axis=-1", "axis=1")],
        "sum over the whole matrix": [("axis=-1", "axis=(1, 2)")],
        "sum over the batch": [("axis=-1", "axis=0")],
        "sign": [("dweights - average", "average - dweights")],
        "front factor forgotten": [
            ("return weights * (dweights - average)", "return dweights - average")
        ],
        "average not weighted back": [
            ("return weights * (dweights - average)", "return weights * dweights - average"),
        ],
        "cross entropy's gradient": [
            ("return weights * (dweights - average)", "return weights - dweights"),
        ],
        "float64 forced": [("return weights", "return weights.astype(np.float64)")],
        "changes its argument": [
            (
                "return weights * (dweights - average)",
                "dweights -= average\n    return weights * dweights",
            ),
        ],
        "nan where the weight is zero": [
            (
                "return weights * (dweights - average)",
                "return np.exp(np.log(weights)) * (dweights - average) + 0 * np.log(weights)",
            ),
        ],
    },
    "AttentionClassifier": {
        "no packing": [
            (
                """packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(ids), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.encoder(packed)[0], batch_first=True, total_length=T
        )""",
                "states, _ = self.encoder(self.embedding(ids))",
            ),
        ],
        "longest length instead of T": [(", total_length=T", "")],
        "sorted batches only": [(", enforce_sorted=False", "")],
        "no mask": [("scores.masked_fill(~mask, -torch.inf)", "scores")],
        "masked scores set to zero": [("-torch.inf", "0.0")],
        "mask the wrong way round": [("~mask", "mask")],
        "mask off by one": [("< lengths.to(ids.device)", "<= lengths.to(ids.device)")],
        "mask one too short": [
            (
                "< lengths.to(ids.device)[:, None]",
                "< lengths.to(ids.device)[:, None].sub(1).clamp(min=1)",
            )
        ],
        "cut after the softmax": [
            (
                "torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=1)",
                "torch.softmax(scores, dim=1) * mask",
            ),
        ],
        "softmax over the batch": [("-torch.inf), dim=1)", "-torch.inf), dim=0).nan_to_num()")],
        "softmax over an axis of one": [
            (".squeeze(-1)", ""),
            (
                "torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=1)",
                "torch.softmax(scores, dim=-1)[..., 0] * mask",
            ),
        ],
        "one direction": [
            ("bidirectional=True", "bidirectional=False"),
            ("2 * hidden_size", "hidden_size"),
        ],
        "mean of the states": [
            (
                "(weights[:, :, None] * states).sum(dim=1)",
                "states.sum(dim=1) / lengths.to(states.device)[:, None]",
            ),
        ],
        "last state": [
            (
                "(weights[:, :, None] * states).sum(dim=1)",
                "states[torch.arange(len(ids)), lengths - 1]",
            ),
        ],
        "sum of the states": [("(weights[:, :, None] * states)", "states")],
        "equal weights": [("scores.masked_fill(~mask", "(0 * scores).masked_fill(~mask")],
        "weights detached": [("(weights[:, :, None] *", "(weights.detach()[:, :, None] *")],
        "scores from the embeddings": [
            ("nn.Linear(2 * hidden_size, hidden_size)", "nn.Linear(embedding_size, hidden_size)"),
            ("self.project(states)", "self.project(self.embedding(ids))"),
        ],
        "values are the embeddings": [
            ("nn.Linear(2 * hidden_size, classes)", "nn.Linear(embedding_size, classes)"),
            ("* states).sum", "* self.embedding(ids)).sum"),
        ],
        "probabilities": [
            ("return self.output(context)", "return torch.softmax(self.output(context), dim=1)")
        ],
        "log probabilities": [
            ("return self.output(context)", "return torch.log_softmax(self.output(context), dim=1)")
        ],
        "order of the results": [
            ("return self.output(context), weights", "return weights, self.output(context)")
        ],
        "logits only": [("return self.output(context), weights", "return self.output(context)")],
        "squeezes everything": [
            ("context = (", "weights = weights.squeeze()\n        context = ("),
            ("weights[:, :, None]", "weights.reshape(ids.shape)[:, :, None]"),
        ],
        "weights keep an axis": [
            (
                "return self.output(context), weights",
                "return self.output(context), weights[:, :, None]",
            )
        ],
        "two classes only": [
            ("nn.Linear(2 * hidden_size, classes)", "nn.Linear(2 * hidden_size, 2)")
        ],
        "vocabulary one short": [("nn.Embedding(vocab_size,", "nn.Embedding(vocab_size - 1,")],
        "embedding frozen": [
            ("self.embedding(ids), lengths", "self.embedding(ids).detach(), lengths")
        ],
        "time first": [
            (
                "embedding_size, hidden_size, batch_first=True, bi",
                "embedding_size, hidden_size, bi",
            ),
            (
                """packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(ids), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.encoder(packed)[0], batch_first=True, total_length=T
        )""",
                "states, _ = self.encoder(self.embedding(ids))",
            ),
        ],
        "noise when not training": [
            (
                "self.output(context), weights",
                "self.output(nn.functional.dropout(context, 0.5)), weights",
            )
        ],
        "float32 forced": [
            ("self.output(context), weights", "self.output(context).float(), weights.float()")
        ],
        "lengths changed": [
            (
                "T = ids.shape[1]",
                "T = ids.shape[1]\n        lengths.clamp_(max=T - 1).clamp_(min=1)",
            )
        ],
        "ids changed": [("T = ids.shape[1]", "T = ids.shape[1]\n        ids[:, -1] = 0")],
        "length found from the ids": [
            ("T = ids.shape[1]", "T = ids.shape[1]\n        lengths = (ids != 0).sum(dim=1)"),
        ],
        "dot product without a query": [
            ("self.v(torch.tanh(self.project(states))).squeeze(-1)", "(states * states).sum(-1)"),
        ],
    },
    "word_attributions": {
        "gradient of the table": [
            (
                "torch.autograd.grad(logits.max(dim=1).values.sum(), caught[0])",
                "torch.autograd.grad(logits.max(dim=1).values.sum(), model.embedding.weight)",
            ),
            ("(gradient * caught[0])", "(gradient[ids] * caught[0])"),
        ],
        "padding not zero": [
            (
                "torch.where(real, (gradient * caught[0]).sum(dim=-1), 0)",
                "(gradient * caught[0]).sum(dim=-1)",
            ),
        ],
        "padding found by the id": [
            ("(gradient * caught[0]).sum(dim=-1)", "(gradient * caught[0]).sum(dim=-1)"),
            (
                "torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]",
                "torch.arange(ids.shape[1], device=ids.device) <= lengths[:, None]",
            ),
        ],
        "all classes": [("logits.max(dim=1).values.sum()", "logits.sum()")],
        "class 0": [("logits.max(dim=1).values.sum()", "logits[:, 0].sum()")],
        "class 1": [("logits.max(dim=1).values.sum()", "logits[:, 1].sum()")],
        "least likely class": [("logits.max(dim=1)", "logits.min(dim=1)")],
        "one maximum for the batch": [("logits.max(dim=1).values.sum()", "logits.max()")],
        "maximum over the batch": [("logits.max(dim=1)", "logits.max(dim=0)")],
        "probability": [("logits.max(dim=1)", "logits.softmax(dim=1).max(dim=1)")],
        "log probability": [("logits.max(dim=1)", "logits.log_softmax(dim=1).max(dim=1)")],
        "size only": [
            ("(gradient * caught[0]).sum(dim=-1)", "(gradient * caught[0]).sum(dim=-1).abs()")
        ],
        "gradient only": [("(gradient * caught[0])", "gradient")],
        "length of the gradient": [("(gradient * caught[0]).sum(dim=-1)", "gradient.norm(dim=-1)")],
        "mean over the features": [("caught[0]).sum(dim=-1)", "caught[0]).mean(dim=-1)")],
        "mean over the batch": [
            ("logits.max(dim=1).values.sum()", "logits.max(dim=1).values.mean()")
        ],
        "squared gradient": [("(gradient * caught[0])", "(gradient * gradient)")],
        "normalised": [
            (
                ", 0).detach()",
                ", 0).detach()\n    out = out / out.abs().sum(1, keepdim=True)\n    return out",
            ),
            ("return torch.where", "out = torch.where"),
        ],
        "hook left on": [("    handle.remove()\n", "")],
        "not detached": [
            ("caught[0])\n", "caught[0], create_graph=True)\n"),
            (", 0).detach()", ", 0)"),
        ],
        "backward fills .grad": [
            ("caught.append(output)", "caught.append(output) or output.retain_grad()"),
            (
                "(gradient,) = torch.autograd.grad(logits.max(dim=1).values.sum(), caught[0])",
                "logits.max(dim=1).values.sum().backward()\n    gradient = caught[0].grad",
            ),
        ],
        "zero_grad wipes .grad": [
            ("    caught = []\n", "    caught = []\n    model.zero_grad()\n")
        ],
        "parameters frozen for good": [
            (
                "    handle.remove()\n",
                "    handle.remove()\n    for p in model.parameters(): p.requires_grad_(False)\n",
            ),
        ],
        "attention times attribution": [
            ("logits, _ =", "logits, weights ="),
            (", 0).detach()", ", 0).detach() * weights.detach()"),
        ],
        "NumPy array": [(", 0).detach()", ", 0).detach().cpu().numpy()")],
        "float64 forced": [(", 0).detach()", ", 0).detach().double()")],
        "only the first review": [("values.sum(), caught", "values[0], caught")],
    },
    "attention_step": {
        "as published": _function(
            _STEP,
            "T = states.shape[1]\n"
            "scores = np.resize(query @ W, (len(query), T))\n"
            "weights = masked_softmax(scores[:, None, :], mask[:, None, :])\n"
            "return attend(weights, states)[:, 0], weights[:, 0]",
        ),
        "mask ignored": [("mask[:, None, :])", "np.ones_like(mask)[:, None, :])")],
        "equal weights": [("masked_softmax(scores,", "masked_softmax(0 * scores,")],
        "scaled": [("dot_scores(", "scaled_dot_scores(")],
        "cut after the softmax": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "masked_softmax(scores, np.ones_like(mask)[:, None, :]) * mask[:, None, :]",
            ),
        ],
        "first state for all keys": [
            ("[:, None, :], states)", "[:, None, :], 0 * states + states[:, :1])")
        ],
        "order of the results": [
            (
                "return attend(weights, states)[:, 0], weights[:, 0]",
                "return weights[:, 0], attend(weights, states)[:, 0]",
            ),
        ],
        "query axis kept": [
            ("attend(weights, states)[:, 0], weights[:, 0]", "attend(weights, states), weights"),
        ],
        "squeezes everything": [
            (
                "attend(weights, states)[:, 0], weights[:, 0]",
                "attend(weights, states).squeeze(), weights.squeeze()",
            ),
        ],
        "query added to the context": [
            ("attend(weights, states)[:, 0],", "attend(weights, states)[:, 0] + query @ W,"),
        ],
        "reads the keys of the query": [
            ("attend(weights, states)[:, 0]", "(weights[:, 0, :1] * (query @ W))")
        ],
        "tanh of the query": [("(query @ W)", "np.tanh(query @ W)")],
        "one mask for all": [("mask[:, None, :])", "mask[:1, None, :])")],
        "neighbour's states": [
            ("[:, None, :], states)", "[:, None, :], np.roll(states, 1, axis=0))")
        ],
        "largest state only": [
            (
                "return attend",
                "weights = (weights == weights.max(axis=-1, keepdims=True)).astype(states.dtype)\n    return attend",
            ),
        ],
        "float64 forced": [("(query @ W)", "(query.astype(np.float64) @ W)")],
        "changes its argument": [
            ("scores = dot_scores", "states[~mask] = 0\n    scores = dot_scores"),
        ],
    },
}

RIGHT = {
    "masked_softmax": {
        "loops": _softmax(
            "out = np.zeros_like(scores)\n"
            "full = np.broadcast_to(mask, scores.shape)\n"
            "for place in np.ndindex(*scores.shape[:-1]):\n"
            "    keep = full[place]\n"
            "    if keep.any():\n"
            "        s = scores[place][keep]\n"
            "        e = np.exp(s - s.max())\n"
            "        out[place][keep] = e / e.sum()\n"
            "return out"
        ),
        "very negative, then multiplied": _softmax(
            "s = np.where(mask, scores, np.finfo(scores.dtype).min / 2)\n"
            "e = np.exp(s - s.max(axis=-1, keepdims=True)) * mask\n"
            "total = e.sum(axis=-1, keepdims=True)\n"
            "return np.divide(e, total, out=np.zeros_like(e), where=total > 0)"
        ),
        "nan to zero": _softmax(
            "with np.errstate(invalid='ignore'):\n"
            "    s = np.where(mask, scores, -np.inf)\n"
            "    e = np.exp(s - s.max(axis=-1, keepdims=True))\n"
            "    return np.nan_to_num(e / e.sum(axis=-1, keepdims=True))"
        ),
        "max with where and initial": _softmax(
            "full = np.broadcast_to(mask, scores.shape)\n"
            "low = scores.min()\n"
            "top = np.max(scores, axis=-1, keepdims=True, where=full, initial=low)\n"
            "e = np.zeros_like(scores)\n"
            "np.exp(scores - top, out=e, where=full)\n"
            "total = e.sum(axis=-1, keepdims=True)\n"
            "total[total == 0] = 1\n"
            "e /= total\n"
            "return e"
        ),
        "log-sum-exp": _softmax(
            "with np.errstate(all='ignore'):\n"
            "    s = np.where(mask, scores, -np.inf)\n"
            "    m = s.max(axis=-1, keepdims=True)\n"
            "    z = m + np.log(np.exp(s - m).sum(axis=-1, keepdims=True))\n"
            "    return np.where(mask, np.exp(s - z), 0).astype(scores.dtype)"
        ),
        "in place on a copy": _softmax(
            "w = scores.copy()\n"
            "w[~np.broadcast_to(mask, w.shape)] = -np.inf\n"
            "top = w.max(axis=-1, keepdims=True)\n"
            "top[np.isneginf(top)] = 0\n"
            "w -= top\n"
            "np.exp(w, out=w)\n"
            "w /= np.maximum(w.sum(axis=-1, keepdims=True), np.finfo(w.dtype).tiny)\n"
            "return w"
        ),
    },
    "dot_scores": {
        "einsum": _function(_DOT, "return np.einsum('nid,njd->nij', q, k)"),
        "swapaxes": _function(_DOT, "return np.matmul(q, np.swapaxes(k, 1, 2))"),
        "broadcast": _function(_DOT, "return (q[:, :, None, :] * k[:, None, :, :]).sum(-1)"),
        "loops": _function(
            _DOT,
            "out = np.zeros((q.shape[0], q.shape[1], k.shape[1]), dtype=q.dtype)\n"
            "for n in range(len(q)):\n"
            "    for i in range(q.shape[1]):\n"
            "        for j in range(k.shape[1]):\n"
            "            out[n, i, j] = q[n, i] @ k[n, j]\n"
            "return out",
        ),
        "transposed twice": _function(_DOT, "return (k @ q.transpose(0, 2, 1)).transpose(0, 2, 1)"),
        "stacked": _function(_DOT, "return np.stack([a @ b.T for a, b in zip(q, k)])"),
    },
    "scaled_dot_scores": {
        "einsum": _function(
            _SCALED, "return np.einsum('nid,njd->nij', q, k) / float(np.sqrt(q.shape[-1]))"
        ),
        "queries scaled first": _function(
            _SCALED, "return (q / q.shape[-1] ** 0.5) @ k.swapaxes(1, 2)"
        ),
        "through dot_scores": _function(_SCALED, "return dot_scores(q, k) * q.shape[2] ** -0.5"),
        "math.sqrt": _function(
            _SCALED, "import math\nreturn q @ k.transpose(0, 2, 1) / math.sqrt(k.shape[-1])"
        ),
        "root of the dtype": _function(
            _SCALED, "return q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]).astype(q.dtype)"
        ),
    },
    "additive_scores": {
        "einsum": _function(
            _ADDITIVE,
            "a = np.einsum('nid,da->nia', q, W_q)\nb = np.einsum('njd,da->nja', k, W_k)\n"
            "return np.einsum('nija,a->nij', np.tanh(a[:, :, np.newaxis] + b[:, np.newaxis]), v)",
        ),
        "loops": _function(
            _ADDITIVE,
            "out = np.empty((len(q), q.shape[1], k.shape[1]), dtype=q.dtype)\n"
            "for i in range(q.shape[1]):\n"
            "    for j in range(k.shape[1]):\n"
            "        out[:, i, j] = np.tanh(q[:, i] @ W_q + k[:, j] @ W_k) @ v\n"
            "return out",
        ),
        "concatenated": _function(
            _ADDITIVE,
            "N, Tq, Dq = q.shape\nTk, Dk = k.shape[1:]\n"
            "a = np.broadcast_to(q[:, :, None], (N, Tq, Tk, Dq))\n"
            "b = np.broadcast_to(k[:, None], (N, Tq, Tk, Dk))\n"
            "both = np.concatenate([a, b], axis=-1)\n"
            "return np.tanh(both @ np.concatenate([W_q, W_k])) @ v",
        ),
        "one key at a time": _function(
            _ADDITIVE,
            "a = q @ W_q\nb = k @ W_k\n"
            "return np.stack([np.tanh(a + b[:, j : j + 1]) @ v for j in range(k.shape[1])], axis=2)",
        ),
        "summed by hand": [("np.tanh(together) @ v", "(np.tanh(together) * v).sum(axis=-1)")],
    },
    "attend": {
        "einsum": _function(_ATTEND, "return np.einsum('nij,njd->nid', weights, values)"),
        "broadcast": _function(
            _ATTEND, "return (weights[:, :, :, None] * values[:, None, :, :]).sum(axis=2)"
        ),
        "loop over keys": _function(
            _ATTEND,
            "out = np.zeros((weights.shape[0], weights.shape[1], values.shape[2]), dtype=values.dtype)\n"
            "for j in range(values.shape[1]):\n"
            "    out += weights[:, :, j, None] * values[:, None, j]\n"
            "return out",
        ),
        "matmul": _function(_ATTEND, "return np.matmul(weights, values)"),
    },
    "masked_softmax_backward": {
        "two products": _function(
            _BACKWARD, "p = weights * dweights\nreturn p - weights * p.sum(axis=-1, keepdims=True)"
        ),
        "einsum": _function(
            _BACKWARD,
            "inner = np.einsum('nij,nij->ni', weights, dweights)\n"
            "return weights * (dweights - inner[..., None])",
        ),
        "whole Jacobian": _function(
            _BACKWARD,
            "eye = np.eye(weights.shape[-1], dtype=weights.dtype)\n"
            "J = weights[..., :, None] * (eye - weights[..., None, :])\n"
            "return (J @ dweights[..., None])[..., 0]",
        ),
        "loops": _function(
            _BACKWARD,
            "out = np.zeros_like(weights)\n"
            "for n, i in np.ndindex(*weights.shape[:2]):\n"
            "    a, g = weights[n, i], dweights[n, i]\n"
            "    out[n, i] = (np.diag(a) - np.outer(a, a)) @ g\n"
            "return out",
        ),
        "in place on a fresh array": _function(
            _BACKWARD,
            "out = dweights.copy()\nout -= (weights * dweights).sum(-1, keepdims=True)\n"
            "out *= weights\nreturn out",
        ),
    },
    "AttentionClassifier": {
        "parameters instead of layers": _PARAMETER_QUERY,
        "two GRU cells by hand": _TWO_CELLS,
        "sorted by hand, an LSTM inside": _LSTM,
        "one linear score": [
            ("self.v(torch.tanh(self.project(states)))", "self.v(self.project(states))"),
        ],
        "score with a bias": [
            ("nn.Linear(hidden_size, 1, bias=False)", "nn.Linear(hidden_size, 1)")
        ],
        "smallest finite number": [("-torch.inf", "torch.finfo(scores.dtype).min")],
        "batched product": [
            (
                "(weights[:, :, None] * states).sum(dim=1)",
                "torch.bmm(weights[:, None], states)[:, 0]",
            ),
        ],
        "returns detached weights": [
            ("self.output(context), weights", "self.output(context), weights.detach()")
        ],
        "dropout in training": [
            (
                "self.output(context), weights",
                "self.output(nn.functional.dropout(context, 0.3, self.training)), weights",
            ),
        ],
        "list of results": [
            ("return self.output(context), weights", "return [self.output(context), weights]")
        ],
    },
    "word_attributions": {
        "leaf in place of the output": _function(
            _ATTRIBUTIONS,
            "kept = {}\n"
            "def swap(layer, inputs, output):\n"
            "    kept['e'] = output.detach().requires_grad_()\n"
            "    return kept['e']\n"
            "handle = model.embedding.register_forward_hook(swap)\n"
            "try:\n"
            "    logits = model(ids, lengths)[0]\n"
            "finally:\n"
            "    handle.remove()\n"
            "top = logits.argmax(dim=1, keepdim=True)\n"
            "g = torch.autograd.grad(logits.gather(1, top).sum(), kept['e'])[0]\n"
            "a = torch.einsum('nte,nte->nt', g, kept['e']).detach().clone()\n"
            "for n, length in enumerate(lengths.tolist()):\n"
            "    a[n, length:] = 0\n"
            "return a",
        ),
        "one review at a time": _function(
            _ATTRIBUTIONS,
            "rows = []\n"
            "for n in range(len(ids)):\n"
            "    caught = []\n"
            "    handle = model.embedding.register_forward_hook(lambda m, i, o: caught.append(o))\n"
            "    logits, _ = model(ids[n : n + 1], lengths[n : n + 1])\n"
            "    handle.remove()\n"
            "    best = int(logits[0].argmax())\n"
            "    grad = torch.autograd.grad(logits[0, best], caught[0])[0]\n"
            "    row = (grad * caught[0]).sum(-1)[0].detach()\n"
            "    row = torch.cat([row[: lengths[n]], torch.zeros_like(row[lengths[n] :])])\n"
            "    rows.append(row)\n"
            "return torch.stack(rows)",
        ),
        "embedding replaced for a moment": _function(
            _ATTRIBUTIONS,
            "e = model.embedding(ids).detach().requires_grad_()\n"
            "real = torch.arange(ids.size(1), device=ids.device)[None] < lengths[:, None]\n"
            "table = model.embedding\n"
            "class Fixed(nn.Module):\n"
            "    def forward(self, _):\n"
            "        return e\n"
            "model.embedding = Fixed()\n"
            "try:\n"
            "    logits, _ = model(ids, lengths)\n"
            "finally:\n"
            "    model.embedding = table\n"
            "grads, = torch.autograd.grad(logits.amax(dim=1).sum(), e)\n"
            "return (grads * e.detach()).sum(2).masked_fill(~real, 0.0)",
        ),
        "multiplied with the mask": [
            (
                "torch.where(real, (gradient * caught[0]).sum(dim=-1), 0)",
                "((gradient * caught[0]).sum(dim=-1) * real)",
            ),
        ],
    },
    "attention_step": {
        "einsum": _function(
            _STEP,
            "scores = np.einsum('nq,qd,ntd->nt', query, W, states)\n"
            "s = np.where(mask, scores, -np.inf)\n"
            "e = np.exp(s - s.max(axis=1, keepdims=True))\n"
            "weights = e / e.sum(axis=1, keepdims=True)\n"
            "return np.einsum('nt,ntd->nd', weights, states), weights",
        ),
        "matrix on the states": [
            (
                "dot_scores((query @ W)[:, None, :], states)",
                "dot_scores(query[:, None, :], states @ W.T)",
            ),
        ],
        "loops": _function(
            _STEP,
            "context = np.zeros((len(query), states.shape[2]), dtype=states.dtype)\n"
            "weights = np.zeros(states.shape[:2], dtype=states.dtype)\n"
            "for n in range(len(query)):\n"
            "    keep = mask[n]\n"
            "    s = states[n, keep] @ (query[n] @ W)\n"
            "    e = np.exp(s - s.max())\n"
            "    weights[n, keep] = e / e.sum()\n"
            "    context[n] = weights[n] @ states[n]\n"
            "return context, weights",
        ),
        "one axis for all": _function(
            _STEP,
            "scores = ((query @ W)[:, None, :] * states).sum(axis=-1)\n"
            "weights = masked_softmax(scores[:, None], mask[:, None])[:, 0]\n"
            "return (weights[:, :, None] * states).sum(axis=1), weights",
        ),
    },
}

SAYS = {
    "masked_softmax": {
        "mask ignored": "mask is not used",
        "cut after the softmax": "no longer sum to 1",
        "softmax over the queries": "over the queries",
        "softmax over the whole matrix": "whole matrix",
        "masked scores set to zero": "exp(0) is 1",
        "mask the wrong way round": "wrong way round",
        "not stable": "subtract the largest",
        "empty row gives nan": "not finite",
        "empty row shares equally": "nothing to read",
        "largest over masked scores too": "over the readable keys only",
        "changes its argument": "in place",
        "float64 forced": "dtype",
    },
    "dot_scores": {
        "scaled already": "next exercise",
        "keys against queries": "shape",
        "cosines": "cosines",
        "float64 forced": "dtype",
    },
    "scaled_dot_scores": {
        "not scaled": "not scaled",
        "divided by D": "by D",
        "multiplied": "multiplied",
        "by the number of keys": "number of keys",
        "by the number of queries": "number of queries",
        "float64 by np.sqrt": "dtype",
        "changes its argument": "in place",
    },
    "additive_scores": {
        "no tanh": "tanh is missing",
        "tanh of each": "before",
        "multiplied": "added",
        "v left out": "v is not used",
        "v inside": "before v",
        "query never enters": "query never",
        "keys never enter": "keys never",
        "logistic": "logistic",
        "queries and keys swapped": "shape",
    },
    "attend": {
        "mean instead of sum": "number of keys",
        "the largest only": "averages",
        "query axis lost": "axis is missing",
    },
    "masked_softmax_backward": {
        "diagonal only": "diagonal",
        "average forgotten": "not subtracted",
        "plain mean": "plain mean",
        "sum over the queries": "over the queries",
        "sum over the whole matrix": "whole matrix",
        "sign": "sign",
        "changes its argument": "in place",
    },
    "AttentionClassifier": {
        "no packing": "reads the padding",
        "longest length instead of T": "total_length",
        "no mask": "exactly 0",
        "cut after the softmax": "sum to 1",
        "one direction": "bidirectional",
        "mean of the states": "changes the weights but not the logits",
        "weights detached": "no gradient",
        "embedding frozen": "gradient",
        "float32 forced": "dtype",
        "squeezes everything": "one word",
        "scores from the embeddings": "states of a bidirectional",
        "probabilities": "without a softmax",
        "order of the results": "logits, weights",
        "logits only": "two values",
    },
    "word_attributions": {
        "gradient of the table": "twice",
        "padding not zero": "Padding",
        "all classes": "all classes",
        "class 0": "Class 0",
        "class 1": "Class 1",
        "least likely class": "least likely",
        "size only": "sign is lost",
        "gradient only": "not multiplied",
        "hook left on": "handle.remove()",
        "backward fills .grad": "backward()",
    },
    "attention_step": {
        "mask ignored": "use the mask",
        "equal weights": "equal weights",
        "scaled": "sqrt(D)",
        "changes its argument": "in place",
    },
}

_ZERO_SCORES = "return np.zeros((len(q), q.shape[1], k.shape[1]), dtype=q.dtype)"
_CONSTANT = (
    _HEAD
    + """        self.embedding = nn.Embedding(vocab_size, embedding_size)
        self.encoder = nn.GRU(embedding_size, hidden_size, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * hidden_size, classes)

    def forward(self, ids, lengths):
        mask = torch.arange(ids.shape[1], device=ids.device) < lengths.to(ids.device)[:, None]
        weight = self.output.weight
        return weight.new_zeros(len(ids), len(weight)), mask.to(weight) / lengths[:, None]
"""
)

TYPICAL = {
    "masked_softmax": {
        "nothing": (_softmax("return np.zeros_like(scores)"), 0.0, 0.0),
        "one slip": (WRONG["masked_softmax"]["not stable"], 0.5, 0.99),
        "point missed": (WRONG["masked_softmax"]["cut after the softmax"], 0.0, 0.49),
    },
    "dot_scores": {
        "nothing": (_function(_DOT, _ZERO_SCORES), 0.0, 0.0),
        "one slip": (WRONG["dot_scores"]["float64 forced"], 0.5, 0.99),
        "point missed": (WRONG["dot_scores"]["only matching steps"], 0.0, 0.49),
    },
    "scaled_dot_scores": {
        "nothing": (_function(_SCALED, _ZERO_SCORES), 0.0, 0.0),
        "one slip": (WRONG["scaled_dot_scores"]["float64 by np.sqrt"], 0.5, 0.99),
        "point missed": (WRONG["scaled_dot_scores"]["not scaled"], 0.0, 0.49),
    },
    "additive_scores": {
        "nothing": (_function(_ADDITIVE, _ZERO_SCORES), 0.0, 0.0),
        "one slip": (WRONG["additive_scores"]["float64 forced"], 0.5, 0.99),
        "point missed": (WRONG["additive_scores"]["tanh of each"], 0.0, 0.49),
    },
    "attend": {
        "nothing": (_function(_ATTEND, "return values.copy()"), 0.0, 0.0),
        "one slip": (WRONG["attend"]["float64 forced"], 0.5, 0.99),
        "point missed": (WRONG["attend"]["plain mean"], 0.0, 0.49),
    },
    "masked_softmax_backward": {
        "nothing": (_function(_BACKWARD, "return dweights.copy()"), 0.0, 0.0),
        "one slip": (WRONG["masked_softmax_backward"]["changes its argument"], 0.5, 0.99),
        "point missed": (WRONG["masked_softmax_backward"]["average forgotten"], 0.0, 0.49),
    },
    "AttentionClassifier": {
        "nothing": (_CONSTANT, 0.0, 0.0),
        "one slip": (WRONG["AttentionClassifier"]["longest length instead of T"], 0.5, 0.99),
        "point missed": (WRONG["AttentionClassifier"]["equal weights"], 0.0, 0.49),
    },
    "word_attributions": {
        "nothing": (
            _function(
                _ATTRIBUTIONS,
                "return torch.zeros_like(ids, dtype=model.embedding.weight.dtype)",
            ),
            0.0,
            0.0,
        ),
        "one slip": (WRONG["word_attributions"]["gradient of the table"], 0.5, 0.99),
        "point missed": (WRONG["word_attributions"]["gradient only"], 0.0, 0.49),
    },
    "attention_step": {
        "nothing": (
            _function(_STEP, "return np.zeros_like(states[:, 0]), np.zeros_like(states[:, :, 0])"),
            0.0,
            0.0,
        ),
        "one slip": (WRONG["attention_step"]["mask ignored"], 0.5, 0.99),
        "point missed": (WRONG["attention_step"]["as published"], 0.0, 0.49),
    },
}
