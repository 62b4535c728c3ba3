"""Figures of ``vanilla_rnn``: each draws one message and returns the data that it drew.

Steps, losses and gradients are the learner's: whatever needs one takes it as an argument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from scipy.special import softmax
from torch import Tensor, nn

from course import plots, training
from course.figures import parts, unrolled

GREY = "0.55"
BLUE, ORANGE, GREEN, RED = plots.COLORS[:4]
PURPLE = tuple(0.65 * channel for channel in parts.ROLES["output"])
"""The colour of outputs, dark enough for small letters."""
MONO = "DejaVu Sans Mono"
Arrays = Mapping[str, np.ndarray]
Step = Callable[..., tuple[np.ndarray, object]]
Nudging = Callable[..., np.ndarray]


# What counting alone tells


def best_loss_by_memory(facts: Sequence[str], most: int = 10) -> list[float]:
    """Draw the lowest mean loss, in nats, of any model that sees the last 0 to ``most`` characters.

    Each fact begins after a full stop and ends with one.
    """
    losses = [_best_loss(facts, k) for k in range(most + 1)]
    reached = np.isclose(losses, losses[-1])
    colors = [GREEN if done else GREY for done in reached]
    colors[1] = ORANGE
    _, ax = plots.new_figure(width=7, height=3)
    ax.bar_label(ax.bar(range(most + 1), losses, color=colors), fmt="%.2f", fontsize=9)
    ax.set(
        title=plots.true_title(
            "Characters remembered make the next one easier to guess",
            losses[-1] < 0.9 * losses[1],
            "The best loss, by how many characters the model sees",
        ),
        xlabel="characters that the model sees (0: only how common each one is)",
        ylabel="best loss (nats per character)",
        xticks=range(most + 1),
        ylim=(0, 3.4),
    )
    return losses


def _best_loss(facts: Sequence[str], k: int) -> float:
    pairs = []
    for fact in facts:
        for t, following in enumerate(fact + "."):
            seen = "." + fact[:t]
            pairs.append((seen[max(len(seen) - k, 0) :], following))
    count, context = Counter(pairs), Counter(seen for seen, _ in pairs)
    surprise = [n * np.log(n / context[seen]) for (seen, _), n in count.items()]
    return float(-sum(surprise) / len(pairs))


def right_by_last_letter(names: Sequence[str], answers: Iterable[bool]) -> int:
    """Count the right answers of the best rule that sees nothing but a name's last letter."""
    said = pd.Series([bool(answer) for answer in answers])
    return int(pd.crosstab(pd.Series([name[-1] for name in names]), said).max(axis=1).sum())


# Diagrams


def _sheet(title: str, width: float, height: float, columns: int = 1) -> list[Axes]:
    figure, axes = parts.canvas(width, height, columns, unit=0.58, title_height=0.9)
    figure.set_layout_engine("none")
    axes[0].set_title(title, fontsize=11, weight="bold", loc="left")
    return axes


def folded_and_unrolled(text: str = ".may ") -> dict[str, str]:
    """Draw a network folded, and unrolled over the first four characters of a text of five."""
    steps = unrolled.STEPS
    title = "One network, drawn once (left) and unrolled over four steps (right)"
    (axis,) = _sheet(title, 16.4, 4.3)
    axis.set_ylim(4.1, 8.4)
    unrolled._folded(axis)
    unrolled._chain(axis, 4.7, back=False, uses={"W_x": 0, "W_h": 0})
    parts.label(axis, 1.85, 5.1, "$W_x$", "input", ha="right", size=11)
    parts.label(axis, 1.85, 7.2, "$W_y$", "output", ha="right", size=11)
    read, next_ones = text[:steps], text[1 : steps + 1]
    for t, (letter, following) in enumerate(zip(read, next_ones, strict=True)):
        x = 6.5 + 2.7 * t
        parts.label(axis, x, 4.5, _quoted(letter), "input", size=13)
        parts.label(axis, x, 8.1, _quoted(following), "output", size=13)
        parts.label(axis, x - 0.15, 7.2, "$W_y$", "output", ha="right", size=11)
    return {"read": read, "next": next_ones}


def _quoted(letter: str) -> str:
    return _visible(letter) if letter == " " else f"'{letter}'"


def _visible(letter: str) -> str:
    return "␣" if letter == " " else letter


def shapes_of_one_step() -> dict[str, tuple[str, str]]:
    """Draw the arrays of one step with their numbers of rows and columns."""
    (axis,) = _sheet("Shapes of one step: N rows go in, N rows come out", 15.6, 3.1)
    pieces = {
        "x": (1.0, 1.0, 1.9, "N", "D", "input", ""),
        "W_x": (3.2, 1.5, 1.0, "D", "H", "input", "@"),
        "h_prev": (5.8, 1.5, 1.9, "N", "H", "hidden", "+"),
        "W_h": (8.3, 1.5, 1.5, "H", "H", "hidden", "@"),
        "b": (10.9, 1.5, 0.55, "", "H", "gate", "+"),
        "h": (14.5, 1.5, 1.9, "N", "H", "hidden", ""),
    }
    for name, (x, width, height, rows, columns, role, sign) in pieces.items():
        parts.box(axis, x, 1.7, name, role, width, height)
        parts.label(axis, x, 1.33 - height / 2, columns, role)
        parts.label(axis, x - width / 2 - 0.25, 1.7, rows, role)
        parts.label(axis, x - width / 2 - 0.65, 1.7, sign, size=15)
    parts.path(axis, [(11.9, 1.7), (13.2, 1.7)])
    parts.label(axis, 12.5, 2.1, "tanh")
    return {name: (rows, columns) for name, (_, _, _, rows, columns, *_) in pieces.items()}


def one_step_as_a_graph(**gradients: str) -> dict[str, str]:
    """Draw one step as a graph: forward in grey, the gradients on their way back in colour.

    Parameters
    ----------
    **gradients : str
        What to write at ``da``, ``db``, ``dx``, ``dW_x``, ``dh_prev`` and ``dW_h``.
    """
    (axis,) = _sheet("One step as a graph: forward in grey, gradients in colour", 15.6, 7.6)
    ends = {"x": 6.8, "$W_x$": 5.2, "h_prev": 3.2, "$W_h$": 1.6}
    for (name, y), role in zip(ends.items(), ["input", "input", "hidden", "hidden"], strict=True):
        parts.box(axis, 1.1, y, name, role, width=1.5)
    parts.box(axis, 7.2, 0.7, "b", "gate", width=1.2)
    parts.gate(axis, 10.6, 4.2, "", "tanh", width=1.4)
    parts.box(axis, 14.4, 4.2, "h", "hidden", width=1.2)
    for y in (6.0, 2.4):
        parts.operator(axis, 5.6, y, "@")
        parts.path(
            axis, [(5.85, y + (0.2 if y < 4 else -0.2)), (6.95, 4.2 + (y - 4.2) / 7)], "gate"
        )
    parts.operator(axis, 7.2, 4.2, "+")
    for start, end in [
        ((7.1, 1.15), (7.1, 3.9)),
        ((7.5, 4.3), (9.85, 4.3)),
        ((11.3, 4.3), (13.75, 4.3)),
    ]:
        parts.path(axis, [start, end], "gate")
    back = {
        "dx": (6.0, 6.8, 1),
        "dW_x": (6.0, 5.2, -1),
        "dh_prev": (2.4, 3.2, 1),
        "dW_h": (2.4, 1.6, -1),
    }
    for name, (y, target, side) in back.items():
        parts.path(axis, [(1.9, target - 0.05 * side), (5.3, y + 0.05 * side)], "gate")
        parts.path(axis, [(5.3, y + 0.25 * side), (1.9, target + 0.2 * side)], lit=True, width=0.8)
        text = f"{name} = {gradients[name]}"
        parts.label(axis, 2.6, target + 0.45 * side, text, lit=True, ha="left")
    for start, end in [
        ((13.75, 4.1), (11.3, 4.1)),
        ((9.85, 4.1), (7.5, 4.1)),
        ((7.3, 3.9), (7.3, 1.15)),
    ]:
        parts.path(axis, [start, end], lit=True, width=0.8)
    parts.label(axis, 12.5, 3.7, "dh", lit=True)
    parts.label(axis, 8.7, 3.6, f"da = {gradients['da']}", lit=True)
    parts.label(axis, 7.55, 2.4, f"db = {gradients['db']}", lit=True, ha="left")
    return gradients


def backwards_in_time(steps: int = 3) -> list[str]:
    """Draw where gradients come from and go to at every step of an unrolled network."""
    title = "Backwards in time: at every state two gradients meet and add"
    (axis,) = _sheet(title, 3.6 * steps + 4.2, 6.9)
    parts.box(axis, 1.2, 3.6, "$h_0$", width=1.2, size=13)
    labels = []
    for t in range(steps):
        x = 4.6 + 3.6 * t
        for y, name, role in ((1.2, "x", "input"), (3.6, "h", "hidden"), (6.3, "y", "output")):
            parts.box(axis, x, y, f"${name}_{t + 1}$", role, width=1.2, size=13)
        for start, end in (((x - 0.2, 1.65), (x - 0.2, 3.15)), ((x - 0.2, 4.05), (x - 0.2, 5.85))):
            parts.path(axis, [start, end], lit=False)
        before = x - 2.95 if t else 1.85
        parts.path(axis, [(before, 3.75), (x - 0.65, 3.75)], lit=False)
        parts.path(axis, [(x + 0.2, 5.85), (x + 0.2, 4.05)], "output", width=2.2)
        parts.path(axis, [(x + 0.2, 3.15), (x + 0.2, 1.65)], "input", width=2.2)
        parts.path(axis, [(x - 0.65, 3.45), (before, 3.45)], "hidden", width=2.2)
        labels += [f"dh[:, {t}]", f"dx[:, {t}]", "dh_next" if t else "dh0"]
        parts.label(axis, x + 0.4, 4.95, labels[-3], "output", ha="left")
        parts.label(axis, x + 0.4, 2.4, labels[-2], "input", ha="left")
        parts.label(axis, x - 1.7, 3.05, labels[-1], "hidden")
    parts.path(axis, [(x + 1.6, 3.45), (x + 0.65, 3.45)], "hidden", width=2.2)
    parts.label(axis, x + 1.85, 3.45, "0", "hidden")
    note = "every step adds its own share to the same dW_x, dW_h and db"
    parts.label(axis, 1.8 * steps + 2.1, 0.3, note)
    return labels


def ways_to_read() -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Draw one network read in three ways; return the steps that are fed, and those read."""
    every = (0, 1, 2, 3)
    ways = {
        "many to many": (every, every, "next character, tag per word"),
        "many to one": (every, (3,), "review: good or bad?"),
        "one to many": ((0,), every, "a picture, then its caption"),
    }
    axes = _sheet("One network, three ways to read it", 5.4, 5.4, columns=3)
    for axis, (name, (fed, read, example)) in zip(axes, ways.items(), strict=True):
        for t in every:
            x = 0.9 + 1.2 * t
            parts.box(axis, x, 2.6, "h", "hidden", 0.75, 0.7)
            if t:
                parts.path(axis, [(x - 0.82, 2.6), (x - 0.38, 2.6)], "hidden")
            if t in fed:
                parts.box(axis, x, 1.2, "x", "input", 0.75, 0.7)
                parts.path(axis, [(x, 1.56), (x, 2.24)], "input")
            if t in read:
                parts.box(axis, x, 4.0, "y", "output", 0.75, 0.7)
                parts.path(axis, [(x, 2.96), (x, 3.64)], "output")
        parts.label(axis, 2.7, 5.0, name, size=12)
        parts.label(axis, 2.7, 0.4, example, size=10)
    return {name: (fed, read) for name, (fed, read, _) in ways.items()}


# States


def size_of_the_state(
    step: Step,
    without_tanh: Step,
    x: np.ndarray,
    W_x: np.ndarray,
    W_h: np.ndarray,
    factors: Sequence[float] = (0.8, 1.0, 1.2),
) -> pd.DataFrame:
    """Draw the largest entry of the state after every step, with and without ``tanh``.

    Parameters
    ----------
    step, without_tanh : callable
        Of ``x, h_prev, W_x, W_h, b``; both return the new state first.
    x : numpy.ndarray, shape (T, N, D)
    W_x, W_h : numpy.ndarray, shapes (D, H), (H, H)
    factors : sequence of float
        What ``W_h`` is multiplied by, a panel each.

    Returns
    -------
    pandas.DataFrame
        A row a step; columns: the factor, and ``with tanh`` or ``without tanh``.
    """
    wide = {"width": 7 if len(factors) == 1 else 9.5, "height": 2.8, "sharey": True}
    figure, axes = plots.new_figure(columns=len(factors), **wide)
    sizes, radius = {}, np.abs(np.linalg.eigvals(W_h)).max()
    for ax, factor in zip(np.atleast_1d(axes), factors, strict=True):
        for name, one, color in (("without tanh", without_tanh, GREY), ("with tanh", step, RED)):
            states = _largest_entries(one, x, W_x, factor * W_h)
            sizes[factor, name] = states
            ax.semilogy(range(1, len(x) + 1), states, color=color, label=name)
        ax.axhline(1, color="0.3", linestyle=":", linewidth=1)
        ax.set(title=f"W_h times {factor:g}", ylim=(0.2, 1e4))
        ax.set_xlabel(f"step (largest eigenvalue: {factor * radius:.2f})")
    first = np.atleast_1d(axes)[0]
    first.set_ylabel("largest |h|")
    first.legend(loc="upper left")
    table = pd.DataFrame(sizes, index=range(1, len(x) + 1))
    title = plots.true_title(
        "With tanh the state stays in (-1, 1), whatever the weights",
        table.xs("with tanh", axis=1, level=1).max(axis=None) <= 1,
        "The largest entry of the state, with tanh and without",
    )
    plots.heading(figure, title)
    return table


def _largest_entries(step: Step, x: np.ndarray, W_x: np.ndarray, W_h: np.ndarray) -> list[float]:
    h, found = np.zeros((x.shape[1], W_h.shape[0])), []
    for x_t in x:
        h, _ = step(x_t, h, W_x, W_h, np.zeros(W_h.shape[0]))
        found.append(float(np.abs(h).max()))
    return found


def one_batch(ids: np.ndarray, targets: np.ndarray, mask: np.ndarray, alphabet: str) -> list[str]:
    """Draw a batch ``(N, T)`` as characters, each with the one to predict beside it."""
    _, ax = plots.new_figure(width=7.5, height=4.2)
    ax.imshow(mask, cmap="Blues", vmin=0, vmax=5, aspect="auto")
    style = {"ha": "center", "va": "center", "family": MONO}
    small = style | {"color": PURPLE, "fontsize": 9, "weight": "bold"}
    for (n, t), real in np.ndenumerate(mask):
        if real:
            ax.text(t, n, _visible(alphabet[ids[n, t]]), color="black", **style)
            ax.text(t + 0.33, n + 0.2, _visible(alphabet[targets[n, t]]), **small)
        else:
            ax.text(t, n, "·", color="0.6", **style)
    N, T = mask.shape
    ax.set(
        title=f"One batch: N = {N} rows, T = {T} steps, pale steps are padding",
        xlabel="step t",
        ylabel="sequence n",
        xticks=range(T),
        yticks=range(N),
    )
    ax.grid(False)
    return ["".join(alphabet[i] for i in row[real]) for row, real in zip(ids, mask, strict=True)]


def memory_of_two_facts(
    states: Arrays, facts: Sequence[str], pair: tuple[str, str] = ("november 30", "december 31")
) -> pd.DataFrame:
    """Draw how far apart two facts' states are, relative to their mean length.

    Parameters
    ----------
    states : dict of numpy.ndarray, shape (N, T, H)
        By the name of the network; the states of the last one are drawn as maps too.
    facts : sequence of str
    pair : tuple of str
        Two facts of the same length.

    Returns
    -------
    pandas.DataFrame
        A row a character read, a column a network: ``|h_a - h_b|`` over the mean of both lengths.
    """
    letters = [
        f"{_visible(a)}\n{_visible(b)}" for a, b in zip(*(f".{f}" for f in pair), strict=True)
    ]
    here = {name: h[[facts.index(f) for f in pair], : len(letters)] for name, h in states.items()}
    figure, axes = plots.new_figure(
        rows=3, width=7.5, height=5.2, sharex=True, height_ratios=[2, 2, 2]
    )
    *_, (last, maps) = here.items()
    for ax, fact, h in zip(axes, pair, maps, strict=False):
        picture = ax.imshow(h.T, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
        ax.set(ylabel=f"{fact}\nhidden unit")
        ax.grid(False)
    figure.colorbar(picture, ax=axes[:2], label="state", shrink=0.8)
    distance = pd.DataFrame({name: _relative_distance(*h) for name, h in here.items()})
    for name, color in zip(distance, (GREY, RED), strict=False):
        axes[2].plot(distance[name], marker="o", color=color, label=name)
    same = [i for i, both in enumerate(letters) if i and both[0] == both[-1]]
    kept = distance[last][same[-1]] > distance[last][same[0]] / 2
    fate = "is there when it is needed" if kept else "fades before it is needed"
    axes[0].set_title(f"{last.capitalize()}: the difference between two facts {fate}")
    axes[2].axvspan(same[0] - 0.5, same[-1] + 0.5, color=GREY, alpha=0.15)
    axes[2].set(
        xlabel="character read (grey: the same in both)",
        ylabel="distance\n(states' length: 1)",
        xticks=range(len(letters)),
        ylim=(0, 1.7),
    )
    axes[2].set_xticklabels(letters, family=MONO)
    axes[2].legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.62, 1.0))
    return distance


def _relative_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(a, axis=-1) + np.linalg.norm(b, axis=-1)
    return 2 * np.linalg.norm(a - b, axis=-1) / np.maximum(lengths, 1e-12)


def states_right_after(character: str, states: np.ndarray, facts: Sequence[str]) -> float:
    """Draw the states ``(N, T, H)`` right after one character in the plane of largest variance.

    Returns
    -------
    float
        The share of their variance that the plane shows.
    """
    read = [(n, fact.index(character) + 1) for n, fact in enumerate(facts) if character in fact]
    points = np.array([states[place] for place in read])
    centred = points - points.mean(axis=0)
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    plane = centred @ directions[:2].T
    _, ax = plots.new_figure(width=6.5, height=3.6)
    ends = np.array([facts[n][-1] for n, _ in read])
    for digit, color, marker in zip(sorted(set(ends)), (ORANGE, BLUE), "so", strict=False):
        chosen = plane[ends == digit]
        ax.scatter(*chosen.T, color=color, marker=marker, s=60, label=f"next is {digit}")
    ax.margins(0.12)
    ax.set(
        title=f"One input, '{character}', {len(read)} states: the past is what differs",
        xlabel="first principal component of h",
        ylabel="second",
    )
    ax.legend()
    _name_points(ax, plane, [facts[n][:3] for n, _ in read])
    return float((spread[:2] ** 2).sum() / (spread**2).sum())


def _name_points(ax: Axes, points: np.ndarray, names: Sequence[str]) -> None:
    """Write a name beside each point, from below upwards, none upon another."""
    low, high = ax.get_ylim()
    step, taken = 0.09 * (high - low), []
    for i in np.argsort(points[:, 1]):
        x, y = points[i]
        near = [place for at, place in taken if abs(at - x) < 0.2 * np.ptp(ax.get_xlim())]
        place = max([y, *(place + step for place in near)])
        taken.append((x, place))
        arrow = {"arrowstyle": "-", "color": GREY, "shrinkA": 0, "shrinkB": 4}
        ax.annotate(
            names[i],
            (x, y),
            (x + (0.025 if place - y < step / 4 else 0.05) * np.ptp(ax.get_xlim()), place),
            va="center",
            fontsize=9,
            arrowprops=arrow if place - y > step / 4 else None,
        )


# Loss and gradients


def bars_by_class(panels: Arrays) -> Arrays:
    """Draw one panel of bars for each array ``(C,)``, under its name."""
    _, axes = plots.new_figure(columns=len(panels), width=8, height=2.5, sharey=True)
    for ax, (name, values), color in zip(axes, panels.items(), (BLUE, GREY, RED), strict=False):
        ax.bar(range(len(values)), values, color=color)
        ax.axhline(0, color="0.3", linewidth=1)
        ax.set(title=name, xlabel="class", ylim=(-0.85, 1.1), xticks=range(len(values)))
    axes[0].set_ylabel("value")
    return panels


def chords_and_tangent(eps: float = 0.8, at: float = 1.0) -> dict[str, float]:
    """Draw a curve, its tangent and two chords: to one side, and across; return their slopes."""

    def curve(weight: np.ndarray) -> np.ndarray:
        return np.tanh(1.6 * weight - 1) + 0.15 * weight**2

    ends = {"one-sided difference": (at, at + eps), "central difference": (at - eps, at + eps)}
    slopes = {name: np.ptp(curve(np.array(pair))) / np.ptp(pair) for name, pair in ends.items()}
    slopes["tangent"] = 1.6 * (1 - np.tanh(1.6 * at - 1) ** 2) + 0.3 * at
    _, ax = plots.new_figure(width=6.5, height=3.2)
    line, near = np.linspace(at - 1.4, at + 1.4, 200), np.array([at - 1, at + 1])
    ax.plot(line, curve(line), color="0.3", label="the loss, as one weight changes")
    looks = ((ORANGE, ":", 2.5), (BLUE, "--", 2.0), (RED, "-", 1.5))
    for (name, slope), (color, style, width) in zip(slopes.items(), looks, strict=True):
        values, label = curve(at) + slope * (near - at), f"{name}: slope {slope:.2f}"
        ax.plot(near, values, color=color, linestyle=style, linewidth=width, label=label)
    ax.plot([at - eps, at + eps], curve(np.array([at - eps, at + eps])), "o", color=BLUE)
    ax.plot(at, curve(at), "o", color=RED)
    one_sided, central = (abs(slopes[name] - slopes["tangent"]) for name in ends)
    ax.set(
        title=plots.true_title(
            "Stepping to both sides gets closer to the tangent",
            central < one_sided,
            "Two chords and the tangent",
        ),
        xlabel="one weight",
        ylabel="loss",
    )
    ax.legend(fontsize=9)
    return slopes


def error_against_eps(numerical_gradient: Nudging, decades: int = 12) -> pd.DataFrame:
    """Draw the error of the learner's gradient, and of a one-sided one, against ``eps``.

    Both are measured on ``tanh`` at three points, where the slope is known.
    """
    point = np.array([0.3, -0.7, 1.1])
    rows = []
    for eps in 10.0 ** np.arange(-1, -decades - 1, -1):
        slopes = {
            "one-sided": (np.tanh(point + eps) - np.tanh(point)) / eps,
            "central (yours)": numerical_gradient(lambda v: np.tanh(v).sum(), point, eps),
        }
        true = 1 - np.tanh(point) ** 2
        rows.append({name: np.abs(slope - true).max() for name, slope in slopes.items()})
        rows[-1]["eps"] = eps
    errors = pd.DataFrame(rows).set_index("eps")
    _, ax = plots.new_figure(width=7, height=3)
    for (name, values), marker, color in zip(errors.items(), "so", (ORANGE, BLUE), strict=True):
        ax.loglog(values, marker=marker, color=color, label=name)
    best = errors["central (yours)"].to_numpy().argmin()
    title = plots.true_title(
        "The best eps lies in the middle",
        2 <= best < len(errors) - 2,
        "The error of the slope, by eps",
    )
    ax.set(title=title, xlabel="eps")
    ax.set_ylabel("largest error of the slope")
    ax.invert_xaxis()
    ax.legend()
    return errors


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference of two arrays, relative to the larger of their largest entries."""
    return float(np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max(), 1e-12))


def check_gradients(
    exact: Arrays,
    loss: Callable[..., float],
    sample: Arrays,
    numerical_gradient: Nudging,
    eps: float = 1e-5,
) -> dict[str, float]:
    """Compare every gradient with what nudging says.

    Parameters
    ----------
    exact : dict of numpy.ndarray
        The gradients to judge, under names of ``sample``.
    loss : callable
        Of the arrays of ``sample``, in their order; returns one number.
    sample : dict of numpy.ndarray
    numerical_gradient : callable
        Of a function of one array, the array and ``eps``.

    Returns
    -------
    dict of float
        The relative error of each.
    """
    errors = {}
    for name, gradient in exact.items():

        def of_one(value: np.ndarray, name: str = name) -> float:
            return float(loss(*(dict(sample) | {name: value}).values()))

        errors[name] = relative_error(gradient, numerical_gradient(of_one, sample[name], eps))
    return errors


def small_network(seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Draw random arrays for a check: ``x, h0, W_x, W_h, b``, and a weight for every state.

    With ``N = 2``, ``T = 6``, ``D = 3``, ``H = 4``; the weights of the states are ``(N, T, H)``.
    """
    rng = np.random.default_rng(seed)
    shapes = {"x": (2, 6, 3), "h0": (2, 4), "W_x": (3, 4), "W_h": (4, 4), "b": (4,)}
    scale = {"x": 1.0, "h0": 1.0}
    sample = {name: scale.get(name, 0.5) * rng.normal(size=size) for name, size in shapes.items()}
    return sample, rng.normal(size=(2, 6, 4))


def valleys_of_the_check(
    exact: Arrays,
    loss: Callable[..., float],
    sample: Arrays,
    numerical_gradient: Nudging,
    **wrong: np.ndarray,
) -> pd.DataFrame:
    """Draw the relative error of every gradient against ``eps``.

    Parameters
    ----------
    exact, loss, sample, numerical_gradient
        As in :func:`check_gradients`.
    **wrong : numpy.ndarray
        Another gradient under a name of ``sample``, drawn as a dashed line.

    Returns
    -------
    pandas.DataFrame
        A row for each ``eps``, a column for each gradient.
    """
    rows = {}
    for eps in 10.0 ** np.arange(-1, -11, -1):
        right = check_gradients(exact, loss, sample, numerical_gradient, eps)
        other = check_gradients(wrong, loss, sample, numerical_gradient, eps)
        rows[eps] = {f"d{name}": error for name, error in right.items()}
        rows[eps] |= {f"d{name}, transposed": other[name] for name in wrong}
    errors = pd.DataFrame(rows).T
    _, ax = plots.new_figure(width=7, height=3.4)
    for name, color in zip(errors, plots.COLORS, strict=False):
        if "," in name:
            ax.loglog(errors[name], color="0.3", linestyle="--", label=name)
        else:
            ax.loglog(errors[name], marker="o", markersize=4, color=color, label=name)
    is_wrong = errors.columns.str.contains(",")
    valleys, flat = errors.loc[:, ~is_wrong], errors.loc[:, is_wrong]
    ax.set(
        title=plots.true_title(
            "Right gradients draw a valley; a wrong one draws a flat line",
            (10 * valleys.min() < valleys.iloc[[0, -1]]).all(axis=None)
            and is_wrong.any()
            and (flat.max() < 2 * flat.min()).all(),
            "The relative error of every gradient, by eps",
        ),
        xlabel="eps",
        ylabel="relative error",
    )
    ax.invert_xaxis()
    ax.legend(fontsize=9, ncols=2)
    return errors


def errors_on_a_small_network(
    gradients: Callable[..., tuple[float, Arrays]], numerical_gradient: Nudging
) -> dict[str, float]:
    """Check a function of ``ids, targets, mask, params`` on a small random network.

    Returns
    -------
    dict of float
        The relative error of every parameter's gradient.
    """
    rng = np.random.default_rng(7)
    shapes = {"W_x": (4, 3), "W_h": (3, 3), "b": (3,), "W_y": (3, 4), "b_y": (4,)}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    data = rng.integers(4, size=(2, 5)), rng.integers(4, size=(2, 5)), np.ones((2, 5), dtype=bool)

    def loss(*values: np.ndarray) -> float:
        return gradients(*data, dict(zip(params, values, strict=True)))[0]

    return check_gradients(gradients(*data, params)[1], loss, params, numerical_gradient)


def right_and_wrong(errors: Mapping[str, float]) -> Mapping[str, float]:
    """Draw the relative error of each gradient, those above one in a million in colour."""
    _, ax = plots.new_figure(width=6.5, height=2.7)
    colors = [RED if error > 1e-6 else GREY for error in errors.values()]
    bars = ax.bar(list(errors), list(errors.values()), color=colors)
    ax.bar_label(bars, [f"{e:.2f}" if e > 1e-6 else "" for e in errors.values()], fontsize=9)
    ax.axhline(1e-6, color="0.3", linestyle="--", linewidth=1)
    right = {name for name, error in errors.items() if error <= 1e-6}
    ax.set(
        title=plots.true_title(
            "The read-out's gradients are right, the recurrent ones are not",
            right == {"W_y", "b_y"},
            "The relative error of each gradient (dashed: one in a million)",
        ),
        xlabel="gradient of",
        ylabel="relative error",
        yscale="log",
        ylim=(1e-12, 100),
    )
    return errors


# Training


def random_weights(V: int, H: int, seed: int) -> dict[str, np.ndarray]:
    """Draw weights ``W_x, W_h, b, W_y, b_y`` of a network that reads and predicts ``V`` symbols.

    The matrices are uniform within ``1 / sqrt(H)`` of zero; the biases are zero.
    """
    rng = np.random.default_rng(seed)
    shapes = {"W_x": (V, H), "W_h": (H, H), "b": 0, "W_y": (H, V), "b_y": 0}
    weights = {name: rng.uniform(-1, 1, shape) / np.sqrt(H) for name, shape in shapes.items()}
    return weights | {"b": np.zeros(H), "b_y": np.zeros(V)}


def descend(
    gradients: Callable[[dict], tuple[float, Arrays]],
    starts: Iterable[Arrays],
    steps: int = 500,
    rate: float = 0.3,
) -> tuple[list[dict[str, np.ndarray]], np.ndarray]:
    """Walk downhill from every start, with momentum: 90 % of the last move, plus the new gradient.

    Parameters
    ----------
    gradients : callable
        Of the weights; returns a loss and a gradient for each.
    starts : iterable of dict
        Weights to begin with; they are left as they are.

    Returns
    -------
    ends : list of dict
        The weights after the last step.
    losses : numpy.ndarray, shape (len(starts), steps)
    """
    ends, losses = [], []
    for start in training.progress(starts, "starts"):
        params, moves = dict(start), dict.fromkeys(start, 0.0)
        losses.append([])
        for _ in range(steps):
            loss, grads = gradients(params)
            losses[-1].append(loss)
            moves = {name: 0.9 * moves[name] - rate * grads[name] for name in params}
            params = {name: params[name] + moves[name] for name in params}
        ends.append(params)
    return ends, np.array(losses)


def losses_of_your_network(losses: np.ndarray, floors: Sequence[float]) -> pd.DataFrame:
    """Draw losses ``(starts, steps)`` over the floors of :func:`best_loss_by_memory`.

    Returns
    -------
    pandas.DataFrame
        A row a training step; the first start (a thick line), and the highest at that step.
    """
    title = plots.true_title(
        "The loss falls far below the best without memory",
        losses[:, -1].max() < 0.5 * floors[1],
        "The loss from every start, and what counting alone reaches",
    )
    table = _over_floors({"your network": losses}, floors, title)
    return table.assign(**{f"highest of {len(losses)}": losses.max(axis=0)})


def losses_of_both(losses: np.ndarray, theirs: np.ndarray, floors: Sequence[float]) -> pd.DataFrame:
    """Draw a colleague's losses beside those of part 8, as :func:`losses_of_your_network` does.

    Returns
    -------
    pandas.DataFrame
        A row a training step; the first start of both, and from how many starts the colleague's
        loss is the higher one.
    """
    half = losses.shape[1] // 2
    restless, steady = (np.abs(np.diff(curves[:, half:])).mean() for curves in (theirs, losses))
    title = plots.true_title(
        "The colleague's network learns, but more slowly and less steadily",
        np.median(theirs[:, -1]) < 0.5 * floors[1]
        and theirs[:, :half].mean() > losses[:, :half].mean()
        and restless > steady,
        "The colleague's losses beside those of part 8",
    )
    table = _over_floors({"part 8": losses, "colleague": theirs}, floors, title)
    behind = (theirs > losses).sum(axis=0)
    return table[["part 8", "colleague"]].assign(**{f"behind, of {len(losses)}": behind})


def _over_floors(curves: Arrays, floors: Sequence[float], title: str) -> pd.DataFrame:
    _, ax = plots.new_figure(width=7, height=3.2)
    table = pd.DataFrame().rename_axis("step")
    for (name, losses), color in zip(curves.items(), (RED, BLUE), strict=False):
        ax.plot(losses[1:].T, color=color, linewidth=0.7, alpha=0.6)
        ax.plot(losses[0], color=color, linewidth=2.2, label=name)
        table[name] = losses[0]
    for floor, color, name in (
        (floors[1], ORANGE, "best without memory"),
        (floors[-1], GREEN, "best with the whole past"),
    ):
        ax.axhline(floor, color=color, linestyle="--", label=f"{name}: {floor:.2f}")
    ax.set(title=title, xlabel="training step", ylabel="loss (nats per character)")
    ax.set(yscale="log", ylim=(0.2, 4))
    ax.minorticks_off()
    ax.set_yticks([0.25, 0.5, 1, 2, 4], ["0.25", "0.5", "1", "2", "4"])
    ax.legend(fontsize=9)
    return table


def draw(scores: np.ndarray, alphabet: str, rng: np.random.Generator) -> str:
    """Draw one character from the probabilities that scores ``(1, V)`` stand for."""
    return alphabet[rng.choice(len(alphabet), p=softmax(scores[0]))]


def in_pytorch(weights: Arrays, device: torch.device) -> tuple[nn.RNN, nn.Linear]:
    """Make PyTorch's own layer and a read-out with the weights of :func:`random_weights`.

    PyTorch's second bias is zero.
    """
    layer, head = nn.RNN(*weights["W_x"].shape, batch_first=True), nn.Linear(*weights["W_y"].shape)
    W_x, W_h, b, W_y, b_y = (torch.as_tensor(array.T) for array in weights.values())
    for module, values in ((layer, (W_x, W_h, b, torch.zeros_like(b))), (head, (W_y, b_y))):
        module.load_state_dict(dict(zip(module.state_dict(), values, strict=True)))
    return layer.to(device), head.to(device)


def learn_yes_or_no(
    score: Callable[[], Tensor],
    answers: Tensor,
    modules: Iterable[nn.Module],
    steps: int = 60,
    rate: float = 0.02,
) -> int:
    """Train modules with Adam until their score is positive where the answer is yes.

    Parameters
    ----------
    score : callable
        Without arguments; runs the modules and returns scores ``(N,)``.
    answers : torch.Tensor of bool, shape (N,)
    modules : iterable of torch.nn.Module

    Returns
    -------
    int
        How many answers the last step got right.
    """
    optimizer = torch.optim.Adam([p for module in modules for p in module.parameters()], lr=rate)
    for _ in range(steps):
        scores = score()
        wanted = answers.to(scores)
        loss = nn.functional.binary_cross_entropy_with_logits(scores, wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return int(((scores > 0) == (wanted > 0)).sum())
