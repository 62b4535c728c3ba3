"""Wrong and right variants of the exercises in ``source/04_bidirectional/tagging.ipynb``."""

from textwrap import dedent, indent

# --- spans --------------------------------------------------------------------------------------
GROW = 'if tag.startswith("I-") and before[2:] == tag[2:]:'

SPANS_WRONG = {
    "An I- that continues nothing was dropped: by CoNLL's rule it begins a span.": [
        (
            "            else:\n                spans.append",
            '            elif tag.startswith("B-"):\n                spans.append',
        )
    ],
    "The end is exclusive: it is the first step after the span.": [
        ("spans.append((begin, step + 1, kind))", "spans.append((begin, step, kind))"),
        ("spans.append((step, step + 1, tag[2:]))", "spans.append((step, step, tag[2:]))"),
    ],
    "Each word became a span of its own: an I- continues the span before it.": [
        (GROW, "if False:")
    ],
    "A B- must begin a new span, even right behind one of the same type.": [
        (GROW, "if before[2:] == tag[2:]:")
    ],
    "An I- of another type begins a new span.": [
        (GROW, 'if tag.startswith("I-") and before != "O":')
    ],
    "An I- behind an O begins a new span: look at the tag before it, not at the last span.": [
        (GROW, 'if tag.startswith("I-") and spans:')
    ],
    "An I- behind an O begins a new span, even when the last span has the same type.": [
        (GROW, 'if tag.startswith("I-") and spans and spans[-1][2] == tag[2:]:')
    ],
    "The last span is missing: add what is still open after the loop.": [
        ("    return spans", "    return spans[:-1]")
    ],
    "A span that reaches the end of the sentence is missing: it ends with the sentence.": [
        ("    return spans", "    return [s for s in spans if s[1] < len(tags)]")
    ],
    "The type comes without its B- or I-.": [
        ("spans.append((step, step + 1, tag[2:]))", "spans.append((step, step + 1, tag))")
    ],
    "O is not a type: it begins no span.": [('if tag != "O":', "if True:")],
    "The name of a type may hold a hyphen: take all that follows the B- or I-.": [
        (
            "spans.append((step, step + 1, tag[2:]))",
            'spans.append((step, step + 1, tag.split("-")[-1]))',
        )
    ],
    "The type has lost letters of its own: strip takes every B, I and hyphen at its ends, not the prefix alone.": [
        (
            "spans.append((step, step + 1, tag[2:]))",
            'spans.append((step, step + 1, tag.strip("BI-")))',
        )
    ],
    "The order within a span is (begin, end, type).": [
        ("    return spans", "    return [(k, b, e) for b, e, k in spans]"),
    ],
    "The spans come in the order of the sentence, from first to last.": [
        ("    return spans", "    return spans[::-1]")
    ],
    "tags was changed in place: the caller still needs it.": [
        ("    return spans", "    tags[:] = [t[2:] for t in tags]\n    return spans")
    ],
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
    "Those are words, not spans: a span counts when all of it is right.": """
def span_f1(true_tags, predicted_tags):
    pairs = [(a, b) for t, p in zip(true_tags, predicted_tags) for a, b in zip(t, p)]
    return sum(a == b for a, b in pairs) / len(pairs)
""",
    "This is the F1 of words: compare whole spans, as find_spans gives them.": """
def span_f1(true_tags, predicted_tags):
    right = total = 0
    for t, p in zip(true_tags, predicted_tags):
        right += sum(a == b != "O" for a, b in zip(t, p))
        total += sum(a != "O" for a in t) + sum(b != "O" for b in p)
    return 2 * right / total if total else 0.0
""",
    "This is the precision: the true spans count in the denominator as well.": [
        ("total += len(gold) + len(found)", "total += 2 * len(found)")
    ],
    "This is the recall: the predicted spans count in the denominator as well.": [
        ("total += len(gold) + len(found)", "total += 2 * len(gold)")
    ],
    "Sum over all sentences first and divide once; yours is a mean over sentences.": """
def span_f1(true_tags, predicted_tags):
    scores = []
    for t, p in zip(true_tags, predicted_tags):
        a, b = set(find_spans(t)), set(find_spans(p))
        scores.append(2 * len(a & b) / (len(a) + len(b)) if a or b else 0.0)
    return sum(scores) / len(scores)
""",
    "This is a mean over the types: count the spans of all types together and divide once.": """
def span_f1(true_tags, predicted_tags):
    spans = [[(n, *s) for n, tags in enumerate(all_) for s in find_spans(tags)]
             for all_ in (true_tags, predicted_tags)]
    scores = []
    for kind in {s[3] for s in spans[0] + spans[1]}:
        a, b = ({s for s in side if s[3] == kind} for side in spans)
        scores.append(2 * len(a & b) / (len(a) + len(b)))
    return sum(scores) / len(scores) if scores else 0.0
""",
    "The type must be right as well, not only the borders.": [
        (
            SETS,
            "gold, found = ({s[:2] for s in find_spans(tags)} for tags in (true, predicted))",
        )
    ],
    "The end must be right as well, not only begin and type.": [
        (
            SETS,
            "gold, found = ({(s[0], s[2]) for s in find_spans(tags)} for tags in (true, predicted))",
        )
    ],
    "An overlap is not enough: begin, end and type must be the same.": [
        (
            "right += len(gold & found)",
            "right += sum(any(a[2] == b[2] and a[0] < b[1] and b[0] < a[1] for b in found) for a in gold)",
        )
    ],
    "A span is right only in its own sentence: compare sentence by sentence.": """
def span_f1(true_tags, predicted_tags):
    gold = {s for tags in true_tags for s in find_spans(tags)}
    found = {s for tags in predicted_tags for s in find_spans(tags)}
    total = len(gold) + len(found)
    return 2 * len(gold & found) / total if total else 0.0
""",
    "The sentences were run together: no span goes on from one sentence into the next.": """
def span_f1(true_tags, predicted_tags):
    gold = set(find_spans([tag for tags in true_tags for tag in tags]))
    found = set(find_spans([tag for tags in predicted_tags for tag in tags]))
    total = len(gold) + len(found)
    return 2 * len(gold & found) / total if total else 0.0
""",
    "This is the mean of precision and recall: F1 is 2c / (p + g).": """
def span_f1(true_tags, predicted_tags):
    spans = [[(n, *s) for n, tags in enumerate(all_) for s in find_spans(tags)]
             for all_ in (true_tags, predicted_tags)]
    right = len(set(spans[0]) & set(spans[1]))
    return sum(right / len(side) if side else 0.0 for side in spans) / 2
""",
    "The k-th span is compared with the k-th alone: compare it with all of its sentence.": [
        (
            "right += len(gold & found)",
            "right += sum(a == b for a, b in zip(find_spans(true), find_spans(predicted)))",
        )
    ],
    "The 2 is missing.": [(END, "return right / total if total else 0.0")],
    "Without any span, true or predicted, the score is 0.0.": [
        (END, "return 2 * right / total if total else 1.0")
    ],
    "Without any span it divides by zero: the score is 0.0 then.": [
        (END, "return 2 * right / total")
    ],
    "This divides by the union: divide by the number of true spans plus that of predicted ones.": [
        ("total += len(gold) + len(found)", "total += 2 * len(gold | found)")
    ],
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
    "The padding is in the mean: average over the real steps only.": loss(
        "return nn.functional.cross_entropy(logits.flatten(0, 1), torch.where(mask, targets, targets.clamp(0, logits.shape[-1] - 1)).flatten())"
    ),
    "The sum is right, but it is divided by all steps: divide by the real ones.": loss(
        SAFE.replace("    ", "") + EACH.replace("    ", "") + "return (each * mask).mean()"
    ),
    "That is the sum over the real steps: divide by how many there are.": [
        (MEAN, "return -log_p.gather(1, targets[mask][:, None]).sum()")
    ],
    "The sum is divided by the number of sentences, not of real steps.": [
        (MEAN, "return -log_p.gather(1, targets[mask][:, None]).sum() / len(logits)")
    ],
    "A mean of the means of sentences: every real step must weigh the same.": loss(
        SAFE.replace("    ", "")
        + EACH.replace("    ", "")
        + "return ((each * mask).sum(1) / mask.sum(1).clamp(min=1)).mean()"
    ),
    "A mean of the means of sentences, nan where one is empty: every real step must weigh the same.": loss(
        SAFE.replace("    ", "")
        + EACH.replace("    ", "")
        + "return ((each * mask).sum(1) / mask.sum(1)).mean()"
    ),
    "The mask is the wrong way round: True is a real step.": loss(
        "return nn.functional.cross_entropy(logits[~mask], targets[~mask])"
    ),
    "The sign: a loss is the negative logarithm.": [("return -log_p", "return log_p")],
    "What stands in targets at padding was looked up: it may be no tag. Take the padding out first.": loss(
        "log_p = torch.log_softmax(logits, dim=-1)\n"
        "each = -log_p.gather(2, targets[:, :, None])[:, :, 0]\n"
        "return (each * mask).sum() / mask.sum()"
    ),
    "Only a target of -100 is left out: anything may stand at padding, so use the mask.": loss(
        "return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)"
    ),
    "Tag 0 is left out, but it is a real tag: the mask says what is padding.": loss(
        "safe = torch.where(mask, targets, 0)\n"
        "return nn.functional.cross_entropy(logits.flatten(0, 1), safe.flatten(), ignore_index=0)"
    ),
    "The logarithm of a softmax is not finite for large logits: use log_softmax.": [
        (LOG_P, "log_p = torch.softmax(logits[mask], dim=-1).log()")
    ],
    "A small number inside the logarithm cuts the loss off for large logits: use log_softmax.": [
        (LOG_P, "log_p = (torch.softmax(logits[mask], dim=-1) + 1e-12).log()")
    ],
    "cross_entropy wants logits, not probabilities: the softmax is in it.": loss(
        "return nn.functional.cross_entropy(logits[mask].softmax(dim=-1), targets[mask])"
    ),
    "The logits at padding are set to 0, and these steps still count: leave them out.": loss(
        "safe = torch.where(mask, targets, 0)\n"
        "return nn.functional.cross_entropy((logits * mask[:, :, None]).flatten(0, 1), safe.flatten())"
    ),
    "The softmax runs over the steps: it must run over the tags, the last axis.": [
        (LOG_P, "log_p = torch.log_softmax(logits, dim=1)[mask]")
    ],
    "A plain number has no gradient: return the tensor, without .item() or float.": [
        (".mean()", ".mean().item()")
    ],
    "No gradient reaches the logits: no .detach() and no NumPy on the way.": [
        (LOG_P, "log_p = torch.log_softmax(logits[mask].detach(), dim=-1)")
    ],
    "targets was changed in place: the caller still needs it.": [
        (LOG_P, "targets[~mask] = 0\n    " + LOG_P)
    ],
    "The loss must keep the dtype of the logits: yours is always float64.": [
        (LOG_P, "log_p = torch.log_softmax(logits[mask].double(), dim=-1)")
    ],
    "The loss must keep the dtype of the logits: yours is always float32.": [
        (LOG_P, "log_p = torch.log_softmax(logits[mask].float(), dim=-1)")
    ],
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
    "The backward LSTM reads the padding: pack the batch with its lengths.": [
        (PACK, "h, _ = self.lstm(self.dropout(x))")
    ],
    "The LSTM reads forwards only: bidirectional=True, and a read-out from 2 * hidden_size.": [
        (", bidirectional=True", ""),
        ("nn.Linear(2 * hidden_size", "nn.Linear(hidden_size"),
    ],
    "One direction of twice the size cannot read ahead: bidirectional=True.": [
        (LSTM, "nn.LSTM(embedding_size, 2 * hidden_size, batch_first=True)")
    ],
    "The logits are as long as the longest sentence, not as the batch: unpack with total_length.": [
        (", total_length=x.shape[1]", "")
    ],
    "The lengths come unsorted: pack with enforce_sorted=False.": [
        ("enforce_sorted=False", "enforce_sorted=True")
    ],
    "The batch comes first, in packing too: batch_first=True there as well.": [
        ("lengths.cpu(), batch_first=True", "torch.full((ids.shape[1],), ids.shape[0])")
    ],
    "The sentences were sorted by length and not put back in their order.": [
        (
            PACK,
            "lengths, order = lengths.cpu().sort(descending=True)\n"
            "        packed = pack_padded_sequence(self.dropout(x)[order], lengths, batch_first=True)\n"
            "        h, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=x.shape[1])",
        )
    ],
    "The vectors of a word are summed: average them.": [(AVERAGE, "x = x.sum(dim=2)")],
    "Of the ids of a word only the first is read: average the vectors of all.": [
        (AVERAGE, "x = x[:, :, 0]")
    ],
    "The largest entries of a word's vectors are taken: average them.": [
        (AVERAGE, "x = x.amax(dim=2)")
    ],
    "ids of shape (N, T, F) are not expected: average the F vectors of each word.": [
        ("if ids.dim() == 3:", "if False:")
    ],
    "ids of shape (N, T) are not expected: then there is nothing to average.": [
        ("if ids.dim() == 3:", "if True:")
    ],
    "Return logits, not probabilities: the softmax is in the loss.": [
        (OUT, "return self.out(self.dropout(h)).softmax(dim=-1)")
    ],
    "Return logits, not log-probabilities: the softmax is in the loss.": [
        (OUT, "return self.out(self.dropout(h)).log_softmax(dim=-1)")
    ],
    "Every word of a sentence gets the same logits: read out the states step by step.": [
        (OUT, "return self.out(self.dropout(h).mean(1))[:, None].expand(-1, ids.shape[1], -1)")
    ],
    "Every word is read out from the two final states: use the states of its own step.": [
        (
            PACK,
            PACK.replace(
                "h, _ = pad", "out, (h_n, _) = self.lstm(packed)\n        h, _ = pad"
            ).replace("self.lstm(packed)[0], batch", "out, batch")
            + "\n        h = torch.cat([h_n[0], h_n[1]], 1)[:, None].expand_as(h)",
        )
    ],
    "That is a GRU: an LSTM is asked for.": [(LSTM, LSTM.replace("LSTM", "GRU"))],
    "The backward half comes first: the forward half must, as PyTorch has it.": [
        (
            OUT,
            "h = torch.cat(h.chunk(2, dim=2)[::-1], dim=2)\n        return self.out(self.dropout(h))",
        )
    ],
    "The read-out sees the word vectors only: it must see the LSTM's states.": [
        ("nn.Linear(2 * hidden_size", "nn.Linear(embedding_size"),
        (OUT, "return self.out(self.dropout(x))"),
    ],
    "Dropout does not stop in eval mode: make it an nn.Dropout.": [
        (OUT, "return self.out(nn.functional.dropout(h, self.dropout.p))")
    ],
    "There is no dropout: once on the word vectors, once on the LSTM's states.": [
        ("nn.Dropout(dropout)", "nn.Identity()")
    ],
    "Something is kept from one call to the next: the same input must give the same logits.": [
        (
            "x = self.embedding(ids)\n",
            "x = self.embedding(ids) + getattr(self, 'kept', 0.0)\n"
            "        self.kept = x.detach().mean()\n",
        )
    ],
    "A bias of the LSTM gets no gradient: every parameter must learn.": [
        (OUT, "self.lstm.bias_hh_l0.requires_grad_(False)\n        " + OUT)
    ],
    "No gradient reaches the embedding: no .detach() on the way.": [
        ("x = self.embedding(ids)", "x = self.embedding(ids).detach()")
    ],
    "Whole rows are turned around, padding included: turn within the lengths.": tagger(
        TWO,
        TURNED.replace("torch.take_along_dim(x, source, dim=1)", "x.flip(1)").replace(
            "torch.take_along_dim(g, source, dim=1)", "g.flip(1)"
        ),
    ),
    "The backward states were not turned back: each belongs to its own word.": tagger(
        TWO, TURNED.replace("g = torch.take_along_dim(g, source, dim=1)\n", "")
    ),
    "One LSTM reads in both directions: each direction needs weights of its own.": tagger(
        TWO.replace(
            "self.backward_lstm = nn.LSTM(embedding_size, hidden_size, batch_first=True)\n", ""
        ),
        TURNED.replace("self.backward_lstm", "self.forward_lstm"),
    ),
    "Only the word vectors are dropped: apply dropout to the LSTM's states, too.": [
        (OUT, "return self.out(h)")
    ],
    "Only the LSTM's states are dropped: apply dropout to the word vectors, too.": [
        ("self.dropout(x), lengths.cpu()", "x, lengths.cpu()")
    ],
    "The rate of the dropout is a number in the code: hand it on, nn.Dropout(dropout).": [
        ("nn.Dropout(dropout)", "nn.Dropout(0.5)")
    ],
    "The vectors of single ids are dropped: average first, then drop the word vectors.": [
        ("x = self.embedding(ids)\n", "x = self.dropout(self.embedding(ids))\n"),
        ("self.dropout(x), lengths.cpu()", "x, lengths.cpu()"),
    ],
    "The word vectors are dropped twice: once is asked for.": [
        ("self.dropout(x), lengths.cpu()", "self.dropout(self.dropout(x)), lengths.cpu()")
    ],
    "The logits are dropped as well: only the word vectors and the LSTM's states are.": [
        (OUT, "return self.dropout(self.out(self.dropout(h)))")
    ],
    "The LSTM reads along the batch: batch_first=True.": [
        (LSTM, "nn.LSTM(embedding_size, hidden_size, bidirectional=True)"),
        (PACK, "h, _ = self.lstm(self.dropout(x))"),
    ],
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
SHORT = ("range(epochs)", "range(4)")  # enough for what is wrong anyway
TRAIN_WRONG = {
    "The parameters never move: optimizer.step() belongs behind every backward.": [
        ("            optimizer.step()\n", ""),
        ("range(epochs)", "range(1)"),
    ],
    "Nothing comes back: return the model.": [
        ("    return model", "    return None"),
        ("range(epochs)", "range(1)"),
    ],
    "Two epochs are too few: the network has hardly begun to learn.": [
        ("range(epochs)", "range(2)")
    ],
    "The loss is climbed instead of descended: no minus before it.": [
        ("loss.backward()", "(-loss).backward()"),
        ("range(epochs)", "range(2)"),
    ],
    "The targets are those of other sentences: index ids, lengths, targets and mask by the same rows.": [
        ("targets[rows], mask[rows]", "targets[: len(rows)], mask[rows]"),
        SHORT,
    ],
    "The gradients of earlier batches are never forgotten: zero_grad for every batch.": [
        ("            optimizer.zero_grad()\n", ""),
        SHORT,
    ],
    "The padding is learned as well: the loss needs the mask of the lengths.": [
        ("mask = length_mask(lengths, ids.shape[1])", "mask = torch.ones_like(targets).bool()"),
        SHORT,
    ],
    "The model that comes back is not the one that was trained.": [
        ("    return model", "    return type(model)(VOCAB_SIZE, len(TAGS), 64, 80)"),
        ("range(epochs)", "range(1)"),
    ],
    "It has learned, but not enough for the exam: more epochs.": [("range(epochs)", "range(6)")],
    "Each sentence is read 18 times, whatever the caller says: epochs tells how often.": [
        ("steps = epochs *", "epochs = 18\n    steps = epochs *")
    ],
    "The last batch of every epoch is left out: all sentences are to be read.": [
        (".split(48):", ".split(48)[:-1]:")
    ],
    "It reads each sentence 10 times unless the caller says otherwise: 18 times.": [
        ("epochs=18", "epochs=10")
    ],
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

# --- Viterbi ------------------------------------------------------------------------------------
FIRST = "best, notes = scores[:, 0], []"
THROUGH = "through = best[:, :, None] + transitions  # (N, from, to)"
NOTE = "notes.append(through.argmax(axis=1))"
MOVE = "best = np.where(mask[:, t, None], through.max(axis=1) + scores[:, t], best)"
ENDS = "for n, last in enumerate(mask.sum(axis=1) - 1):"
LAST_TAG = "tags[n, last] = best[n].argmax()"
FOLLOW = "tags[n, t - 1] = notes[t - 1][n, tags[n, t]]"
ZEROS = "tags = np.zeros(mask.shape, dtype=np.int64)"


def viterbi(body: str) -> str:
    """The function with another body."""
    return "def viterbi_decode(scores, transitions, mask):\n" + indent(dedent(body).strip(), "    ")


VITERBI_WRONG = {
    "Each word takes its own best tag: the moves are not scored at all.": viterbi(
        "return np.where(mask, scores.argmax(axis=2), 0)"
    ),
    "Left to right, each tag is fixed at once: decide at the end, when all totals are known.": viterbi(
        """
        tags = np.zeros(mask.shape, dtype=np.int64)
        tags[:, 0] = scores[:, 0].argmax(axis=1)
        for t in range(1, mask.shape[1]):
            tags[:, t] = (scores[:, t] + transitions[tags[:, t - 1]]).argmax(axis=1)
        return np.where(mask, tags, 0)
        """
    ),
    "The best b of each step is taken: follow the notes back instead, from the last step.": viterbi(
        """
        best = scores[:, 0]
        tags = np.zeros(mask.shape, dtype=np.int64)
        tags[:, 0] = best.argmax(axis=1)
        for t in range(1, mask.shape[1]):
            best = (best[:, :, None] + transitions).max(axis=1) + scores[:, t]
            tags[:, t] = best.argmax(axis=1)
        return np.where(mask, tags, 0)
        """
    ),
    "transitions is transposed: transitions[i, j] is the move from i to j.": [
        (THROUGH, "through = best[:, :, None] + transitions.T")
    ],
    "b is added to the tag that the move leads to: it belongs to the one where it comes from.": [
        (THROUGH, "through = best[:, None, :] + transitions")
    ],
    "The score of a step is added to the tag before: it belongs to the one that the move leads to.": [
        (THROUGH, "through = best[:, :, None] + transitions + scores[:, t, :, None]"),
        (MOVE, MOVE.replace(" + scores[:, t]", "")),
    ],
    "The maximum runs over the tag that the move leads to: it must run over where it comes from.": [
        (NOTE, "notes.append(through.argmax(axis=2))"),
        (MOVE, MOVE.replace("axis=1", "axis=2")),
    ],
    "The way back is one step off: the note at step t tells the tag at step t - 1.": [
        (FOLLOW, "tags[n, t - 1] = notes[min(t, len(notes) - 1)][n, tags[n, t]]")
    ],
    "Each step is looked up at the last tag: follow the notes from tag to tag.": [
        (FOLLOW, "tags[n, t - 1] = notes[t - 1][n, tags[n, last]]")
    ],
    "The tag before is noted without the score of the move: note the argmax of the sums.": [
        (NOTE, "notes.append(np.broadcast_to(best.argmax(axis=1)[:, None], best.shape))")
    ],
    "The last tag is the one with the best score of its own: take the one with the largest b.": [
        (LAST_TAG, "tags[n, last] = scores[n, last].argmax()")
    ],
    "The scores of the first step are missing: b begins with them.": [
        (FIRST, "best, notes = np.zeros_like(scores[:, 0]), []")
    ],
    "No move leads to the first step: b begins with the scores alone.": [
        (FIRST, "best, notes = scores[:, 0] + transitions[0], []")
    ],
    "From the second step on, only the moves count: add the scores of the step.": [
        (MOVE, MOVE.replace(" + scores[:, t]", ""))
    ],
    "The scores of the moves are left out of b: its maximum is taken over b plus transitions.": [
        (MOVE, MOVE.replace("through.max(axis=1)", "best.max(axis=1, keepdims=True)"))
    ],
    "The paths are summed up (log-sum-exp): b is the largest total, not that of all paths.": [
        (MOVE, MOVE.replace("through.max(axis=1)", "np.log(np.exp(through).sum(axis=1))"))
    ],
    "The totals are summed up over the tags before: take the largest.": [
        (MOVE, MOVE.replace("through.max(axis=1)", "through.sum(axis=1)"))
    ],
    "The smallest total is sought: a higher score is better.": [
        (NOTE, "notes.append(through.argmin(axis=1))"),
        (MOVE, MOVE.replace(".max(", ".min(")),
        (LAST_TAG, "tags[n, last] = best[n].argmin()"),
    ],
    "The padding is read as if it were words: a path ends at its last real step.": [
        (MOVE, "best = through.max(axis=1) + scores[:, t]"),
        (ENDS, "for n, last in enumerate([mask.shape[1] - 1] * len(mask)):"),
        ("return tags", "return np.where(mask, tags, 0)"),
    ],
    "b goes on at padding: it must stay as it is after the last real step.": [
        (MOVE, "best = through.max(axis=1) + scores[:, t]")
    ],
    "The scores of the padding are 0, but its moves still count: a path ends at its last real step.": [
        (MOVE, "best = through.max(axis=1) + np.where(mask[:, t, None], scores[:, t], 0.0)"),
        (ENDS, "for n, last in enumerate([mask.shape[1] - 1] * len(mask)):"),
        ("return tags", "return np.where(mask, tags, 0)"),
    ],
    "Every path goes on to the last column: it ends at its last real step, with 0 behind it.": [
        (MOVE, "best = through.max(axis=1) + scores[:, t]"),
        (ENDS, "for n, last in enumerate([mask.shape[1] - 1] * len(mask)):"),
    ],
    "A forbidden move costs 10,000 now, and scores may be larger: -inf must stay what it is.": [
        (THROUGH, "through = best[:, :, None] + np.maximum(transitions, -1e4)")
    ],
    "The tags are floats: they must be int64.": [("return tags", "return tags.astype(float)")],
    "At padding the result must be 0.": [(ZEROS, "tags = np.full(mask.shape, -1, dtype=np.int64)")],
    "The path is the wrong way round: the notes give it from its end to its beginning.": [
        (
            "return tags",
            "for row, length in zip(tags, mask.sum(axis=1)):\n"
            "        row[:length] = row[:length][::-1].copy()\n"
            "    return tags",
        )
    ],
    "A forbidden move counts as 0: -inf must stay what it is.": [
        (THROUGH, "through = best[:, :, None] + np.where(np.isinf(transitions), 0.0, transitions)")
    ],
    "Exponentials overflow for large scores: add the scores as they are.": [
        (FIRST, "best, notes = np.exp(scores[:, 0]), []"),
        (THROUGH, "through = best[:, :, None] * np.exp(transitions)"),
        (MOVE, MOVE.replace("+ scores[:, t]", "* np.exp(scores[:, t])")),
    ],
    "The tags must have dtype int64.": [(ZEROS, ZEROS.replace("int64", "int32"))],
    "A list of lists comes back: an array (N, T) is asked for.": [
        ("return tags", "return tags.tolist()")
    ],
    "scores was changed in place: the caller still needs it.": [
        (MOVE, MOVE + "\n        scores[:, t] = best")
    ],
}
VITERBI_RIGHT = {
    "a loop over the sequences": viterbi(
        """
        N, T, C = scores.shape
        tags = np.zeros((N, T), dtype=np.int64)
        for n in range(N):
            length = int(mask[n].sum())
            best, back = scores[n, 0].copy(), np.zeros((length, C), dtype=int)
            for t in range(1, length):
                total = best[:, None] + transitions
                back[t] = np.argmax(total, axis=0)
                best = total[back[t], np.arange(C)] + scores[n, t]
            k = int(np.argmax(best))
            for t in reversed(range(length)):
                tags[n, t] = k
                k = back[t, k]
        return tags
        """
    ),
    "notes that stand still at padding": viterbi(
        """
        N, T, C = scores.shape
        rows, same = np.arange(N), np.arange(C)
        best, notes = scores[:, 0], np.empty((T, N, C), dtype=np.int64)
        for t in range(1, T):
            through = best[:, None, :] + transitions.T
            real = mask[:, t, None]
            notes[t] = np.where(real, through.argmax(axis=2), same)
            best = np.where(real, through.max(axis=2) + scores[:, t], best)
        tags = np.empty((N, T), dtype=np.int64)
        tags[:, -1] = best.argmax(axis=1)
        for t in range(T - 1, 0, -1):
            tags[:, t - 1] = notes[t, rows, tags[:, t]]
        return tags * mask
        """
    ),
    "a recursion that remembers": viterbi(
        """
        from functools import lru_cache

        N, T, C = scores.shape
        tags = np.zeros((N, T), dtype=np.int64)
        for n in range(N):

            @lru_cache(maxsize=None)
            def arrive(t, j):
                if t == 0:
                    return float(scores[n, 0, j]), (j,)
                ways = [(arrive(t - 1, i)[0] + float(transitions[i, j]), i) for i in range(C)]
                total, i = max(ways)
                return total + float(scores[n, t, j]), arrive(t - 1, i)[1] + (j,)

            length = int(mask[n].sum())
            _, path = max(arrive(length - 1, j) for j in range(C))
            tags[n, :length] = path
        return tags
        """
    ),
    "whole paths are carried along": viterbi(
        """
        tags = np.zeros(mask.shape, dtype=np.int64)
        for n, row in enumerate(mask):
            paths = {j: (s, [j]) for j, s in enumerate(scores[n, 0])}
            for t in range(1, row.sum()):
                new = {}
                for j, s in enumerate(scores[n, t]):
                    i = max(paths, key=lambda i: paths[i][0] + transitions[i, j])
                    new[j] = paths[i][0] + transitions[i, j] + s, paths[i][1] + [j]
                paths = new
            best = max(paths.values(), key=lambda pair: pair[0])[1]
            tags[n, : len(best)] = best
        return tags
        """
    ),
    "from the end to the beginning": viterbi(
        """
        N, T, C = scores.shape
        rest = np.zeros((N, T, C))  # the most that can still come after a tag
        for t in range(T - 2, -1, -1):
            after = (transitions + (scores[:, t + 1] + rest[:, t + 1])[:, None, :]).max(axis=2)
            rest[:, t] = np.where(mask[:, t + 1, None], after, 0.0)
        tags = np.zeros((N, T), dtype=np.int64)
        tags[:, 0] = (scores[:, 0] + rest[:, 0]).argmax(axis=1)
        for t in range(1, T):
            total = transitions[tags[:, t - 1]] + scores[:, t] + rest[:, t]
            tags[:, t] = np.where(mask[:, t], total.argmax(axis=1), 0)
        return tags
        """
    ),
    "PyTorch inside": viterbi(
        """
        s, a = torch.from_numpy(scores.copy()), torch.from_numpy(transitions.copy())
        tags = torch.zeros(mask.shape, dtype=torch.int64)
        for n, length in enumerate(mask.sum(axis=1).tolist()):
            best, back = s[n, 0], []
            for t in range(1, length):
                best, note = (best[:, None] + a).max(dim=0)
                best = best + s[n, t]
                back.append(note)
            path = [int(best.argmax())]
            for note in reversed(back):
                path.append(int(note[path[-1]]))
            tags[n, :length] = torch.tensor(path[::-1])
        return tags.numpy()
        """
    ),
}

# --- test_evaluation ----------------------------------------------------------------------------
COMPARED = "np.testing.assert_allclose(found, [6 / 8, 2 * 2 / (3 + 4)], rtol=1e-6)"
CALL = "found = evaluation(Scripted(3).train(), ids, lengths, tags, names, 2)"
CLOSE = "np.allclose(found, [6 / 8, 4 / 7])"
ANSWERS = "ids = torch.tensor([[1, 2, 0, 1], [1, 0, 0, 0], [0, 1, 2, 0]])"
LENGTHS = "lengths = torch.tensor([4, 1, 3])"
TRUE = 'tags = [["B-Town", "I-Town", "O", "B-Town"], ["O"], ["O", "B-Town", "O"]]'

TEST_WRONG = {
    "It never fails: nothing is asserted.": [(COMPARED, "pass")],
    "It always fails, on right evaluations too.": [(COMPARED, "assert False")],
    "It returns False: a test speaks by raising an AssertionError.": [
        (COMPARED, f"return {CLOSE}")
    ],
    "It prints that something is wrong: a test speaks by raising an AssertionError.": [
        (COMPARED, f"if not {CLOSE}:\n        print('wrong:', found)")
    ],
    "It asks only whether both numbers lie between 0 and 1: wrong ones do, too.": [
        (COMPARED, "assert all(0 <= number <= 1 for number in found)")
    ],
    "It looks at the accuracy alone: F1 can be wrong as well.": [
        (COMPARED, "assert abs(found[0] - 6 / 8) < 1e-6")
    ],
    "It looks at F1 alone: the accuracy can be wrong as well.": [
        (COMPARED, "assert abs(found[1] - 4 / 7) < 1e-6")
    ],
    "The tolerance is so wide that nearly everything passes.": [
        (COMPARED, "np.testing.assert_allclose(found, [6 / 8, 4 / 7], atol=0.5)")
    ],
    "Two evaluations of a scripted model agree even when both are wrong.": [
        (
            COMPARED,
            CALL.replace("found", "again") + "\n    assert np.allclose(found, again)",
        )
    ],
    "It asks only that the batch size changes nothing: padding and mode go unseen.": [
        (
            COMPARED,
            CALL.replace("found", "again").replace("names, 2", "names, 3")
            + "\n    assert np.allclose(found, again)",
        )
    ],
    "The model comes in evaluation mode: an evaluation in training mode goes unseen.": [
        (".train()", ".eval()")
    ],
    "There is one batch alone: means of batches go unseen.": [("names, 2)", "names, 32)")],
    "All sentences have one length: padding that counts goes unseen.": [
        (LENGTHS, "lengths = torch.tensor([4, 4, 4])"),
        (
            TRUE,
            'tags = [["B-Town", "I-Town", "O", "B-Town"], ["O"] * 4, ["O", "B-Town", "O", "O"]]',
        ),
        ("6 / 8", "10 / 12"),
    ],
    "All answers are right: then only the mode of the model makes a difference.": [
        (
            TRUE,
            'tags = [["B-Town", "I-Town", "O", "B-Town"], ["B-Town"], ["O", "B-Town", "I-Town"]]',
        ),
        (COMPARED, "np.testing.assert_allclose(found, [1, 1], rtol=1e-6)"),
    ],
    "Every span is found whole or not at all: half a span that counts goes unseen.": [
        (TRUE, 'tags = [["B-Town", "I-Town", "O", "B-Town"], ["O"], ["O", "O", "O"]]'),
        (COMPARED, "np.testing.assert_allclose(found, [5 / 8, 4 / 6], rtol=1e-6)"),
    ],
    "The two numbers are compared in any order: two that have changed places go unseen.": [
        (TRUE, 'tags = [["B-Town", "I-Town", "O", "B-Town"], ["O"], ["O", "B-Town", "O"]]'),
        (COMPARED, "np.testing.assert_allclose(sorted(found), [4 / 7, 6 / 8], rtol=1e-6)"),
    ],
    "Right evaluations differ in the last digits: compare with a tolerance, not with ==.": [
        (COMPARED, "assert tuple(found) == (6 / 8, 4 / 7)")
    ],
    "The numbers were counted with the padding: count real words alone.": [("6 / 8", "10 / 12")],
    "The colleague's name is written in it: call the evaluation that is handed in.": [
        ("= evaluation(", "= colleagues_evaluate(")
    ],
}

TEST_RIGHT = {
    "np.allclose": [(COMPARED, f"assert {CLOSE}, found")],
    "own error": [(COMPARED, f"if not {CLOSE}:\n        raise ValueError('not 6/8 and 4/7')")],
    "two numbers": [
        ("found = evaluation", "accuracy, f1 = evaluation"),
        (COMPARED, "assert abs(accuracy - 0.75) < 1e-4\n    assert round(f1, 3) == 0.571"),
    ],
    "the batch size by name, lengths that stop before T": [
        ("names, 2)", "names, batch_size=2)"),
        (ANSWERS, "ids = torch.tensor([[1, 2, 0, 1, 0], [1, 0, 0, 0, 0], [0, 1, 2, 0, 0]])"),
    ],
    "a model with dropout of its own, and its own arithmetic": """def test_evaluation(evaluation):
    class Right(nn.Module):
        def __init__(self):
            super().__init__()
            self.dropout = nn.Dropout(0.9)

        def forward(self, ids, lengths):
            return self.dropout(nn.functional.one_hot(ids, 4).double() + 1e-3)

    names = ["B-A", "I-A", "B-B", "O"]
    rng, model = np.random.default_rng(1), Right().train()
    lengths = np.array([6, 2, 5, 3, 6, 1, 4])
    truth = [[0, 1, 3, 2, 0, 1], [2, 0], [3, 0, 1, 1, 3], [2, 2, 3], [0, 1, 3, 3, 2, 0], [3], [0, 1, 1, 3]]
    ids = np.zeros((7, 6), dtype=int)
    for row, true, n in zip(ids, truth, lengths):
        row[:n] = true
    ids[0, 5], ids[6, 2], ids[3, 1], ids[4, 4], ids[6, 3], ids[6, 0] = 3, 3, 3, 0, 2, 3
    tags = [[names[k] for k in row] for row in truth]
    answers = [[names[k] for k in row[:n]] for row, n in zip(ids, lengths)]
    right = sum(a == b for t, p in zip(tags, answers) for a, b in zip(t, p))
    for size in (1, 3, 4, 7):
        model.train()
        a, f = evaluation(model, torch.tensor(ids), torch.tensor(lengths), tags, names, size)
        assert np.isclose(a, right / lengths.sum()) and np.isclose(f, span_f1(tags, answers))
""",
    "random cases": """def test_evaluation(evaluation):
    names = ["O", "B-X", "I-X", "B-Y", "I-Y"]
    for seed in range(4):
        rng = np.random.default_rng(seed)
        lengths = np.r_[7, rng.integers(1, 8, size=10)]
        truth = [rng.choice(5, size=n, p=[0.2, 0.25, 0.25, 0.15, 0.15]) for n in lengths]
        ids = np.zeros((11, 7), dtype=int)
        for n, row in enumerate(truth):
            ids[n, : len(row)] = np.where(rng.random(len(row)) < 0.06 * n, 0, row)
        tags = [[names[k] for k in row] for row in truth]
        found = [[names[k] for k in row[:n]] for row, n in zip(ids, lengths)]
        expected = np.mean(np.array(sum(tags, [])) == np.array(sum(found, []))), span_f1(tags, found)
        given = torch.tensor(ids), torch.tensor(lengths)
        np.testing.assert_allclose(evaluation(Scripted(5), *given, tags, names, 4), expected)
""",
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
    "That is the colleague's function still: all three mistakes are in it.": COLLEAGUE.replace(
        "EVAL", ""
    ).replace("ACCURACY", PADDED),
    "A mean of batches, with padding: count the real words of all batches, divide once.": COLLEAGUE.replace(
        "EVAL", "model.eval()"
    ).replace("ACCURACY", PADDED),
    "Means of the means of batches: count over all batches, divide once; one F1 of all sentences.": COLLEAGUE.replace(
        "EVAL", "model.eval()"
    ).replace("ACCURACY", MASKED),
    "Dropout is still on: model.eval() before the first batch.": [(EVAL, "")],
    "The padding counts as right: count real words only.": [
        (
            LAST,
            "extra = ids.shape[0] * ids.shape[1] - len(right)\n"
            "    return (sum(right) + extra) / (len(right) + extra), span_f1(tags, predicted)",
        ),
    ],
    "A mean of the means of sentences: every word weighs the same.": [
        (
            LAST,
            "each = [np.mean([a == b for a, b in zip(t, p)]) for t, p in zip(tags, predicted)]\n"
            "    return float(np.mean(each)), span_f1(tags, predicted)",
        )
    ],
    "A mean of the F1s of sentences: one F1 of all.": [
        (
            LAST,
            "each = [span_f1([t], [p]) for t, p in zip(tags, predicted)]\n"
            "    return sum(right) / len(right), float(np.mean(each))",
        )
    ],
    "A mean of the F1s of batches: one F1 of all sentences.": [
        (
            LAST,
            "rows = [slice(i, i + batch_size) for i in range(0, len(tags), batch_size)]\n"
            "    each = [span_f1(tags[r], predicted[r]) for r in rows]\n"
            "    return sum(right) / len(right), float(np.mean(each))",
        )
    ],
    "The last batch is dropped when it is not full: every sentence counts.": [
        (
            "for rows in torch.arange(len(ids)).split(batch_size):",
            "for rows in torch.arange(len(ids) // batch_size * batch_size).split(batch_size):",
        ),
        ("zip(tags, predicted, strict=True)", "zip(tags, predicted)"),
        ("span_f1(tags, predicted)", "span_f1(tags[: len(predicted)], predicted)"),
    ],
    "All sentences go through the model at once: at most batch_size may.": [
        (".split(batch_size)", ".split(len(ids))")
    ],
    "The two numbers have changed places: accuracy first, then F1.": [
        (LAST, "return span_f1(tags, predicted), sum(right) / len(right)")
    ],
    "The sentences were run together: a span must not go on into the next sentence.": [
        (
            LAST,
            "return sum(right) / len(right), span_f1([sum(tags, [])], [sum(predicted, [])])",
        )
    ],
    "Words whose tag is O count as well: share of all real words.": [
        (
            "for a, b in zip(t, p, strict=True)\n    ]",
            'for a, b in zip(t, p, strict=True) if a != "O"]',
        )
    ],
    "The numbers mean the tags in names, the argument, not those in TAGS.": [
        ("names[k] for k", "TAGS[k] for k")
    ],
    "The sentences were sorted by length, their tags were not: keep both in one order.": [
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
    "Gradients stay off after the call: use `with torch.no_grad():`.": [
        ("    with torch.no_grad():\n", "    torch.set_grad_enabled(False)\n    if True:\n")
    ],
    "The results are tensors: return two floats, with .item().": [
        (
            "return sum(right) / len(right), span_f1(tags, predicted)",
            "return torch.tensor(right).float().mean(), torch.tensor(span_f1(tags, predicted))",
        )
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

_LONGER = "torch.logsumexp(total[:, :, None] + transitions, dim=1)"
_ALL_PATHS = "return true - torch.logsumexp(total, dim=1)"
_CRF_ONE_BY_ONE = """def crf_log_likelihood(scores, tags, transitions, mask):
    found = []
    for s, y, real in zip(scores, tags, mask):
        T = int(real.sum())
        true, total = s[0, y[0]], s[0]
        for t in range(1, T):
            true = true + transitions[y[t - 1], y[t]] + s[t, y[t]]
            total = s[t] + torch.logsumexp(total[:, None] + transitions, 0)
        found.append(true - torch.logsumexp(total, 0))
    return torch.stack(found)
"""
_CRF_BACKWARDS = """def crf_log_likelihood(scores, tags, transitions, mask):
    N, T, C = scores.shape
    picked = torch.nn.functional.one_hot(tags, C).bool()
    zero = torch.zeros_like(scores)
    true = torch.where(picked & mask[..., None], scores, zero).sum((1, 2))
    rest = torch.zeros_like(scores[:, 0])
    for t in range(T - 1, 0, -1):
        real = mask[:, t]
        move = transitions[tags[:, t - 1], tags[:, t]]
        true = true + torch.where(real, move, torch.zeros_like(move))
        ahead = torch.logsumexp(transitions + (scores[:, t] + rest)[:, None, :], dim=2)
        rest = torch.where(real[:, None], ahead, rest)
    return true - torch.logsumexp(scores[:, 0] + rest, dim=1)
"""

WRONG = {
    "find_spans": SPANS_WRONG,
    "span_f1": F1_WRONG,
    "masked_cross_entropy": LOSS_WRONG,
    "Tagger": TAGGER_WRONG,
    "train_tagger": TRAIN_WRONG,
    "viterbi_decode": VITERBI_WRONG,
    "test_evaluation": TEST_WRONG,
    "evaluate": EVALUATE_WRONG,
    "crf_log_likelihood": {
        "That is the score alone: subtract the logarithm of the sum over all paths.": [
            (_ALL_PATHS, "return true")
        ],
        "The best path is one of many: every path counts, so take logsumexp, not the maximum.": [
            (_LONGER, "(total[:, :, None] + transitions).amax(dim=1)"),
            (_ALL_PATHS, "return true - total.amax(dim=1)"),
        ],
        "At the end all tags count: logsumexp over them, not their maximum.": [
            (_ALL_PATHS, "return true - total.amax(dim=1)")
        ],
        "Paths go along moves: the sum over all of them has transitions, too.": [
            (_LONGER, "torch.logsumexp(total, dim=1, keepdim=True)")
        ],
        "The true path makes moves, too: add their scores.": [
            (" + moves.where(mask[:, 1:], 0).sum(1)", "")
        ],
        "Everywhere transitions[i, j] is the move from i to j: yours are the other way round.": [
            ("    chosen =", "    transitions = transitions.T\n    chosen =")
        ],
        "The true path's moves are turned round: transitions[earlier, later].": [
            ("transitions[tags[:, :-1], tags[:, 1:]]", "transitions[tags[:, 1:], tags[:, :-1]]")
        ],
        "In the sum over all paths the moves are turned round: sum over the earlier tag.": [
            ("total[:, :, None] + transitions, dim=1", "total[:, None] + transitions, dim=2")
        ],
        "The scores at padding are added to the true path: they have no meaning.": [
            ("chosen.where(mask, 0)", "chosen")
        ],
        "Moves into the padding are counted.": [("moves.where(mask[:, 1:], 0)", "moves")],
        "A move is real if the step that it leads to is real, not the one it comes from.": [
            ("mask[:, 1:]", "mask[:, :-1]")
        ],
        "The sum over all paths goes on into the padding: leave it as it is there.": [
            ("torch.where(mask[:, t, None], longer, total)", "longer")
        ],
        "The score of the first step is missing in the sum over all paths.": [
            ("total = scores[:, 0]", "total = torch.zeros_like(scores[:, 0])")
        ],
        "That is the loss, minus the log-likelihood.": [("return true - ", "return -true + ")],
        "That is the mean over the steps of each sequence: a path's likelihood is one number.": [
            ("torch.logsumexp(total, dim=1)\n", "torch.logsumexp(total, dim=1)\n"),
            (
                "return true - torch.logsumexp(total, dim=1)",
                "return (true - torch.logsumexp(total, dim=1)) / mask.sum(1)",
            ),
        ],
        "Exponentials of large scores leave the range of floats: use torch.logsumexp.": [
            (_LONGER, "(total[:, :, None] + transitions).exp().sum(dim=1).log()"),
            (_ALL_PATHS, "return true - total.exp().sum(dim=1).log()"),
        ],
    },
}
RIGHT = {
    "find_spans": SPANS_RIGHT,
    "span_f1": F1_RIGHT,
    "masked_cross_entropy": LOSS_RIGHT,
    "Tagger": TAGGER_RIGHT,
    "train_tagger": TRAIN_RIGHT,
    "viterbi_decode": VITERBI_RIGHT,
    "test_evaluation": TEST_RIGHT,
    "evaluate": EVALUATE_RIGHT,
    "crf_log_likelihood": {
        "each sequence by itself": _CRF_ONE_BY_ONE,
        "from the end to the beginning": _CRF_BACKWARDS,
        "logsumexp by hand": [
            (
                _LONGER,
                "(lambda z: (z - z.amax(1, True)).exp().sum(1).log() + z.amax(1))("
                "total[:, :, None] + transitions)",
            )
        ],
        "the true path step by step": [
            (
                "    moves = transitions[tags[:, :-1], tags[:, 1:]]\n",
                "    rows = torch.arange(len(tags))\n",
            ),
            (" + moves.where(mask[:, 1:], 0).sum(1)", ""),
            (
                "        longer =",
                "        move = transitions[tags[rows, t - 1], tags[rows, t]]\n"
                "        true = true + torch.where(mask[:, t], move, torch.zeros_like(move))\n"
                "        longer =",
            ),
        ],
    },
}
SAYS = {
    "find_spans": {"tags was changed in place: the caller still needs it.": "in place"},
    "span_f1": {"Without any span it divides by zero: the score is 0.0 then.": "divides by zero"},
    "masked_cross_entropy": {
        "What stands in targets at padding was looked up: it may be no tag. Take the padding out first.": "leave the padding out",
        "The logarithm of a softmax is not finite for large logits: use log_softmax.": "log_softmax",
        "A plain number has no gradient: return the tensor, without .item() or float.": "no gradient",
        "No gradient reaches the logits: no .detach() and no NumPy on the way.": "no gradient",
        "targets was changed in place: the caller still needs it.": "in place",
        "The loss must keep the dtype of the logits: yours is always float64.": "float32",
        "The loss must keep the dtype of the logits: yours is always float32.": "float64",
    },
    "Tagger": {
        "The backward LSTM reads the padding: pack the batch with its lengths.": "Pack with the lengths",
        "The LSTM reads forwards only: bidirectional=True, and a read-out from 2 * hidden_size.": "backward direction is missing",
        "One direction of twice the size cannot read ahead: bidirectional=True.": "backward direction is missing",
        "The logits are as long as the longest sentence, not as the batch: unpack with total_length.": "total_length",
        "The lengths come unsorted: pack with enforce_sorted=False.": "enforce_sorted=False",
        "The batch comes first, in packing too: batch_first=True there as well.": "batch_first=True",
        "The sentences were sorted by length and not put back in their order.": "in another order",
        "The vectors of a word are summed: average them.": "no sum",
        "Of the ids of a word only the first is read: average the vectors of all.": "first is read",
        "The largest entries of a word's vectors are taken: average them.": "no maximum",
        "ids of shape (N, T, F) are not expected: average the F vectors of each word.": "average",
        "ids of shape (N, T) are not expected: then there is nothing to average.": "nothing to average",
        "Return logits, not probabilities: the softmax is in the loss.": "not probabilities",
        "Return logits, not log-probabilities: the softmax is in the loss.": "not probabilities",
        "Every word of a sentence gets the same logits: read out the states step by step.": "same logits",
        "Every word is read out from the two final states: use the states of its own step.": "own states",
        "That is a GRU: an LSTM is asked for.": "one LSTM",
        "The read-out sees the word vectors only: it must see the LSTM's states.": "see its states",
        "Dropout does not stop in eval mode: make it an nn.Dropout.": "eval mode",
        "There is no dropout: once on the word vectors, once on the LSTM's states.": "training mode",
        "Something is kept from one call to the next: the same input must give the same logits.": "kept between calls",
        "A bias of the LSTM gets no gradient: every parameter must learn.": "no gradient reaches",
        "No gradient reaches the embedding: no .detach() on the way.": "no gradient reaches",
        "Whole rows are turned around, padding included: turn within the lengths.": "padding",
        "One LSTM reads in both directions: each direction needs weights of its own.": "both directions",
        "The rate of the dropout is a number in the code: hand it on, nn.Dropout(dropout).": "dropout is 0.0",
        "The vectors of single ids are dropped: average first, then drop the word vectors.": "averaged before",
        "The word vectors are dropped twice: once is asked for.": "once",
        "The logits are dropped as well: only the word vectors and the LSTM's states are.": "behind the read-out",
        "The LSTM reads along the batch: batch_first=True.": "along the batch",
    },
    "train_tagger": {
        "The parameters never move: optimizer.step() belongs behind every backward.": "optimizer.step()",
        "Nothing comes back: return the model.": "return the model",
        "Each sentence is read 18 times, whatever the caller says: epochs tells how often.": "three times",
        "The last batch of every epoch is left out: all sentences are to be read.": "three times",
    },
    "viterbi_decode": {
        "Exponentials overflow for large scores: add the scores as they are.": "exponentials overflow",
        "The tags must have dtype int64.": "int64",
        "The tags are floats: they must be int64.": "int64",
        "scores was changed in place: the caller still needs it.": "in place",
    },
    "test_evaluation": {
        "It never fails: nothing is asserted.": "passes on the colleague's function",
        "It always fails, on right evaluations too.": "fails on a right evaluation",
        "Right evaluations differ in the last digits: compare with a tolerance, not with ==.": "fails on a right evaluation",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "The model comes in evaluation mode: an evaluation in training mode goes unseen.": "comes in training mode",
        "There is one batch alone: means of batches go unseen.": "where batches differ",
        "All sentences have one length: padding that counts goes unseen.": "differ in length",
        "Every span is found whole or not at all: half a span that counts goes unseen.": "only begins where it should",
        "It looks at the accuracy alone: F1 can be wrong as well.": "only begins where it should",
        "The numbers were counted with the padding: count real words alone.": "fails on a right evaluation",
    },
    "evaluate": {
        "That is the colleague's function still: all three mistakes are in it.": "gives two results",
        "Dropout is still on: model.eval() before the first batch.": "gives two results",
        "All sentences go through the model at once: at most batch_size may.": "batch_size",
        "The results are tensors: return two floats, with .item().": "return two floats",
        "Gradients stay off after the call: use `with torch.no_grad():`.": "stay off",
    },
}

TYPICAL = {
    "find_spans": {
        "nothing": ("def find_spans(tags):\n    return []\n", 0.0, 0.0),
        "one slip": (
            SPANS_WRONG[
                "An I- that continues nothing was dropped: by CoNLL's rule it begins a span."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            SPANS_WRONG["Each word became a span of its own: an I- continues the span before it."],
            0.0,
            0.45,
        ),
    },
    "span_f1": {
        "nothing": ("def span_f1(true_tags, predicted_tags):\n    return 0.0\n", 0.0, 0.0),
        "one slip": (
            F1_WRONG["Without any span it divides by zero: the score is 0.0 then."],
            0.5,
            0.95,
        ),
        "point missed": (
            F1_WRONG["Those are words, not spans: a span counts when all of it is right."],
            0.0,
            0.45,
        ),
    },
    "masked_cross_entropy": {
        "nothing": (loss("return 0.0 * logits.sum()"), 0.0, 0.0),
        "one slip": (
            LOSS_WRONG[
                "The logarithm of a softmax is not finite for large logits: use log_softmax."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            LOSS_WRONG["The padding is in the mean: average over the real steps only."],
            0.0,
            0.45,
        ),
    },
    "Tagger": {
        "nothing": ([(OUT, "return 0.0 * self.out(h)")], 0.0, 0.0),
        "one slip": (TAGGER_WRONG["The vectors of a word are summed: average them."], 0.5, 0.95),
        "point missed": (
            TAGGER_WRONG[
                "The LSTM reads forwards only: bidirectional=True, and a read-out from 2 * hidden_size."
            ],
            0.0,
            0.45,
        ),
    },
    "train_tagger": {
        "nothing": ([("range(epochs)", "range(0)")], 0.0, 0.0),
        "one slip": (
            TRAIN_WRONG["It has learned, but not enough for the exam: more epochs."],
            0.5,
            0.95,
        ),
        "point missed": (
            TRAIN_WRONG[
                "The gradients of earlier batches are never forgotten: zero_grad for every batch."
            ],
            0.0,
            0.45,
        ),
    },
    "viterbi_decode": {
        "nothing": (viterbi("return np.zeros(mask.shape, dtype=np.int64)"), 0.0, 0.0),
        "one slip": (
            VITERBI_WRONG["b goes on at padding: it must stay as it is after the last real step."],
            0.5,
            0.95,
        ),
        "point missed": (
            VITERBI_WRONG["Each word takes its own best tag: the moves are not scored at all."],
            0.0,
            0.45,
        ),
    },
    "test_evaluation": {
        "nothing": ([(COMPARED, "pass")], 0.0, 0.0),
        "one slip": (
            TEST_WRONG[
                "The model comes in evaluation mode: an evaluation in training mode goes unseen."
            ],
            0.8,
            0.95,
        ),
        "point missed": (
            TEST_WRONG["Two evaluations of a scripted model agree even when both are wrong."],
            0.0,
            0.49,
        ),
    },
    "evaluate": {
        "nothing": (
            EVALUATE_WRONG["That is the colleague's function still: all three mistakes are in it."],
            0.0,
            0.0,
        ),
        "one slip": (
            EVALUATE_WRONG["All sentences go through the model at once: at most batch_size may."],
            0.5,
            0.95,
        ),
        "point missed": (
            EVALUATE_WRONG[
                "A mean of batches, with padding: count the real words of all batches, divide once."
            ],
            0.0,
            0.45,
        ),
    },
}
