"""Spread the tests over workers: a notebook's cells stay together, and so does a lesson's bar."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("COURSE_QUIET", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test a group for ``--dist loadgroup``: its file, or its lesson's variants."""
    for item in items:
        group = item.path.stem
        if "[" in item.name and item.path.stem == "test_mutation":
            group = f"mutation-{item.name.split('[')[1].split('/')[0].rstrip(']')}"
        item.add_marker(pytest.mark.xdist_group(group))
