"""Wrong and right variants of the exercises in ``source/04_bidirectional/tagging.ipynb``."""

from textwrap import dedent, indent

# --- spans --------------------------------------------------------------------------------------
GROW = 'if tag.startswith("I-") and before[2:] == tag[2:]:'

SPANS_WRONG = {
    "stray I- dropped": [
        (
            "            else:\n                spans.append",
            '            elif tag.startswith("B-"):\n                spans.append',
        )
    ],
    "end inclusive": [
        ("spans.append((begin, step + 1, kind))", "spans.append((begin, step, kind))"),
        ("spans.append((step, step + 1, tag[2:]))", "spans.append((step, step, tag[2:]))"),
    ],
    "a span per word": [(GROW, "if False:")],
    "B- does not begin anew": [(GROW, "if before[2:] == tag[2:]:")],
    "I- continues any type": [(GROW, 'if tag.startswith("I-") and before != "O":')],
    "I- continues across a gap": [(GROW, 'if tag.startswith("I-") and spans:')],
    "I- of the same type across a gap": [
        (GROW, 'if tag.startswith("I-") and spans and spans[-1][2] == tag[2:]:')
    ],
    "last span lost": [("    return spans", "    return spans[:-1]")],
    "last span lost when it reaches the end": [
        ("    return spans", "    return [s for s in spans if s[1] < len(tags)]")
    ],
    "type with its prefix": [
        ("spans.append((step, step + 1, tag[2:]))", "spans.append((step, step + 1, tag))")
    ],
    "O begins a span": [('if tag != "O":', "if True:")],
    "type cut at a hyphen": [
        (
            "spans.append((step, step + 1, tag[2:]))",
            'spans.append((step, step + 1, tag.split("-")[-1]))',
        )
    ],
    "type without its letters B and I": [
        (
            "spans.append((step, step + 1, tag[2:]))",
            'spans.append((step, step + 1, tag.strip("BI-")))',
        )
    ],
    "type first": [
        ("    return spans", "    return [(k, b, e) for b, e, k in spans]"),
    ],
    "backwards": [("    return spans", "    return spans[::-1]")],
    "tags changed": [("    return spans", "    tags[:] = [t[2:] for t in tags]\n    return spans")],
}
SPANS_RIGHT = {
    "open span closed later": """
def find_spans(tags):
    spans, begin, kind = [], None, None
    for step, tag in enumerate(list(tags) + ["O"]):
        goes_on = begin is not None and tag == "I-" + kind
        if begin is not None and not goes_on:
            spans.append((begin, step, kind))
            begin = None
        if tag != "O" and not goes_on:
            begin, kind = step, tag[2:]
    return spans
""",
    "look ahead": """
def find_spans(tags):
    spans, step = [], 0
    while step < len(tags):
        if tags[step] == "O":
            step += 1
            continue
        end, kind = step + 1, tags[step][2:]
        while end < len(tags) and tags[end] == f"I-{kind}":
            end += 1
        spans.append((step, end, kind))
        step = end
    return spans
""",
    "begins and ends": """
def find_spans(tags):
    T = len(tags)
    def begins(t):
        if tags[t][0] == "O":
            return False
        return tags[t][0] == "B" or t == 0 or tags[t - 1] == "O" or tags[t - 1][2:] != tags[t][2:]
    starts = [t for t in range(T) if begins(t)]
    def end(t):
        stop = t + 1
        while stop < T and tags[stop] != "O" and not begins(stop):
            stop += 1
        return stop
    return [(t, end(t), tags[t][2:]) for t in starts]
""",
    "lists inside, tuples at the end": """
def find_spans(tags):
    spans = []
    last_type = ""
    for i in range(len(tags)):
        prefix, _, kind = tags[i].partition("-")
        if prefix == "I" and kind == last_type:
            spans[-1][1] = i + 1
        elif prefix in ("B", "I"):
            spans.append([i, i + 1, kind])
        last_type = kind
    return [tuple(span) for span in spans]
""",
}

# --- F1 -----------------------------------------------------------------------------------------
END = "return 2 * right / total if total else 0.0"
SETS = "gold, found = set(find_spans(true)), set(find_spans(predicted))"

F1_WRONG = {
    "words right": """
def span_f1(true_tags, predicted_tags):
    pairs = [(a, b) for t, p in zip(true_tags, predicted_tags) for a, b in zip(t, p)]
    return sum(a == b for a, b in pairs) / len(pairs)
""",
    "F1 of words": """
def span_f1(true_tags, predicted_tags):
    right = total = 0
    for t, p in zip(true_tags, predicted_tags):
        right += sum(a == b != "O" for a, b in zip(t, p))
        total += sum(a != "O" for a in t) + sum(b != "O" for b in p)
    return 2 * right / total if total else 0.0
""",
    "precision": [("total += len(gold) + len(found)", "total += 2 * len(found)")],
    "recall": [("total += len(gold) + len(found)", "total += 2 * len(gold)")],
    "mean over sentences": """
def span_f1(true_tags, predicted_tags):
    scores = []
    for t, p in zip(true_tags, predicted_tags):
        a, b = set(find_spans(t)), set(find_spans(p))
        scores.append(2 * len(a & b) / (len(a) + len(b)) if a or b else 0.0)
    return sum(scores) / len(scores)
""",
    "mean over types": """
def span_f1(true_tags, predicted_tags):
    spans = [[(n, *s) for n, tags in enumerate(all_) for s in find_spans(tags)]
             for all_ in (true_tags, predicted_tags)]
    scores = []
    for kind in {s[3] for s in spans[0] + spans[1]}:
        a, b = ({s for s in side if s[3] == kind} for side in spans)
        scores.append(2 * len(a & b) / (len(a) + len(b)))
    return sum(scores) / len(scores) if scores else 0.0
""",
    "type ignored": [
        (
            SETS,
            "gold, found = ({s[:2] for s in find_spans(tags)} for tags in (true, predicted))",
        )
    ],
    "begin and type only": [
        (
            SETS,
            "gold, found = ({(s[0], s[2]) for s in find_spans(tags)} for tags in (true, predicted))",
        )
    ],
    "any overlap counts": [
        (
            "right += len(gold & found)",
            "right += sum(any(a[2] == b[2] and a[0] < b[1] and b[0] < a[1] for b in found) for a in gold)",
        )
    ],
    "sentences pooled": """
def span_f1(true_tags, predicted_tags):
    gold = {s for tags in true_tags for s in find_spans(tags)}
    found = {s for tags in predicted_tags for s in find_spans(tags)}
    total = len(gold) + len(found)
    return 2 * len(gold & found) / total if total else 0.0
""",
    "sentences run together": """
def span_f1(true_tags, predicted_tags):
    gold = set(find_spans([tag for tags in true_tags for tag in tags]))
    found = set(find_spans([tag for tags in predicted_tags for tag in tags]))
    total = len(gold) + len(found)
    return 2 * len(gold & found) / total if total else 0.0
""",
    "the 2 forgotten": [(END, "return right / total if total else 0.0")],
    "no spans is perfect": [(END, "return 2 * right / total if total else 1.0")],
    "no spans divides by zero": [(END, "return 2 * right / total")],
    "Jaccard": [("total += len(gold) + len(found)", "total += 2 * len(gold | found)")],
}
F1_RIGHT = {
    "precision and recall": """
def span_f1(true_tags, predicted_tags):
    gold = {(n, *s) for n, tags in enumerate(true_tags) for s in find_spans(tags)}
    found = {(n, *s) for n, tags in enumerate(predicted_tags) for s in find_spans(tags)}
    if not gold or not found or not gold & found:
        return 0.0
    precision, recall = len(gold & found) / len(found), len(gold & found) / len(gold)
    return 2 * precision * recall / (precision + recall)
""",
    "three counts": """
def span_f1(true_tags, predicted_tags):
    tp = fp = fn = 0
    for t, p in zip(true_tags, predicted_tags):
        t, p = find_spans(t), find_spans(p)
        hits = [s for s in p if s in t]
        tp, fp, fn = tp + len(hits), fp + len(p) - len(hits), fn + len(t) - len(hits)
    return tp / (tp + 0.5 * (fp + fn)) if tp + fp + fn else 0.0
""",
    "NumPy": """
def span_f1(true_tags, predicted_tags):
    counts = np.zeros(3)
    for t, p in zip(true_tags, predicted_tags):
        a, b = set(find_spans(t)), set(find_spans(p))
        counts += len(a & b), len(a), len(b)
    return float(2 * counts[0] / max(counts[1] + counts[2], 1))
""",
}

# --- the loss -----------------------------------------------------------------------------------
LOG_P = "log_p = torch.log_softmax(logits[mask], dim=-1)"
MEAN = "return -log_p.gather(1, targets[mask][:, None]).mean()"
SAFE = "safe = torch.where(mask, targets, 0)\n    "
EACH = "each = nn.functional.cross_entropy(logits.transpose(1, 2), safe, reduction='none')\n    "


def loss(body: str) -> str:
    """The function with another body."""
    return "def masked_cross_entropy(logits, targets, mask):\n" + indent(
        dedent(body).strip(), "    "
    )


LOSS_WRONG = {
    "padding in the mean": loss(
        "return nn.functional.cross_entropy(logits.flatten(0, 1), torch.where(mask, targets, targets.clamp(0, logits.shape[-1] - 1)).flatten())"
    ),
    "divided by all steps": loss(
        SAFE.replace("    ", "") + EACH.replace("    ", "") + "return (each * mask).mean()"
    ),
    "sum": [(MEAN, "return -log_p.gather(1, targets[mask][:, None]).sum()")],
    "divided by the sentences": [
        (MEAN, "return -log_p.gather(1, targets[mask][:, None]).sum() / len(logits)")
    ],
    "mean of the sentences": loss(
        SAFE.replace("    ", "")
        + EACH.replace("    ", "")
        + "return ((each * mask).sum(1) / mask.sum(1).clamp(min=1)).mean()"
    ),
    "mean of the sentences, empty rows are nan": loss(
        SAFE.replace("    ", "")
        + EACH.replace("    ", "")
        + "return ((each * mask).sum(1) / mask.sum(1)).mean()"
    ),
    "mask the wrong way round": loss(
        "return nn.functional.cross_entropy(logits[~mask], targets[~mask])"
    ),
    "sign": [("return -log_p", "return log_p")],
    "invalid targets not expected": loss(
        "log_p = torch.log_softmax(logits, dim=-1)\n"
        "each = -log_p.gather(2, targets[:, :, None])[:, :, 0]\n"
        "return (each * mask).sum() / mask.sum()"
    ),
    "only -100 expected": loss(
        "return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)"
    ),
    "tag 0 taken for padding": loss(
        "safe = torch.where(mask, targets, 0)\n"
        "return nn.functional.cross_entropy(logits.flatten(0, 1), safe.flatten(), ignore_index=0)"
    ),
    "logarithm of a softmax": [(LOG_P, "log_p = torch.softmax(logits[mask], dim=-1).log()")],
    "softmax over the steps": [(LOG_P, "log_p = torch.log_softmax(logits, dim=1)[mask]")],
    "a number": [(".mean()", ".mean().item()")],
    "gradient cut": [(LOG_P, "log_p = torch.log_softmax(logits[mask].detach(), dim=-1)")],
    "targets overwritten": [(LOG_P, "targets[~mask] = 0\n    " + LOG_P)],
    "float64 forced": [(LOG_P, "log_p = torch.log_softmax(logits[mask].double(), dim=-1)")],
}
LOSS_RIGHT = {
    "cross_entropy on real steps": loss(
        "return nn.functional.cross_entropy(logits[mask], targets[mask])"
    ),
    "ignore_index": loss(
        "marked = targets.masked_fill(~mask, -100)\n"
        "return nn.functional.cross_entropy(logits.flatten(0, 1), marked.flatten(), ignore_index=-100)"
    ),
    "times the mask": loss(
        SAFE.replace("    ", "")
        + EACH.replace("    ", "")
        + "return (each * mask).sum() / mask.sum()"
    ),
    "logsumexp": loss(
        "z, y = logits[mask], targets[mask]\n"
        "return (torch.logsumexp(z, dim=1) - z[torch.arange(len(z)), y]).mean()"
    ),
    "one-hot": loss(
        "z, y = logits[mask], targets[mask]\n"
        "hot = nn.functional.one_hot(y, z.shape[-1]).to(z.dtype)\n"
        "return -(hot * nn.functional.log_softmax(z, dim=-1)).sum(-1).mean()"
    ),
    "a loop": loss(
        """
        total, count = logits.new_zeros(()), 0
        for n in range(logits.shape[0]):
            for t in range(logits.shape[1]):
                if mask[n, t]:
                    z = logits[n, t] - logits[n, t].max()
                    total = total - (z[targets[n, t]] - z.exp().sum().log())
                    count += 1
        return total / count
        """
    ),
}

# --- the tagger ---------------------------------------------------------------------------------
AVERAGE = "x = x.mean(dim=2)"
PACK = """packed = pack_padded_sequence(
            self.dropout(x), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        h, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=x.shape[1])"""
OUT = "return self.out(self.dropout(h))"
LSTM = "nn.LSTM(embedding_size, hidden_size, batch_first=True, bidirectional=True)"
HEAD = """
class Tagger(nn.Module):
    def __init__(self, vocab_size, tag_count, embedding_size, hidden_size, dropout=0.0):
        super().__init__()
"""


def tagger(init: str, forward: str) -> str:
    """A module with other insides."""
    return (
        HEAD
        + indent(dedent(init).strip(), " " * 8)
        + "\n\n    def forward(self, ids, lengths):\n"
        + indent(dedent(forward).strip(), " " * 8)
    )


TWO = """
self.embed = nn.Embedding(vocab_size, embedding_size)
self.forward_lstm = nn.LSTM(embedding_size, hidden_size, batch_first=True)
self.backward_lstm = nn.LSTM(embedding_size, hidden_size, batch_first=True)
self.head = nn.Linear(2 * hidden_size, tag_count)
self.drop = nn.Dropout(dropout)
"""
TURNED = """
x = self.embed(ids)
x = self.drop(x.mean(2) if ids.dim() == 3 else x)
steps, last = torch.arange(x.shape[1], device=x.device), lengths[:, None] - 1
source = torch.where(steps <= last, last - steps, steps)[:, :, None]
h = self.forward_lstm(x)[0]
g = self.backward_lstm(torch.take_along_dim(x, source, dim=1))[0]
g = torch.take_along_dim(g, source, dim=1)
return self.head(self.drop(torch.cat([h, g], dim=2)))
"""

TAGGER_WRONG = {
    "padding read": [(PACK, "h, _ = self.lstm(self.dropout(x))")],
    "one direction": [
        (", bidirectional=True", ""),
        ("nn.Linear(2 * hidden_size", "nn.Linear(hidden_size"),
    ],
    "one direction of twice the size": [
        (LSTM, "nn.LSTM(embedding_size, 2 * hidden_size, batch_first=True)")
    ],
    "total_length forgotten": [(", total_length=x.shape[1]", "")],
    "sorted batches only": [("enforce_sorted=False", "enforce_sorted=True")],
    "batch_first forgotten when packing": [
        ("lengths.cpu(), batch_first=True", "torch.full((ids.shape[1],), ids.shape[0])")
    ],
    "sorted and not put back": [
        (
            PACK,
            "lengths, order = lengths.cpu().sort(descending=True)\n"
            "        packed = pack_padded_sequence(self.dropout(x)[order], lengths, batch_first=True)\n"
            "        h, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=x.shape[1])",
        )
    ],
    "sum of the vectors": [(AVERAGE, "x = x.sum(dim=2)")],
    "first id only": [(AVERAGE, "x = x[:, :, 0]")],
    "maximum of the vectors": [(AVERAGE, "x = x.amax(dim=2)")],
    "several ids not expected": [("if ids.dim() == 3:", "if False:")],
    "one id not expected": [("if ids.dim() == 3:", "if True:")],
    "probabilities": [(OUT, "return self.out(self.dropout(h)).softmax(dim=-1)")],
    "log-probabilities": [(OUT, "return self.out(self.dropout(h)).log_softmax(dim=-1)")],
    "one answer per sentence": [
        (OUT, "return self.out(self.dropout(h).mean(1))[:, None].expand(-1, ids.shape[1], -1)")
    ],
    "final states everywhere": [
        (
            PACK,
            PACK.replace(
                "h, _ = pad", "out, (h_n, _) = self.lstm(packed)\n        h, _ = pad"
            ).replace("self.lstm(packed)[0], batch", "out, batch")
            + "\n        h = torch.cat([h_n[0], h_n[1]], 1)[:, None].expand_as(h)",
        )
    ],
    "a GRU": [(LSTM, LSTM.replace("LSTM", "GRU"))],
    "halves swapped": [
        (
            OUT,
            "h = torch.cat(h.chunk(2, dim=2)[::-1], dim=2)\n        return self.out(self.dropout(h))",
        )
    ],
    "read-out from the embedding": [
        ("nn.Linear(2 * hidden_size", "nn.Linear(embedding_size"),
        (OUT, "return self.out(self.dropout(x))"),
    ],
    "dropout in eval mode": [(OUT, "return self.out(nn.functional.dropout(h, self.dropout.p))")],
    "no dropout": [("nn.Dropout(dropout)", "nn.Identity()")],
    "kept from call to call": [
        (
            "x = self.embedding(ids)\n",
            "x = self.embedding(ids) + getattr(self, 'kept', 0.0)\n"
            "        self.kept = x.detach().mean()\n",
        )
    ],
    "a bias without a gradient": [
        (OUT, "self.lstm.bias_hh_l0.requires_grad_(False)\n        " + OUT)
    ],
    "gradient cut": [("x = self.embedding(ids)", "x = self.embedding(ids).detach()")],
    "whole rows turned around": tagger(
        TWO,
        TURNED.replace("torch.take_along_dim(x, source, dim=1)", "x.flip(1)").replace(
            "torch.take_along_dim(g, source, dim=1)", "g.flip(1)"
        ),
    ),
    "not turned back": tagger(
        TWO, TURNED.replace("g = torch.take_along_dim(g, source, dim=1)\n", "")
    ),
    "one LSTM for both directions": tagger(
        TWO.replace(
            "self.backward_lstm = nn.LSTM(embedding_size, hidden_size, batch_first=True)\n", ""
        ),
        TURNED.replace("self.backward_lstm", "self.forward_lstm"),
    ),
}
TAGGER_RIGHT = {
    "turned by hand": tagger(TWO, TURNED),
    "sorted by hand": [
        (
            PACK,
            "ordered, order = lengths.cpu().sort(descending=True)\n"
            "        order = order.to(x.device)\n"
            "        packed = pack_padded_sequence(self.dropout(x)[order], ordered, batch_first=True)\n"
            "        h, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=x.shape[1])\n"
            "        h = h[order.argsort()]",
        )
    ],
    "time first inside": [
        (LSTM, "nn.LSTM(embedding_size, hidden_size, bidirectional=True)"),
    ],
    "one sentence at a time": tagger(
        """
        self.emb = nn.Embedding(vocab_size, embedding_size, 0)
        self.rnn = nn.LSTM(embedding_size, hidden_size, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(hidden_size * 2, tag_count)
        self.p = nn.Dropout(dropout)
        """,
        """
        vectors = self.emb(ids)
        vectors = self.p(vectors.mean(-2) if vectors.dim() == 4 else vectors)
        states = vectors.new_zeros(*ids.shape[:2], self.linear.in_features)
        rows = [self.rnn(vectors[n : n + 1, :k])[0][0] for n, k in enumerate(lengths.tolist())]
        rows = [nn.functional.pad(r, (0, 0, 0, ids.shape[1] - len(r))) for r in rows]
        return self.linear(self.p(torch.stack(rows) + states))
        """,
    ),
    "always three axes": [
        ("x = self.embedding(ids)\n", "x = self.embedding(ids.reshape(*ids.shape[:2], -1))\n"),
        ("        if ids.dim() == 3:\n            x = x.mean(dim=2)", "        x = x.mean(dim=2)"),
    ],
    "no padding_idx, three dropouts": [
        (", padding_idx=0", ""),
        (OUT, "return self.out(self.dropout(h * 1.0))"),
    ],
    "masked states": [
        (
            OUT,
            "real = torch.arange(h.shape[1], device=h.device) < lengths[:, None]\n"
            "        return self.out(self.dropout(h)) * real[:, :, None]",
        ),
    ],
    "padded by hand": [
        (
            "batch_first=True, total_length=x.shape[1])",
            "batch_first=True)\n"
            "        h = nn.functional.pad(h, (0, 0, 0, x.shape[1] - h.shape[1]))",
        )
    ],
    "read-out in a Sequential": [
        (
            "self.out = nn.Linear(2 * hidden_size, tag_count)",
            "self.out = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * hidden_size, tag_count))",
        ),
        (OUT, "return self.out(h)"),
    ],
}

# --- the training -------------------------------------------------------------------------------
SHORT = ("range(18)", "range(4)")  # enough for what is wrong anyway
TRAIN_WRONG = {
    "not trained": [("            optimizer.step()\n", ""), ("range(18)", "range(1)")],
    "nothing returned": [("    return model", "    return None"), ("range(18)", "range(1)")],
    "two epochs": [("range(18)", "range(2)")],
    "climbs": [("loss.backward()", "(-loss).backward()"), ("range(18)", "range(2)")],
    "targets of other rows": [
        ("targets[rows], mask[rows]", "targets[: len(rows)], mask[rows]"),
        SHORT,
    ],
    "old gradients never forgotten": [("            optimizer.zero_grad()\n", ""), SHORT],
    "padding learned as well": [
        ("mask = length_mask(lengths, ids.shape[1])", "mask = torch.ones_like(targets).bool()"),
        SHORT,
    ],
    "another model is returned": [
        ("    return model", "    return type(model)(VOCAB_SIZE, len(TAGS), 64, 80)"),
        ("range(18)", "range(1)"),
    ],
    "few epochs": [("range(18)", "range(6)")],
}
TRAIN_RIGHT = {
    "OneCycleLR and clipping": [
        (
            "schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)",
            "schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, total_iters=steps)",
        ),
        (
            "            optimizer.step()\n",
            "            nn.utils.clip_grad_norm_(model.parameters(), 5.0)\n            optimizer.step()\n",
        ),
    ],
    "trimmed batches, AdamW": [
        (
            "torch.optim.Adam(model.parameters(), lr=0.02)",
            "torch.optim.AdamW(model.parameters(), lr=0.02)",
        ),
        (
            "            noisy = ",
            "            ids_, T = ids, int(lengths[rows].max())\n            noisy = ",
        ),
        ("logits = model(noisy, lengths[rows])", "logits = model(noisy[:, :T], lengths[rows])"),
        ("targets[rows], mask[rows]", "targets[rows, :T], mask[rows, :T]"),
    ],
}

# --- find the bug -------------------------------------------------------------------------------
EVAL = "    model.eval()\n"
CLEAN = "predicted.append([names[k] for k in row[:n]])"
LAST = "return sum(right) / len(right), span_f1(tags, predicted)"
COLLEAGUE = """
def evaluate(model, ids, lengths, tags, names, batch_size=32):
    number = {name: k for k, name in enumerate(names)}
    targets = torch.zeros(len(tags), ids.shape[1], dtype=torch.int64)
    for row, sentence in enumerate(tags):
        targets[row, : len(sentence)] = torch.tensor([number[tag] for tag in sentence])
    EVAL
    accuracies, f1s = [], []
    with torch.no_grad():
        for rows in torch.arange(len(ids)).split(batch_size):
            mask = length_mask(lengths[rows], ids.shape[1])
            best = model(ids[rows], lengths[rows]).argmax(dim=-1) * mask
            ACCURACY
            predicted = [
                [names[k] for k in row[:n]]
                for row, n in zip(best.tolist(), lengths[rows].tolist(), strict=True)
            ]
            f1s.append(span_f1([tags[row] for row in rows.tolist()], predicted))
    return float(np.mean(accuracies)), float(np.mean(f1s))
"""
PADDED = "accuracies.append((best == targets[rows]).float().mean().item())"
MASKED = "accuracies.append((best == targets[rows])[mask].float().mean().item())"

EVALUATE_WRONG = {
    "as the colleague wrote it": COLLEAGUE.replace("EVAL", "").replace("ACCURACY", PADDED),
    "only the mode repaired": COLLEAGUE.replace("EVAL", "model.eval()").replace("ACCURACY", PADDED),
    "means of batches not repaired": COLLEAGUE.replace("EVAL", "model.eval()").replace(
        "ACCURACY", MASKED
    ),
    "mode not repaired": [(EVAL, "")],
    "padding counts as right": [
        (
            LAST,
            "extra = ids.shape[0] * ids.shape[1] - len(right)\n"
            "    return (sum(right) + extra) / (len(right) + extra), span_f1(tags, predicted)",
        ),
    ],
    "mean over sentences": [
        (
            LAST,
            "each = [np.mean([a == b for a, b in zip(t, p)]) for t, p in zip(tags, predicted)]\n"
            "    return float(np.mean(each)), span_f1(tags, predicted)",
        )
    ],
    "F1 a mean over sentences": [
        (
            LAST,
            "each = [span_f1([t], [p]) for t, p in zip(tags, predicted)]\n"
            "    return sum(right) / len(right), float(np.mean(each))",
        )
    ],
    "last batch dropped": [
        (
            "for rows in torch.arange(len(ids)).split(batch_size):",
            "for rows in torch.arange(len(ids) // batch_size * batch_size).split(batch_size):",
        ),
        ("zip(tags, predicted, strict=True)", "zip(tags, predicted)"),
        ("span_f1(tags, predicted)", "span_f1(tags[: len(predicted)], predicted)"),
    ],
    "everything at once": [(".split(batch_size)", ".split(len(ids))")],
    "returned the wrong way round": [
        (LAST, "return span_f1(tags, predicted), sum(right) / len(right)")
    ],
    "sentences run together": [
        (
            LAST,
            "return sum(right) / len(right), span_f1([sum(tags, [])], [sum(predicted, [])])",
        )
    ],
    "accuracy of the spans' words": [
        (
            "for a, b in zip(t, p, strict=True)\n    ]",
            'for a, b in zip(t, p, strict=True) if a != "O"]',
        )
    ],
    "the course's tags": [("names[k] for k", "TAGS[k] for k")],
    "sorted by length": [
        (
            "for rows in torch.arange(len(ids)).split(batch_size):",
            "for rows in lengths.argsort(stable=True).cpu().split(batch_size):",
        ),
        (
            "for t, p in zip(tags, predicted, strict=True) for a, b in zip(t, p, strict=True)\n    ]",
            "for t, p in zip(tags, predicted, strict=True) for a, b in zip(t, p)]",
        ),
        ("span_f1(tags, predicted)", "span_f1(tags, [p + ['O'] * 99 for p in predicted])"),
    ],
}
EVALUATE_RIGHT = {
    "counts carried along": """
def evaluate(model, ids, lengths, tags, names, batch_size=32):
    was = model.training
    model.eval()
    right = words = 0
    answers = []
    with torch.inference_mode():
        for start in range(0, len(ids), batch_size):
            stop = start + batch_size
            logits = model(ids[start:stop], lengths[start:stop])
            for best, n, true in zip(logits.argmax(-1), lengths[start:stop], tags[start:stop]):
                answer = [names[int(k)] for k in best[: int(n)]]
                right += sum(a == b for a, b in zip(answer, true))
                words += int(n)
                answers.append(answer)
    model.train(was)
    return right / words, span_f1(tags, answers)
""",
    "tensors and a mask": """
def evaluate(model, ids, lengths, tags, names, batch_size=32):
    model.eval()
    best = []
    with torch.no_grad():
        for x, n in zip(ids.split(batch_size), lengths.split(batch_size)):
            best.append(model(x, n).argmax(dim=2))
    best = torch.cat(best)
    mask = torch.arange(ids.shape[1], device=ids.device)[None] < lengths[:, None]
    number = {name: k for k, name in enumerate(names)}
    flat = torch.tensor([number[tag] for sentence in tags for tag in sentence], device=ids.device)
    accuracy = (best[mask] == flat).float().mean().item()
    predicted = [[names[k] for k in row[: len(t)].tolist()] for row, t in zip(best, tags)]
    return accuracy, span_f1(tags, predicted)
""",
    "sorted by length and put back": """
def evaluate(model, ids, lengths, tags, names, batch_size=32):
    model.eval()
    predicted = [None] * len(ids)
    order = lengths.argsort(descending=True)
    with torch.no_grad():
        for rows in order.split(batch_size):
            longest = int(lengths[rows].max())
            best = model(ids[rows][:, :longest], lengths[rows]).argmax(-1)
            for row, answer in zip(rows.tolist(), best.tolist()):
                predicted[row] = [names[k] for k in answer[: int(lengths[row])]]
    flat = [a == b for t, p in zip(tags, predicted) for a, b in zip(t, p)]
    return float(np.mean(flat)), span_f1(tags, predicted)
""",
}

WRONG = {
    "find_spans": SPANS_WRONG,
    "span_f1": F1_WRONG,
    "masked_cross_entropy": LOSS_WRONG,
    "Tagger": TAGGER_WRONG,
    "train_tagger": TRAIN_WRONG,
    "evaluate": EVALUATE_WRONG,
}
RIGHT = {
    "find_spans": SPANS_RIGHT,
    "span_f1": F1_RIGHT,
    "masked_cross_entropy": LOSS_RIGHT,
    "Tagger": TAGGER_RIGHT,
    "train_tagger": TRAIN_RIGHT,
    "evaluate": EVALUATE_RIGHT,
}
SAYS = {
    "find_spans": {
        "stray I- dropped": "continues nothing",
        "end inclusive": "exclusive",
        "a span per word": "continues the span",
        "B- does not begin anew": "begin a new span",
        "I- continues any type": "another type",
        "last span lost": "last span",
        "type with its prefix": "without its B-",
        "O begins a span": "O is not a type",
        "type first": "order",
    },
    "span_f1": {
        "words right": "words, not spans",
        "precision": "precision",
        "recall": "recall",
        "mean over sentences": "mean over sentences",
        "type ignored": "type must be right",
        "the 2 forgotten": "2 is missing",
        "sentences pooled": "another sentence",
        "no spans divides by zero": "divides by zero",
        "no spans is perfect": "0.0",
    },
    "masked_cross_entropy": {
        "padding in the mean": "padding is in the mean",
        "divided by all steps": "divide by the real ones",
        "sum": "sum over the real steps",
        "divided by the sentences": "number of sentences",
        "mean of the sentences": "means of sentences",
        "mask the wrong way round": "wrong way round",
        "sign": "negative",
        "only -100 expected": "padding",
        "logarithm of a softmax": "log_softmax",
        "a number": "gradient",
        "targets overwritten": "in place",
    },
    "Tagger": {
        "padding read": "padding",
        "one direction of twice the size": "backward direction",
        "total_length forgotten": "total_length",
        "sum of the vectors": "average",
        "first id only": "first is read",
        "probabilities": "logits, not probabilities",
        "dropout in eval mode": "eval mode",
        "no dropout": "training mode",
        "whole rows turned around": "padding",
    },
    "train_tagger": {
        "not trained": "learned at all",
        "nothing returned": "return the model",
    },
    "evaluate": {
        "as the colleague wrote it": "model.eval()",
        "only the mode repaired": "padding",
        "means of batches not repaired": "means of batches",
        "mode not repaired": "model.eval()",
        "mean over sentences": "sentences",
        "F1 a mean over sentences": "sentences",
        "padding counts as right": "padding",
        "everything at once": "batch_size",
    },
}

TYPICAL = {
    "find_spans": {
        "nothing": ("def find_spans(tags):\n    return []\n", 0.0, 0.0),
        "one slip": (SPANS_WRONG["stray I- dropped"], 0.5, 0.95),
        "point missed": (SPANS_WRONG["a span per word"], 0.0, 0.45),
    },
    "span_f1": {
        "nothing": ("def span_f1(true_tags, predicted_tags):\n    return 0.0\n", 0.0, 0.0),
        "one slip": (F1_WRONG["no spans divides by zero"], 0.5, 0.95),
        "point missed": (F1_WRONG["words right"], 0.0, 0.45),
    },
    "masked_cross_entropy": {
        "nothing": (loss("return 0.0 * logits.sum()"), 0.0, 0.0),
        "one slip": (LOSS_WRONG["logarithm of a softmax"], 0.5, 0.95),
        "point missed": (LOSS_WRONG["padding in the mean"], 0.0, 0.45),
    },
    "Tagger": {
        "nothing": ([(OUT, "return 0.0 * self.out(h)")], 0.0, 0.0),
        "one slip": (TAGGER_WRONG["sum of the vectors"], 0.5, 0.95),
        "point missed": (TAGGER_WRONG["one direction"], 0.0, 0.45),
    },
    "train_tagger": {
        "nothing": ([("range(18)", "range(0)")], 0.0, 0.0),
        "one slip": (TRAIN_WRONG["few epochs"], 0.5, 0.95),
        "point missed": (TRAIN_WRONG["old gradients never forgotten"], 0.0, 0.45),
    },
    "evaluate": {
        "nothing": (EVALUATE_WRONG["as the colleague wrote it"], 0.0, 0.0),
        "one slip": (EVALUATE_WRONG["everything at once"], 0.5, 0.95),
        "point missed": (EVALUATE_WRONG["only the mode repaired"], 0.0, 0.45),
    },
}
