"""Wrong and right variants of the exercises in ``source/02_lstm/language_model.ipynb``."""

# --- batches ------------------------------------------------------------------------------------
COUNT = "count = (len(ids) - 1) // (batch_size * steps)"
INPUTS = "inputs = ids[:length].reshape(batch_size, count * steps)"
TARGETS = "targets = ids[1 : length + 1].reshape(batch_size, count * steps)"
PAIRS = "return [(inputs[:, piece], targets[:, piece]) for piece in pieces]"
BATCHES_WRONG = {
    "Row i of a batch must continue row i of the batch before; here the text runs down the rows of one batch.": """
def make_batches(ids, batch_size, steps):
    count = (len(ids) - 1) // (batch_size * steps)
    length = count * batch_size * steps
    inputs = ids[:length].reshape(count, batch_size, steps)
    targets = ids[1 : length + 1].reshape(count, batch_size, steps)
    return list(zip(inputs, targets))
""",
    "The text runs down the columns: every row must be a stream of its own.": [
        (INPUTS, "inputs = ids[:length].reshape(count * steps, batch_size).T"),
        (TARGETS, "targets = ids[1 : length + 1].reshape(count * steps, batch_size).T"),
    ],
    "The targets are the inputs: move them one character ahead.": [
        ("ids[1 : length + 1]", "ids[:length]")
    ],
    "The targets lie two characters ahead: take the character right after each input.": [
        ("(len(ids) - 1)", "(len(ids) - 2)"),
        ("ids[1 : length + 1]", "ids[2 : length + 2]"),
    ],
    "The last target of each piece is its first input: shift the text, not the piece (no torch.roll).": [
        (PAIRS, "return [(inputs[:, p], inputs[:, p].roll(-1, dims=1)) for p in pieces]")
    ],
    "The last target of each row is the row's first character: shift the text, not the rows.": [
        (TARGETS, "targets = inputs.roll(-1, dims=1)")
    ],
    "Inputs and targets are exchanged: inputs come first.": [
        ("(inputs[:, piece], targets", "(targets[:, piece], inputs")
    ],
    "The last target needs a character too: divide L - 1 by batch_size * steps, and round down.": [
        ("(len(ids) - 1)", "len(ids)"),
        ("ids[1 : length + 1]", "torch.cat([ids[1:], ids[:1]])[:length]"),
    ],
    "The last full batch is missing.": [("range(count)", "range(count - 1)")],
    "The batches are in the wrong order.": [(PAIRS, PAIRS.replace("in pieces", "in pieces[::-1]"))],
    "Each row has leftovers of its own: rows are as long as what is used, K · steps characters.": """
def make_batches(ids, batch_size, steps):
    row = (len(ids) - 1) // batch_size
    inputs = ids[: row * batch_size].reshape(batch_size, row)
    targets = ids[1 : row * batch_size + 1].reshape(batch_size, row)
    starts = range(0, row - steps + 1, steps)
    return [(inputs[:, a : a + steps], targets[:, a : a + steps]) for a in starts]
""",
    "A generator can be read only once: return a list.": [
        (PAIRS, "for p in pieces:\n        yield inputs[:, p].clone(), targets[:, p].clone()")
    ],
    "The ids have lost their dtype: an embedding wants int64, as it came.": [
        (PAIRS, PAIRS.replace("piece], targets[:, piece]", "piece].int(), targets[:, piece].int()"))
    ],
    "The parts are NumPy arrays: return tensors.": [
        (
            PAIRS,
            PAIRS.replace("piece], targets[:, piece]", "piece].numpy(), targets[:, piece].numpy()"),
        )
    ],
    "The text itself is changed: leave ids as it is, and slice it.": [
        (COUNT, "ids += 1; ids -= 2; ids += 1; ids[0] = 0; " + COUNT)
    ],
    "Each entry of the list is one tensor: make it a pair (inputs, targets).": [
        (PAIRS, "return [torch.stack((inputs[:, piece], targets[:, piece])) for piece in pieces]")
    ],
    "Where nothing fills a batch, a batch of no steps comes back: the list must be empty there.": [
        (PAIRS, "return list(zip(inputs.split(steps, dim=1), targets.split(steps, dim=1)))")
    ],
    "Time comes first: the shape of each part is (batch_size, steps).": [
        (PAIRS, PAIRS.replace("piece], targets[:, piece]", "piece].T, targets[:, piece].T"))
    ],
    "The streams start too late: leave out the end of the text, not its beginning.": [
        (INPUTS, "inputs = ids[len(ids) - 1 - length : -1].reshape(batch_size, count * steps)"),
        (TARGETS, "targets = ids[len(ids) - length :].reshape(batch_size, count * steps)"),
    ],
    "Rows overlap: row 1 begins where row 0 ends.": [
        (INPUTS, "inputs = ids.unfold(0, count * steps, steps)[:batch_size]"),
        (TARGETS, "targets = ids[1:].unfold(0, count * steps, steps)[:batch_size]"),
    ],
    "The targets lie one character behind: the network would predict the past.": [
        (TARGETS, "targets = ids.roll(1)[:length].reshape(batch_size, count * steps)")
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
    "The state that forward is given is not used: hand it to the recurrent layer.": [
        ("self.embedding(ids), state)", "self.embedding(ids))")
    ],
    "None comes back instead of a state: return the one after the last step.": [
        ("return self.readout(h), state", "return self.readout(h), None")
    ],
    "The state that came in is returned: return the one after the last step.": [
        (RUN, "h, _ = self.recurrent(self.embedding(ids), state)"),
    ],
    "Is batch_first=True missing? The layer reads across the batch.": [(", batch_first=True", "")],
    "Only the last step is read out: every step has a bet.": [
        ("self.readout(h)", "self.readout(h[:, -1])")
    ],
    "No softmax: return the logits.": [
        ("return self.readout(h)", "return self.readout(h).softmax(dim=-1)")
    ],
    'There is an nn.LSTM for cell="rnn" too: take nn.RNN there.': [(LAYER, "layer = nn.LSTM")],
    "This is an nn.GRU: nn.LSTM is asked for.": [("nn.LSTM", "nn.GRU")],
    "There are two recurrent layers: one is asked for.": [
        ("batch_first=True", "num_layers=2, batch_first=True")
    ],
    "The layer reads backwards too, so a bet sees the future: leave out bidirectional=True.": [
        ("batch_first=True", "bidirectional=True, batch_first=True"),
        ("nn.Linear(hidden_size", "nn.Linear(2 * hidden_size"),
    ],
    "The module remembers the state of an earlier call: only the caller keeps it.": [
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
    "The read-out has no bias: take nn.Linear as it comes.": [
        ("(hidden_size, vocab_size)", "(hidden_size, vocab_size, bias=False)")
    ],
    "There is dropout in the module: the same ids must give the same logits.": [
        ("self.readout(h)", "self.readout(nn.functional.dropout(h, 0.5))")
    ],
    "The RNN has a ReLU: leave nn.RNN as it comes, with its tanh.": [
        (
            LAYER,
            LAYER.replace(
                "nn.RNN", "lambda *sizes, **how: nn.RNN(*sizes, nonlinearity='relu', **how)"
            ),
        )
    ],
    "The embedding of one id does not learn: leave out padding_idx.": [
        ("(vocab_size, embedding_size)", "(vocab_size, embedding_size, padding_idx=0)")
    ],
    "The recurrent weights do not learn: leave requires_grad as it is.": [
        (MAKE, MAKE + ".requires_grad_(False)")
    ],
    "The embedding does not learn: leave out detach().": [
        (RUN, RUN.replace("self.embedding(ids)", "self.embedding(ids).detach()"))
    ],
    "The logits are forced to float32: keep the dtype of the parameters.": [
        ("return self.readout(h)", "return self.readout(h).float()")
    ],
    "The state that was given is overwritten: the caller may still need it.": [
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
    "The ids are overwritten: read them, and leave them as they are.": [
        (RUN, RUN + "\n        ids.zero_()")
    ],
    "The logits of another module of the same sizes come back: keep nothing outside the module.": [
        (
            RUN,
            RUN
            + "\n        given = CharLM.known.setdefault((ids.shape, h.shape), self.readout(h))",
        ),
        ("    def forward(", "    known = {}\n\n    def forward("),
        ("return self.readout(h), state", "return given, state"),
    ],
    "The first state is always on the CPU: make its zeros on the device of the ids.": [
        (
            RUN,
            "if state is None:\n"
            "            zeros = torch.zeros(1, len(ids), self.recurrent.hidden_size, dtype=self.readout.weight.dtype)\n"
            "            state = (zeros, zeros) if isinstance(self.recurrent, nn.LSTM) else zeros\n"
            "        " + RUN,
        )
    ],
    "No log_softmax: return the logits.": [
        ("return self.readout(h)", "return self.readout(h).log_softmax(dim=-1)")
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
    "These are nats: divide by ln 2 for bits.": [(" / math.log(2)", "")],
    "L characters, but L - 1 predictions: divide by L - 1.": [("(len(ids) - 1)", "len(ids)")],
    "This is the sum over all predictions: take the mean.": [("total / (len(ids) - 1)", "total")],
    "The model was measured in training mode: call model.eval() first.": [
        ("    model.eval()\n", "")
    ],
    "The model is left in evaluation mode: put it back into the mode it was in before.": [
        ("    model.train(was_training)\n", "")
    ],
    "The state is lost on the way: hand it from piece to piece.": [
        ("model(inputs[None], state)", "model(inputs[None])")
    ],
    "Every short piece begins with a zero state: hand the state on.": [
        ("model(inputs[None], state)", "model(inputs[None])"),
        ("split(10_000)", "split(1000)"),
    ],
    "A prediction is lost at each cut: the first character of a piece must be predicted too.": [
        (
            "zip(ids[:-1].split(10_000), ids[1:].split(10_000), strict=True)",
            "[(p[:-1], p[1:]) for p in ids.split(1000) if len(p) > 1]",
        )
    ],
    "Predictions are compared with the character just read: targets come one later.": [
        ("ids[1:].split", "ids[:-1].split")
    ],
    "Gradients are recorded: measure inside torch.no_grad().": [
        ("with torch.no_grad():", "with torch.enable_grad():")
    ],
    "The parameters stay frozen: leave requires_grad as it is.": [
        ("    was_training", "    model.requires_grad_(False)\n    was_training")
    ],
    "This is the mean of the pieces' means: a short last piece must count for less.": [
        ("split(10_000)", "split(1000)"),
        ('reduction="sum").item()', 'reduction="mean").item()'),
        ("total / (len(ids) - 1)", "total / math.ceil((len(ids) - 1) / 1000)"),
    ],
    "The last character is not predicted: there are L - 1 predictions.": [
        ("ids[:-1].split", "ids[:-2].split"),
        ("ids[1:].split", "ids[1:-1].split"),
        ("(len(ids) - 1)", "max(1, len(ids) - 2)"),
    ],
    "Bits are never negative: -log2 p is at least 0.": [("return total", "return -total")],
    "ln 2 belongs in the denominator.": [(" / math.log(2)", " * math.log(2)")],
    "This is the perplexity: its logarithm is asked for.": [
        (RETURN, "return 2 ** (total / (len(ids) - 1) / math.log(2))")
    ],
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
    "The state is thrown away: each batch starts from the detached state of the one before.": [
        ("model(inputs, state)", "model(inputs)")
    ],
    "The state still carries its history: detach it between batches.": [
        ("        state = detached(state)\n", "")
    ],
    "Gradients pile up from batch to batch: set them to zero.": [
        ("        optimizer.zero_grad()\n", "")
    ],
    "Gradients are set to zero once, before the first batch: do it for each.": [
        ("        optimizer.zero_grad()\n", ""),
        ("    model.train()\n", "    model.train()\n    optimizer.zero_grad()\n"),
    ],
    "An LSTM's state is a pair: detach both parts, as detached does.": [
        ("detached(state)", "state.detach()")
    ],
    "Gradients are set to zero after backward, so the step sees none: do it before.": [
        (
            "        optimizer.zero_grad()\n        loss.backward()\n",
            "        loss.backward()\n        optimizer.zero_grad()\n",
        )
    ],
    "The gradients are not clipped to max_norm before the step.": [
        ("        nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n", "")
    ],
    "Clipping comes after the step, too late: it belongs between backward and step.": [
        (
            "        nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n        optimizer.step()\n",
            "        optimizer.step()\n        nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n",
        )
    ],
    "Each value was clipped by itself: clip the global norm.": [
        ("clip_grad_norm_", "clip_grad_value_")
    ],
    "Each parameter was clipped by itself: clip the norm of all gradients together.": [
        (
            "nn.utils.clip_grad_norm_(model.parameters(), max_norm)",
            "[nn.utils.clip_grad_norm_([p], max_norm) for p in model.parameters()]",
        )
    ],
    "Nothing was learned: optimizer.step() is missing.": [("        optimizer.step()\n", "")],
    "These are nats: divide by ln 2.": [(" / math.log(2)", "")],
    "The gradient of the bits was taken: minimise the nats.": [
        ("loss.backward()", "(loss / math.log(2)).backward()")
    ],
    "The gradient of the sum over the characters was taken: minimise the mean.": [
        ("targets.flatten())", 'targets.flatten(), reduction="sum")'),
        ("total += loss.item()", "total += loss.item() / targets.numel()"),
    ],
    "The model is in evaluation mode: call model.train() first.": [
        ("    model.train()\n", "    model.eval()\n")
    ],
    "The model is trained in whatever mode it comes: call model.train() first.": [
        ("    model.train()\n", "")
    ],
    "Only the last step of each piece is in the loss: all characters belong there.": [
        ("logits.flatten(0, 1), targets.flatten()", "logits[:, -1], targets[:, -1]")
    ],
    "Batches come in order, the first one first.": [("in batches:", "in batches[::-1]:")],
    "The loss compares the logits with the inputs: compare them with the targets.": [
        ("targets.flatten())", "inputs.flatten())")
    ],
    "This is the sum over the batches: take the mean.": [("total / len(batches)", "total")],
    "This is the last batch's loss: take the mean over all batches.": [
        ("total += loss.item()", "total = loss.item()"),
        ("total / len(batches)", "total"),
    ],
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
    "A fresh model is returned: return the one that was trained.": [
        *SHORT,
        ("    return model", "    return CharLM(vocab_size, 32, 128)"),
    ],
    "Nothing is returned: return the trained model.": [
        *SHORT,
        ("    return model", "    return None"),
    ],
    "Only the first batches are used: train on all of the text.": SHORT,
    "The learning rate is far too small: one pass teaches next to nothing.": [
        ('optimizer.param_groups[0]["lr"] = rate', 'optimizer.param_groups[0]["lr"] = rate / 1000')
    ],
    "Four hidden units hold too little: take about a hundred.": [
        ("CharLM(vocab_size, 32, 128)", "CharLM(vocab_size, 8, 4)")
    ],
    "The optimizer moves the parameters of another model: give it this model's.": [
        *SHORT,
        ("Adam(model.parameters())", "Adam(CharLM(vocab_size, 32, 128).parameters())"),
    ],
    "The model learns to repeat what it has just read: targets come one character later.": [
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
    "The notebook's V is used: the size of the alphabet is the argument vocab_size.": [
        *SHORT,
        ("CharLM(vocab_size,", "CharLM(V,"),
    ],
    "The notebook's text is used: the text to learn from is the argument ids.": [
        *SHORT,
        ("make_batches(ids,", "make_batches(train_ids[:150_000],"),
    ],
    "Text and alphabet are the notebook's: both are arguments.": [
        *SHORT,
        ("CharLM(vocab_size,", "CharLM(V,"),
        ("make_batches(ids,", "make_batches(train_ids[:150_000],"),
    ],
    "This counts n-grams: return a CharLM that was trained.": FIVE_GRAM.format(
        base="nn.Module", start="super().__init__()"
    ),
    "The bets are counted, not learned: they must come from the parameters of the CharLM.": FIVE_GRAM.format(
        base="CharLM", start="super().__init__(V, 8, 8)"
    ),
    "Gradients pile up from batch to batch: set them to zero, or use train_epoch.": [
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
    "The temperature multiplies the logits: it must divide them.": [
        ("logits[0, -1] / temperature", "logits[0, -1] * temperature")
    ],
    "The temperature has no effect: divide the logits, before the softmax.": [
        ("logits[0, -1] / temperature", "logits[0, -1]")
    ],
    "The temperature divides the probabilities, which changes nothing: divide the logits.": [
        (SOFTMAX, "p = torch.softmax(logits[0, -1], dim=-1) / temperature")
    ],
    "Unlikely characters are never drawn: leave every character its probability.": [
        (
            SOFTMAX,
            SOFTMAX + "\n                p = torch.where(p >= p.topk(2).values[-1], p, 0 * p)",
        )
    ],
    "The draw does not use generator: PyTorch's global random state must not matter.": [
        ("(p, 1, generator=generator)", "(p, 1)")
    ],
    "The global random state is seeded: draw from generator itself.": [
        (
            "    was_training",
            "    torch.manual_seed(generator.initial_seed())\n    was_training",
        ),
        ("(p, 1, generator=generator)", "(p, 1)"),
    ],
    "The generator is seeded inside, so every call draws the same: leave its state alone.": [
        ("    was_training", "    generator.manual_seed(0)\n    was_training")
    ],
    "The state is lost between the characters: hand it on.": [
        ("model(unread[None], state)", "model(unread[None])")
    ],
    "Only the last character of the prompt was read: read all of it first.": [
        ("None, prompt\n", "None, prompt[-1:]\n")
    ],
    "The last character of the prompt was read twice.": [
        (
            "    with torch.no_grad():\n",
            "    with torch.no_grad():\n"
            "        state, unread = model(prompt[None])[1], prompt[-1:]\n",
        )
    ],
    "The first bet of those after the prompt is taken: take the last one.": [
        ("logits[0, -1:]", "logits[0, :1]"),
        ("logits[0, -1] /", "logits[0, 0] /"),
    ],
    "All is read again, though the state is handed on: read what is new.": [
        ("model(unread[None], state)", "model(ids[None], state)")
    ],
    "A small temperature counts as 0: only at 0 is the most probable character taken.": [
        ("if temperature == 0:", "if temperature < 0.1:")
    ],
    "The ids are floats: keep the dtype of the prompt.": [
        ("    return ids", "    return ids.float()")
    ],
    "The prompt is missing from the result: it comes first.": [
        ("    return ids", "    return ids[len(prompt) :]")
    ],
    "One character is missing: draw length of them.": [("range(length)", "range(length - 1)")],
    "Temperature 0 is divided by: take the most probable character there.": [
        ("if temperature == 0:", "if False:")
    ],
    "Small temperatures overflow: torch.softmax does not.": [
        (SOFTMAX, "e = torch.exp(logits[0, -1] / temperature)\n                p = e / e.sum()")
    ],
    "The model was in training mode: call model.eval() first.": [("    model.eval()\n", "")],
    "The model is left in evaluation mode: put it back into the mode it was in before.": [
        ("    model.train(was_training)\n", "")
    ],
    "Gradients are recorded: write inside torch.no_grad().": [
        ("with torch.no_grad():", "with torch.enable_grad():")
    ],
    "The parameters stay frozen: leave requires_grad as it is.": [
        ("    was_training", "    model.requires_grad_(False)\n    was_training")
    ],
    "The prompt is overwritten: leave the argument as it is.": [
        ("    was_training", "    prompt[0] = 0\n    was_training"),
    ],
    "These are the least probable characters: at temperature 0 take the most probable.": [
        ("argmax", "argmin")
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

# --- a test of the score --------------------------------------------------------------------------
FOUND = """assert abs(found - right) < 1e-4, f"{found} instead of {right}\""""
MODEL = "model = figures.TwoBack().eval()"
ONE, TWO = "        ([short], 5 / 3),\n", "        ([short, shorter], 6 / 4),\n"
LONG = "        ([long], bits_per_character(model, long)),\n"
SCORE_WRONG = {
    "It never fails: nothing is asserted.": [(FOUND, "abs(found - right) < 1e-4")],
    "It always fails, on a right score too.": [(FOUND, "assert False")],
    "It returns False: a test speaks by raising an AssertionError.": [
        (FOUND, "if abs(found - right) > 1e-4:\n            return False")
    ],
    "It prints that something is wrong: a test speaks by raising an AssertionError.": [
        (FOUND, "print(found, 'instead of', right)")
    ],
    "It looks at the type alone: a wrong score is a number, too.": [
        (FOUND, "assert isinstance(found, float)")
    ],
    "It asks for a number that is possible: a wrong one is possible, too.": [
        (FOUND, "assert 0 < found < 3")
    ],
    "The tolerance is so wide that nearly everything passes.": [("1e-4", "1")],
    "Two ways to add up differ in the last digits: compare with a tolerance, not with ==.": [
        (FOUND, "assert found == right")
    ],
    "It asks that the result differs from the colleague's: so does every other wrong one.": [
        (FOUND, "assert abs(found - colleagues_bits(model, texts)) > 1e-4")
    ],
    "There is one text at a time: what a second one changes goes unseen.": [(TWO, "")],
    "All texts are short: what happens at a cut goes unseen.": [(LONG, "")],
    "The long text alone is read.": [(ONE, ""), (TWO, "")],
    "The texts are equally long: a mean of means passes.": [
        (LONG, ""),
        (TWO, "        ([short, short.clone()], 5 / 3),\n"),
    ],
    "The long text repeats a pattern, in which a state that is lost changes nothing.": [
        ("np.random.default_rng(0).integers(4, size=100)", "[1, 3, 2, 0] * 25")
    ],
    "The model bets the same on everything, so it does not matter what is read.": """
def test_score(score):
    class Same(nn.Module):
        def forward(self, ids, state=None):
            return torch.zeros(*ids.shape, 4), None

    for sizes in ((4,), (4, 2), (100,)):
        texts = [torch.randint(4, (size,)) for size in sizes]
        assert abs(score(Same(), texts) - 2) < 1e-4
""",
    "The right answer of the two texts is the mean of their scores: it weighs the characters.": [
        ("6 / 4", "(5 / 3 + 1) / 2")
    ],
    "The right answers are in nats: bits have the logarithm to base 2.": [
        (FOUND, FOUND.replace("found - right)", "found - right * math.log(2))")),
    ],
    "The colleague's name is written in it: call the function that is handed in.": [
        ("score(model, texts)", "colleagues_bits(model, texts)")
    ],
}
SCORE_RIGHT = {
    "np.isclose": [(FOUND, "np.testing.assert_allclose(found, right, rtol=1e-5)")],
    "own error": [
        (FOUND, "if abs(found - right) > 1e-5:\n            raise ValueError('they differ')")
    ],
    "bets counted by hand": """
def test_score(score):
    model = figures.TwoBack().eval()
    rng = np.random.default_rng(2)
    for sizes in ((5,), (60, 3), (18, 41, 2)):
        texts = [list(rng.integers(4, size=size)) for size in sizes]
        paid = []
        for text in texts:
            for older, last, following in zip([0, *text], text, text[1:]):
                paid.append(min((following - older - 3 * last) % 4 + 1, 3))
        found = score(model, [torch.tensor(np.array(text)) for text in texts])
        assert abs(found - np.mean(paid)) < 1e-5
""",
    "with a small LSTM, all characters at once": """
def test_score(score):
    torch.manual_seed(5)
    model = CharLM(6, 4, 8).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    for sizes in ((7,), (50,), (100, 6, 2)):
        texts = [torch.randint(6, (size,)) for size in sizes]
        with torch.no_grad():
            losses = [cross_entropy(model(t[None, :-1], None)[0][0], t[1:], reduction="none") for t in texts]
        assert np.isclose(score(model, texts), torch.cat(losses).mean().item() / math.log(2), atol=1e-5)
""",
    "all texts in one call": [
        (TWO, ""),
        (
            LONG,
            LONG
            + "        ([shorter, long, short], (1 + 99 * bits_per_character(model, long) + 5) / 103),\n",
        ),
    ],
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


def _colleague(
    state: str = "None",
    more: str = " + 1",
    given: str = "state",
    answer: str = "total / count / math.log(2)",
) -> str:
    return COLLEAGUE.format(state=state, more=more, given=given, answer=answer)


TEXTS_WRONG = {
    "The mistakes are still there: try the two texts of the example, and a long one.": _colleague(
        more="", answer="sum(means) / len(means)"
    ),
    "These are nats: divide by ln 2.": _colleague(answer="total / count"),
    "This is the mean of the pieces' means: a piece counts by its number of predictions.": _colleague(
        answer="sum(means) / len(means) / math.log(2)"
    ),
    "A character is lost at each cut: the pieces that are predicted must join.": _colleague(
        more=""
    ),
    "The state is thrown away at each cut: hand it on within a text.": _colleague(given="None"),
    "The state passes from one text to the next: each begins with None.": _colleague(state="state"),
    "This is the mean of the texts' means: a text counts by its number of predictions.": [
        (PAID, "paid = [bits_per_character(model, ids) for ids in texts]"),
        ("sum(predicted)", "len(texts)"),
    ],
    "Weights are the numbers of predictions, L - 1, not the lengths.": [
        ("len(ids) - 1", "len(ids)")
    ],
    "Divide by the number of predictions, not by that of characters.": [
        ("sum(predicted)", "sum(map(len, texts))")
    ],
    "The texts were joined: nothing predicts the first character of a text.": [
        (
            "    return sum(paid) / sum(predicted)",
            "    return bits_per_character(model, torch.cat(texts))",
        )
    ],
    "The list of texts is emptied: leave it as it is.": """
def bits_of_texts(model, texts):
    paid = predicted = 0
    while texts:
        ids = texts.pop()
        paid += (len(ids) - 1) * bits_per_character(model, ids)
        predicted += len(ids) - 1
    return paid / predicted
""",
    "This is the sum of all the bits: divide by the number of predictions.": [
        ("sum(paid) / sum(predicted)", "sum(paid)")
    ],
    "This is the mean of the texts' means, and in nats.": [
        (PAID, "paid = [bits_per_character(model, ids) * math.log(2) for ids in texts]"),
        ("sum(predicted)", "len(texts)"),
    ],
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
    "test_score": SCORE_WRONG,
    "bits_of_texts": TEXTS_WRONG,
}
RIGHT = {
    "make_batches": BATCHES_RIGHT,
    "CharLM": MODULE_RIGHT,
    "bits_per_character": BITS_RIGHT,
    "train_epoch": EPOCH_RIGHT,
    "train_language_model": TRAIN_RIGHT,
    "sample": SAMPLE_RIGHT,
    "test_score": SCORE_RIGHT,
    "bits_of_texts": TEXTS_RIGHT,
}
SAYS = {
    "make_batches": {
        "A generator can be read only once: return a list.": "must return a list",
        "The ids have lost their dtype: an embedding wants int64, as it came.": "dtype of ids",
        "The parts are NumPy arrays: return tensors.": "PyTorch tensors",
        "Each entry of the list is one tensor: make it a pair (inputs, targets).": "must be a pair",
        "Where nothing fills a batch, a batch of no steps comes back: the list must be empty there.": "the list must be empty",
    },
    "CharLM": {
        "None comes back instead of a state: return the one after the last step.": "not None",
        "The state that came in is returned: return the one after the last step.": "not None",
        "The module remembers the state of an earlier call: only the caller keeps it.": "remember nothing",
        "There is dropout in the module: the same ids must give the same logits.": "is it random",
        "The recurrent weights do not learn: leave requires_grad as it is.": "no gradient reaches",
        "The embedding does not learn: leave out detach().": "no gradient reaches",
        "The embedding of one id does not learn: leave out padding_idx.": "leave out padding_idx",
        "The logits are forced to float32: keep the dtype of the parameters.": "dtype float32",
        "The state that was given is overwritten: the caller may still need it.": "handed in as it is",
        "The first state is always on the CPU: make its zeros on the device of the ids.": "on the device of the ids",
        "The ids are overwritten: read them, and leave them as they are.": "changed its argument",
    },
    "test_score": {
        "It never fails: nothing is asserted.": "passes on colleagues_bits",
        "It always fails, on a right score too.": "fails on a right score",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "Two ways to add up differ in the last digits: compare with a tolerance, not with ==.": "and should pass (AssertionError",
        "It asks that the result differs from the colleague's: so does every other wrong one.": "equally long",
        "All texts are short: what happens at a cut goes unseen.": "right for short texts alone",
        "The long text repeats a pattern, in which a state that is lost changes nothing.": "every 16 characters from a zero state",
        "There is one text at a time: what a second one changes goes unseen.": "from the state after the first",
    },
    "bits_per_character": {
        "The model is left in evaluation mode: put it back into the mode it was in before.": "in the mode it was in before",
        "Gradients are recorded: measure inside torch.no_grad().": "gradients are recorded",
        "The parameters stay frozen: leave requires_grad as it is.": "parameters are frozen",
    },
    "train_epoch": {
        "The state still carries its history: detach it between batches.": "carries its history",
        "An LSTM's state is a pair: detach both parts, as detached does.": "a pair of tensors",
    },
    "bits_of_texts": {
        "The list of texts is emptied: leave it as it is.": "changed the list of texts",
    },
    "train_language_model": {
        "The notebook's V is used: the size of the alphabet is the argument vocab_size.": "CharLM(vocab_size",
        "The notebook's text is used: the text to learn from is the argument ids.": "argument ids",
        "Text and alphabet are the notebook's: both are arguments.": "CharLM(vocab_size",
    },
    "sample": {
        "The draw does not use generator: PyTorch's global random state must not matter.": "global random state has moved",
        "The global random state is seeded: draw from generator itself.": "global random state has moved",
        "The generator is seeded inside, so every call draws the same: leave its state alone.": "do not seed it inside",
        "Temperature 0 is divided by: take the most probable character there.": "without dividing",
        "Small temperatures overflow: torch.softmax does not.": "must not overflow",
        "All is read again, though the state is handed on: read what is new.": "read what is new",
        "A small temperature counts as 0: only at 0 is the most probable character taken.": "Only at 0 is the most",
        "The ids are floats: keep the dtype of the prompt.": "ids are whole numbers",
        "The model is left in evaluation mode: put it back into the mode it was in before.": "in the mode it was in before",
        "Gradients are recorded: write inside torch.no_grad().": "gradients are recorded",
        "The parameters stay frozen: leave requires_grad as it is.": "parameters are frozen",
    },
}

TYPICAL = {
    "make_batches": {
        "nothing": ("def make_batches(ids, batch_size, steps):\n    return []\n", 0, 0),
        "one slip": (
            BATCHES_WRONG["The targets are the inputs: move them one character ahead."],
            0.5,
            0.99,
        ),
        "point missed": (
            BATCHES_WRONG[
                "Row i of a batch must continue row i of the batch before; here the text runs down the rows of one batch."
            ],
            0,
            0.49,
        ),
    },
    "CharLM": {
        "nothing": ([("return self.readout(h), state", "return 0 * self.readout(h), state")], 0, 0),
        "one slip": (
            MODULE_WRONG['There is an nn.LSTM for cell="rnn" too: take nn.RNN there.'],
            0.5,
            0.99,
        ),
        "point missed": (
            MODULE_WRONG[
                "The state that forward is given is not used: hand it to the recurrent layer."
            ],
            0,
            0.49,
        ),
    },
    "bits_per_character": {
        "nothing": ("def bits_per_character(model, ids):\n    return 1.0\n", 0, 0),
        "one slip": (BITS_WRONG["These are nats: divide by ln 2 for bits."], 0.5, 0.99),
        "point missed": (
            BITS_WRONG[
                "Predictions are compared with the character just read: targets come one later."
            ],
            0,
            0.49,
        ),
    },
    "train_epoch": {
        "nothing": (
            "def train_epoch(model, batches, optimizer, max_norm):\n    return 0.0\n",
            0,
            0,
        ),
        "one slip": (
            EPOCH_WRONG["The gradients are not clipped to max_norm before the step."],
            0.5,
            0.99,
        ),
        "point missed": (
            EPOCH_WRONG[
                "The state is thrown away: each batch starts from the detached state of the one before."
            ],
            0,
            0.49,
        ),
    },
    "train_language_model": {
        "nothing": (
            "def train_language_model(ids, vocab_size):\n    return CharLM(vocab_size, 32, 128)\n",
            0,
            0,
        ),
        "one slip": ([("CharLM(vocab_size, 32, 128)", "CharLM(vocab_size, 32, 29)")], 0.5, 0.99),
        "point missed": (
            TRAIN_WRONG["This counts n-grams: return a CharLM that was trained."],
            0,
            0.49,
        ),
    },
    "sample": {
        "nothing": (
            "def sample(model, prompt, length, temperature, generator):\n"
            "    return torch.cat([prompt, prompt.new_zeros(length)])\n",
            0,
            0,
        ),
        "one slip": (
            SAMPLE_WRONG[
                "The model is left in evaluation mode: put it back into the mode it was in before."
            ],
            0.5,
            0.99,
        ),
        "point missed": (
            SAMPLE_WRONG["The temperature has no effect: divide the logits, before the softmax."],
            0,
            0.49,
        ),
    },
    "test_score": {
        "nothing": (SCORE_WRONG["It never fails: nothing is asserted."], 0, 0),
        "one slip": (
            SCORE_WRONG[
                "The long text repeats a pattern, in which a state that is lost changes nothing."
            ],
            0.6,
            0.95,
        ),
        "point missed": (
            SCORE_WRONG["The tolerance is so wide that nearly everything passes."],
            0,
            0.49,
        ),
    },
    "bits_of_texts": {
        "nothing": (
            TEXTS_WRONG[
                "The mistakes are still there: try the two texts of the example, and a long one."
            ],
            0,
            0,
        ),
        "one slip": (TEXTS_WRONG["These are nats: divide by ln 2."], 0.5, 0.99),
        "point missed": (
            _colleague(more="", answer="sum(means) / len(means) / math.log(2)"),
            0,
            0.49,
        ),
    },
}
