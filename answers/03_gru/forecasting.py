"""Wrong and right variants of the exercises in ``source/03_gru/forecasting.ipynb``."""

# --- the split ----------------------------------------------------------------------------------
FIRST = "first = int(train * len(series))"
SECOND = "second = int((train + validation) * len(series))"
PARTS = "return series[:first], series[first:second], series[second:]"

SPLIT_WRONG = {
    "shuffled first": [
        (FIRST, "series = np.random.default_rng(0).permutation(series)\n    " + FIRST)
    ],
    "the future first": [(FIRST, "series = series[::-1]\n    " + FIRST)],
    "test before training": [
        (PARTS, "return series[second:], series[first:second], series[:first]")
    ],
    "test and validation exchanged": [
        (PARTS, "return series[:first], series[second:], series[first:second]")
    ],
    "an hour lost at each cut": [
        (PARTS, "return series[:first], series[first + 1 : second], series[second + 1 :]")
    ],
    "an hour in two parts": [
        (PARTS, "return series[: first + 1], series[first : second + 1], series[second:]")
    ],
    "test includes validation": [
        (PARTS, "return series[:first], series[first:second], series[first:]")
    ],
    "validation of what is left": [
        (SECOND, "second = first + int(validation * (len(series) - first))")
    ],
    "second cut at validation": [(SECOND, "second = int(validation * len(series))")],
    "rounded up": [
        (FIRST, "first = int(np.ceil(train * len(series)))"),
        (SECOND, "second = int(np.ceil((train + validation) * len(series)))"),
    ],
    "default shares always": [(FIRST, "train, validation = 0.7, 0.15\n    " + FIRST)],
    "two parts": [(PARTS, "return series[:first], series[first:]")],
    "every k-th hour": [
        (PARTS, "return series[::2], series[1::4], series[3::4]"),
    ],
    "scaled on the way": [
        (FIRST, "series = (series - series.mean()) / series.std()\n    " + FIRST)
    ],
    "flattened": [(FIRST, "series = series.ravel()\n    " + FIRST)],
    "float64 forced": [(FIRST, "series = series.astype(np.float64)\n    " + FIRST)],
    "lists": [
        (PARTS, "return list(series[:first]), list(series[first:second]), list(series[second:])")
    ],
}
SPLIT_RIGHT = {
    "np.split": [(PARTS, "return tuple(np.split(series, [first, second]))")],
    "np.floor": [
        (FIRST, "first = int(np.floor(len(series) * train))"),
        (SECOND, "second = int(np.floor(len(series) * (train + validation)))"),
    ],
    "copies": [
        (PARTS, "return series[:first].copy(), series[first:second].copy(), series[second:].copy()")
    ],
    "by length of the parts": """
def chronological_split(series, train=0.7, validation=0.15):
    n = series.shape[0]
    n_train = int(n * train)
    n_validation = int(n * (train + validation)) - n_train
    n_test = n - n_train - n_validation
    return series[:n_train], series[n_train : n_train + n_validation], series[n - n_test :]
""",
    "slices": """
def chronological_split(series, train=0.7, validation=0.15):
    edges = [0, int(train * len(series)), int((train + validation) * len(series)), len(series)]
    return [series[slice(a, b)] for a, b in zip(edges[:-1], edges[1:])]
""",
    "masks": """
def chronological_split(series, train=0.7, validation=0.15):
    position = np.arange(len(series))
    a, b = int(train * len(series)), int((train + validation) * len(series))
    return series[position < a], series[(position >= a) & (position < b)], series[position >= b]
""",
}

# --- windows ------------------------------------------------------------------------------------
STACK = "windows = np.stack([series[t : t + length] for t in range(len(series) - length + 1)])"
DROP = "windows = windows[~np.isnan(windows).any(axis=1)]"
CUT = "return windows[:, :input_steps], windows[:, input_steps:]"

WINDOWS_WRONG = {
    "last window missing": [("range(len(series) - length + 1)", "range(len(series) - length)")],
    "steps of a whole window": [
        ("range(len(series) - length + 1)", "range(0, len(series) - length + 1, length)")
    ],
    "steps of the horizon": [
        ("range(len(series) - length + 1)", "range(0, len(series) - length + 1, horizon)")
    ],
    "NaN kept": [(DROP, "")],
    "gap closed": [
        ("length = input_steps", "series = series[~np.isnan(series)]\n    length = input_steps")
    ],
    "gap filled with zero": [
        ("length = input_steps", "series = np.nan_to_num(series)\n    length = input_steps")
    ],
    "gap interpolated": [
        (
            "length = input_steps",
            "ok = ~np.isnan(series); at = np.arange(len(series))\n"
            "    series = np.interp(at, at[ok], series[ok]).astype(series.dtype)\n"
            "    length = input_steps",
        )
    ],
    "gap filled with the last reading": [
        (
            "length = input_steps",
            "series = series.copy()\n"
            "    for t in range(1, len(series)):\n"
            "        series[t] = series[t - 1] if np.isnan(series[t]) else series[t]\n"
            "    length = input_steps",
        )
    ],
    "NaN looked for in the inputs only": [
        (DROP, "windows = windows[~np.isnan(windows[:, :input_steps]).any(axis=1)]")
    ],
    "NaN looked for in the targets only": [
        (DROP, "windows = windows[~np.isnan(windows[:, input_steps:]).any(axis=1)]")
    ],
    "dropped only when all is NaN": [(".any(axis=1)]", ".all(axis=1)]")],
    "NaN dropped by column": [(DROP, "windows = windows[:, ~np.isnan(windows).any(axis=0)]")],
    "one step early": [(CUT, "return windows[:, :input_steps], windows[:, input_steps - 1 : -1]")],
    "target in the input": [
        (CUT, "return windows[:, : input_steps + 1], windows[:, input_steps:]")
    ],
    "all of the window as input": [(CUT, "return windows, windows[:, input_steps:]")],
    "last target only": [(CUT, "return windows[:, :input_steps], windows[:, -1:]")],
    "inputs and targets exchanged": [
        (CUT, "return windows[:, input_steps:], windows[:, :input_steps]")
    ],
    "cut at the horizon": [(CUT, "return windows[:, :horizon], windows[:, horizon:]")],
    "inputs backwards": [
        (CUT, "return windows[:, :input_steps][:, ::-1], windows[:, input_steps:]")
    ],
    "latest first": [(CUT, "return windows[::-1, :input_steps], windows[::-1, input_steps:]")],
    "shuffled": [
        (
            CUT,
            "windows = np.random.default_rng(0).permutation(windows)\n    " + CUT,
        )
    ],
    "scaled inside": [
        (
            "length = input_steps",
            "series = (series - np.nanmean(series)) / np.nanstd(series)\n    length = input_steps",
        )
    ],
    "extra axis": [(CUT, "return windows[:, :input_steps, None], windows[:, input_steps:]")],
    "targets flattened": [(CUT, "return windows[:, :input_steps], windows[:, input_steps]")],
    "time first": [(CUT, "return windows[:, :input_steps].T, windows[:, input_steps:].T")],
    "float64 forced": [(DROP, DROP + "\n    windows = windows.astype(np.float64)")],
    "lists": [(CUT, "return list(windows[:, :input_steps]), list(windows[:, input_steps:])")],
    "lists of lists": [
        (CUT, "return windows[:, :input_steps].tolist(), windows[:, input_steps:].tolist()")
    ],
    "a generator": [
        (CUT, "return (w[:input_steps] for w in windows), (w[input_steps:] for w in windows)")
    ],
    "series filled in place": [(DROP, DROP + "\n    series[:] = np.nan_to_num(series) + 1")],
}
WINDOWS_RIGHT = {
    "sliding_window_view": [
        (STACK, "windows = np.lib.stride_tricks.sliding_window_view(series, length)")
    ],
    "index arithmetic": [
        (
            STACK,
            "windows = series[np.arange(len(series) - length + 1)[:, None] + np.arange(length)]",
        )
    ],
    "isfinite": [(DROP, "windows = windows[np.isfinite(windows).all(axis=1)]")],
    "NaN in the sum": [(DROP, "windows = windows[~np.isnan(windows.sum(axis=1))]")],
    "a loop with lists": """
def make_windows(series, input_steps, horizon):
    x, y = [], []
    for start in range(len(series) - input_steps - horizon + 1):
        middle = start + input_steps
        past, future = series[start:middle], series[middle : middle + horizon]
        if np.isnan(past).any() or np.isnan(future).any():
            continue
        x.append(past)
        y.append(future)
    return np.array(x), np.array(y)
""",
    "preallocated": """
def make_windows(series, input_steps, horizon):
    count = len(series) - input_steps - horizon + 1
    x = np.empty((count, input_steps), dtype=series.dtype)
    y = np.empty((count, horizon), dtype=series.dtype)
    for t in range(count):
        x[t] = series[t : t + input_steps]
        y[t] = series[t + input_steps : t + input_steps + horizon]
    keep = ~(np.isnan(x).any(axis=1) | np.isnan(y).any(axis=1))
    return x[keep], y[keep]
""",
    "run by run": """
def make_windows(series, input_steps, horizon):
    length = input_steps + horizon
    edges = np.flatnonzero(np.isnan(np.concatenate([[np.nan], series, [np.nan]]))) - 1
    runs = [series[a + 1 : b] for a, b in zip(edges[:-1], edges[1:])]
    found = [np.lib.stride_tricks.sliding_window_view(r, length) for r in runs if len(r) >= length]
    windows = np.concatenate(found)
    return windows[:, :input_steps].copy(), windows[:, input_steps:].copy()
""",
    "column by column": """
def make_windows(series, input_steps, horizon):
    n = len(series) - input_steps - horizon + 1
    x = np.stack([series[k : k + n] for k in range(input_steps)], axis=1)
    y = np.stack([series[input_steps + k : input_steps + k + n] for k in range(horizon)], axis=1)
    whole = np.isfinite(np.concatenate([x, y], axis=1)).all(axis=1)
    return x[whole], y[whole]
""",
}

# --- the score ----------------------------------------------------------------------------------
SKILL = "return float(1 - ((y - forecast) ** 2).mean() / ((y - baseline) ** 2).mean())"
SKILL_WRONG = {
    "the ratio": [("1 - ((y", "((y")],
    "upside down": [
        (SKILL, "return float(1 - ((y - baseline) ** 2).mean() / ((y - forecast) ** 2).mean())")
    ],
    "absolute errors": [
        (SKILL, "return float(1 - np.abs(y - forecast).mean() / np.abs(y - baseline).mean())")
    ],
    "root mean squares": [
        (
            SKILL,
            "return float(1 - np.sqrt(((y - forecast) ** 2).mean() / ((y - baseline) ** 2).mean()))",
        )
    ],
    "R squared": [("((y - baseline) ** 2).mean()", "((y - y.mean()) ** 2).mean()")],
    "score by column": [
        (
            SKILL,
            "return float((1 - ((y - forecast) ** 2).mean(axis=0) / ((y - baseline) ** 2).mean(axis=0)).mean())",
        )
    ],
    "mean of the ratios": [
        (SKILL, "return float((1 - (y - forecast) ** 2 / (y - baseline) ** 2).mean())")
    ],
    "negative skill clipped": [
        (
            SKILL,
            "return max(0.0, float(1 - ((y - forecast) ** 2).mean() / ((y - baseline) ** 2).mean()))",
        )
    ],
    "forecast against baseline": [("((y - forecast) ** 2)", "((baseline - forecast) ** 2)")],
    "difference instead of ratio": [
        (SKILL, "return float(((y - baseline) ** 2).mean() - ((y - forecast) ** 2).mean())")
    ],
    "bias only": [("((y - forecast) ** 2).mean()", "(y - forecast).mean() ** 2")],
    "in percent": [("float(1 - (", "float(100 - 100 * (")],
    "sum over mean": [("((y - forecast) ** 2).mean()", "((y - forecast) ** 2).sum()")],
    "first column only": [
        ("((y - forecast) ** 2).mean()", "((y - forecast) ** 2)[..., :1].mean()"),
        ("((y - baseline) ** 2).mean()", "((y - baseline) ** 2)[..., :1].mean()"),
    ],
    "variance of the errors": [
        ("((y - forecast) ** 2).mean()", "(y - forecast).var()"),
        ("((y - baseline) ** 2).mean()", "(y - baseline).var()"),
    ],
    "array for each column": [
        (
            SKILL,
            "return 1 - ((y - forecast) ** 2).mean(axis=0) / ((y - baseline) ** 2).mean(axis=0)",
        )
    ],
    "arguments changed": [
        (
            SKILL,
            "forecast -= y; baseline -= y\n    return float(1 - (forecast**2).mean() / (baseline**2).mean())",
        )
    ],
}
SKILL_RIGHT = {
    "no float()": [
        (SKILL, "return 1 - ((y - forecast) ** 2).mean() / ((y - baseline) ** 2).mean()")
    ],
    "sums": [(SKILL, "return 1 - np.sum((y - forecast) ** 2) / np.sum((y - baseline) ** 2)")],
    "norms": [
        (
            SKILL,
            "return 1 - np.linalg.norm((y - forecast).ravel()) ** 2 / np.linalg.norm((y - baseline).ravel()) ** 2",
        )
    ],
    "scikit-learn": """
def skill_score(y, forecast, baseline):
    from sklearn.metrics import mean_squared_error

    return 1 - mean_squared_error(y.ravel(), forecast.ravel()) / mean_squared_error(
        y.ravel(), baseline.ravel()
    )
""",
    "difference over the baseline": """
def skill_score(y, forecast, baseline):
    model, reference = (np.mean(np.square(f - y)) for f in (forecast, baseline))
    return float((reference - model) / reference)
""",
    "dot products": """
def skill_score(y, forecast, baseline):
    a, b = (forecast - y).ravel(), (baseline - y).ravel()
    return float(1.0 - (a @ a) / (b @ b))
""",
}

# --- the module ---------------------------------------------------------------------------------
GRU = "self.gru = nn.GRU(input_size, hidden_size, batch_first=True)"
LINEAR = "self.readout = nn.Linear(hidden_size, horizon)"
RUN = "h, _ = self.gru(x)"
READ = "return self.readout(h[:, -1])"
HEAD = """
class Forecaster(nn.Module):
    def __init__(self, input_size, hidden_size, horizon):
        super().__init__()
"""
MODULE_WRONG = {
    "first state": [("h[:, -1]", "h[:, 0]")],
    "mean of the states": [("h[:, -1]", "h.mean(dim=1)")],
    "largest state": [("h[:, -1]", "h.max(dim=1).values")],
    "state before the last": [("h[:, -1]", "h[:, -2 if x.shape[1] > 1 else -1]")],
    "batch_first forgotten": [(", batch_first=True", "")],
    "batch_first forgotten, last of the batch": [
        (", batch_first=True", ""),
        ("h[:, -1]", "h[-1].expand(len(x), -1)"),
    ],
    "all steps": [(READ, "return self.readout(h)")],
    "state of every layer": [(RUN, "_, h = self.gru(x)"), ("h[:, -1]", "h")],
    "state without a batch axis": [(RUN, "_, h = self.gru(x)"), ("h[:, -1]", "h.squeeze()")],
    "ReLU at the end": [(READ, "return torch.relu(self.readout(h[:, -1]))")],
    "tanh at the end": [(READ, "return torch.tanh(self.readout(h[:, -1]))")],
    "ReLU on the state": [("h[:, -1]", "torch.relu(h[:, -1])")],
    "an LSTM": [("nn.GRU", "nn.LSTM")],
    "a vanilla RNN": [("nn.GRU", "nn.RNN")],
    "two layers": [("hidden_size, batch_first", "hidden_size, num_layers=2, batch_first")],
    "one output": [("nn.Linear(hidden_size, horizon)", "nn.Linear(hidden_size, 1)")],
    "extra axis": [(READ, "return self.readout(h[:, -1])[..., None]")],
    "squeezed": [(READ, "return self.readout(h[:, -1]).squeeze()")],
    "read-out without a bias": [("(hidden_size, horizon)", "(hidden_size, horizon, bias=False)")],
    "GRU without biases": [("batch_first=True", "batch_first=True, bias=False")],
    "time backwards": [("self.gru(x)", "self.gru(x.flip(1))")],
    "bidirectional": [
        ("batch_first=True", "batch_first=True, bidirectional=True"),
        ("nn.Linear(hidden_size", "nn.Linear(2 * hidden_size"),
    ],
    "state kept between calls": [
        (
            RUN,
            "state = getattr(self, 'kept', None)\n"
            "        h, self.kept = self.gru(x, None if state is None else state.detach())",
        )
    ],
    "random first state": [
        (RUN, "h, _ = self.gru(x, torch.randn(1, len(x), self.gru.hidden_size, dtype=x.dtype))")
    ],
    "last value added": [(READ, "return self.readout(h[:, -1]) + x[:, -1, :1]")],
    "gradient cut": [("self.readout(h[:, -1])", "self.readout(h[:, -1].detach())")],
    "dropout": [("self.readout(h[:, -1])", "self.readout(nn.functional.dropout(h[:, -1], 0.5))")],
    "float32 forced": [(READ, "return self.readout(h[:, -1]).float()")],
    "read-out without gradient": [
        (
            READ,
            "weight, bias = (p.detach() for p in self.readout.parameters())\n        return h[:, -1] @ weight.T + bias",
        )
    ],
    "last twenty hours": [("self.gru(x)", "self.gru(x[:, -20:])")],
    "first feature only": [("self.gru(x)", "self.gru(x * (torch.arange(x.shape[2]) == 0))")],
}
MODULE_RIGHT = {
    "last hidden state": [(RUN, "_, h = self.gru(x)"), ("h[:, -1]", "h[-1]")],
    "squeezed on the layer axis": [(RUN, "_, h = self.gru(x)"), ("h[:, -1]", "h.squeeze(0)")],
    "other names": [("self.gru", "self.encoder"), ("self.readout", "self.fc")],
    "zero state passed": [
        (
            RUN,
            "zero = torch.zeros(1, len(x), self.gru.hidden_size, dtype=x.dtype, device=x.device)\n"
            "        h, _ = self.gru(x, zero)",
        )
    ],
    "time first inside": [
        (", batch_first=True", ""),
        (RUN, "h, _ = self.gru(x.transpose(0, 1))"),
        ("h[:, -1]", "h[-1]"),
    ],
    "read-out of all steps, then the last": [(READ, "return self.readout(h)[:, -1]")],
    "read-out first": HEAD
    + """        self.out = nn.Linear(hidden_size, horizon)
        self.rnn = nn.GRU(input_size=input_size, hidden_size=hidden_size, num_layers=1, batch_first=True)

    def forward(self, x):
        output, last = self.rnn(x)
        return self.out(output[:, x.size(1) - 1, :])
""",
    "a cell and a loop": HEAD
    + """        self.cell = nn.GRUCell(input_size, hidden_size)
        self.readout = nn.Linear(hidden_size, horizon)

    def forward(self, x):
        h = x.new_zeros(x.shape[0], self.cell.hidden_size)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return self.readout(h)
""",
    "sequential read-out": [
        ("nn.Linear(hidden_size, horizon)", "nn.Sequential(nn.Linear(hidden_size, horizon))")
    ],
}

# --- the training -------------------------------------------------------------------------------
TRAIN_WRONG = {
    "not trained": [("            optimizer.step()\n", "")],
    "no gradients": [("            loss.backward()\n", "")],
    "learning rate far too small": [
        ("(optimizer, 0.01, total_steps", "(optimizer, 1e-6, total_steps")
    ],
    "targets of other rows": [("targets[rows])", "targets[torch.randperm(len(x))[: len(rows)]])")],
    "sign flipped": [("targets = torch.tensor(changes", "targets = torch.tensor(-changes")],
    "learns to forecast nothing": [
        ("targets = torch.tensor(changes", "targets = torch.tensor(0 * changes")
    ],
    "targets backwards": [
        ("targets = torch.tensor(changes", "targets = torch.tensor(changes[:, ::-1].copy()")
    ],
    "loss goes up": [("loss.backward()", "(-loss).backward()")],
    "one horizon": [
        (
            "model = Forecaster(x.shape[2], 32, changes.shape[1])",
            "model = Forecaster(x.shape[2], 32, 1)",
        )
    ],
    "windows backwards": [("inputs = torch.tensor(x,", "inputs = torch.tensor(x[:, ::-1].copy(),")],
    "a fresh model is returned": [
        ("    return model", "    return Forecaster(x.shape[2], 32, changes.shape[1])")
    ],
    "nothing returned": [("    return model", "    return None")],
    "levels, not changes": [
        ("targets = torch.tensor(changes", "targets = torch.tensor(changes + x[:, -1, :1]")
    ],
    "old gradients never forgotten": [("            optimizer.zero_grad()\n", "")],
    "old gradients forgotten once a round": [
        ("            optimizer.zero_grad()\n", ""),
        (
            "        for rows in torch.randperm",
            "        optimizer.zero_grad()\n        for rows in torch.randperm",
        ),
    ],
    "gradients forgotten before the step": [
        ("            optimizer.zero_grad()\n", ""),
        (
            "            optimizer.step()",
            "            optimizer.zero_grad()\n            optimizer.step()",
        ),
    ],
    "only the read-out trained": [
        ("model.parameters())\n    steps", "list(model.parameters())[-2:])\n    steps")
    ],
    "sizes of the notebook": [
        ("Forecaster(x.shape[2], 32, changes.shape[1])", "Forecaster(1, 32, 24)")
    ],
    "targets scaled in place": [
        ("    inputs = torch.tensor(x", "    changes /= changes.std()\n    inputs = torch.tensor(x")
    ],
    "closed-form ridge": """
class RidgeForecaster(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, x):
        return x.flatten(1) @ self.weights[:-1] + self.weights[-1]


def train_forecaster(x, changes):
    flat = np.hstack([x.reshape(len(x), -1), np.ones((len(x), 1))])
    penalty = 100.0 * np.eye(flat.shape[1])
    weights = np.linalg.solve(flat.T @ flat + penalty, flat.T @ changes)
    return RidgeForecaster(torch.tensor(weights, dtype=torch.float32))
""",
    "closed-form read-out on a random GRU": """
def train_forecaster(x, changes):
    model = Forecaster(x.shape[2], 128, changes.shape[1])
    with torch.no_grad():
        h = model.gru(torch.tensor(x, dtype=torch.float32))[0][:, -1].double()
        h = torch.cat([h, torch.ones(len(h), 1)], dim=1)
        targets = torch.tensor(changes, dtype=torch.float64)
        weights = torch.linalg.solve(h.T @ h + 0.1 * torch.eye(129), h.T @ targets).float()
        model.readout.weight.copy_(weights[:-1].T)
        model.readout.bias.copy_(weights[-1])
    return model
""",
}
TRAIN_RIGHT = {
    "gradients forgotten after the step": [
        ("            optimizer.zero_grad()\n", ""),
        (
            "            schedule.step()",
            "            schedule.step()\n            optimizer.zero_grad()",
        ),
    ],
    "gradients forgotten by the model": [("optimizer.zero_grad()", "model.zero_grad()")],
    "gradients of two halves added up": [
        (
            "            loss = nn.functional.mse_loss(model(inputs[rows]), targets[rows])\n",
            "",
        ),
        (
            "            loss.backward()\n",
            "            for half in rows.chunk(2):\n"
            "                loss = nn.functional.mse_loss(model(inputs[half]), targets[half], reduction='sum')\n"
            "                (loss / (len(rows) * targets.shape[1])).backward()\n",
        ),
    ],
    "a copy of the last model": [
        ("    return model", "    import copy\n    return copy.deepcopy(model)")
    ],
    "AdamW, constant rate": [
        ("torch.optim.Adam(model.parameters())", "torch.optim.AdamW(model.parameters(), lr=0.005)"),
        (
            "torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=steps)",
            "torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0)",
        ),
    ],
    "24 units, batches of 32": [
        (", 32, changes.shape[1])", ", 24, changes.shape[1])"),
        ("// 64)", "// 32)"),
        (".split(64)", ".split(32)"),
    ],
    "DataLoader": """
def train_forecaster(x, changes):
    model = Forecaster(x.shape[2], 32, changes.shape[1])
    pairs = torch.utils.data.TensorDataset(
        torch.from_numpy(x).float(), torch.from_numpy(changes).float()
    )
    loader = torch.utils.data.DataLoader(pairs, batch_size=64, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    model.train()
    for _ in range(8):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = ((model(inputs) - targets) ** 2).mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    return model.eval()
""",
    "absolute errors": [("nn.functional.mse_loss", "nn.functional.l1_loss")],
    "Huber loss, six rounds": [
        ("nn.functional.mse_loss", "nn.functional.smooth_l1_loss"),
        ("steps = 8 *", "steps = 6 *"),
        ("range(8)", "range(6)"),
    ],
}

# --- forecasts on forecasts ---------------------------------------------------------------------
APPEND = "forecasts.append(following)"
SLIDE = "window = torch.cat([window[:, 1:], following[:, :, None]], dim=1)"
JOIN = "return torch.cat(forecasts, dim=1)"
RECURSIVE_WRONG = {
    "same window every time": [(SLIDE, "")],
    "window grows": [("window[:, 1:], following", "window, following")],
    "newest dropped": [("window[:, 1:], following", "window[:, :-1], following")],
    "forecast at the old end": [
        (SLIDE, "window = torch.cat([following[:, :, None], window[:, :-1]], dim=1)")
    ],
    "forecast put before the rest": [
        (SLIDE, "window = torch.cat([following[:, :, None], window[:, 1:]], dim=1)")
    ],
    "last value repeated": [("following[:, :, None]], dim=1", "window[:, -1:]], dim=1")],
    "zeros enter": [("following[:, :, None]]", "0 * following[:, :, None]]")],
    "farthest first": [(JOIN, "return torch.cat(forecasts[::-1], dim=1)")],
    "last forecast only": [(JOIN, "return forecasts[-1]")],
    "one step too few": [("range(steps)", "range(steps - 1)")],
    "one step too many": [("range(steps)", "range(steps + 1)")],
    "first forecast thrown away": [
        ("range(steps)", "range(steps + 1)"),
        (JOIN, "return torch.cat(forecasts[1:], dim=1)"),
    ],
    "last value as first forecast": [
        (JOIN, "return torch.cat([history[:, -1], *forecasts[:-1]], dim=1)")
    ],
    "not shifted by the first step": [
        (
            "window, forecasts = history, []",
            "window, forecasts = history[:, -1:].expand_as(history), []",
        )
    ],
    "history in front": [(JOIN, "return torch.cat([history[:, :, 0], *forecasts], dim=1)")],
    "extra axis": [(JOIN, "return torch.stack(forecasts, dim=1)")],
    "time first": [(JOIN, "return torch.cat(forecasts, dim=1).T")],
    "history overwritten": [
        (
            SLIDE,
            "window[:, :-1] = window[:, 1:].clone(); window[:, -1] = following",
        )
    ],
    "float32 forced": [(JOIN, "return torch.cat(forecasts, dim=1).float()")],
    "rounded on the way": [
        (APPEND, "following = following.round(decimals=1); forecasts.append(following)")
    ],
    "a list": [(JOIN, "return forecasts")],
    "NumPy array": [(JOIN, "return torch.cat(forecasts, dim=1).numpy()")],
    "first row for all": [
        ("following = model(window)", "following = model(window[:1]).expand(len(window), -1)")
    ],
    "changes summed": [(JOIN, "return torch.cat(forecasts, dim=1).cumsum(dim=1)")],
    "model forecasts the change": [
        ("following = model(window)", "following = window[:, -1] + model(window)")
    ],
}
RECURSIVE_RIGHT = {
    "preallocated": """
def forecast_recursively(model, history, steps):
    N, T, _ = history.shape
    everything = torch.cat([history[:, :, 0], history.new_zeros(N, steps)], dim=1)
    with torch.no_grad():
        for k in range(steps):
            everything[:, T + k] = model(everything[:, k : k + T, None])[:, 0]
    return everything[:, T:]
""",
    "roll a copy": """
@torch.no_grad()
def forecast_recursively(model, history, steps):
    window = history.clone()
    out = []
    for _ in range(steps):
        value = model(window)
        out.append(value.squeeze(1))
        window = torch.roll(window, -1, dims=1)
        window[:, -1, 0] = value.squeeze(1)
    return torch.stack(out, dim=1)
""",
    "longer and longer, the end of it read": """
def forecast_recursively(model, history, steps):
    T = history.shape[1]
    known = history
    with torch.no_grad():
        while known.shape[1] < T + steps:
            known = torch.cat([known, model(known[:, -T:]).unsqueeze(-1)], dim=1)
    return known[:, T:, 0]
""",
    "recursion": """
def forecast_recursively(model, history, steps):
    with torch.no_grad():
        value = model(history)
        if steps == 1:
            return value
        window = torch.cat((history[:, 1:], value.reshape(-1, 1, 1)), dim=1)
        return torch.cat((value, forecast_recursively(model, window, steps - 1)), dim=1)
""",
    "eval and detach": """
def forecast_recursively(model, history, steps):
    model.eval()
    window, answers = history, []
    for _ in range(steps):
        value = model(window).detach()
        answers.append(value)
        window = torch.cat([window, value.view(-1, 1, 1)], dim=1)[:, 1:]
    return torch.hstack(answers)
""",
}

# --- the repaired preparation -------------------------------------------------------------------
STATISTICS = "mean, std = np.nanmean(series[:cut]), np.nanstd(series[:cut])"
SCALE = "scaled = (series - mean) / std"
X_TRAIN = "x_train, y_train = make_windows(scaled[:cut], input_steps, horizon)"
X_TEST = "x_test, y_test = make_windows(scaled[cut:], input_steps, horizon)"
ALL = "return mean, std, x_train, y_train, x_test, y_test"
COLLEAGUE = """
def prepare_series(series, cut, input_steps, horizon):
    mean, std = np.nanmean({seen}), np.nanstd({seen})
    scaled = (series - mean) / std
    starts = np.arange(len(scaled) - input_steps - horizon + 1)
    x = np.stack([scaled[t : t + input_steps] for t in starts])
    y = np.stack([scaled[t + input_steps{early} : t + input_steps{early} + horizon] for t in starts])
    whole = ~np.isnan(np.hstack([x, y])).any(axis=1)
    before = whole & (starts + {reach} <= cut)
    after = whole & {after}
    return mean, std, x[before], y[before], x[after], y[after]
"""


def _colleague(
    seen="series[:cut]", early="", reach="input_steps + horizon", after="(starts >= cut)"
):
    return COLLEAGUE.format(seen=seen, early=early, reach=reach, after=after)


PREPARE_WRONG = {
    "as the colleague wrote it": _colleague(
        "series", " - 1", "input_steps", "(starts + input_steps > cut)"
    ),
    "scaler not repaired": _colleague("series"),
    "targets not repaired": _colleague(early=" - 1"),
    "windows not repaired": _colleague(reach="input_steps", after="(starts + input_steps > cut)"),
    "test windows not repaired": _colleague(after="(starts + input_steps + horizon > cut)"),
    "training windows not repaired": _colleague(reach="input_steps"),
    "only the scaler repaired": _colleague(
        early=" - 1", reach="input_steps", after="(starts + input_steps > cut)"
    ),
    "last training window lost": _colleague(reach="input_steps + horizon + 1"),
    "first test window lost": _colleague(after="(starts > cut)"),
    "scaler of the test part": [(STATISTICS, STATISTICS.replace("[:cut]", "[cut:]"))],
    "two scalers": [
        (
            X_TEST,
            "later = series[cut:]\n    x_test, y_test = make_windows("
            "(later - np.nanmean(later)) / np.nanstd(later), input_steps, horizon)",
        )
    ],
    "test part not scaled": [(X_TEST, X_TEST.replace("scaled", "series"))],
    "std of all, mean of the past": [("np.nanstd(series[:cut])", "np.nanstd(series)")],
    "std with N - 1": [("np.nanstd(series[:cut])", "np.nanstd(series[:cut], ddof=1)")],
    "mean not subtracted": [(SCALE, "scaled = series / std")],
    "variance": [(SCALE, "scaled = (series - mean) / std**2")],
    "NaN in the statistics": [(STATISTICS, "mean, std = series[:cut].mean(), series[:cut].std()")],
    "one hour of the future": [(STATISTICS, STATISTICS.replace("[:cut]", "[: cut + 1]"))],
    "gaps closed first": [
        (X_TRAIN, X_TRAIN.replace("scaled[:cut]", "scaled[:cut][~np.isnan(scaled[:cut])]"))
    ],
    "gaps interpolated": [
        (
            SCALE,
            "ok = ~np.isnan(series); at = np.arange(len(series))\n"
            "    series = np.interp(at, at[ok], series[ok])\n    " + SCALE,
        )
    ],
    "minimum and maximum": [
        (
            STATISTICS,
            "mean = np.nanmin(series[:cut]); std = np.nanmax(series[:cut]) - mean",
        )
    ],
    "parts exchanged": [(ALL, "return mean, std, x_test, y_test, x_train, y_train")],
    "scaler not returned": [(ALL, "return x_train, y_train, x_test, y_test")],
    "series scaled in place": [(SCALE, "series -= mean; series /= std; scaled = series")],
    "targets not scaled": [
        (ALL, "y_train = y_train * std + mean; y_test = y_test * std + mean\n    " + ALL)
    ],
}
PREPARE_RIGHT = {
    "the colleague's loop, repaired": _colleague(),
    "parts first": """
def prepare_series(series, cut, input_steps, horizon):
    past, future = np.split(series, [cut])
    known = past[~np.isnan(past)]
    mean, std = known.mean(), known.std()
    train = make_windows((past - mean) / std, input_steps, horizon)
    test = make_windows((future - mean) / std, input_steps, horizon)
    return (mean, std, *train, *test)
""",
    "windows first, scaled afterwards": """
def prepare_series(series, cut, input_steps, horizon):
    mean, std = float(np.nanmean(series[:cut])), float(np.nanstd(series[:cut]))
    pieces = [*make_windows(series[:cut], input_steps, horizon)]
    pieces += make_windows(series[cut:], input_steps, horizon)
    return mean, std, *[(piece - mean) / std for piece in pieces]
""",
    "scikit-learn's scaler": """
def prepare_series(series, cut, input_steps, horizon):
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(series[:cut, None])
    scaled = scaler.transform(series[:, None])[:, 0]
    x_train, y_train = make_windows(scaled[:cut], input_steps, horizon)
    x_test, y_test = make_windows(scaled[cut:], input_steps, horizon)
    return scaler.mean_[0], scaler.scale_[0], x_train, y_train, x_test, y_test
""",
    "statistics by hand": [
        (
            STATISTICS,
            "known = series[:cut][np.isfinite(series[:cut])]\n"
            "    mean = known.sum() / len(known)\n"
            "    std = np.sqrt(((known - mean) ** 2).sum() / len(known))",
        )
    ],
}

WRONG = {
    "chronological_split": SPLIT_WRONG,
    "make_windows": WINDOWS_WRONG,
    "skill_score": SKILL_WRONG,
    "Forecaster": MODULE_WRONG,
    "train_forecaster": TRAIN_WRONG,
    "forecast_recursively": RECURSIVE_WRONG,
    "prepare_series": PREPARE_WRONG,
}
RIGHT = {
    "chronological_split": SPLIT_RIGHT,
    "make_windows": WINDOWS_RIGHT,
    "skill_score": SKILL_RIGHT,
    "Forecaster": MODULE_RIGHT,
    "train_forecaster": TRAIN_RIGHT,
    "forecast_recursively": RECURSIVE_RIGHT,
    "prepare_series": PREPARE_RIGHT,
}
SAYS = {
    "chronological_split": {
        "rounded up": "Round down",
        "validation of what is left": "share of the whole",
        "an hour lost at each cut": "lost",
        "test includes validation": "overlap",
        "the future first": "backwards",
    },
    "make_windows": {
        "last window missing": "last window",
        "steps of a whole window": "one hour",
        "NaN kept": "drop them",
        "gap closed": "cross",
        "NaN looked for in the inputs only": "search both",
        "NaN looked for in the targets only": "search both",
        "one step early": "already known",
        "latest first": "earliest",
        "inputs backwards": "oldest",
    },
    "skill_score": {
        "the ratio": "subtract it from 1",
        "upside down": "upside down",
        "absolute errors": "absolute",
        "root mean squares": "square roots",
        "R squared": "R²",
        "score by column": "per column",
        "negative skill clipped": "negative",
    },
    "Forecaster": {
        "first state": "first state",
        "mean of the states": "averages",
        "batch_first forgotten": "batch_first",
        "ReLU at the end": "ReLU",
        "tanh at the end": "tanh",
        "an LSTM": "nn.GRU",
        "time backwards": "backwards",
    },
    "train_forecaster": {
        "not trained": "persistence",
        "one horizon": "one per hour",
    },
    "forecast_recursively": {
        "same window every time": "same window",
        "window grows": "(N, T, 1)",
        "newest dropped": "oldest must go",
        "forecast at the old end": "old end",
        "farthest first": "nearest",
        "first forecast thrown away": "too late",
        "last value as first forecast": "last known",
        "history overwritten": "in place",
    },
    "prepare_series": {
        "as the colleague wrote it": "test part",
        "scaler not repaired": "test part",
        "targets not repaired": "one step early",
        "windows not repaired": "cross the cut",
        "test windows not repaired": "inputs from before",
        "training windows not repaired": "cross the cut",
        "std with N - 1": "N - 1",
        "two scalers": "scaler of its own",
        "gaps closed first": "gap",
    },
}

TYPICAL = {
    "chronological_split": {
        "nothing": ([(PARTS, "return series, series, series")], 0.0, 0.0),
        "one slip": (SPLIT_WRONG["an hour lost at each cut"], 0.5, 0.95),
        "point missed": (SPLIT_WRONG["shuffled first"], 0.0, 0.45),
    },
    "make_windows": {
        "nothing": ([(CUT, "return series, series")], 0.0, 0.0),
        "one slip": (WINDOWS_WRONG["NaN kept"], 0.5, 0.95),
        "point missed": (WINDOWS_WRONG["one step early"], 0.0, 0.45),
    },
    "skill_score": {
        "nothing": ([(SKILL, "return 0.0")], 0.0, 0.0),
        "one slip": (SKILL_WRONG["negative skill clipped"], 0.5, 0.95),
        "point missed": (SKILL_WRONG["R squared"], 0.0, 0.45),
    },
    "Forecaster": {
        "nothing": ([(READ, "return 0 * self.readout(h[:, -1])")], 0.0, 0.0),
        "one slip": (MODULE_WRONG["squeezed"], 0.5, 0.95),
        "point missed": (MODULE_WRONG["first state"], 0.0, 0.45),
    },
    "train_forecaster": {
        "nothing": (
            "def train_forecaster(x, changes):\n"
            "    return Forecaster(x.shape[2], 32, changes.shape[1])\n",
            0.0,
            0.0,
        ),
        "one slip": (TRAIN_WRONG["sizes of the notebook"], 0.5, 0.95),
        "point missed": (TRAIN_WRONG["old gradients never forgotten"], 0.0, 0.45),
    },
    "forecast_recursively": {
        "nothing": ([(JOIN, "return history[:, -1].repeat(1, steps)")], 0.0, 0.0),
        "one slip": (RECURSIVE_WRONG["history overwritten"], 0.5, 0.95),
        "point missed": (RECURSIVE_WRONG["same window every time"], 0.0, 0.45),
    },
    "prepare_series": {
        "nothing": (PREPARE_WRONG["as the colleague wrote it"], 0.0, 0.0),
        "one slip": (PREPARE_WRONG["targets not repaired"], 0.5, 0.95),
        "point missed": (PREPARE_WRONG["only the scaler repaired"], 0.0, 0.45),
    },
}
