"""Wrong and right variants of the exercises in ``source/06_comparison/comparison.ipynb``."""

# --- the copy task ------------------------------------------------------------------------------
COPY_RETURN = "    return x, targets"
NOISE = "x = torch.randn(N, T, symbols + 1, generator=generator)"
COPY_TARGETS = "targets = torch.randint(symbols, (N,), generator=generator)"
ONE = "    x[torch.arange(N), 0, targets] = 1\n"
MARK = "    x[:, 0, symbols] = 1\n"
COPY_WRONG = {
    "uniform noise": [("torch.randn(N", "torch.rand(N")],
    "no noise": [(NOISE, NOISE + " * 0")],
    "loud noise": [(NOISE, NOISE + " * 2")],
    "noise at the first step": [("    x[:, 0] = 0\n", "")],
    "noise in the mark": [("    x[:, :, symbols] = 0\n", "")],
    "no mark": [(MARK, "")],
    "a mark at every step": [(MARK, "    x[:, :, symbols] = 1\n")],
    "a mark at the last step": [(MARK, "    x[:, -1, symbols] = 1\n")],
    "mark in the first column": [
        (COPY_RETURN, "    return torch.roll(x, 1, dims=2), targets"),
    ],
    "symbol at the last step": [(ONE, "    x[torch.arange(N), -1, targets] = 1\n")],
    "every sequence's column is set": [(ONE, "    x[:, 0, targets] = 1\n")],
    "targets from the global generator": [(COPY_TARGETS, "targets = torch.randint(symbols, (N,))")],
    "noise from the global generator": [(NOISE, "x = torch.randn(N, T, symbols + 1)")],
    "the last symbol never": [("torch.randint(symbols,", "torch.randint(max(1, symbols - 1),")],
    "one symbol for the batch": [
        (COPY_TARGETS, COPY_TARGETS.replace("(N,)", "(1,)") + ".repeat(N)")
    ],
    "numbered in turn": [(COPY_TARGETS, "targets = torch.zeros(N, dtype=torch.long)")],
    "targets of the noise": [
        (COPY_RETURN, "    return x, torch.randint(symbols, (N,), generator=generator)")
    ],
    "time first": [(COPY_RETURN, "    return x.transpose(0, 1), targets")],
    "float targets": [(COPY_RETURN, "    return x, targets.float()")],
    "float64": [(COPY_RETURN, "    return x.double(), targets")],
    "no column for the mark": [(COPY_RETURN, "    return x[:, :, :symbols], targets")],
    "generator seeded again": [(NOISE, "generator.manual_seed(0)\n    " + NOISE)],
    "the same noise for all": [
        (NOISE, NOISE.replace("randn(N", "randn(1") + ".repeat(N, 1, 1)"),
    ],
    "the same noise at all steps": [
        (NOISE, NOISE.replace("N, T,", "N, 1,") + ".repeat(1, T, 1)"),
    ],
    "the same noise in all columns": [
        (NOISE, NOISE.replace("symbols + 1", "1") + ".repeat(1, 1, symbols + 1)"),
    ],
    "targets and inputs exchanged": [(COPY_RETURN, "    return targets, x")],
    "targets as a column": [(COPY_RETURN, "    return x, targets[:, None]")],
}
COPY_RIGHT = {
    "one-hot": """
def copy_first_batch(N, T, symbols, generator):
    targets = torch.randint(0, symbols, (N,), generator=generator)
    first = torch.cat([nn.functional.one_hot(targets, symbols).float(), torch.ones(N, 1)], dim=1)
    noise = torch.randn(N, T - 1, symbols, generator=generator)
    later = torch.cat([noise, torch.zeros(N, T - 1, 1)], dim=2)
    return torch.cat([first[:, None], later], dim=1), targets
""",
    "a loop": """
def copy_first_batch(N, T, symbols, generator):
    x = torch.zeros(N, T, symbols + 1)
    x[:, 1:, :symbols] = torch.randn((N, T - 1, symbols), generator=generator)
    targets = (torch.rand(N, generator=generator) * symbols).long()
    for n in range(N):
        x[n, 0, targets[n]] = x[n, 0, -1] = 1
    return x, targets
""",
    "normal_ and scatter": """
def copy_first_batch(N, T, symbols, generator):
    x = torch.empty(N, T, symbols + 1).normal_(generator=generator)
    x[..., -1] = 0
    targets = torch.empty(N, dtype=torch.long).random_(symbols, generator=generator)
    x[:, 0] = 0
    x[:, 0].scatter_(1, targets[:, None], 1.0)
    x[:, 0, -1] = 1
    return [x, targets]
""",
}

# --- the adding problem -------------------------------------------------------------------------
ADD_RETURN = "return x, (x[:, :, 0] * x[:, :, 1]).sum(dim=1)"
FIRST_MARK = "x[rows, torch.randint(0, half, (N,), generator=generator), 1] = 1"
SECOND_MARK = "x[rows, torch.randint(half, T, (N,), generator=generator), 1] = 1"
NUMBERS = "x[:, :, 0] = torch.rand(N, T, generator=generator)"
ADD_WRONG = {
    "marks anywhere": [
        (FIRST_MARK, FIRST_MARK.replace("0, half", "0, T")),
        (SECOND_MARK, SECOND_MARK.replace("half, T", "0, T")),
    ],
    "second mark anywhere": [(SECOND_MARK, SECOND_MARK.replace("half, T", "0, T"))],
    "one mark": [("    " + SECOND_MARK + "\n", "")],
    "last step never marked": [
        (SECOND_MARK, SECOND_MARK.replace("half, T", "half, max(half + 1, T - 1)"))
    ],
    "half rounded up": [("T // 2", "(T + 1) // 2 if T > 2 else 1")],
    "fixed places": [(FIRST_MARK, "x[:, 0, 1] = 1"), (SECOND_MARK, "x[:, half, 1] = 1")],
    "the same places for all": [
        (FIRST_MARK, "x[:, torch.randint(0, half, (1,), generator=generator), 1] = 1"),
        (SECOND_MARK, "x[:, torch.randint(half, T, (1,), generator=generator), 1] = 1"),
    ],
    "same place in both halves": [
        (
            FIRST_MARK,
            "k = torch.randint(0, half, (N,), generator=generator)\n    x[rows, k, 1] = 1",
        ),
        (SECOND_MARK, "x[rows, k + half, 1] = 1"),
    ],
    "sum of all numbers": [(ADD_RETURN, "return x, x[:, :, 0].sum(dim=1)")],
    "mean of the two": [(ADD_RETURN, ADD_RETURN.replace("sum(dim=1)", "sum(dim=1) / 2"))],
    "product": [(ADD_RETURN, "return x, torch.where(x[:, :, 1] > 0, x[:, :, 0], 1.0).prod(dim=1)")],
    "targets (N, 1)": [(ADD_RETURN, ADD_RETURN.replace("sum(dim=1)", "sum(dim=1, keepdim=True)"))],
    "normal numbers": [("torch.rand(N", "torch.randn(N")],
    "numbers from -1 to 1": [(NUMBERS, NUMBERS + " * 2 - 1")],
    "rounded numbers": [(NUMBERS, NUMBERS.replace(" = ", " = (") + " > 0.5).float()")],
    "the same numbers for all": [(NUMBERS, NUMBERS.replace("rand(N,", "rand(1,"))],
    "the same number at all steps": [(NUMBERS, NUMBERS.replace("N, T", "N, 1"))],
    "columns exchanged": [(ADD_RETURN, ADD_RETURN.replace("return x,", "return x.flip(2),"))],
    "time first": [(ADD_RETURN, ADD_RETURN.replace("return x,", "return x.transpose(0, 1),"))],
    "global generator": [(NUMBERS, "x[:, :, 0] = torch.rand(N, T)")],
    "marks from the global generator": [
        (FIRST_MARK, FIRST_MARK.replace(", generator=generator", ""))
    ],
    "generator seeded again": [(NUMBERS, "generator.manual_seed(0)\n    " + NUMBERS)],
    "marks of -1": [
        (
            ADD_RETURN,
            "y = (x[:, :, 0] * x[:, :, 1]).sum(dim=1)\n    x[:, :, 1] = 2 * x[:, :, 1] - 1\n    return x, y",
        )
    ],
    "integer targets": [(ADD_RETURN, ADD_RETURN + ".long()")],
    "float64": [(ADD_RETURN, ADD_RETURN.replace("return x,", "return x.double(),"))],
}
ADD_RIGHT = {
    "one-hot marks": """
def adding_batch(N, T, generator):
    numbers = torch.rand((N, T), generator=generator)
    a = torch.randint(T // 2, (N,), generator=generator)
    b = torch.randint(T // 2, T, (N,), generator=generator)
    marks = nn.functional.one_hot(a, T) + nn.functional.one_hot(b, T)
    return torch.stack([numbers, marks.float()], dim=2), torch.einsum("nt,nt->n", numbers, marks.float())
""",
    "a loop": """
def adding_batch(N, T, generator):
    x = torch.zeros(N, T, 2)
    x[..., 0].uniform_(generator=generator)
    targets = torch.zeros(N)
    for n in range(N):
        for low, high in ((0, T // 2), (T // 2, T)):
            t = int(torch.randint(low, high, (1,), generator=generator))
            x[n, t, 1] = 1
            targets[n] += x[n, t, 0]
    return x, targets
""",
    "the largest of random numbers": """
def adding_batch(N, T, generator):
    numbers, order = torch.rand(2, N, T, generator=generator)
    marks, half = torch.zeros(N, T), T // 2
    marks.scatter_(1, order[:, :half].argmax(1, keepdim=True), 1)
    marks.scatter_(1, order[:, half:].argmax(1, keepdim=True) + half, 1)
    return torch.stack([numbers, marks], dim=-1), (marks * numbers).sum(-1)
""",
}

# --- one class, three cells ---------------------------------------------------------------------
LAYERS = "self.rnn = kinds[cell](input_size, hidden_size, num_layers, **options)"
READ = "self.readout = nn.Linear(hidden_size * (1 + bidirectional), output_size)"
FINAL = "final = states[:, -1, :H]"
BOTH = "final = torch.cat([final, states[:, 0, H:]], dim=1)"
ANSWER = "return self.readout(final)"
CLASS_WRONG = {
    "last step both ways": [(BOTH, "final = states[:, -1]")],
    "first step both ways": [(BOTH, "final = states[:, 0]")],
    "directions exchanged": [(BOTH, "final = torch.cat([states[:, 0, H:], final], dim=1)")],
    "halves exchanged": [(BOTH, "final = torch.cat([states[:, -1, H:], states[:, 0, :H]], dim=1)")],
    "first step forwards": [(FINAL, "final = states[:, 0, :H]")],
    "mean over the steps": [(FINAL, "final = states.mean(dim=1)[:, :H]")],
    "largest over the steps": [(FINAL, "final = states.max(dim=1).values[:, :H]")],
    "every step": [(ANSWER, "return self.readout(states)")],
    "the first layer's state": [
        (
            ANSWER,
            "h = self.rnn(x)[1]\n        h = h[0] if isinstance(h, tuple) else h\n        return self.readout(torch.cat(list(h[: 1 + self.rnn.bidirectional]), dim=1))",
        )
    ],
    "the cell state": [
        (
            ANSWER,
            "h = self.rnn(x)[1]\n        h = h[1] if isinstance(h, tuple) else h\n        return self.readout(torch.cat(list(h[-1 - self.rnn.bidirectional :]), dim=1))",
        )
    ],
    "time first": [('"batch_first": True', '"batch_first": False')],
    "always an LSTM": [("kinds[cell](", 'kinds["lstm"](')],
    "GRU and LSTM exchanged": [
        ('"gru": nn.GRU, "lstm": nn.LSTM', '"gru": nn.LSTM, "lstm": nn.GRU')
    ],
    "num_layers not used": [(", num_layers, **", ", 1, **")],
    "bidirectional not used": [('{"bidirectional": bidirectional, ', '{"bidirectional": False, ')],
    "dropout not used": [('"dropout": dropout, ', "")],
    "dropout fixed": [('"dropout": dropout, ', '"dropout": 0.25 * (num_layers > 1), ')],
    "unknown cells are LSTMs": [('raise ValueError(f"no such cell: {cell!r}")', 'cell = "lstm"')],
    "KeyError for an unknown cell": [("raise ValueError(", "raise KeyError(")],
    "softmax": [(ANSWER, "return self.readout(final).softmax(dim=1)")],
    "log-softmax": [(ANSWER, "return self.readout(final).log_softmax(dim=1)")],
    "squashed before the readout": [(ANSWER, "return self.readout(torch.relu(final))")],
    "readout without bias": [(ANSWER, "return final @ self.readout.weight.T")],
    "ReLU cells": [
        (
            LAYERS,
            LAYERS
            + '\n        if cell == "rnn":\n            self.rnn = nn.RNN(input_size, hidden_size, num_layers, nonlinearity="relu", **options)',
        )
    ],
    "no gradient": [("states = self.rnn(x)[0]", "states = self.rnn(x)[0].detach()")],
    "float32 forced": [("states = self.rnn(x)[0]", "states = self.rnn.float()(x.float())[0]")],
    "input changed": [
        ("states = self.rnn(x)[0]", "x.data.mul_(1.5)\n        states = self.rnn(x)[0]")
    ],
    "state kept between batches": [
        (
            "states = self.rnn(x)[0]",
            "before = getattr(self, 'kept', None)\n        states, self.kept = self.rnn(x, before if x.shape[0] == getattr(self, 'n', 0) else None)\n        self.n = x.shape[0]",
        )
    ],
    "one more layer": [
        (ANSWER, "return self.more(self.readout(final))"),
        (READ, READ + "\n        self.more = nn.Linear(output_size, output_size)"),
    ],
    "zero state made on the CPU, another device": [
        (
            "states = self.rnn(x)[0]",
            "h0 = torch.zeros(self.rnn.num_layers * (1 + self.rnn.bidirectional), len(x), self.rnn.hidden_size, dtype=x.dtype)\n        states = self.rnn(x, (h0, h0) if self.rnn.mode == 'LSTM' else h0)[0]",
        )
    ],
}
CLASS_RIGHT = {
    "the layer's final state": [
        (
            ANSWER,
            "h = self.rnn(x)[1]\n        h = h[0] if isinstance(h, tuple) else h\n        return self.readout(torch.cat(list(h[-1 - self.rnn.bidirectional :]), dim=1))",
        )
    ],
    "getattr": """
class SequenceClassifier(nn.Module):
    def __init__(self, cell, input_size, hidden_size, output_size, num_layers=1, bidirectional=False, dropout=0.0):
        super().__init__()
        if cell not in ("rnn", "gru", "lstm"):
            raise ValueError(cell)
        kind = getattr(nn, cell.upper())
        self.ways = 2 if bidirectional else 1
        self.rnn = kind(input_size, hidden_size, num_layers=num_layers, batch_first=True, dropout=dropout, bidirectional=bidirectional)
        self.readout = nn.Linear(self.ways * hidden_size, output_size)

    def forward(self, x):
        out, _ = self.rnn(x)
        halves = out.chunk(self.ways, dim=2)
        last = [half[:, 0 if k else -1] for k, half in enumerate(halves)]
        return self.readout(torch.cat(last, dim=-1))
""",
    "if and elif": """
class SequenceClassifier(nn.Module):
    def __init__(self, cell, input_size, hidden_size, output_size, num_layers=1, bidirectional=False, dropout=0.0):
        super().__init__()
        options = dict(num_layers=num_layers, bidirectional=bidirectional, dropout=dropout)
        if cell == "rnn":
            self.rnn = nn.RNN(input_size, hidden_size, batch_first=True, **options)
        elif cell == "gru":
            self.rnn = nn.GRU(input_size, hidden_size, batch_first=True, **options)
        elif cell == "lstm":
            self.rnn = nn.LSTM(input_size, hidden_size, batch_first=True, **options)
        else:
            raise ValueError(f"cell must be rnn, gru or lstm, not {cell}")
        self.readout = nn.Linear(2 * hidden_size if bidirectional else hidden_size, output_size)

    def forward(self, x):
        _, state = self.rnn(x)
        h = state[0] if type(self.rnn) is nn.LSTM else state
        if self.rnn.bidirectional:
            return self.readout(torch.cat((h[-2], h[-1]), 1))
        return self.readout(h[-1])
""",
    "zeros on the input's device": [
        (
            "states = self.rnn(x)[0]",
            "h0 = x.new_zeros(self.rnn.num_layers * (1 + self.rnn.bidirectional), len(x), self.rnn.hidden_size)\n        states = self.rnn(x, (h0, h0) if self.rnn.mode == 'LSTM' else h0)[0]",
        )
    ],
}

# --- training until a target --------------------------------------------------------------------
ZERO = "        optimizer.zero_grad()\n"
CLIP = "        nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n"
STEP = "        optimizer.step()\n"
APPEND = "        scores.append(score.item())\n"
RECENT = "recent = np.mean(scores[-10:])"
REACHED = "if len(scores) >= 10 and (recent <= target if error else recent >= target):"
UNTIL_WRONG = {
    "gradients pile up": [(ZERO, "")],
    "zero_grad between backward and step": [
        (ZERO, ""),
        (CLIP, CLIP + ZERO),
    ],
    "not clipped": [(CLIP, "")],
    "clipped after the step": [(CLIP, ""), (STEP, STEP + CLIP)],
    "clipped before the backward": [
        (CLIP, ""),
        (
            "        loss.backward()\n",
            "        optimizer.zero_grad()\n" + CLIP + "        loss.backward()\n",
        ),
    ],
    "clipped by value": [
        ("clip_grad_norm_(model.parameters(), 1.0)", "clip_grad_value_(model.parameters(), 1.0)")
    ],
    "clipped to 5": [("model.parameters(), 1.0)", "model.parameters(), 5.0)")],
    "SGD": [("torch.optim.Adam", "torch.optim.SGD")],
    "AdamW": [("torch.optim.Adam(", "torch.optim.AdamW(")],
    "rate not used": [("lr=lr)", "lr=0.03)")],
    "a new optimizer every step": [
        (ZERO, "        optimizer = torch.optim.Adam(model.parameters(), lr=lr)\n" + ZERO)
    ],
    "no step": [(STEP, "")],
    "score after the update": [
        (
            STEP,
            STEP
            + "        with torch.no_grad():\n            again = model(x)\n            score = nn.functional.mse_loss(again[:, 0], targets) if error else (again.argmax(dim=1) == targets).double().mean()\n",
        )
    ],
    "one batch for all steps": [
        ("    model.train()\n", "    model.train()\n    x, targets = task()\n"),
        ("        x, targets = task()\n", ""),
    ],
    "two batches a step": [
        ("        x, targets = task()\n", "        task()\n        x, targets = task()\n")
    ],
    "any single score": [(RECENT, "recent = scores[-1]")],
    "stops before ten steps": [("len(scores) >= 10 and ", "")],
    "mean of all scores": [(RECENT, "recent = np.mean(scores)")],
    "mean of five": [("scores[-10:]", "scores[-5:]"), ("len(scores) >= 10", "len(scores) >= 5")],
    "errors compared as accuracies": [
        ("(recent <= target if error else recent >= target)", "recent >= target")
    ],
    "accuracies compared as errors": [
        ("(recent <= target if error else recent >= target)", "recent <= target")
    ],
    "strictly above": [
        ("recent >= target)", "recent > target)"),
        ("recent <= target if", "recent < target if"),
    ],
    "never stops": [("            return True, scores\n", "            pass\n")],
    "always solved": [("    return False, scores", "    return True, scores")],
    "never solved": [("            return True, scores", "            return False, scores")],
    "one step more": [("len(scores) < max_steps", "len(scores) <= max_steps")],
    "one step less": [("len(scores) < max_steps", "len(scores) < max_steps - 1")],
    "losses as scores": [(APPEND, "        scores.append(loss.item())\n")],
    "scores are tensors": [("score.item()", "score.detach()")],
    "hits instead of a share": [(".double().mean()", ".double().sum()")],
    "column against row": [("mse_loss(output[:, 0], targets)", "mse_loss(output, targets)")],
    "absolute error": [("mse_loss(", "l1_loss(")],
    "summed error": [
        ("mse_loss(output[:, 0], targets)", 'mse_loss(output[:, 0], targets, reduction="sum")')
    ],
    "softmax before the loss": [
        ("cross_entropy(output, targets)", "cross_entropy(output.softmax(dim=1), targets)")
    ],
    "evaluation mode": [("model.train()", "model.eval()")],
    "mode as it came": [("    model.train()\n", "")],
    "scores alone": [
        ("return True, scores", "return scores"),
        ("return False, scores", "return scores"),
    ],
    "steps instead of scores": [
        ("return True, scores", "return True, len(scores)"),
        ("return False, scores", "return False, len(scores)"),
    ],
    "order of the returns": [
        ("return True, scores", "return scores, True"),
        ("return False, scores", "return scores, False"),
    ],
    "only the readout learns": [
        ("torch.optim.Adam(model.parameters()", "torch.optim.Adam(list(model.parameters())[-1:]")
    ],
    "a copy is trained": [
        (
            "    model.train()\n",
            "    import copy\n    model = copy.deepcopy(model)\n    optimizer = torch.optim.Adam(model.parameters(), lr=lr)\n    model.train()\n",
        )
    ],
}
UNTIL_RIGHT = {
    "a for loop": """
def train_until(model, task, target, max_steps, lr=0.03):
    adam = torch.optim.Adam(model.parameters(), lr)
    model.train()
    scores = []
    for _ in range(max_steps):
        x, y = task()
        adam.zero_grad()
        out = model(x)
        if y.dtype in (torch.float32, torch.float64):
            loss = ((out.squeeze(1) - y) ** 2).mean()
            scores.append(float(loss))
        else:
            loss = nn.CrossEntropyLoss()(out, y)
            scores.append(sum((out.argmax(1) == y).tolist()) / len(y))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        adam.step()
        if len(scores) >= 10:
            mean = sum(scores[-10:]) / 10
            if (y.is_floating_point() and mean <= target) or (not y.is_floating_point() and mean >= target):
                return True, scores
    return False, scores
""",
    "the sign of the score": """
def train_until(model, task, target, max_steps, lr=0.03):
    weights = list(model.parameters())
    adam, scores, solved = torch.optim.Adam(weights, lr=lr), [], False
    model.train(True)
    while not solved and len(scores) < max_steps:
        x, y = task()
        out = model(x)
        sign = -1 if y.is_floating_point() else 1
        loss = nn.functional.cross_entropy(out, y) if sign > 0 else (out.flatten() - y).square().mean()
        for p in weights:
            p.grad = None
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1)
        adam.step()
        scores += [float((out.argmax(-1) == y).double().mean()) if sign > 0 else loss.item()]
        solved = len(scores) > 9 and sign * np.mean(scores[-10:]) >= sign * target
    return bool(solved), scores
""",
    "clipped by hand": [
        (
            CLIP,
            "        norm = sum((p.grad**2).sum() for p in model.parameters()) ** 0.5\n        for p in model.parameters():\n            p.grad *= min(1.0, 1.0 / float(norm + 1e-6))\n",
        )
    ],
    "Adam without foreach": [("lr=lr)", "lr=lr, foreach=False)")],
}

# --- the exam -----------------------------------------------------------------------------------
TRAIN = "train_until(model, copy_task(T, seed), 0.998, 300)"
START = "    start_remembering(model, **memory_for(T))\n"
MEMORY_WRONG = {
    "no start": [(START, ""), ("0.998, 300", "0.998, 100")],
    "never trained": [("    " + TRAIN + "\n", "")],
    "five steps": [("0.998, 300", "0.998, 5")],
    "stops too early": [("0.998, 300", "0.8, 300")],
    "a vanilla RNN": [('"lstm"', '"rnn"'), ("0.998, 300", "0.998, 60")],
    "trained at length 10": [
        ("copy_task(T, seed)", "copy_task(min(T, 10), seed)"),
        ("memory_for(T)", "memory_for(min(T, 10))"),
    ],
    "only the readout trained": [
        (
            TRAIN,
            "model.rnn.requires_grad_(False)\n    train_until(model, copy_task(T, seed), 0.998, 30)",
        )
    ],
    "another model comes back": [
        (
            "    return model",
            '    return SequenceClassifier("lstm", SYMBOLS + 1, HIDDEN, SYMBOLS).to(DEVICE)',
        )
    ],
    "reads the first step": [
        (
            "    return model",
            "    class Reader(nn.Module):\n        def forward(self, x):\n            return x[:, 0, :SYMBOLS]\n    reader = Reader()\n    reader.weight = nn.Parameter(torch.ones(1))\n    return reader",
        )
    ],
    "nothing returned": [("    return model", "    return None")],
}
MEMORY_RIGHT = {
    "a GRU": [('"lstm"', '"gru"')],
    "wider": [("HIDDEN, SYMBOLS", "40, SYMBOLS")],
}

# --- layer normalisation ------------------------------------------------------------------------
SUM = "a = x @ W_x + h_prev @ W_h"
MEAN = "mean = a.mean(dim=1, keepdim=True)"
VARIANCE = "variance = a.var(dim=1, keepdim=True, unbiased=False)"
NORMED = "return torch.tanh(gain * (a - mean) / torch.sqrt(variance + eps) + b)"
NORM_WRONG = {
    "over the batch": [
        (MEAN, MEAN.replace("dim=1", "dim=0")),
        (VARIANCE, VARIANCE.replace("dim=1", "dim=0")),
    ],
    "over everything": [(MEAN, "mean = a.mean()"), (VARIANCE, "variance = a.var(unbiased=False)")],
    "divides by H - 1": [(", unbiased=False", "")],
    "eps outside the root": [("torch.sqrt(variance + eps)", "(torch.sqrt(variance) + eps)")],
    "eps ignored": [("variance + eps", "variance + 1e-5")],
    "no eps": [("variance + eps", "variance")],
    "variance for deviation": [("torch.sqrt(variance + eps)", "(variance + eps)")],
    "mean kept": [("(a - mean)", "a")],
    "no division": [(" / torch.sqrt(variance + eps)", "")],
    "no tanh": [("torch.tanh(", "(")],
    "normalised after tanh": [
        (SUM, SUM.replace("a = ", "a = torch.tanh(") + ")"),
        ("torch.tanh(gain", "(gain"),
    ],
    "no gain": [("gain * ", "")],
    "no shift": [(" + b)", ")")],
    "b before the normalisation": [(SUM, SUM + " + b"), (" + b)", ")")],
    "gain on the shift too": [
        (
            "gain * (a - mean) / torch.sqrt(variance + eps) + b",
            "gain * ((a - mean) / torch.sqrt(variance + eps) + b)",
        )
    ],
    "state not used": [(" + h_prev @ W_h", "")],
    "the two sums apart": [
        (
            NORMED,
            "parts = [(s - s.mean(1, keepdim=True)) / torch.sqrt(s.var(1, keepdim=True, unbiased=False) + eps) for s in (x @ W_x, h_prev @ W_h)]\n    return torch.tanh(gain * sum(parts) + b)",
        )
    ],
    "the state alone": [
        (
            NORMED,
            "s = h_prev @ W_h\n    s = (s - s.mean(1, keepdim=True)) / torch.sqrt(s.var(1, keepdim=True, unbiased=False) + eps)\n    return torch.tanh(gain * s + b + x @ W_x)",
        )
    ],
    "weights transposed": [("h_prev @ W_h", "h_prev @ W_h.T")],
    "sigmoid": [("torch.tanh(", "torch.sigmoid(")],
    "no gradient through the mean": [(MEAN, MEAN + ".detach()")],
    "no gradient through the variance": [(VARIANCE, VARIANCE + ".detach()")],
    "no gradient": [(NORMED, NORMED + ".detach()")],
    "through NumPy": [
        (
            NORMED,
            NORMED.replace("return ", "h = ")
            + "\n    return torch.tensor(h.detach().numpy(), requires_grad=True)",
        )
    ],
    "float64 forced": [(NORMED, NORMED + ".double()")],
    "state overwritten": [(SUM, SUM + "\n    h_prev.data.copy_(a.data)")],
    "gain overwritten": [(SUM, SUM + "\n    gain.data.mul_(1.0001)")],
}
NORM_RIGHT = {
    "PyTorch's own": [
        (NORMED, "return torch.tanh(nn.functional.layer_norm(a, a.shape[1:], gain, b, eps))")
    ],
    "row by row": """
def layer_norm_step(x, h_prev, W_x, W_h, gain, b, eps=1e-5):
    rows = []
    for n in range(len(x)):
        a = x[n] @ W_x + h_prev[n] @ W_h
        a = a - a.sum() / len(a)
        rows.append(torch.tanh(gain * a / ((a * a).sum() / len(a) + eps) ** 0.5 + b))
    return torch.stack(rows)
""",
    "einsum and one matrix": """
def layer_norm_step(x, h_prev, W_x, W_h, gain, b, eps=1e-5):
    a = torch.einsum("ni,ij->nj", torch.cat([x, h_prev], 1), torch.cat([W_x, W_h], 0))
    centred = a - a.mean(-1, keepdim=True)
    return (centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + eps) * gain + b).tanh()
""",
    "in place on a fresh tensor": [
        (
            NORMED,
            "z = gain * (a - mean) / torch.sqrt(variance + eps)\n    z = z + b\n    return z.tanh()",
        )
    ],
}

# --- the states ---------------------------------------------------------------------------------
OUT = "        states = model.rnn(x)[0]\n"
PATH_WRONG = {
    "training mode": [("    model.eval()\n", "")],
    "training mode set": [("model.eval()", "model.train()")],
    "mode not restored": [("    model.train(before)\n", "")],
    "always training afterwards": [("model.train(before)", "model.train()")],
    "gradients recorded": [
        ("    with torch.no_grad():\n        states", "    states"),
        ("states.cpu()", "states.detach().cpu()"),
    ],
    "last state": [("model.rnn(x)[0]", "model.rnn(x)[0][:, -1]")],
    "final states of all layers": [
        (
            OUT,
            "        states = model.rnn(x)[1]\n        states = states[0] if isinstance(states, tuple) else states\n",
        )
    ],
    "a tensor": [("states.cpu().numpy()", "states")],
    "time first": [("states.cpu().numpy()", "states.cpu().numpy().transpose(1, 0, 2)")],
    "forwards only": [
        ("states.cpu().numpy()", "states.cpu().numpy()[:, :, : model.rnn.hidden_size]")
    ],
    "answers instead of states": [("model.rnn(x)[0]", "model(x)")],
    "float64 forced": [("states.cpu().numpy()", "states.cpu().numpy().astype(float)")],
    "one step late": [(OUT, "        states = torch.roll(model.rnn(x)[0], 1, dims=1)\n")],
    "the first sequence": [("states.cpu().numpy()", "states.cpu().numpy()[0]")],
    "mean over the batch": [("states.cpu().numpy()", "states.cpu().numpy().mean(axis=0)")],
    "nested lists": [("states.cpu().numpy()", "states.cpu().numpy().tolist()")],
    "input changed": [(OUT, "        x *= 1.5\n" + OUT)],
    "step by step from zero": [
        (
            OUT,
            "        states = torch.cat([model.rnn(x[:, t : t + 1])[0] for t in range(x.shape[1])], dim=1)\n",
        )
    ],
}
PATH_RIGHT = {
    "no_grad as a decorator": """
@torch.no_grad()
def hidden_trajectory(model, x):
    mode = model.training
    model.eval()
    output, _ = model.rnn(x)
    if mode:
        model.train()
    return output.detach().cpu().numpy()
""",
    "try and finally": """
def hidden_trajectory(model, x):
    mode = model.training
    try:
        with torch.inference_mode():
            return model.eval().rnn(x)[0].cpu().numpy().copy()
    finally:
        model.train(mode)
""",
    "as an array": [("states.cpu().numpy()", "np.asarray(states.cpu())")],
}

# --- find the bug -------------------------------------------------------------------------------
NEW = "h_new = np.tanh(x @ W_x + h @ W_h + b)"
JACOBIAN = "return (1 - h_new**2)[:, None] * W_h.T"
BUG_WRONG = {
    "found": [(JACOBIAN, "return W_h * (1 - h**2)")],
    "old slope": [(JACOBIAN, "return (1 - h**2)[:, None] * W_h.T")],
    "transposed": [(JACOBIAN, "return W_h * (1 - h_new**2)")],
    "slope at the wrong side": [(JACOBIAN, "return (1 - h_new**2) * W_h.T")],
    "slope at the wrong side, transposed": [(JACOBIAN, "return (1 - h_new**2)[:, None] * W_h")],
    "no slope": [(JACOBIAN, "return W_h.T.copy()")],
    "slope of the sum": [(NEW, "h_new = x @ W_x + h @ W_h + b")],
    "slope squared": [(JACOBIAN, "return ((1 - h_new**2) ** 2)[:, None] * W_h.T")],
    "1 - h": [("1 - h_new**2", "1 - h_new")],
    "sigmoid's slope": [("1 - h_new**2", "h_new * (1 - h_new)")],
    "no input": [("x @ W_x + h @ W_h + b", "h @ W_h + b")],
    "no bias": [(" + b)", ")")],
    "slope in the input": [(JACOBIAN, "return (1 - h_new**2)[:, None] * W_x.T")],
    "eigenvalues": [(JACOBIAN, "return np.linalg.eigvals((1 - h_new**2)[:, None] * W_h.T)")],
    "two steps": [(NEW, NEW + "\n    h_new = np.tanh(x @ W_x + h_new @ W_h + b)")],
    "float64 forced": [(JACOBIAN, JACOBIAN + ".astype(float)")],
    "state overwritten": [(NEW, NEW + "\n    h[:] = h_new")],
    "weights overwritten": [(JACOBIAN, "W_h *= 1 - h_new**2\n    return W_h.T")],
    "as a list": [(JACOBIAN, "return ((1 - h_new**2)[:, None] * W_h.T).tolist()")],
}
BUG_RIGHT = {
    "a diagonal matrix": [(JACOBIAN, "return np.diag(1 - h_new**2) @ W_h.T")],
    "transposed at the end": [(JACOBIAN, "return (W_h * (1 - h_new**2)).T")],
    "einsum": [(JACOBIAN, 'return np.einsum("i,ji->ij", 1 - h_new * h_new, W_h)')],
    "a loop": [
        (
            JACOBIAN,
            "J = np.empty_like(W_h)\n    for i in range(len(h)):\n        for j in range(len(h)):\n            J[i, j] = (1 - h_new[i] ** 2) * W_h[j, i]\n    return J",
        )
    ],
    "by PyTorch": [
        (
            JACOBIAN,
            "t = torch.tensor\n    return torch.autograd.functional.jacobian(lambda s: torch.tanh(t(x) @ t(W_x) + s @ t(W_h) + t(b)), t(h)).numpy()",
        )
    ],
}

WRONG = {
    "copy_first_batch": COPY_WRONG,
    "adding_batch": ADD_WRONG,
    "SequenceClassifier": CLASS_WRONG,
    "train_until": UNTIL_WRONG,
    "train_memory": MEMORY_WRONG,
    "layer_norm_step": NORM_WRONG,
    "hidden_trajectory": PATH_WRONG,
    "repaired_jacobian": BUG_WRONG,
}
RIGHT = {
    "copy_first_batch": COPY_RIGHT,
    "adding_batch": ADD_RIGHT,
    "SequenceClassifier": CLASS_RIGHT,
    "train_until": UNTIL_RIGHT,
    "train_memory": MEMORY_RIGHT,
    "layer_norm_step": NORM_RIGHT,
    "hidden_trajectory": PATH_RIGHT,
    "repaired_jacobian": BUG_RIGHT,
}
SAYS = {
    "copy_first_batch": {
        "uniform noise": "randn",
        "noise in the mark": "mark",
        "no mark": "mark",
        "noise at the first step": "first step",
        "the last symbol never": "equally likely",
        "noise from the global generator": "generator",
        "float targets": "int64",
    },
    "adding_batch": {
        "marks anywhere": "one mark",
        "last step never marked": "never marked",
        "normal numbers": "torch.rand",
        "sum of all numbers": "two marked",
        "global generator": "generator",
    },
    "SequenceClassifier": {
        "last step both ways": "one step only",
        "mean over the steps": "final state",
        "num_layers not used": "num_layers",
        "bidirectional not used": "bidirectional",
        "time first": "batch_first",
        "always an LSTM": "must be a RNN",
    },
    "train_until": {
        "errors compared as accuracies": "at most",
        "stops before ten steps": "ten",
        "scores are tensors": ".item()",
        "mode as it came": "model.train()",
        "always solved": "returns False",
        "column against row": "output[:, 0]",
    },
    "train_memory": {"never trained": "guessing"},
    "layer_norm_step": {
        "over the batch": "over the batch",
        "divides by H - 1": "unbiased",
        "eps outside the root": "under the root",
        "no tanh": "tanh",
    },
    "hidden_trajectory": {
        "training mode": "mode",
        "mode not restored": "mode",
        "a tensor": "NumPy",
    },
    "repaired_jacobian": {
        "found": "Both",
        "old slope": "old state",
        "transposed": "exchanged",
        "slope at the wrong side": "wrong side",
        "no slope": "missing",
    },
}
TYPICAL = {
    "copy_first_batch": {
        "nothing": (
            [(COPY_RETURN, "    return torch.zeros_like(x), torch.zeros_like(targets)")],
            0.0,
            0.0,
        ),
        "one slip": (COPY_WRONG["uniform noise"], 0.5, 0.95),
        "point missed": (COPY_WRONG["targets of the noise"], 0.0, 0.45),
    },
    "adding_batch": {
        "nothing": (
            [(ADD_RETURN, "return torch.zeros_like(x), torch.zeros(N)")],
            0.0,
            0.0,
        ),
        "one slip": (ADD_WRONG["normal numbers"], 0.5, 0.95),
        "point missed": (ADD_WRONG["sum of all numbers"], 0.0, 0.45),
    },
    "SequenceClassifier": {
        "nothing": ([(ANSWER, "return 0.0 * self.readout(final)")], 0.0, 0.0),
        "one slip": (CLASS_WRONG["last step both ways"], 0.5, 0.95),
        "point missed": (CLASS_WRONG["first step forwards"], 0.0, 0.45),
    },
    "train_until": {
        "nothing": (
            "def train_until(model, task, target, max_steps, lr=0.03):\n    return False, []\n",
            0.0,
            0.0,
        ),
        "one slip": (UNTIL_WRONG["errors compared as accuracies"], 0.5, 0.95),
        "point missed": (UNTIL_WRONG["no step"], 0.0, 0.45),
    },
    "train_memory": {
        "nothing": (MEMORY_WRONG["never trained"], 0.0, 0.0),
        "one slip": (MEMORY_WRONG["stops too early"], 0.5, 0.95),
        "point missed": (MEMORY_WRONG["a vanilla RNN"], 0.0, 0.45),
    },
    "layer_norm_step": {
        "nothing": ([(NORMED, "return 0 * h_prev")], 0.0, 0.0),
        "one slip": (NORM_WRONG["eps ignored"], 0.5, 0.95),
        "point missed": (NORM_WRONG["over the batch"], 0.0, 0.45),
    },
    "hidden_trajectory": {
        "nothing": ([(OUT, "        states = 0 * model.rnn(x)[0]\n")], 0.0, 0.0),
        "one slip": (PATH_WRONG["mode not restored"], 0.5, 0.95),
        "point missed": (PATH_WRONG["last state"], 0.0, 0.45),
    },
    "repaired_jacobian": {
        "nothing": ([(JACOBIAN, "return 0 * W_h")], 0.0, 0.0),
        "one slip": (BUG_WRONG["float64 forced"], 0.5, 0.95),
        "point missed": (BUG_WRONG["found"], 0.0, 0.45),
    },
}
