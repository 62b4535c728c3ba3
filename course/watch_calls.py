"""Note which shortcuts run while a hidden test does, whatever the code that calls them looks like.

The calls are those that Python's profiler reports, so that ``getattr(torch, "r" + "nn_tanh")`` is
seen as plainly as ``torch.rnn_tanh``. The first calls of a test are watched, not all: it is for
remarks to an instructor, and must cost next to nothing.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

MAX_CALLS = 1_500
"""Calls that are watched in one test: about a millisecond's worth."""

LAYERS = ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell")
SOFT = ("softmax", "log_softmax", "logsumexp")

BUILT_IN = {
    **{name: f"torch.{name}" for name in (*SOFT, "_softmax", "_log_softmax", "gradient")},
    **{
        f"{name}{cell}": f"torch.{name}{cell}"
        for name in ("rnn_tanh", "rnn_relu", "lstm", "gru")
        for cell in ("", "_cell")
    },
    "scaled_dot_product_attention": "torch.scaled_dot_product_attention",
    "run_backward": "torch.autograd.backward",
    "setprofile": "sys.setprofile",
    "settrace": "sys.settrace",
    "_getframe": "sys._getframe",
    "get_objects": "gc.get_objects",
    "get_referrers": "gc.get_referrers",
}
"""Functions written in C, by name, and what they are called in a remark."""

PROBES = frozenset(name for name in BUILT_IN.values() if name.startswith(("sys.", "gc.")))
"""What libraries call, too, for reasons of their own."""
LIBRARIES = ("<frozen ", str(Path(sysconfig.__file__).parent).replace("\\", "/"))
"""How the file names of libraries begin; all others of theirs are in ``site-packages``."""

IN_PYTHON = {
    "torch/nn/modules/rnn.py": {"forward": "torch.nn.RNN, LSTM or GRU"},
    "torch/nn/modules/activation.py": {"forward": "torch.nn.modules.activation"},
    "torch/nn/modules/transformer.py": {"forward": "torch.nn.Transformer"},
    "torch/nn/functional.py": {
        **{name: f"torch.nn.functional.{name}" for name in (*SOFT, "cross_entropy", "nll_loss")},
        "multi_head_attention_forward": "torch.nn.MultiheadAttention",
    },
    "torch/nn/utils/clip_grad.py": {
        name: f"torch.nn.utils.{name}" for name in ("clip_grad_norm_", "clip_grad_value_")
    },
    "torch/_tensor.py": {"backward": "torch.autograd.backward"},
    "torch/autograd/__init__.py": {
        "backward": "torch.autograd.backward",
        "grad": "torch.autograd.grad",
    },
    "torch/autograd/functional.py": {"": "torch.autograd.functional"},
    "torch/_functorch/apis.py": {"": "torch.func"},
    "torch/_ops.py": {"__call__": "torch.ops"},
    "numpy/lib/_function_base_impl.py": {"gradient": "numpy.gradient"},
    "scipy/special/_logsumexp.py": {name: f"scipy.special.{name}" for name in SOFT},
    "scipy/optimize/_optimize.py": {"": "scipy.optimize"},
    "IPython/core/getipython.py": {"get_ipython": "get_ipython"},
    "/socket.py": {"": "socket"},
    "/inspect.py": {name: f"inspect.{name}" for name in ("currentframe", "stack", "getsource")},
    "/ctypes/__init__.py": {"": "ctypes"},
}
"""Functions written in Python: by the end of their file's name, then by name; "" is any."""

PACKAGES = {"sklearn": "sklearn", "jax": "jax", "tensorflow": "tensorflow", "zmq": "zmq"}
"""Folders of packages of which nothing is an answer to an exercise."""

MACHINERY = "course.emission"
"""Said of a call into the emission that comes from a student's own code."""
EXAMPLES = "course.worked"
"""The visible tests' own folder: some of them hold right code to compare with."""
OWN = ("/course/", "<hidden test>")
"""What the files of the course's own code hold in their names."""

VOCABULARY = frozenset(
    {
        *BUILT_IN.values(),
        *(name for names in IN_PYTHON.values() for name in names.values()),
        *PACKAGES.values(),
        MACHINERY,
        EXAMPLES,
    }
)
"""Everything that can be noted."""


@contextmanager
def noted(all_of_it: bool = False) -> Iterator[set[str]]:
    """Note the shortcuts that run inside a ``with`` block.

    Parameters
    ----------
    all_of_it : bool
        True to watch to the end, however long that takes.

    Yields
    ------
    set of str
        Words of :data:`VOCABULARY`; it grows while the block runs.
    """
    found: set[str] = set()
    known: dict[CodeType, str] = {}
    left = sys.maxsize if all_of_it else MAX_CALLS

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal left
        if event == "c_call":
            left -= 1
            name = BUILT_IN.get(argument.__name__)
            idle = not name or left <= 0 or (name in PROBES and _in_a_library(frame.f_code))
            if not idle and name.partition(".")[0] in _home_of(argument):
                found.add(name)
        elif event == "call":
            left -= 1
            code = frame.f_code
            name = known.get(code)
            if name is None:
                name = known[code] = _named(code)
            if name and (name != MACHINERY or _from_outside(frame)):
                found.add(name)
        if left <= 0:
            sys.setprofile(before)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield found
    finally:
        left = 0  # what follows is no call of the block's
        sys.setprofile(before)


def _named(code: CodeType) -> str:
    """What a function written in Python is called in a remark, if it is worth one."""
    path = code.co_filename.replace("\\", "/")
    if path.endswith("/course/emission.py"):
        return MACHINERY
    if "/course/worked/" in path:
        return EXAMPLES
    for end, names in IN_PYTHON.items():
        if path.endswith(end):
            return names.get(code.co_name) or names.get("", "")
    if "/site-packages/" in path:
        return PACKAGES.get(path.rpartition("/site-packages/")[2].partition("/")[0], "")
    return ""


def _in_a_library(code: CodeType) -> bool:
    path = code.co_filename.replace("\\", "/")
    return path.startswith(LIBRARIES) or "/site-packages/" in path


def _from_outside(frame: FrameType) -> bool:
    """Tell whether code that is not the course's own made a call."""
    caller = frame.f_back
    return caller is not None and not any(part in caller.f_code.co_filename for part in OWN)


def _home_of(function: Any) -> str:
    """Where a function written in C belongs: its module's name, or its owner's type."""
    owner = getattr(function, "__self__", None)
    return f"{getattr(function, '__module__', '')} {type(owner).__module__} {owner!r:.60}"
