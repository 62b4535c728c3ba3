"""The process that hands out a class's work lets go of what it has handed out."""

from __future__ import annotations

import gc

import pytest

from course.grader.classroom.run import IN_FLIGHT, Options, _outcomes, kits_of
from course.grader.classroom.work import Task

STUDENTS, WORKERS = 24, 2


@pytest.mark.slow
@pytest.mark.usefixtures("lean")
def test_tasks_that_are_done_are_let_go(small_course):
    (kit,) = kits_of(small_course, "00_small")
    todo = [Task(f"student{i}", kit, None) for i in range(STUDENTS)]
    done, alive = 0, STUDENTS
    for _, data, error in _outcomes(todo, Options(workers=WORKERS)):
        assert data, error
        done += 1
        if done == STUDENTS - 1:
            gc.collect()
            alive = sum(isinstance(thing, Task) for thing in gc.get_objects())
    assert done == STUDENTS
    # Each on its way may be there as it was sent and as the scheduler unpacked it.
    assert alive <= 2 * IN_FLIGHT * WORKERS
