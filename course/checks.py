"""What visible tests say: one precise sentence about the first thing that a student should mend.

The functions here look at one thing each, in the order in which a student can mend it: not written
yet, crashed, wrong number of returned values, type, shape, dtype, values, arguments changed,
float32 not kept. :mod:`course.worked` calls them on the worked examples of a notebook.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from course import beside
from course.emission import copy_of, exact_type

TYPE_NAMES = {"ndarray": "a NumPy array", "tensor": "a PyTorch tensor", "NoneType": "None"}


WIDTH = 100
"""Characters of a line of a message."""
MEND = "✗ Not yet: mend it above and run again."
"""What stands where a notebook shows a traceback; short enough for a narrow window."""
LARGEST_FACTOR = 1e4


class CheckFailed(AssertionError):
    """A visible test has found something to mend; its message is for the student.

    Parameters
    ----------
    message : str
        One sentence, or two.
    got, want
        The student's value and the right one, shown beside each other below the sentence.
    """

    def __init__(self, message: str, got: Any = None, want: Any = None) -> None:
        super().__init__(message)
        self.table = side_by_side(got, want)
        self._shown = False

    def _render_traceback_(self) -> list[str]:
        # IPython shows this instead of a traceback, for the message is all a student needs. A
        # kernel asks for it more than once.
        from IPython import get_ipython
        from IPython.display import display

        if hasattr(get_ipython(), "kernel"):
            if not self._shown:
                text = "\n".join([f"✗ {self}", *beside.as_text(self.table)])
                html = beside.as_html(f"✗ {self}", self.table)
                display({"text/plain": text, "text/html": html}, raw=True)
                self._shown = True
            return [MEND]
        return [*textwrap.wrap(f"✗ {self}", WIDTH), *beside.as_text(self.table)]


class Returned(dict):
    """The returned values by name; a notebook shows nothing when it ends a cell."""

    def _ipython_display_(self) -> None:
        pass


def require(condition: Any, message: str) -> None:
    """Raise :class:`CheckFailed` with ``message`` unless ``condition`` holds.

    Parameters
    ----------
    condition
        Anything with a truth value.
    message : str
        One sentence for the student: what is wrong, where, and what it probably means.
    """
    if not bool(condition):
        raise CheckFailed(message)


def hold(name: str, rules: Mapping[str, Any]) -> None:
    """Require several conditions of a student's function, in order.

    Parameters
    ----------
    name : str
        The function.
    rules : mapping
        ``{rule: whether it holds}``; the message says the first rule that does not.
    """
    for rule, holds in rules.items():
        require(holds, f"{name}: {rule}.")


def compare(
    label: str,
    got: Any,
    want: Any,
    *,
    atol: float = 1e-6,
    rtol: float = 1e-5,
) -> None:
    """Compare one value with the worked example: type, shape, dtype, finiteness, values.

    Parameters
    ----------
    label : str
        What the value is, for the message: ``"rnn_step: h"``.
    got, want
        The student's value and the expected one (array, tensor, number, list or dict of them).
    atol, rtol : float
        Tolerances.

    Raises
    ------
    CheckFailed
        With one specific sentence.
    """
    if isinstance(want, dict):
        require(isinstance(got, dict), f"{label} must be a dict, not {type_name(got)}.")
        require(
            set(got) == set(want),
            f"{label} must have the keys {', '.join(map(repr, want))}; "
            f"yours are {', '.join(map(repr, got)) or 'none'}.",
        )
        for key in want:
            compare(f"{label}[{key!r}]", got[key], want[key], atol=atol, rtol=rtol)
        return
    if isinstance(want, list | tuple):
        require(isinstance(got, list | tuple), f"{label} must be a list, not {type_name(got)}.")
        require(
            len(got) == len(want), f"{label} must have {len(want)} entries; yours has {len(got)}."
        )
        for i, item in enumerate(want):
            compare(f"{label}[{i}]", got[i], item, atol=atol, rtol=rtol)
        return
    if want is None or isinstance(want, str):
        kind = type_name(want)
        require(type(got) is type(want), f"{label} must be {kind}; yours is {type_name(got)}.")
        require(got == want, f"{label} is {got!r}; on this example it must be {want!r}.")
        return
    kind = exact_type(want)
    if kind in {"ndarray", "tensor"} and np.ndim(as_numpy(want)):
        require(
            exact_type(got) == kind,
            f"{label} must be {TYPE_NAMES[kind]}; yours is {type_name(got)}.",
        )
        _compare_shape(label, got, want)
    else:
        require(_is_number(got), f"{label} must be a single number; yours is {type_name(got)}.")
    a, b = as_numpy(got), as_numpy(want)
    require(
        a.dtype.kind in "biufc",
        f"{label} must hold plain numbers; yours has dtype {a.dtype}.",
    )
    if np.issubdtype(b.dtype, np.bool_) or np.issubdtype(a.dtype, np.bool_):
        require(a.dtype == b.dtype, f"{label} must have dtype {b.dtype}; yours has {a.dtype}.")
        same_values = np.asarray(a == b)
    else:
        require(
            np.isfinite(a[np.isfinite(b)]).all() if b.ndim else np.isfinite(a) or ~np.isfinite(b),
            f"{label} has values that are not finite (nan or inf).",
        )
        same_values = np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
    if same_values.all():
        if b.ndim and b.dtype.kind == "f":
            require(
                a.dtype.kind == "f",
                f"{label} has the right values but dtype {a.dtype}; it must hold floats.",
            )
        return
    raise CheckFailed(_difference(label, a, b, ~same_values))


def form(label: str, value: Any, shape: tuple[int, ...], dtype: str) -> None:
    """Require a PyTorch tensor of a shape and dtype, for results whose numbers are random.

    Parameters
    ----------
    label : str
        What the value is, for the message: ``"adding_batch: x"``.
    value
        The student's value.
    shape : tuple of int
    dtype : str
        Such as ``"float32"``.

    Raises
    ------
    CheckFailed
        With one specific sentence.
    """
    require(
        exact_type(value) == "tensor",
        f"{label} must be a PyTorch tensor; yours is {type_name(value)}.",
    )
    _compare_shape(label, value, np.empty(shape))
    found = str(value.dtype).removeprefix("torch.")
    require(found == dtype, f"{label} must have dtype {dtype}; yours has {found}.")


def same(a: Any, b: Any) -> bool:
    """Tell whether two arguments (arrays, tensors, containers of them) are equal bit for bit."""
    if isinstance(b, dict):
        return isinstance(a, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in b)
    if isinstance(b, list | tuple):
        if not isinstance(a, list | tuple) or len(a) != len(b):
            return False
        return all(same(x, y) for x, y in zip(a, b, strict=True))
    if exact_type(b) in {"ndarray", "tensor"}:
        x, y = as_numpy(a), as_numpy(b)
        return x.shape == y.shape and x.dtype == y.dtype and np.array_equal(x, y, equal_nan=True)
    return True


def as_numpy(value: Any) -> np.ndarray:
    """Return a number, array or tensor (detached, on the CPU) as a NumPy array."""
    if exact_type(value) == "tensor":
        plain = value.detach().cpu().resolve_conj().resolve_neg()
        if plain.is_sparse or str(plain.dtype) == "torch.bfloat16":  # NumPy has neither
            plain = plain.to_dense().float() if plain.is_sparse else plain.float()
        return plain.numpy()
    return np.asarray(value)


def type_name(value: Any) -> str:
    """Name a value's type in words a student reads easily."""
    kind = exact_type(value)
    if kind in {"tuple", "list"}:
        return f"a {kind} of {len(value)}"
    return TYPE_NAMES.get(kind, kind)


def call(name: str, function: Callable[..., Any], passed: Mapping[str, Any]) -> Any:
    """Call a function after a look at whether it is one and takes these arguments."""
    require(callable(function), f"{name} must be a function; it is {type_name(function)}.")
    try:
        inspect.signature(function).bind(*passed.values())
    except TypeError:
        raise CheckFailed(
            f"{name} must take the arguments ({', '.join(passed)}); "
            f"yours takes {inspect.signature(function)}."
        ) from None
    except ValueError:
        pass  # a built-in without a signature: the call itself will tell
    return function(*passed.values())


def named(name: str, result: Any, returns: Collection[str]) -> dict[str, Any]:
    """Give the returned values their names, after a look at how many there are."""
    if len(returns) == 1:
        require(result is not None, f"{name} returned None: is there a `return` at the end?")
        return dict(zip(returns, [result], strict=True))
    names = ", ".join(returns)
    require(result is not None, f"{name} returned None: it must return {names}.")
    require(
        isinstance(result, tuple | list),
        f"{name} must return {len(returns)} values ({names}); yours returned {type_name(result)}.",
    )
    require(
        len(result) == len(returns),
        f"{name} must return {len(returns)} values ({names}); yours returned {len(result)}.",
    )
    return dict(zip(returns, result, strict=True))


def unchanged(name: str, args: Mapping[str, Any], passed: Mapping[str, Any]) -> None:
    """Require that a call left what was passed as it was."""
    for key, value in args.items():
        require(
            same(passed[key], value),
            f"{name} changed its argument {key} in place. The caller still needs it: "
            f"build a new array instead (no +=, no out=, no assignment into {key}).",
        )


def keeps_float32(
    name: str,
    function: Callable[..., Any],
    args: Mapping[str, Any],
    returns: Collection[str],
    free: Collection[str] = (),
) -> None:
    """Require float32 back for float32 arguments, except in the values named in ``free``."""
    passed = [_to_float32(copy_of(value)) for value in args.values()]
    for key, value in named(name, function(*passed), returns).items():
        if key in free or exact_type(value) not in {"ndarray", "tensor"}:
            continue
        dtype = as_numpy(value).dtype
        require(
            dtype.kind != "f" or dtype == np.float32 or not value.ndim,
            f"{name}: {key} has dtype {dtype} for float32 input. Keep the input's dtype: "
            "create arrays with np.zeros_like(...) or dtype=x.dtype.",
        )


def described(name: str, values: Mapping[str, Any]) -> str:
    """Say in one line what was returned, with shapes."""
    return f"{name}: {', '.join(_describe(key, value) for key, value in values.items())}"


def side_by_side(got: Any, want: Any) -> beside.Piece | None:
    """Cut out of two arrays what to show beside each other; nothing if they cannot be compared."""
    if exact_type(want) not in {"ndarray", "tensor"} or exact_type(got) != exact_type(want):
        return None
    a, b = as_numpy(got), as_numpy(want)
    if a.shape != b.shape or not b.size or not b.ndim or a.dtype.kind not in "biuf":
        return None
    bad = ~np.isclose(a, b, rtol=1e-5, atol=1e-6, equal_nan=True)
    return None if b.size == 1 or not bad.any() else beside.piece(a, b, bad)


def _to_float32(value: Any) -> Any:
    kind = exact_type(value)
    if kind == "ndarray" and value.dtype == np.float64:
        return value.astype(np.float32)
    if kind == "tensor" and value.dtype.is_floating_point:
        return value.float()
    if kind in {"list", "tuple"}:
        return type(value)(_to_float32(item) for item in value)
    if kind == "dict":
        return {key: _to_float32(item) for key, item in value.items()}
    return value


def _compare_shape(label: str, got: Any, want: Any) -> None:
    a, b = tuple(got.shape), tuple(want.shape)
    if a == b:
        return
    hint = ""
    if len(a) == len(b) and a == b[::-1]:
        hint = " It looks transposed."
    elif len(b) == 3 and a == (b[1], b[0], b[2]):
        hint = " Batch first: the order is (N, T, ...), not (T, N, ...)."
    elif len(a) == len(b) + 1 and tuple(s for s in a if s != 1) == tuple(s for s in b if s != 1):
        hint = " There is an axis of length 1 too many (keepdims, or None in an index?)."
    elif len(a) < len(b):
        hint = " An axis is missing: was it summed away, or is it one step where all are wanted?"
    raise CheckFailed(f"{label} has shape {a}; it must be {b}.{hint}")


def _difference(label: str, a: np.ndarray, b: np.ndarray, bad: np.ndarray) -> str:
    if b.ndim == 0:
        where = f"{label} is {beside.short(a)}; on this example it must be {beside.short(b)}."
    else:
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        place = ", ".join(map(str, first))
        where = (
            f"{label} differs first at [{place}]: yours is {beside.short(a[first])}, "
            f"it must be {beside.short(b[first])} ({int(bad.sum())} of {b.size} values differ)."
        )
    if b.dtype.kind == "b":
        return where
    with np.errstate(all="ignore"):
        if np.allclose(a, -b, rtol=1e-5, atol=1e-6):
            return f"{where} The sign is flipped."
        ratio = a[np.abs(b) > 1e-9] / b[np.abs(b) > 1e-9] if b.ndim else np.atleast_1d(a / b)
    if ratio.size > 1 and np.isfinite(ratio).all() and np.allclose(ratio, ratio[0], rtol=1e-4):
        factor = beside.short(ratio[0], 4)
        if factor.lstrip("-") not in {"1", "0"} and abs(ratio[0]) < LARGEST_FACTOR:
            return f"{where} Every value is {factor} times what it must be: a constant factor."
    return where


def _is_number(value: Any) -> bool:
    kind = exact_type(value)
    if kind in {"int", "float", "bool"} or kind.startswith("numpy."):
        return True
    return kind in {"ndarray", "tensor"} and np.ndim(as_numpy(value)) == 0


def _describe(key: str, value: Any) -> str:
    if exact_type(value) in {"ndarray", "tensor"} and np.ndim(as_numpy(value)):
        return f"{key} {tuple(value.shape)}"
    return key
