"""Independent oracles for the solutions: PyTorch's layers, its autograd, and finite differences."""

from __future__ import annotations

import contextlib
import io
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
import torch

from course.grader.notebooks.lesson import WRITTEN, read_lesson
from tests.conftest import ROOT


@cache
def solution_of(name: str) -> dict[str, Any]:
    """Run a source notebook's reading and solution cells and return its names."""
    mpl.use("agg")
    lesson = read_lesson(ROOT / "source" / f"{name}.ipynb")
    namespace: dict[str, Any] = {"__name__": "oracle"}
    for cell in lesson.cells:
        if cell.node.cell_type == "code" and cell.role in {"reading", *WRITTEN}:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(cell.node.source, f"<{cell.id}>", "exec"), namespace)
    return namespace


def draw(seed: int, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Standard normal arrays."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


def as_tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    """Float64 tensors that record gradients."""
    return [torch.tensor(a, requires_grad=True) for a in arrays]


def load(layer: torch.nn.RNNBase, W_x: np.ndarray, W_h: np.ndarray, b: np.ndarray) -> None:
    """Put the course's weights into a one-layer PyTorch layer: transposed, one bias in the first."""
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.tensor(W_x.T))
        layer.weight_hh_l0.copy_(torch.tensor(W_h.T))
        layer.bias_ih_l0.copy_(torch.tensor(b))
        layer.bias_hh_l0.zero_()


def gradients(output: torch.Tensor, upstream: np.ndarray, inputs: list[torch.Tensor]) -> list:
    """Gradients of the inputs for an upstream gradient, by autograd."""
    return torch.autograd.grad(output, inputs, torch.tensor(upstream))


def assert_close(got: Any, want: Any, tolerance: float = 1e-10) -> None:
    """Compare arrays, tensors and numbers."""
    want = want.detach().numpy() if isinstance(want, torch.Tensor) else np.asarray(want)
    got = got.detach().numpy() if isinstance(got, torch.Tensor) else np.asarray(got)
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
