"""What runs is noted from a fixed list, however the code that calls it looks; watching ends."""

from __future__ import annotations

import io
import json
import socket
import sys
from collections import namedtuple

import numpy as np
import pytest
import torch
from IPython.core import getipython

from course import watch_calls, worked
from course.emission import MANIFEST, collect
from course.watch_calls import VOCABULARY, noted

X = torch.ones(1, 3, 2)
H = torch.zeros(1, 1, 4)
WEIGHTS = [torch.ones(4, 2), torch.ones(4, 4), torch.ones(4), torch.ones(4)]
REST = (True, 1, 0.0, False, False, True)

RUNS = {
    "torch.rnn_tanh": lambda: getattr(torch, "r" + "nn_tanh")(X, H, WEIGHTS, *REST),
    "torch.ops": lambda: torch.ops.aten.rnn_tanh(X, H, WEIGHTS, *REST),
    "torch.nn.RNN, LSTM or GRU": lambda: vars(torch.nn)["LSTM"](2, 4)(X),
    "torch.softmax": lambda: getattr(X, "soft" + "max")(-1),
    "torch._softmax": lambda: getattr(torch, "_soft" + "max")(X, -1, False),
    "torch.nn.functional.log_softmax": lambda: torch.nn.functional.log_softmax(X, -1),
    "torch.autograd.backward": lambda: X.clone().requires_grad_().sum().backward(),
    "torch.autograd.grad": lambda: torch.autograd.grad((y := X.clone().requires_grad_()).sum(), y),
    "numpy.gradient": lambda: getattr(np, "gradi" + "ent")(np.arange(5.0)),
    "sys.setprofile": lambda: sys.setprofile(None),
    "sys._getframe": lambda: vars(sys)["_getframe"](),
    "get_ipython": lambda: vars(getipython)["get_ipython"](),
    "socket": lambda: vars(socket)["socket"]().close(),
    "course.emission": lambda: collect("", {}, exercise="", seed=0),
    "course.worked": lambda: worked.of("tagging", {}),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_shortcut_is_noted_when_it_runs(name):
    with noted() as found:
        RUNS[name]()
    assert name in found
    assert found <= VOCABULARY


def test_ordinary_work_is_not_noted():
    with noted() as found:
        x = np.tanh(np.ones((3, 2)) @ np.ones((2, 4)))
        y = torch.tanh(torch.ones(3, 2) @ torch.ones(2, 4))
        sorted([float(x.sum()), float(y.sum())], key=abs)
        namedtuple("Pair", "a b")  # a library may look at its caller
    assert found == set()


def test_watching_ends_after_so_many_calls_and_with_the_block():
    seen = []
    with noted() as found:
        for _ in range(watch_calls.MAX_CALLS + 1):
            abs(1)
        seen.append(sys.getprofile())
        X.softmax(-1)
    assert seen == [None]
    assert found == set()
    with noted(all_of_it=True) as found:
        for _ in range(watch_calls.MAX_CALLS + 1):
            abs(1)
        X.softmax(-1)
    assert found == {"torch.softmax"}
    assert sys.getprofile() is None


def test_another_profiler_comes_back():
    def other(*about: object) -> None:
        pass

    sys.setprofile(other)
    try:
        with noted():
            abs(1)
        assert sys.getprofile() is other
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("ending", ["", "\n1 / 0"])
def test_an_emission_says_what_ran(ending):
    data = collect(f"x.softmax(-1){ending}", {"x": X}, exercise="f", seed=1)
    with np.load(io.BytesIO(data)) as members:
        assert json.loads(members[MANIFEST].tobytes())["used"] == ["torch.softmax"]
