"""Make the references: run the solution through the path of every submission, and keep the result.

References lie in the course folder's ``.grader/references``, which no kernel can see, under a key
made of the source, the seed and the versions of the libraries. They are made on demand.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from course import emission
from course.grader.ground.files import write_atomically
from course.grader.ground.wire import BadPayload
from course.grader.judging.diagnosis import Wrong, unpacked
from course.grader.judging.grade import steps_of
from course.grader.judging.payload import Payload, read
from course.grader.kernel.steps import Runner, Settings
from course.grader.notebooks.lesson import Lesson
from course.grader.notebooks.rebuild import solution_submission

FORMAT = 1
"""Raise it when the form of this store changes."""


class SolutionError(RuntimeError):
    """The solution itself fails; the message names the notebook and the cell."""


@dataclass(frozen=True)
class References:
    """What the solution emitted, and how long each of its cells took.

    Attributes
    ----------
    emissions : dict of str to bytes
        By exercise.
    seconds : dict of str to float
        By step.
    misconceptions : bytes
        What known wrong answers emitted, packed by :mod:`course.grader.judging.diagnosis`.
    """

    emissions: dict[str, bytes] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    misconceptions: bytes = b""

    @functools.cached_property
    def known(self) -> dict[str, dict[str, Wrong]]:
        """Known wrong answers by exercise and sentence, unpacked once."""
        return unpacked(self.misconceptions)

    @functools.cached_property
    def payloads(self) -> dict[str, Payload]:
        """Every emission, read once."""
        return {exercise: read(data, trusted=True) for exercise, data in self.emissions.items()}

    def to_bytes(self) -> bytes:
        """Pack into bytes that travel to workers."""
        body = {id_: data.hex() for id_, data in self.emissions.items()}
        known = base64.b64encode(self.misconceptions).decode()
        content = {"emissions": body, "seconds": self.seconds, "misconceptions": known}
        return json.dumps(content).encode()

    @staticmethod
    def from_bytes(data: bytes) -> References:
        """Unpack what :meth:`to_bytes` packed."""
        content = json.loads(data)
        body = {id_: bytes.fromhex(text) for id_, text in content["emissions"].items()}
        known = base64.b64decode(content.get("misconceptions", ""))
        return References(body, content["seconds"], known)


def references_for(lesson: Lesson, seed: int, store: Path, run: Runner) -> References:
    """Return a lesson's references under a seed, from the store or by running the solution.

    Parameters
    ----------
    lesson : Lesson
    seed : int
        Seed of the grading run.
    store : pathlib.Path
        Folder of references; made when missing.
    run : callable
        Runs steps in a kernel.

    Returns
    -------
    References

    Raises
    ------
    SolutionError
        When a cell of the solution raises, hangs or emits nothing.
    """
    path = store / f"{lesson.assignment}-{lesson.notebook}-{key_of(lesson, seed)}.json"
    if path.is_file():
        return References.from_bytes(path.read_bytes())
    references = make_references(lesson, seed, run)
    write_atomically(path, references.to_bytes())
    return references


def make_references(lesson: Lesson, seed: int, run: Runner) -> References:
    """Run the solution and gather what its hidden tests emit; see :func:`references_for`."""
    where = f"{lesson.assignment}/{lesson.notebook}"
    steps = steps_of(lesson, solution_submission(lesson))
    results = run(steps, Settings(seed, reference=True))
    emissions = {}
    for step in steps:
        result = results[step.key]
        if result.status != "ok":
            raise SolutionError(f"{where}: the solution's cell {step.key!r} fails: {result.cause}")
        if step.hidden:
            if len(result.emissions) != 1:
                raise SolutionError(f"{where}: the test {step.key!r} emits nothing")
            error = _problem_of(result.emissions[0])
            if error:
                raise SolutionError(
                    f"{where}: the test {step.key!r} fails on the solution: {error}"
                )
            emissions[step.exercise] = result.emissions[0]
    return References(emissions, {key: result.seconds for key, result in results.items()})


def _problem_of(emission: bytes) -> str:
    """Say why an emission of the solution's is no reference, or nothing."""
    try:
        payload = read(emission, trusted=True)
    except BadPayload as error:
        return str(error)
    if payload.errors:
        return next(iter(payload.errors.values()))
    return "" if payload.answers else "it emits no answer"


def key_of(lesson: Lesson, seed: int) -> str:
    """Digest of everything that a reference depends on."""
    cells = [[cell.id, cell.role, cell.node.source] for cell in lesson.cells]
    libraries = [version(name) for name in ("numpy", "torch", "rnn-course")]
    library = sorted(Path(emission.__file__).parent.glob("*.py"))
    draws = hashlib.sha256(b"".join(path.read_bytes() for path in library)).hexdigest()
    text = json.dumps([FORMAT, lesson.assignment, lesson.notebook, seed, libraries, draws, cells])
    return hashlib.sha256(text.encode()).hexdigest()[:20]
