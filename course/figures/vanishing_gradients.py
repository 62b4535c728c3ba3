"""Figures of ``vanishing_gradients``: each draws one message and returns the data that it drew.

Networks, gradients and clipping are the learner's: whatever needs one takes it as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.image import AxesImage

from course import plots
from course.figures import comparison, wall

BLUE, ORANGE, _, RED = plots.COLORS[:4]
INPUTS = {
    "near zero": ("no input, start near 0", 0, 1e-12),
    "quiet": ("quiet input", 0.05, 0.1),
    "loud": ("loud input", 1, 0.1),
}
"""Title, scale of the input and scale of the start state."""
Arrays = Mapping[str, np.ndarray]
Forward = Callable[..., "np.ndarray | torch.Tensor"]
Scale = Callable[[np.ndarray, float], np.ndarray]
Weights = dict[str, np.ndarray]
Gradients = Callable[[Arrays], tuple[float, Arrays]]
Clip = Callable[[list[np.ndarray], float], tuple[list[np.ndarray], float]]


# One unit


def states_of_one_unit(
    weights: Sequence[float] = (0.5, 1.0, 2.0), starts: Sequence[float] = (1.0, 0.1)
) -> dict[tuple[float, float], list[float]]:
    """Draw how the state of one unit moves between its curve and the diagonal.

    Returns
    -------
    dict
        The states by weight and start.
    """
    figure, axes = plots.new_figure(columns=len(weights), width=9, height=3.2, sharey=True)
    grid, states = np.linspace(-1.1, 1.1, 200), {}
    for axis, w in zip(axes, weights, strict=True):
        axis.plot(grid, grid, color="0.6", lw=1)
        axis.plot(grid, np.tanh(w * grid), color=plots.CELL_COLORS["rnn"], lw=2)
        for start, color in zip(starts, (BLUE, "k"), strict=False):
            path = states[w, start] = _states(w, start, steps=12)
            across = np.repeat(path, 2)
            axis.plot(across[:-1], [0, *across[2:]], color=color, lw=1.2, label=f"from {start:g}")
        axis.set(title=f"w = {w}", xlabel="$h_{t-1}$", xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    axes[0].set_ylabel("$h_t$")
    axes[0].legend(loc="upper left")
    last = np.array([(w, path[-1]) for (w, _), path in states.items()])
    title = plots.true_title(
        "A state rests where the curve meets the diagonal",
        (np.abs(np.tanh(last.prod(axis=1)) - last[:, 1]) < 0.05).all(),
        "The state of one unit, between its curve and the diagonal",
    )
    plots.heading(figure, title)
    return states


def slopes_multiply(
    slope: Callable[[float, float], float],
    weights: Sequence[float] = (0.5, 1.0, 2.0),
    starts: Sequence[float] = (1.0, 1e-9),
    steps: int = 20,
) -> pd.DataFrame:
    """Multiply the slopes that one unit meets.

    Parameters
    ----------
    slope : callable
        Of the weight and the new state.
    """
    rows = []
    for w in weights:
        for start in starts:
            met = [slope(w, h) for h in _states(w, start, steps)[1:]]
            rows.append((w, f"{start:g}", f"{met[-1]:.3f}", f"{np.prod(met):.1e}"))
    columns = ["w", "start", "slope at the end", f"product of {steps} slopes"]
    return pd.DataFrame(rows, columns=columns).set_index(["w", "start"])


def _states(w: float, start: float, steps: int) -> list[float]:
    states = [start]
    for _ in range(steps):
        states.append(float(np.tanh(w * states[-1])))
    return states


# Random networks


def draw_params(
    D: int, H: int, C: int, rng: np.random.Generator, input_scale: float = 0.5
) -> Weights:
    """Draw Gaussian weights for D inputs, H hidden units and C outputs; biases are zero."""
    return {
        "W_x": rng.normal(scale=input_scale / np.sqrt(D), size=(D, H)),
        "W_h": rng.normal(scale=1 / np.sqrt(H), size=(H, H)),
        "b": np.zeros(H),
        "W_y": rng.normal(scale=1 / np.sqrt(H), size=(H, C)),
        "b_y": np.zeros(C),
    }


def gaussian_matrix(H: int = 64) -> np.ndarray:
    """Draw a random matrix ``(H, H)``."""
    return draw_params(4, H, 1, np.random.default_rng(1))["W_h"]


def random_network(
    W_h: np.ndarray, input_scale: float, start_scale: float = 0.1, T: int = 60
) -> tuple[np.ndarray, np.ndarray, Weights]:
    """Draw two sequences of four numbers, a start state and weights, always from the same seed.

    Parameters
    ----------
    W_h : numpy.ndarray, shape (64, 64)
        Recurrent weights.
    input_scale, start_scale : float
        How loud the input speaks to the hidden units; size of the entries of the start state.

    Returns
    -------
    x : numpy.ndarray, shape (2, T, 4)
    h0 : numpy.ndarray, shape (2, 64)
    params : dict of numpy.ndarray
    """
    rng = np.random.default_rng(1)
    params = draw_params(4, 64, 1, rng, input_scale)
    x, h0 = rng.normal(size=(2, T, 4)), start_scale * rng.normal(size=(2, 64))
    return x, h0, params | {"W_h": W_h}


def _as_pytorch_starts(H: int = 64) -> np.ndarray:
    """The recurrent matrix ``(H, H)`` of a fresh ``nn.RNN``, for ``h @ W_h``."""
    torch.manual_seed(0)
    return torch.nn.RNN(4, H).weight_hh_l0.detach().double().numpy().T


def _orthogonal(H: int = 64) -> np.ndarray:
    """A random matrix ``(H, H)`` that turns and never stretches: all singular values are 1."""
    return np.linalg.qr(np.random.default_rng(0).normal(size=(H, H)))[0]


def gradient_against_distance(
    measure: Callable[..., tuple[np.ndarray, np.ndarray]], scaled: Mapping[float, np.ndarray]
) -> pd.DataFrame:
    """Draw what is left of a gradient at every distance: near zero, with quiet and loud input.

    Parameters
    ----------
    measure : callable
        Of a recurrent matrix, the input's scale and the start's; returns norms ``(T,)`` first.
    scaled : dict
        Matrices (64, 64) by spectral radius. Drawn with them: the start of ``nn.RNN``, and a random
        orthogonal one.

    Returns
    -------
    pandas.DataFrame
        A row a distance; columns: near zero, quiet or loud, and the radius or name.
    """
    figure, axes = plots.new_figure(columns=3, width=10.5, height=3.6, sharey=True)
    shades = [(color, "-") for color in plt.cm.viridis(np.linspace(0, 0.85, len(scaled)))]
    matrices = {**scaled, "nn.RNN": _as_pytorch_starts(), "orthogonal": _orthogonal()}
    norms = {}
    for axis, (name, (title, *scales)) in zip(axes, INPUTS.items(), strict=True):
        styles = iter([*shades, ("k", "--"), (RED, "-.")])
        for label, W_h in matrices.items():
            norms[name, label] = measure(W_h, *scales)[0][::-1]
            color, line = next(styles)
            axis.semilogy(norms[name, label], line, color=color, lw=1.6, label=str(label))
        axis.axhline(1, color="0.7", lw=0.8, zorder=0)
        axis.set(title=title, xlabel="distance T - t (steps)", ylim=(1e-20, 1e12))
    axes[0].set_ylabel("spectral norm of $∂h_T/∂h_t$")
    axes[-1].legend(title="spectral radius", loc="center left", bbox_to_anchor=(1, 0.5))
    table = pd.DataFrame(norms)
    extremes = [np.log(table["near zero", radius]) for radius in (min(scaled), max(scaled))]
    steps = np.arange(len(table))
    title = plots.true_title(
        "With distance a gradient grows or shrinks exponentially",
        extremes[0].iloc[-1] < -5
        and extremes[1].iloc[-1] > 5
        and all(abs(np.corrcoef(steps, curve)[0, 1]) > 0.98 for curve in extremes),
        "What is left of a gradient, by the distance",
    )
    plots.heading(figure, title)
    return table


def gradient_of_one_network(
    measure: Callable[..., tuple[np.ndarray, np.ndarray]],
    scale_spectral_radius: Scale,
    radius: float,
    input_scale: float,
) -> np.ndarray:
    """Draw what is left of a gradient at every distance in one network, and return it, ``(T,)``.

    Parameters
    ----------
    measure : callable
        Of a recurrent matrix and the input's scale; returns norms ``(T,)``, states ``(N, T, H)``.
    scale_spectral_radius : callable
        Of a matrix and a radius.
    radius, input_scale : float
        Of the network; what the radius alone predicts is drawn beside the measured gradient.
    """
    norms, h = measure(scale_spectral_radius(gaussian_matrix(), radius), input_scale)
    left, steps = norms[::-1], np.arange(len(norms))
    _, axis = plots.new_figure(width=7, height=3.2)
    axis.semilogy(steps, left, color=BLUE, lw=2, label="measured")
    axis.semilogy(steps, radius**steps, color="0.5", ls=":", label="radius alone")
    slope = np.sqrt(((1 - h**2) ** 2).mean())
    axis.semilogy(steps, (radius * slope) ** steps, color=ORANGE, ls="--", label="radius × slope")
    axis.axhline(1, color="0.7", lw=0.8, zorder=0)
    axis.set(
        title=f"Radius {radius:.1f}, slopes of tanh near {slope:.2f}: factor {radius * slope:.2f}",
        xlabel="distance T - t (steps)",
        ylabel="spectral norm of $∂h_T/∂h_t$",
        ylim=(1e-20, 1e12),
    )
    axis.legend(loc="lower left")
    return left


def what_predicts_the_factor(
    measure: Callable[..., tuple[np.ndarray, np.ndarray]],
    slope: Callable[[np.ndarray], float],
    matrices: Mapping[float, np.ndarray],
    scales: Sequence[float] = (0.05, 0.3, 1.0, 3.0),
) -> tuple[float, float]:
    """Draw the measured factor per step against the radius, and against radius times slope.

    Parameters
    ----------
    measure : callable
        Of a recurrent matrix and the input's scale; returns norms ``(T,)``, states ``(N, T, H)``.
    slope : callable
        Of states; a typical slope.
    matrices : dict
        By spectral radius.

    Returns
    -------
    tuple of float
        The largest error of the radius alone, and of radius times slope.
    """
    rows = []
    for scale in scales:
        for radius, W_h in matrices.items():
            norms, h = measure(W_h, scale)
            factor = np.exp((np.log(norms[10]) - np.log(norms[50])) / 40)
            rows.append((scale, radius, radius * slope(h[:, 10:]), factor))
    table = pd.DataFrame(rows, columns=["scale", "radius", "radius × slope", "factor"])
    figure, axes = plots.new_figure(columns=2, width=9, height=3.6, sharey=True)
    errors, groups = [], list(table.groupby("scale"))
    labels = {"radius": "spectral radius", "radius × slope": "radius × RMS slope of tanh"}
    for axis, (column, label) in zip(axes, labels.items(), strict=True):
        axis.axline((0, 0), slope=1, color="0.6", lw=1)
        for marker, color, (scale, part) in zip("osD^", plots.COLORS, groups, strict=False):
            axis.plot(part[column], part["factor"], marker, color=color, label=f"{scale:g}")
        errors.append(float((table[column] - table["factor"]).abs().max()))
        axis.set(title=f"off by up to {errors[-1]:.2f}", xlabel=label, xlim=(0, 1.6), ylim=(0, 1.6))
    axes[0].set_ylabel("measured factor per step")
    axes[0].legend(title="input scale", fontsize=8)
    title = plots.true_title(
        "Weights and slopes together predict the factor",
        errors[1] < 0.15 and errors[1] < 0.5 * errors[0],
        "The measured factor, and two ways to predict it",
    )
    plots.heading(figure, title)
    return errors[0], errors[1]


def gradients_of_weights_and_input(
    forward: Forward, scale_spectral_radius: Scale, lengths: Sequence[int] = (10, 20, 40, 80)
) -> tuple[float, float]:
    """Draw two gradients of a loss on the last step, for longer and longer sequences.

    Parameters
    ----------
    forward : callable
        Of ``x, h0, params, xp``; all states.
    scale_spectral_radius : callable
        Of a matrix and a radius.

    Returns
    -------
    tuple of float
        How many times smaller both get from the first length to the last: of the weights ``W_h``,
        of the first input.
    """
    params = draw_params(4, 32, 1, np.random.default_rng(1))
    params["W_h"] = scale_spectral_radius(params["W_h"], 0.9)
    sizes = {}
    for T in lengths:
        p = _tensors(params)
        x = torch.tensor(np.random.default_rng(2).normal(size=(16, T, 4)), requires_grad=True)
        h = forward(x, torch.zeros(16, 32, dtype=x.dtype), p, xp=torch)
        ((h[:, -1] @ p["W_y"] - 1) ** 2).mean().backward()
        sizes[T] = p["W_h"].grad.norm().item(), x.grad[:, 0].norm().item()
    table = pd.DataFrame.from_dict(sizes, orient="index", columns=["W_h", "input"])
    _, axis = plots.new_figure(width=7, height=2.8)
    labels = {"W_h": "of the weights $W_h$", "input": "of the first input"}
    for (column, label), color in zip(labels.items(), (BLUE, RED), strict=True):
        axis.semilogy(table[column], "o-", color=color, label=label)
    smaller = table.iloc[0] / table.iloc[-1]
    axis.set(
        title=plots.true_title(
            "The gradient of the weights hides what vanishes",
            smaller["W_h"] < 10 and smaller["input"] > 100 * smaller["W_h"],
            "Two gradients, by the length of the sequence",
        ),
        xlabel="length T (steps); the loss is on the last one",
        ylabel="norm of the gradient",
        xticks=lengths,
        ylim=(1e-13, 1e3),
    )
    axis.legend(loc="lower left")
    return tuple(smaller)


def success_against_length(measured: Mapping[str, pd.DataFrame]) -> tuple[pd.Series, pd.Series]:
    """Draw stored runs of the copy task: accuracy against the distance of what is asked.

    Returns
    -------
    tuple of pandas.Series
        Median accuracy of five seeds by length: the vanilla RNN's, and the lower of GRU and LSTM.
    """
    table = comparison.accuracy_against_length(measured)
    median = table.pivot_table(index="T", columns="cell", values="accuracy", aggfunc="median")
    plt.gca().set(
        title=plots.true_title(
            "From 50 steps on the median vanilla RNN hardly beats guessing",
            median.loc[50:, "rnn"].max() < comparison.CHANCE + 0.1,
            "Accuracy against the distance of what is asked",
        ),
        xlabel="length T (steps): the symbol comes first, the question last",
    )
    return median["rnn"], median[["gru", "lstm"]].min(axis=1)


def wall_in_the_loss() -> dict[int, float]:
    """Draw the loss of one unit against its bias; return the steepest slope by length."""
    return wall.draw()[1]


# Clipping


def descend(
    gradients: Gradients,
    params: Arrays,
    clip: Clip,
    max_norm: float,
    updates: int = 100,
    learning_rate: float = 0.15,
) -> tuple[Weights, np.ndarray]:
    """Walk downhill; stop early when the loss passes 1e8.

    Parameters
    ----------
    gradients : callable
        Of the weights; returns a loss and a gradient for each.
    clip : callable
        Of a list of gradients and ``max_norm``; returns those to use and the norm before.

    Returns
    -------
    params : dict of numpy.ndarray
    history : numpy.ndarray, shape (updates, 2)
        Loss and norm of every update.
    """
    params, history = dict(params), []
    for _ in range(updates):
        loss, grads = gradients(params)
        used, norm = clip([grads[name] for name in params], max_norm)
        history.append((loss, norm))
        if loss > 1e8:
            break
        params = {n: params[n] - learning_rate * g for n, g in zip(params, used, strict=True)}
    return params, np.array(history)


def learn_signs(
    forward: Forward,
    scale_spectral_radius: Scale,
    clip: Clip,
    ways: Sequence[tuple[float, float]],
    seeds: int = 5,
    learning_rate: float = 0.15,
) -> dict[tuple[float, float], list[np.ndarray]]:
    """Learn to say, after 40 numbers, the sign of the fifth from the end.

    Parameters
    ----------
    forward, scale_spectral_radius, clip : callable
        Of ``x, h0, params, xp``; of a matrix and a radius; of gradients and the longest norm.
    ways : sequence of (radius, max_norm)

    Returns
    -------
    dict
        By way, one array ``(updates, 2)`` a seed: loss and norm of every update.
    """
    runs = {way: [] for way in ways}
    for radius, max_norm in ways:
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            params = draw_params(1, 32, 1, rng)
            params["W_h"] = scale_spectral_radius(params["W_h"], radius)
            gradients = _of_signs(forward, rng)
            _, history = descend(gradients, params, clip, max_norm, learning_rate=learning_rate)
            runs[radius, max_norm].append(history)
    return runs


def _of_signs(forward: Forward, rng: np.random.Generator) -> Gradients:
    def gradients(params: Arrays) -> tuple[float, Weights]:
        x = torch.tensor(rng.normal(size=(16, 40, 1)))
        p = _tensors(params)
        h = forward(x, torch.zeros(16, 32, dtype=x.dtype), p, xp=torch)
        loss = ((h[:, -1] @ p["W_y"] + p["b_y"] - torch.sign(x[:, -5])) ** 2).mean()
        loss.backward()
        return loss.item(), {name: q.grad.numpy() for name, q in p.items()}

    return gradients


def with_and_without_clipping(
    runs: Mapping[tuple[float, float], Sequence[np.ndarray]],
) -> pd.DataFrame:
    """Draw loss and gradient norm of every update.

    Parameters
    ----------
    runs : dict
        By radius and longest norm allowed, one array ``(updates, 2)`` a seed: losses, norms.

    Returns
    -------
    pandas.DataFrame
        A row a setting: how many runs ``learn`` and are ``lost``, the ``longest`` gradient, and
        the share of the updates that were ``shortened``.
    """
    figure, axes = plots.new_figure(columns=2, width=9, height=3.4)
    lines, rows = zip(runs.items(), plots.COLORS, ("-", "-", "--"), strict=False), []
    decided = {}
    for ((radius, limit), histories), color, line in lines:
        name = f"radius {radius:.1f}, " + (
            f"clipped at {limit:g}" if limit < 1e9 else "no clipping"
        )
        for i, history in enumerate(histories):
            for axis, values in zip(axes, history.T, strict=True):
                axis.semilogy(values, line, color=color, lw=1.3, label=None if i else name)
        norms = np.concatenate([run[:, 1] for run in histories])
        learn = sum(run[-20:, 0].mean() < 0.5 for run in histories)
        lost = sum(len(run) < 50 for run in histories)
        rows.append((name, learn, lost, norms.max(), (norms > limit).mean()))
        decided[radius, limit < 1e9] = (learn, lost)
    axes[0].set(title="Loss", xlabel="update", ylabel="mean squared error", ylim=(0.05, 1e8))
    axes[1].set(title="Gradient norm before clipping", xlabel="update", ylabel="global norm")
    axes[1].set_ylim(0.1, 1e10)
    axes[0].legend(fontsize=8)
    title = plots.true_title(
        "Same learning rate: at radius 1.5 clipping decides",
        decided.get((1.5, False), (1,))[0] == 0 and decided.get((1.5, True), (0,))[0] > 0,
        "Loss and gradient of every update, with and without clipping",
    )
    plots.heading(figure, title)
    return pd.DataFrame(rows, columns=["name", "learn", "lost", "longest", "shortened"])


def long_gradients(
    loss_and_gradients: Callable[..., tuple], scale_spectral_radius: Scale
) -> list[np.ndarray]:
    """Take the five gradients of a network of radius 1.5 on one batch."""
    rng = np.random.default_rng(0)
    params = draw_params(1, 32, 1, rng)
    params["W_h"] = scale_spectral_radius(params["W_h"], 1.5)
    x = rng.normal(size=(16, 40, 1))
    _, grads, _ = loss_and_gradients(x, 3 * np.roll(x, 5, axis=1), np.zeros((16, 32)), params)
    return list(grads.values())


def parameters_with(grads: Sequence[np.ndarray]) -> list[torch.nn.Parameter]:
    """Make PyTorch parameters, all zero, that have these gradients."""
    parameters = [torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in grads]
    for parameter, g in zip(parameters, grads, strict=True):
        parameter.grad = torch.tensor(g)
    return parameters


def clipped_as_arrows(
    grads: Sequence[np.ndarray],
    global_norm: Sequence[np.ndarray],
    every_array: Sequence[np.ndarray],
    every_entry: Sequence[np.ndarray],
) -> list[float]:
    """Draw gradients clipped in three ways as arrows; return their angles in degrees.

    The angle is the one between the gradient, all arrays as one vector, and its clipped form.
    """
    ways = {
        "global norm at 1": (global_norm, BLUE),
        "every array at 1": (every_array, ORANGE),
        "every entry at 0.1": (every_entry, RED),
    }
    whole, angles = _one_vector(grads), []
    _, axis = plots.new_figure(width=7, height=3)
    axis.axhline(0, color="0.5", ls=":", lw=1.5)
    axis.text(3.55, 0.06, "the gradient's direction", ha="right", color="0.4", fontsize=9)
    for name, (arrays, color) in ways.items():
        v = _one_vector(arrays)
        length = float(np.linalg.norm(v))
        cosine = float(np.clip(v @ whole / length / np.linalg.norm(whole), -1, 1))
        angles.append(float(np.degrees(np.arccos(cosine))))
        end = length * cosine, length * np.sqrt(1 - cosine**2)
        arrow = {"arrowstyle": "-|>", "color": color, "lw": 2.2, "shrinkA": 0, "shrinkB": 0}
        axis.annotate("", end, (0, 0), arrowprops=arrow)
        label = f"{name}: length {length:.1f}, turned by {angles[-1]:.0f}°"
        axis.plot([], [], color=color, lw=2.2, label=label)
    by_norm, *others = angles
    title = plots.true_title(
        "Only the global norm keeps the direction",
        by_norm < 0.1 and min(others) > 1,
        "One gradient, clipped in three ways",
    )
    axis.set(title=title)
    axis.set(xlabel="along the gradient", ylabel="across", xlim=(-0.1, 3.6), ylim=(-0.2, 2.6))
    axis.legend(loc="upper left", fontsize=9)
    return angles


def _one_vector(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([array.ravel() for array in arrays])


# Cutting time


def draw_of_radius_one(scale_spectral_radius: Scale, rng: np.random.Generator) -> Weights:
    """Draw weights of spectral radius 1 for one input, 32 units and one output."""
    params = draw_params(1, 32, 1, rng)
    return params | {"W_h": scale_spectral_radius(params["W_h"], 1.0)}


def network_and_noise(scale_spectral_radius: Scale) -> tuple[Weights, np.ndarray]:
    """Draw weights of radius 1 for 32 units, and 16 sequences of 30 random numbers."""
    rng = np.random.default_rng(5)
    return draw_of_radius_one(scale_spectral_radius, rng), rng.normal(size=(16, 30, 1))


def reach(forward: Forward, params: Arrays, x: np.ndarray, k: int) -> np.ndarray:
    """Measure how strongly the loss at every time reaches every input, when a cut comes after k.

    Returns
    -------
    numpy.ndarray, shape (T, T)
        Mean absolute gradient; a row a loss, a column an input.
    """
    N, T, _ = x.shape
    p = {name: torch.tensor(value) for name, value in params.items()}
    h, matrix = torch.zeros(N, p["W_h"].shape[0], dtype=torch.float64), np.zeros((T, T))
    for start in range(0, T, k):
        part = torch.tensor(x[:, start : start + k], requires_grad=True)
        states = forward(part, h, p, xp=torch)
        outputs = states @ p["W_y"] + p["b_y"]
        for t in range(part.shape[1]):
            (g,) = torch.autograd.grad((outputs[:, t] ** 2).sum(), part, retain_graph=True)
            matrix[start + t, start : start + part.shape[1]] = g.abs().mean(dim=(0, 2)).numpy()
        h = states[:, -1].detach()
    return matrix


def triangles_of_the_band(
    reach_with_cuts: Callable[[int], np.ndarray], k: int = 8, T: int = 30
) -> dict[str, np.ndarray]:
    """Draw three matrices of reach ``(T, T)``: uncut, the k last steps of each loss, and cut.

    Parameters
    ----------
    reach_with_cuts : callable
        Of the number of steps between cuts.
    """
    whole, steps = reach_with_cuts(T), np.arange(T)
    band = whole * (np.subtract.outer(steps, steps) < k)
    shown = {"Full BPTT": whole, f"The {k} last steps of each": band}
    shown[f"Cut every {k} steps"] = reach_with_cuts(k)
    figure, axes = plots.new_figure(columns=3, width=9.5, height=3.5, sharey=True)
    for axis, (title, matrix) in zip(axes, shown.items(), strict=True):
        image = _show_reach(axis, matrix, title)
    axes[0].set_ylabel("loss time t")
    figure.colorbar(image, ax=axes, label="mean |gradient|", shrink=0.8)
    _, band, cut = shown.values()
    together = np.equal.outer(steps // k, steps // k)
    title = plots.true_title(
        "A cut keeps triangles of the band",
        not cut[~together].any() and np.allclose(cut[together], band[together], rtol=1e-3),
        "What the loss at each time reaches, uncut and cut",
    )
    plots.heading(figure, title)
    return shown


def _show_reach(axis: Axes, matrix: np.ndarray, title: str) -> AxesImage:
    shown = np.ma.masked_less(matrix, 1e-6)
    image = axis.imshow(shown, norm=LogNorm(1e-4, 1), cmap="viridis", interpolation="nearest")
    axis.set(title=title, xlabel="input time s")
    axis.grid(False)
    return image


def delayed(
    rng: np.random.Generator, N: int = 16, T: int = 30, delay: int = 8
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw inputs (N, T, 1), the same ``delay`` steps later, zeros first; start states (N, 32)."""
    x = rng.normal(size=(N, T, 1))
    targets = np.zeros_like(x)
    targets[:, delay:] = x[:, :-delay]
    return x, targets, np.zeros((N, 32))


def what_a_cut_costs(
    runs: Mapping[int, Sequence[tuple[Weights, np.ndarray]]], reached: np.ndarray, delay: int = 8
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the error after training with cuts, and the reach ``(T, T)`` of a trained network.

    Parameters
    ----------
    runs : dict
        By the steps between cuts, for every seed what :func:`descend` returned.

    Returns
    -------
    tuple of pandas.DataFrame
        Mean of the last 25 losses for cuts shorter than the delay, and for the others: a row a
        number of steps between cuts, a column a seed.
    """
    last = {k: [history[-25:, 0].mean() for _, history in five] for k, five in runs.items()}
    errors = pd.DataFrame(last)
    widths = {"width_ratios": (1.5, 1)}
    figure, (axis, right) = plots.new_figure(columns=2, width=9.5, height=3.6, **widths)
    for (_, row), marker, color in zip(errors.iterrows(), "os^Dv", plots.COLORS, strict=False):
        axis.plot(row, marker, color=color, ms=5)
    axis.plot(errors.mean(), color="0.5", lw=1, label=f"mean of {len(errors)} seeds")
    axis.axhline(22 / 30, color="k", ls=":", label="always say 0")
    axis.axvline(delay, color="0.7", lw=1, ls="--", label="the delay")
    shorter = errors.columns < delay
    title = plots.true_title(
        "Cuts shorter than the delay cost dearly",
        errors.loc[:, shorter].mean().min() > 1.5 * errors.loc[:, ~shorter].mean().max(),
        "The error after training, by the steps between cuts",
    )
    axis.set(title=title, xlabel="steps between cuts, k")
    axis.set(xscale="log", ylabel="mean squared error", ylim=(0, 0.8))
    axis.set_xticks(errors.columns, errors.columns)
    axis.minorticks_off()
    axis.legend(fontsize=8, loc="center right", bbox_to_anchor=(1, 0.7))
    image = _show_reach(right, reached, "The net trained uncut")
    right.set_ylabel("loss time t")
    figure.colorbar(image, ax=right, label="mean |gradient|", shrink=0.8)
    return errors.T[shorter], errors.T[~shorter]


def error_at_every_step(
    forward: Forward,
    params: Arrays,
    stream: tuple[np.ndarray, np.ndarray, np.ndarray],
    k: int = 20,
) -> dict[str, np.ndarray]:
    """Draw the squared error by the step: read in one piece, and k steps at a time from ``h0``.

    Parameters
    ----------
    forward : callable
        Of ``x, h0, params``; all states.
    stream : tuple of numpy.ndarray
        Inputs ``(N, T, 1)``, targets ``(N, T, 1)``, start states ``(N, H)``.
    """
    x, targets, h0 = stream
    T = x.shape[1]
    pieces = [forward(x[:, start : start + k], h0, params) for start in range(0, T, k)]
    states = {
        f"as this loop reads, k = {k}": np.concatenate(pieces, axis=1),
        "the stream in one piece": forward(x, h0, params),
    }
    _, axis = plots.new_figure(width=7.5, height=3)
    means = {}
    for (name, h), color in zip(states.items(), (RED, BLUE), strict=True):
        errors = (h @ params["W_y"] + params["b_y"] - targets) ** 2
        means[name] = errors.mean(axis=(0, 2))
        axis.plot(means[name], color=color, label=name)
    pieced, whole = means.values()
    since = np.arange(T) % k
    after, rest = (np.arange(T) >= k) & (since < 8), since >= 8
    title = plots.true_title(
        "After every cut the error jumps, for eight steps",
        pieced[after].mean() > 3 * whole[after].mean()
        and pieced[rest].mean() < 1.5 * whole[rest].mean(),
        "The error at every step, read in parts and in one piece",
    )
    axis.set(title=title, xlabel="step")
    axis.set(ylabel="mean squared error", ylim=(0, 1.9), xticks=range(0, T + 1, k))
    axis.legend(loc="upper left", ncols=2)
    return means


def length_of_the_update(before: Arrays, after: Arrays) -> float:
    """Length of the way from some weights to others, all as one vector."""
    return float(np.linalg.norm(_one_vector([after[name] - before[name] for name in before])))


def _tensors(params: Arrays) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
