"""Wrong and right variants of the exercises in ``source/02_lstm/language_model.ipynb``."""

# --- batches ------------------------------------------------------------------------------------
COUNT = "count = (len(ids) - 1) // (batch_size * steps)"
INPUTS = "inputs = ids[:length].reshape(batch_size, count * steps)"
TARGETS = "targets = ids[1 : length + 1].reshape(batch_size, count * steps)"
PAIRS = "return [(inputs[:, piece], targets[:, piece]) for piece in pieces]"
BATCHES_WRONG = {
    "rows filled within a batch": """
def make_batches(ids, batch_size, steps):
    count = (len(ids) - 1) // (batch_size * steps)
    length = count * batch_size * steps
    inputs = ids[:length].reshape(count, batch_size, steps)
    targets = ids[1 : length + 1].reshape(count, batch_size, steps)
    return list(zip(inputs, targets))
""",
    "streams down the columns": [
        (INPUTS, "inputs = ids[:length].reshape(count * steps, batch_size).T"),
        (TARGETS, "targets = ids[1 : length + 1].reshape(count * steps, batch_size).T"),
    ],
    "targets not shifted": [("ids[1 : length + 1]", "ids[:length]")],
    "targets two ahead": [
        ("(len(ids) - 1)", "(len(ids) - 2)"),
        ("ids[1 : length + 1]", "ids[2 : length + 2]"),
    ],
    "targets rolled within the piece": [
        (PAIRS, "return [(inputs[:, p], inputs[:, p].roll(-1, dims=1)) for p in pieces]")
    ],
    "targets rolled within the row": [(TARGETS, "targets = inputs.roll(-1, dims=1)")],
    "inputs and targets exchanged": [("(inputs[:, piece], targets", "(targets[:, piece], inputs")],
    "no character kept for the last target": [
        ("(len(ids) - 1)", "len(ids)"),
        ("ids[1 : length + 1]", "torch.cat([ids[1:], ids[:1]])[:length]"),
    ],
    "last batch missing": [("range(count)", "range(count - 1)")],
    "shuffled": [(PAIRS, PAIRS.replace("in pieces", "in pieces[::-1]"))],
    "rows with the leftovers": """
def make_batches(ids, batch_size, steps):
    row = (len(ids) - 1) // batch_size
    inputs = ids[: row * batch_size].reshape(batch_size, row)
    targets = ids[1 : row * batch_size + 1].reshape(batch_size, row)
    starts = range(0, row - steps + 1, steps)
    return [(inputs[:, a : a + steps], targets[:, a : a + steps]) for a in starts]
""",
    "a generator": [
        (PAIRS, "for p in pieces:\n        yield inputs[:, p].clone(), targets[:, p].clone()")
    ],
    "ids as int32": [
        (PAIRS, PAIRS.replace("piece], targets[:, piece]", "piece].int(), targets[:, piece].int()"))
    ],
    "NumPy arrays": [
        (
            PAIRS,
            PAIRS.replace("piece], targets[:, piece]", "piece].numpy(), targets[:, piece].numpy()"),
        )
    ],
    "ids changed": [(COUNT, "ids += 1; ids -= 2; ids += 1; ids[0] = 0; " + COUNT)],
    "time first": [
        (PAIRS, PAIRS.replace("piece], targets[:, piece]", "piece].T, targets[:, piece].T"))
    ],
}
BATCHES_RIGHT = {
    "view and split": """
def make_batches(ids, batch_size, steps):
    count = (len(ids) - 1) // (batch_size * steps)
    if count == 0:
        return []
    n = batch_size * steps * count
    x, y = ids[:n].view(batch_size, -1), ids[1 : n + 1].view(batch_size, -1)
    return list(zip(x.split(steps, dim=1), y.split(steps, dim=1)))
""",
    "index arithmetic": """
def make_batches(ids, batch_size, steps):
    K = (len(ids) - 1) // (batch_size * steps)
    rows = torch.arange(batch_size, device=ids.device)[:, None] * K * steps
    columns = torch.arange(steps, device=ids.device)
    at = [rows + k * steps + columns for k in range(K)]
    return [(ids[a], ids[a + 1]) for a in at]
""",
    "slices in loops": """
def make_batches(ids, batch_size, steps):
    K = (len(ids) - 1) // (batch_size * steps)
    batches = []
    for k in range(K):
        starts = [(i * K + k) * steps for i in range(batch_size)]
        x = torch.stack([ids[a : a + steps] for a in starts])
        y = torch.stack([ids[a + 1 : a + steps + 1] for a in starts])
        batches.append((x, y))
    return batches
""",
}

# --- the module ---------------------------------------------------------------------------------
LAYER = 'layer = {"lstm": nn.LSTM, "rnn": nn.RNN}[cell]'
MAKE = "self.recurrent = layer(embedding_size, hidden_size, batch_first=True)"
RUN = "h, state = self.recurrent(self.embedding(ids), state)"
READ = "return self.readout(h), state"
HEAD = """
class CharLM(nn.Module):
    def __init__(self, vocab_size, embedding_size, hidden_size, cell="lstm"):
        super().__init__()
"""
MODULE_WRONG = {
    "state ignored": [("self.embedding(ids), state)", "self.embedding(ids))")],
    "state not returned": [("return self.readout(h), state", "return self.readout(h), None")],
    "state of the beginning returned": [
        (RUN, "h, _ = self.recurrent(self.embedding(ids), state)"),
    ],
    "batch_first forgotten": [(", batch_first=True", "")],
    "last step only": [("self.readout(h)", "self.readout(h[:, -1])")],
    "softmax": [("return self.readout(h)", "return self.readout(h).softmax(dim=-1)")],
    "always an LSTM": [(LAYER, "layer = nn.LSTM")],
    "a GRU": [("nn.LSTM", "nn.GRU")],
    "two layers": [("batch_first=True", "num_layers=2, batch_first=True")],
    "sees the future": [
        ("batch_first=True", "bidirectional=True, batch_first=True"),
        ("nn.Linear(hidden_size", "nn.Linear(2 * hidden_size"),
    ],
    "state kept inside": [
        (
            RUN,
            "kept = getattr(self, 'kept', None)\n"
            "        h, state = self.recurrent(self.embedding(ids), kept)\n"
            "        self.kept = detached_here(state)",
        ),
        (
            "class CharLM",
            "def detached_here(s):\n"
            "    return s.detach() if torch.is_tensor(s) else tuple(p.detach() for p in s)\n\n\n"
            "class CharLM",
        ),
    ],
    "read-out without a bias": [
        ("(hidden_size, vocab_size)", "(hidden_size, vocab_size, bias=False)")
    ],
    "dropout": [("self.readout(h)", "self.readout(nn.functional.dropout(h, 0.5))")],
    "recurrent weights frozen": [(MAKE, MAKE + ".requires_grad_(False)")],
    "embedding detached": [
        (RUN, RUN.replace("self.embedding(ids)", "self.embedding(ids).detach()"))
    ],
    "float32 forced": [("return self.readout(h)", "return self.readout(h).float()")],
    "state changed in place": [
        (
            RUN,
            "h, new = self.recurrent(self.embedding(ids), state)\n"
            "        if state is not None:\n"
            "            old = [state] if torch.is_tensor(state) else state\n"
            "            for a, b in zip(old, [new] if torch.is_tensor(new) else new):\n"
            "                a.data.copy_(b.data)\n"
            "        state = new",
        )
    ],
}
MODULE_RIGHT = {
    "other names": [
        ("self.embedding", "self.emb"),
        ("self.recurrent", "self.rnn"),
        ("self.readout", "self.fc"),
    ],
    "embedding by indexing": [("self.embedding(ids)", "self.embedding.weight[ids]")],
    "time first inside": [
        (", batch_first=True", ""),
        (RUN, "h, state = self.recurrent(self.embedding(ids.T), state)"),
        ("self.readout(h)", "self.readout(h).transpose(0, 1)"),
    ],
    "read-out first": HEAD
    + """        self.out = nn.Linear(hidden_size, vocab_size)
        self.table = nn.Parameter(torch.randn(vocab_size, embedding_size))
        if cell == "rnn":
            self.core = nn.RNN(embedding_size, hidden_size, batch_first=True)
        else:
            self.core = nn.LSTM(embedding_size, hidden_size, batch_first=True)

    def forward(self, ids, state=None):
        outputs, after = self.core(nn.functional.embedding(ids, self.table), state)
        return self.out(outputs), after
""",
    "one-hot times a matrix": HEAD
    + """        self.V = vocab_size
        self.W = nn.Parameter(torch.randn(vocab_size, embedding_size))
        self.layer = getattr(nn, cell.upper())(embedding_size, hidden_size, batch_first=True)
        self.W_y = nn.Parameter(0.1 * torch.randn(hidden_size, vocab_size))
        self.b_y = nn.Parameter(torch.zeros(vocab_size))

    def forward(self, ids, state=None):
        x = nn.functional.one_hot(ids, self.V).to(self.W.dtype) @ self.W
        h, state = self.layer(x, state)
        return h @ self.W_y + self.b_y, state
""",
    "cells and a loop": HEAD
    + """        self.kind = cell
        self.embedding = nn.Embedding(vocab_size, embedding_size)
        make = nn.LSTMCell if cell == "lstm" else nn.RNNCell
        self.cell = make(embedding_size, hidden_size)
        self.readout = nn.Linear(hidden_size, vocab_size)

    def forward(self, ids, state=None):
        logits = []
        for x in self.embedding(ids).unbind(1):
            state = self.cell(x, state)
            logits.append(self.readout(state[0] if self.kind == "lstm" else state))
        return torch.stack(logits, dim=1), state
""",
}

# --- the score ----------------------------------------------------------------------------------
RETURN = "return total / (len(ids) - 1) / math.log(2)"
BITS_WRONG = {
    "nats": [(" / math.log(2)", "")],
    "divided by the length": [("(len(ids) - 1)", "len(ids)")],
    "sum": [("total / (len(ids) - 1)", "total")],
    "training mode": [("    model.eval()\n", "")],
    "left in evaluation mode": [("    model.train(was_training)\n", "")],
    "state reset at each piece": [("model(inputs[None], state)", "model(inputs[None])")],
    "state reset at short pieces": [
        ("model(inputs[None], state)", "model(inputs[None])"),
        ("split(10_000)", "split(1000)"),
    ],
    "a prediction lost at each cut": [
        (
            "zip(ids[:-1].split(10_000), ids[1:].split(10_000), strict=True)",
            "[(p[:-1], p[1:]) for p in ids.split(1000) if len(p) > 1]",
        )
    ],
    "targets not shifted": [("ids[1:].split", "ids[:-1].split")],
    "gradients recorded": [("with torch.no_grad():", "with torch.enable_grad():")],
    "mean of the pieces' means": [
        ("split(10_000)", "split(1000)"),
        ('reduction="sum").item()', 'reduction="mean").item()'),
        ("total / (len(ids) - 1)", "total / math.ceil((len(ids) - 1) / 1000)"),
    ],
    "last prediction forgotten": [
        ("ids[:-1].split", "ids[:-2].split"),
        ("ids[1:].split", "ids[1:-1].split"),
        ("(len(ids) - 1)", "max(1, len(ids) - 2)"),
    ],
    "sign flipped": [("return total", "return -total")],
}
BITS_RIGHT = {
    "in one piece": [("split(10_000)", "split(10**9)")],
    "log_softmax and gather": """
@torch.no_grad()
def bits_per_character(model, ids):
    mode = model.training
    model.eval()
    logits, _ = model(ids[:-1].unsqueeze(0), None)
    log_p = torch.log_softmax(logits.squeeze(0), dim=-1).gather(1, ids[1:].unsqueeze(1))
    model.train(mode)
    return float(-log_p.mean() / np.log(2))
""",
    "log2 of the softmax": """
def bits_per_character(model, ids):
    before = model.training
    model.eval()
    try:
        with torch.no_grad():
            p = model(ids[None, :-1])[0][0].softmax(dim=-1)
            return -p[torch.arange(len(ids) - 1), ids[1:]].log2().mean().item()
    finally:
        model.train(before)
""",
    "pieces of 64": """
def bits_per_character(model, ids):
    was = model.training
    model.eval()
    state, bits = None, []
    with torch.inference_mode():
        for a in range(0, len(ids) - 1, 64):
            x, y = ids[a : a + 64], ids[a + 1 : a + 65]
            logits, state = model(x[: len(y)][None], state)
            bits.append(cross_entropy(logits[0], y, reduction="none") / math.log(2))
    model.train() if was else model.eval()
    return torch.cat(bits).mean().item()
""",
    "character by character": """
def bits_per_character(model, ids):
    was, state, total = model.training, None, 0.0
    model.train(False)
    with torch.no_grad():
        for here, following in zip(ids[:-1], ids[1:]):
            logits, state = model(here.reshape(1, 1), state)
            total -= math.log2(float(torch.softmax(logits[0, 0], dim=0)[following]))
    model.train(was)
    return total / (len(ids) - 1)
""",
}

# --- one pass -----------------------------------------------------------------------------------
STEP = "optimizer.step()"
EPOCH_WRONG = {
    "state reset": [("model(inputs, state)", "model(inputs)")],
    "state not detached": [("        state = detached(state)\n", "")],
    "gradients not cleared": [("        optimizer.zero_grad()\n", "")],
    "cleared after backward": [
        (
            "        optimizer.zero_grad()\n        loss.backward()\n",
            "        loss.backward()\n        optimizer.zero_grad()\n",
        )
    ],
    "not clipped": [("        nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n", "")],
    "clipped after the step": [
        (
            "        nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n        optimizer.step()\n",
            "        optimizer.step()\n        nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n",
        )
    ],
    "values clipped": [("clip_grad_norm_", "clip_grad_value_")],
    "each parameter clipped by itself": [
        (
            "nn.utils.clip_grad_norm_(model.parameters(), max_norm)",
            "[nn.utils.clip_grad_norm_([p], max_norm) for p in model.parameters()]",
        )
    ],
    "no step": [("        optimizer.step()\n", "")],
    "nats returned": [(" / math.log(2)", "")],
    "bits minimised": [("loss.backward()", "(loss / math.log(2)).backward()")],
    "sum over characters": [
        ("targets.flatten())", 'targets.flatten(), reduction="sum")'),
        ("total += loss.item()", "total += loss.item() / targets.numel()"),
    ],
    "evaluation mode": [("    model.train()\n", "    model.eval()\n")],
    "mode left as it is": [("    model.train()\n", "")],
    "last step of each piece only": [
        ("logits.flatten(0, 1), targets.flatten()", "logits[:, -1], targets[:, -1]")
    ],
    "batches backwards": [("in batches:", "in batches[::-1]:")],
    "inputs as targets": [("targets.flatten())", "inputs.flatten())")],
}
EPOCH_RIGHT = {
    "detach before the model": [
        ("        state = detached(state)\n", ""),
        ("model(inputs, state)", "model(inputs, None if state is None else detached(state))"),
    ],
    "logits transposed": [
        (
            "cross_entropy(logits.flatten(0, 1), targets.flatten())",
            "cross_entropy(logits.transpose(1, 2), targets)",
        )
    ],
    "list of losses": [
        ("total, state = 0.0, None", "losses, state = [], None"),
        ("total += loss.item()", "losses.append(loss.detach())"),
        ("total / len(batches) / math.log(2)", "float(torch.stack(losses).mean()) / np.log(2)"),
    ],
    "clipped by hand": [
        (
            "nn.utils.clip_grad_norm_(model.parameters(), max_norm)",
            "norm = sum(p.grad.pow(2).sum() for p in model.parameters()).sqrt()\n"
            "        for p in model.parameters():\n"
            "            p.grad.mul_(min(1.0, float(max_norm / (norm + 1e-6))))",
        )
    ],
    "CrossEntropyLoss": [
        (
            "loss = cross_entropy(logits.flatten(0, 1), targets.flatten())",
            "loss = nn.CrossEntropyLoss()(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))",
        )
    ],
    "model.zero_grad": [("optimizer.zero_grad()", "model.zero_grad()")],
}

# --- the training -------------------------------------------------------------------------------
SHORT = [  # for variants that learn nothing anyway
    ("rates = (0.005, 0.02, 0.02, 0.015, 0.01, 0.006, 0.003, 0.001)", "rates = (0.005,)"),
    ("size = math.ceil(len(batches) / len(rates))", "size = 100"),
]
TRAIN_WRONG = {
    "a fresh model is returned": [
        *SHORT,
        ("    return model", "    return CharLM(vocab_size, 32, 128)"),
    ],
    "nothing returned": [*SHORT, ("    return model", "    return None")],
    "first batches only": SHORT,
    "learning rate far too small": [
        ('optimizer.param_groups[0]["lr"] = rate', 'optimizer.param_groups[0]["lr"] = rate / 1000')
    ],
    "four hidden units": [("CharLM(vocab_size, 32, 128)", "CharLM(vocab_size, 8, 4)")],
    "optimizer of another model": [
        *SHORT,
        ("Adam(model.parameters())", "Adam(CharLM(vocab_size, 32, 128).parameters())"),
    ],
    "learns to repeat": [
        *SHORT,
        (
            "batches = make_batches(ids, 16, 32)",
            "batches = [(x, x) for x, _ in make_batches(ids, 16, 32)]",
        ),
    ],
}
FIVE_GRAM = """
class Counted({base}):
    def __init__(self, ids, V):
        {start}
        self.V, self.tables, text = V, {{}}, ids.tolist()
        for order in range(5):
            for t in range(order, len(text)):
                counts = self.tables.setdefault(tuple(text[t - order : t]), {{}})
                counts[text[t]] = counts.get(text[t], 0) + 1

    def bets(self, past):
        p = np.full(self.V, 1 / self.V)
        for order in range(5):
            counts = self.tables.get(tuple(past[len(past) - order :]))
            if counts is None or order > len(past):
                break
            p = p * len(counts)
            p[list(counts)] += np.array(list(counts.values()))
            p /= p.sum()
        return np.log(p)

    def forward(self, ids, state=None):
        state = [[] for _ in ids] if state is None else state
        rows = []
        for past, row in zip(state, ids.tolist()):
            texts = [(past + row)[: len(past) + t + 1] for t in range(len(row))]
            rows.append([self.bets(text) for text in texts])
        state = [(past + row)[-4:] for past, row in zip(state, ids.tolist())]
        return torch.tensor(np.array(rows), dtype=torch.float32), state


def train_language_model(ids, vocab_size):
    return Counted(ids, vocab_size)
"""
CALL = "train_epoch(model, batches[k * size : (k + 1) * size], optimizer, max_norm=1.0)"
OWN_LOOP = """model.train()
        state = None
        for inputs, targets in batches[k * size : (k + 1) * size]:
            logits, state = model(inputs, state)
            state = detached(state)
            optimizer.zero_grad()
            cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()"""
TRAIN_WRONG |= {
    "a counted 5-gram": FIVE_GRAM.format(base="nn.Module", start="super().__init__()"),
    "a counted 5-gram inside a CharLM": FIVE_GRAM.format(
        base="CharLM", start="super().__init__(V, 8, 8)"
    ),
    "own loop, gradients not cleared": [
        (CALL, OWN_LOOP.replace("            optimizer.zero_grad()\n", ""))
    ],
}
TRAIN_RIGHT = {
    "own loop": [(CALL, OWN_LOOP)],
    "constant rate": [
        ('optimizer.param_groups[0]["lr"] = rate', 'optimizer.param_groups[0]["lr"] = 0.008'),
    ],
    "schedule by hand, 96 units": """
def train_language_model(ids, vocab_size):
    model = CharLM(vocab_size, 24, 96)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.015)
    pieces = ids.split(len(ids) // 10)
    for k, piece in enumerate(pieces):
        for group in optimizer.param_groups:
            group["lr"] = 0.015 * (1 - k / len(pieces))
        train_epoch(model, make_batches(piece, 20, 25), optimizer, 1.0)
    return model.eval()
""",
}

# --- writing ------------------------------------------------------------------------------------
DRAW = "unread = torch.multinomial(p, 1, generator=generator)"
SOFTMAX = "p = torch.softmax(logits[0, -1] / temperature, dim=-1)"
SAMPLE_WRONG = {
    "temperature multiplies": [("logits[0, -1] / temperature", "logits[0, -1] * temperature")],
    "temperature ignored": [("logits[0, -1] / temperature", "logits[0, -1]")],
    "temperature divides probabilities": [
        (SOFTMAX, "p = torch.softmax(logits[0, -1], dim=-1) / temperature")
    ],
    "only the best two": [
        (
            SOFTMAX,
            SOFTMAX + "\n                p = torch.where(p >= p.topk(2).values[-1], p, 0 * p)",
        )
    ],
    "global random state": [("(p, 1, generator=generator)", "(p, 1)")],
    "global state seeded from the generator": [
        (
            "    was_training",
            "    torch.manual_seed(generator.initial_seed())\n    was_training",
        ),
        ("(p, 1, generator=generator)", "(p, 1)"),
    ],
    "generator seeded inside": [
        ("    was_training", "    generator.manual_seed(0)\n    was_training")
    ],
    "state lost": [("model(unread[None], state)", "model(unread[None])")],
    "prompt not read": [("None, prompt\n", "None, prompt[-1:]\n")],
    "last character read twice": [
        (
            "    with torch.no_grad():\n",
            "    with torch.no_grad():\n"
            "        state, unread = model(prompt[None])[1], prompt[-1:]\n",
        )
    ],
    "prompt not returned": [("    return ids", "    return ids[len(prompt) :]")],
    "one too few": [("range(length)", "range(length - 1)")],
    "temperature 0 divides": [("if temperature == 0:", "if False:")],
    "exponential overflows": [
        (SOFTMAX, "e = torch.exp(logits[0, -1] / temperature)\n                p = e / e.sum()")
    ],
    "training mode": [("    model.eval()\n", "")],
    "left in evaluation mode": [("    model.train(was_training)\n", "")],
    "gradients recorded": [("with torch.no_grad():", "with torch.enable_grad():")],
    "prompt overwritten": [
        ("    was_training", "    prompt[0] = 0\n    was_training"),
    ],
}
SAMPLE_RIGHT = {
    "inverse of the distribution function": [
        (
            DRAW,
            "u = torch.rand(1, generator=generator, device=p.device, dtype=p.dtype)\n"
            "                unread = torch.searchsorted(p.cumsum(0), u * p.sum()).clamp(max=len(p) - 1)",
        )
    ],
    "Gumbel": [
        (
            DRAW,
            "u = torch.rand(p.shape, generator=generator, device=p.device).clamp(1e-12, 1 - 1e-7)\n"
            "                unread = (p.log() - (-u.log()).log()).argmax().reshape(1)",
        )
    ],
    "exponential race": [
        (
            DRAW,
            "e = torch.empty_like(p).exponential_(generator=generator)\n"
            "                unread = (p / e).argmax(dim=0, keepdim=True)",
        )
    ],
    "all characters read again": [("model(unread[None], state)", "model(ids[None])")],
    "power of the probabilities": [
        (
            SOFTMAX,
            "p = torch.softmax(logits[0, -1].double(), dim=-1) ** (1 / temperature)\n"
            "                p = p / p.sum()",
        )
    ],
    "largest logit subtracted": [
        (
            SOFTMAX,
            "z = logits[0, -1] - logits[0, -1].max()\n"
            "                p = torch.exp(z / temperature)\n"
            "                p = p / p.sum()",
        )
    ],
    "list of ids": """
@torch.no_grad()
def sample(model, prompt, length, temperature, generator):
    mode = model.training
    model.eval()
    written = prompt.tolist()
    logits, state = model(prompt.reshape(1, -1), None)
    while len(written) < len(prompt) + length:
        z = logits[0, -1]
        if temperature > 0:
            p = torch.distributions.Categorical(logits=z / temperature).probs
            following = int(torch.multinomial(p, 1, generator=generator))
        else:
            following = int(torch.argmax(z))
        written.append(following)
        logits, state = model(torch.tensor([[following]], device=prompt.device), state)
    model.train(mode)
    return torch.tensor(written, device=prompt.device)
""",
    "preallocated": """
def sample(model, prompt, length, temperature, generator):
    was, P = model.training, len(prompt)
    ids = torch.cat([prompt, prompt.new_zeros(length)])
    model.eval()
    with torch.inference_mode():
        state, begin = None, 0
        for t in range(P, P + length):
            logits, state = model(ids[None, begin:t], state)
            z = logits[0, -1]
            p = torch.softmax(z / temperature, 0) if temperature else nn.functional.one_hot(z.argmax(), len(z)).float()
            ids[t] = torch.multinomial(p, 1, generator=generator)[0]
            begin = t
    model.train(was)
    return ids
""",
}

# --- the repaired score -------------------------------------------------------------------------
PAID = (
    "paid = [n * bits_per_character(model, ids) for n, ids in zip(predicted, texts, strict=True)]"
)
COLLEAGUE = """
def bits_of_texts(model, texts, piece=16):
    total, count, means = 0.0, 0, []
    state = None
    for ids in texts:
        state = {state}
        for start in range(0, len(ids) - 1, piece):
            part = ids[start : start + piece{more}]
            if len(part) < 2:
                continue
            logits, state = model(part[None, :-1], {given})
            nats = cross_entropy(logits[0], part[1:], reduction="none")
            total, count = total + nats.sum().item(), count + len(nats)
            means.append(nats.mean().item())
    return {answer}
"""


def _colleague(state="None", more=" + 1", given="state", answer="total / count / math.log(2)"):
    return COLLEAGUE.format(state=state, more=more, given=given, answer=answer)


TEXTS_WRONG = {
    "as the colleague wrote it": _colleague(more="", answer="sum(means) / len(means)"),
    "unit not repaired": _colleague(answer="total / count"),
    "weights not repaired": _colleague(answer="sum(means) / len(means) / math.log(2)"),
    "cuts not repaired": _colleague(more=""),
    "state thrown away at each cut": _colleague(given="None"),
    "state passes to the next text": _colleague(state="state"),
    "mean of the texts' means": [
        (PAID, "paid = [bits_per_character(model, ids) for ids in texts]"),
        ("sum(predicted)", "len(texts)"),
    ],
    "weights are lengths": [("len(ids) - 1", "len(ids)")],
    "divided by the characters": [("sum(predicted)", "sum(map(len, texts))")],
    "texts joined": [
        (
            "    return sum(paid) / sum(predicted)",
            "    return bits_per_character(model, torch.cat(texts))",
        )
    ],
    "sum": [("sum(paid) / sum(predicted)", "sum(paid)")],
}
TEXTS_RIGHT = {
    "the colleague's loops, repaired": _colleague(),
    "without pieces": """
def bits_of_texts(model, texts):
    nats = []
    with torch.no_grad():
        for ids in texts:
            logits, _ = model(ids[None, :-1])
            nats.append(cross_entropy(logits[0], ids[1:], reduction="none"))
    return torch.cat(nats).mean().item() / math.log(2)
""",
    "np.average": [
        (
            "    return sum(paid) / sum(predicted)",
            "    return float(np.average([bits_per_character(model, t) for t in texts], weights=predicted))",
        )
    ],
}

WRONG = {
    "make_batches": BATCHES_WRONG,
    "CharLM": MODULE_WRONG,
    "bits_per_character": BITS_WRONG,
    "train_epoch": EPOCH_WRONG,
    "train_language_model": TRAIN_WRONG,
    "sample": SAMPLE_WRONG,
    "bits_of_texts": TEXTS_WRONG,
}
RIGHT = {
    "make_batches": BATCHES_RIGHT,
    "CharLM": MODULE_RIGHT,
    "bits_per_character": BITS_RIGHT,
    "train_epoch": EPOCH_RIGHT,
    "train_language_model": TRAIN_RIGHT,
    "sample": SAMPLE_RIGHT,
    "bits_of_texts": TEXTS_RIGHT,
}
SAYS = {
    "make_batches": {
        "rows filled within a batch": "continue row i",
        "streams down the columns": "columns",
        "targets not shifted": "one character ahead",
        "targets rolled within the piece": "torch.roll",
        "inputs and targets exchanged": "inputs come first",
        "no character kept for the last target": "L - 1",
        "last batch missing": "batches",
        "shuffled": "wrong order",
        "time first": "(batch_size, steps)",
    },
    "CharLM": {
        "state ignored": "in two pieces",
        "state not returned": "in two pieces",
        "batch_first forgotten": "batch_first",
        "softmax": "No softmax",
        "always an LSTM": "nn.RNN",
        "two layers": "one nn.LSTM",
    },
    "bits_per_character": {
        "nats": "nats",
        "divided by the length": "L - 1",
        "sum": "take the mean",
        "training mode": "training mode",
        "left in evaluation mode": "in the mode",
        "state reset at each piece": "bits of a text of 24,001",
        "state reset at short pieces": "state is lost",
        "targets not shifted": "one later",
        "sign flipped": "sign",
    },
    "train_epoch": {
        "state reset": "thrown away",
        "state not detached": "history",
        "gradients not cleared": "pile up",
        "not clipped": "not clipped",
        "values clipped": "global norm",
        "no step": "optimizer.step",
        "nats returned": "nats",
        "bits minimised": "gradient of the bits",
        "evaluation mode": "evaluation mode",
        "batches backwards": "in order",
    },
    "train_language_model": {
        "nothing returned": "return",
        "a fresh model is returned": "nothing was learned",
    },
    "sample": {
        "temperature multiplies": "multiplies",
        "temperature ignored": "no effect",
        "global random state": "generator alone",
        "generator seeded inside": "do not seed",
        "state lost": "state is lost",
        "prompt not read": "Only the last",
        "last character read twice": "read twice",
        "training mode": "training mode",
        "left in evaluation mode": "training mode before",
    },
    "bits_of_texts": {
        "unit not repaired": "nats",
        "weights not repaired": "mean of the texts' means",
        "cuts not repaired": "lost at each cut",
        "state passes to the next text": "passes from one text",
        "divided by the characters": "predictions",
    },
}

TYPICAL = {
    "make_batches": {
        "nothing": ("def make_batches(ids, batch_size, steps):\n    return []\n", 0, 0),
        "one slip": (BATCHES_WRONG["targets not shifted"], 0.5, 0.99),
        "point missed": (BATCHES_WRONG["rows filled within a batch"], 0, 0.49),
    },
    "CharLM": {
        "nothing": ([("return self.readout(h), state", "return 0 * self.readout(h), state")], 0, 0),
        "one slip": (MODULE_WRONG["always an LSTM"], 0.5, 0.99),
        "point missed": (MODULE_WRONG["state ignored"], 0, 0.49),
    },
    "bits_per_character": {
        "nothing": ("def bits_per_character(model, ids):\n    return 1.0\n", 0, 0),
        "one slip": (BITS_WRONG["nats"], 0.5, 0.99),
        "point missed": (BITS_WRONG["targets not shifted"], 0, 0.49),
    },
    "train_epoch": {
        "nothing": (
            "def train_epoch(model, batches, optimizer, max_norm):\n    return 0.0\n",
            0,
            0,
        ),
        "one slip": (EPOCH_WRONG["not clipped"], 0.5, 0.99),
        "point missed": (EPOCH_WRONG["state reset"], 0, 0.49),
    },
    "train_language_model": {
        "nothing": (
            "def train_language_model(ids, vocab_size):\n    return CharLM(vocab_size, 32, 128)\n",
            0,
            0,
        ),
        "one slip": ([("CharLM(vocab_size, 32, 128)", "CharLM(vocab_size, 32, 40)")], 0.5, 0.99),
        "point missed": (TRAIN_WRONG["a counted 5-gram"], 0, 0.49),
    },
    "sample": {
        "nothing": (
            "def sample(model, prompt, length, temperature, generator):\n"
            "    return torch.cat([prompt, prompt.new_zeros(length)])\n",
            0,
            0,
        ),
        "one slip": (SAMPLE_WRONG["left in evaluation mode"], 0.5, 0.99),
        "point missed": (SAMPLE_WRONG["temperature ignored"], 0, 0.49),
    },
    "bits_of_texts": {
        "nothing": (TEXTS_WRONG["as the colleague wrote it"], 0, 0),
        "one slip": (TEXTS_WRONG["unit not repaired"], 0.5, 0.99),
        "point missed": (
            _colleague(more="", answer="sum(means) / len(means) / math.log(2)"),
            0,
            0.49,
        ),
    },
}
