"""Spread the tests over workers: what shares work stays together, and long groups start first."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("COURSE_QUIET", "1")
os.environ["COURSE_CLAIMS"] = "strict"  # a sentence of a solution that is not true fails nbval
os.environ.setdefault("OMP_NUM_THREADS", "1")

SECONDS = {
    "test_paths": 300,
    "test_demo": 250,
    "test_products": 90,
    "test_rescue": 90,
    "test_kernels": 90,
    "test_formgrader": 60,
    "test_validate_button": 40,
    "sentiment": 100,
    "language_model": 90,
    "seq2seq": 90,
    "lstm": 80,
    "tagging": 70,
    "forecasting": 60,
    "test_figures": 40,
    "mutation-tagging": 150,
    "mutation-sentiment": 150,
    "mutation-language_model": 150,
    "mutation-seq2seq": 140,
    "mutation-forecasting": 110,
    "comparison": 60,
    "test_experiments": 30,
    "mutation-comparison": 90,
    "mutation-vanilla_rnn": 60,
    "mutation-lstm": 60,
    "mutation-gru": 50,
    "mutation-bidirectional": 50,
    "mutation-attention": 50,
    "mutation-vanishing_gradients": 40,
}
"""What groups of tests take, roughly: no worker shall start a long one when the others end."""
OTHERS = 20


def pytest_configure() -> None:
    """Refuse to test another checkout's course: every kernel would import that one."""
    from course.grader.ground.checkout import wrong_checkout

    if cause := wrong_checkout():
        pytest.exit(cause, returncode=2)


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: tests wait for kernels, and for submissions that hang."""
    return 1 + len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(2))


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test a group for ``--dist loadgroup``: its file, or its lesson's variants."""
    groups = {item: _group(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
        if item.path.suffix == ".ipynb":
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: (-SECONDS.get(groups[item], OTHERS), groups[item]))


def _group(item: pytest.Item) -> str:
    if "[" in item.name and item.path.stem == "test_mutation":
        return f"mutation-{item.name.split('[')[1].split('/')[0].rstrip(']')}"
    return item.path.stem
