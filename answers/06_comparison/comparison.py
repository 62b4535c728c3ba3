"""Wrong and right variants of the exercises in ``source/06_comparison/comparison.ipynb``."""

# --- the copy task ------------------------------------------------------------------------------
COPY_RETURN = "    return x, targets"
NOISE = "x = torch.randn(N, T, symbols + 1, generator=generator)"
COPY_TARGETS = "targets = torch.randint(symbols, (N,), generator=generator)"
ONE = "    x[torch.arange(N), 0, targets] = 1\n"
MARK = "    x[:, 0, symbols] = 1\n"
COPY_WRONG = {
    "The symbols come in turn: draw each of them at random.": [
        ("torch.randint(symbols, (N,), generator=generator)", "torch.arange(N) % symbols")
    ],
    "The symbols are dealt out evenly: draw each of them by itself.": [
        (
            "torch.randint(symbols, (N,), generator=generator)",
            "torch.randperm(N, generator=generator) % symbols",
        )
    ],
    "The noise is uniform: draw it with torch.randn.": [("torch.randn(N", "torch.rand(N")],
    "Later steps are silent: they must hold standard normal noise.": [(NOISE, NOISE + " * 0")],
    "The noise is too loud: its standard deviation must be 1.": [(NOISE, NOISE + " * 2")],
    "The first step carries noise: it holds the symbol and the mark, nothing else.": [
        ("    x[:, 0] = 0\n", "")
    ],
    "There is noise in the column of the mark: it must be 0 after the first step.": [
        ("    x[:, :, symbols] = 0\n", "")
    ],
    "The mark is missing at the first step.": [(MARK, "")],
    "Every step carries the mark: only the first one may.": [(MARK, "    x[:, :, symbols] = 1\n")],
    "The mark stands at the last step: it belongs to the first.": [
        (MARK, "    x[:, -1, symbols] = 1\n")
    ],
    "The mark is in the first column: it belongs to the last.": [
        (COPY_RETURN, "    return torch.roll(x, 1, dims=2), targets"),
    ],
    "The symbol stands at the last step: it belongs to the first.": [
        (ONE, "    x[torch.arange(N), -1, targets] = 1\n")
    ],
    "The whole column of a symbol is set: index rows and targets together with torch.arange(N).": [
        (ONE, "    x[:, 0, targets] = 1\n")
    ],
    "The targets come from the global generator: pass generator=generator.": [
        (COPY_TARGETS, "targets = torch.randint(symbols, (N,))")
    ],
    "The noise comes from the global generator: pass generator=generator.": [
        (NOISE, "x = torch.randn(N, T, symbols + 1)")
    ],
    "The last symbol is never drawn: torch.randint's upper end is not included.": [
        ("torch.randint(symbols,", "torch.randint(max(1, symbols - 1),")
    ],
    "All sequences have the same symbol: draw one for each.": [
        (COPY_TARGETS, COPY_TARGETS.replace("(N,)", "(1,)") + ".repeat(N)")
    ],
    "The symbols are numbered in turn: they must be drawn.": [
        (COPY_TARGETS, "targets = torch.zeros(N, dtype=torch.long)")
    ],
    "The targets are read off the noise: they must be the symbols of the first step.": [
        (COPY_RETURN, "    return x, torch.randint(symbols, (N,), generator=generator)")
    ],
    "Time comes first: x must be (N, T, symbols + 1).": [
        (COPY_RETURN, "    return x.transpose(0, 1), targets")
    ],
    "The targets are floats: class numbers must be int64.": [
        (COPY_RETURN, "    return x, targets.float()")
    ],
    "x is float64: it must be float32.": [(COPY_RETURN, "    return x.double(), targets")],
    "There is no column for the mark: x needs symbols + 1 of them.": [
        (COPY_RETURN, "    return x[:, :, :symbols], targets")
    ],
    "The generator is seeded again inside: every call would return the same batch.": [
        (NOISE, "generator.manual_seed(0)\n    " + NOISE)
    ],
    "All sequences share one noise: draw it for each sequence.": [
        (NOISE, NOISE.replace("randn(N", "randn(1") + ".repeat(N, 1, 1)"),
    ],
    "All steps share one noise: draw it for each step.": [
        (NOISE, NOISE.replace("N, T,", "N, 1,") + ".repeat(1, T, 1)"),
    ],
    "All columns share one noise: draw it for each column.": [
        (NOISE, NOISE.replace("symbols + 1", "1") + ".repeat(1, 1, symbols + 1)"),
    ],
    "Targets and inputs are exchanged: x comes first.": [(COPY_RETURN, "    return targets, x")],
    "The targets are a column: their shape must be (N,).": [
        (COPY_RETURN, "    return x, targets[:, None]")
    ],
    "Two calls with one generator give the same: draw from the generator, not from its seed.": [
        (
            "    x = torch",
            "    generator = torch.Generator().manual_seed(generator.initial_seed())\n    x = torch",
        )
    ],
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
    "The first marks come in turn: draw each step at random.": [
        ("torch.randint(0, half, (N,), generator=generator)", "rows % half")
    ],
    "The mark goes to the largest number: draw its step, whatever number stands there.": [
        ("torch.randint(0, half, (N,), generator=generator)", "x[:, :half, 0].argmax(dim=1)")
    ],
    "Both marks may fall anywhere: one belongs to each half.": [
        (FIRST_MARK, FIRST_MARK.replace("0, half", "0, T")),
        (SECOND_MARK, SECOND_MARK.replace("half, T", "0, T")),
    ],
    "The second mark may fall anywhere: it belongs to the second half.": [
        (SECOND_MARK, SECOND_MARK.replace("half, T", "0, T"))
    ],
    "There is one mark only: two numbers are to be added.": [("    " + SECOND_MARK + "\n", "")],
    "The last step is never marked: torch.randint's upper end is not included.": [
        (SECOND_MARK, SECOND_MARK.replace("half, T", "half, max(half + 1, T - 1)"))
    ],
    "The halves are cut one step late: the first is 0 ... T//2 - 1.": [
        ("T // 2", "(T + 1) // 2 if T > 2 else 1")
    ],
    "The marks stand at fixed places: draw them.": [
        (FIRST_MARK, "x[:, 0, 1] = 1"),
        (SECOND_MARK, "x[:, half, 1] = 1"),
    ],
    "All sequences have their marks at the same places: draw them for each.": [
        (FIRST_MARK, "x[:, torch.randint(0, half, (1,), generator=generator), 1] = 1"),
        (SECOND_MARK, "x[:, torch.randint(half, T, (1,), generator=generator), 1] = 1"),
    ],
    "Both marks stand at the same place of their half: draw them independently.": [
        (
            FIRST_MARK,
            "k = torch.randint(0, half, (N,), generator=generator)\n    x[rows, k, 1] = 1",
        ),
        (SECOND_MARK, "x[rows, k + half, 1] = 1"),
    ],
    "All numbers are added: only the two marked ones count.": [
        (ADD_RETURN, "return x, x[:, :, 0].sum(dim=1)")
    ],
    "The target is the mean of the two numbers: it must be their sum.": [
        (ADD_RETURN, ADD_RETURN.replace("sum(dim=1)", "sum(dim=1) / 2"))
    ],
    "The target is the product of the two numbers: it must be their sum.": [
        (ADD_RETURN, "return x, torch.where(x[:, :, 1] > 0, x[:, :, 0], 1.0).prod(dim=1)")
    ],
    "The targets are a column: their shape must be (N,).": [
        (ADD_RETURN, ADD_RETURN.replace("sum(dim=1)", "sum(dim=1, keepdim=True)"))
    ],
    "The numbers are normal: draw them with torch.rand.": [("torch.rand(N", "torch.randn(N")],
    "The numbers run from -1 to 1: they must lie in [0, 1).": [(NUMBERS, NUMBERS + " * 2 - 1")],
    "The numbers are rounded: leave them as they are drawn.": [
        (NUMBERS, NUMBERS.replace(" = ", " = (") + " > 0.5).float()")
    ],
    "All sequences share their numbers: draw them for each.": [
        (NUMBERS, NUMBERS.replace("rand(N,", "rand(1,"))
    ],
    "All steps of a sequence show one number: draw one for each step.": [
        (NUMBERS, NUMBERS.replace("N, T", "N, 1"))
    ],
    "The columns are exchanged: numbers first, marks second.": [
        (ADD_RETURN, ADD_RETURN.replace("return x,", "return x.flip(2),"))
    ],
    "Time comes first: x must be (N, T, 2).": [
        (ADD_RETURN, ADD_RETURN.replace("return x,", "return x.transpose(0, 1),"))
    ],
    "Numbers come from the global generator: pass generator=generator.": [
        (NUMBERS, "x[:, :, 0] = torch.rand(N, T)")
    ],
    "The marks come from the global generator: pass generator=generator.": [
        (FIRST_MARK, FIRST_MARK.replace(", generator=generator", ""))
    ],
    "The generator is seeded again inside: every call would return the same batch.": [
        (NUMBERS, "generator.manual_seed(0)\n    " + NUMBERS)
    ],
    "The marks are -1: they must be 1.": [
        (
            ADD_RETURN,
            "y = (x[:, :, 0] * x[:, :, 1]).sum(dim=1)\n    x[:, :, 1] = 2 * x[:, :, 1] - 1\n    return x, y",
        )
    ],
    "The targets are whole numbers: they must be float32.": [(ADD_RETURN, ADD_RETURN + ".long()")],
    "x is float64: it must be float32.": [
        (ADD_RETURN, ADD_RETURN.replace("return x,", "return x.double(),"))
    ],
    "Two calls with one generator give the same: draw from the generator, not from its seed.": [
        (
            "    x = torch",
            "    generator = torch.Generator().manual_seed(generator.initial_seed())\n    x = torch",
        )
    ],
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
    "It reads the last step of both directions: backwards, that state has seen one step only.": [
        (BOTH, "final = states[:, -1]")
    ],
    "It reads the first step of both directions: forwards, that state has seen one step only.": [
        (BOTH, "final = states[:, 0]")
    ],
    "The directions are exchanged: forwards ends at the last step, backwards at the first.": [
        (BOTH, "final = torch.cat([states[:, 0, H:], final], dim=1)")
    ],
    "The halves are in the wrong order: forwards first, then backwards.": [
        (BOTH, "final = torch.cat([states[:, -1, H:], states[:, 0, :H]], dim=1)")
    ],
    "The forward state is the first step's: it must be the last.": [
        (FINAL, "final = states[:, 0, :H]")
    ],
    "It reads the mean over the steps: read the final state.": [
        (FINAL, "final = states.mean(dim=1)[:, :H]")
    ],
    "It reads the largest value over the steps: read the final state.": [
        (FINAL, "final = states.max(dim=1).values[:, :H]")
    ],
    "It answers at every step: one answer a sequence, from the final state.": [
        (ANSWER, "return self.readout(states)")
    ],
    "It reads the first layer's state: the last layer's is asked for.": [
        (
            ANSWER,
            "h = self.rnn(x)[1]\n        h = h[0] if isinstance(h, tuple) else h\n        return self.readout(torch.cat(list(h[: 1 + self.rnn.bidirectional]), dim=1))",
        )
    ],
    "It reads the cell state c: the readout takes the state h.": [
        (
            ANSWER,
            "h = self.rnn(x)[1]\n        h = h[1] if isinstance(h, tuple) else h\n        return self.readout(torch.cat(list(h[-1 - self.rnn.bidirectional :]), dim=1))",
        )
    ],
    "batch_first is missing: x is (N, T, D).": [('"batch_first": True', '"batch_first": False')],
    "It always builds an LSTM: cell decides.": [("kinds[cell](", 'kinds["lstm"](')],
    "GRU and LSTM are exchanged.": [
        ('"gru": nn.GRU, "lstm": nn.LSTM', '"gru": nn.LSTM, "lstm": nn.GRU')
    ],
    "The number of layers is not passed on: num_layers has no effect.": [
        (", num_layers, **", ", 1, **")
    ],
    "The second direction is not passed on: bidirectional has no effect.": [
        ('{"bidirectional": bidirectional, ', '{"bidirectional": False, ')
    ],
    "The dropout is not passed on: dropout has no effect.": [('"dropout": dropout, ', "")],
    "The dropout is fixed: take the argument.": [
        ('"dropout": dropout, ', '"dropout": 0.25 * (num_layers > 1), ')
    ],
    "Unless told otherwise it reads forwards: keep the default of bidirectional.": [
        ("bidirectional: bool = False", "bidirectional: bool = True")
    ],
    "Unless told otherwise nothing is dropped: keep the default of dropout.": [
        ("dropout: float = 0.0", "dropout: float = 0.2")
    ],
    "An unknown cell becomes an LSTM: raise a ValueError that names it.": [
        ('raise ValueError(f"no such cell: {cell!r}")', 'cell = "lstm"')
    ],
    "An unknown cell raises a KeyError: raise a ValueError that names it.": [
        ("raise ValueError(", "raise KeyError(")
    ],
    "A softmax is in the network: return the readout as it is, the loss has its own.": [
        (ANSWER, "return self.readout(final).softmax(dim=1)")
    ],
    "A log-softmax is in the network: return the readout as it is.": [
        (ANSWER, "return self.readout(final).log_softmax(dim=1)")
    ],
    "The state is squashed before the readout: hand it on as it is.": [
        (ANSWER, "return self.readout(torch.relu(final))")
    ],
    "The readout has no bias: use nn.Linear as it comes.": [
        (ANSWER, "return final @ self.readout.weight.T")
    ],
    "The vanilla cell uses ReLU: it must be tanh.": [
        (
            LAYERS,
            LAYERS
            + '\n        if cell == "rnn":\n            self.rnn = nn.RNN(input_size, hidden_size, num_layers, nonlinearity="relu", **options)',
        )
    ],
    "No gradient gets through: leave out detach() and torch.no_grad().": [
        ("states = self.rnn(x)[0]", "states = self.rnn(x)[0].detach()")
    ],
    "float32 is forced: keep the dtype of the input.": [
        ("states = self.rnn(x)[0]", "states = self.rnn.float()(x.float())[0]")
    ],
    "The input is changed: build a new tensor instead.": [
        ("states = self.rnn(x)[0]", "x.data.mul_(1.5)\n        states = self.rnn(x)[0]")
    ],
    "The state is kept from one batch to the next: every call starts from zero.": [
        (
            "states = self.rnn(x)[0]",
            "before = getattr(self, 'kept', None)\n        states, self.kept = self.rnn(x, before if x.shape[0] == getattr(self, 'n', 0) else None)\n        self.n = x.shape[0]",
        )
    ],
    "There is one layer too many: pass num_layers as it is.": [
        (ANSWER, "return self.more(self.readout(final))"),
        (READ, READ + "\n        self.more = nn.Linear(output_size, output_size)"),
    ],
    "The state of zeros is made on the CPU: it fails on another device.": [
        (
            "states = self.rnn(x)[0]",
            "h0 = torch.zeros(self.rnn.num_layers * (1 + self.rnn.bidirectional), len(x), self.rnn.hidden_size, dtype=x.dtype)\n        states = self.rnn(x, (h0, h0) if self.rnn.mode == 'LSTM' else h0)[0]",
        )
    ],
    "The final state is dropped as well: dropout acts between the layers alone.": [
        (
            "return self.readout(final)",
            "return self.readout(nn.functional.dropout(final, self.rate, self.training))",
        ),
        ("        self.readout = ", "        self.rate = dropout\n        self.readout = "),
    ],
    "The layers' dropout is used once more, on the final state: it acts between the layers alone.": [
        (
            ANSWER,
            "return self.readout(nn.functional.dropout(final, self.rnn.dropout, self.training))",
        )
    ],
    "The input is dropped as well: dropout acts between the layers alone.": [
        (
            "states = self.rnn(x)[0]",
            "states = self.rnn(nn.functional.dropout(x, self.rnn.dropout, self.training))[0]",
        )
    ],
    "The answers are dropped as well: dropout acts between the layers alone.": [
        (
            ANSWER,
            "return nn.functional.dropout(self.readout(final), self.rnn.dropout, self.training)",
        )
    ],
    "The final state is dropped in evaluation mode, too: leave dropout to the layers.": [
        (ANSWER, "return self.readout(nn.functional.dropout(final, self.rnn.dropout))")
    ],
    "Every call puts the layers into training mode: leave the mode to the caller.": [
        ("states = self.rnn(x)[0]", "states = self.rnn.train()(x)[0]")
    ],
    "The read-out's weights are detached: they get no gradient and never learn.": [
        (
            "return self.readout(final)",
            "return final @ self.readout.weight.detach().T + self.readout.bias",
        )
    ],
}
CLASS_RIGHT = {
    "the readout is made first": [
        (
            "        self.rnn = kinds",
            "        self.readout = nn.Linear(hidden_size * (1 + bidirectional), output_size)\n        self.rnn = kinds",
        ),
        (
            "**options)\n        self.readout = nn.Linear(hidden_size * (1 + bidirectional), output_size)",
            "**options)",
        ),
    ],
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
    "Gradients pile up: call zero_grad before every backward.": [(ZERO, "")],
    "zero_grad comes between backward and step: the gradient is gone before it is used.": [
        (ZERO, ""),
        (CLIP, CLIP + ZERO),
    ],
    "Gradients are not clipped: clip their norm to 1 before the step.": [(CLIP, "")],
    "Gradients are clipped after the step: that is too late.": [(CLIP, ""), (STEP, STEP + CLIP)],
    "Gradients are clipped before the backward: there are none yet.": [
        (CLIP, ""),
        (
            "        loss.backward()\n",
            "        optimizer.zero_grad()\n" + CLIP + "        loss.backward()\n",
        ),
    ],
    "Values are clipped one by one: clip the norm of all gradients together.": [
        ("clip_grad_norm_(model.parameters(), 1.0)", "clip_grad_value_(model.parameters(), 1.0)")
    ],
    "Each parameter is clipped by itself: clip the norm of all gradients together.": [
        (
            CLIP,
            "        for p in model.parameters():\n            nn.utils.clip_grad_norm_(p, 1.0)\n",
        )
    ],
    "The norm is clipped to 5: it must be 1.": [
        ("model.parameters(), 1.0)", "model.parameters(), 5.0)")
    ],
    "The optimizer is SGD: it must be Adam.": [("torch.optim.Adam", "torch.optim.SGD")],
    "The optimizer is AdamW: it must be Adam.": [("torch.optim.Adam(", "torch.optim.AdamW(")],
    "The rate is fixed: use lr.": [("lr=lr)", "lr=0.03)")],
    "Every step makes a new optimizer: Adam forgets its averages. Make one before the loop.": [
        (ZERO, "        optimizer = torch.optim.Adam(model.parameters(), lr=lr)\n" + ZERO)
    ],
    "No step is taken: call optimizer.step().": [(STEP, "")],
    "The score is taken after the update: take it from the output that was trained on.": [
        (
            STEP,
            STEP
            + "        with torch.no_grad():\n            again = model(x)\n            score = nn.functional.mse_loss(again[:, 0], targets) if error else (again.argmax(dim=1) == targets).double().mean()\n",
        )
    ],
    "One batch serves all steps: call task() at every step.": [
        ("    model.train()\n", "    model.train()\n    x, targets = task()\n"),
        ("        x, targets = task()\n", ""),
    ],
    "Two batches are drawn in a step: call task() once.": [
        ("        x, targets = task()\n", "        task()\n        x, targets = task()\n")
    ],
    "One good score is enough to stop: the mean of the last ten must reach the target.": [
        (RECENT, "recent = scores[-1]")
    ],
    "It stops before ten scores are there: a mean of ten needs ten.": [
        ("len(scores) >= 10 and ", "")
    ],
    "The mean is over all scores: take the last ten.": [(RECENT, "recent = np.mean(scores)")],
    "The mean is over five scores: take the last ten.": [
        ("scores[-10:]", "scores[-5:]"),
        ("len(scores) >= 10", "len(scores) >= 5"),
    ],
    "Errors are compared as if large were good: an error must be at most the target.": [
        ("(recent <= target if error else recent >= target)", "recent >= target")
    ],
    "Accuracies are compared as if small were good: an accuracy must be at least the target.": [
        ("(recent <= target if error else recent >= target)", "recent <= target")
    ],
    "The target must be passed: reaching it is enough.": [
        ("recent >= target)", "recent > target)"),
        ("recent <= target if", "recent < target if"),
    ],
    "It never stops early: return as soon as the target is reached.": [
        ("            return True, scores\n", "            pass\n")
    ],
    "It always says solved: out of reach it returns False.": [
        ("    return False, scores", "    return True, scores")
    ],
    "Reached at the last step of the budget is reached as well: then it returns True.": [
        ("            return True, scores", "            return len(scores) < max_steps, scores")
    ],
    "The rate is 0.03 unless the caller gives one.": [("lr: float = 0.03", "lr: float = 0.01")],
    "The loss is a sum over the batch: leave cross_entropy its mean.": [
        ("cross_entropy(output, targets)", 'cross_entropy(output, targets, reduction="sum")')
    ],
    "All of the last ten must have reached the target: their mean is enough.": [
        (RECENT, "recent = (max if error else min)(scores[-10:])")
    ],
    "It never says solved: return True when the target is reached.": [
        ("            return True, scores", "            return False, scores")
    ],
    "It takes one step too many: max_steps is the limit.": [
        ("len(scores) < max_steps", "len(scores) <= max_steps")
    ],
    "It takes one step too few: max_steps may be used up.": [
        ("len(scores) < max_steps", "len(scores) < max_steps - 1")
    ],
    "The scores are losses: return accuracies, or squared errors for float targets.": [
        (APPEND, "        scores.append(loss.item())\n")
    ],
    "The scores are tensors: call .item().": [("score.item()", "score.detach()")],
    "The scores count mistakes: return the share of what is right.": [
        ("(output.argmax(dim=1) == targets)", "(output.argmax(dim=1) != targets)")
    ],
    "The scores count hits: return their share.": [(".double().mean()", ".double().sum()")],
    "(N, 1) minus (N,) is a table: compare output[:, 0] with float targets.": [
        ("mse_loss(output[:, 0], targets)", "mse_loss(output, targets)")
    ],
    "The error is absolute: it must be squared.": [("mse_loss(", "l1_loss(")],
    "The error is a sum: it must be a mean.": [
        ("mse_loss(output[:, 0], targets)", 'mse_loss(output[:, 0], targets, reduction="sum")')
    ],
    "A softmax stands before the loss: cross_entropy has its own.": [
        ("cross_entropy(output, targets)", "cross_entropy(output.softmax(dim=1), targets)")
    ],
    "The model is in evaluation mode: call model.train() before the steps.": [
        ("model.train()", "model.eval()")
    ],
    "The model's mode is left as it came: call model.train() before the steps.": [
        ("    model.train()\n", "")
    ],
    "Only the scores come back: return solved and scores.": [
        ("return True, scores", "return scores"),
        ("return False, scores", "return scores"),
    ],
    "The number of steps comes back: return the scores.": [
        ("return True, scores", "return True, len(scores)"),
        ("return False, scores", "return False, len(scores)"),
    ],
    "The returned values are in the wrong order: solved comes first.": [
        ("return True, scores", "return scores, True"),
        ("return False, scores", "return scores, False"),
    ],
    "Only the readout learns: give the optimizer all parameters.": [
        ("torch.optim.Adam(model.parameters()", "torch.optim.Adam(list(model.parameters())[-1:]")
    ],
    "A copy is trained: the model that was handed in must learn.": [
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
    "evaluation mode at the end": [
        (
            "            return True, scores",
            "            model.eval()\n            return True, scores",
        ),
        ("    return False, scores", "    model.eval()\n    return False, scores"),
    ],
    "no update once the target is reached": """
def train_until(model, task, target, max_steps, lr=0.03):
    adam, scores = torch.optim.Adam(model.parameters(), lr=lr), []
    model.train()
    for _ in range(max_steps):
        x, y = task()
        out = model(x)
        floats = y.is_floating_point()
        loss = ((out[:, 0] - y) ** 2).mean() if floats else nn.functional.cross_entropy(out, y)
        scores.append(loss.item() if floats else (out.argmax(1) == y).double().mean().item())
        mean = np.mean(scores[-10:])
        if len(scores) > 9 and (mean <= target if floats else mean >= target):
            return True, scores
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
    return False, scores
""",
}

# --- the exam -----------------------------------------------------------------------------------
TRAIN = "train_until(model, copy_task(T, seed), 0.998, 300)"
START = "    start_remembering(model, **memory_for(T))\n"
MEMORY_WRONG = {
    "The start is PyTorch's own: set it with start_remembering and memory_for(T).": [
        (START, ""),
        ("0.998, 300", "0.998, 100"),
    ],
    "The model is never trained: call train_until.": [("    " + TRAIN + "\n", "")],
    "Five steps are too few: allow up to 300.": [("0.998, 300", "0.998, 5")],
    "Training stops too early: give it a target nearer 1.": [("0.998, 300", "0.8, 300")],
    "It is a vanilla RNN: only a gated cell keeps a symbol for 100 steps.": [
        ('"lstm"', '"rnn"'),
        ("0.998, 300", "0.998, 60"),
    ],
    "It was trained at length 10: train at length T.": [
        ("copy_task(T, seed)", "copy_task(min(T, 10), seed)"),
        ("memory_for(T)", "memory_for(min(T, 10))"),
    ],
    "Only the readout is trained: all parameters must learn.": [
        (
            TRAIN,
            "model.rnn.requires_grad_(False)\n    train_until(model, copy_task(T, seed), 0.998, 30)",
        )
    ],
    "Another model comes back than the one that was trained.": [
        (
            "    return model",
            '    return SequenceClassifier("lstm", SYMBOLS + 1, HIDDEN, SYMBOLS).to(DEVICE)',
        )
    ],
    "It reads the first step directly: the state must carry the symbol.": [
        (
            "    return model",
            "    class Reader(nn.Module):\n        def forward(self, x):\n            return x[:, 0, :SYMBOLS]\n    reader = Reader()\n    reader.weight = nn.Parameter(torch.ones(1))\n    return reader",
        )
    ],
    "Nothing comes back: return the trained model.": [("    return model", "    return None")],
    "The first weights are left to chance: torch.manual_seed(seed) comes first.": [
        ("    torch.manual_seed(seed)\n", "")
    ],
    "The seed is written in it: use the argument.": [
        ("torch.manual_seed(seed)", "torch.manual_seed(0)"),
        ("copy_task(T, seed)", "copy_task(T, 0)"),
    ],
    "The length is written in it: train at length T.": [
        ("memory_for(T)", "memory_for(100)"),
        ("copy_task(T, seed)", "copy_task(100, seed)"),
    ],
}
MEMORY_RIGHT = {
    "a GRU": [('"lstm"', '"gru"')],
    "shorter sequences first": [
        (TRAIN, "train_until(model, copy_task(max(3, T // 4), seed), 0.99, 60)\n    " + TRAIN)
    ],
    "wider": [("HIDDEN, SYMBOLS", "40, SYMBOLS")],
}

# --- layer normalisation ------------------------------------------------------------------------
SUM = "a = x @ W_x + h_prev @ W_h"
MEAN = "mean = a.mean(dim=1, keepdim=True)"
VARIANCE = "variance = a.var(dim=1, keepdim=True, unbiased=False)"
NORMED = "return torch.tanh(gain * (a - mean) / torch.sqrt(variance + eps) + b)"
NORM_WRONG = {
    "It normalises over the batch: take mean and variance over the units, dim=1.": [
        (MEAN, MEAN.replace("dim=1", "dim=0")),
        (VARIANCE, VARIANCE.replace("dim=1", "dim=0")),
    ],
    "It normalises over everything: take mean and variance of every row, dim=1.": [
        (MEAN, "mean = a.mean()"),
        (VARIANCE, "variance = a.var(unbiased=False)"),
    ],
    "It divides by H - 1: layer normalisation divides by H (unbiased=False).": [
        (", unbiased=False", "")
    ],
    "eps is outside the root: it belongs under the root, to the variance.": [
        ("torch.sqrt(variance + eps)", "(torch.sqrt(variance) + eps)")
    ],
    "eps has a value of its own: use the argument.": [("variance + eps", "variance + 1e-5")],
    "eps is missing: add it to the variance.": [("variance + eps", "variance")],
    "eps is 1e-5 unless the caller gives one.": [("eps: float = 1e-5", "eps: float = 1e-3")],
    "gain stands outside tanh: it scales the normalised sum, before the squashing.": [
        (NORMED, "return gain * torch.tanh((a - mean) / torch.sqrt(variance + eps) + b)")
    ],
    "It divides by the variance: divide by its root.": [
        ("torch.sqrt(variance + eps)", "(variance + eps)")
    ],
    "The mean is kept: subtract it.": [("(a - mean)", "a")],
    "The division is missing: divide by the standard deviation.": [
        (" / torch.sqrt(variance + eps)", "")
    ],
    "tanh is missing at the end.": [("torch.tanh(", "(")],
    "It normalises after tanh: normalise the sum, then squash.": [
        (SUM, SUM.replace("a = ", "a = torch.tanh(") + ")"),
        ("torch.tanh(gain", "(gain"),
    ],
    "gain is missing: multiply the normalised values by it.": [("gain * ", "")],
    "b is missing: add it after the gain.": [(" + b)", ")")],
    "b is added before the normalisation: it belongs after the gain.": [
        (SUM, SUM + " + b"),
        (" + b)", ")"),
    ],
    "gain multiplies b too: only the normalised values are scaled.": [
        (
            "gain * (a - mean) / torch.sqrt(variance + eps) + b",
            "gain * ((a - mean) / torch.sqrt(variance + eps) + b)",
        )
    ],
    "The state is not used: add h_prev @ W_h.": [(" + h_prev @ W_h", "")],
    "The two products are normalised apart: normalise their sum.": [
        (
            NORMED,
            "parts = [(s - s.mean(1, keepdim=True)) / torch.sqrt(s.var(1, keepdim=True, unbiased=False) + eps) for s in (x @ W_x, h_prev @ W_h)]\n    return torch.tanh(gain * sum(parts) + b)",
        )
    ],
    "Only the state's product is normalised: normalise the sum of both.": [
        (
            NORMED,
            "s = h_prev @ W_h\n    s = (s - s.mean(1, keepdim=True)) / torch.sqrt(s.var(1, keepdim=True, unbiased=False) + eps)\n    return torch.tanh(gain * s + b + x @ W_x)",
        )
    ],
    "W_h is transposed: it fits, but it must be h_prev @ W_h.": [
        ("h_prev @ W_h", "h_prev @ W_h.T")
    ],
    "This is a sigmoid: the step ends with tanh.": [("torch.tanh(", "torch.sigmoid(")],
    "No gradient gets through the mean: leave out detach().": [(MEAN, MEAN + ".detach()")],
    "No gradient gets through the variance: leave out detach().": [
        (VARIANCE, VARIANCE + ".detach()")
    ],
    "No gradient gets through the step: leave out detach() and torch.no_grad().": [
        (NORMED, NORMED + ".detach()")
    ],
    "The step goes through NumPy: the gradient is lost, stay in PyTorch.": [
        (
            NORMED,
            NORMED.replace("return ", "h = ")
            + "\n    return torch.tensor(h.detach().numpy(), requires_grad=True)",
        )
    ],
    "float64 is forced: keep the dtype of the input.": [(NORMED, NORMED + ".double()")],
    "The state is overwritten: build a new tensor instead.": [
        (SUM, SUM + "\n    h_prev.data.copy_(a.data)")
    ],
    "gain is overwritten: build a new tensor instead.": [
        (SUM, SUM + "\n    gain.data.mul_(1.0001)")
    ],
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
    "Gradients stay off after the call: use `with torch.no_grad():`.": [
        (
            "    with torch.no_grad():\n        states",
            "    torch.set_grad_enabled(False)\n    states",
        )
    ],
    "The network is in training mode, so dropout is on: call eval() first.": [
        ("    model.eval()\n", "")
    ],
    "The network is set to training mode first: it must be eval().": [
        ("model.eval()", "model.train()")
    ],
    "The mode is not put back: leave it as it was before the call.": [
        ("    model.train(before)\n", "")
    ],
    "The network always trains afterwards: put back the mode that it had.": [
        ("model.train(before)", "model.train()")
    ],
    "Gradients are recorded: run it under torch.no_grad().": [
        ("    with torch.no_grad():\n        states", "    states"),
        ("states.cpu()", "states.detach().cpu()"),
    ],
    "Only the last state comes back: return the states of all steps.": [
        ("model.rnn(x)[0]", "model.rnn(x)[0][:, -1]")
    ],
    "The final states of all layers come back: return the last layer's, of all steps.": [
        (
            OUT,
            "        states = model.rnn(x)[1]\n        states = states[0] if isinstance(states, tuple) else states\n",
        )
    ],
    "A tensor comes back: end with .cpu().numpy().": [("states.cpu().numpy()", "states")],
    "Time comes first: states must be (N, T, H).": [
        ("states.cpu().numpy()", "states.cpu().numpy().transpose(1, 0, 2)")
    ],
    "Only the forward half comes back: keep both directions.": [
        ("states.cpu().numpy()", "states.cpu().numpy()[:, :, : model.rnn.hidden_size]")
    ],
    "The answers come back: return the states of model.rnn.": [("model.rnn(x)[0]", "model(x)")],
    "float64 is forced: keep the dtype of the states.": [
        ("states.cpu().numpy()", "states.cpu().numpy().astype(float)")
    ],
    "The states are one step late.": [
        (OUT, "        states = torch.roll(model.rnn(x)[0], 1, dims=1)\n")
    ],
    "Only the first sequence comes back: keep all of them.": [
        ("states.cpu().numpy()", "states.cpu().numpy()[0]")
    ],
    "The mean over the batch comes back: keep every sequence.": [
        ("states.cpu().numpy()", "states.cpu().numpy().mean(axis=0)")
    ],
    "Axes of length 1 are gone: no squeeze.": [
        ("states.cpu().numpy()", "states.cpu().numpy().squeeze()")
    ],
    "The layers stay in evaluation mode: put back the mode that they had.": [
        ("model.eval()", "model.rnn.eval()"),
        ("    model.train(before)\n", ""),
    ],
    "Nested lists come back: end with .cpu().numpy().": [
        ("states.cpu().numpy()", "states.cpu().numpy().tolist()")
    ],
    "The input is changed: build a new tensor instead.": [(OUT, "        x *= 1.5\n" + OUT)],
    "Every step starts from zero: run the layer over the whole sequence.": [
        (
            OUT,
            "        states = torch.cat([model.rnn(x[:, t : t + 1])[0] for t in range(x.shape[1])], dim=1)\n",
        )
    ],
    "The parameters can no longer learn: torch.no_grad() is for the call alone.": [
        ("    model.eval()", "    model.eval()\n    model.requires_grad_(False)")
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
    "the layers alone in evaluation mode": [
        ("model.eval()", "model.rnn.eval()"),
        ("model.train(before)", "model.rnn.train(before)"),
    ],
}

# --- find the bug -------------------------------------------------------------------------------
NEW = "h_new = np.tanh(x @ W_x + h @ W_h + b)"
JACOBIAN = "return (1 - h_new**2)[:, None] * W_h.T"
BUG_WRONG = {
    "Both mistakes are still there: your test_jacobian is red on this function.": [
        (JACOBIAN, "return W_h * (1 - h**2)")
    ],
    "One of the two mistakes is left: it hides wherever the state rests.": [
        (JACOBIAN, "return (1 - h**2)[:, None] * W_h.T")
    ],
    "One of the two mistakes is left: it hides from eigenvalues, and where there is one unit.": [
        (JACOBIAN, "return W_h * (1 - h_new**2)")
    ],
    "The slope is on the wrong side: it belongs to the row of the new unit.": [
        (JACOBIAN, "return (1 - h_new**2) * W_h.T")
    ],
    "The slope is on the wrong side, and the axes are exchanged.": [
        (JACOBIAN, "return (1 - h_new**2)[:, None] * W_h")
    ],
    "The slope of tanh is missing.": [(JACOBIAN, "return W_h.T.copy()")],
    "The slope is taken of the sum, before tanh: it is 1 - tanh(...)**2.": [
        (NEW, "h_new = x @ W_x + h @ W_h + b")
    ],
    "The slope is squared.": [(JACOBIAN, "return ((1 - h_new**2) ** 2)[:, None] * W_h.T")],
    "The slope is 1 - h_new: it must be 1 - h_new**2.": [("1 - h_new**2", "1 - h_new")],
    "This is a sigmoid's slope: tanh has 1 - h_new**2.": [("1 - h_new**2", "h_new * (1 - h_new)")],
    "The input is left out of the new state: add x @ W_x.": [
        ("x @ W_x + h @ W_h + b", "h @ W_h + b")
    ],
    "The bias is left out of the new state: add b.": [(" + b)", ")")],
    "This is the slope in the input: take the slope in h.": [
        (JACOBIAN, "return (1 - h_new**2)[:, None] * W_x.T")
    ],
    "The eigenvalues come back: return the matrix.": [
        (JACOBIAN, "return np.linalg.eigvals((1 - h_new**2)[:, None] * W_h.T).real")
    ],
    "This is the Jacobian of two steps: one is asked for.": [
        (NEW, NEW + "\n    h_new = np.tanh(x @ W_x + h_new @ W_h + b)")
    ],
    "float64 is forced: keep the dtype of the input.": [(JACOBIAN, JACOBIAN + ".astype(float)")],
    "The state is overwritten: build a new array instead.": [(NEW, NEW + "\n    h[:] = h_new")],
    "The weights are overwritten: build a new array instead.": [
        (JACOBIAN, "W_h *= 1 - h_new**2\n    return W_h.T")
    ],
    "A list comes back: it must be an array.": [
        (JACOBIAN, "return ((1 - h_new**2)[:, None] * W_h.T).tolist()")
    ],
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

# --- a test that fails on the found Jacobian ------------------------------------------------------
TEST_LAST = "np.testing.assert_allclose(J, np.stack(columns, axis=1), rtol=1e-5, atol=1e-8)"
TEST_CLOSE = "np.allclose(J, np.stack(columns, axis=1), rtol=1e-5, atol=1e-8)"
TEST_CALL = "    J = jacobian(h.copy(), x, W_x, W_h, b)\n"
TEST_SHAPES = "(4, 3, (3, 4), (4, 4), 4)"
TEST_AFTER = "    after = lambda"

TEST_WRONG = {
    "It never fails: nothing is asserted.": [(TEST_LAST, "np.stack(columns, axis=1)")],
    "It always fails, on a right Jacobian too.": [(TEST_LAST, "assert False")],
    "It returns False: a test speaks by raising an AssertionError.": [
        (TEST_LAST, "return " + TEST_CLOSE)
    ],
    "It prints that something is wrong: a test speaks by raising an AssertionError.": [
        (TEST_LAST, f"if not {TEST_CLOSE}:\n        print('wrong')")
    ],
    "It looks at the shape alone: a wrong Jacobian has the right shape.": [
        (TEST_LAST, "assert J.shape == (4, 4)")
    ],
    "The tolerance is so wide that nearly everything passes.": [("atol=1e-8", "atol=5")],
    "Nudging is right to ten digits, not to all: compare with a tolerance, not with ==.": [
        (TEST_LAST, "assert np.array_equal(J, np.stack(columns, axis=1))")
    ],
    "Two right functions differ in the last digits: compare with a tolerance, not with ==.": [
        (TEST_LAST, "assert np.array_equal(J, (1 - after(h) ** 2)[:, None] * W_h.T)")
    ],
    "Its own Jacobian is transposed: nudging h[j] gives column j.": [("axis=1", "axis=0")],
    "There is one unit: a matrix of one number has no axes to exchange.": [
        (TEST_SHAPES, "(1, 3, (3, 1), (1, 1), 1)"),
        ("np.eye(4)", "np.eye(1)"),
    ],
    "W_h is diagonal: there an exchange of axes goes unseen.": [
        (TEST_AFTER, "    W_h = W_h * np.eye(4)\n" + TEST_AFTER)
    ],
    "It looks at a fixed point: there the state before and the state after are the same.": [
        (
            TEST_AFTER,
            "    h = np.tanh(h)\n    b = np.arctanh(h) - x @ W_x - h @ W_h\n" + TEST_AFTER,
        )
    ],
    "The largest eigenvalue alone is compared: a transposed matrix has the same.": [
        (
            TEST_LAST,
            "size = lambda A: abs(np.linalg.eigvals(A)).max()\n"
            "    assert abs(size(J) - size(np.stack(columns, axis=1))) < 1e-6",
        )
    ],
    "The diagonal alone is compared: look at the whole matrix.": [
        ("(J, np.stack(columns, axis=1),", "(np.diag(J), np.diag(np.stack(columns, axis=1)),")
    ],
    "One entry alone is compared: look at the whole matrix.": [
        ("(J, np.stack(columns, axis=1),", "(J[0, 0], columns[0][0],")
    ],
    "The input is zero: a function that leaves it out goes unseen.": [
        (TEST_AFTER, "    x = 0 * x\n" + TEST_AFTER)
    ],
    "The bias is zero: a function that leaves it out goes unseen.": [
        (TEST_AFTER, "    b = 0 * b\n" + TEST_AFTER)
    ],
    "State, input and bias are zero: there tanh has slope 1 whatever you do.": [
        (TEST_AFTER, "    h, x, b = 0 * h, 0 * x, 0 * b\n" + TEST_AFTER)
    ],
    "The tolerance is so wide that small mistakes pass.": [("atol=1e-8", "atol=0.5")],
    "The first row alone is compared: look at the whole matrix.": [
        ("(J, np.stack(columns, axis=1),", "(J[0], np.stack(columns, axis=1)[0],")
    ],
    "Absolute values are compared: a wrong sign goes unseen.": [
        ("(J, np.stack(columns, axis=1),", "(np.abs(J), np.abs(np.stack(columns, axis=1)),")
    ],
    "The state is zero: a function that leaves it out goes unseen.": [
        (TEST_AFTER, "    h = 0 * h\n" + TEST_AFTER)
    ],
    "W_h is symmetric: a function that does not transpose it goes unseen.": [
        (TEST_AFTER, "    W_h = W_h + W_h.T\n" + TEST_AFTER)
    ],
    "The colleague's name is written in it: call the function that is handed in.": [
        ("J = jacobian(", "J = found_jacobian(")
    ],
}
TEST_RIGHT = {
    "autograd": """
def test_jacobian(jacobian):
    torch.manual_seed(1)
    h, x, W_x, W_h, b = (torch.randn(*s).double() for s in ((5,), (2,), (2, 5), (5, 5), (5,)))
    want = torch.autograd.functional.jacobian(lambda h: torch.tanh(x @ W_x + h @ W_h + b), h)
    got = jacobian(h.numpy(), x.numpy(), W_x.numpy(), W_h.numpy(), b.numpy())
    assert np.allclose(got, want.numpy(), atol=1e-10)
""",
    "one random direction at a time": """
def test_jacobian(jacobian):
    rng = np.random.default_rng(7)
    for _ in range(20):
        h, x, W_x, W_h, b = (rng.uniform(-1, 1, s) for s in (3, 2, (2, 3), (3, 3), 3))
        after = lambda h: np.tanh(x @ W_x + h @ W_h + b)
        way = rng.normal(size=3)
        change = (after(h + 1e-4 * way) - after(h - 1e-4 * way)) / 2e-4
        if np.abs(jacobian(h, x, W_x, W_h, b) @ way - change).max() > 1e-5:
            raise ValueError("a slope is wrong")
""",
    "entry by entry, several sizes": """
def test_jacobian(jacobian):
    rng = np.random.default_rng(3)
    for D, H in ((1, 2), (4, 3), (2, 5)):
        h, x = rng.normal(size=H), rng.normal(size=D)
        W_x, W_h, b = rng.normal(size=(D, H)), rng.normal(size=(H, H)), rng.normal(size=H)
        J = jacobian(h, x, W_x, W_h, b)
        assert J.shape == (H, H)
        for j in range(H):
            near = h.copy()
            near[j] += 1e-6
            moved = np.tanh(x @ W_x + near @ W_h + b) - np.tanh(x @ W_x + h @ W_h + b)
            for i in range(H):
                assert abs(J[i, j] - moved[i] / 1e-6) < 1e-4, (i, j)
""",
    "the formula, by hand": """
def test_jacobian(jacobian):
    h, x = np.array([0.5, -0.3]), np.array([0.7])
    W_x, b = np.array([[0.4, -0.9]]), np.array([0.2, -0.1])
    W_h = np.array([[0.6, -0.8], [0.3, 0.5]])
    a = [0.7 * 0.4 + 0.5 * 0.6 - 0.3 * 0.3 + 0.2, -0.7 * 0.9 - 0.5 * 0.8 - 0.3 * 0.5 - 0.1]
    s = [1 / np.cosh(a[0]) ** 2, 1 / np.cosh(a[1]) ** 2]
    want = [[s[0] * 0.6, s[0] * 0.3], [s[1] * -0.8, s[1] * 0.5]]
    np.testing.assert_allclose(jacobian(h, x, W_x, W_h, b), want, rtol=1e-9)
""",
}

_QR = "Q, R = np.linalg.qr(repaired_jacobian(h, x, W_x, W_h, b) @ Q)"
_MOVE = "        h = np.tanh(x @ W_x + h @ W_h + b)\n"

WRONG = {
    "copy_first_batch": COPY_WRONG,
    "adding_batch": ADD_WRONG,
    "SequenceClassifier": CLASS_WRONG,
    "train_until": UNTIL_WRONG,
    "train_memory": MEMORY_WRONG,
    "layer_norm_step": NORM_WRONG,
    "hidden_trajectory": PATH_WRONG,
    "test_jacobian": TEST_WRONG,
    "repaired_jacobian": BUG_WRONG,
    "lyapunov_exponents": {
        "The directions are never put at right angles: all turn to the strongest one.": [
            (
                _QR,
                "P = repaired_jacobian(h, x, W_x, W_h, b) @ Q\n        "
                "R = np.diag(np.linalg.norm(P, axis=0))\n        Q = P / np.diag(R)",
            )
        ],
        "That is the length of each column before it was put at right angles: take R's diagonal.": [
            ("np.abs(np.diag(R))", "np.linalg.norm(R, axis=0)")
        ],
        "The Jacobian belongs to the state before the step: compute it first.": [
            (_MOVE, ""),
            (_QR, _MOVE.strip() + "\n        " + _QR),
        ],
        "The Jacobian is transposed: entry [i, j] is the slope of the new unit i in the old unit j.": [
            ("x, W_x, W_h, b) @ Q", "x, W_x, W_h, b).T @ Q")
        ],
        "The state never moves: every step has a Jacobian of its own.": [(_MOVE, "")],
        "The skipped steps are counted.": [("t >= skip", "True"), ("(len(xs) - skip)", "len(xs)")],
        "Divided by all steps: the skipped ones are not counted.": [
            ("(len(xs) - skip)", "len(xs)")
        ],
        "The directions move in the skipped steps, too; they do not start anew afterwards.": [
            (
                "        if t >= skip",
                "        Q = np.eye(*Q.shape) if t < skip else Q\n        if t >= skip",
            )
        ],
        "The skipped steps move the state, too.": [("enumerate(xs)", "enumerate(xs[skip:], skip)")],
        "That is the sum over the steps: take the mean.": [(" / (len(xs) - skip)", "")],
        "Take the natural logarithm, not that to base 2.": [("np.log(", "np.log2(")],
        "The mean growth is not the growth's mean: take logarithms first, then the mean.": [
            ("total += np.log(np.abs(np.diag(R)))", "total += np.abs(np.diag(R))"),
            ("return total / (len(xs) - skip)", "return np.log(total / (len(xs) - skip))"),
        ],
        "Those are eigenvalues of the single steps: a nudge turns from step to step.": [
            (
                "np.diag(R)))",
                "np.sort_complex(np.linalg.eigvals(repaired_jacobian(h, x, W_x, W_h, b)))[::-1][:count]))",
            ),
            (_MOVE, ""),
            ("    return total", "        h = np.tanh(x @ W_x + h @ W_h + b)\n    return total"),
        ],
        "The diagonal of R may be negative: take its absolute value.": [
            ("np.abs(np.diag(R))", "np.diag(R)")
        ],
        "The product of all Jacobians drowns what is weak: do a QR after every step.": [
            (_QR, "Q = repaired_jacobian(h, x, W_x, W_h, b) @ Q"),
            ("            total += np.log(np.abs(np.diag(R)))", "            pass"),
            ("return total", "return np.log(np.abs(np.diag(np.linalg.qr(Q)[1])))"),
        ],
    },
}
RIGHT = {
    "copy_first_batch": COPY_RIGHT,
    "adding_batch": ADD_RIGHT,
    "SequenceClassifier": CLASS_RIGHT,
    "train_until": UNTIL_RIGHT,
    "train_memory": MEMORY_RIGHT,
    "layer_norm_step": NORM_RIGHT,
    "hidden_trajectory": PATH_RIGHT,
    "test_jacobian": TEST_RIGHT,
    "repaired_jacobian": BUG_RIGHT,
    "lyapunov_exponents": {
        "the Jacobian written out": [
            (_MOVE, ""),
            (
                _QR,
                "h = np.tanh(x @ W_x + h @ W_h + b)\n        "
                "Q, R = np.linalg.qr((1 - h**2)[:, None] * (W_h.T @ Q))",
            ),
        ],
        "a list of logarithms, then the mean": [
            ("total = np.zeros(count, dtype=h0.dtype)", "logs = []"),
            (
                "        if t >= skip:\n            total += np.log(np.abs(np.diag(R)))",
                "        logs.append(np.log(np.abs(np.diag(R))))",
            ),
            ("total / (len(xs) - skip)", "np.mean(logs[skip:], axis=0)"),
        ],
        "Gram and Schmidt by hand": [
            (
                _QR,
                "P, grown = repaired_jacobian(h, x, W_x, W_h, b) @ Q, []\n"
                "        for k in range(count):\n"
                "            for j in range(k):\n"
                "                P[:, k] -= (P[:, j] @ P[:, k]) * P[:, j]\n"
                "            grown.append(np.linalg.norm(P[:, k]))\n"
                "            P[:, k] /= grown[-1]\n"
                "        Q = P",
            ),
            ("np.abs(np.diag(R))", "grown"),
        ],
        "with signs that keep the diagonal positive": [
            (
                "        if t >= skip",
                "        s = np.sign(np.diag(R))\n        Q, R = Q * s, R * s[:, None]\n        if t >= skip",
            ),
            ("np.abs(np.diag(R))", "np.diag(R)"),
        ],
    },
}
SAYS = {
    "copy_first_batch": {
        "The symbols come in turn: draw each of them at random.": "each target at random",
        "The symbols are dealt out evenly: draw each of them by itself.": "each target at random",
        "The noise is uniform: draw it with torch.randn.": "randn",
        "There is noise in the column of the mark: it must be 0 after the first step.": "mark",
        "The mark is missing at the first step.": "mark",
        "The first step carries noise: it holds the symbol and the mark, nothing else.": "first step",
        "The last symbol is never drawn: torch.randint's upper end is not included.": "equally likely",
        "The noise comes from the global generator: pass generator=generator.": "generator",
        "The targets are floats: class numbers must be int64.": "int64",
    },
    "adding_batch": {
        "The first marks come in turn: draw each step at random.": "each mark at random",
        "The mark goes to the largest number: draw its step, whatever number stands there.": "depend on the numbers",
        "Both marks may fall anywhere: one belongs to each half.": "one mark",
        "The last step is never marked: torch.randint's upper end is not included.": "never marked",
        "The numbers are normal: draw them with torch.rand.": "torch.rand",
        "All numbers are added: only the two marked ones count.": "two marked",
        "Numbers come from the global generator: pass generator=generator.": "generator",
    },
    "SequenceClassifier": {
        "It reads the last step of both directions: backwards, that state has seen one step only.": "one step only",
        "It reads the mean over the steps: read the final state.": "final state",
        "The number of layers is not passed on: num_layers has no effect.": "num_layers",
        "The second direction is not passed on: bidirectional has no effect.": "bidirectional",
        "batch_first is missing: x is (N, T, D).": "batch_first",
        "It always builds an LSTM: cell decides.": "must be a RNN",
        "Unless told otherwise it reads forwards: keep the default of bidirectional.": "reads forwards",
        "Unless told otherwise nothing is dropped: keep the default of dropout.": "without dropout",
        "The final state is dropped as well: dropout acts between the layers alone.": "between the layers alone",
        "The layers' dropout is used once more, on the final state: it acts between the layers alone.": "between the layers alone",
        "The input is dropped as well: dropout acts between the layers alone.": "between the layers alone",
        "The answers are dropped as well: dropout acts between the layers alone.": "between the layers alone",
        "The final state is dropped in evaluation mode, too: leave dropout to the layers.": "in evaluation mode",
        "Every call puts the layers into training mode: leave the mode to the caller.": "the mode to the caller",
    },
    "train_until": {
        "Errors are compared as if large were good: an error must be at most the target.": "at most",
        "It stops before ten scores are there: a mean of ten needs ten.": "ten",
        "The scores are tensors: call .item().": ".item()",
        "The model's mode is left as it came: call model.train() before the steps.": "model.train()",
        "It always says solved: out of reach it returns False.": "returns False",
        "(N, 1) minus (N,) is a table: compare output[:, 0] with float targets.": "output[:, 0]",
    },
    "train_memory": {
        "The model is never trained: call train_until.": "guessing",
        "The first weights are left to chance: torch.manual_seed(seed) comes first.": "manual_seed",
        "The seed is written in it: use the argument.": "use the argument",
        "The length is written in it: train at length T.": "a length written in it",
    },
    "layer_norm_step": {
        "It normalises over the batch: take mean and variance over the units, dim=1.": "over the batch",
        "It divides by H - 1: layer normalisation divides by H (unbiased=False).": "unbiased",
        "eps is outside the root: it belongs under the root, to the variance.": "under the root",
        "tanh is missing at the end.": "tanh",
    },
    "hidden_trajectory": {
        "Gradients stay off after the call: use `with torch.no_grad():`.": "stay off",
        "The network is in training mode, so dropout is on: call eval() first.": "mode",
        "The mode is not put back: leave it as it was before the call.": "mode",
        "A tensor comes back: end with .cpu().numpy().": "NumPy",
        "float64 is forced: keep the dtype of the states.": "keep the dtype",
        "Axes of length 1 are gone: no squeeze.": "(1, 1, 4)",
        "The layers stay in evaluation mode: put back the mode that they had.": "mode",
    },
    "test_jacobian": {
        "It never fails: nothing is asserted.": "passes on the colleague's function",
        "It always fails, on a right Jacobian too.": "fails on the Jacobian that autograd finds",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "Two right functions differ in the last digits: compare with a tolerance, not with ==.": "and should pass",
        "Its own Jacobian is transposed: nudging h[j] gives column j.": "fails on the Jacobian that autograd finds",
        "There is one unit: a matrix of one number has no axes to exchange.": "one of its two mistakes mended",
        "It looks at a fixed point: there the state before and the state after are the same.": "one of its two mistakes mended",
        "The input is zero: a function that leaves it out goes unseen.": "leaves out the input",
        "The bias is zero: a function that leaves it out goes unseen.": "leaves out the bias",
        "The tolerance is so wide that small mistakes pass.": "a tenth too large",
        "The first row alone is compared: look at the whole matrix.": "last row is missing",
        "Absolute values are compared: a wrong sign goes unseen.": "wrong sign",
        "The state is zero: a function that leaves it out goes unseen.": "leaves out the state",
        "W_h is symmetric: a function that does not transpose it goes unseen.": "not of its transpose",
    },
    "repaired_jacobian": {
        "Both mistakes are still there: your test_jacobian is red on this function.": "Both",
        "One of the two mistakes is left: it hides wherever the state rests.": "state rests",
        "One of the two mistakes is left: it hides from eigenvalues, and where there is one unit.": "hides from eigenvalues",
        "The slope is on the wrong side: it belongs to the row of the new unit.": "wrong side",
        "The slope of tanh is missing.": "missing",
    },
}
TYPICAL = {
    "copy_first_batch": {
        "nothing": (
            [(COPY_RETURN, "    return torch.zeros_like(x), torch.zeros_like(targets)")],
            0.0,
            0.0,
        ),
        "one slip": (COPY_WRONG["The noise is uniform: draw it with torch.randn."], 0.5, 0.95),
        "point missed": (
            COPY_WRONG[
                "The targets are read off the noise: they must be the symbols of the first step."
            ],
            0.0,
            0.45,
        ),
    },
    "adding_batch": {
        "nothing": (
            [(ADD_RETURN, "return torch.zeros_like(x), torch.zeros(N)")],
            0.0,
            0.0,
        ),
        "one slip": (ADD_WRONG["The numbers are normal: draw them with torch.rand."], 0.5, 0.95),
        "point missed": (
            ADD_WRONG["All numbers are added: only the two marked ones count."],
            0.0,
            0.45,
        ),
    },
    "SequenceClassifier": {
        "nothing": ([(ANSWER, "return 0.0 * self.readout(final)")], 0.0, 0.0),
        "one slip": (
            CLASS_WRONG[
                "It reads the last step of both directions: backwards, that state has seen one step only."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            CLASS_WRONG["The forward state is the first step's: it must be the last."],
            0.0,
            0.45,
        ),
    },
    "train_until": {
        "nothing": (
            "def train_until(model, task, target, max_steps, lr=0.03):\n    return False, []\n",
            0.0,
            0.0,
        ),
        "one slip": (
            UNTIL_WRONG["Gradients are not clipped: clip their norm to 1 before the step."],
            0.5,
            0.95,
        ),
        "point missed": (UNTIL_WRONG["No step is taken: call optimizer.step()."], 0.0, 0.45),
    },
    "train_memory": {
        "nothing": (MEMORY_WRONG["The model is never trained: call train_until."], 0.0, 0.0),
        "one slip": (
            MEMORY_WRONG["Training stops too early: give it a target nearer 1."],
            0.5,
            0.95,
        ),
        "point missed": (
            MEMORY_WRONG["It is a vanilla RNN: only a gated cell keeps a symbol for 100 steps."],
            0.0,
            0.45,
        ),
    },
    "layer_norm_step": {
        "nothing": ([(NORMED, "return 0 * h_prev")], 0.0, 0.0),
        "one slip": (
            NORM_WRONG["It divides by H - 1: layer normalisation divides by H (unbiased=False)."],
            0.5,
            0.95,
        ),
        "point missed": (
            NORM_WRONG[
                "It normalises over the batch: take mean and variance over the units, dim=1."
            ],
            0.0,
            0.45,
        ),
    },
    "hidden_trajectory": {
        "nothing": ([(OUT, "        states = 0 * model.rnn(x)[0]\n")], 0.0, 0.0),
        "one slip": (
            PATH_WRONG["The mode is not put back: leave it as it was before the call."],
            0.5,
            0.95,
        ),
        "point missed": (
            PATH_WRONG["Only the last state comes back: return the states of all steps."],
            0.0,
            0.45,
        ),
    },
    "test_jacobian": {
        "nothing": ([(TEST_LAST, "pass")], 0.0, 0.0),
        "one slip": (
            TEST_WRONG["The bias is zero: a function that leaves it out goes unseen."],
            0.6,
            0.95,
        ),
        "point missed": (
            TEST_WRONG["The tolerance is so wide that nearly everything passes."],
            0.0,
            0.49,
        ),
    },
    "repaired_jacobian": {
        "nothing": ([(JACOBIAN, "return 0 * W_h")], 0.0, 0.0),
        "one slip": (BUG_WRONG["float64 is forced: keep the dtype of the input."], 0.5, 0.95),
        "point missed": (
            BUG_WRONG["Both mistakes are still there: your test_jacobian is red on this function."],
            0.0,
            0.45,
        ),
    },
}
