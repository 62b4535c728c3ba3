"""The instructors' guide tells the times that were measured, and those alone."""

from __future__ import annotations

import json

import pytest

from benchmarks import times
from tests.conftest import ROOT

GUIDE = (ROOT / times.GUIDE).read_text()
KNOWN = json.loads(times.STORED.read_text()) if times.STORED.is_file() else {}


def test_the_guide_has_the_table_of_what_is_stored():
    shown = times.TABLE.search(GUIDE)[0].split("\n", 1)[1]
    assert shown == (times.table(KNOWN) if KNOWN else "") + "<!-- times:end -->"


@pytest.mark.parametrize("lesson", sorted(KNOWN))
def test_a_row_is_a_lessons_with_a_date_and_a_machine(lesson):
    found = KNOWN[lesson]
    assert (ROOT / "source" / lesson).is_dir()
    assert found["date"][:2] == "20" and "cores" in found["machine"]
    assert found["isolated"]
    assert all(found[kind] > 0 for kind in times.CLASS)


def test_a_class_of_120_on_two_cores():
    one = {"once": 40.0, "right": 1.0, "slips": 2.0, "unfinished": 1.0}
    told = times.table({"01_rnn": one | {"date": "2026-01-01", "machine": "2 cores, x"}})
    # (40 + 60 * 1 + 45 * 2 + 15 * 1) / 2 cores
    assert "| 1.7 min |" in told
    assert "2026-01-01, 2 cores, x" in told


@pytest.mark.parametrize(
    ("text", "usage"), [("1234\n", 1234), ("usage_usec 99\nuser_usec 9\n", 99)]
)
def test_both_kinds_of_control_groups_are_read(text, usage):
    assert times._number(text) == usage
