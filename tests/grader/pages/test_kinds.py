"""What became of an exercise, in one word; and what counts as a mistake."""

from __future__ import annotations

import pytest

from course.grader.judging.verdict import BORROWED, MISSING, NOT_WRITTEN, Part, Verdict
from course.grader.pages.kinds import KINDS, kind_of, mistakes

CAUSES = {
    NOT_WRITTEN: "not written",
    BORROWED: "borrowed",
    f"{MISSING}; work.docx was not used": "not handed in",
    "stopped after 10 s in the cell rnn_forward": "too slow",
    "stopped: the submission took more than 300 s in all": "too slow",
    "not run: the submission took more than 300 s in all": "too slow",
    "stopped: it used more than 2 GiB of memory": "crashed",
    "stopped: it printed more than 8 MB": "crashed",
    "its kernel died (exit code 1)": "crashed",
    "not run: too many cells had to be stopped": "crashed",
    "the cell does not run: SyntaxError: invalid syntax": "no answer",
    "the notebook cannot be read (Unterminated string)": "unreadable",
}


@pytest.mark.parametrize(("cause", "kind"), CAUSES.items())
def test_a_cause_has_a_kind(cause, kind):
    assert kind_of(Verdict("e", 0.0, 2.0, cause=cause)) == kind


def test_answers_are_right_partly_right_or_wrong():
    part = (Part("y", False, "not right"),)
    assert kind_of(Verdict("e", 2.0, 2.0)) == "right"
    assert kind_of(Verdict("e", 0.5, 2.0, part)) == "partly right"
    assert kind_of(Verdict("e", 0.0, 2.0, part)) == "wrong"


def test_every_kind_has_a_sign_of_its_own():
    assert len(set(KINDS.values())) == len(KINDS)


def test_what_nobody_wrote_is_no_mistake_however_frequent():
    verdicts = [
        *[Verdict("e", 0.0, 2.0, cause=NOT_WRITTEN)] * 9,
        *[Verdict("e", 0.0, 2.0, cause=MISSING)] * 8,
        *[Verdict("e", 0.0, 2.0, misconception="The bias is missing.")] * 2,
        Verdict("e", 0.0, 2.0, cause="it was stopped"),
    ]
    assert mistakes(verdicts) == [(2, "The bias is missing."), (1, "it was stopped")]


def test_remarks_that_differ_in_numbers_alone_are_counted_together():
    def wrong(message):
        return Verdict("e", 0.0, 2.0, (Part("h", False, message),))

    verdicts = [wrong(f"{n} of 15 values are not right") for n in (3, 7, 7, 12)]
    verdicts += [wrong("its shape is wrong")] * 2
    assert mistakes(verdicts) == [
        (4, "h: 7 of 15 values are not right (and the like)"),
        (2, "h: its shape is wrong"),
    ]
