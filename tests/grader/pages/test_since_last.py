"""Scores of then and of now: what changed, whatever happened to the file."""

from __future__ import annotations

import pytest

from course.grader.pages.since_last import Before, changes, remember


@pytest.fixture
def path(tmp_path):
    return tmp_path / "report" / "before.json"


def test_the_first_report_compares_with_nothing(path):
    assert remember(path, {"ana": 3.0}, "monday") is None
    assert path.is_file()


def test_the_next_one_compares_with_the_first(path):
    remember(path, {"ana": 3.0}, "monday")
    assert remember(path, {"ana": 4.0}, "tuesday") == Before("monday", {"ana": 3.0})


def test_a_report_written_again_loses_no_news(path):
    remember(path, {"ana": 3.0}, "monday")
    for now in ("tuesday", "wednesday", "thursday"):
        assert remember(path, {"ana": 4.0}, now) == Before("monday", {"ana": 3.0})
    assert remember(path, {"ana": 5.0}, "friday") == Before("tuesday", {"ana": 4.0})


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"now": 3, "before": null}', '{"now": null}',
     '{"now": {"written": "x", "points": {"a": "b"}}, "before": null}'],
)  # fmt: skip
def test_a_damaged_file_is_said_and_replaced(path, text, caplog):
    path.parent.mkdir()
    path.write_text(text)
    assert remember(path, {"ana": 3.0}, "monday") is None
    assert len(caplog.records) == 1
    assert str(path) in caplog.text
    assert remember(path, {"ana": 4.0}, "tuesday") == Before("monday", {"ana": 3.0})


def test_changes_are_listed_the_greatest_first():
    before = Before("monday", {"ana": 3.0, "bo": 2.0, "same": 1.0, "gone": 0.5})
    found = changes(before, {"ana": 4.0, "bo": 0.0, "same": 1.0, "new": 7.0})
    assert [(c.student, c.before, c.after) for c in found] == [
        *(("new", None, 7.0), ("bo", 2.0, 0.0), ("ana", 3.0, 4.0), ("gone", 0.5, None)),
    ]
    assert changes(None, {"ana": 4.0}) == []
