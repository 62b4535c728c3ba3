"""A forward and its backward as a pair: judge a backward on the cache of the student's own forward.

What a forward puts into its cache is the student's own business. When a forward is wrong, the
grader judges the backward once more with the solution in its place. A backward that reads a cache
of another form than the solution's cannot be judged so: it is called on the student's own cache,
with the forward's right results in place of the wrong ones, and its gradients are compared with
the slopes of the forward that they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

MENDED = "mended."
"""Prefix of what a backward returns for the student's own cache, mended."""

SLOPES = "slopes"
"""Name of the measured slopes of a forward, and of what the backward says that they are."""

EPS = 1e-6
DIRECTIONS = 8
"""Along so many directions of each argument a forward's slopes are measured."""
WEIGHTS = 3
"""A cell's last arguments: ``W_x``, ``W_h`` and ``b``."""
DEEPEST = 6
"""How far containers in a cache are followed."""

_kept: dict[str, Callable[..., Any]] = {}


def keep(namespace: dict[str, Any], name: str) -> None:
    """Keep the student's function before the solution takes its name.

    Parameters
    ----------
    namespace : dict
        The kernel's global names.
    name : str
        Name of the function.
    """
    if callable(namespace.get(name)):
        _kept[name] = namespace[name]


def kept(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return the student's function of the same name, if the solution stands in its place."""
    own = _kept.get(getattr(function, "__name__", ""))
    if isinstance(function, _InBlocks) and own is not None:
        return _InBlocks(own, function.blocks) if own is not function.whole else None
    return own if own is not function else None


class _InBlocks:
    """A forward that takes its last arguments, the weights, in the blocks of its gates."""

    def __init__(self, whole: Callable[..., Any], blocks: int) -> None:
        self.whole, self.blocks = whole, blocks
        self.__name__ = getattr(whole, "__name__", "")

    def __call__(self, *args: Any) -> Any:
        first = len(args) - WEIGHTS * self.blocks
        cut = [args[i : i + self.blocks] for i in range(first, len(args), self.blocks)]
        return self.whole(*args[:first], *(np.concatenate(blocks, axis=-1) for blocks in cut))


def in_blocks(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    args: Sequence[np.ndarray],
    returns: str,
    gates: str,
) -> dict[str, Any]:
    """Cut the weights of a cell into the blocks of its gates: what is wrong in one costs that one.

    Parameters
    ----------
    forward, backward : callable
        The student's pair.
    args : sequence of numpy.ndarray
        Arguments of the forward; the last three are ``W_x``, ``W_h`` and ``b``.
    returns : str
        Names of the gradients, one for each argument.
    gates : str
        A letter for each block, in their order.

    Returns
    -------
    dict
        What ``case.backward`` takes in place of the above.
    """
    names = [name.strip() for name in returns.split(",")]

    def cut(array: Any) -> list[Any]:
        fits = _is_array(array) and array.ndim and array.shape[-1] % len(gates) == 0
        return np.split(array, len(gates), axis=-1) if fits else [array] * len(gates)

    def cut_backward(*upstream: Any) -> tuple[Any, ...]:
        found = backward(*upstream)
        if not isinstance(found, tuple | list) or len(found) != len(names):
            count = len(found) if isinstance(found, tuple | list) else "one"
            raise TypeError(f"must return {len(names)} values ({returns}), not {count}")
        weights = (block for array in found[-WEIGHTS:] for block in cut(array))
        return *found[:-WEIGHTS], *weights

    blocks = [f"{name} of {gate}" for name in names[-WEIGHTS:] for gate in gates]
    return {
        "forward": _InBlocks(forward, len(gates)),
        "backward": cut_backward,
        "args": [*args[:-WEIGHTS], *(block for array in args[-WEIGHTS:] for block in cut(array))],
        "returns": ", ".join([*names[:-WEIGHTS], *blocks]),
    }


def mended(cache: Any, wrong: Sequence[Any], right: Sequence[Any]) -> Any:
    """Replace a forward's results, wherever they are in a cache, by the right ones.

    Parameters
    ----------
    cache
        Tuples, lists, dicts and objects that hold arrays.
    wrong, right : sequence of numpy.ndarray
        What the student's forward returned and what it should have. An array ``(N, T, H)`` is
        also looked for step by step, as ``(N, H)``.

    Returns
    -------
    The cache with other arrays, of the same form.
    """
    swaps = []
    for mine, theirs in zip(wrong, right, strict=False):
        if not (_is_array(mine) and _is_array(theirs) and mine.shape == theirs.shape):
            continue
        swaps.append((mine, theirs))
        if mine.ndim == 3:
            swaps += [(mine[:, t], theirs[:, t]) for t in range(mine.shape[1])]
    swaps = [(np.array(a), np.array(b)) for a, b in swaps if not np.array_equal(a, b)]
    return _replaced(cache, swaps, DEEPEST) if swaps else cache


def _replaced(value: Any, swaps: list[tuple[np.ndarray, np.ndarray]], depth: int) -> Any:
    if _is_array(value):
        for mine, theirs in swaps:
            if value.shape == mine.shape and np.array_equal(value, mine):
                return theirs.astype(value.dtype)
        return value
    if depth == 0:
        return value
    if isinstance(value, dict):
        changed = {key: _replaced(item, swaps, depth - 1) for key, item in value.items()}
        return changed if type(value) is dict else _filled(value, changed)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_replaced(item, swaps, depth - 1) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(_replaced(item, swaps, depth - 1) for item in value)
    if hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value):
        return _filled(value, {k: _replaced(v, swaps, depth - 1) for k, v in vars(value).items()})
    return value


def _filled(value: Any, items: dict[str, Any]) -> Any:
    """Put items back into a container or object of another class than ``dict``."""
    if isinstance(value, dict):
        value.update(items)
    else:
        vars(value).update(items)
    return value


def slopes(
    forward: Callable[..., Any], args: Sequence[Any], upstream: Sequence[Any], seed: int
) -> np.ndarray:
    """Measure how a forward's weighted outputs change along some directions of each argument.

    Parameters
    ----------
    forward : callable
        Returns its outputs and a cache.
    args : sequence of numpy.ndarray
        Its arguments, in float64.
    upstream : sequence of numpy.ndarray
        The weight of each output's values.
    seed : int
        Draws the directions.

    Returns
    -------
    numpy.ndarray, shape (DIRECTIONS, len(args))
        Central differences.
    """

    def weighted(position: int, step: np.ndarray) -> float:
        moved = [np.array(value, copy=True) for value in args]
        moved[position] = moved[position] + step
        *outputs, _ = forward(*moved)
        pairs = zip(outputs, upstream, strict=True)
        return float(sum(np.sum(np.asarray(out) * up) for out, up in pairs))

    def slope(position: int, direction: np.ndarray) -> float:
        up, down = weighted(position, EPS * direction), weighted(position, -EPS * direction)
        return (up - down) / (2 * EPS)

    return np.array([[slope(*one) for one in enumerate(row)] for row in _directions(args, seed)])


def projections(gradients: Sequence[Any], args: Sequence[Any], seed: int) -> np.ndarray:
    """Project gradients on the directions of :func:`slopes`.

    Returns
    -------
    numpy.ndarray, shape (DIRECTIONS, len(args))
        ``nan`` for a gradient whose shape is not its argument's.
    """

    def projected(gradient: Any, direction: np.ndarray) -> float:
        same = np.shape(gradient) == direction.shape
        return float(np.sum(np.asarray(gradient) * direction)) if same else np.nan

    rows = _directions(args, seed)
    return np.array([list(map(projected, gradients, row)) for row in rows])


def _directions(args: Sequence[Any], seed: int) -> list[list[np.ndarray]]:
    rng = np.random.default_rng([seed, 1])
    return [[rng.normal(size=np.shape(value)) for value in args] for _ in range(DIRECTIONS)]


def _is_array(value: Any) -> bool:
    return type(value) is np.ndarray
