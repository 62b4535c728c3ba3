"""Emit what a student's function returns, so that a process outside the kernel can judge it.

A hidden test draws fresh inputs, calls the student's function and emits what comes back. It knows
no expected value: the same cells, run on the instructor's solution, emit the reference. A hidden
test is one decorated function::

    from course.emission import cases

    @cases(dict(N=3, D=4, H=5), dict(N=1, D=2, H=6), dict(N=4, D=5, H=1, dtype="float32"))
    def hidden(case):
        args = case.normal("N D", "N H", "D H", "H H", "H")
        case.call(rnn_step, *args, returns="h, cache")

The body runs once per case. What a case raises costs that case alone. Outside a grading run the
decorator only runs the cases (so that an author sees mistakes at once) and publishes nothing.
"""

from __future__ import annotations

import base64
import builtins
import hashlib
import io
import json
import os
import random
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.random  # at its first use it would fill the time in which a hidden test is watched

from course import pairs
from course.watch_calls import noted

MIME_TYPE = "application/vnd.rnn-course.emission"
"""Type of the display message that carries an emission: base64 of an ``.npz`` without pickle."""

MAX_BYTES = 8 * 2**20
"""An emission larger than this is refused, in the kernel and again outside."""

ANSWERS_VARIABLE = "COURSE_ANSWERS"
"""Set by the grader where the reference is made: only there are held-out answers to be had."""

MANIFEST = "manifest"
TEST_FILE = "<hidden test>"
"""File name of a hidden test in tracebacks."""
UNCHANGED = "arguments unchanged"
"""The part of an exercise that arguments, and a cache, are as they were after a call."""

KEPT_RESULT = "result kept"
"""Names, with a number, whether what a call returned is still as it was when the test ends."""

OPAQUE = frozenset({"cache", "_"})
"""Names of returned values whose form is the student's own business and is never emitted."""

KINDS = "biufc"
"""Kinds of NumPy dtypes that are plain numbers; nothing else is emitted."""


@dataclass
class Emission:
    """Everything one hidden test has emitted so far: arrays, and a manifest that describes them."""

    exercise: str = ""
    seed: int = 0
    reference: bool = False
    device: str = "cpu"
    records: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    live: list[tuple[int, Any]] = field(default_factory=list)
    unseen: list[tuple[int, Any, Any]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def add(self, case: int, name: str, value: Any, rule: dict[str, Any] | None = None) -> None:
        """Record ``value`` under ``name``; containers of arrays are flattened one level a step."""
        value = _plain_container(value)
        kind = exact_type(value)
        record: dict[str, Any] = {"case": case, "name": name, "kind": kind}
        if rule and self.reference:
            record["rule"] = rule
        if kind in {"list", "tuple"} and any(_is_array(item) and item.ndim for item in value):
            record["kind"], record["length"] = "sequence", len(value)
            self.records.append(record)
            for i, item in enumerate(value):
                self.add(case, f"{name}[{i}]", item, rule)
            return
        if kind == "dict":
            record["keys"] = sorted(str(key) for key in value)
            self.records.append(record)
            for key in sorted(value, key=str):
                self.add(case, f"{name}[{key!r}]", value[key], rule)
            return
        array, device = to_array(value, kind)
        if array is not None:
            member = f"a{len(self.arrays)}"
            self.arrays[member] = array
            record |= {"member": member, "device": device}
            if kind in {"ndarray", "tensor"}:
                self.live.append((len(self.records), value))
        elif kind in {"ndarray", "tensor"}:
            record["holds"] = f"{value.dtype}"[:40]
        self.records.append(record)

    def fail(self, case: int, error: BaseException, name: str = "") -> None:
        """Record an error that costs a case, or one name of it."""
        record = {"case": case, "type": type(error).__name__, "message": _short(error)}
        record |= _place(error)
        self.errors.append({**record, "name": name} if name else record)

    def settle(self) -> None:
        """Note the answers that changed after they were returned (a buffer used twice)."""
        for position, value in self.live:
            record = self.records[position]
            try:
                array, _ = to_array(value, record["kind"])
            except Exception:  # an array that its owner has taken apart since
                array = None
            if array is None or not _same_bits(array, self.arrays[record["member"]]):
                record["changed_later"] = True
        for k, (case, value, copy) in enumerate(self.unseen):
            same = all(map(_same, _leaves([value]), _leaves([copy])))
            self.add(case, f"{KEPT_RESULT} {k}", same, {"compare": "unchanged"})

    def to_bytes(self) -> bytes:
        """Return the emission as the bytes of an ``.npz`` file that needs no pickle."""
        used = sorted(self.used)
        about = {"records": self.records, "errors": self.errors, "used": used}
        manifest = json.dumps({"exercise": self.exercise, **about})
        members = {MANIFEST: np.frombuffer(manifest.encode(), dtype=np.uint8), **self.arrays}
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **members)
        data = buffer.getvalue()
        if len(data) > MAX_BYTES:
            too_large = {"case": -1, "type": "OverflowError", "message": "the answer is too large"}
            return Emission(self.exercise, errors=[too_large]).to_bytes()
        return data


_current = Emission()


def exact_type(value: Any) -> str:
    """Name the exact type of ``value``; a subclass never passes for the class it imitates."""
    kind = type(value)
    if kind is np.ndarray:
        return "ndarray"
    if kind.__module__.partition(".")[0] == "torch" and kind.__name__ in {"Tensor", "Parameter"}:
        return "tensor"
    if kind in {bool, int, float, str, list, tuple, dict, type(None)}:
        return kind.__name__
    if kind in {np.bool_, np.float64, np.float32, np.float16} or (
        kind.__module__ == "numpy" and issubclass(kind, np.integer)
    ):
        return f"numpy.{kind.__name__}"
    return f"{kind.__module__}.{kind.__qualname__}"[:80]


def to_array(value: Any, kind: str) -> tuple[np.ndarray | None, str]:
    """Copy a value of a known exact type into a plain array; anything else gives ``None``."""
    if kind == "tensor":
        plain = value.detach()
        try:
            array = plain.cpu().resolve_conj().resolve_neg().numpy()
        except (TypeError, RuntimeError):  # NumPy has no bfloat16, no sparse and no meta tensors
            return None, ""
        return np.array(array, copy=True), plain.device.type
    if kind == "ndarray":
        return (np.array(value, copy=True), "cpu") if value.dtype.kind in KINDS else (None, "")
    if kind in {"bool", "int", "float"} or kind.startswith("numpy."):
        array = np.asarray(value)
        return (array, "cpu") if array.dtype.kind in KINDS else (None, "")
    if kind == "str":
        return np.frombuffer(value.encode("utf-8", "replace"), dtype=np.uint8).copy(), "cpu"
    if kind in {"list", "tuple"}:
        return _plain_sequence(value), "cpu"
    return None, ""


def _plain_sequence(value: Sequence[Any]) -> np.ndarray | None:
    """Turn nested lists or tuples of plain numbers and strings into JSON bytes."""

    def plain(item: Any) -> Any:
        if type(item) in {list, tuple}:
            return [plain(part) for part in item]
        if type(item) in {bool, int, float, str, type(None)}:
            return item
        if (isinstance(item, np.generic) and item.dtype.kind in KINDS) or _is_array(item):
            return plain(item.item())
        raise TypeError(type(item).__name__)

    try:
        text = json.dumps(plain(value))
    except (TypeError, ValueError, RuntimeError):
        return None
    return np.frombuffer(text.encode(), dtype=np.uint8).copy()


def _plain_container(value: Any) -> Any:
    """Turn a named tuple, a ``defaultdict`` or another container's subclass into the container."""
    for plain in (dict, tuple, list):
        if isinstance(value, plain):
            return plain(value)
    return value


def _is_array(value: Any) -> bool:
    return exact_type(value) in {"ndarray", "tensor"}


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _same(value: Any, copy: Any) -> bool:
    """Tell whether an array or tensor still holds what its copy does."""
    try:
        a, b = (to_array(array, exact_type(array))[0] for array in (value, copy))
    except Exception:  # an array that its owner has taken apart since
        return False
    return a is b if a is None or b is None else _same_bits(a, b)


class Case:
    """One set of sizes, with inputs drawn for it alone and a place to put the answers.

    Attributes
    ----------
    index : int
        Position among the exercise's cases.
    rng : numpy.random.Generator
        Source of every input; it depends on the grading run's seed, the exercise and the case.
    dtype : str
        ``"float64"`` unless the case names another.
    device : str
        ``"cuda"`` when the run grades on one, else ``"cpu"``.
    reference : bool
        True while the reference is made; floats are then float64 whatever the case's dtype.
    """

    def __init__(self, emission: Emission, index: int, sizes: dict[str, Any]) -> None:
        self._emission = emission
        self._sizes = dict(sizes)
        self.index = index
        self.dtype = str(self._sizes.pop("dtype", "float64"))
        self.reference = emission.reference
        self.device = "cpu" if emission.reference else emission.device
        self.seed = _seed_of(emission.seed, emission.exercise, index)
        self.rng = np.random.default_rng(self.seed)
        self._arguments = self._fills = 0

    def __getattr__(self, name: str) -> Any:
        try:
            return self._sizes[name]
        except KeyError:
            raise AttributeError(f"this case has no size named {name!r}") from None

    def normal(self, *shapes: str, scale: float = 1.0) -> Any:
        """Draw standard normal arrays, one per shape such as ``"N T D"``.

        Parameters
        ----------
        *shapes : str
            Names of sizes (or plain integers) separated by blanks; an empty string is a scalar.
        scale : float
            Standard deviation.

        Returns
        -------
        numpy.ndarray or list of numpy.ndarray
            A single array for one shape, else a list in the order of ``shapes``.
        """
        drawn = [self.cast(scale * self.rng.normal(size=self.shape(s))) for s in shapes]
        return drawn[0] if len(drawn) == 1 else drawn

    def tensor(self, *shapes: str, scale: float = 1.0) -> Any:
        """Draw standard normal tensors on the case's device, as :meth:`normal` draws arrays."""
        drawn = [self.to_tensor(self.normal(s, scale=scale)) for s in shapes]
        return drawn[0] if len(drawn) == 1 else drawn

    def shape(self, names: str) -> tuple[int, ...]:
        """Translate ``"N T D"`` into the case's sizes."""
        return tuple(int(n) if n.isdigit() else int(self._sizes[n]) for n in names.split())

    def cast(self, array: np.ndarray) -> np.ndarray:
        """Give a float array the case's dtype (the reference: its values, in float64)."""
        typed = np.asarray(array).astype(self.dtype)
        return typed.astype(np.float64) if self.reference else typed

    def to_tensor(self, array: np.ndarray) -> Any:
        """Put an array on the case's device as a tensor of the same dtype."""
        import torch

        return torch.as_tensor(np.array(array, copy=True), device=self.device)

    def module(self, module: Any) -> Any:
        """Move a ``torch.nn.Module`` to the case's dtype and device and return it."""
        import torch

        dtype = torch.float64 if self.reference else getattr(torch, self.dtype)
        return module.to(device=self.device, dtype=dtype)

    def fill(self, module: Any, scale: float = 0.4) -> Any:
        """Move a module to the case and overwrite its parameters, in sorted order of names.

        The draws are not :attr:`rng`'s: a student's module with parameters of its own leaves the
        inputs that follow as they are.
        """
        import torch

        rng = np.random.default_rng([self.seed, self._fills])
        self._fills += 1

        # In the case's dtype first: weights rounded to float32 would not be the reference's.
        module = self.module(module)
        with torch.no_grad():
            for _, parameter in sorted(module.named_parameters()):
                draw = self.cast(scale * rng.normal(size=tuple(parameter.shape)))
                parameter.copy_(torch.as_tensor(draw))
        return module

    def call(
        self,
        function: Callable[..., Any],
        *args: Any,
        returns: str,
        unchanged: bool = True,
        named: dict[str, Any] | None = None,
        **rule: Any,
    ) -> dict[str, Any]:
        """Call the student's function on copies of the arguments and emit what it returns.

        Parameters
        ----------
        function : callable
            The student's function.
        *args
            Arguments; arrays and tensors in them are copied first.
        returns : str
            Names of the returned values, separated by commas. ``cache`` and ``_`` are not emitted.
        unchanged : bool
            Also emit the arguments as they are after the call, so that a change is seen.
        named : dict, optional
            Keyword arguments of the call.
        **rule
            How to compare (see ``course.grader.judging.compare``), for example ``rtol=1e-5``;
            read from the reference only.

        Returns
        -------
        dict
            The returned values by name, caches included.
        """
        passed = copy_of(list(args))
        values = _named_values(function(*passed, **copy_of(named or {})), returns)
        for name, value in values.items():
            if name not in OPAQUE:
                self.emit(name, value, **rule)
        if unchanged:
            self._emit_arguments(passed)
            if "_" in values:  # not emitted itself, so nothing else would see a buffer used twice
                self._emission.unseen.append((self.index, values["_"], copy_of(values["_"])))
        return values

    def _emit_arguments(self, passed: list[Any], prefix: str = "") -> None:
        """Emit arguments as they are after a call, to be compared with what they were."""
        for leaf in [*_leaves(passed), *_contents(passed)]:
            name, self._arguments = f"{prefix}argument {self._arguments}", self._arguments + 1
            self._emission.add(self.index, name, leaf, {"compare": "unchanged"})

    def attempt(self, name: str, function: Callable[[], Any], **rule: Any) -> None:
        """Emit what a call without arguments returns; an error in it costs this name alone."""
        try:
            value = function()
        except Exception as error:
            if not self._emission.exercise:
                raise
            self._emission.fail(self.index, error, name)
        else:
            self.emit(name, value, **rule)

    def backward(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        args: Sequence[Any],
        upstream: Sequence[Any],
        *,
        returns: str,
        **rule: Any,
    ) -> None:
        """Call a backward function on the cache of the student's own forward, and emit gradients.

        Emitted are the gradients, the arguments as they are after the call, and the gradients of
        a second call with the same cache. Where the solution has taken the place of the student's
        forward, the backward is called on the student's own cache as well, once it is mended: see
        :mod:`course.pairs`.

        Parameters
        ----------
        forward : callable
            Called as ``*outputs, cache = forward(*args)``.
        backward : callable
            Called as ``backward(*upstream, cache)``.
        args : sequence
            Arguments of the forward.
        upstream : sequence
            One gradient for each output of the forward.
        returns : str
            Names of the gradients, one for each argument of the forward, in their order.
        **rule
            How to compare the gradients.
        """
        first = self._arguments
        *outputs, cache = forward(*copy_of(list(args)))
        own = None if self.reference else pairs.kept(forward)
        if own is None:
            self._gradients(backward, cache, upstream, returns, rule)
        else:
            try:
                self._gradients(backward, cache, upstream, returns, rule)
            except Exception as error:  # a cache of another form than the student's own
                self._emission.fail(self.index, error)
            self._arguments = first
            self._own_pair(own, outputs, backward, args, upstream, returns, rule)
        if self.reference and self.dtype == "float64":
            numbers = pairs.slopes(forward, args, upstream, self.seed)
            self._emission.add(self.index, pairs.SLOPES, numbers, {"compare": "evidence"})

    def _gradients(
        self,
        backward: Callable[..., Any],
        cache: Any,
        upstream: Sequence[Any],
        returns: str,
        rule: dict[str, Any],
        prefix: str = "",
    ) -> list[Any]:
        passed = copy_of(list(upstream))
        gradients = _named_values(backward(*passed, cache), returns)
        for name, value in gradients.items():
            self.emit(prefix + name, value, **rule)
        self._emit_arguments(passed, prefix)
        first = copy_of(list(gradients.values()))

        def repeats() -> bool:
            again = _named_values(backward(*copy_of(list(upstream)), cache), returns).values()
            return all(np.allclose(a, b) for a, b in zip(again, first, strict=True))

        self.attempt(f"{prefix}the same cache again", repeats, part=UNCHANGED)
        return list(gradients.values())

    def _own_pair(
        self,
        own: Callable[..., Any],
        outputs: list[Any],
        backward: Callable[..., Any],
        args: Sequence[Any],
        upstream: Sequence[Any],
        returns: str,
        rule: dict[str, Any],
    ) -> None:
        """Call the backward on the student's own cache, mended, and measure the own pair."""
        try:
            *mine, cache = own(*copy_of(list(args)))
            mended = pairs.mended(cache, mine, outputs)
            self._gradients(backward, mended, upstream, returns, rule, pairs.MENDED)
            if self.dtype == "float64":
                *_, cache = own(*copy_of(list(args)))
                values = _named_values(backward(*copy_of(list(upstream)), cache), returns)
                claimed = pairs.projections(list(values.values()), args, self.seed)
                measured = pairs.slopes(own, args, upstream, self.seed)
                self.emit(pairs.SLOPES, np.stack([measured, claimed]))
        except Exception as error:
            self._emission.fail(self.index, error, pairs.MENDED)

    def emit(self, name: str, value: Any, **rule: Any) -> None:
        """Emit one named value.

        Parameters
        ----------
        name : str
            Names the value, and its part of the points unless ``part`` does.
        value
            An array, a tensor, a number, text, or a container of these.
        **rule
            Read from the reference only: how to compare (``compare``, ``rtol``, ``bar``, ...);
            ``part``, the part of the points that the value belongs to; ``weight``, that part's
            share of the points (1 by default); ``needs``, the part (or parts) that must be right
            for this one to count; ``each=True``, a part for every array in a container.
        """
        if self.reference:
            rule = {"compare": "close", "dtype": self.dtype, **rule}
        self._emission.add(self.index, name, value, rule)

    def predict(self, name: str, predictions: Any, truth: Callable[[], Any], **rule: Any) -> None:
        """Emit predictions on held-out data; ``truth`` is called for the reference alone.

        Parameters
        ----------
        name : str
            What is predicted.
        predictions
            The student's predictions (array, tensor or list).
        truth : callable
            Returns the true answers. It runs only where the reference is made.
        **rule
            ``compare`` names the score; ``bar`` is the value that earns the points.
        """
        self.emit(name, truth() if self.reference else predictions, **rule)


def cases(*sizes: dict[str, Any]) -> Callable[[Callable[[Case], None]], None]:
    """Run the decorated hidden test once per set of sizes; an error costs its case alone.

    Parameters
    ----------
    *sizes : dict
        Sizes by symbol, for example ``dict(N=3, D=4, H=5)``; the key ``dtype`` sets the dtype.
    """

    def run(hidden: Callable[[Case], None]) -> None:
        emission = _current
        graded = bool(emission.exercise)
        offset = len({r["case"] for r in emission.records} | {e["case"] for e in emission.errors})
        for index, case_sizes in enumerate(sizes, start=offset):
            _seed_everything(_seed_of(emission.seed, emission.exercise, index))
            try:
                hidden(Case(emission, index, case_sizes))
            except BaseException as error:  # an exit() in a function costs one case as well
                if not graded:
                    raise
                emission.fail(index, error)

    return run


def collect(
    source: str,
    namespace: dict[str, Any],
    *,
    exercise: str,
    seed: int,
    reference: bool = False,
    device: str = "cpu",
) -> bytes:
    """Run a hidden test's source and return its emission.

    The test runs in a copy of ``namespace``, so that its own variables never replace the
    student's, and its inputs depend on ``seed`` and ``exercise`` alone.

    Parameters
    ----------
    source : str
        Python source of the hidden test.
    namespace : dict
        The student's global names.
    exercise : str
        Id of the exercise.
    seed : int
        Seed of the grading run.
    reference : bool
        True when the solution runs to make the reference.
    device : str
        ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    bytes
        An ``.npz`` file without pickle.
    """
    global _current
    emission = Emission(exercise, seed, reference, device)
    _current = emission
    # A student's `sum = 0` or `np.seterr(all="raise")` is no business of the test's.
    names = {k: v for k, v in namespace.items() if k == exercise or not hasattr(builtins, k)}
    try:
        with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
            warnings.simplefilter("ignore")
            code = compile(source, TEST_FILE, "exec")
            with noted(all_of_it=reference) as emission.used:
                exec(code, {**names, "__name__": "__main__"})
    except BaseException as error:
        emission.fail(-1, error)
    finally:
        _current = Emission()
        _record_gradients()
    emission.settle()
    return emission.to_bytes()


def publish(source: str, **settings: Any) -> None:
    """Run a hidden test in the kernel's namespace and send its emission as a display message."""
    from IPython import get_ipython
    from IPython.display import publish_display_data

    data = collect(source, get_ipython().user_ns, **settings)
    publish_display_data({MIME_TYPE: base64.b64encode(data).decode("ascii")})


def grading() -> bool:
    """Tell whether the notebook runs in the grader (lessons then draw no progress bars)."""
    return os.environ.get("NBGRADER_EXECUTION") == "autograde"


def _seed_of(seed: int, exercise: str, index: int) -> int:
    digest = hashlib.sha256(f"{seed}/{exercise}/{index}".encode()).digest()
    return int.from_bytes(digest[:4], "little")


def _seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        _record_gradients()
        # Where there can be no CUDA, `torch.manual_seed` would note the call stack for later: slow.
        cuda = torch.backends.cuda.is_built()
        torch.manual_seed(seed) if cuda else torch.default_generator.manual_seed(seed)
        # One reference serves CPU and CUDA: no reduced precision, no order of sums left to chance.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False


def _record_gradients() -> None:
    """Record gradients again: an exercise that turned them off for good spoils no other one."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_grad_enabled(True)


def _named_values(result: Any, returns: str) -> dict[str, Any]:
    """Name what a function returned; one name stands for the value itself."""
    names = [name.strip() for name in returns.split(",")]
    if len(names) == 1:
        return {names[0]: result}
    if not isinstance(result, tuple | list):
        raise TypeError(f"must return {len(names)} values ({returns}), not one")
    if len(result) != len(names):
        raise TypeError(f"must return {len(names)} values ({returns}), not {len(result)}")
    return dict(zip(names, result, strict=True))


def _place(error: BaseException) -> dict[str, Any]:
    """Name the file and the line of the innermost frame that belongs to a notebook's cell."""
    place: dict[str, Any] = {}
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if trace.tb_frame.f_globals.get("__name__") == "__main__" and code.co_filename != TEST_FILE:
            place = {"file": code.co_filename.rpartition("/")[2][:40], "line": trace.tb_lineno}
        trace = trace.tb_next
    return place


def _short(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "an error that cannot be printed"
    return text if len(text) <= 300 else text[:297] + "..."


def copy_of(value: Any) -> Any:
    """Copy the arrays and tensors in nested lists, tuples and dicts; leave the rest as it is."""
    kind = exact_type(value)
    if kind == "ndarray":
        return value.copy()
    if kind == "tensor":
        return value.detach().clone().requires_grad_(value.requires_grad)
    if kind in {"list", "tuple"}:
        return type(value)(copy_of(item) for item in value)
    if kind == "dict":
        return {key: copy_of(item) for key, item in value.items()}
    return value


def _leaves(value: Any) -> list[Any]:
    """List the arrays and tensors in nested lists, tuples and dicts, in a fixed order."""
    kind = exact_type(value)
    if kind in {"ndarray", "tensor"}:
        return [value]
    if kind in {"list", "tuple"}:
        return [leaf for item in value for leaf in _leaves(item)]
    if kind == "dict":
        return [leaf for key in value for leaf in _leaves(value[key])]
    return []


def _contents(passed: list[Any]) -> list[list[Any]]:
    """What lists and dicts among arguments hold besides arrays: keys, lengths, words, integers."""

    def held(value: Any) -> Any:
        if exact_type(value) == "dict":
            return [[str(key), held(item)] for key, item in value.items()]
        if exact_type(value) in {"list", "tuple"}:
            return [held(item) for item in value]
        return value if exact_type(value) in {"int", "str", "bool"} else None

    containers = [value for value in passed if exact_type(value) in {"dict", "list", "tuple"}]
    return [[held(value)] for value in containers]
