"""Watch a training from outside: which parameters it moves, and whether old gradients linger."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch


class Watch:
    """Follow every backward pass inside a ``with`` block.

    Attributes
    ----------
    passes : int
        Backward passes so far.
    stale : int
        How often a pass began while a parameter that had moved since the last one still held
        the gradient of that one.
    """

    def __enter__(self) -> Watch:
        self.passes = self.stale = 0
        self._first: dict[torch.Tensor, torch.Tensor] = {}
        self._before: dict[torch.Tensor, torch.Tensor] = {}
        self._kept = torch.autograd.backward, torch.autograd.grad
        torch.autograd.backward, torch.autograd.grad = map(self._watched, self._kept)
        return self

    def __exit__(self, *error: object) -> None:
        torch.autograd.backward, torch.autograd.grad = self._kept

    def moved(self, model: torch.nn.Module) -> bool:
        """Tell whether every parameter of the model (or of one it copies) has been trained."""
        starts: dict[tuple[int, ...], list[torch.Tensor]] = {}
        for start in self._first.values():
            starts.setdefault(tuple(start.shape), []).append(start)
        return self.passes > 0 and all(
            tuple(p.shape) in starts
            and not any(torch.equal(p, start) for start in starts[tuple(p.shape)])
            for p in model.parameters()
        )

    def _watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(outputs: Any, *args: Any, **options: Any) -> Any:
            self.passes += 1
            for p in _leaves([outputs] if isinstance(outputs, torch.Tensor) else outputs):
                self._first.setdefault(p, p.detach().clone())
                moved = p in self._before and not torch.equal(self._before[p], p)
                self.stale += moved and p.grad is not None and bool(p.grad.any())
                self._before[p] = p.detach().clone()
            return function(outputs, *args, **options)

        return watched


def _leaves(tensors: list[torch.Tensor]) -> Iterator[torch.Tensor]:
    """The leaves of the graph that ends in these tensors."""
    nodes, seen = [tensor.grad_fn for tensor in tensors], set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            yield node.variable
        nodes += [following for following, _ in node.next_functions]
