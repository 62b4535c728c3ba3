"""A worker's own memory: bounded, and given back."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Linux alone bounds a process's data"
)

GROW = """
from pathlib import Path
from course.grader.kernel import memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

memory.bound_own_memory(4 * 2**30)
texts = [bytes(1000) for _ in range(400_000)]
last = bytes(1000)  # keeps the top of the heap: without a trim nothing would go back
full = held()
del texts
memory.IDLE_MEMORY = 2**20
memory.give_memory_back()
print(full, held())
"""
PAST = """
from course.grader.kernel.memory import bound_own_memory

bound_own_memory(600 * 2**20)
bound_own_memory(4 * 2**30)  # a limit is not loosened
try:
    bytearray(2**30)
except MemoryError:
    print("refused")
"""


def said(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout


def test_what_was_freed_goes_back():
    full, after = map(float, said(GROW).split())
    assert full > 350
    assert after < full - 300


def test_a_worker_cannot_grow_past_its_limit():
    assert said(PAST) == "refused\n"
