"""Wrong and right variants of the exercises in ``source/04_bidirectional/sentiment.ipynb``."""

# --- the table of words ---------------------------------------------------------------------------
COUNTS = "counts = Counter(word for words in tokenised for word in words)"
KEPT = "kept = [word for word, count in counts.items() if count >= min_count]"
SORT = "kept.sort(key=lambda word: (-counts[word], word))"
TABLE = 'return {word: i for i, word in enumerate(["<pad>", "<unk>", *kept][:max_size])}'

VOCAB_WRONG = {
    "ties as they come": [(SORT, "kept.sort(key=lambda word: -counts[word])")],
    "ties backwards": [(SORT, "kept.sort(key=lambda word: (counts[word], word), reverse=True)")],
    "rare first": [(SORT, "kept.sort(key=lambda word: (counts[word], word))")],
    "not sorted": [(SORT, "")],
    "specials not counted": [("*kept][:max_size])", "*kept[:max_size]])")],
    "max_size ignored": [("[:max_size]", "")],
    "min_count ignored": [(" if count >= min_count", "")],
    "more than min_count": [("count >= min_count", "count > min_count")],
    "counted once a review": [("for word in words)", "for word in set(words))")],
    "specials last": [
        ('["<pad>", "<unk>", *kept][:max_size]', '[*kept[: max_size - 2], "<pad>", "<unk>"]')
    ],
    "specials exchanged": [('"<pad>", "<unk>", *kept', '"<unk>", "<pad>", *kept')],
    "no unknown word": [('"<pad>", "<unk>", *kept][:max_size]', '"<pad>", *kept][:max_size]')],
    "number to word": [("{word: i for", "{i: word for")],
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
    "unknown is padding": [('vocab["<unk>"]', "0")],
    "unknown left out": [(LOOK, "return [vocab[token] for token in tokens if token in vocab]")],
    "table grows": [(LOOK, "return [vocab.setdefault(token, len(vocab)) for token in tokens]")],
    "KeyError": [(LOOK, "return [vocab[token] for token in tokens]")],
    "each word once": [("for token in tokens]", "for token in dict.fromkeys(tokens)]")],
    "backwards": [("in tokens]", "in tokens[::-1]]")],
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
    "filled with unknown words": [("torch.zeros(", "torch.ones(")],
    "filling in front": [(WRITE, "row[len(row) - len(sequence) :] = torch.tensor(sequence)")],
    "sorted by length": [
        (
            LENGTHS,
            "order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))\n"
            "    sequences = [sequences[i] for i in order]; targets = [targets[i] for i in order]\n"
            "    " + LENGTHS,
        )
    ],
    "fixed width": [("int(lengths.max())", "64")],
    "cut to the shortest": [
        ("int(lengths.max())", "int(lengths.min())"),
        (WRITE, "row[:] = torch.tensor(sequence[: len(row)])"),
    ],
    "one column too many": [("int(lengths.max())", "int(lengths.max()) + 1")],
    "padded lengths": [(BACK, BACK.replace("lengths,", "torch.full_like(lengths, ids.shape[1]),"))],
    "float ids": [(", dtype=torch.int64)", ")")],
    "float targets": [("torch.tensor(targets)", "torch.tensor(targets).float()")],
    "int32": [(BACK, BACK.replace("return ids", "return ids.int()"))],
    "another order of returns": [(BACK, "return ids, torch.tensor(targets), lengths")],
    "time first": [("return ids,", "return ids.T,")],
    "pads the caller's lists": [
        (
            LENGTHS,
            LENGTHS + "\n    for s in sequences:\n        s += [0] * (int(lengths.max()) - len(s))",
        )
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
    "padding read": [(PACK, PLAIN)],
    "padding read, then masked": [
        (PACK, PLAIN),
        (OUT, REAL + "states = torch.where(real, states, -9.0)\n        " + OUT),
    ],
    "last column": [(PACK, PLAIN), ("states.max(dim=1).values", "states[:, -1]")],
    "last column after packing": [
        (NEVER, "never = 0.0"),
        ("states.max(dim=1).values", "states[:, -1]"),
    ],
    "zeros of the padding win": [(NEVER, "never = 0.0")],
    "mean over T": [(NEVER, "never = 0.0"), ("states.max(dim=1).values", "states.mean(dim=1)")],
    "maximum over the batch": [("states.max(dim=1).values", "states.max(dim=0).values")],
    "softmax": [(OUT, OUT + ".softmax(dim=1)")],
    "log_softmax": [(OUT, OUT + ".log_softmax(dim=1)")],
    "bag of words": [
        (
            PACK,
            REAL
            + "states = torch.where(real, x.tile(1, 1, 99)[..., : self.out.in_features], -9.0)\n",
        )
    ],
    "kept from call to call": [
        (
            EMBED,
            EMBED
            + "\n        x = x + getattr(self, 'kept', 0.0)\n        self.kept = x.detach().mean()",
        )
    ],
    "a bag beside idle layers": [
        (
            PACK,
            REAL
            + "idle = 0.0 * sum(p.sum() for p in self.rnn.parameters())\n"
            + "        states = torch.where(real, x.tile(1, 1, 99)[..., : self.out.in_features], -9.0)"
            + " + idle\n",
        )
    ],
    "cell ignored": [("[cell]", '["lstm"]')],
    "always one direction": [
        ("bidirectional=bidirectional", "bidirectional=False"),
        ("(2 if bidirectional else 1)", "1"),
    ],
    "one layer": [("            num_layers,\n", "")],
    "two classes always": [("else 1), num_classes)", "else 1), 2)")],
    "backward half not read": [
        ("hidden_size * (2 if bidirectional else 1)", "hidden_size"),
        ("states.max(dim=1).values", "states.max(dim=1).values[:, : self.out.in_features]"),
    ],
    "no dropout": [("self.dropout = nn.Dropout(dropout)", "self.dropout = nn.Identity()")],
    "dropout always": [(EMBED, "x = nn.functional.dropout(self.embedding(ids), self.dropout.p)")],
    "rate fixed": [
        ("nn.Dropout(dropout)", "nn.Dropout(0.5)"),
        (
            EMBED,
            EMBED.replace("self.dropout(", "nn.functional.dropout(").replace(
                "(ids))", "(ids), 0.5)"
            ),
        ),
    ],
    "sorted, not unsorted": [
        (
            EMBED,
            "order = lengths.argsort(descending=True)\n        ids, lengths = ids[order], lengths[order]\n        "
            + EMBED,
        )
    ],
    "frozen embedding": [
        (
            "nn.init.normal_(self.embedding.weight, std=0.1)",
            "self.embedding.weight.requires_grad_(False)",
        )
    ],
    "detached": [("self.dropout(states.max", "self.dropout(states.detach().max")],
    "float32 only": [(EMBED, EMBED.replace("(ids))", "(ids)).float()"))],
    "ids changed": [(EMBED, "ids[ids == 1] = 0\n        " + EMBED)],
}
CLASS_RIGHT = {
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
    "evaluation mode": [("model.train()", "model.eval()")],
    "mode not set": [("    model.train()\n", "")],
    "gradients pile up": [(ZERO, "pass")],
    "gradients cleared once": [
        ("model.train()", "model.train()\n    optimizer.zero_grad()"),
        ("        optimizer.zero_grad()\n        loss.b", "        loss.b"),
    ],
    "gradients cleared too late": [(f"{ZERO}\n        {BACKWARD}", f"{BACKWARD}\n        {ZERO}")],
    "no step": [(STEP, "pass")],
    "not clipped": [(CLIP, "pass")],
    "clipped after the step": [(f"{CLIP}\n        {STEP}", f"{STEP}\n        {CLIP}")],
    "clipped by value": [(CLIP, "nn.utils.clip_grad_value_(model.parameters(), max_norm)")],
    "each gradient clipped alone": [
        (CLIP, "[nn.utils.clip_grad_norm_(p, max_norm) for p in model.parameters()]")
    ],
    "always scaled to max_norm": [
        (
            CLIP,
            "norm = torch.sqrt(sum((p.grad**2).sum() for p in model.parameters()))\n"
            "        [p.grad.mul_(max_norm / norm) for p in model.parameters()]",
        )
    ],
    "sum of the losses": [("return total / count", "return total")],
    "mean over batches": [
        (TOTAL, "total += loss.item()"),
        ("count += len(targets)", "count += 1"),
    ],
    "last loss": [("return total / count", "return loss.item()")],
    "summed loss": [
        ("targets)\n        opt", 'targets, reduction="sum")\n        opt'),
        (TOTAL, "total += loss.item()"),
    ],
    "softmax first": [
        ("model(ids, lengths), targets)", "model(ids, lengths).softmax(1), targets)")
    ],
    "lengths of the rectangle": [
        ("model(ids, lengths)", "model(ids, torch.full_like(lengths, ids.shape[1]))")
    ],
    "batches read twice": [
        ("model.train()", "model.train()\n    n = sum(len(t) for *_, t in batches)")
    ],
    "returns nothing": [("return total / count", "total / count")],
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
}

# --- evaluation -----------------------------------------------------------------------------------
EVALUATE_WRONG = {
    "training mode": [("model.eval()", "model.train()")],
    "mode not set": [("    model.eval()\n", "")],
    "mode not restored": [("    model.train(before)\n", "")],
    "gradients recorded": [("with torch.no_grad():", "if True:")],
    "mean over batches": [
        (', reduction="sum"', ""),
        (
            "(logits.argmax(dim=1) == targets).sum()",
            "(logits.argmax(dim=1) == targets).float().mean()",
        ),
        ("count += len(targets)", "count += 1"),
    ],
    "accuracy over batches": [
        (
            "(logits.argmax(dim=1) == targets).sum()",
            "(logits.argmax(dim=1) == targets).float().mean()",
        ),
        ("right / count", "right / n"),
        ("count += len(targets)", "count += len(targets); n = locals().get('n', 0) + 1"),
    ],
    "loss over batches": [
        (', reduction="sum"', ""),
        ("return total / count", "return total / n"),
        ("count += len(targets)", "count += len(targets); n = locals().get('n', 0) + 1"),
    ],
    "sums": [("return total / count, right / count", "return total, right")],
    "percent": [("right / count", "100 * right / count")],
    "accuracy first": [
        ("return total / count, right / count", "return right / count, total / count")
    ],
    "two classes always": [("logits.argmax(dim=1)", "(logits[:, 1] > logits[:, 0]).long()")],
    "positive logit": [("logits.argmax(dim=1)", "(logits[:, 1] > 0).long()")],
    "softmax first": [("cross_entropy(logits,", "cross_entropy(logits.softmax(1),")],
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
    "never trained": [("range(3)", "range(0)")],
    "another model is returned": [
        ("return model", "return SentimentClassifier(vocab_size, 32, 24).to(DEVICE)")
    ],
    "targets exchanged": [("sequences, targets, 128", "sequences, [1 - t for t in targets], 128")],
    "optimizer of another model": [
        (
            "torch.optim.Adam(model.parameters(), lr=0.015, fused=True)",
            "torch.optim.Adam(SentimentClassifier(vocab_size, 32, 24).parameters(), lr=0.015)",
        ),
        ("range(3)", "range(1)"),
    ],
    "learning rate zero after all": [("lr=0.015", "lr=1e-6"), ("range(3)", "range(1)")],
    "hardly trained": [("lr=0.015", "lr=0.001")],
    "old gradients never forgotten": [
        (
            "        train_epoch(model, batches, optimizer, max_norm=1.0)\n",
            "        model.train()\n"
            "        for ids, lengths, classes in batches:\n"
            "            nn.functional.cross_entropy(model(ids, lengths), classes).backward()\n"
            "            optimizer.step()\n",
        )
    ],
    "a bag of words": """
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

# --- find the bug ---------------------------------------------------------------------------------
UNSORT = "answers[torch.tensor(by_length, device=device)] = found"
FAST_WRONG = {
    "the colleague's": """
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
    "not put back": [(UNSORT, "answers = found")],
    "order applied once more": [(UNSORT, "answers = found[torch.tensor(by_length)]")],
    "padded lengths": [
        ("lengths.to(device))", "torch.full_like(lengths, ids.shape[1]).to(device))")
    ],
    "training mode": [("    model.eval()\n", "")],
    "mode not restored": [("    model.train(before)\n", "")],
    "gradient attached": [("with torch.no_grad():", "if True:")],
    "logits": [(".softmax(dim=1)[:, 1]", "[:, 1]")],
    "sigmoid": [(".softmax(dim=1)[:, 1]", "[:, 1].sigmoid()")],
    "labels": [(".softmax(dim=1)[:, 1]", ".argmax(dim=1)")],
    "not sorted": [
        (
            "sorted(range(len(sequences)), key=lambda i: len(sequences[i]))",
            "list(range(len(sequences)))",
        )
    ],
    "one batch for all": [
        ("sorted(range(", "sorted(range("),
        ("before, found", "batch_size = len(sequences); before, found"),
    ],
    "last batch lost": [
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
    "sorts the caller's list": [
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
    "predict_fast": FAST_RIGHT,
}
SAYS = {
    "build_vocab": {
        "ties as they come": "alphabetical",
        "rare first": "frequent to rare",
        "specials not counted": "max_size counts",
        "specials exchanged": "number 0",
        "number to word": "other way round",
    },
    "encode": {
        "unknown is padding": "0 is the padding",
        "unknown left out": "must stay",
        "table grows": "must",
    },
    "collate": {
        "filling in front": "behind the words",
        "filled with unknown words": "'<pad>'",
        "sorted by length": "order",
        "padded lengths": "true ones",
        "float targets": "float",
        "int32": "torch.int64",
    },
    "SentimentClassifier": {
        "padding read": "padding",
        "last column": "padding",
        "zeros of the padding win": "padding",
        "softmax": "probabilities",
        "bag of words": "order of the words",
        "sorted, not unsorted": "padding",
        "always one direction": "bidirectional",
        "cell ignored": "LSTM has more",
        "one layer": "num_layers",
        "no dropout": "dropout",
        "dropout always": "evaluation mode",
    },
    "train_epoch": {
        "gradients pile up": "zero_grad",
        "not clipped": "Nothing is clipped",
        "each gradient clipped alone": "all gradients together",
        "mean over batches": "mean over the batches",
        "last loss": "last batch",
        "no step": "do not move",
        "evaluation mode": "training mode",
        "returns nothing": "None",
    },
    "evaluate": {
        "mean over batches": "mean over the batches",
        "percent": "percentage",
        "mode not set": "evaluation mode",
        "mode not restored": "training mode before",
        "gradients recorded": "no_grad",
    },
    "train_classifier": {"never trained": "coin"},
    "predict_fast": {
        "not put back": "put them back",
        "order applied once more": "inverse",
        "padded lengths": "padding was read",
        "training mode": "dropout",
        "mode not restored": "training mode before",
        "gradient attached": "gradient",
        "not sorted": "similar length",
    },
}

TYPICAL = {
    "build_vocab": {
        "nothing": ([(TABLE, 'return {"<pad>": 0, "<unk>": 1}')], 0.0, 0.0),
        "one slip": (VOCAB_WRONG["ties as they come"], 0.5, 0.95),
        "point missed": (VOCAB_WRONG["rare first"], 0.0, 0.45),
    },
    "encode": {
        "nothing": ([(LOOK, "return []")], 0.0, 0.0),
        "one slip": (ENCODE_WRONG["unknown is padding"], 0.5, 0.95),
        "point missed": (ENCODE_WRONG["backwards"], 0.0, 0.45),
    },
    "collate": {
        "nothing": (
            [(BACK, "return torch.zeros_like(ids), lengths * 0, torch.tensor(targets)")],
            0.0,
            0.0,
        ),
        "one slip": (COLLATE_WRONG["float ids"], 0.5, 0.95),
        "point missed": (COLLATE_WRONG["fixed width"], 0.0, 0.45),
    },
    "SentimentClassifier": {
        "nothing": ([(OUT, "return 0.0 * " + OUT.removeprefix("return "))], 0.0, 0.0),
        "one slip": (CLASS_WRONG["zeros of the padding win"], 0.5, 0.95),
        "point missed": (CLASS_WRONG["bag of words"], 0.0, 0.45),
    },
    "train_epoch": {
        "nothing": (
            "def train_epoch(model, batches, optimizer, max_norm):\n    return 0.0\n",
            0.0,
            0.0,
        ),
        "one slip": (EPOCH_WRONG["mean over batches"], 0.5, 0.95),
        "point missed": (EPOCH_WRONG["gradients pile up"], 0.0, 0.45),
    },
    "evaluate": {
        "nothing": ("def evaluate(model, batches):\n    return 0.0, 0.0\n", 0.0, 0.0),
        "one slip": (EVALUATE_WRONG["mode not restored"], 0.5, 0.95),
        "point missed": (EVALUATE_WRONG["mean over batches"], 0.0, 0.45),
    },
    "train_classifier": {
        "nothing": (TRAIN_WRONG["never trained"], 0.0, 0.0),
        "one slip": (TRAIN_WRONG["hardly trained"], 0.5, 0.95),
        "point missed": (TRAIN_WRONG["old gradients never forgotten"], 0.0, 0.45),
    },
    "predict_fast": {
        "nothing": (FAST_WRONG["the colleague's"], 0.0, 0.0),
        "one slip": (FAST_WRONG["mode not restored"], 0.5, 0.95),
        "point missed": (FAST_WRONG["labels"], 0.0, 0.45),
    },
}
