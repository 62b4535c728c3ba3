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

_ASSERT = {
    "sum": '    np.testing.assert_allclose(weights.sum(axis=1), 1, err_msg="weights are shares")\n',
    "padding": '    assert (weights[~mask] == 0).all(), "padding has weight"\n',
    "read": '    np.testing.assert_allclose(context, read, rtol=1e-6, err_msg="an average of the states")\n',
    "turned": '    np.testing.assert_allclose(turned[:, ::-1], weights, err_msg="weights move with the states")\n',
    "alone": '    np.testing.assert_allclose(alone, weights[:1], err_msg="examples do not mix")\n',
    "question": '    assert abs(other - weights).max() > 0.01, "the question does not count"\n',
}
"""What the model answer of ``test_attention_step`` asserts."""
_TEST = "def test_attention_step(step):"
_DATA = """rng = np.random.default_rng(3)
query, states, W = (rng.normal(size=s) for s in ((3, 2), (3, 4, 5), (2, 5)))
mask = np.arange(4) < np.array([[4], [2], [3]])
context, weights = step(query, states, mask, W)
"""


def _without(*names: str) -> list[tuple[str, str]]:
    return [(_ASSERT[name], "") for name in names]


def _said_by(way: str) -> list[tuple[str, str]]:
    """Collect what is wrong, and report it in another way than by an AssertionError."""
    close = "np.allclose(weights.sum(axis=1), 1)", "np.allclose(turned[:, ::-1], weights)"
    return [
        (_ASSERT["sum"], ""),
        (_ASSERT["padding"], ""),
        (_ASSERT["read"], ""),
        (_ASSERT["turned"], ""),
        (_ASSERT["alone"], ""),
        (_ASSERT["question"], f"    good = {close[0]} and {close[1]}\n    {way}\n"),
    ]


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

_SOFTMAX_LINE = "weights = torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=1)"
_SHARES = "shares = {} * mask\n        weights = shares / shares.sum(1, keepdim=True)"

WRONG = {
    "masked_softmax": {
        "The mask is not used: padding takes part.": [
            ("np.where(mask, scores, -np.inf)", "scores")
        ],
        "The weights are cut after the softmax, so the rows no longer sum to 1: mask the scores, or renormalise.": _softmax(
            "e = np.exp(scores - scores.max(axis=-1, keepdims=True))\n"
            "return e / e.sum(axis=-1, keepdims=True) * mask"
        ),
        "The softmax runs over the queries (axis 1); it must run over the keys, the last axis.": [
            ("axis=-1", "axis=1")
        ],
        "The softmax runs over the batch (axis 0); it must run over the keys, the last axis.": [
            ("axis=-1", "axis=0")
        ],
        "The softmax runs over the whole matrix at once; each row needs a sum of its own.": [
            ("axis=-1", "axis=(1, 2)")
        ],
        "A masked score of 0 still counts, exp(0) is 1: set it to minus infinity.": [
            ("scores, -np.inf)", "scores, 0)")
        ],
        "The mask is the wrong way round: True marks a key that may be read.": [
            ("np.where(mask, scores, -np.inf)", "np.where(mask, -np.inf, scores)")
        ],
        "Large scores overflow: subtract the largest readable score of each row before np.exp.": [
            ("top = np.where(np.isfinite(top), top, 0)", "top = 0")
        ],
        "A row with nothing to read gives nan: replace its largest score, minus infinity, by 0, and its sum by 1.": [
            ("    top = np.where(np.isfinite(top), top, 0)\n", ""),
            ("np.where(total > 0, total, 1)", "total"),
        ],
        "A row with nothing to read is divided by its sum, 0: divide by 1 there.": [
            ("np.where(total > 0, total, 1)", "total")
        ],
        "A row with nothing to read shares its 1 equally among the padded keys: it must be all zeros.": [
            ("-np.inf)", "-1e9)")
        ],
        "A loud padded key drowns the readable ones: take the largest score over the readable keys only.": _softmax(
            "e = np.exp(scores - scores.max(axis=-1, keepdims=True)) * mask\n"
            "total = e.sum(axis=-1, keepdims=True)\n"
            "return e / np.where(total > 0, total, 1)"
        ),
        "A small number is added to every sum, so the rows fall short of 1: divide by 1 only where the sum is 0.": [
            ("e / np.where(total > 0, total, 1)", "e / (total + 1e-6)")
        ],
        "The largest score of the whole array is subtracted: each row needs its own, or the weights of low rows vanish.": [
            ("readable.max(axis=-1, keepdims=True)", "readable.max()")
        ],
        "A masked score is only somewhat negative, so its weight is small but not exactly 0: use minus infinity.": [
            ("scores, -np.inf)", "scores, -20.0)"),
            ("return e", "return mask.any(-1, keepdims=True) * e"),
        ],
        "The result is always float64: keep the dtype of `scores`.": [
            ("scores, -np.inf)", "scores.astype(np.float64), -np.inf)")
        ],
        "`scores` is overwritten with minus infinity: the caller still needs it, so build a new array.": [
            (
                "readable = np.where(mask, scores, -np.inf)",
                "scores[~np.broadcast_to(mask, scores.shape)] = -np.inf\n    readable = scores",
            ),
        ],
        "The scores are halved before np.exp: take them as they are.": [
            ("np.exp(readable - top)", "np.exp((readable - top) / 2)")
        ],
        "These are the logarithms of the weights: return the weights themselves.": [
            (
                "return e / np.where(total > 0, total, 1)",
                "return np.log(e / np.where(total > 0, total, 1) + 1e-12)",
            ),
        ],
        "Only a mask of shape (N, Tq, Tk) works: one of shape (N, 1, Tk) must broadcast over the queries.": [
            (
                "readable = np.where(mask, scores, -np.inf)",
                "readable = np.full_like(scores, -np.inf)\n    readable[mask] = scores[mask]",
            ),
        ],
        "Sigmoids divided by their sum are no softmax: take np.exp of the scores.": [
            ("e = np.exp(readable - top)", "e = np.where(mask, 1 / (1 + np.exp(-readable)), 0)")
        ],
        "Only the largest weight of each row is kept: all readable keys share the 1.": [
            ("return e /", "e = (e == e.max(-1, keepdims=True)) * e\n    return e /")
        ],
    },
    "dot_scores": {
        "It is divided by sqrt(D) already: that comes in the next exercise.": [
            ("k.transpose(0, 2, 1)", "k.transpose(0, 2, 1) / q.shape[-1] ** 0.5")
        ],
        "Queries and keys have changed places: a row belongs to a query, a column to a key.": [
            ("q @ k.transpose(0, 2, 1)", "k @ q.transpose(0, 2, 1)")
        ],
        "Query i meets key i alone: every query must meet every key.": [
            ("q @ k.transpose(0, 2, 1)", "(q * k[:, : q.shape[1]]).sum(axis=-1)")
        ],
        "The keys are reshaped where they must be transposed: reshape mixes up features and steps.": [
            ("k.transpose(0, 2, 1)", "k.reshape(len(k), k.shape[2], k.shape[1])")
        ],
        "These are cosines: the vectors keep their lengths in a dot product.": [
            (
                "return q @ k.transpose(0, 2, 1)",
                "q = q / np.linalg.norm(q, axis=-1, keepdims=True)\n"
                "    k = k / np.linalg.norm(k, axis=-1, keepdims=True)\n    return q @ k.transpose(0, 2, 1)",
            ),
        ],
        "Every example meets the keys of the first one: each has keys of its own.": [
            ("k.transpose(0, 2, 1)", "k[:1].transpose(0, 2, 1)")
        ],
        "The keys of all examples are added up: a query meets the keys of its own example alone.": [
            ("q @ k.transpose(0, 2, 1)", "np.einsum('nid,mjd->nij', q, k)")
        ],
        "These are negative squared distances: multiply feature by feature and add up.": [
            ("q @ k.transpose(0, 2, 1)", "-((q[:, :, None] - k[:, None]) ** 2).sum(axis=-1)"),
        ],
        "The products are averaged over the D features: add them up.": [
            ("k.transpose(0, 2, 1)", "k.transpose(0, 2, 1) / q.shape[-1]")
        ],
        "The result is always float64: keep the dtype of `q` and `k`.": [
            ("q @", "q.astype(np.float64) @")
        ],
        "These are weights already: return the scores, without a softmax.": [
            (
                "return q @ k.transpose(0, 2, 1)",
                "s = q @ k.transpose(0, 2, 1)\n    return np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True)",
            ),
        ],
    },
    "scaled_dot_scores": {
        "It is not scaled: divide by sqrt(D).": [(" / q.shape[-1] ** 0.5", "")],
        "It is divided by D, not by its square root.": [("** 0.5", "** 1.0")],
        "It is multiplied by sqrt(D); divide.": [("/ q.shape", "* q.shape")],
        "It is divided by the square root of the number of keys: count the features, D.": [
            ("q.shape[-1]", "k.shape[1]")
        ],
        "It is divided by the square root of the number of queries: count the features, D.": [
            ("q.shape[-1]", "q.shape[1]")
        ],
        "It is divided by the square root of the number of examples: count the features, D.": [
            ("q.shape[-1]", "q.shape[0]")
        ],
        "It is divided by 8, whatever D is: read D off the array.": [("q.shape[-1]", "64")],
        "It is divided by sqrt(D) twice, once before the product and once after it: once is enough.": [
            ("q @ k", "(q / q.shape[-1] ** 0.5) @ k")
        ],
        "np.sqrt of an integer makes the result float64: divide by a plain Python number.": [
            ("q.shape[-1] ** 0.5", "np.sqrt(q.shape[-1])")
        ],
        "It is divided by the spread of these very scores: sqrt(D) depends on the size alone.": [
            (
                "return q @ k.transpose(0, 2, 1) / q.shape[-1] ** 0.5",
                "s = q @ k.transpose(0, 2, 1)\n    return s / (s.std() + 1e-9)",
            ),
        ],
        "Queries and keys have changed places: a row belongs to a query, a column to a key.": [
            ("q @ k.transpose(0, 2, 1)", "k @ q.transpose(0, 2, 1)")
        ],
        "`q` is scaled in place: the caller still needs it, so build a new array.": [
            (
                "return q @ k.transpose(0, 2, 1) / q.shape[-1] ** 0.5",
                "q /= q.shape[-1] ** 0.5\n    return q @ k.transpose(0, 2, 1)",
            ),
        ],
    },
    "additive_scores": {
        "tanh is missing: squash the sum of query and key before `v` reads the score off.": [
            ("np.tanh(together) @ v", "together @ v")
        ],
        "tanh comes after the sum of query and key, not before: tanh(a) + tanh(b) lets the two never meet.": [
            ("(q @ W_q)[:, :, None, :]", "np.tanh(q @ W_q)[:, :, None, :]"),
            ("(k @ W_k)[:, None, :, :]", "np.tanh(k @ W_k)[:, None, :, :]"),
            ("np.tanh(together) @ v", "together @ v"),
        ],
        "Query and key are multiplied; in additive attention they are added.": [
            ("[:, :, None, :] + (k", "[:, :, None, :] * (k")
        ],
        "The key is subtracted from the query; in additive attention they are added.": [
            ("[:, :, None, :] + (k", "[:, :, None, :] - (k")
        ],
        "`v` is not used: the score is a weighted sum of the tanh values.": [
            ("np.tanh(together) @ v", "np.tanh(together).sum(axis=-1)")
        ],
        "tanh comes before `v`, not after it.": [
            ("np.tanh(together) @ v", "np.tanh(together @ v)")
        ],
        "The query never enters: every query gets the same row of scores.": [
            ("(q @ W_q)[:, :, None, :] +", "0 * (q @ W_q)[:, :, None, :] +")
        ],
        "The keys never enter: every key of a row gets the same score.": [
            ("+ (k @ W_k)[:, None, :, :]", "+ 0 * (k @ W_k)[:, None, :, :]")
        ],
        "This is the logistic function; Bahdanau's network uses tanh.": [
            ("np.tanh(together)", "(1 / (1 + np.exp(-together)))")
        ],
        "The axes of queries and keys are swapped: scores are (N, Tq, Tk), a row for each query.": [
            (
                "(q @ W_q)[:, :, None, :] + (k @ W_k)[:, None, :, :]",
                "(q @ W_q)[:, None, :, :] + (k @ W_k)[:, :, None, :]",
            ),
        ],
        "Negative sums are cut to 0; Bahdanau's network uses tanh.": [
            ("np.tanh(together)", "np.maximum(together, 0)")
        ],
        "The score is averaged over the A units: add them up, weighted by `v`.": [
            ("@ v", "@ v / len(v)")
        ],
        "The result is always float64: keep the dtype of the input.": [
            ("@ v", "@ v.astype(np.float64)")
        ],
        "Only the first query is asked, again and again: each query needs a row of scores of its own.": [
            ("(q @ W_q)[:, :, None, :]", "(q @ W_q)[:, :1, None, :] + 0 * (q @ W_q)[:, :, None, :]")
        ],
        "Query i meets key i alone: each of the Tq queries must meet each of the Tk keys.": _function(
            _ADDITIVE,
            "t = min(q.shape[1], k.shape[1])\nreturn np.tanh(q[:, :t] @ W_q + k[:, :t] @ W_k) @ v",
        ),
        "W_k is transposed where it fits: it must be k @ W_k.": [
            ("(k @ W_k)", "(k @ (W_k.T if W_k.shape[0] == W_k.shape[1] else W_k))")
        ],
    },
    "attend": {
        "It is divided by the number of keys: the weights sum to 1 already.": [
            ("weights @ values", "weights @ values / values.shape[1]")
        ],
        "This is the value with the largest weight; attention averages.": [
            (
                "weights @ values",
                "np.eye(weights.shape[-1], dtype=values.dtype)[weights.argmax(axis=-1)] @ values",
            ),
        ],
        "The weights are not used: this is the plain mean of the values.": [
            ("weights @ values", "0 * weights @ values + values.mean(axis=1, keepdims=True)")
        ],
        "The weights are not used: this is the plain sum of the values.": [
            ("weights @ values", "0 * weights @ values + values.sum(axis=1, keepdims=True)")
        ],
        "The weighted values are not added up yet: sum over the keys.": [
            ("weights @ values", "weights[..., None] * values[:, None]")
        ],
        "The values are reshaped, which mixes up keys and features: their keys come first already.": [
            (
                "weights @ values",
                "weights @ values.reshape(len(values), values.shape[2], -1).transpose(0, 2, 1)",
            ),
        ],
        "Every example reads the values of the first one: each has values of its own.": [
            ("@ values", "@ values[:1]")
        ],
        "A softmax is applied to the weights once more: they sum to 1 already.": [
            (
                "weights @ values",
                "(np.exp(weights) / np.exp(weights).sum(axis=-1, keepdims=True)) @ values",
            ),
        ],
        "The result is always float64: keep the dtype of the input.": [
            ("weights @", "weights.astype(np.float64) @")
        ],
        "Only the first query's context is returned: keep the axis of the queries.": [
            ("weights @ values", "(weights @ values)[:, 0]")
        ],
        "squeeze() removes every axis of length 1: the context is (N, Tq, Dv) for one query or one example too.": [
            ("weights @ values", "(weights @ values).squeeze()")
        ],
    },
    "masked_softmax_backward": {
        "Only the diagonal of the Jacobian is used: a score also moves the weights of the other keys.": [
            ("return weights * (dweights - average)", "return weights * (1 - weights) * dweights"),
        ],
        "The average gradient of the row is not subtracted.": [
            ("(dweights - average)", "dweights")
        ],
        "The plain mean of the gradients is subtracted; it must be weighted by the weights.": [
            ("(weights * dweights).sum(", "dweights.mean(")
        ],
        "The plain sum of the gradients is subtracted; weight each of them first.": [
            ("(weights * dweights).sum(", "dweights.sum(")
        ],
        "The sum runs over the queries; it must run over the keys, the last axis.": [
            ("axis=-1", "axis=1")
        ],
        "The sum runs over the whole matrix; each row has an average of its own.": [
            ("axis=-1", "axis=(1, 2)")
        ],
        "The sum runs over the batch; it must run over the keys, the last axis.": [
            ("axis=-1", "axis=0")
        ],
        "Take the average off the gradient, not the gradient off the average.": [
            ("dweights - average", "average - dweights")
        ],
        "The weight in front is missing: a key that is hardly looked at moves little.": [
            ("return weights * (dweights - average)", "return dweights - average")
        ],
        "Only the gradient is multiplied by the weight: multiply its distance from the average.": [
            ("return weights * (dweights - average)", "return weights * dweights - average"),
        ],
        "This is a gradient of softmax with cross entropy: here any gradient may come from above.": [
            ("return weights * (dweights - average)", "return weights - dweights"),
        ],
        "The result is always float64: keep the dtype of the input.": [
            ("return weights", "return weights.astype(np.float64)")
        ],
        "The average is subtracted from `dweights` in place: the caller still needs it.": [
            (
                "return weights * (dweights - average)",
                "dweights -= average\n    return weights * dweights",
            ),
        ],
        "A weight of 0 gives nan, since its logarithm is minus infinity: work with the weights themselves.": [
            (
                "return weights * (dweights - average)",
                "return np.exp(np.log(weights)) * (dweights - average) + 0 * np.log(weights)",
            ),
        ],
    },
    "AttentionClassifier": {
        "The GRU reads the padding: pack the batch.": [
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
        "The result is as wide as the longest review, not T: give pad_packed_sequence its total_length.": [
            (", total_length=T", "")
        ],
        "Only reviews sorted by length work: pack with enforce_sorted=False.": [
            (", enforce_sorted=False", "")
        ],
        "Padding gets weight too: mask its scores before the softmax.": [
            ("scores.masked_fill(~mask, -torch.inf)", "scores")
        ],
        "A masked score of 0 still counts, exp(0) is 1: set it to minus infinity.": [
            ("-torch.inf", "0.0")
        ],
        "The mask is the wrong way round: the padding is read and the real words are not.": [
            ("~mask", "mask")
        ],
        "The mask lets one padded step in: the last real step is number length - 1.": [
            ("< lengths.to(ids.device)", "<= lengths.to(ids.device)")
        ],
        "The last real word of each review is masked: the last real step is number length - 1.": [
            (
                "< lengths.to(ids.device)[:, None]",
                "< lengths.to(ids.device)[:, None].sub(1).clamp(min=1)",
            )
        ],
        "The weights are cut after the softmax, so they no longer sum to 1: mask the scores, before it.": [
            (
                "torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=1)",
                "torch.softmax(scores, dim=1) * mask",
            ),
        ],
        "The softmax runs over the reviews (dim=0); it must run over the steps (dim=1).": [
            ("-torch.inf), dim=1)", "-torch.inf), dim=0).nan_to_num()")
        ],
        "The softmax runs over an axis of length 1, so every weight is 1; it must run over the steps.": [
            (".squeeze(-1)", ""),
            (
                "torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=1)",
                "torch.softmax(scores, dim=-1)[..., 0] * mask",
            ),
        ],
        "The GRU reads in one direction only: make it bidirectional.": [
            ("bidirectional=True", "bidirectional=False"),
            ("2 * hidden_size", "hidden_size"),
        ],
        "The logits read the plain mean of the states: average them with the weights.": [
            (
                "(weights[:, :, None] * states).sum(dim=1)",
                "states.sum(dim=1) / lengths.to(states.device)[:, None]",
            ),
        ],
        "The logits read one state alone: average all of them with the weights.": [
            (
                "(weights[:, :, None] * states).sum(dim=1)",
                "states[torch.arange(len(ids)), lengths - 1]",
            ),
        ],
        "The states are added up without their weights.": [
            ("(weights[:, :, None] * states)", "states")
        ],
        "All real words have the same weight: the scores must come from the states.": [
            ("scores.masked_fill(~mask", "(0 * scores).masked_fill(~mask")
        ],
        "The weights are detached: no gradient teaches the score where to look.": [
            ("(weights[:, :, None] *", "(weights.detach()[:, :, None] *")
        ],
        "The scores come from the embeddings: score the states, which know the words on both sides.": [
            ("nn.Linear(2 * hidden_size, hidden_size)", "nn.Linear(embedding_size, hidden_size)"),
            ("self.project(states)", "self.project(self.embedding(ids))"),
        ],
        "The context averages the embeddings: average the states of the GRU.": [
            ("nn.Linear(2 * hidden_size, classes)", "nn.Linear(embedding_size, classes)"),
            ("* states).sum", "* self.embedding(ids)).sum"),
        ],
        "The logits went through a softmax: return plain scores.": [
            ("return self.output(context)", "return torch.softmax(self.output(context), dim=1)")
        ],
        "The logits went through a log-softmax: return plain scores.": [
            ("return self.output(context)", "return torch.log_softmax(self.output(context), dim=1)")
        ],
        "The returned values have changed places: logits first, then weights.": [
            ("return self.output(context), weights", "return weights, self.output(context)")
        ],
        "Only the logits are returned: return logits and weights.": [
            ("return self.output(context), weights", "return self.output(context)")
        ],
        "squeeze() without an axis also removes the axis of a single review or word: name the axis.": [
            ("context = (", "weights = weights.squeeze()\n        context = ("),
            ("weights[:, :, None]", "weights.reshape(ids.shape)[:, :, None]"),
        ],
        "The weights keep an axis of length 1: their shape is (N, T).": [
            (
                "return self.output(context), weights",
                "return self.output(context), weights[:, :, None]",
            )
        ],
        "There are always two logits: the last layer needs `classes` of them.": [
            ("nn.Linear(2 * hidden_size, classes)", "nn.Linear(2 * hidden_size, 2)")
        ],
        "The embedding is too small: it needs vocab_size rows, the padding id 0 included.": [
            ("nn.Embedding(vocab_size,", "nn.Embedding(vocab_size - 1,")
        ],
        "The embedding is detached: no gradient reaches the word vectors.": [
            ("self.embedding(ids), lengths", "self.embedding(ids).detach(), lengths")
        ],
        "The GRU takes the batch for the time: it needs batch_first=True, and a packed batch.": [
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
        "The result is random after model.eval(): drop numbers out only while training.": [
            (
                "self.output(context), weights",
                "self.output(nn.functional.dropout(context, 0.5)), weights",
            )
        ],
        "The result is always float32: keep the dtype of the model.": [
            ("self.output(context), weights", "self.output(context).float(), weights.float()")
        ],
        "`lengths` is changed in place: the caller still needs it.": [
            (
                "T = ids.shape[1]",
                "T = ids.shape[1]\n        lengths.clamp_(max=T - 1).clamp_(min=1)",
            )
        ],
        "`ids` is changed in place: the caller still needs it.": [
            ("T = ids.shape[1]", "T = ids.shape[1]\n        ids[:, -1] = 0")
        ],
        "The lengths are guessed from the ids: use `lengths`, whatever ids the padding holds.": [
            ("T = ids.shape[1]", "T = ids.shape[1]\n        lengths = (ids != 0).sum(dim=1)"),
        ],
        "The score is the square of a state, so nothing learns what to look for: give it parameters of its own.": [
            ("self.v(torch.tanh(self.project(states))).squeeze(-1)", "(states * states).sum(-1)"),
        ],
        "The read-out's weights are detached: they get no gradient and never learn.": [
            (
                "return self.output(context), weights",
                "return context @ self.output.weight.detach().T + self.output.bias, weights",
            )
        ],
        "The read-out sees a state beside the context: give it the weighted average of all, and nothing else.": [
            ("self.output(context)", "self.output(context + states[:, 0])")
        ],
        "The read-out gets the context and a state side by side: give it the context alone, 2H numbers.": [
            ("nn.Linear(2 * hidden_size, classes)", "nn.Linear(4 * hidden_size, classes)"),
            ("self.output(context)", "self.output(torch.cat([context, states[:, 0]], dim=1))"),
        ],
        "The read-out gets the context and the plain mean of the states: give it the context alone.": [
            (
                "self.output(context)",
                "self.output(context + states.sum(1) / lengths[:, None].to(states))",
            )
        ],
        "The logits went through a sigmoid: return plain scores.": [
            ("self.output(context)", "torch.sigmoid(self.output(context))")
        ],
        "The context went through a tanh: the read-out takes the weighted average as it is.": [
            ("self.output(context)", "self.output(torch.tanh(context))")
        ],
        "The scores grow with the place of the word: a score depends on its state alone.": [
            (
                "        weights = torch.softmax(",
                "        scores = scores + 0.1 * torch.arange(T, device=ids.device)\n        weights = torch.softmax(",
            )
        ],
        "A sigmoid divided by its sum is no softmax: the weights are a softmax of the scores.": [
            (_SOFTMAX_LINE, _SHARES.format("torch.sigmoid(scores)"))
        ],
        "A softplus divided by its sum is no softmax: the weights are a softmax of the scores.": [
            (_SOFTMAX_LINE, _SHARES.format("functional.softplus(scores)"))
        ],
        "The scores go through a tanh once more, so no weight can be much larger than another.": [
            ("torch.softmax(scores.masked", "torch.softmax(torch.tanh(scores).masked")
        ],
        "Half of each weight is an equal share: the softmax alone gives the weights.": [
            (
                "        context = ",
                "        weights = (weights + mask / mask.sum(1, keepdim=True)) / 2\n        context = ",
            )
        ],
        "The context is multiplied by the length: leave it the weighted average of the states.": [
            ("self.output(context)", "self.output(context * lengths[:, None].to(context))")
        ],
        "The context holds the forward states twice: average both halves of the states.": [
            (
                "(weights[:, :, None] * states)",
                "(weights[:, :, None] * torch.cat([states.chunk(2, 2)[0]] * 2, 2))",
            )
        ],
    },
    "word_attributions": {
        "A word that occurs twice gets the gradient of all its places: take that of the embedding's output, not of its table.": [
            (
                "torch.autograd.grad(logits.max(dim=1).values.sum(), caught[0])",
                "torch.autograd.grad(logits.max(dim=1).values.sum(), model.embedding.weight)",
            ),
            ("(gradient * caught[0])", "(gradient[ids] * caught[0])"),
        ],
        "Padding must get exactly 0.": [
            (
                "torch.where(real, (gradient * caught[0]).sum(dim=-1), 0)",
                "(gradient * caught[0]).sum(dim=-1)",
            ),
        ],
        "The first padded step gets a number too: the last real step is number length - 1.": [
            ("(gradient * caught[0]).sum(dim=-1)", "(gradient * caught[0]).sum(dim=-1)"),
            (
                "torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]",
                "torch.arange(ids.shape[1], device=ids.device) <= lengths[:, None]",
            ),
        ],
        "The logits of all classes are summed; take the predicted class.": [
            ("logits.max(dim=1).values.sum()", "logits.sum()")
        ],
        "Class 0 is explained in every row; take each review's predicted class.": [
            ("logits.max(dim=1).values.sum()", "logits[:, 0].sum()")
        ],
        "Class 1 is explained in every row; take each review's predicted class.": [
            ("logits.max(dim=1).values.sum()", "logits[:, 1].sum()")
        ],
        "The least likely class is explained; take the predicted one.": [
            ("logits.max(dim=1)", "logits.min(dim=1)")
        ],
        "Only the largest logit of the whole batch is explained; each review has a predicted class of its own.": [
            ("logits.max(dim=1).values.sum()", "logits.max()")
        ],
        "The largest logit is taken over the reviews; take it over the classes, for each review.": [
            ("logits.max(dim=1)", "logits.max(dim=0)")
        ],
        "The probability of the predicted class is explained; take its logit.": [
            ("logits.max(dim=1)", "logits.softmax(dim=1).max(dim=1)")
        ],
        "The log probability of the predicted class is explained; take its logit.": [
            ("logits.max(dim=1)", "logits.log_softmax(dim=1).max(dim=1)")
        ],
        "The sign is lost: attributions against the decision are negative.": [
            ("(gradient * caught[0]).sum(dim=-1)", "(gradient * caught[0]).sum(dim=-1).abs()")
        ],
        "The gradient is not multiplied by the embedding.": [
            ("(gradient * caught[0])", "gradient")
        ],
        "This is the length of the gradient; take its dot product with the embedding.": [
            ("(gradient * caught[0]).sum(dim=-1)", "gradient.norm(dim=-1)")
        ],
        "The products are averaged over the features; add them up.": [
            ("caught[0]).sum(dim=-1)", "caught[0]).mean(dim=-1)")
        ],
        "The logits are averaged over the reviews, which shrinks every gradient; add them up.": [
            ("logits.max(dim=1).values.sum()", "logits.max(dim=1).values.mean()")
        ],
        "The gradient is multiplied by itself; multiply it by the embedding.": [
            ("(gradient * caught[0])", "(gradient * gradient)")
        ],
        "Each row is divided by its total; leave the attributions at their size.": [
            (
                ", 0).detach()",
                ", 0).detach()\n    out = out / out.abs().sum(1, keepdim=True)\n    return out",
            ),
            ("return torch.where", "out = torch.where"),
        ],
        "A hook is still on model.embedding: call handle.remove().": [
            ("    handle.remove()\n", "")
        ],
        "The attributions still hang on the graph: return them detached.": [
            ("caught[0])\n", "caught[0], create_graph=True)\n"),
            (", 0).detach()", ", 0)"),
        ],
        "backward() adds to the .grad of the model's parameters: use torch.autograd.grad.": [
            ("caught.append(output)", "caught.append(output) or output.retain_grad()"),
            (
                "(gradient,) = torch.autograd.grad(logits.max(dim=1).values.sum(), caught[0])",
                "logits.max(dim=1).values.sum().backward()\n    gradient = caught[0].grad",
            ),
        ],
        "The .grad of the model's parameters is wiped: leave it as it was, without zero_grad().": [
            ("    caught = []\n", "    caught = []\n    model.zero_grad()\n")
        ],
        "The model's parameters no longer require gradients: leave the model as you found it.": [
            (
                "    handle.remove()\n",
                "    handle.remove()\n    for p in model.parameters(): p.requires_grad_(False)\n",
            ),
        ],
        "The attributions are multiplied by the attention weights; leave these out.": [
            ("logits, _ =", "logits, weights ="),
            (", 0).detach()", ", 0).detach() * weights.detach()"),
        ],
        "A NumPy array comes back: return a PyTorch tensor.": [
            (", 0).detach()", ", 0).detach().cpu().numpy()")
        ],
        "The result is always float64: keep the dtype of the embeddings.": [
            (", 0).detach()", ", 0).detach().double()")
        ],
        "Only the first review is explained; take the predicted class of each.": [
            ("values.sum(), caught", "values[0], caught")
        ],
        "The model stays in evaluation mode: leave it as you found it.": [
            ("    caught = []", "    model.eval()\n    caught = []")
        ],
        "Every hook of model.embedding is gone, not only your own: handle.remove() takes that one away.": [
            ("handle.remove()", "model.embedding._forward_hooks.clear()")
        ],
        "Every review is explained for the class of the first; take each one's predicted class.": [
            ("logits.max(dim=1).values", "logits[:, logits[0].argmax()]")
        ],
        "Padding is guessed from the ids: use `lengths`, whatever ids the padding holds.": [
            ("torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]", "ids != 0")
        ],
    },
    "test_attention_step": {
        "It never fails: nothing is asserted.": _without(*_ASSERT),
        "It always fails, on right functions too.": [
            (_ASSERT["question"], _ASSERT["question"] + "    assert False\n")
        ],
        "It returns False: a test speaks by raising an AssertionError.": _said_by("return good"),
        "It prints that something is wrong: a test speaks by raising an AssertionError.": _said_by(
            "print('right' if good else 'wrong')"
        ),
        "It looks at shapes alone: wrong weights have the right shape.": [
            *_without("padding", "read", "turned", "alone", "question"),
            (
                _ASSERT["sum"],
                "    assert (context.shape, weights.shape) == ((2, 6), (2, 5))\n",
            ),
        ],
        "It checks whether the weights are shares: the published ones are.": _without(
            "read", "turned", "alone", "question"
        ),
        "It looks at the context alone, made of whatever weights come back.": _without(
            "sum", "padding", "turned", "alone", "question"
        ),
        "The order of the steps is never changed: weights that belong to places go unseen.": (
            _without("turned")
        ),
        "The weights must be others for other states; a score that grows from place to place does that too.": [
            (
                "_, turned = step(query, states[:, ::-1], mask[:, ::-1], W)",
                "_, turned = step(query, 2 * states, mask, W)",
            ),
            (
                _ASSERT["turned"],
                "    assert abs(turned - weights).max() > 0.01, 'the states do not count'\n",
            ),
        ],
        "Only one question is asked: weights that do not hear it go unseen.": _without("question"),
        "It never looks at the context.": _without("read", "alone"),
        "No example is shown alone: scores made of another example's states go unseen.": (
            _without("alone")
        ),
        "Both examples are the same: what is read from the wrong one goes unseen.": [
            (
                "    mask = np.arange(5) < np.array([[5], [3]])\n",
                "    mask = np.arange(5) < np.array([[3], [3]])\n    states[1] = states[0]\n",
            ),
        ],
        "All steps are real: what becomes of padding goes unseen.": [
            ("np.array([[5], [3]])", "np.array([[5], [5]])")
        ],
        "The steps are turned round and the mask is not: right functions fail.": [
            ("mask[:, ::-1], W)", "mask, W)")
        ],
        "All states are zero: nothing that is made of them shows.": [
            (
                "    mask = np.arange(5)",
                "    states = 0 * states\n    mask = np.arange(5)",
            ),
            (_ASSERT["question"], ""),
        ],
        "Each example has one real step: its weight is 1, whatever is done.": [
            ("np.array([[5], [3]])", "np.array([[1], [1]])"),
            *_without("question", "turned"),
        ],
        "The tolerance is so wide that nearly everything passes.": [
            ("turned[:, ::-1], weights, err", "turned[:, ::-1], weights, atol=1, err"),
            ("weights.sum(axis=1), 1, err", "weights.sum(axis=1), 1, atol=1, err"),
            ("alone, weights[:1], err", "alone, weights[:1], atol=1, err"),
            ("read, rtol=1e-6, err", "read, atol=5, err"),
        ],
        "Two ways to add up differ in the last digits: compare with a tolerance, not with ==.": [
            (_ASSERT["read"], "    assert (context == read).all()\n"),
            (_ASSERT["sum"], "    assert (weights.sum(axis=1) == 1).all()\n"),
        ],
        "It compares with one formula; another score is right too.": _function(
            _TEST,
            _DATA + "scores = np.einsum('nq,qd,ntd->nt', query, W, states)\n"
            "e = np.where(mask, np.exp(scores - scores.max(axis=1, keepdims=True)), 0)\n"
            "np.testing.assert_allclose(weights, e / e.sum(axis=1, keepdims=True))\n"
            "np.testing.assert_allclose(context, np.einsum('nt,ntd->nd', weights, states), atol=1e-9)",
        ),
        "The published step's name is written in it: call the function that is handed in.": [
            ("context, weights = step(", "context, weights = published_step("),
            ("_, turned = step(", "_, turned = published_step("),
            ("_, alone = step(", "_, alone = published_step("),
            ("_, other = step(", "_, other = published_step("),
        ],
    },
    "attention_step": {
        "The weights still come from the query alone (one score per column of W): compare it with the states.": _function(
            _STEP,
            "T = states.shape[1]\n"
            "scores = np.resize(query @ W, (len(query), T))\n"
            "weights = masked_softmax(scores[:, None, :], mask[:, None, :])\n"
            "return attend(weights, states)[:, 0], weights[:, 0]",
        ),
        "The padded steps take part: use the mask.": [
            ("mask[:, None, :])", "np.ones_like(mask)[:, None, :])")
        ],
        "The states are averaged with equal weights: score them first.": [
            ("masked_softmax(scores,", "masked_softmax(0 * scores,")
        ],
        "The scores are divided by sqrt(D): Luong's general score is not.": [
            ("dot_scores(", "scaled_dot_scores(")
        ],
        "The weights are cut after the softmax, so they no longer sum to 1: masked_softmax takes the mask.": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "masked_softmax(scores, np.ones_like(mask)[:, None, :]) * mask[:, None, :]",
            ),
        ],
        "Sigmoids divided by their sum are no softmax: masked_softmax gives the weights.": [
            (
                "masked_softmax(scores, mask[:, None, :])",
                "(lambda e: e / e.sum(-1, keepdims=True))(mask[:, None] / (1 + np.exp(-scores)))",
            ),
        ],
        "The query is compared with the first state alone: each state is a key.": [
            ("[:, None, :], states)", "[:, None, :], 0 * states + states[:, :1])")
        ],
        "The returned values have changed places: context first, then weights.": [
            (
                "return attend(weights, states)[:, 0], weights[:, 0]",
                "return weights[:, 0], attend(weights, states)[:, 0]",
            ),
        ],
        "The axis of the single query is still there: context is (N, D), weights are (N, T).": [
            ("attend(weights, states)[:, 0], weights[:, 0]", "attend(weights, states), weights"),
        ],
        "squeeze() removes every axis of length 1, also that of one example or one step: index the query's axis.": [
            (
                "attend(weights, states)[:, 0], weights[:, 0]",
                "attend(weights, states).squeeze(), weights.squeeze()",
            ),
        ],
        "The query is added to the context: it is the weighted average of the states alone.": [
            ("attend(weights, states)[:, 0],", "attend(weights, states)[:, 0] + query @ W,"),
        ],
        "The context is made of the query: it is the weighted average of the states.": [
            ("attend(weights, states)[:, 0]", "(weights[:, 0, :1] * (query @ W))")
        ],
        "The query goes through tanh: Luong's general score has none.": [
            ("(query @ W)", "np.tanh(query @ W)")
        ],
        "The mask of the first example is used for all: each example has its own.": [
            ("mask[:, None, :])", "mask[:1, None, :])")
        ],
        "The query is compared with the states of another example: keep the examples apart.": [
            ("[:, None, :], states)", "[:, None, :], np.roll(states, 1, axis=0))")
        ],
        "Only the state with the largest weight is read: average all of them.": [
            (
                "return attend",
                "weights = (weights == weights.max(axis=-1, keepdims=True)).astype(states.dtype)\n    return attend",
            ),
        ],
        "The result is always float64: keep the dtype of the input.": [
            ("(query @ W)", "(query.astype(np.float64) @ W)")
        ],
        "`states` is overwritten on padding: leave it as it is, the mask is enough.": [
            ("scores = dot_scores", "states[~mask] = 0\n    scores = dot_scores"),
        ],
        "The states are added up without their weights.": [
            ("attend(weights, states)[:, 0],", "(states * mask[:, :, None]).sum(axis=1),")
        ],
        "`W` is not used: it brings the query to the size of the states.": [
            ("(query @ W)", "query")
        ],
        "`W` is transposed: it is stored as (Dq, D).": [("query @ W", "query @ W.T")],
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
        "powers of two": [
            (
                _SOFTMAX_LINE,
                "top = scores.masked_fill(~mask, -torch.inf).amax(1, keepdim=True)\n"
                "        powers = torch.exp2(scores - top) * mask\n"
                "        weights = powers / powers.sum(1, keepdim=True)",
            )
        ],
        "a query in a scaled product": [
            (
                "self.v = nn.Linear(hidden_size, 1, bias=False)",
                "self.query = nn.Parameter(torch.randn(hidden_size))",
            ),
            (
                "self.v(torch.tanh(self.project(states))).squeeze(-1)",
                "torch.tanh(self.project(states)) @ self.query / len(self.query) ** 0.5",
            ),
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
    "test_attention_step": {
        "np.allclose": [
            (_ASSERT["turned"], "    assert np.allclose(turned[:, ::-1], weights, atol=1e-7)\n"),
            (_ASSERT["read"], "    assert np.allclose(context, read), 'context'\n"),
        ],
        "own error": [
            (
                _ASSERT["turned"],
                "    if abs(turned[:, ::-1] - weights).max() > 1e-9:\n"
                "        raise ValueError('the weights stay behind')\n",
            )
        ],
        "any order": _function(
            _TEST,
            _DATA + "for _ in range(5):\n"
            "    order, who = rng.permutation(4), rng.permutation(3)\n"
            "    c, w = step(query[who], states[who][:, order], mask[who][:, order], W)\n"
            "    assert np.allclose(c, context[who]) and np.allclose(w, weights[who][:, order])\n"
            "loud = np.where(mask[:, :, None], states, 9.0)\n"
            "c, w = step(query, loud, mask, W)\n"
            "assert np.allclose(c, context) and np.allclose(w, weights)\n"
            "assert np.allclose((weights * mask).sum(1), 1)\n"
            "assert not np.allclose(step(-query, states, mask, W)[1], weights)\n"
            "for n in range(3):\n"
            "    own = slice(n, n + 1)\n"
            "    c, w = step(query[own], states[own], mask[own], W)\n"
            "    assert np.allclose(c, context[own]) and np.allclose(w, weights[own])\n"
            "    assert np.allclose(c[0], sum(a * h for a, h in zip(w[0], states[n])))",
        ),
        "without the padding": _function(
            _TEST,
            _DATA + "bad = []\n"
            "for n, T in enumerate((4, 2, 3)):\n"
            "    one = query[n : n + 1], states[n : n + 1, :T][:, ::-1], np.ones((1, T), bool), W\n"
            "    c, w = step(*one)\n"
            "    bad.append(abs(w[0, ::-1] - weights[n, :T]).max() > 1e-8)\n"
            "    bad.append(abs(c - context[n]).max() > 1e-8)\n"
            "    bad.append(abs(w.sum() - 1) > 1e-8 or weights[n, T:].any())\n"
            "    bad.append(abs(w @ one[1][0] - c).max() > 1e-8)\n"
            "again = step(query + 1, states, mask, W)[1]\n"
            "bad.append(np.allclose(again, weights))\n"
            "assert not any(bad), bad",
        ),
        "one state at a time": _function(
            _TEST,
            _DATA + "assert np.allclose(weights.sum(axis=1), 1), 'shares'\n"
            "assert np.all(weights[~mask] == 0), 'padding'\n"
            "assert np.allclose((weights[..., None] * states).sum(1), context), 'context'\n"
            "same = np.repeat(states[:, :1], 4, axis=1)\n"
            "assert np.allclose(step(query, same, mask, W)[1], mask / mask.sum(1, keepdims=True))\n"
            "changed = states.copy()\n"
            "changed[0, 1] += 1\n"
            "w = step(query, changed, mask, W)[1]\n"
            "assert np.allclose(w[1:], weights[1:]), 'another example'\n"
            "assert abs(w[0, 1] - weights[0, 1]) > 1e-4, 'its own state'\n"
            "assert np.allclose(w[0, 2:] / w[0, 0], weights[0, 2:] / weights[0, 0])\n"
            "assert not np.allclose(step(2 * query, states, mask, W)[1], weights), 'question'",
        ),
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
        "Large scores overflow: subtract the largest readable score of each row before np.exp.": "subtract the largest",
        "A loud padded key drowns the readable ones: take the largest score over the readable keys only.": "readable keys only",
        "A small number is added to every sum, so the rows fall short of 1: divide by 1 only where the sum is 0.": "is a small number added",
        "The largest score of the whole array is subtracted: each row needs its own, or the weights of low rows vanish.": "of each row",
        "The result is always float64: keep the dtype of `scores`.": "dtype",
        "`scores` is overwritten with minus infinity: the caller still needs it, so build a new array.": "in place",
        "Only a mask of shape (N, Tq, Tk) works: one of shape (N, 1, Tk) must broadcast over the queries.": "must work too",
    },
    "dot_scores": {
        "The result is always float64: keep the dtype of `q` and `k`.": "dtype",
    },
    "scaled_dot_scores": {
        "np.sqrt of an integer makes the result float64: divide by a plain Python number.": "dtype",
        "`q` is scaled in place: the caller still needs it, so build a new array.": "in place",
    },
    "additive_scores": {
        "The result is always float64: keep the dtype of the input.": "dtype",
    },
    "attend": {
        "The result is always float64: keep the dtype of the input.": "dtype",
    },
    "masked_softmax_backward": {
        "The result is always float64: keep the dtype of the input.": "dtype",
        "The average is subtracted from `dweights` in place: the caller still needs it.": "in place",
    },
    "AttentionClassifier": {
        "The read-out's weights are detached: they get no gradient and never learn.": "no gradient comes back",
        "The GRU reads the padding: pack the batch.": "pack the batch",
        "The result is as wide as the longest review, not T: give pad_packed_sequence its total_length.": "total_length",
        "Padding gets weight too: mask its scores before the softmax.": "exactly 0",
        "A masked score of 0 still counts, exp(0) is 1: set it to minus infinity.": "exactly 0",
        "The mask is the wrong way round: the padding is read and the real words are not.": "wrong way round",
        "The mask lets one padded step in: the last real step is number length - 1.": "step 3 of a review of length 3",
        "The last real word of each review is masked: the last real step is number length - 1.": "is a real word",
        "The weights are cut after the softmax, so they no longer sum to 1: mask the scores, before it.": "Softmax over the steps",
        "The softmax runs over the reviews (dim=0); it must run over the steps (dim=1).": "over the steps",
        "The softmax runs over an axis of length 1, so every weight is 1; it must run over the steps.": "over the steps",
        "The GRU reads in one direction only: make it bidirectional.": "bidirectional",
        "The logits read the plain mean of the states: average them with the weights.": "weighted average",
        "The logits read one state alone: average all of them with the weights.": "weighted average",
        "The states are added up without their weights.": "weighted average",
        "The weights are detached: no gradient teaches the score where to look.": "detached",
        "The scores come from the embeddings: score the states, which know the words on both sides.": "not the embeddings",
        "The context averages the embeddings: average the states of the GRU.": "not the embeddings",
        "Only the logits are returned: return logits and weights.": "logits, weights",
        "squeeze() without an axis also removes the axis of a single review or word: name the axis.": "squeeze()",
        "The weights keep an axis of length 1: their shape is (N, T).": "length 1 too many",
        "There are always two logits: the last layer needs `classes` of them.": "a column per class",
        "The embedding is detached: no gradient reaches the word vectors.": "detached",
        "The GRU takes the batch for the time: it needs batch_first=True, and a packed batch.": "pack the batch",
        "The result is always float32: keep the dtype of the model.": "dtype",
        "`lengths` is changed in place: the caller still needs it.": "lengths in place",
        "`ids` is changed in place: the caller still needs it.": "ids in place",
        "The lengths are guessed from the ids: use `lengths`, whatever ids the padding holds.": "lengths that are given",
        "The score is the square of a state, so nothing learns what to look for: give it parameters of its own.": "parameters of its own",
        "The read-out sees a state beside the context: give it the weighted average of all, and nothing else.": "more than the context",
        "The read-out gets the context and a state side by side: give it the context alone, 2H numbers.": "the context alone",
        "The read-out gets the context and the plain mean of the states: give it the context alone.": "more than the context",
        "The logits went through a sigmoid: return plain scores.": "return plain scores",
        "The scores grow with the place of the word: a score depends on its state alone.": "not on the place",
        "A sigmoid divided by its sum is no softmax: the weights are a softmax of the scores.": "no softmax",
        "A softplus divided by its sum is no softmax: the weights are a softmax of the scores.": "no softmax",
        "The scores go through a tanh once more, so no weight can be much larger than another.": "no softmax",
        "Half of each weight is an equal share: the softmax alone gives the weights.": "no softmax",
    },
    "word_attributions": {
        "The model stays in evaluation mode: leave it as you found it.": "evaluation mode",
        "backward() adds to the .grad of the model's parameters: use torch.autograd.grad.": "backward()",
        "The .grad of the model's parameters is wiped: leave it as it was, without zero_grad().": "zero_grad()",
        "The result is always float64: keep the dtype of the embeddings.": "dtype",
        "Every hook of model.embedding is gone, not only your own: handle.remove() takes that one away.": "somebody else",
    },
    "test_attention_step": {
        "It never fails: nothing is asserted.": "passes on the published step",
        "It always fails, on right functions too.": "fails on a right one in plain Python",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "It checks whether the weights are shares: the published ones are.": "passes on the published step",
        "The weights must be others for other states; a score that grows from place to place does that too.": "grow from place to place",
        "Only one question is asked: weights that do not hear it go unseen.": "same weights whatever is asked",
        "It never looks at the context.": "another example of the batch",
        "No example is shown alone: scores made of another example's states go unseen.": "takes the scores, but not the context",
        "Both examples are the same: what is read from the wrong one goes unseen.": "another example of the batch",
        "All steps are real: what becomes of padding goes unseen.": "weight to padding",
        "The steps are turned round and the mask is not: right functions fail.": "fails on a right one in plain Python",
        "It compares with one formula; another score is right too.": "PyTorch's own attention, whose scores are scaled",
    },
    "attention_step": {
        "The result is always float64: keep the dtype of the input.": "dtype",
        "`states` is overwritten on padding: leave it as it is, the mask is enough.": "in place",
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
        "one slip": (
            WRONG["masked_softmax"][
                "Large scores overflow: subtract the largest readable score of each row before np.exp."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["masked_softmax"][
                "The weights are cut after the softmax, so the rows no longer sum to 1: mask the scores, or renormalise."
            ],
            0.0,
            0.49,
        ),
    },
    "dot_scores": {
        "nothing": (_function(_DOT, _ZERO_SCORES), 0.0, 0.0),
        "one slip": (
            WRONG["dot_scores"]["The result is always float64: keep the dtype of `q` and `k`."],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["dot_scores"]["Query i meets key i alone: every query must meet every key."],
            0.0,
            0.49,
        ),
    },
    "scaled_dot_scores": {
        "nothing": (_function(_SCALED, _ZERO_SCORES), 0.0, 0.0),
        "one slip": (
            WRONG["scaled_dot_scores"][
                "np.sqrt of an integer makes the result float64: divide by a plain Python number."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["scaled_dot_scores"]["It is not scaled: divide by sqrt(D)."],
            0.0,
            0.49,
        ),
    },
    "additive_scores": {
        "nothing": (_function(_ADDITIVE, _ZERO_SCORES), 0.0, 0.0),
        "one slip": (
            WRONG["additive_scores"]["The result is always float64: keep the dtype of the input."],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["additive_scores"][
                "tanh comes after the sum of query and key, not before: tanh(a) + tanh(b) lets the two never meet."
            ],
            0.0,
            0.49,
        ),
    },
    "attend": {
        "nothing": (_function(_ATTEND, "return values.copy()"), 0.0, 0.0),
        "one slip": (
            WRONG["attend"]["The result is always float64: keep the dtype of the input."],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["attend"]["The weights are not used: this is the plain mean of the values."],
            0.0,
            0.49,
        ),
    },
    "masked_softmax_backward": {
        "nothing": (_function(_BACKWARD, "return dweights.copy()"), 0.0, 0.0),
        "one slip": (
            WRONG["masked_softmax_backward"][
                "The average is subtracted from `dweights` in place: the caller still needs it."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["masked_softmax_backward"]["The average gradient of the row is not subtracted."],
            0.0,
            0.49,
        ),
    },
    "AttentionClassifier": {
        "nothing": (_CONSTANT, 0.0, 0.0),
        "one slip": (
            WRONG["AttentionClassifier"][
                "The result is as wide as the longest review, not T: give pad_packed_sequence its total_length."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["AttentionClassifier"][
                "All real words have the same weight: the scores must come from the states."
            ],
            0.0,
            0.49,
        ),
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
        "one slip": (
            WRONG["word_attributions"][
                "A word that occurs twice gets the gradient of all its places: take that of the embedding's output, not of its table."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["word_attributions"]["The gradient is not multiplied by the embedding."],
            0.0,
            0.49,
        ),
    },
    "test_attention_step": {
        "nothing": (_without(*_ASSERT), 0.0, 0.0),
        "one slip": (
            WRONG["test_attention_step"][
                "Only one question is asked: weights that do not hear it go unseen."
            ],
            0.85,
            0.95,
        ),
        "point missed": (
            WRONG["test_attention_step"][
                "It checks whether the weights are shares: the published ones are."
            ],
            0.0,
            0.49,
        ),
    },
    "attention_step": {
        "nothing": (
            _function(_STEP, "return np.zeros_like(states[:, 0]), np.zeros_like(states[:, :, 0])"),
            0.0,
            0.0,
        ),
        "one slip": (
            WRONG["attention_step"]["The padded steps take part: use the mask."],
            0.5,
            0.99,
        ),
        "point missed": (
            WRONG["attention_step"][
                "The weights still come from the query alone (one score per column of W): compare it with the states."
            ],
            0.0,
            0.49,
        ),
    },
}
