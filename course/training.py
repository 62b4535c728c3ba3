"""What every training loop needs: seeds, a device, threads, a progress bar, a clock."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable
from typing import TypeVar

import numpy as np
import torch
from tqdm.auto import tqdm

from course.emission import grading

Item = TypeVar("Item")


def set_up(seed: int = 0, threads: int = 1) -> None:
    """Seed every generator and fix the number of threads: call it in a notebook's first cell.

    Small recurrent cells run faster on one thread than on several, and one thread gives the same
    digits on every run.

    Parameters
    ----------
    seed : int
        Seed of ``random``, NumPy's global generator and PyTorch.
    threads : int
        Threads that PyTorch may use on the CPU.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)


def best_device() -> torch.device:
    """Return the CUDA device when there is one and it is not hidden, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def progress(items: Iterable[Item], label: str = "", total: int | None = None) -> Iterable[Item]:
    """Show a progress bar over ``items`` in a live notebook; none when graded or checked.

    Parameters
    ----------
    items : iterable
    label : str
        What is going on, in a word or two.
    total : int, optional
        Number of items, when ``items`` has no length.

    Returns
    -------
    iterable
        The same items.
    """
    quiet = grading() or bool(os.environ.get("CI") or os.environ.get("COURSE_QUIET"))
    return tqdm(items, desc=label, total=total, disable=quiet, leave=False)


def cpu_seconds() -> float:
    """Return the processor time that this process has used, in seconds."""
    return time.process_time()


def parameter_count(module: torch.nn.Module) -> int:
    """Count the trainable numbers of a module."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
