"""Wrong and right variants of the exercises in ``source/04_bidirectional/sentiment.ipynb``."""

# --- the table of words ---------------------------------------------------------------------------
COUNTS = "counts = Counter(word for words in tokenised for word in words)"
KEPT = "kept = [word for word, count in counts.items() if count >= min_count]"
SORT = "kept.sort(key=lambda word: (-counts[word], word))"
TABLE = 'return {word: i for i, word in enumerate(["<pad>", "<unk>", *kept][:max_size])}'

VOCAB_WRONG = {
    "Equal counts are in the order in which they first occur; they must be in alphabetical order.": [
        (SORT, "kept.sort(key=lambda word: -counts[word])")
    ],
    "Equal counts are in backward alphabetical order: `reverse=True` turns the words around, too.": [
        (SORT, "kept.sort(key=lambda word: (counts[word], word), reverse=True)")
    ],
    "The order goes from rare to frequent: the most frequent word comes first.": [
        (SORT, "kept.sort(key=lambda word: (counts[word], word))")
    ],
    "The words are in the order in which they first occur: sort them from frequent to rare.": [
        (SORT, "")
    ],
    "max_size counts '<pad>' and '<unk>' as well.": [("*kept][:max_size])", "*kept[:max_size]])")],
    "The table has more than max_size entries: leave out what does not fit, at the rare end.": [
        ("[:max_size]", "")
    ],
    "Words rarer than min_count are still there.": [(" if count >= min_count", "")],
    "A word that occurs exactly min_count times stays.": [
        ("count >= min_count", "count > min_count")
    ],
    "Each review counts a word once: count every occurrence, in all reviews together.": [
        ("for word in words)", "for word in set(words))")
    ],
    "`<pad>` and `<unk>` come last: they have the numbers 0 and 1, and words begin at 2.": [
        ('["<pad>", "<unk>", *kept][:max_size]', '[*kept[: max_size - 2], "<pad>", "<unk>"]')
    ],
    "`<pad>` and `<unk>` have changed places: `<pad>` must be 0 and `<unk>` 1.": [
        ('"<pad>", "<unk>", *kept', '"<unk>", "<pad>", *kept')
    ],
    "`<unk>` is missing: it has the number 1, and words begin at 2.": [
        ('"<pad>", "<unk>", *kept][:max_size]', '"<pad>", *kept][:max_size]')
    ],
    "The words are the keys and the numbers the values, not the other way round.": [
        ("{word: i for", "{i: word for")
    ],
    "Equal counts are in the order of the words in small letters: Python's order puts capitals first.": [
        ("(-counts[word], word)", "(-counts[word], word.lower())")
    ],
    "Only words made of letters are counted: a `!` is a word, too.": [
        ("for word in words)", "for word in words if word.isalpha())")
    ],
}
VOCAB_RIGHT = {
    "most_common of sorted words": """
def build_vocab(tokenised, max_size=20_000, min_count=1):
    counts = Counter()
    for words in tokenised:
        counts.update(words)
    vocab = {"<pad>": 0, "<unk>": 1}
    for word, count in Counter(dict(sorted(counts.items()))).most_common():
        if count < min_count or len(vocab) >= max_size:
            break
        vocab[word] = len(vocab)
    return vocab
""",
    "two stable sorts": [
        (SORT, "kept = sorted(sorted(kept), key=counts.get, reverse=True)[: max_size - 2]")
    ],
    "a plain dict": """
def build_vocab(tokenised, max_size=20_000, min_count=1):
    counts = {}
    for words in tokenised:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    pairs = sorted((-count, word) for word, count in counts.items() if count >= min_count)
    words = [word for _, word in pairs][: max_size - 2]
    return dict(zip(["<pad>", "<unk>"] + words, range(len(words) + 2)))
""",
    "np.unique": """
def build_vocab(tokenised, max_size=20_000, min_count=1):
    words, counts = np.unique([w for words in tokenised for w in words], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] >= min_count][: max_size - 2]
    return {"<pad>": 0, "<unk>": 1} | {str(words[i]): k + 2 for k, i in enumerate(order)}
""",
}

# --- words to numbers -----------------------------------------------------------------------------
LOOK = 'return [vocab.get(token, vocab["<unk>"]) for token in tokens]'
ENCODE_WRONG = {
    "Unknown words must become 1 ('<unk>'); 0 is the padding.": [('vocab["<unk>"]', "0")],
    "Unknown words are left out: they must stay, as 1 ('<unk>').": [
        (LOOK, "return [vocab[token] for token in tokens if token in vocab]")
    ],
    "New words are added to the table: it was built on the training part, and must stay as it is.": [
        (LOOK, "return [vocab.setdefault(token, len(vocab)) for token in tokens]")
    ],
    "An unknown word raises KeyError: it must become '<unk>'.": [
        (LOOK, "return [vocab[token] for token in tokens]")
    ],
    "A word that occurs twice is encoded once: as many numbers as words must come back.": [
        ("for token in tokens]", "for token in dict.fromkeys(tokens)]")
    ],
    "The numbers are in backward order: keep the order of the words.": [
        ("in tokens]", "in tokens[::-1]]")
    ],
}
ENCODE_RIGHT = {
    "if": [(LOOK, 'return [vocab[t] if t in vocab else vocab["<unk>"] for t in tokens]')],
    "map": [(LOOK, "return list(map(lambda token: vocab.get(token, 1), tokens))")],
    "a loop with try": """
def encode(tokens, vocab):
    ids = []
    for token in tokens:
        try:
            ids.append(vocab[token])
        except KeyError:
            ids.append(1)
    return ids
""",
}

# --- a batch --------------------------------------------------------------------------------------
LENGTHS = "lengths = torch.tensor([len(sequence) for sequence in sequences])"
ZEROS = "ids = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.int64)"
WRITE = "row[: len(sequence)] = torch.tensor(sequence)"
BACK = "return ids, lengths, torch.tensor(targets)"
COLLATE_WRONG = {
    "Fill up with 0 ('<pad>'); 1 is the unknown word.": [("torch.zeros(", "torch.ones(")],
    "The filling goes behind the words, not before them.": [
        (WRITE, "row[len(row) - len(sequence) :] = torch.tensor(sequence)")
    ],
    "The order of the reviews must stay as it is: do not sort here.": [
        (
            LENGTHS,
            "order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))\n"
            "    sequences = [sequences[i] for i in order]; targets = [targets[i] for i in order]\n"
            "    " + LENGTHS,
        )
    ],
    "The width is fixed: it must be the length of the longest review of this batch.": [
        ("int(lengths.max())", "64")
    ],
    "Long reviews are cut to the shortest one: the width is the length of the longest.": [
        ("int(lengths.max())", "int(lengths.min())"),
        (WRITE, "row[:] = torch.tensor(sequence[: len(row)])"),
    ],
    "There is one column too many: the width is the length of the longest review.": [
        ("int(lengths.max())", "int(lengths.max()) + 1")
    ],
    "These are the lengths after padding; return the true ones.": [
        (BACK, BACK.replace("lengths,", "torch.full_like(lengths, ids.shape[1]),"))
    ],
    "The ids are floats: nn.Embedding needs torch.int64, so give torch.zeros a dtype.": [
        (", dtype=torch.int64)", ")")
    ],
    "The targets are floats: cross_entropy needs classes in torch.int64.": [
        ("torch.tensor(targets)", "torch.tensor(targets).float()")
    ],
    "The ids are torch.int32: they must be torch.int64.": [
        (BACK, BACK.replace("return ids", "return ids.int()"))
    ],
    "lengths and targets have changed places: return ids, lengths, targets.": [
        (BACK, "return ids, torch.tensor(targets), lengths")
    ],
    "Time comes first: ids must be (N, T), one row for each review.": [
        ("return ids,", "return ids.T,")
    ],
    "The caller's lists are padded: they must stay as they are, so write into a new tensor.": [
        (
            LENGTHS,
            LENGTHS + "\n    for s in sequences:\n        s += [0] * (int(lengths.max()) - len(s))",
        )
    ],
    "T is the length of the last review: it must be that of the longest.": [
        ("int(lengths.max())", "len(sequences[-1])")
    ],
}
COLLATE_RIGHT = {
    "pad_sequence": """
def collate(sequences, targets):
    rows = [torch.tensor(sequence) for sequence in sequences]
    ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=0)
    return ids, torch.tensor([len(row) for row in rows]), torch.tensor(targets)
""",
    "lists": """
def collate(sequences, targets):
    lengths = [len(s) for s in sequences]
    T = max(lengths)
    ids = torch.LongTensor([s + [0] * (T - len(s)) for s in sequences])
    return ids, torch.LongTensor(lengths), torch.LongTensor(targets)
""",
    "NumPy": """
def collate(sequences, targets):
    lengths = np.array([len(s) for s in sequences])
    ids = np.zeros((len(sequences), lengths.max()), dtype=np.int64)
    ids[np.arange(ids.shape[1]) < lengths[:, None]] = [i for s in sequences for i in s]
    return torch.from_numpy(ids), torch.from_numpy(lengths), torch.tensor(targets)
""",
}

# --- the classifier -------------------------------------------------------------------------------
EMBED = "x = self.dropout(self.embedding(ids))"
PACK = (
    "packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)\n"
    "        never = torch.finfo(x.dtype).min  # padding must not win the maximum\n"
    "        states, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, "
    "padding_value=never)\n"
)
PLAIN = "states = self.rnn(x)[0]\n"
OUT = "return self.out(self.dropout(states.max(dim=1).values))"
NEVER = "never = torch.finfo(x.dtype).min"
REAL = "real = (torch.arange(ids.shape[1], device=ids.device) < lengths[:, None])[:, :, None]\n        "
CLASS_WRONG = {
    "The chains read the padding: pack the batch before the recurrent layer.": [(PACK, PLAIN)],
    "Padding is kept out of the pooling, but the backward chain has read it before: pack the batch.": [
        (PACK, PLAIN),
        (OUT, REAL + "states = torch.where(real, states, -9.0)\n        " + OUT),
    ],
    "The last column is read: short reviews have ended before, and only padding stands there.": [
        (PACK, PLAIN),
        ("states.max(dim=1).values", "states[:, -1]"),
    ],
    "The last column is read: after packing it is filling for all but the longest reviews.": [
        (NEVER, "never = 0.0"),
        ("states.max(dim=1).values", "states[:, -1]"),
    ],
    "A padded state of 0 beats every negative one: keep the padding out of the maximum.": [
        (NEVER, "never = 0.0")
    ],
    "The mean divides by the width of the batch: divide by the true lengths.": [
        (NEVER, "never = 0.0"),
        ("states.max(dim=1).values", "states.mean(dim=1)"),
    ],
    "The maximum runs over the batch (dim 0): it must run over the steps (dim 1).": [
        ("states.max(dim=1).values", "states.max(dim=0).values")
    ],
    "Unless told otherwise it reads both ways: keep the default of bidirectional.": [
        ("bidirectional: bool = True", "bidirectional: bool = False")
    ],
    "Unless told otherwise nothing is dropped: keep the default of dropout.": [
        ("dropout: float = 0.0", "dropout: float = 0.3")
    ],
    "These are probabilities: return the logits, without softmax.": [
        (OUT, OUT + ".softmax(dim=1)")
    ],
    "These are logarithms of probabilities: return the logits, without log_softmax.": [
        (OUT, OUT + ".log_softmax(dim=1)")
    ],
    "The recurrent layer is not used: this is a bag of words, and knows nothing of their order.": [
        (
            PACK,
            REAL
            + "states = torch.where(real, x.tile(1, 1, 99)[..., : self.out.in_features], -9.0)\n",
        )
    ],
    "Something of the call before is still there: the same reviews must always get the same logits.": [
        (
            EMBED,
            EMBED
            + "\n        x = x + getattr(self, 'kept', 0.0)\n        self.kept = x.detach().mean()",
        )
    ],
    "The recurrent layer is there, but its states are not read: this is a bag of words.": [
        (
            PACK,
            REAL
            + "idle = 0.0 * sum(p.sum() for p in self.rnn.parameters())\n"
            + "        states = torch.where(real, x.tile(1, 1, 99)[..., : self.out.in_features], -9.0)"
            + " + idle\n",
        )
    ],
    "`cell` makes no difference, but an LSTM has more weights than a GRU.": [
        ("[cell]", '["lstm"]')
    ],
    "`bidirectional` makes no difference, but two chains have more weights than one.": [
        ("bidirectional=bidirectional", "bidirectional=False"),
        ("(2 if bidirectional else 1)", "1"),
    ],
    "`num_layers` makes no difference, but two layers have more weights than one.": [
        ("            num_layers,\n", "")
    ],
    "There are always two logits: there must be num_classes.": [
        ("else 1), num_classes)", "else 1), 2)")
    ],
    "The read-out sees the forward half alone: it must see 2H features when there are two chains.": [
        ("hidden_size * (2 if bidirectional else 1)", "hidden_size"),
        ("states.max(dim=1).values", "states.max(dim=1).values[:, : self.out.in_features]"),
    ],
    "With dropout=0.5 two calls in training mode must differ, and they do not.": [
        ("self.dropout = nn.Dropout(dropout)", "self.dropout = nn.Identity()")
    ],
    "Dropout acts in evaluation mode, too: use nn.Dropout, or pass self.training.": [
        (EMBED, "x = nn.functional.dropout(self.embedding(ids), self.dropout.p)")
    ],
    "The rate of the dropout is fixed: use the argument `dropout`.": [
        ("nn.Dropout(dropout)", "nn.Dropout(0.5)"),
        (
            EMBED,
            EMBED.replace("self.dropout(", "nn.functional.dropout(").replace(
                "(ids))", "(ids), 0.5)"
            ),
        ),
    ],
    "The reviews are sorted by length and not put back: each row must be the answer to its own review.": [
        (
            EMBED,
            "order = lengths.argsort(descending=True)\n        ids, lengths = ids[order], lengths[order]\n        "
            + EMBED,
        )
    ],
    "The embedding gets no gradient: it must learn, so leave requires_grad on.": [
        (
            "nn.init.normal_(self.embedding.weight, std=0.1)",
            "self.embedding.weight.requires_grad_(False)",
        )
    ],
    "The states are detached: no gradient reaches the layers below the read-out.": [
        ("self.dropout(states.max", "self.dropout(states.detach().max")
    ],
    "The words become float32 whatever the weights are: keep the dtype of the weights.": [
        (EMBED, EMBED.replace("(ids))", "(ids)).float()"))
    ],
    "`ids` is changed in place: the caller still needs it.": [
        (EMBED, "ids[ids == 1] = 0\n        " + EMBED)
    ],
    "Only the words are dropped: dropout acts before the read-out, too.": [
        (OUT, "return self.out(states.max(dim=1).values)")
    ],
    "No word is dropped: dropout acts on the embedded words, too.": [
        (EMBED, "x = self.embedding(ids)")
    ],
    "Nothing is dropped between the layers: hand the recurrent layers the rate.": [
        ("dropout=dropout if num_layers > 1 else 0.0", "dropout=0.0")
    ],
    "A ReLU cuts the logits off at 0: return what the read-out gives.": [
        (
            "return self.out(self.dropout(states.max(dim=1).values))",
            "return torch.relu(self.out(self.dropout(states.max(dim=1).values)))",
        )
    ],
}
CLASS_RIGHT = {
    "final states": """
class SentimentClassifier(nn.Module):
    def __init__(self, vocab_size, embedding_size, hidden_size, num_classes=2, cell="lstm",
                 bidirectional=True, num_layers=1, dropout=0.0):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, embedding_size)
        kind = nn.LSTM if cell == "lstm" else nn.GRU
        self.rnn = kind(embedding_size, hidden_size, num_layers=num_layers, batch_first=True,
                        bidirectional=bidirectional, dropout=dropout if num_layers > 1 else 0.0)
        self.ways = 2 if bidirectional else 1
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(self.ways * hidden_size, num_classes)

    def forward(self, ids, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(
            self.drop(self.embed(ids)), lengths.to("cpu"), batch_first=True, enforce_sorted=False
        )
        _, h = self.rnn(packed)
        h = h[0] if isinstance(h, tuple) else h
        return self.fc(self.drop(torch.cat(list(h[-self.ways :]), dim=1)))
""",
    "mask instead of padding_value": [
        (NEVER, "never = 0.0"),
        (
            OUT,
            "real = torch.arange(states.shape[1], device=ids.device) < lengths[:, None]\n"
            '        states = states.masked_fill(~real[:, :, None], float("-inf"))\n        ' + OUT,
        ),
    ],
    "mean over the real steps": [
        (NEVER, "never = 0.0"),
        ("states.max(dim=1).values", "states.sum(dim=1) / lengths[:, None]"),
    ],
    "maximum and mean": [
        ("nn.Linear(hidden_size * (2", "nn.Linear(2 * hidden_size * (2"),
        (
            OUT,
            "mean = states.where(states != never, torch.zeros_like(states)).sum(1) / lengths[:, None]\n"
            "        return self.out(self.dropout(torch.cat([states.max(1).values, mean], dim=1)))",
        ),
    ],
    "sorted and put back": [
        (
            EMBED,
            "order = lengths.argsort(descending=True)\n        ids, lengths = ids[order], lengths[order]\n        "
            + EMBED,
        ),
        ("enforce_sorted=False", "enforce_sorted=True"),
        ("states.max(dim=1).values", "states.max(dim=1).values[order.argsort()]"),
    ],
    "layers one by one": """
class SentimentClassifier(nn.Module):
    def __init__(self, vocab_size, embedding_size, hidden_size, num_classes=2, cell="lstm",
                 bidirectional=True, num_layers=1, dropout=0.0):
        super().__init__()
        self.table = nn.Embedding(vocab_size, embedding_size, padding_idx=0)
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        ways = 1 + int(bidirectional)
        sizes = [embedding_size] + [ways * hidden_size] * (num_layers - 1)
        self.layers = nn.ModuleList(
            kind(size, hidden_size, batch_first=True, bidirectional=bidirectional) for size in sizes
        )
        self.rate = dropout
        self.read = nn.Linear(ways * hidden_size, num_classes)

    def forward(self, ids, lengths):
        x = self.table(ids)
        real = (torch.arange(ids.shape[1], device=ids.device) < lengths[:, None])[:, :, None]
        for layer in self.layers:
            x = nn.functional.dropout(x, self.rate, self.training)
            packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            x = pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=ids.shape[1])[0]
        best = x.masked_fill(~real, -2.0).amax(dim=1)
        return self.read(nn.functional.dropout(best, self.rate, self.training))
""",
    "one review at a time": [
        (
            PACK,
            "states = [self.rnn(row[None, :k])[0][0] for row, k in zip(x, lengths.tolist())]\n"
            "        states = nn.utils.rnn.pad_sequence(states, batch_first=True, padding_value=-9.0)\n",
        )
    ],
}

# --- one round of training ------------------------------------------------------------------------
LOSS = "loss = nn.functional.cross_entropy(model(ids, lengths), targets)"
ZERO = "optimizer.zero_grad()"
BACKWARD = "loss.backward()"
CLIP = "nn.utils.clip_grad_norm_(model.parameters(), max_norm)"
STEP = "optimizer.step()"
TOTAL = "total += loss.item() * len(targets)"
EPOCH_WRONG = {
    "The model is put into evaluation mode: a round of training needs model.train().": [
        ("model.train()", "model.eval()")
    ],
    "The mode is left as it was: call model.train() before the loop.": [
        ("    model.train()\n", "")
    ],
    "Gradients of the first batch are still there: optimizer.zero_grad() in every batch.": [
        (ZERO, "pass")
    ],
    "Gradients are cleared once, before the loop: clear them in every batch.": [
        ("model.train()", "model.train()\n    optimizer.zero_grad()"),
        ("        optimizer.zero_grad()\n        loss.b", "        loss.b"),
    ],
    "Gradients are cleared between backward and step, so no weight moves: clear them before backward.": [
        (f"{ZERO}\n        {BACKWARD}", f"{BACKWARD}\n        {ZERO}")
    ],
    "The weights do not move: is optimizer.step() in the loop?": [(STEP, "pass")],
    "Nothing is clipped: clip between backward and step, to max_norm.": [(CLIP, "pass")],
    "Clipping comes after the step, too late: clip between backward and step.": [
        (f"{CLIP}\n        {STEP}", f"{STEP}\n        {CLIP}")
    ],
    "Each value is clipped by itself; clip the norm of all gradients together.": [
        (CLIP, "nn.utils.clip_grad_value_(model.parameters(), max_norm)")
    ],
    "Each gradient is clipped alone; clip the norm of all gradients together.": [
        (CLIP, "[nn.utils.clip_grad_norm_(p, max_norm) for p in model.parameters()]")
    ],
    "Gradients are always scaled to max_norm: those with a smaller norm stay as they are.": [
        (
            CLIP,
            "norm = torch.sqrt(sum((p.grad**2).sum() for p in model.parameters()))\n"
            "        [p.grad.mul_(max_norm / norm) for p in model.parameters()]",
        )
    ],
    "This is the sum over the reviews: divide by their number.": [
        ("return total / count", "return total")
    ],
    "This is the mean over the batches; weight each batch by its number of reviews.": [
        (TOTAL, "total += loss.item()"),
        ("count += len(targets)", "count += 1"),
    ],
    "This is the loss of the last batch alone.": [("return total / count", "return loss.item()")],
    "The gradient of the sum over the batch was taken: minimise the mean.": [
        ("targets)\n        opt", 'targets, reduction="sum")\n        opt'),
        (TOTAL, "total += loss.item()"),
    ],
    "cross_entropy takes logits: it does the softmax itself.": [
        ("model(ids, lengths), targets)", "model(ids, lengths).softmax(1), targets)")
    ],
    "The model is told the width of the batch: hand it the true lengths.": [
        ("model(ids, lengths)", "model(ids, torch.full_like(lengths, ids.shape[1]))")
    ],
    "It divides by 0: `batches` was read before the loop, and can be read only once.": [
        ("model.train()", "model.train()\n    n = sum(len(t) for *_, t in batches)")
    ],
    "train_epoch returns None: return the mean loss.": [("return total / count", "total / count")],
    "The loss is a tensor that keeps the graph of the whole round: return a float, loss.item() in the sum.": [
        ("loss.item() * len", "loss * len")
    ],
}
EPOCH_RIGHT = {
    "cleared after the step": [
        (f"{ZERO}\n        ", ""),
        (STEP, f"{STEP}\n        {ZERO}"),
    ],
    "cleared by hand": [(ZERO, "for p in model.parameters(): p.grad = None")],
    "clipped by hand": [
        (
            CLIP,
            "grads = [p.grad for p in model.parameters()]\n"
            "        norm = sum(float((g * g).sum()) for g in grads) ** 0.5\n"
            "        for g in grads:\n            g *= min(1.0, max_norm / (norm + 1e-6))",
        )
    ],
    "module for the loss": [(LOSS, "loss = nn.CrossEntropyLoss()(model(ids, lengths), targets)")],
    "lists": [
        ("total, count = 0.0, 0", "losses, sizes = [], []"),
        (TOTAL, "losses.append(loss.detach()); sizes.append(len(targets))"),
        ("        count += len(targets)\n", ""),
        (
            "return total / count",
            "return float(sum(a * n for a, n in zip(losses, sizes)) / sum(sizes))",
        ),
    ],
    "log_softmax by hand": [
        (LOSS, "loss = -model(ids, lengths).log_softmax(1)[torch.arange(len(ids)), targets].mean()")
    ],
    "clipped by a factor": [
        (
            "nn.utils.clip_grad_norm_(model.parameters(), max_norm)",
            "norm = sum((p.grad**2).sum() for p in model.parameters()).sqrt()\n"
            "        for p in model.parameters():\n"
            "            p.grad *= min(1.0, max_norm / float(norm))",
        )
    ],
}

# --- evaluation -----------------------------------------------------------------------------------
EVALUATE_WRONG = {
    "The model is put into training mode: evaluation needs model.eval().": [
        ("model.eval()", "model.train()")
    ],
    "The mode is left as it was, and dropout may be active: call model.eval().": [
        ("    model.eval()\n", "")
    ],
    "The model stays in evaluation mode: restore the mode in which you found it.": [
        ("    model.train(before)\n", "")
    ],
    "Gradients are still recorded: put the loop under `with torch.no_grad():`.": [
        ("with torch.no_grad():", "if True:")
    ],
    "Both are means over the batches; weight each batch by its number of reviews.": [
        (', reduction="sum"', ""),
        (
            "(logits.argmax(dim=1) == targets).sum()",
            "(logits.argmax(dim=1) == targets).float().mean()",
        ),
        ("count += len(targets)", "count += 1"),
    ],
    "The accuracy is a mean over the batches: count right answers over all reviews, divide once.": [
        (
            "(logits.argmax(dim=1) == targets).sum()",
            "(logits.argmax(dim=1) == targets).float().mean()",
        ),
        ("right / count", "right / n"),
        ("count += len(targets)", "count += len(targets); n = locals().get('n', 0) + 1"),
    ],
    "The loss is a mean over the batches: add up over all reviews, divide once.": [
        (', reduction="sum"', ""),
        ("return total / count", "return total / n"),
        ("count += len(targets)", "count += len(targets); n = locals().get('n', 0) + 1"),
    ],
    "These are sums over all reviews: divide by their number.": [
        ("return total / count, right / count", "return total, right")
    ],
    "This is a percentage; the accuracy lies between 0 and 1.": [
        ("right / count", "100 * right / count")
    ],
    "Loss and accuracy have changed places: return loss, accuracy.": [
        ("return total / count, right / count", "return right / count, total / count")
    ],
    "Only the first two classes are compared: take the largest of all logits.": [
        ("logits.argmax(dim=1)", "(logits[:, 1] > logits[:, 0]).long()")
    ],
    "The sign of one logit decides: take the largest of all logits.": [
        ("logits.argmax(dim=1)", "(logits[:, 1] > 0).long()")
    ],
    "cross_entropy takes logits: it does the softmax itself.": [
        ("cross_entropy(logits,", "cross_entropy(logits.softmax(1),")
    ],
    "The results are tensors: return two floats, with .item().": [
        (".item()\n            right", "\n            right"),
        (".sum().item()", ".sum()"),
    ],
    "Gradients stay turned off for everybody: `with torch.no_grad():` turns them on again.": [
        ("    with torch.no_grad():", "    torch.set_grad_enabled(False)\n    if True:")
    ],
}
EVALUATE_RIGHT = {
    "inference_mode": [("torch.no_grad()", "torch.inference_mode()")],
    "weighed means": [
        (
            'total += nn.functional.cross_entropy(logits, targets, reduction="sum").item()',
            "total += nn.functional.cross_entropy(logits, targets).item() * len(targets)",
        )
    ],
    "everything first": """
@torch.no_grad()
def evaluate(model, batches):
    was_training = model.training
    model.eval()
    logits, targets = [], []
    for ids, lengths, y in batches:
        logits.append(model(ids, lengths))
        targets.append(y)
    logits, targets = torch.cat(logits), torch.cat(targets)
    if was_training:
        model.train()
    loss = nn.functional.cross_entropy(logits, targets)
    return float(loss), float((logits.max(dim=1).indices == targets).double().mean())
""",
    "tensors kept": [
        (".item()\n            right", "\n            right"),
        ("return total / count, right / count", "return float(total) / count, right / count"),
    ],
}

# --- the training ---------------------------------------------------------------------------------
TRAIN_WRONG = {
    "No round of training is run: the weights are those of the beginning.": [
        ("range(3)", "range(0)")
    ],
    "A new model is returned: return the one that was trained.": [
        ("return model", "return SentimentClassifier(vocab_size, 32, 24).to(DEVICE)")
    ],
    "The classes have changed places: 0 is negative and 1 positive.": [
        ("sequences, targets, 128", "sequences, [1 - t for t in targets], 128")
    ],
    "The optimizer holds the weights of another model: make it from this one's parameters().": [
        (
            "torch.optim.Adam(model.parameters(), lr=0.015, fused=True)",
            "torch.optim.Adam(SentimentClassifier(vocab_size, 32, 24).parameters(), lr=0.015)",
        ),
        ("range(3)", "range(1)"),
    ],
    "The learning rate is so small that next to nothing moves.": [
        ("lr=0.015", "lr=1e-6"),
        ("range(3)", "range(1)"),
    ],
    "It has hardly learned: the learning rate is too small for three rounds.": [
        ("lr=0.015", "lr=0.001")
    ],
    "Gradients pile up from batch to batch: clear them before each backward pass.": [
        (
            "        train_epoch(model, batches, optimizer, max_norm=1.0)\n",
            "        model.train()\n"
            "        for ids, lengths, classes in batches:\n"
            "            nn.functional.cross_entropy(model(ids, lengths), classes).backward()\n"
            "            optimizer.step()\n",
        )
    ],
    "The network is made for the notebook's table: use vocab_size.": [
        ("SentimentClassifier(vocab_size", "SentimentClassifier(len(vocab)")
    ],
    "It trains on the notebook's reviews: use the arguments.": [
        ("SentimentClassifier(vocab_size", "SentimentClassifier(len(vocab)"),
        ("sequences, targets, 128", "train_ids[:3000], train_labels[:3000], 128"),
    ],
    "What comes back is a bag of words: train your SentimentClassifier.": """
def train_classifier(sequences, targets, vocab_size):
    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.bag = nn.EmbeddingBag(vocab_size, 2, mode="sum", padding_idx=0)

        def forward(self, ids, lengths):
            return self.bag(ids)

    bag = Bag().to(DEVICE)
    nn.init.zeros_(bag.bag.weight)
    optimizer = torch.optim.Adam(bag.parameters(), lr=0.02)
    for _ in range(3):
        train_epoch(bag, length_batches(sequences, targets, 128, shuffle=True), optimizer, 1.0)
    return bag
""",
}
TRAIN_RIGHT = {
    "a GRU": [("dropout=0.3)", 'dropout=0.3, cell="gru")')],
    "one direction, own loop": [
        ("32, 24, dropout=0.3)", "32, 24, dropout=0.3, bidirectional=False)"),
        (
            "        train_epoch(model, batches, optimizer, max_norm=1.0)\n",
            "        model.train()\n"
            "        for ids, lengths, classes in batches:\n"
            "            nn.functional.cross_entropy(model(ids, lengths), classes).backward()\n"
            "            nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n"
            "            optimizer.step()\n"
            "            optimizer.zero_grad()\n",
        ),
    ],
}

# --- test_prediction ------------------------------------------------------------------------------
COMPARED = "np.testing.assert_allclose(found.cpu(), expected, atol=1e-5)"
KEPT = '    assert network.training, "left in evaluation mode"\n'
HANDED = "network.train()"
ORDER = "(5, 1, 2, 3, 4)"
CLOSE = "np.allclose(found.cpu(), expected, atol=1e-5)"

TEST_WRONG = {
    "It never fails: nothing is asserted.": [(COMPARED, "pass"), (KEPT, "")],
    "It always fails, on right predictors too.": [(COMPARED, "assert False")],
    "It returns False: a test speaks by raising an AssertionError.": [
        (COMPARED, f"return {CLOSE} and network.training"),
        (KEPT, ""),
    ],
    "It prints that something is wrong: a test speaks by raising an AssertionError.": [
        (COMPARED, f"print('right' if {CLOSE} else 'wrong')"),
        (KEPT, ""),
    ],
    "It looks at the shape and at the range from 0 to 1: wrong probabilities have both.": [
        (COMPARED, "assert found.shape == (5,) and 0 <= found.min() and found.max() <= 1"),
    ],
    "It compares means alone: two answers that have changed places leave them as they are.": [
        (COMPARED, "assert abs(found.cpu().numpy().mean() - expected.mean()) < 1e-5")
    ],
    "It compares sorted probabilities: answers given to the wrong reviews go unseen.": [
        (COMPARED, "np.testing.assert_allclose(np.sort(found.cpu()), np.sort(expected), atol=1e-5)")
    ],
    "It compares classes alone: with fresh weights nearly all are the same.": [
        (COMPARED, "assert ((found.cpu().numpy() > 0.5) == (expected > 0.5)).all()")
    ],
    "It compares the first review alone: look at all of them.": [
        (COMPARED, "assert abs(found[0].item() - expected[0]) < 1e-5")
    ],
    "The last review is not compared: look at all of them.": [
        (COMPARED, "np.testing.assert_allclose(found.cpu()[:-1], expected[:-1], atol=1e-5)")
    ],
    "The tolerance is so wide that nearly everything passes.": [
        (COMPARED, "np.testing.assert_allclose(found.cpu(), expected, atol=0.5)")
    ],
    "Two ways to compute differ in the last digits: compare with a tolerance, not with ==.": [
        (COMPARED, "assert (found.cpu().numpy() == expected).all()")
    ],
    "It asks twice and compares: in evaluation mode two wrong answers agree.": [
        (
            COMPARED,
            "again = predict(network.train(), sequences, 2)\n    assert torch.allclose(found, again)",
        )
    ],
    "It compares batches of 2 with batches of 1, both by the predictor: order goes unseen.": [
        (
            COMPARED,
            "again = predict(network.train(), sequences, 1)\n"
            "    assert torch.allclose(found, again, atol=1e-5)",
        )
    ],
    "The network comes in evaluation mode: a predictor that never changes it goes unseen.": [
        (HANDED, "network.eval()"),
        (KEPT, ""),
    ],
    "The network has no dropout: in training mode it gives the same.": [
        ("dropout=0.5", "dropout=0.0")
    ],
    "The mode afterwards is not looked at: it must be what it was.": [(KEPT, "")],
    "The reviews come from short to long: then there is nothing to put back.": [
        (ORDER, "(1, 2, 3, 4, 5)")
    ],
    "Sorting twice restores this order: an answer sorted once more goes unseen.": [
        (ORDER, "(5, 2, 3, 4, 1)")
    ],
    "All reviews have one length: then no padding is read, and nothing is sorted.": [
        (ORDER, "(5, 5, 5, 5, 5)")
    ],
    "Each batch holds one review: then there is no padding to be read.": [
        ("sequences, 2)", "sequences, 1)")
    ],
    "One batch holds all reviews: the last batch is always full.": [
        ("sequences, 2)", "sequences, 5)")
    ],
    "The colleague's name is written in it: call the predictor that is handed in.": [
        ("= predict(", "= colleagues_predict(")
    ],
}

TEST_RIGHT = {
    "np.allclose": [(COMPARED, f"assert {CLOSE}")],
    "own error": [(COMPARED, f"if not {CLOSE}:\n        raise ValueError('other probabilities')")],
    "largest difference": [
        (COMPARED, "assert (found.cpu() - torch.tensor(expected)).abs().max() < 1e-4")
    ],
    "one review at a time, more of them": """def test_prediction(predict):
    torch.manual_seed(3)
    network = SentimentClassifier(50, 12, 10, cell="gru", dropout=0.4).to(DEVICE)
    sizes = [9, 3, 3, 12, 1, 7, 2, 15, 4, 4]
    reviews = [torch.randint(1, 50, (n,)).tolist() for n in sizes]
    network.eval()
    with torch.no_grad():
        alone = [
            network(torch.tensor([r], device=DEVICE), torch.tensor([len(r)], device=DEVICE))
            for r in reviews
        ]
    right = torch.cat(alone).softmax(1)[:, 1]
    for size in (1, 3, 4, 100):
        for mode in (True, False):
            network.train(mode)
            found = predict(network, reviews, batch_size=size)
            assert found.shape == (10,)
            assert not found.requires_grad
            assert torch.allclose(found, right, atol=1e-5)
            assert network.training == mode
""",
    "a network of its own, counted by hand": """class Length(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, ids, lengths):
        x = (ids.sum(1) + 100.0 * lengths.to(ids.device) + 7.0 * self.training) * self.scale
        return torch.stack([torch.zeros_like(x), (x / 1000.0).logit()], dim=1)


def test_prediction(predict):
    network = Length().to(DEVICE).train()
    found = predict(network, [[5, 5, 5], [3], [2, 2], [1, 1, 1, 1], [4, 4], [6], [7, 7, 7]], 3)
    truth = [0.315, 0.103, 0.204, 0.404, 0.208, 0.106, 0.321]
    assert np.allclose(found.detach().cpu(), truth, atol=1e-5), found
    assert network.training
""",
}

# --- find the bug ---------------------------------------------------------------------------------
UNSORT = "answers[torch.tensor(by_length, device=device)] = found"
FAST_WRONG = {
    "This is the colleague's function as it was: all three mistakes are in it.": """
def predict_fast(model, sequences, batch_size=100):
    by_length = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    found = []
    for start in range(0, len(by_length), batch_size):
        rows = by_length[start : start + batch_size]
        ids = nn.utils.rnn.pad_sequence([torch.tensor(sequences[i]) for i in rows], batch_first=True)
        lengths = torch.tensor([ids.shape[1]] * len(rows))
        found.append(model(ids, lengths).softmax(dim=1)[:, 1])
    return torch.cat(found).detach()
""",
    "These are right, but in the order of the lengths: put them back.": [
        (UNSORT, "answers = found")
    ],
    "This is the order applied once more; an assignment to the indices is its inverse.": [
        (UNSORT, "answers = found[torch.tensor(by_length)]")
    ],
    "The padding was read: lengths must be the true ones.": [
        ("lengths.to(device))", "torch.full_like(lengths, ids.shape[1]).to(device))")
    ],
    "The padding was read (lengths must be the true ones), and the order is that of the lengths.": [
        ("lengths.to(device))", "torch.full_like(lengths, ids.shape[1]).to(device))"),
        (UNSORT, "answers = found"),
    ],
    "Dropout was active: put the model into evaluation mode, model.eval().": [
        ("    model.eval()\n", "")
    ],
    "The model was in training mode before, and must be in it afterwards.": [
        ("    model.train(before)\n", "")
    ],
    "A gradient is attached: compute under torch.no_grad().": [
        ("with torch.no_grad():", "if True:")
    ],
    "These are logits: softmax makes probabilities of them.": [(".softmax(dim=1)[:, 1]", "[:, 1]")],
    "The sigmoid of one logit forgets the other one: take the softmax over both.": [
        (".softmax(dim=1)[:, 1]", "[:, 1].sigmoid()")
    ],
    "These are classes: return the probability of class 1.": [
        (".softmax(dim=1)[:, 1]", ".argmax(dim=1)")
    ],
    "Reviews of similar length must share a batch.": [
        (
            "sorted(range(len(sequences)), key=lambda i: len(sequences[i]))",
            "list(range(len(sequences)))",
        )
    ],
    "All reviews share one batch: at most batch_size may.": [
        ("sorted(range(", "sorted(range("),
        ("before, found", "batch_size = len(sequences); before, found"),
    ],
    "The last batch is lost: batch_size need not divide the number of reviews.": [
        (
            "range(0, len(by_length), batch_size)",
            "range(0, len(by_length) - batch_size + 1, batch_size)",
        ),
        (
            "answers = torch.empty_like(found)",
            "answers = torch.zeros(len(sequences), dtype=found.dtype)",
        ),
        (UNSORT, "answers[torch.tensor(by_length[: len(found)])] = found"),
    ],
    "`sequences` itself is sorted, so its order is lost: sort the numbers of the reviews.": [
        ("by_length = sorted", "sequences.sort(key=len)\n    by_length = sorted"),
    ],
}
FAST_RIGHT = {
    "argsort of the order": [(UNSORT, "answers = found[torch.tensor(by_length).argsort()]")],
    "longest first": [("len(sequences[i]))\n    before", "-len(sequences[i]))\n    before")],
    "a dict": """
def predict_fast(model, sequences, batch_size=100):
    device = next(model.parameters()).device
    was, answer = model.training, {}
    model.eval()
    order = np.argsort([len(s) for s in sequences], kind="stable")
    with torch.inference_mode():
        for k in range(0, len(order), batch_size):
            rows = order[k : k + batch_size]
            picked = [torch.tensor(sequences[i]) for i in rows]
            ids = nn.utils.rnn.pad_sequence(picked, batch_first=True).to(device)
            lengths = torch.tensor([len(p) for p in picked]).to(device)
            for i, p in zip(rows, model(ids, lengths).softmax(1)[:, 1]):
                answer[int(i)] = p
        result = torch.stack([answer[i] for i in range(len(sequences))])
    model.train(was)
    return result
""",
    "difference of the logits": [
        (
            "found.append(model(ids.to(device), lengths.to(device)).softmax(dim=1)[:, 1])",
            "z = model(ids.to(device), lengths.to(device))\n"
            "            found.append(torch.sigmoid(z[:, 1] - z[:, 0]))",
        )
    ],
}

WRONG = {
    "build_vocab": VOCAB_WRONG,
    "encode": ENCODE_WRONG,
    "collate": COLLATE_WRONG,
    "SentimentClassifier": CLASS_WRONG,
    "train_epoch": EPOCH_WRONG,
    "evaluate": EVALUATE_WRONG,
    "train_classifier": TRAIN_WRONG,
    "test_prediction": TEST_WRONG,
    "predict_fast": FAST_WRONG,
}
RIGHT = {
    "build_vocab": VOCAB_RIGHT,
    "encode": ENCODE_RIGHT,
    "collate": COLLATE_RIGHT,
    "SentimentClassifier": CLASS_RIGHT,
    "train_epoch": EPOCH_RIGHT,
    "evaluate": EVALUATE_RIGHT,
    "train_classifier": TRAIN_RIGHT,
    "test_prediction": TEST_RIGHT,
    "predict_fast": FAST_RIGHT,
}
SAYS = {
    "encode": {
        "An unknown word raises KeyError: it must become '<unk>'.": "raises KeyError",
    },
    "collate": {
        "The caller's lists are padded: they must stay as they are, so write into a new tensor.": "in place",
    },
    "SentimentClassifier": {
        "Unless told otherwise it reads both ways: keep the default of bidirectional.": "unless told otherwise",
        "Unless told otherwise nothing is dropped: keep the default of dropout.": "two calls in training mode",
        "The chains read the padding: pack the batch before the recurrent layer.": "amount of padding",
        "Padding is kept out of the pooling, but the backward chain has read it before: pack the batch.": "amount of padding",
        "The last column is read: short reviews have ended before, and only padding stands there.": "amount of padding",
        "The last column is read: after packing it is filling for all but the longest reviews.": "amount of padding",
        "A padded state of 0 beats every negative one: keep the padding out of the maximum.": "win the maximum",
        "The mean divides by the width of the batch: divide by the true lengths.": "count in the mean",
        "The maximum runs over the batch (dim 0): it must run over the steps (dim 1).": "shape",
        "These are probabilities: return the logits, without softmax.": "probabilities",
        "These are logarithms of probabilities: return the logits, without log_softmax.": "logarithms",
        "The recurrent layer is not used: this is a bag of words, and knows nothing of their order.": "bag of words",
        "Something of the call before is still there: the same reviews must always get the same logits.": "from call to call",
        "The recurrent layer is there, but its states are not read: this is a bag of words.": "bag of words",
        "`cell` makes no difference, but an LSTM has more weights than a GRU.": "`cell` makes no difference",
        "`bidirectional` makes no difference, but two chains have more weights than one.": "`bidirectional` makes no difference",
        "`num_layers` makes no difference, but two layers have more weights than one.": "`num_layers` makes no difference",
        "There are always two logits: there must be num_classes.": "shape",
        "The read-out sees the forward half alone: it must see 2H features when there are two chains.": "reverse",
        "With dropout=0.5 two calls in training mode must differ, and they do not.": "must differ",
        "Dropout acts in evaluation mode, too: use nn.Dropout, or pass self.training.": "evaluation mode",
        "The rate of the dropout is fixed: use the argument `dropout`.": "dropout",
        "The reviews are sorted by length and not put back: each row must be the answer to its own review.": "not put back",
        "The embedding gets no gradient: it must learn, so leave requires_grad on.": "no gradient reaches",
        "The states are detached: no gradient reaches the layers below the read-out.": "no gradient reaches",
        "The words become float32 whatever the weights are: keep the dtype of the weights.": "float64",
        "`ids` is changed in place: the caller still needs it.": "in place",
        "A ReLU cuts the logits off at 0: return what the read-out gives.": "without a ReLU",
    },
    "train_epoch": {
        "It divides by 0: `batches` was read before the loop, and can be read only once.": "read only once",
        "The loss is a tensor that keeps the graph of the whole round: return a float, loss.item() in the sum.": "return a float",
    },
    "train_classifier": {
        "The network is made for the notebook's table: use vocab_size.": "Use vocab_size",
        "It trains on the notebook's reviews: use the arguments.": "Use vocab_size",
        "No round of training is run: the weights are those of the beginning.": "coin",
    },
    "test_prediction": {
        "The last review is not compared: look at all of them.": "leaves out the last review",
        "It never fails: nothing is asserted.": "passes on the colleague's function",
        "It always fails, on right predictors too.": "fails on a right predictor",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "The network has no dropout: in training mode it gives the same.": "comes in training mode",
        "The mode afterwards is not looked at: it must be what it was.": "leaves the network in evaluation mode",
        "The reviews come from short to long: then there is nothing to put back.": "from short to long",
        "Sorting twice restores this order: an answer sorted once more goes unseen.": "not putting them back",
        "Each batch holds one review: then there is no padding to be read.": "of one batch differ in length",
        "One batch holds all reviews: the last batch is always full.": "when it is not full",
    },
    "predict_fast": {
        "This is the colleague's function as it was: all three mistakes are in it.": "Asked twice",
        "Dropout was active: put the model into evaluation mode, model.eval().": "Asked twice",
        "The model was in training mode before, and must be in it afterwards.": "training mode before",
        "A gradient is attached: compute under torch.no_grad().": "gradient is attached",
        "Reviews of similar length must share a batch.": "similar length",
        "All reviews share one batch: at most batch_size may.": "more than batch_size",
    },
    "evaluate": {
        "The results are tensors: return two floats, with .item().": "return two floats",
        "Gradients stay turned off for everybody: `with torch.no_grad():` turns them on again.": "stay turned off",
    },
}

TYPICAL = {
    "build_vocab": {
        "nothing": ([(TABLE, 'return {"<pad>": 0, "<unk>": 1}')], 0.0, 0.0),
        "one slip": (
            VOCAB_WRONG[
                "Equal counts are in the order in which they first occur; they must be in alphabetical order."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            VOCAB_WRONG[
                "The order goes from rare to frequent: the most frequent word comes first."
            ],
            0.0,
            0.45,
        ),
    },
    "encode": {
        "nothing": ([(LOOK, "return []")], 0.0, 0.0),
        "one slip": (
            ENCODE_WRONG["Unknown words must become 1 ('<unk>'); 0 is the padding."],
            0.5,
            0.95,
        ),
        "point missed": (
            ENCODE_WRONG["The numbers are in backward order: keep the order of the words."],
            0.0,
            0.45,
        ),
    },
    "collate": {
        "nothing": (
            [(BACK, "return torch.zeros_like(ids), lengths * 0, torch.tensor(targets)")],
            0.0,
            0.0,
        ),
        "one slip": (
            COLLATE_WRONG[
                "The ids are floats: nn.Embedding needs torch.int64, so give torch.zeros a dtype."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            COLLATE_WRONG[
                "The width is fixed: it must be the length of the longest review of this batch."
            ],
            0.0,
            0.45,
        ),
    },
    "SentimentClassifier": {
        "nothing": ([(OUT, "return 0.0 * " + OUT.removeprefix("return "))], 0.0, 0.0),
        "one slip": (
            CLASS_WRONG[
                "A padded state of 0 beats every negative one: keep the padding out of the maximum."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            CLASS_WRONG[
                "The recurrent layer is not used: this is a bag of words, and knows nothing of their order."
            ],
            0.0,
            0.45,
        ),
    },
    "train_epoch": {
        "nothing": (
            "def train_epoch(model, batches, optimizer, max_norm):\n    return 0.0\n",
            0.0,
            0.0,
        ),
        "one slip": (
            EPOCH_WRONG[
                "This is the mean over the batches; weight each batch by its number of reviews."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            EPOCH_WRONG[
                "Gradients of the first batch are still there: optimizer.zero_grad() in every batch."
            ],
            0.0,
            0.45,
        ),
    },
    "evaluate": {
        "nothing": ("def evaluate(model, batches):\n    return 0.0, 0.0\n", 0.0, 0.0),
        "one slip": (
            EVALUATE_WRONG[
                "The model stays in evaluation mode: restore the mode in which you found it."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            EVALUATE_WRONG[
                "Both are means over the batches; weight each batch by its number of reviews."
            ],
            0.0,
            0.45,
        ),
    },
    "train_classifier": {
        "nothing": (
            TRAIN_WRONG["No round of training is run: the weights are those of the beginning."],
            0.0,
            0.0,
        ),
        "one slip": (
            TRAIN_WRONG["It has hardly learned: the learning rate is too small for three rounds."],
            0.5,
            0.95,
        ),
        "point missed": (
            TRAIN_WRONG[
                "Gradients pile up from batch to batch: clear them before each backward pass."
            ],
            0.0,
            0.45,
        ),
    },
    "test_prediction": {
        "nothing": ([(COMPARED, "pass"), (KEPT, "")], 0.0, 0.0),
        "one slip": (
            TEST_WRONG[
                "Sorting twice restores this order: an answer sorted once more goes unseen."
            ],
            0.8,
            0.95,
        ),
        "point missed": (
            TEST_WRONG["It compares classes alone: with fresh weights nearly all are the same."],
            0.0,
            0.49,
        ),
    },
    "predict_fast": {
        "nothing": (
            FAST_WRONG["This is the colleague's function as it was: all three mistakes are in it."],
            0.0,
            0.0,
        ),
        "one slip": (
            FAST_WRONG["The model was in training mode before, and must be in it afterwards."],
            0.5,
            0.95,
        ),
        "point missed": (
            FAST_WRONG["These are classes: return the probability of class 1."],
            0.0,
            0.45,
        ),
    },
}
