"""Wrong and right variants of the exercises in ``source/03_gru/forecasting.ipynb``."""

# --- the split ----------------------------------------------------------------------------------
FIRST = "first = int(train * len(series))"
SECOND = "second = int((train + validation) * len(series))"
PARTS = "return series[:first], series[first:second], series[second:]"

SPLIT_WRONG = {
    "Each share is rounded by itself: the second cut is at (train + validation) * L, rounded down.": [
        ("int((train + validation) * len(series))", "first + int(validation * len(series))")
    ],
    "The hours are shuffled before the cut: keep them in order.": [
        (FIRST, "series = np.random.default_rng(0).permutation(series)\n    " + FIRST)
    ],
    "The series runs backwards: the past comes first.": [
        (FIRST, "series = series[::-1]\n    " + FIRST)
    ],
    "The training part is the future: it must come first.": [
        (PARTS, "return series[second:], series[first:second], series[:first]")
    ],
    "Validation and test are exchanged: the test part is the last.": [
        (PARTS, "return series[:first], series[second:], series[first:second]")
    ],
    "An hour is lost at each cut: the next part begins where the last one ends.": [
        (PARTS, "return series[:first], series[first + 1 : second], series[second + 1 :]")
    ],
    "An hour is in two parts at each cut: a part ends before the next one begins.": [
        (PARTS, "return series[: first + 1], series[first : second + 1], series[second:]")
    ],
    "The test part begins where the validation part begins: they overlap.": [
        (PARTS, "return series[:first], series[first:second], series[first:]")
    ],
    "validation is a share of the whole series, not of what is left.": [
        (SECOND, "second = first + int(validation * (len(series) - first))")
    ],
    "The second cut lies at train + validation.": [
        (SECOND, "second = int(validation * len(series))")
    ],
    "Round down, not up.": [
        (FIRST, "first = int(np.ceil(train * len(series)))"),
        (SECOND, "second = int(np.ceil((train + validation) * len(series)))"),
    ],
    "The shares are fixed: use the arguments.": [
        (FIRST, "train, validation = 0.7, 0.15\n    " + FIRST)
    ],
    "Two parts come back: cut the rest once more.": [
        (PARTS, "return series[:first], series[first:]")
    ],
    "Every k-th hour is taken: the parts must be consecutive.": [
        (PARTS, "return series[::2], series[1::4], series[3::4]"),
    ],
    "The series is scaled on the way: only cut it.": [
        (FIRST, "series = (series - series.mean()) / series.std()\n    " + FIRST)
    ],
    "The series is flattened: rows with several features stay rows.": [
        (FIRST, "series = series.ravel()\n    " + FIRST)
    ],
    "float64 is forced: keep the dtype of the series.": [
        (FIRST, "series = series.astype(np.float64)\n    " + FIRST)
    ],
    "Lists come back: slices of an array are arrays.": [
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
    "One hour ahead, y loses an axis: it must be (N, horizon), for a horizon of 1, too.": [
        ("windows[:, input_steps:]", "windows[:, input_steps:].squeeze()")
    ],
    "The last window is missing: there are L - input_steps - horizon + 1.": [
        ("range(len(series) - length + 1)", "range(len(series) - length)")
    ],
    "The window moves by its own length: move it by one hour.": [
        ("range(len(series) - length + 1)", "range(0, len(series) - length + 1, length)")
    ],
    "The window moves by the horizon: move it by one hour.": [
        ("range(len(series) - length + 1)", "range(0, len(series) - length + 1, horizon)")
    ],
    "Windows with a NaN are still there: drop them.": [(DROP, "")],
    "The gap was cut out first, so windows cross it: drop windows, not hours.": [
        ("length = input_steps", "series = series[~np.isnan(series)]\n    length = input_steps")
    ],
    "The gap is filled with zeros: drop the windows that touch it.": [
        ("length = input_steps", "series = np.nan_to_num(series)\n    length = input_steps")
    ],
    "The gap is interpolated, which looks at the future: drop the windows that touch it.": [
        (
            "length = input_steps",
            "ok = ~np.isnan(series); at = np.arange(len(series))\n"
            "    series = np.interp(at, at[ok], series[ok]).astype(series.dtype)\n"
            "    length = input_steps",
        )
    ],
    "The gap is filled with the last reading: drop the windows that touch it.": [
        (
            "length = input_steps",
            "series = series.copy()\n"
            "    for t in range(1, len(series)):\n"
            "        series[t] = series[t - 1] if np.isnan(series[t]) else series[t]\n"
            "    length = input_steps",
        )
    ],
    "Only the inputs were searched for NaN: search both.": [
        (DROP, "windows = windows[~np.isnan(windows[:, :input_steps]).any(axis=1)]")
    ],
    "Only the targets were searched for NaN: search both.": [
        (DROP, "windows = windows[~np.isnan(windows[:, input_steps:]).any(axis=1)]")
    ],
    "A window is dropped only when all of it is missing: one NaN is enough.": [
        (".any(axis=1)]", ".all(axis=1)]")
    ],
    "Columns are dropped instead of windows: look along axis 1.": [
        (DROP, "windows = windows[:, ~np.isnan(windows).any(axis=0)]")
    ],
    "The first target is the last input: a forecast of what is already known.": [
        (CUT, "return windows[:, :input_steps], windows[:, input_steps - 1 : -1]")
    ],
    "The first target is among the inputs: stop at input_steps.": [
        (CUT, "return windows[:, : input_steps + 1], windows[:, input_steps:]")
    ],
    "The whole window comes back as input: the targets are in it.": [
        (CUT, "return windows, windows[:, input_steps:]")
    ],
    "Only the last target comes back: keep all horizon hours.": [
        (CUT, "return windows[:, :input_steps], windows[:, -1:]")
    ],
    "Inputs and targets are exchanged: the earlier hours come in.": [
        (CUT, "return windows[:, input_steps:], windows[:, :input_steps]")
    ],
    "The window is cut after horizon hours: it must be cut after input_steps.": [
        (CUT, "return windows[:, :horizon], windows[:, horizon:]")
    ],
    "Inside a window time runs forwards: the oldest hour comes first.": [
        (CUT, "return windows[:, :input_steps][:, ::-1], windows[:, input_steps:]")
    ],
    "The windows are in the wrong order: the earliest comes first.": [
        (CUT, "return windows[::-1, :input_steps], windows[::-1, input_steps:]")
    ],
    "The windows are shuffled: keep their order.": [
        (
            CUT,
            "windows = np.random.default_rng(0).permutation(windows)\n    " + CUT,
        )
    ],
    "The series is scaled inside: only cut it.": [
        (
            "length = input_steps",
            "series = (series - np.nanmean(series)) / np.nanstd(series)\n    length = input_steps",
        )
    ],
    "x has an axis too many: its shape is (N, input_steps).": [
        (CUT, "return windows[:, :input_steps, None], windows[:, input_steps:]")
    ],
    "Only the first target comes back, as a row: y has the shape (N, horizon).": [
        (CUT, "return windows[:, :input_steps], windows[:, input_steps]")
    ],
    "Time comes first: a row is a window.": [
        (CUT, "return windows[:, :input_steps].T, windows[:, input_steps:].T")
    ],
    "float64 is forced: keep the dtype of the series.": [
        (DROP, DROP + "\n    windows = windows.astype(np.float64)")
    ],
    "Lists of windows come back: make arrays of them.": [
        (CUT, "return list(windows[:, :input_steps]), list(windows[:, input_steps:])")
    ],
    "Nested lists come back: make arrays of them.": [
        (CUT, "return windows[:, :input_steps].tolist(), windows[:, input_steps:].tolist()")
    ],
    "Generators come back: make arrays of them.": [
        (CUT, "return (w[:input_steps] for w in windows), (w[input_steps:] for w in windows)")
    ],
    "The series is filled in place: change no argument.": [
        (DROP, DROP + "\n    series[:] = np.nan_to_num(series) + 1")
    ],
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
    "This is the ratio of the errors: subtract it from 1.": [("1 - ((y", "((y")],
    "The fraction is upside down: the baseline's error goes below.": [
        (SKILL, "return float(1 - ((y - baseline) ** 2).mean() / ((y - forecast) ** 2).mean())")
    ],
    "Square the errors: these are absolute ones.": [
        (SKILL, "return float(1 - np.abs(y - forecast).mean() / np.abs(y - baseline).mean())")
    ],
    "No square roots: the skill is defined by mean squared errors.": [
        (
            SKILL,
            "return float(1 - np.sqrt(((y - forecast) ** 2).mean() / ((y - baseline) ** 2).mean()))",
        )
    ],
    "This is R²: the baseline is the argument, not the mean of y.": [
        ("((y - baseline) ** 2).mean()", "((y - y.mean()) ** 2).mean()")
    ],
    "One mean over all values, not one score per column and then a mean.": [
        (
            SKILL,
            "return float((1 - ((y - forecast) ** 2).mean(axis=0) / ((y - baseline) ** 2).mean(axis=0)).mean())",
        )
    ],
    "This is a mean of ratios: take two means, then divide once.": [
        (SKILL, "return float((1 - (y - forecast) ** 2 / (y - baseline) ** 2).mean())")
    ],
    "A negative skill is cut off at 0: leave it negative.": [
        (
            SKILL,
            "return max(0.0, float(1 - ((y - forecast) ** 2).mean() / ((y - baseline) ** 2).mean()))",
        )
    ],
    "The forecast is compared with the baseline: compare it with y.": [
        ("((y - forecast) ** 2)", "((baseline - forecast) ** 2)")
    ],
    "This is a difference of errors: divide, and subtract from 1.": [
        (SKILL, "return float(((y - baseline) ** 2).mean() - ((y - forecast) ** 2).mean())")
    ],
    "Errors cancel before they are squared: square first, then take the mean.": [
        ("((y - forecast) ** 2).mean()", "(y - forecast).mean() ** 2")
    ],
    "The skill comes in per cent: it is at most 1.": [("float(1 - (", "float(100 - 100 * (")],
    "A sum is divided by a mean: take means of both.": [
        ("((y - forecast) ** 2).mean()", "((y - forecast) ** 2).sum()")
    ],
    "Only the first column is scored: use all values.": [
        ("((y - forecast) ** 2).mean()", "((y - forecast) ** 2)[..., :1].mean()"),
        ("((y - baseline) ** 2).mean()", "((y - baseline) ** 2)[..., :1].mean()"),
    ],
    "This is the variance of the errors, which forgives a bias: take mean squares.": [
        ("((y - forecast) ** 2).mean()", "(y - forecast).var()"),
        ("((y - baseline) ** 2).mean()", "(y - baseline).var()"),
    ],
    "An array comes back, one skill a column: return one number.": [
        (
            SKILL,
            "return 1 - ((y - forecast) ** 2).mean(axis=0) / ((y - baseline) ** 2).mean(axis=0)",
        )
    ],
    "forecast and baseline are changed: build new arrays.": [
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
    "It reads the first state: the last one has seen the whole window.": [("h[:, -1]", "h[:, 0]")],
    "It averages the states: take the last one.": [("h[:, -1]", "h.mean(dim=1)")],
    "It takes the largest of the states: take the last one.": [("h[:, -1]", "h.max(dim=1).values")],
    "It reads the state before the last: take h[:, -1].": [
        ("h[:, -1]", "h[:, -2 if x.shape[1] > 1 else -1]")
    ],
    "Is batch_first=True missing? The GRU reads across the batch, not along time.": [
        (", batch_first=True", "")
    ],
    "batch_first=True is missing, and one sequence's state serves all.": [
        (", batch_first=True", ""),
        ("h[:, -1]", "h[-1].expand(len(x), -1)"),
    ],
    "It forecasts at every step: use the last state alone.": [(READ, "return self.readout(h)")],
    "The state still has its axis of layers: take h[:, -1] of the outputs.": [
        (RUN, "_, h = self.gru(x)"),
        ("h[:, -1]", "h"),
    ],
    "squeeze() also removes a batch of one: index the axis instead.": [
        (RUN, "_, h = self.gru(x)"),
        ("h[:, -1]", "h.squeeze()"),
    ],
    "A forecast may be negative: no ReLU after the read-out.": [
        (READ, "return torch.relu(self.readout(h[:, -1]))")
    ],
    "A forecast may leave (-1, 1): no tanh after the read-out.": [
        (READ, "return torch.tanh(self.readout(h[:, -1]))")
    ],
    "There is a ReLU on the state: hand it on as it is.": [("h[:, -1]", "torch.relu(h[:, -1])")],
    "It is an LSTM: use one nn.GRU.": [("nn.GRU", "nn.LSTM")],
    "It is a vanilla RNN: use one nn.GRU.": [("nn.GRU", "nn.RNN")],
    "It has two layers: use one.": [
        ("hidden_size, batch_first", "hidden_size, num_layers=2, batch_first")
    ],
    "The read-out gives one hour: it must give horizon of them.": [
        ("nn.Linear(hidden_size, horizon)", "nn.Linear(hidden_size, 1)")
    ],
    "There is an axis too many: the forecast is (N, horizon).": [
        (READ, "return self.readout(h[:, -1])[..., None]")
    ],
    "squeeze() also removes a batch or a horizon of one: leave it out.": [
        (READ, "return self.readout(h[:, -1]).squeeze()")
    ],
    "The read-out has no bias: use nn.Linear as it comes.": [
        ("(hidden_size, horizon)", "(hidden_size, horizon, bias=False)")
    ],
    "The GRU has no biases: use nn.GRU as it comes.": [
        ("batch_first=True", "batch_first=True, bias=False")
    ],
    "Time runs backwards: do not flip the window.": [("self.gru(x)", "self.gru(x.flip(1))")],
    "It reads both ways: a forecaster reads forwards only.": [
        ("batch_first=True", "batch_first=True, bidirectional=True"),
        ("nn.Linear(hidden_size", "nn.Linear(2 * hidden_size"),
    ],
    "The state is kept between calls: every window starts from zero.": [
        (
            RUN,
            "state = getattr(self, 'kept', None)\n"
            "        h, self.kept = self.gru(x, None if state is None else state.detach())",
        )
    ],
    "The first state is random: it must be zero.": [
        (RUN, "h, _ = self.gru(x, torch.randn(1, len(x), self.gru.hidden_size, dtype=x.dtype))")
    ],
    "The last value is added: the network gives the forecast as it is.": [
        (READ, "return self.readout(h[:, -1]) + x[:, -1, :1]")
    ],
    "The gradient is cut before the GRU: leave out detach().": [
        ("self.readout(h[:, -1])", "self.readout(h[:, -1].detach())")
    ],
    "Dropout is always on: leave it out.": [
        ("self.readout(h[:, -1])", "self.readout(nn.functional.dropout(h[:, -1], 0.5))")
    ],
    "float32 is forced: keep the dtype of the input.": [
        (READ, "return self.readout(h[:, -1]).float()")
    ],
    "The read-out gets no gradient: call self.readout.": [
        (
            READ,
            "weight, bias = (p.detach() for p in self.readout.parameters())\n        return h[:, -1] @ weight.T + bias",
        )
    ],
    "It reads the last twenty hours only: read the whole window.": [
        ("self.gru(x)", "self.gru(x[:, -20:])")
    ],
    "It reads the first feature only: read all of them.": [
        ("self.gru(x)", "self.gru(x * (torch.arange(x.shape[2]) == 0))")
    ],
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
    "No step is taken: call optimizer.step() after the backward.": [
        ("            optimizer.step()\n", "")
    ],
    "No gradients are computed: call loss.backward().": [("            loss.backward()\n", "")],
    "The learning rate is far too small: the weights hardly move.": [
        ("(optimizer, 0.01, total_steps", "(optimizer, 1e-6, total_steps")
    ],
    "Inputs and targets are from different rows: index both with the same rows.": [
        ("targets[rows])", "targets[torch.randperm(len(x))[: len(rows)]])")
    ],
    "The targets have the wrong sign.": [
        ("targets = torch.tensor(changes", "targets = torch.tensor(-changes")
    ],
    "The targets are all zero: it learns to forecast no change.": [
        ("targets = torch.tensor(changes", "targets = torch.tensor(0 * changes")
    ],
    "The targets run backwards: the nearest hour comes first.": [
        ("targets = torch.tensor(changes", "targets = torch.tensor(changes[:, ::-1].copy()")
    ],
    "The loss goes up: call backward on the loss, not on its negative.": [
        ("loss.backward()", "(-loss).backward()")
    ],
    "The model forecasts one hour: it must give one per hour of the horizon.": [
        (
            "model = Forecaster(x.shape[2], 32, changes.shape[1])",
            "model = Forecaster(x.shape[2], 32, 1)",
        )
    ],
    "The windows run backwards: the oldest hour comes first.": [
        ("inputs = torch.tensor(x,", "inputs = torch.tensor(x[:, ::-1].copy(),")
    ],
    "A fresh model comes back: return the one that was trained.": [
        ("    return model", "    return Forecaster(x.shape[2], 32, changes.shape[1])")
    ],
    "Nothing comes back: return the model.": [("    return model", "    return None")],
    "The targets are levels: learn the changes since the last reading.": [
        ("targets = torch.tensor(changes", "targets = torch.tensor(changes + x[:, -1, :1]")
    ],
    "Old gradients are never forgotten: call zero_grad at every step.": [
        ("            optimizer.zero_grad()\n", "")
    ],
    "Old gradients are forgotten once a round: call zero_grad at every step.": [
        ("            optimizer.zero_grad()\n", ""),
        (
            "        for rows in torch.randperm",
            "        optimizer.zero_grad()\n        for rows in torch.randperm",
        ),
    ],
    "Gradients are forgotten just before the step: zero_grad comes before backward.": [
        ("            optimizer.zero_grad()\n", ""),
        (
            "            optimizer.step()",
            "            optimizer.zero_grad()\n            optimizer.step()",
        ),
    ],
    "Only the read-out is trained: give the optimizer all parameters.": [
        ("model.parameters())\n    steps", "list(model.parameters())[-2:])\n    steps")
    ],
    "The sizes are the notebook's: take them from x and changes.": [
        ("Forecaster(x.shape[2], 32, changes.shape[1])", "Forecaster(1, 32, 24)")
    ],
    "The targets are scaled in place: change no argument.": [
        ("    inputs = torch.tensor(x", "    changes /= changes.std()\n    inputs = torch.tensor(x")
    ],
    "A linear model is fitted in closed form: train the network.": """
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
    "The read-out is fitted in closed form on a random GRU: train the network.": """
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
    "Gradients stay off after the call: use `with torch.no_grad():`.": [
        ("with torch.no_grad():", "torch.set_grad_enabled(False)\n    if True:")
    ],
    "The model can never learn again: use torch.no_grad(), not requires_grad_(False).": [
        (
            "window, forecasts = history, []",
            "model.requires_grad_(False)\n    window, forecasts = history, []",
        )
    ],
    "For one history an axis is lost: keep (N, steps).": [
        ("torch.cat(forecasts, dim=1)", "torch.cat(forecasts, dim=1).squeeze()")
    ],
    "Every step saw the same window: put the forecast into it.": [(SLIDE, "")],
    "The window grows: (N, T, 1) goes in at every step, one value leaves when one enters.": [
        ("window[:, 1:], following", "window, following")
    ],
    "The newest value left the window: the oldest must go.": [
        ("window[:, 1:], following", "window[:, :-1], following")
    ],
    "The forecast entered at the old end: it comes after the newest value.": [
        (SLIDE, "window = torch.cat([following[:, :, None], window[:, :-1]], dim=1)")
    ],
    "The forecast entered before the rest: it comes after the newest value.": [
        (SLIDE, "window = torch.cat([following[:, :, None], window[:, 1:]], dim=1)")
    ],
    "The last value enters again: the forecast must enter.": [
        ("following[:, :, None]], dim=1", "window[:, -1:]], dim=1")
    ],
    "Zeros enter the window: the forecast must enter.": [
        ("following[:, :, None]]", "0 * following[:, :, None]]")
    ],
    "The nearest forecast comes first.": [(JOIN, "return torch.cat(forecasts[::-1], dim=1)")],
    "Only the last forecast comes back: keep all of them.": [(JOIN, "return forecasts[-1]")],
    "One forecast is missing: there are steps of them.": [("range(steps)", "range(steps - 1)")],
    "There is one forecast too many: there are steps of them.": [
        ("range(steps)", "range(steps + 1)")
    ],
    "One step too late: the first forecast follows the history directly.": [
        ("range(steps)", "range(steps + 1)"),
        (JOIN, "return torch.cat(forecasts[1:], dim=1)"),
    ],
    "The first column is the last known value, not a forecast.": [
        (JOIN, "return torch.cat([history[:, -1], *forecasts[:-1]], dim=1)")
    ],
    "The history is replaced by its last value: hand the whole window in.": [
        (
            "window, forecasts = history, []",
            "window, forecasts = history[:, -1:].expand_as(history), []",
        )
    ],
    "The history stands in front: return the forecasts alone.": [
        (JOIN, "return torch.cat([history[:, :, 0], *forecasts], dim=1)")
    ],
    "There is an axis too many: the forecasts are (N, steps).": [
        (JOIN, "return torch.stack(forecasts, dim=1)")
    ],
    "Time comes first: the forecasts are (N, steps).": [
        (JOIN, "return torch.cat(forecasts, dim=1).T")
    ],
    "The history is overwritten in place: build a new window at each step.": [
        (
            SLIDE,
            "window[:, :-1] = window[:, 1:].clone(); window[:, -1] = following",
        )
    ],
    "float32 is forced: keep the dtype of the history.": [
        (JOIN, "return torch.cat(forecasts, dim=1).float()")
    ],
    "Forecasts are rounded on the way: hand them on as they are.": [
        (APPEND, "following = following.round(decimals=1); forecasts.append(following)")
    ],
    "A list comes back: join it along the second axis.": [(JOIN, "return forecasts")],
    "A NumPy array comes back: it must be a tensor.": [
        (JOIN, "return torch.cat(forecasts, dim=1).numpy()")
    ],
    "The first row is forecast for all: hand all rows in.": [
        ("following = model(window)", "following = model(window[:1]).expand(len(window), -1)")
    ],
    "The forecasts are added up: each one is a value already.": [
        (JOIN, "return torch.cat(forecasts, dim=1).cumsum(dim=1)")
    ],
    "The last value is added: the model forecasts the value itself.": [
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
    "All three mistakes are still there: your test_preparation is red on this function.": _colleague(
        "series", " - 1", "input_steps", "(starts + input_steps > cut)"
    ),
    "One of the three mistakes is left: mean and std are not those of the training part.": _colleague(
        "series"
    ),
    "One of the three mistakes is left: which hours does y hold?": _colleague(early=" - 1"),
    "One of the three mistakes is left: on which side of the cut does each window lie?": _colleague(
        reach="input_steps", after="(starts + input_steps > cut)"
    ),
    "Test windows take their inputs from before the cut.": _colleague(
        after="(starts + input_steps + horizon > cut)"
    ),
    "Training windows cross the cut: their targets must lie before it too.": _colleague(
        reach="input_steps"
    ),
    "Two of the three mistakes are left: mean and std are right now.": _colleague(
        early=" - 1", reach="input_steps", after="(starts + input_steps > cut)"
    ),
    "The last training window is missing: a window may end at the cut.": _colleague(
        reach="input_steps + horizon + 1"
    ),
    "The first test window is missing: a window may begin at the cut.": _colleague(
        after="(starts > cut)"
    ),
    "The scaler is the test part's: fit it on series[:cut].": [
        (STATISTICS, STATISTICS.replace("[:cut]", "[cut:]"))
    ],
    "The test part has a scaler of its own: use the training part's numbers.": [
        (
            X_TEST,
            "later = series[cut:]\n    x_test, y_test = make_windows("
            "(later - np.nanmean(later)) / np.nanstd(later), input_steps, horizon)",
        )
    ],
    "The test part is not scaled: use the training part's numbers.": [
        (X_TEST, X_TEST.replace("scaled", "series"))
    ],
    "The deviation is that of the whole series: fit it on series[:cut].": [
        ("np.nanstd(series[:cut])", "np.nanstd(series)")
    ],
    "This is the standard deviation with N - 1; np.nanstd divides by N.": [
        ("np.nanstd(series[:cut])", "np.nanstd(series[:cut], ddof=1)")
    ],
    "The mean is not subtracted.": [(SCALE, "scaled = series / std")],
    "It divides by the variance: divide by the standard deviation.": [
        (SCALE, "scaled = (series - mean) / std**2")
    ],
    "NaN gets into mean and std: use np.nanmean and np.nanstd.": [
        (STATISTICS, "mean, std = series[:cut].mean(), series[:cut].std()")
    ],
    "The scaler has seen one hour of the test part: series[:cut] ends before cut.": [
        (STATISTICS, STATISTICS.replace("[:cut]", "[: cut + 1]"))
    ],
    "The gap was closed and windows cross it: drop windows, not hours.": [
        (X_TRAIN, X_TRAIN.replace("scaled[:cut]", "scaled[:cut][~np.isnan(scaled[:cut])]"))
    ],
    "Gaps are interpolated, which looks at the future: drop the windows that touch them.": [
        (
            SCALE,
            "ok = ~np.isnan(series); at = np.arange(len(series))\n"
            "    series = np.interp(at, at[ok], series[ok])\n    " + SCALE,
        )
    ],
    "It scales by minimum and maximum: use mean and standard deviation.": [
        (
            STATISTICS,
            "mean = np.nanmin(series[:cut]); std = np.nanmax(series[:cut]) - mean",
        )
    ],
    "Training and test windows are exchanged.": [
        (ALL, "return mean, std, x_test, y_test, x_train, y_train")
    ],
    "mean and std do not come back: return them first.": [
        (ALL, "return x_train, y_train, x_test, y_test")
    ],
    "The series is scaled in place: change no argument.": [
        (SCALE, "series -= mean; series /= std; scaled = series")
    ],
    "The targets are not scaled: inputs and targets share one scale.": [
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

# --- a test that fails on the colleague's preparation ---------------------------------------------
NUMBERS = "    np.testing.assert_allclose([mean, std], [np.nanmean(past), np.nanstd(past)])\n"
HOURS = """    for start, x, y in ((train, x_train, y_train), (test, x_test, y_test)):
        np.testing.assert_allclose(x * std + mean, start + np.arange(4))
        np.testing.assert_allclose(y * std + mean, start + np.arange(4, 6))
"""
RESULTS = "    mean, std, x_train, y_train, x_test, y_test = prepare(series.copy(), cut, 4, 2)\n"
BOTH = "((train, x_train, y_train), (test, x_test, y_test))"
GAPS = "    series[[4, 21]] = np.nan\n"
STARTS = "train, test = np.arange(5, 11)[:, None], np.arange(22, 25)[:, None]"
WARMER = """def test_preparation(prepare):
    series = np.arange(30.0)
    series[[4, 21]] = np.nan
    other = series.copy()
    other[16:] += 30
    for a, b in zip(prepare(series, 16, 4, 2)[:{count}], prepare(other, 16, 4, 2), strict=False):
        assert np.array_equal(a, b)
"""

TEST_WRONG = {
    "It never fails: nothing is asserted.": [(NUMBERS, ""), (HOURS, "")],
    "It always fails, on a right function too.": [(NUMBERS, "    assert False\n")],
    "It returns False: a test speaks by raising an AssertionError.": [
        (NUMBERS, ""),
        (HOURS, "    return bool(np.isclose(mean, np.nanmean(past)))\n"),
    ],
    "It prints that something is wrong: a test speaks by raising an AssertionError.": [
        (NUMBERS, ""),
        (HOURS, "    if not np.isclose(mean, np.nanmean(past)):\n        print('a leak')\n"),
    ],
    "It looks at the number of results and their widths alone.": [
        (NUMBERS, ""),
        (
            HOURS,
            "    assert x_train.shape[1] == x_test.shape[1] == 4\n"
            "    assert y_train.shape[1] == y_test.shape[1] == 2\n",
        ),
    ],
    "The tolerance is so wide that nearly everything passes.": [
        ("[np.nanmean(past), np.nanstd(past)])", "[np.nanmean(past), np.nanstd(past)], atol=50)"),
        (HOURS, ""),
    ],
    "Two right functions differ in the last digits: compare with a tolerance, not with ==.": [
        (
            NUMBERS,
            NUMBERS + "    want = (start_hours - np.nanmean(past)) / np.nanstd(past)\n"
            "    assert np.array_equal(x_train, want)\n",
        ),
        (RESULTS, RESULTS + "    start_hours = np.arange(5.0, 11)[:, None] + np.arange(4)\n"),
    ],
    "It is the future test alone: what goes wrong without a look at the future goes unseen.": WARMER.format(
        count=4
    ),
    "The scaler alone is tested: windows can be wrong too.": [(HOURS, "")],
    "The windows alone are tested, with the scaler that came back: that can be wrong too.": [
        (NUMBERS, "")
    ],
    "The training part alone is tested: look at the test windows too.": [
        (BOTH, BOTH.replace(", (test, x_test, y_test)", ","))
    ],
    "The inputs alone are tested: look at the targets too.": [
        ("        np.testing.assert_allclose(y * std + mean, start + np.arange(4, 6))\n", "")
    ],
    "The mean is tested and not the std.": [
        ("[mean, std], [np.nanmean(past), np.nanstd(past)]", "mean, np.nanmean(past)")
    ],
    "The std is tested and not the mean.": [
        ("[mean, std], [np.nanmean(past), np.nanstd(past)]", "std, np.nanstd(past)")
    ],
    "The targets alone are tested: look at the inputs too.": [
        ("        np.testing.assert_allclose(x * std + mean, start + np.arange(4))\n", "")
    ],
    "The test part has no gap: what happens around one goes unseen there.": [
        (GAPS, GAPS.replace("[4, 21]", "[4]")),
        (STARTS, STARTS.replace("np.arange(22, 25)", "np.arange(16, 25)")),
    ],
    "The training part has no gap: what happens around one goes unseen there.": [
        (GAPS, GAPS.replace("[4, 21]", "[21]")),
        (STARTS, STARTS.replace("np.arange(5, 11)", "np.arange(11)")),
    ],
    "The first window of each part is tested: the others can be wrong, or missing.": [
        ("(x * std + mean, start + np.arange(4))", "(x[0] * std + mean, start[0] + np.arange(4))"),
        (
            "(y * std + mean, start + np.arange(4, 6))",
            "(y[0] * std + mean, start[0] + np.arange(4, 6))",
        ),
    ],
    "The series has no gap: what happens around one goes unseen.": [
        (GAPS, ""),
        (STARTS, "train, test = np.arange(11)[:, None], np.arange(16, 25)[:, None]"),
    ],
    "It demands windows across the cut: those are what a test part must not share.": [
        (STARTS, STARTS.replace("np.arange(5, 11)", "np.arange(5, 13)"))
    ],
    "The colleague's name is written in it: call the function that is handed in.": [
        ("= prepare(series", "= colleagues_series(series")
    ],
}
TEST_RIGHT = {
    "by my make_windows": """
def test_preparation(prepare):
    series = np.random.default_rng(0).normal(60, 10, size=50)
    series[[7, 40]] = np.nan
    cut = 30
    mean, std, *parts = prepare(series.copy(), cut, 5, 3)
    assert np.isclose(mean, np.nanmean(series[:cut])) and np.isclose(std, np.nanstd(series[:cut]))
    scaled = (series - mean) / std
    want = [*make_windows(scaled[:cut], 5, 3), *make_windows(scaled[cut:], 5, 3)]
    for name, a, b in zip(("x_train", "y_train", "x_test", "y_test"), parts, want, strict=True):
        assert a.shape == b.shape and np.allclose(a, b), name
""",
    "sets of hours": """
def test_preparation(prepare):
    series, cut, T, h = np.arange(40.0) ** 2, 25, 3, 2
    series[[10, 33]] = np.nan
    mean, std, x, y, x_later, y_later = prepare(series.copy(), cut, T, h)
    assert abs(mean - np.nanmean(series[:25])) < 1e-6
    assert abs(std - np.nanstd(series[:25])) < 1e-6
    hours = lambda part: np.rint(np.sqrt(np.abs(part * std + mean))).astype(int).tolist()
    free = lambda t: not {10, 33} & set(range(t, t + 5))
    train = [t for t in range(0, 21) if free(t)]
    test = [t for t in range(25, 36) if free(t)]
    assert hours(x) == [[t, t + 1, t + 2] for t in train]
    assert hours(y) == [[t + 3, t + 4] for t in train]
    assert hours(x_later) == [[t, t + 1, t + 2] for t in test]
    assert hours(y_later) == [[t + 3, t + 4] for t in test]
""",
    "all by hand, one error for all": """
def test_preparation(prepare):
    nan = np.nan
    series = np.array([1, 2, nan, 4, 5, 7, 8, 9, 12, 11, nan, 3, 1, 2, 6])
    got = prepare(series, 8, 2, 1)
    m, s = np.nanmean(series[:8]), np.nanstd(series[:8])
    x, y = ([[4, 5], [5, 7], [7, 8]], [[3, 1], [1, 2]]), ([[7], [8], [9]], [[2], [6]])
    want = [m, s]
    for i in range(2):
        want += [(np.array(x[i]) - m) / s, (np.array(y[i]) - m) / s]
    bad = [i for i in range(6) if np.shape(got[i]) != np.shape(want[i]) or not np.allclose(got[i], want[i])]
    if bad:
        raise ValueError(bad)
""",
    "the notebook's weather": """
def test_preparation(prepare):
    series, cut = temperature[:3000], 2000
    mean, std, *parts = prepare(series.copy(), cut, 24, 6)
    np.testing.assert_allclose([mean, std], [np.nanmean(series[:cut]), np.nanstd(series[:cut])])
    want = []
    for part in (series[:cut], series[cut:]):
        view = np.lib.stride_tricks.sliding_window_view((part - mean) / std, 30)
        view = view[np.isfinite(view).all(axis=1)]
        want += [view[:, :24], view[:, 24:]]
    for a, b in zip(parts, want, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-8)
""",
}

WRONG = {
    "chronological_split": SPLIT_WRONG,
    "make_windows": WINDOWS_WRONG,
    "skill_score": SKILL_WRONG,
    "Forecaster": MODULE_WRONG,
    "train_forecaster": TRAIN_WRONG,
    "forecast_recursively": RECURSIVE_WRONG,
    "test_preparation": TEST_WRONG,
    "prepare_series": PREPARE_WRONG,
}
RIGHT = {
    "chronological_split": SPLIT_RIGHT,
    "make_windows": WINDOWS_RIGHT,
    "skill_score": SKILL_RIGHT,
    "Forecaster": MODULE_RIGHT,
    "train_forecaster": TRAIN_RIGHT,
    "forecast_recursively": RECURSIVE_RIGHT,
    "test_preparation": TEST_RIGHT,
    "prepare_series": PREPARE_RIGHT,
}
SAYS = {
    "chronological_split": {
        "Each share is rounded by itself: the second cut is at (train + validation) * L, rounded down.": "not each share",
        "Round down, not up.": "Round down",
        "validation is a share of the whole series, not of what is left.": "share of the whole",
        "An hour is lost at each cut: the next part begins where the last one ends.": "lost",
        "The test part begins where the validation part begins: they overlap.": "overlap",
        "The series runs backwards: the past comes first.": "backwards",
    },
    "make_windows": {
        "One hour ahead, y loses an axis: it must be (N, horizon), for a horizon of 1, too.": "Keep the axis",
        "The last window is missing: there are L - input_steps - horizon + 1.": "last window",
        "The window moves by its own length: move it by one hour.": "one hour",
        "Windows with a NaN are still there: drop them.": "drop them",
        "The gap was cut out first, so windows cross it: drop windows, not hours.": "cross",
        "Only the inputs were searched for NaN: search both.": "search both",
        "Only the targets were searched for NaN: search both.": "search both",
        "The first target is the last input: a forecast of what is already known.": "already known",
        "The windows are in the wrong order: the earliest comes first.": "earliest",
        "Inside a window time runs forwards: the oldest hour comes first.": "oldest",
    },
    "skill_score": {
        "This is the ratio of the errors: subtract it from 1.": "subtract it from 1",
        "The fraction is upside down: the baseline's error goes below.": "upside down",
        "Square the errors: these are absolute ones.": "absolute",
        "No square roots: the skill is defined by mean squared errors.": "square roots",
        "This is R²: the baseline is the argument, not the mean of y.": "R²",
        "One mean over all values, not one score per column and then a mean.": "per column",
        "A negative skill is cut off at 0: leave it negative.": "negative",
    },
    "Forecaster": {
        "It reads the first state: the last one has seen the whole window.": "first state",
        "It averages the states: take the last one.": "averages",
        "Is batch_first=True missing? The GRU reads across the batch, not along time.": "batch_first",
        "A forecast may be negative: no ReLU after the read-out.": "ReLU",
        "A forecast may leave (-1, 1): no tanh after the read-out.": "tanh",
        "It is an LSTM: use one nn.GRU.": "nn.GRU",
        "Time runs backwards: do not flip the window.": "backwards",
        "The first state is random: it must be zero.": "random",
        "Dropout is always on: leave it out.": "random",
    },
    "train_forecaster": {
        "No step is taken: call optimizer.step() after the backward.": "persistence",
        "The model forecasts one hour: it must give one per hour of the horizon.": "one per hour",
        "Nothing comes back: return the model.": "must return the trained Forecaster",
        "The sizes are the notebook's: take them from x and changes.": "Take the sizes of the model",
        "The targets are scaled in place: change no argument.": "changed its argument",
    },
    "forecast_recursively": {
        "Gradients stay off after the call: use `with torch.no_grad():`.": "cannot learn",
        "The model can never learn again: use torch.no_grad(), not requires_grad_(False).": "cannot learn",
        "For one history an axis is lost: keep (N, steps).": "one history",
        "Every step saw the same window: put the forecast into it.": "same window",
        "The window grows: (N, T, 1) goes in at every step, one value leaves when one enters.": "(N, T, 1)",
        "The newest value left the window: the oldest must go.": "oldest must go",
        "The forecast entered at the old end: it comes after the newest value.": "old end",
        "The nearest forecast comes first.": "nearest",
        "One step too late: the first forecast follows the history directly.": "too late",
        "The first column is the last known value, not a forecast.": "last known",
        "The history is overwritten in place: build a new window at each step.": "in place",
    },
    "test_preparation": {
        "It never fails: nothing is asserted.": "passes on the colleague's function",
        "It always fails, on a right function too.": "fails on a right function",
        "It returns False: a test speaks by raising an AssertionError.": "must raise an AssertionError",
        "Two right functions differ in the last digits: compare with a tolerance, not with ==.": "fails on a right function",
        "The scaler alone is tested: windows can be wrong too.": "two of its three mistakes mended",
        "The series has no gap: what happens around one goes unseen.": "gaps that are filled",
        "The training part alone is tested: look at the test windows too.": "test windows",
        "The mean is tested and not the std.": "a right mean with a wrong std",
        "The std is tested and not the mean.": "a right std with a wrong mean",
        "The targets alone are tested: look at the inputs too.": "inputs that are not scaled",
        "The test part has no gap: what happens around one goes unseen there.": "in the test part alone",
        "The training part has no gap: what happens around one goes unseen there.": "in the training part alone",
        "The first window of each part is tested: the others can be wrong, or missing.": "last is missing",
    },
    "prepare_series": {
        "All three mistakes are still there: your test_preparation is red on this function.": "All three",
        "One of the three mistakes is left: mean and std are not those of the training part.": "training part",
        "One of the three mistakes is left: which hours does y hold?": "which hours does y hold",
        "One of the three mistakes is left: on which side of the cut does each window lie?": "side of the cut",
        "Test windows take their inputs from before the cut.": "inputs from before",
        "Training windows cross the cut: their targets must lie before it too.": "cross the cut",
        "This is the standard deviation with N - 1; np.nanstd divides by N.": "N - 1",
        "The test part has a scaler of its own: use the training part's numbers.": "scaler of its own",
        "The gap was closed and windows cross it: drop windows, not hours.": "gap",
    },
}

TYPICAL = {
    "chronological_split": {
        "nothing": ([(PARTS, "return series, series, series")], 0.0, 0.0),
        "one slip": (
            SPLIT_WRONG[
                "An hour is lost at each cut: the next part begins where the last one ends."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            SPLIT_WRONG["The hours are shuffled before the cut: keep them in order."],
            0.0,
            0.45,
        ),
    },
    "make_windows": {
        "nothing": ([(CUT, "return series, series")], 0.0, 0.0),
        "one slip": (WINDOWS_WRONG["Windows with a NaN are still there: drop them."], 0.5, 0.95),
        "point missed": (
            WINDOWS_WRONG[
                "The first target is the last input: a forecast of what is already known."
            ],
            0.0,
            0.45,
        ),
    },
    "skill_score": {
        "nothing": ([(SKILL, "return 0.0")], 0.0, 0.0),
        "one slip": (
            SKILL_WRONG["A negative skill is cut off at 0: leave it negative."],
            0.5,
            0.95,
        ),
        "point missed": (
            SKILL_WRONG["This is R²: the baseline is the argument, not the mean of y."],
            0.0,
            0.45,
        ),
    },
    "Forecaster": {
        "nothing": ([(READ, "return 0 * self.readout(h[:, -1])")], 0.0, 0.0),
        "one slip": (
            MODULE_WRONG["squeeze() also removes a batch or a horizon of one: leave it out."],
            0.5,
            0.95,
        ),
        "point missed": (
            MODULE_WRONG["It reads the first state: the last one has seen the whole window."],
            0.0,
            0.45,
        ),
    },
    "train_forecaster": {
        "nothing": (
            "def train_forecaster(x, changes):\n"
            "    return Forecaster(x.shape[2], 32, changes.shape[1])\n",
            0.0,
            0.0,
        ),
        "one slip": (
            TRAIN_WRONG["The sizes are the notebook's: take them from x and changes."],
            0.5,
            0.95,
        ),
        "point missed": (
            TRAIN_WRONG["Old gradients are never forgotten: call zero_grad at every step."],
            0.0,
            0.45,
        ),
    },
    "forecast_recursively": {
        "nothing": ([(JOIN, "return history[:, -1].repeat(1, steps)")], 0.0, 0.0),
        "one slip": (
            RECURSIVE_WRONG[
                "The history is overwritten in place: build a new window at each step."
            ],
            0.5,
            0.95,
        ),
        "point missed": (
            RECURSIVE_WRONG["Every step saw the same window: put the forecast into it."],
            0.0,
            0.45,
        ),
    },
    "test_preparation": {
        "nothing": ([(NUMBERS, ""), (HOURS, "")], 0.0, 0.0),
        "one slip": (
            TEST_WRONG["The series has no gap: what happens around one goes unseen."],
            0.6,
            0.95,
        ),
        "point missed": (
            TEST_WRONG["It looks at the number of results and their widths alone."],
            0.0,
            0.49,
        ),
    },
    "prepare_series": {
        "nothing": (
            PREPARE_WRONG[
                "All three mistakes are still there: your test_preparation is red on this function."
            ],
            0.0,
            0.0,
        ),
        "one slip": (
            PREPARE_WRONG["One of the three mistakes is left: which hours does y hold?"],
            0.5,
            0.95,
        ),
        "point missed": (
            PREPARE_WRONG["Two of the three mistakes are left: mean and std are right now."],
            0.0,
            0.45,
        ),
    },
}
