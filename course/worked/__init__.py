"""Worked examples: what a visible test tries, and what right and wrong answers return there.

A notebook's first cell makes its ``check``; a visible test is then one line::

    check = worked.of("vanilla_rnn", globals())
    check(rnn_step)

Each module here tries the exercises of one notebook. What the model answer and the known wrong
answers return on the same examples is stored beside them in ``stored/``, made when the course is
built; nothing in it belongs to a hidden test.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from course.checks import CheckFailed, require
from course.lending import MARK, is_borrowed
from course.unwritten import STUCK, explain_unwritten, raised_in
from course.worked.trial import Showing, Shown, Trial, load

TRIAL = "t"
"""Name of the parameter of a worked example that is the trial itself."""


class Check:
    """The visible tests of one notebook; call it with an answer.

    Parameters
    ----------
    notebook : str
        The notebook's name, such as ``"vanilla_rnn"``.
    namespace : mapping
        The notebook's names: ``globals()``. Only read.
    """

    def __init__(self, notebook: str, namespace: Mapping[str, Any]) -> None:
        self.notebook = notebook
        self._examples = examples_of(notebook)
        self._stored = load(notebook)
        self._names = namespace
        self._passed: list[Any] = []

    @property
    def exercises(self) -> tuple[str, ...]:
        """Names of the notebook's exercises."""
        return tuple(self._examples)

    def __call__(self, answer: Any) -> None:
        """Try an answer on its worked example and say the first thing to mend, or what is right.

        Raises
        ------
        CheckFailed
            With one specific sentence.
        """
        exercise = self._exercise(answer)
        trial = Trial(exercise, self._stored.get(exercise, {}))
        if is_borrowed(answer):
            trial.say(f"{exercise} is borrowed: worth no points here.", MARK)
        __tracebackhide__ = True  # IPython leaves this frame out
        try:
            self._run(exercise, answer, trial)
        except CheckFailed:
            raise
        except Exception as error:
            shown = _outside_the_library(error.__traceback__)
            raise error.with_traceback(shown)  # noqa: B904  (the same error, with less above it)
        self._passed.append(answer)

    def passed(self, answer: Any) -> bool:
        """Tell whether an answer has passed its visible test; if not, say that nothing is shown.

        It guards a cell that uses an optional exercise, so that a notebook without it runs on.
        """
        if any(answer is one for one in self._passed):
            return True
        name = getattr(answer, "__name__", answer)
        Trial(name, {}).say(f"{name} is optional, and has not passed its check yet.", "○")
        return False

    def example(self, answer: Any) -> None:
        """Show the worked example of an exercise: its arguments, and what must come back."""
        exercise = self._exercise(answer)
        with contextlib.suppress(Shown):
            self._run(exercise, answer, Showing(exercise, self._stored.get(exercise, {})))

    def _exercise(self, answer: Any) -> str:
        for name in self._examples:
            if self._names.get(name) is answer and answer is not None:
                return name
        name = getattr(answer, "__name__", None)
        require(
            name in self._examples,
            f"{name or answer!r} is no exercise of this notebook. There are: "
            f"{', '.join(self._examples)}.",
        )
        return name

    def _run(self, exercise: str, answer: Any, trial: Trial) -> None:
        try_out(self._examples, exercise, answer, trial, self._names)


def of(notebook: str, namespace: Mapping[str, Any]) -> Check:
    """Make the ``check`` of a notebook: ``check = worked.of("vanilla_rnn", globals())``.

    From then on every cell says in a sentence which exercise it needs and misses.
    """
    check = Check(notebook, namespace)
    explain_unwritten(check.exercises)
    return check


def examples_of(notebook: str) -> dict[str, Callable[..., None]]:
    """The worked examples of a notebook, by exercise."""
    module = importlib.import_module(f"{__name__}.{notebook}")
    return {name: f for name, f in vars(module).items() if _is_example(f, module)}


def _is_example(value: Any, module: ModuleType) -> bool:
    if not inspect.isfunction(value) or value.__module__ != module.__name__:
        return False
    if value.__name__.startswith("_"):
        return False
    return next(iter(inspect.signature(value).parameters), None) == TRIAL


def try_out(
    examples: Mapping[str, Callable[..., None]],
    exercise: str,
    answer: Any,
    trial: Trial,
    namespace: Mapping[str, Any],
) -> None:
    """Run a worked example with an answer, and with what else it takes from the notebook.

    Raises
    ------
    CheckFailed
        When the answer is wrong, or when a name that the example needs is not defined yet.
    """
    example = examples[exercise]
    needed = [name for name in inspect.signature(example).parameters if name != TRIAL]
    given = {exercise: answer}
    for name in needed:
        if name not in given:
            require(
                name in namespace,
                f"{exercise} is tried together with {name}, which is not defined yet: "
                "run the cells above first.",
            )
            given[name] = namespace[name]
    try:
        example(trial, **{name: given[name] for name in needed})
    except NotImplementedError as error:
        raised_by = raised_in(error)[-1]
        if raised_by != exercise and raised_by in examples:
            needs = f"{exercise} builds on {raised_by}, which is not written yet."
            raise CheckFailed(f"{needs} {STUCK.format(raised_by)}") from None
        if is_borrowed(answer):
            raise CheckFailed(f"{exercise} is borrowed, and not tried.") from None
        written = f"{exercise} is not written yet: replace the TODO above."
        raise CheckFailed(f"{written} {STUCK.format(exercise)}") from None


def _outside_the_library(traceback: TracebackType | None) -> TracebackType | None:
    """Leave out of a traceback how the answer came to be called; all of it, if no answer was."""
    library, rest = Path(__file__).parents[1], traceback
    while rest is not None and library in Path(rest.tb_frame.f_code.co_filename).parents:
        rest = rest.tb_next
    return rest or traceback
