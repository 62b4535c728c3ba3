"""Spread the tests over workers: what shares work stays together, and long groups start first."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("COURSE_QUIET", "1")
os.environ["COURSE_CLAIMS"] = "strict"  # a sentence of a solution that is not true fails nbval
os.environ.setdefault("OMP_NUM_THREADS", "1")

SECONDS = {
    "test_paths": 260,
    "test_demo": 200,
    "mutation-seq2seq": 170,
    "mutation-language_model": 130,
    "mutation-sentiment": 130,
    "sentiment": 130,
    "mutation-forecasting": 120,
    "seq2seq": 110,
    "test_hub": 110,
    "language_model": 105,
    "lstm": 105,
    "test_experiments": 80,
    "test_products": 45,
    "test_round": 95,
    "tagging": 90,
    "test_kernels": 90,
    "test_rescue": 90,
    "mutation-lstm": 80,
    "test_cli": 75,
    "test_validate_button": 75,
    "mutation-comparison": 75,
    "mutation-tagging": 75,
    "test_term": 70,
    "mutation-vanilla_rnn": 65,
    "test_formgrader": 60,
    "attention": 60,
    "mutation-attention": 55,
    "mutation-gru": 55,
    "gru": 50,
    "vanishing_gradients": 50,
    "test_data": 50,
    "test_tour": 50,
    "mutation-bidirectional": 50,
    "comparison": 50,
    "forecasting": 45,
    "bidirectional": 40,
    "mutation-vanishing_gradients": 40,
    "test_figures": 40,
    "test_assignment_list": 40,
    "test_export": 40,
    "test_site": 40,
    "vanilla_rnn": 30,
    "test_validation": 30,
    "test_secrets": 60,
    "test_student": 30,
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
