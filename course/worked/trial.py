"""One trial of an answer on its worked example: call it, compare, name the misconception."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from course import checks
from course.checks import CheckFailed, Returned
from course.emission import exact_type

STORED = Path(__file__).parent / "stored"
RIGHT, WRONG = "right", "wrong"
EITHER = "Either:"
"""Begins a message on several misconceptions."""
MOST_NAMED = 3
"""More misconceptions than these say nothing together: then the most general is named."""
AGAIN = "A second call with the same arguments returns something else: is it random, or kept?"
"""Ends a message on a wrong result that the next call does not repeat."""
DIGITS = 7
"""Significant digits of a stored number."""


class Trial:
    """Compares what an answer returns with what the model answer and wrong ones return.

    Parameters
    ----------
    exercise : str
    stored : mapping
        Under ``"right"`` what the model answer returns, by place; under ``"wrong"``, for each
        misconception, what differs from that.
    """

    def __init__(self, exercise: str, stored: Mapping[str, Any]) -> None:
        self.exercise = exercise
        self.right: Mapping[str, Any] = stored.get(RIGHT, {})
        self.wrong: Mapping[str, Mapping[str, Any]] = stored.get(WRONG, {})
        self._calls = 0
        self._before: list[tuple[Any, Any]] = []

    def check(
        self,
        function: Callable[..., Any],
        args: Mapping[str, Any],
        returns: str,
        *,
        ignore: str = "",
        atol: float = 1e-6,
        float32: bool = True,
        quiet: bool = False,
    ) -> dict[str, Any]:
        """Call a function on copies of some arguments and look at all that a caller relies on.

        Parameters
        ----------
        function : callable
            The student's function, or one that uses it.
        args : mapping
            Arguments by name, in order.
        returns : str
            Names of the returned values, ``"h, cache"``.
        ignore : str
            Those of them whose form is the student's own business.
        atol : float
            Absolute tolerance.
        float32 : bool
            Also call it on float32 copies and require float32 back.
        quiet : bool
            Do not print the line that says what is right.

        Returns
        -------
        dict
            The returned values by name.

        Raises
        ------
        CheckFailed
            With one specific sentence.
        """
        self._calls += 1
        name = getattr(function, "__name__", self.exercise)
        names, free = _names(returns), _names(ignore)
        passed = {key: checks.copy_of(value) for key, value in args.items()}
        got = checks.named(name, checks.call(name, function, passed), names)
        compared = {self._place(key): got[key] for key in names if key not in free}
        try:
            for key in names:
                if key not in free:
                    self._compare(f"{name}: {key}", self._place(key), compared, atol, 1e-5)
        except CheckFailed as error:
            copies = {key: checks.copy_of(value) for key, value in args.items()}
            again = checks.named(name, checks.call(name, function, copies), names)
            same = all(_agrees(again[key], got[key], 0.0, 0.0) for key in names if key not in free)
            if same or any(exact_type(value).endswith("Generator") for value in args.values()):
                raise  # a generator gives the next numbers to the second call
            failed = CheckFailed(f"{error} {AGAIN}")
            failed.table = error.table
            raise failed from None
        checks.unchanged(name, args, passed)
        checks.require(
            all(checks.same(value, copy) for value, copy in self._before),
            f"{name}: what an earlier call returned has changed, so all calls share one array. "
            "Make a new one in each call.",
        )
        self._before.append((compared, checks.copy_of(compared)))
        for key in names:
            if key not in free:
                _keeps_dtype(f"{name}: {key}", got[key], self.right.get(self._place(key)))
        if float32:
            checks.keeps_float32(name, function, args, names, free)
        if not quiet:
            self.say(checks.described(name, {k: v for k, v in got.items() if k not in free}))
        return Returned(got)

    def compare(self, label: str, got: Any, *, atol: float = 1e-6, rtol: float = 1e-5) -> None:
        """Compare one value with what the model answer gives there.

        Parameters
        ----------
        label : str
            What the value is, for the message: ``"rnn_step: h"``.
        got
            The student's value.
        atol, rtol : float
            Tolerances.

        Raises
        ------
        CheckFailed
            With one specific sentence.
        """
        self._calls += 1
        place = self._place(label)
        self._compare(label, place, {place: got}, atol, rtol)

    def say(self, text: str, mark: str = "✓") -> None:
        """Print that something is right, or what another mark stands for."""
        print(f"{mark} {text}")

    def _place(self, key: str) -> str:
        return f"{self._calls} {key}"

    def _compare(
        self, label: str, place: str, compared: Mapping[str, Any], atol: float, rtol: float
    ) -> None:
        if place not in self.right:  # the course's own slip: an example is new, or has changed
            raise LookupError(f"{self.exercise}: {place!r} is not stored yet: run `make worked`")
        want = self.right[place]
        try:
            checks.compare(label, compared[place], want, atol=atol, rtol=rtol)
        except CheckFailed as error:
            names = self._misconceptions(compared, atol, rtol)
            sentence = f"{error} {said(names)}" if names else str(error)
            raise CheckFailed(sentence, got=compared[place], want=want) from None

    def _misconceptions(self, compared: Mapping[str, Any], atol: float, rtol: float) -> list[str]:
        """Misconceptions that return, here, what the student returned."""
        found = []
        for name, differs in self.wrong.items():
            values = {place: differs.get(place, self.right[place]) for place in compared}
            if any(place in differs for place in compared) and all(
                _agrees(compared[place], values[place], atol, rtol) for place in compared
            ):
                found.append(name)
        return found


class Recording(Trial):
    """Notes what an answer returns, and compares nothing."""

    def __init__(self, exercise: str) -> None:
        super().__init__(exercise, {})
        self.returned: dict[str, Any] = {}

    def _compare(
        self, label: str, place: str, compared: Mapping[str, Any], atol: float, rtol: float
    ) -> None:
        self.returned[place] = checks.copy_of(compared[place])

    def say(self, text: str, mark: str = "✓") -> None:
        """Print nothing."""


class Shown(Exception):
    """Ends a worked example of which the first call was shown."""


class Showing(Trial):
    """Prints the arguments of the first call and what must come back, and calls nothing."""

    def check(
        self, function: Callable[..., Any], args: Mapping[str, Any], returns: str, **options: Any
    ) -> dict[str, Any]:
        """Print a worked example; see :meth:`Trial.check`."""
        self._calls += 1
        name = getattr(function, "__name__", self.exercise)
        print(f"{name}({', '.join(args)})")
        for key, value in args.items():
            print(f"  {key} = {_text(value, 5 + len(key))}")
        for key in _names(returns):
            if self._place(key) in self.right:
                print(f"must return {key} =\n  {_text(self.right[self._place(key)], 2)}")
        raise Shown


def said(names: list[str]) -> str:
    """Put misconceptions that cannot be told apart here into one text; of many, the first."""
    if len(names) == 1 or len(names) > MOST_NAMED:
        return names[0]
    return f"{EITHER} " + " Or: ".join(names)


@functools.cache
def load(notebook: str) -> dict[str, dict[str, Any]]:
    """Load what is stored of a notebook's worked examples, by exercise."""
    path = STORED / f"{notebook}.json"
    return decoded(json.loads(path.read_text())) if path.is_file() else {}


def encoded(value: Any) -> Any:
    """Turn a returned value into what JSON holds; numbers keep seven significant digits.

    Raises
    ------
    TypeError
        When it holds something else than arrays, tensors, numbers, text and containers of them.
    """
    kind = exact_type(value)
    if kind in {"NoneType", "str", "bool"}:
        return value
    if kind in {"ndarray", "tensor"} or kind.startswith("numpy."):
        array = checks.as_numpy(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"an array of {array.dtype} cannot be stored")
        flat = [encoded(item) for item in array.ravel().tolist()]
        return {"kind": kind, "dtype": str(array.dtype), "shape": list(array.shape), "flat": flat}
    if kind in {"int", "float"}:
        return _number(value)
    if kind in {"list", "tuple"}:
        return {"kind": kind, "items": [encoded(item) for item in value]}
    if kind == "dict":
        return {"kind": kind, "keys": [*value], "items": [encoded(v) for v in value.values()]}
    raise TypeError(f"{kind} cannot be stored")


def decoded(value: Any) -> Any:
    """Turn back what :func:`encoded` made; plain dicts stay dicts of decoded values."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("kind")
    if kind is None:
        return {key: decoded(item) for key, item in value.items()}
    if kind == "number":
        return float(value["text"])
    if kind == "dict":
        items = [decoded(item) for item in value["items"]]
        return dict(zip(value["keys"], items, strict=True))
    if kind in {"list", "tuple"}:
        items = [decoded(item) for item in value["items"]]
        return items if kind == "list" else tuple(items)
    flat = [decoded(item) for item in value["flat"]]
    array = np.array(flat, dtype=value["dtype"]).reshape(value["shape"])
    if kind == "tensor":
        import torch  # only where a lesson has tensors: it takes a second

        return torch.from_numpy(array)
    return array if kind == "ndarray" else array[()]


def _number(value: float) -> Any:
    if not isinstance(value, float):
        return value
    if not np.isfinite(value):
        return {"kind": "number", "text": str(value)}
    return float(f"{value:.{DIGITS}g}")


def _agrees(got: Any, want: Any, atol: float, rtol: float) -> bool:
    try:
        checks.compare("", got, want, atol=atol, rtol=rtol)
    except CheckFailed:
        return False
    return True


def _keeps_dtype(label: str, got: Any, want: Any) -> None:
    """Require the precision that the model answer keeps, in arrays whose numbers are right."""
    if isinstance(want, dict):
        for key in want:
            _keeps_dtype(f"{label}[{key!r}]", got[key], want[key])
    elif isinstance(want, list | tuple):
        for i, item in enumerate(want):
            _keeps_dtype(f"{label}[{i}]", got[i], item)
    elif exact_type(want) in {"ndarray", "tensor"} and want.ndim:
        found, kept = checks.as_numpy(got).dtype, checks.as_numpy(want).dtype
        checks.require(
            found == kept or kept.kind != "f",
            f"{label} has dtype {found}; on this example it must be {kept}. Keep the input's "
            "dtype: name none, or take that of the input.",
        )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _text(value: Any, indent: int) -> str:
    kind = exact_type(value)
    if kind in {"list", "tuple"} and any(exact_type(v) in {"ndarray", "tensor"} for v in value):
        return f"a {kind} of {len(value)}, as the answer before this one makes it"
    if kind == "dict":
        return "".join(f"\n{' ' * indent}{k}: {_text(v, indent + 3)}" for k, v in value.items())
    if kind not in {"ndarray", "tensor"}:
        return str(value)
    array = checks.as_numpy(value)
    shown = np.round(array, 4) if array.dtype.kind == "f" else array
    return str(shown).replace("\n", "\n" + " " * indent)
