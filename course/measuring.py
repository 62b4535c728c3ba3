"""What a piece of code costs: seconds and bytes, on the CPU or on a CUDA device."""

from __future__ import annotations

import time
import tracemalloc
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint


class Clock:
    """Seconds of processor time; on CUDA, where the processor only waits, seconds of the wall."""

    seconds: float = float("nan")


@contextmanager
def clock() -> Iterator[Clock]:
    """Time the block of a ``with``; ``.seconds`` holds the result afterwards."""
    found, now = Clock(), time.process_time
    if torch.cuda.is_available():
        now = _synchronised
    begin = now()
    yield found
    found.seconds = now() - begin


def _synchronised() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def fastest(function: Callable[[], Any], repeats: int = 3) -> float:
    """Seconds of the fastest of some calls: whatever else the machine does only slows a call."""
    function()
    best = float("inf")
    for _ in range(repeats):
        with clock() as found:
            function()
        best = min(best, found.seconds)
    return best


class PeakMemory(TorchDispatchMode):
    """Follow every tensor made inside a ``with``; ``peak`` is the largest sum of live bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._alive: dict[int, int] = {}

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                self._see(tensor.untyped_storage())
        return result

    def _see(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._alive:
            self._alive[key] = storage.nbytes()
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._free, key)

    def _free(self, key: int) -> None:
        self.now -= self._alive.pop(key, 0)


def peak_mebibytes(function: Callable[[], Any]) -> float:
    """Peak memory of the tensors that a call makes, in MiB."""
    with PeakMemory() as memory:
        function()
    return memory.peak / 2**20


LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
STEPS = {"rnn": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}
BY_HAND, FUSED, FUSED_OFF, TWICE = "by hand", "fused kernel", "fused kernel off", "checkpointed"


def peak_bytes(function: Callable[[], Any]) -> int:
    """Measure the most memory that NumPy arrays and Python objects take at once in a call.

    Parameters
    ----------
    function : callable
        Without arguments.

    Returns
    -------
    int
        Bytes, beyond those that were there before.
    """
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        function()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def ways_to_run(cell: str, T: int, H: int, N: int = 16, D: int = 32) -> dict[str, Callable]:
    """Functions that run one recurrent layer forwards and backwards, each in its own way.

    ``by hand`` is a Python loop over PyTorch's cell. ``fused kernel`` is PyTorch's layer as it
    comes: on the CPU the LSTM has a fused kernel (oneDNN) and the two others have none; on CUDA
    all three do (cuDNN). ``fused kernel off`` is the same layer without it. ``checkpointed`` is
    the loop again, in pieces whose inner states are computed a second time on the way back.

    Parameters
    ----------
    cell : str
        ``"rnn"``, ``"gru"`` or ``"lstm"``.
    T, H, N, D : int
        Steps, units, sequences, features.

    Returns
    -------
    dict of str to callable
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    x = torch.randn(N, T, D, device=device)
    layer, step = LAYERS[cell](D, H, batch_first=True).to(device), STEPS[cell](D, H).to(device)
    zeros = x.new_zeros(N, H)
    first = (zeros, zeros) if cell == "lstm" else zeros

    def piece(part: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        outputs = []
        for t in range(part.shape[1]):
            state = step(part[:, t], state)
            outputs.append(state[0] if cell == "lstm" else state)
        return torch.stack(outputs, dim=1), state

    def by_hand() -> None:
        piece(x, first)[0].sum().backward()

    def twice() -> None:
        state, total = first, 0.0
        for part in x.split(max(1, round(T**0.5)), dim=1):
            output, state = checkpoint(piece, part, state, use_reentrant=False)
            total = total + output.sum()
        total.backward()

    def whole() -> None:
        layer(x)[0].sum().backward()

    def off() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch remarks on another maker's processors
            mkldnn, cudnn = torch.backends.mkldnn, torch.backends.cudnn
            with mkldnn.flags(enabled=False), cudnn.flags(enabled=False):
                whole()

    return {BY_HAND: by_hand, FUSED: whole, FUSED_OFF: off, TWICE: twice}


def cost(cell: str, way: str, T: int, H: int, repeats: int = 2) -> dict[str, Any]:
    """Milliseconds, peak MiB and parameters of one layer, run in one way."""
    run = ways_to_run(cell, T, H)[way]
    weights = sum(p.numel() for p in LAYERS[cell](32, H).parameters())
    return {
        "cell": cell,
        "way": way,
        "T": T,
        "H": H,
        "milliseconds": 1000 * fastest(run, repeats),
        "mebibytes": peak_mebibytes(run),
        "weights": weights,
    }
