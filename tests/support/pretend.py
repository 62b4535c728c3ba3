"""A device that is none: tensors that say they lie elsewhere, while their numbers lie on the CPU.

``torch.zeros(N, H)`` without a device is right on the CPU and wrong on every other device. With
:func:`pretend` a machine without one tells the two apart: tensors on the device ``meta``
compute as the CPU does, and mixing them with the CPU's is an error, as it is on CUDA.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import (
    TorchDispatchMode,
    _disable_current_modes,
    return_and_correct_aliasing,
)
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = "meta"
"""A device that every build of PyTorch has and that needs no threads of its own; it has no numbers."""
MIXED = f"Expected all tensors to be on the same device, but found {DEVICE} and cpu!"
aten = torch.ops.aten

CPU_TOO = {
    *(aten.copy_.default, aten.index.Tensor, aten.index_put.default, aten.index_put_.default),
    *(aten._index_put_impl_.default, aten._pack_padded_sequence.default),
    aten._pack_padded_sequence_backward.default,
}
"""Operations that take a tensor of the CPU beside those of a device: CUDA's do as well."""

FUSED = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell"})
"""Functions that have kernels of their own on a device; here they run on the CPU, there and back."""


class Tensor(torch.Tensor):
    """A tensor on the device ``meta``; ``numbers`` is what it holds."""

    @staticmethod
    def __new__(cls, real: torch.Tensor) -> Tensor:
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            real.size(),
            strides=real.stride(),
            storage_offset=real.storage_offset(),
            dtype=real.dtype,
            device=DEVICE,
        )
        made.numbers = real
        return made

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})


Tensor.__module__ = "torch.pretend"  # an emission asks for exactly torch's own type


class _Operations(TorchDispatchMode):
    """Sees every operation, those that make a tensor from nothing too."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})


class _Functions(TorchFunctionMode):
    """Sees the few functions that PyTorch does not break into operations."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        if function in {torch.tensor, torch.as_tensor, torch.asarray} and _is_there(kwargs):
            return function(*args, **kwargs | {"device": "cpu"}).to(kwargs["device"])
        if function in {torch.Tensor.tolist, torch.Tensor.__format__} and isinstance(
            args[0], Tensor
        ):
            return function(args[0].cpu(), *args[1:], **kwargs)
        if name in FUSED and any(isinstance(x, Tensor) for x in tree_leaves(args)):
            return _there_and_back(function, args, kwargs)
        return function(*args, **kwargs)


def _is_there(kwargs: dict[str, Any]) -> bool:
    return kwargs.get("device") is not None and torch.device(kwargs["device"]).type == DEVICE


def _there_and_back(function: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Compute on the CPU, differentiably, what is all on the device (sizes of a batch apart)."""
    leaves = [x for x in tree_leaves(args) if isinstance(x, torch.Tensor)]
    if any(not isinstance(x, Tensor) and x.is_floating_point() for x in leaves):
        raise RuntimeError(MIXED)
    args = tree_map(lambda x: x.cpu() if isinstance(x, Tensor) else x, args)
    with _disable_current_modes():  # all is on the CPU: nobody need look at each step's operations
        made = function(*args, **kwargs)
    return tree_map(lambda x: x.to(DEVICE) if isinstance(x, torch.Tensor) else x, made)


def _run(function: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    tensors = [*_tensors(args), *_tensors(kwargs.values())]
    ours = any(isinstance(x, Tensor) for x in tensors)
    if (
        ours
        and function not in CPU_TOO
        and not all(isinstance(x, Tensor) or not x.ndim for x in tensors)
    ):
        raise RuntimeError(MIXED)
    wanted = kwargs.get("device")
    there = ours if wanted is None else _is_there(kwargs)
    if function is aten.copy_.default:
        there = isinstance(args[0], Tensor)
    if function is aten._pack_padded_sequence.default and isinstance(args[1], Tensor):
        raise RuntimeError("'lengths' argument should be a 1D CPU int64 tensor")
    plain_args = [_real(value) for value in args]
    plain_kwargs = {key: _real(value) for key, value in kwargs.items()}
    if wanted is not None:
        plain_kwargs["device"] = torch.device("cpu")
    if function is aten._to_copy.default and not there:
        return function(*plain_args, **plain_kwargs)
    made = function(*plain_args, **plain_kwargs)
    if not there:
        return made
    if function in {aten._pack_padded_sequence.default, aten._pad_packed_sequence.default}:
        return Tensor(made[0]), made[1]  # sizes and lengths stay on the CPU
    made = _wrapped(made)
    if ours and _aliases(function):
        return return_and_correct_aliasing(function, args, kwargs, made)
    return made


# PyTorch's own trees would do as well, at three times the cost of an operation.


def _tensors(values: Iterable[Any]) -> Iterator[torch.Tensor]:
    """The tensors among an operation's arguments, those in lists too."""
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


def _real(value: Any) -> Any:
    """An argument with its numbers on the CPU."""
    if isinstance(value, Tensor):
        return value.numbers
    return [_real(item) for item in value] if isinstance(value, list | tuple) else value


def _wrapped(made: Any) -> Any:
    """What an operation returned, its tensors on the device."""
    if isinstance(made, torch.Tensor):
        return Tensor(made)
    return type(made)(map(_wrapped, made)) if type(made) in {list, tuple} else made


@cache
def _aliases(function: Any) -> bool:
    """Whether an operation changes an argument or returns a view of one."""
    schema = function._schema
    return any(one.alias_info is not None for one in (*schema.arguments, *schema.returns))


@contextlib.contextmanager
def pretend() -> Iterator[str]:
    """Provide the device; yields its name."""
    with _Functions(), _Operations():
        yield DEVICE
