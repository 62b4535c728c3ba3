"""Judge wrong and right variants of a lesson's functions, and say which the tests misjudge.

Variants are the bank of answers, ``answers/<lesson>/<notebook>.py``: see
:mod:`course.grader.notebooks.answers`.

Run ``python -m tests.support.mutation source/01_rnn/vanilla_rnn.ipynb`` to see a lesson's table,
with ``--seeds 20`` for more seeds than the tests take, without a path for all lessons.

How it works
------------
One process runs the solution's cells in order and notes what every hidden test emits under every
seed, and what state each exercise leaves. Just before the cell of each exercise it forks a
*holder*, which waits there. Later each holder forks children that run variants of its exercise: the
changed cell and the exercise's tests. A child that a wrong variant leaves as it was, by all that
is compared, runs the next one too: forks cost half of the time. What is misjudged so is judged
again in a child of its own; ``make bar`` gives each variant one.

A wrong variant may harm later exercises, although the grader judges these again with the solution
in its place. So the child brings the solution in, as the grader does, and compares the state with
the one that the solution left. When later cells can see no difference, nothing can be harmed;
else they run, and what seems harmed is graded in full. After a right variant the later exercises
that build on it run with it in place. Cells that train run for *teams*: each exercise's first right
variant together, then each one's second; when a team earns everything, none of its members does
harm. A wrong variant that loses a part of its hidden test before anything is trained loses it after
a training too, and is not trained where no later cell reads what the training makes (``make bar``
trains it all the same).

The solution must also be right on a device that is none (:mod:`tests.support.pretend`); a wrong
variant whose name contains ``device`` runs there too, and may be wrong there alone.

Exercises that are a pair (a backward reads its forward's cache) go through ``grade`` itself.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import subprocess
import sys
import time
import types
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from course import pairs
from course.emission import ANSWERS_VARIABLE
from course.grader.judging.grade import Graded, grade, steps_of
from course.grader.judging.payload import Payload
from course.grader.judging.references import References
from course.grader.judging.verdict import Verdict, judge
from course.grader.kernel.steps import Settings, Step, StepResult
from course.grader.kernel.trusted import ChildDied, fork, forked, fresh_namespace, run_step
from course.grader.notebooks.answers import Answers, Change, answers_path, changed, read_answers
from course.grader.notebooks.lesson import TIME_LIMIT, Lesson, read_lesson
from course.grader.notebooks.rebuild import Submission, solution_submission
from course.worked.trial import WRONG, load
from tests.support import pretend, state
from tests.support.lasting_child import LastingChild

ROOT = Path(__file__).resolve().parent.parent.parent
Key = tuple[str, str, str]
"""Kind of variant (``wrong``, ``right``, ``typical``, ``solution``, ``team``), exercise, name."""

TYPICAL_KINDS = frozenset({"nothing", "one slip", "point missed"})
SEED = 20_261
SAMPLE = 3
"""Seeds that the tests take, each variant one of them; ``make bar`` takes twenty for each."""
SAMPLE_TEAMS = 2
"""Teams of all exercises that the tests let train; ``make bar`` lets all of them."""
OF_A_DEVICE = "Generator(case.device)"
"""What a hidden test asks of a device that a device that is none has not."""
LASTING = types.ModuleType | int | float | str | None
"""What no cell can change."""
LATE = "torch._dynamo", "torch.profiler", "course.watch_training"
"""What a first optimiser or checkpoint imports: two seconds, which every fork would pay again."""
ELSEWHERE = "another device"
"""What the grader calls a device that it does not know."""


@dataclass(frozen=True)
class Outcome:
    """What came of one variant.

    Attributes
    ----------
    problem : str
        What the tests got wrong about it; empty when nothing.
    said : str
        The visible test's message; about the solution, the parts of its exercise.
    lowest, highest : float
        Share of the points that it earned, over all seeds.
    seconds : float
        What judging it took.
    """

    problem: str = ""
    said: str = ""
    lowest: float = 1.0
    highest: float = 1.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Job:
    """One variant to judge in the holder of its exercise; ``alone``, in children of its own."""

    key: Key
    change: Change
    alone: bool = False


@dataclass
class Known:
    """What the run of the solution tells.

    Attributes
    ----------
    references : dict
        What the solution's hidden tests emit as references, by seed and exercise.
    results : dict
        What every step gave, by seed and the step's key.
    left : dict
        By exercise, the state that it leaves: digests, and patched attributes of libraries.
    elsewhere : dict
        By exercise, what its hidden test gives on a device that is none.
    """

    references: dict[int, dict[str, Payload]] = field(default_factory=dict)
    results: dict[int, dict[str, StepResult]] = field(default_factory=dict)
    left: dict[str, tuple[dict[str, int], set[str]]] = field(default_factory=dict)
    elsewhere: dict[str, StepResult] = field(default_factory=dict)


@cache
def lesson_at(path: Path) -> Lesson:
    """Read a lesson once."""
    return read_lesson(path)


@cache
def answers_for(path: Path) -> Answers:
    """The bank of answers of a source notebook."""
    return read_answers(answers_path(ROOT, lesson_at(path)))


class Notebook:
    """A lesson's steps, its variants, and how to judge them under some seeds."""

    def __init__(self, path: Path, seeds: Sequence[int]) -> None:
        self.lesson = lesson_at(path)
        self.seeds = list(seeds)
        self.thorough = len(self.seeds) > SAMPLE
        bank = answers_for(path)
        self.wrong, self.right, self.typical = bank.wrong, bank.right, bank.typical
        submission = solution_submission(self.lesson)
        self.steps = steps_of(self.lesson, submission, True)
        self.asking = {s.key: s for s in steps_of(self.lesson, submission) if s.hidden}
        roles = {cell.id: cell.role for cell in self.lesson.cells}
        self.visible = {s.key for s in self.steps if roles.get(s.key) == "visible"}
        self.first = {s.exercise: i for i, s in reversed(list(enumerate(self.steps))) if s.exercise}
        self.hidden = {s.exercise: i for i, s in enumerate(self.steps) if s.hidden}
        self.names = {exercise: self._names_after(exercise) for exercise in self.hidden}
        self.namespace: dict[str, Any] = {}
        self.known = Known()
        self.kept_untrained: dict[str, tuple[set[str], str]] = {}
        self.things: set[str] = set()
        self.held: dict[str, int] = {}
        self.lasting = False

    def _names_after(self, exercise: str) -> set[str]:
        """The variables that matter after an exercise: those that later cells read.

        Those that the cells read that made them are among them: functions read variables, too.
        Visible tests are aside, and hidden ones make nothing: they run in a copy of the namespace.
        """
        return self._read_by(self.after(exercise))

    def _things_of(self, exercise: str) -> set[str]:
        """The variables that judging an exercise reads.

        Those aside that later cells find as they were: a variant's run compares these.
        """
        last = self.paired.get(exercise, exercise)
        steps = self.steps[self.first[exercise] : self.hidden[last] + 1]
        found = self._read_by(step for step in steps if step.key not in self.visible)
        if exercise in self.paired:
            return found
        made = set().union(*(state.names_stored(step.source) for step in steps if not step.hidden))
        return found - (self.names[exercise] - made)

    def _read_by(self, steps: Iterable[Step]) -> set[str]:
        """The variables that steps read, and those that the cells read that made them."""
        makers = [s for s in self.steps if not s.hidden and s.key not in self.visible]
        sources = [step.source for step in makers]
        found, more = set(), state.names_read(step.source for step in steps)
        while more - found:
            found |= more
            more = state.names_read(s for s in sources if state.names_stored(s) & found)
        return found

    def after(self, exercise: str) -> list[Step]:
        """The steps after an exercise's hidden test, visible tests aside."""
        later = self.steps[self.hidden[exercise] + 1 :]
        return [step for step in later if step.key not in self.visible]

    @cached_property
    def paired(self) -> dict[str, str]:
        """Exercises that are judged as pairs, and the last exercise that must be graded along."""
        order = list(self.lesson.exercises)
        last: dict[str, str] = {}
        for id_, exercise in self.lesson.exercises.items():
            for one in (id_, exercise.pair) if exercise.pair else ():
                last[one] = max(id_, last.get(one, id_), key=order.index)
        return last

    # --- the run of the solution -------------------------------------------------------------

    def run_solution(self) -> dict[str, tuple[int, Connection]]:
        """Run every cell, note what is known, and leave a holder before each exercise."""
        self.namespace = fresh_namespace()
        holders = {}
        for name in LATE:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()  # else each fork's first collection would copy every page
        for seed in self.seeds:
            self.known.references[seed], self.known.results[seed] = {}, {}
        for i, step in enumerate(self.steps):
            if self.first.get(step.exercise) == i:
                self.libraries = state.library_attributes()
                holders[step.exercise] = fork(lambda c, e=step.exercise: self.hold(c, e))
            if step.hidden:
                self._note_emissions(step)
                if OF_A_DEVICE not in self.asking[step.key].source:
                    self.known.elsewhere[step.exercise] = forked(self._run_elsewhere, step)
                left = forked(self._state_with_solution, step.exercise)
                self.known.left[step.exercise] = left
            else:
                self._note_all(step, run_step(step, self.namespace, Settings(SEED)))
        return holders

    def _note_emissions(self, step: Step) -> None:
        asking = self.asking[step.key]
        for seed in self.seeds:
            made = run_step(asking, self.namespace, Settings(seed, reference=True))
            references = References({step.exercise: made.emissions[0]}).payloads
            if errors := references[step.exercise].errors:
                raise AssertionError(f"{self.lesson.notebook} / {step.key}: {errors}")
            self.known.references[seed] |= references
            result = run_step(step, self.namespace, Settings(seed))
            self.known.results[seed][step.key] = result

    def _note_all(self, step: Step, result: StepResult) -> None:
        if result.status != "ok":
            raise AssertionError(f"{self.lesson.notebook} / {step.key}: {result.cause}")
        for seed in self.seeds:
            self.known.results[seed][step.key] = result

    def _state_with_solution(self, exercise: str) -> tuple[dict[str, int], set[str]]:
        """Bring the solution of an exercise in; return the state that later cells meet."""
        solution = self.steps[self.first[exercise]]
        run_step(replace(solution, key=f"given:{exercise}"), self.namespace, Settings(SEED))
        return state.snapshot(self.namespace, self.names[exercise]), state.patched(self.libraries)

    # --- which seeds, which cells ------------------------------------------------------------

    def trains(self, step: Step) -> bool:
        """Whether a cell takes so long that only teams run it: it asks for time of its own."""
        return not step.exercise and step.seconds > TIME_LIMIT

    @cached_property
    def exams(self) -> set[str]:
        """Exercises with a training between their cell and their hidden test."""
        return {id_ for id_ in self.hidden if any(map(self.trains, self._own(id_)))}

    def seeds_for(self, exercise: str, name: str = "") -> list[int]:
        """Seeds under which a variant of an exercise is judged: all, or one by its name."""
        if exercise in self.exams:
            return self.seeds[:1]
        if self.thorough:
            return self.seeds
        return [self.seeds[zlib.crc32(name.encode()) % len(self.seeds)]]

    def _own(self, exercise: str) -> list[Step]:
        """The steps from an exercise's cell to its hidden test."""
        return self.steps[self.first[exercise] : self.hidden[exercise] + 1]

    def _cheap_after(self, exercise: str, own: Sequence[Step]) -> list[Step]:
        """Later steps without those that train and without what is made of a training.

        Of hidden tests only those that mention a name which the exercise's ``own`` steps bind, or
        which a step binds that mentions one; or a thing, not a function, that such a step
        mentions, for it may have changed there.
        """
        missing: set[str] = set()
        touched = set().union(*(state.names_stored(s.source) for s in own if not s.hidden))
        chosen = []
        for step in self.after(exercise):
            read = state.names_read([step.source])
            if self.trains(step) or read & missing:
                missing |= {step.exercise} - {None}
                missing |= set() if step.hidden else state.names_stored(step.source)
            elif not step.hidden:
                chosen.append(step)
                if read & touched:
                    touched |= state.names_stored(step.source)
                    touched |= {n for n in read if self._may_change(n)}
            elif read & touched:
                chosen.append(step)
        return chosen

    def _may_change(self, name: str) -> bool:
        """Whether a name of the notebook is a thing: no function, no module, no plain value."""
        thing = self.namespace.get(name, types)
        return not callable(thing) and not isinstance(thing, LASTING)

    # --- judging in a holder -----------------------------------------------------------------

    def hold(self, connection: Connection, exercise: str) -> None:
        """Wait for what is known, then run jobs until there are none."""
        gc.freeze()  # what the cells have made since the start
        self.things = self._things_of(exercise)
        self.child = LastingChild(self._do_and_put_back)
        with contextlib.suppress(EOFError):  # the process that asks has died
            self._serve(connection, exercise)

    def _serve(self, connection: Connection, exercise: str) -> None:
        self.known = connection.recv()
        while (job := connection.recv()) is not None:
            started = time.monotonic()
            self.lasting = not (self.thorough or job.alone)
            try:
                if job.key[0] == "team":
                    outcome = self.judge_team(job, exercise)
                else:
                    outcome = self.judge_variant(job)
            except (ChildDied, ValueError) as error:
                outcome = Outcome(f"CANNOT BE JUDGED: {error}")
            connection.send(replace(outcome, seconds=time.monotonic() - started))
        self.child.close()

    def judge_variant(self, job: Job) -> Outcome:
        """Judge one variant of the holder's exercise."""
        kind, exercise, name = job.key
        submission = changed(self.lesson, {exercise: job.change})
        mine = self._refused_untrained(job, submission)
        if mine is None:
            steps = self._changed_steps(submission, self._own(exercise))
            mine = self._tried(kind, name, steps)
        problems = []
        own = []
        seeds = self.seeds_for(exercise, name)
        for seed, result in zip(seeds, mine["own"], strict=True):
            if exercise not in self.paired:
                own.append(self._judged(exercise, result, seed))
                continue
            graded = self._graded(
                submission, exercise, seed, self.paired[exercise], kind != "right"
            )
            own.append(graded.verdicts[exercise])
            others = (v for v in graded.verdicts.values() if v.exercise != exercise)
            mine["harmed"] |= {v.exercise: v.summary for v in others if not v.full}
        elsewhere = self._judged_elsewhere(exercise, mine["elsewhere"])
        shares = [verdict.points / verdict.maximum for verdict in own]
        survives = any(verdict.full for verdict in own) and elsewhere.full
        if kind == "wrong" and survives:
            problems.append(f"SURVIVES{_under(seeds, own, True)}")
        if kind == "right" and not all(verdict.full for verdict in own):
            refused = next(verdict for verdict in own if not verdict.full)
            problems.append(f"FALSE ALARM{_under(seeds, own, False)}: {refused.summary}")
        if kind == "right" and mine["said"]:
            problems.append(f"THE VISIBLE TEST REFUSES IT: {mine['said']}")
        harmed = mine["harmed"]
        if harmed and kind != "right" and exercise not in self.paired:
            graded = self._graded(submission, exercise, self.seeds[0])
            others = (v for v in graded.verdicts.values() if v.exercise != exercise)
            harmed = {v.exercise: v.summary for v in others if not v.full}
        if harmed:
            problems.append(f"HARMS {', '.join(f'{k} ({v})' for k, v in harmed.items())}")
        return Outcome("; ".join(problems), mine["said"], min(shares), max(shares))

    def _refused_untrained(self, job: Job, submission: Submission) -> dict[str, Any] | None:
        """Run a wrong variant without its training; ``None`` unless that is enough to refuse it.

        It is enough when it loses what the solution keeps, untrained too. Typical answers are
        trained, for all that they earn counts; so is what leaves later cells a model, and what
        the visible test lets pass as far as it lets the solution, which it then asks for what
        its training made.
        """
        kind, exercise, name = job.key
        own = self._own(exercise)
        trainings = [step for step in own if self.trains(step)]
        made = set().union(*(state.names_stored(step.source) for step in trainings))
        typical = [change for change, *_ in self.typical.get(exercise, {}).values()]
        paired = exercise in self.paired
        if self.thorough or kind != "wrong" or not trainings or made & self.names[exercise]:
            return None
        if paired or job.change in typical:
            return None
        untrained = [step for step in own if not self.trains(step)]
        if exercise not in self.kept_untrained:
            solved = self._tried(kind, "", untrained, made)
            kept = self._right_parts(exercise, solved["own"][0])
            self.kept_untrained[exercise] = kept, solved["said"]
        kept, asked = self.kept_untrained[exercise]
        if not kept:
            return None
        steps = self._changed_steps(submission, untrained)
        mine = self._tried(kind, name, steps, made, asked)
        if mine is None:
            return None
        return mine if kept - self._right_parts(exercise, mine["own"][0]) else None

    def _right_parts(self, exercise: str, result: StepResult) -> set[str]:
        verdict = self._judged(exercise, result, self.seeds[0])
        return {part.label for part in verdict.parts if part.right}

    def _tried(
        self, kind: str, name: str, steps: Sequence[Step], *more: Any
    ) -> dict[str, Any] | None:
        """Run a variant in a child."""
        strange = kind == "right" or "device" in name or any(map(self.trains, steps))
        return self._in_a_child(not strange, "_run_variant", kind, name, steps, *more)

    def _in_a_child(self, lasting: bool, method: str, *arguments: Any) -> Any:
        """Call a method in a child: a lasting one, or one of its own.

        ``make bar`` gives each call a child of its own.
        """
        if lasting and self.lasting:
            return self.child.ask(method, *arguments)
        return forked(getattr(self, method), *arguments)

    def _do_and_put_back(self, method: str, *arguments: Any) -> tuple[dict[str, Any] | None, bool]:
        """In a lasting child: call a method, put all back, and say whether it is as it was.

        What the method has found ``left`` is not. What it does not look for is compared here.
        """
        names, generators = dict(self.namespace), state.generators()
        self.held = self.held or self._all_held()
        found = getattr(self, method)(*arguments)
        self.namespace.clear()
        self.namespace.update(names)
        state.set_generators(generators)
        pairs._kept.clear()
        if found is None or found["left"]:
            return found, False
        return found, self._all_held() == self.held

    def _all_held(self) -> dict[str, int]:
        """Digests of all that judging the holder's exercise reads."""
        return state.snapshot(self.namespace, self.things) | state.library_things()

    def _run_variant(
        self,
        kind: str,
        name: str,
        steps: Sequence[Step],
        unmade: Iterable[str] = (),
        asked: str = "",
    ) -> dict[str, Any] | None:
        """In a child: run a variant and what it may harm; return what is to be judged.

        Visible tests ask that names which they mention are there: those ``unmade`` are, as None.
        When the visible test says no more than what it ``asked`` of the solution, that is the end.
        """
        exercise, result = steps[-1].exercise, StepResult()
        self.namespace.update({n: None for n in unmade if n not in self.namespace})
        found: dict[str, Any] = {"said": "", "harmed": {}, "elsewhere": None, "left": set()}
        for step in steps:
            if step.hidden and asked and found["said"] in {"", asked}:
                return None
            if step.hidden:
                found["own"] = [
                    None if exercise in self.paired else run_step(step, self.namespace, setting)
                    for setting in map(Settings, self.seeds_for(exercise, name))
                ]
                if "device" in name:
                    found["elsewhere"] = self._run_elsewhere(step)
                continue
            result = run_step(step, self.namespace, Settings(SEED))
            if step.key in self.visible and result.status == "error":
                found["said"] = result.cause
        if kind == "right":
            found["harmed"] = self._harmed(self._cheap_after(exercise, steps))
            return found
        found["left"] = self._left_something(exercise)
        if found["left"]:
            found["harmed"] = self._harmed(self.after(exercise))
        return found

    def _left_something(self, exercise: str) -> set[str]:
        """Bring the solution in; name what later cells see that the solution had not left."""
        digests, patches = self._state_with_solution(exercise)
        expected, known = self.known.left[exercise]
        keys = digests.keys() | expected.keys()
        return {k for k in keys if digests.get(k) != expected.get(k)} | (patches - known)

    def _harmed(self, steps: Sequence[Step]) -> dict[str, str]:
        """Run later steps; say which exercises among them lose points."""
        harmed: dict[str, str] = {}
        for step in steps:
            if not step.hidden:
                result = run_step(step, self.namespace, Settings(SEED))
                if step.key in self.visible and result.status == "error":
                    harmed[step.exercise] = f"the visible test says {result.cause}"
                continue
            for seed in self.seeds_for(step.exercise):
                result = run_step(step, self.namespace, Settings(seed))
                verdict = self._judged(step.exercise, result, seed)
                if not verdict.full:
                    harmed[step.exercise] = verdict.summary
        return harmed

    def _run_elsewhere(self, step: Step) -> StepResult:
        """Run a hidden test on a device that is none."""
        with pretend.pretend() as device:
            return run_step(step, self.namespace, Settings(self.seeds[0], device=device))

    def _judged_elsewhere(self, exercise: str, result: StepResult | None) -> Verdict:
        points = self.lesson.exercises[exercise].points
        if result is None:
            return Verdict(exercise, points, points)
        reference = self.known.references[self.seeds[0]][exercise]
        return judge(exercise, points, result, reference, ELSEWHERE)

    def _judged(self, exercise: str, result: StepResult, seed: int) -> Verdict:
        points = self.lesson.exercises[exercise].points
        return judge(exercise, points, result, self.known.references[seed][exercise])

    def _changed_steps(self, submission: Submission, steps: Sequence[Step]) -> list[Step]:
        """Steps with the sources of a submission's cells."""
        sources = {cell.key: cell.source for cell in submission.cells}
        return [s if s.hidden else replace(s, source=sources[s.key]) for s in steps]

    def _graded(
        self,
        submission: Submission,
        exercise: str,
        seed: int,
        last: str | None = None,
        lasting: bool = False,
    ) -> Graded:
        """Grade a submission that is the solution's up to an exercise; with ``last``, up to that.

        What comes before the exercise is not run again: this process has run it.
        """
        lesson = self.lesson
        if last is not None:
            end = 1 + next(i for i, c in enumerate(lesson.cells) if c.id == self._own(last)[-1].key)
            kept = {c.exercise for c in lesson.cells[:end]}
            exercises = {id_: e for id_, e in lesson.exercises.items() if id_ in kept}
            ids = {c.id for c in lesson.cells[:end]}
            lesson = replace(lesson, cells=lesson.cells[:end], exercises=exercises)
            submission = replace(submission, cells=[c for c in submission.cells if c.key in ids])
        start = self.steps[self.first[exercise]].key

        def run(steps: Sequence[Step], settings: Settings) -> dict[str, StepResult]:
            begin = next((i for i, step in enumerate(steps) if step.key == start), 0)
            before = self.known.results[seed]
            results = {s.key: before.get(s.key, StepResult("ok")) for s in steps[:begin]}
            made = self._in_a_child(lasting, "_run_all", steps[begin:], settings)
            return results | made["results"]

        return grade(lesson, submission, self.known.references[seed], run, Settings(seed))

    def _run_all(self, steps: Sequence[Step], settings: Settings) -> dict[str, Any]:
        results = {step.key: run_step(step, self.namespace, settings) for step in steps}
        usual = set().union(*(patches for _, patches in self.known.left.values()))
        return {"results": results, "left": state.patched(self.libraries) - usual}

    def judge_team(self, job: Job, exercise: str) -> Outcome:
        """Judge right variants of many exercises at once, trainings included."""
        steps = self._changed_steps(
            changed(self.lesson, job.change), self.steps[self.first[exercise] :]
        )
        harmed = forked(self._harmed_once, steps)
        lost = ", ".join(f"{k} ({v})" for k, v in harmed.items())
        return Outcome(f"LOSES {lost}" if lost else "")

    def _harmed_once(self, steps: Sequence[Step]) -> dict[str, str]:
        self.seeds = self.seeds[:1]
        return self._harmed(steps)

    # --- all variants ------------------------------------------------------------------------

    def run(self, connection: Connection) -> None:
        """Judge every variant; send each key with its outcome, then ``None``."""
        holders = self.run_solution()
        for exercise, (_, holder) in holders.items():
            holder.send(self.known)
            verdicts = [
                self._judged(exercise, results[self._own(exercise)[-1].key], seed)
                for seed, results in self.known.results.items()
            ]
            verdicts.append(self._judged_elsewhere(exercise, self.known.elsewhere.get(exercise)))
            lost = [f"LOSES POINTS: {v.summary}" for v in verdicts if not v.full]
            outcome = Outcome("; ".join(lost[:1]), parts_of(verdicts[0]))
            connection.send((("solution", exercise, ""), outcome))

        def ask(exercise: str, job: Job) -> Outcome:
            holders[exercise][1].send(job)
            return holders[exercise][1].recv()

        wrong: dict[tuple[str, str], Outcome] = {}
        for job in self.jobs():
            kind, exercise, _ = job.key
            same = exercise, repr(job.change)
            outcome = wrong[same] if kind == "typical" and same in wrong else ask(exercise, job)
            outcome = self._bounded(job.key, outcome)
            if outcome.problem:  # it is to blame itself only if it is misjudged alone, too
                outcome = self._bounded(job.key, ask(exercise, replace(job, alone=True)))
            if kind == "wrong":
                wrong[same] = outcome
            connection.send((job.key, outcome))
        for key, outcome in self._team_outcomes(ask):
            connection.send((key, outcome))
        for child, holder in holders.values():
            holder.send(None)
            os.waitpid(child, 0)
        connection.send(None)

    def jobs(self) -> list[Job]:
        """Every variant; the right ones of exams are judged in teams."""
        found = []
        for exercise in self.lesson.exercises:
            for name, change in self.wrong.get(exercise, {}).items():
                found.append(Job(("wrong", exercise, name), change))
            for name, change in self.right.get(exercise, {}).items():
                if exercise not in self.exams:
                    found.append(Job(("right", exercise, name), change))
            for name, (change, _, _) in self.typical.get(exercise, {}).items():
                found.append(Job(("typical", exercise, name), change))
        return found

    def _bounded(self, key: Key, outcome: Outcome) -> Outcome:
        """Hold the share of a typical answer against its bounds."""
        kind, exercise, name = key
        if kind != "typical" or outcome.problem:
            return outcome
        _, low, high = self.typical[exercise][name]
        if low <= outcome.lowest and outcome.highest <= high:
            return outcome
        earned = f"{outcome.lowest:.0%} to {outcome.highest:.0%}"
        return replace(outcome, problem=f"EARNS {earned}, not {low:.0%} to {high:.0%}")

    def teams(self) -> list[dict[str, str]]:
        """Names of the right variants that play together, by exercise.

        After the sample's teams come the variants of exams that have not played, with the
        solution of all other exercises.
        """
        if not self.exams:
            return []
        last = max(self.hidden[exam] for exam in self.exams)
        players = {e: list(self.right.get(e, {})) for e, i in self.hidden.items() if i <= last}
        players = {exercise: names for exercise, names in players.items() if names}
        size = max(map(len, players.values()), default=0)
        whole = size if self.thorough else min(size, SAMPLE_TEAMS)
        size = max(whole, *(len(self.right[exam]) for exam in self.exams))
        return [
            {
                e: names[k % len(names)]
                for e, names in players.items()
                if k < whole or e in self.exams
            }
            for k in range(size)
        ]

    def _team_outcomes(self, ask: Callable[[str, Job], Outcome]) -> Iterator[tuple[Key, Outcome]]:
        for number, team in enumerate(self.teams()):
            changes = {exercise: self.right[exercise][name] for exercise, name in team.items()}
            key = ("team", "", str(number))
            outcome = ask(next(iter(team)), Job(key, changes))
            guilty = False
            for exercise, name in team.items() if outcome.problem else ():
                alone = ask(exercise, Job(key, {exercise: changes[exercise]}))
                guilty |= bool(alone.problem)
                if alone.problem:
                    yield ("right", exercise, name), Outcome(f"IN A WHOLE RUN {alone.problem}")
            yield key, Outcome() if guilty else outcome
            for exercise in self.exams & team.keys():
                yield ("right", exercise, team[exercise]), Outcome()


def _under(seeds: list[int], verdicts: list[Verdict], full: bool) -> str:
    some = [str(s) for s, v in zip(seeds, verdicts, strict=True) if v.full == full]
    return "" if len(some) == len(verdicts) else f" under seeds {', '.join(some)}"


def parts_of(verdict: Verdict) -> str:
    """Name the parts of an exercise and their shares of its points."""
    total = sum(part.weight for part in verdict.parts)
    return ", ".join(f"{part.label} {part.weight / total:.0%}" for part in verdict.parts)


def judge_all(
    paths: Sequence[Path], seeds: int, processes: int = 1
) -> Iterator[tuple[Path, dict[Key, Outcome]]]:
    """Judge every variant of some notebooks; yield each notebook's outcomes when it is done.

    Each notebook has a process of its own, small, because a fork takes as long as it is large.
    """
    left, running = list(paths), {}
    outcomes: dict[Path, dict[Key, Outcome]] = {path: {} for path in paths}
    while left or running:
        while left and len(running) < processes:
            path = left.pop(0)
            ours, theirs = Pipe()
            os.set_inheritable(theirs.fileno(), True)
            command = [sys.executable, "-m", __name__, str(path), "--seeds", str(seeds)]
            command += ["--connection", str(theirs.fileno())]
            environment = os.environ | {
                "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # quicker to fork
                "NBGRADER_EXECUTION": "autograde",  # trained for as long as graded work is
                ANSWERS_VARIABLE: "1",  # for references
            }
            process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], cwd=ROOT, env=environment
            )
            theirs.close()
            running[ours] = path, process
        for connection in wait(list(running)):
            path, process = running[connection]
            try:
                message = connection.recv()
            except EOFError:
                raise ChildDied(f"{path.stem}: the run of the solution failed") from None
            if message is not None:
                key, outcome = message
                if key not in outcomes[path] or outcome.problem:
                    outcomes[path][key] = outcome
                continue
            del running[connection]
            process.wait()
            yield path, outcomes[path]


@cache
def outcomes_of(path: Path) -> dict[Key, Outcome]:
    """Judge every variant of one notebook under the sample of seeds, once."""
    return next(judge_all([path], SAMPLE))[1]


def missed_words(path: Path, outcomes: dict[Key, Outcome]) -> dict[Key, str]:
    """Wrong variants about which the visible test does not say what it should.

    One that the worked example tells apart is named, or one that returns the same there; of
    another it may say something else.
    """
    found = {}
    says, examples = answers_for(path).says, load(path.stem)
    graded = lesson_at(path).exercises
    wrong = {id_: names for id_, names in answers_for(path).wrong.items() if id_ in graded}
    for exercise, names in wrong.items():
        named = examples.get(exercise, {}).get(WRONG, {})
        for name in names:
            said = outcomes["wrong", exercise, name].said
            word = name if name in named else says.get(exercise, {}).get(name, "")
            if word not in said and not (name in named and any(other in said for other in named)):
                found["wrong", exercise, name] = f"the visible test says {said!r}, not {word!r}"
    return found


def report(path: Path, outcomes: dict[Key, Outcome]) -> int:
    """Print a table of a notebook's variants; return the number misjudged."""
    missed = missed_words(path, outcomes)
    bad = 0
    print(f"{path.stem}", flush=True)
    for key, outcome in outcomes.items():
        problem = "; ".join(filter(None, (outcome.problem, missed.get(key, ""))))
        bad += bool(problem)
        kind, exercise, name = key
        print(
            f"{'✗' if problem else '✓'} {kind:8} {exercise} / {name} ({outcome.seconds:.1f} s) {problem}"
        )
    bank = answers_for(path)
    missing = [
        e for e in lesson_at(path).exercises if not (bank.wrong.get(e) and bank.right.get(e))
    ]
    print(f"{bad} misjudged; exercises without variants: {', '.join(missing) or 'none'}\n")
    return bad + len(missing)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of some notebooks; return the number of variants misjudged."""
    parser = argparse.ArgumentParser(description="Judge the variants of notebooks.")
    parser.add_argument("paths", nargs="*", type=Path, help="source notebooks (default: all)")
    parser.add_argument("--seeds", type=int, default=SAMPLE, help="how many (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--connection", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.connection:
        seeds = range(SEED, SEED + options.seeds)
        Notebook(options.paths[0], seeds).run(Connection(options.connection))
        return 0
    paths = options.paths or sorted(Path("source").glob("*/*.ipynb"))
    runs = judge_all(paths, options.seeds, options.processes)
    return sum(report(path, outcomes) for path, outcomes in runs)


if __name__ == "__main__":  # variants take the place of this module: it is imported once more
    sys.exit(bool(importlib.import_module("tests.support.mutation").main()))
