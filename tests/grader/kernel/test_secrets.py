"""What a kernel holds, and when: no solution and no hidden test before its time, whatever it does.

The attacks run as students' cells, in kernels, against a lesson whose solutions they look for.
"""

from __future__ import annotations

import base64
import functools
import json

import pytest

from course.grader.judging.follow import given
from course.grader.judging.grade import grade, steps_of
from course.grader.judging.references import make_references
from course.grader.kernel.isolation import isolation_in_force
from course.grader.kernel.kernels import Budget, run_in_kernels
from course.grader.kernel.steps import Settings, Step
from course.grader.notebooks.lent import what_is_lent
from course.grader.notebooks.lesson import parse_lesson
from course.grader.notebooks.rebuild import solution_submission
from course.grader.notebooks.submitted import collect
from course.grader.pages.feedback_page import Marks, page
from course.grader.pages.render import graded_notebook, rebuilt_notebook
from course.lending import seal
from tests.conftest import HIDDEN_DOUBLE, SOLVE_DOUBLE, exercise_cells, small_notebook

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not isolation_in_force().fork, reason="kernels are not forked here"),
]
SETTINGS = Settings(11)

LOOK = """
import json, zmq
kernel = get_ipython().kernel
stream = kernel.shell_stream
back = zmq.Context.instance().socket(zmq.DEALER)
back.connect(stream.getsockopt(zmq.LAST_ENDPOINT).decode())
seen = []

def look(milliseconds=200):
    "Take what waits in the kernel's socket, note it, and put it back."
    waiting = []
    while stream.poll(milliseconds):
        waiting.append(stream.recv_multipart())
    seen.append([json.loads(frames[-1]).get("code", "") for frames in waiting])
    for frames in waiting:
        back.send_multipart(frames[1:])
    return seen[-1]

stolen = {}

def steal(codes):
    "Execute what is not the student's own, to have its functions."
    for code in codes:
        if "stolen" not in code and "publish(" not in code:
            try:
                exec(code, stolen)
            except BaseException:
                pass
"""
ROB = "def {0}(x):\n    return stolen.get('{0}', lambda x: x)(x)"


@pytest.fixture(scope="module")
def lesson():
    """The small lesson with a third exercise."""
    notebook = small_notebook()
    cells = exercise_cells(
        "triple",
        SOLVE_DOUBLE.replace("double", "triple").replace("2 *", "3 *"),
        HIDDEN_DOUBLE.replace("double", "triple"),
    )
    notebook.cells[-1:-1] = cells
    return parse_lesson(notebook, "00_small", "small")


@pytest.fixture(scope="module")
def references(lesson):
    return make_references(lesson, SETTINGS.seed, run_in_kernels)


def submission_of(lesson, **sources: str):
    submission = solution_submission(lesson)
    for cell in submission.cells:
        if cell.key in sources:
            cell.source = cell.node.source = sources[cell.key]
    return submission


def written_by(lesson, **before: str) -> dict[str, str]:
    """The solution's cells, some with code in front, as a student's."""
    sources = {c.id: c.node.source for c in lesson.cells if c.role == "solution"}
    return {id_: f"{before.get(id_, '')}\n{source}" for id_, source in sources.items()}


def graded(lesson, references, run=run_in_kernels, **sources):
    submission = submission_of(lesson, **sources)
    return grade(lesson, submission, references.payloads, run, SETTINGS, references.seconds)


def test_what_waits_in_a_kernel_is_the_students_own(lesson):
    """Look at every moment: in each of the student's cells, and in the midst of hidden tests."""
    own = {id_: f"look()\ndef {id_}(x):\n    look()\n    return x" for id_ in lesson.exercises}
    submission = submission_of(lesson, imports=LOOK + "look()", **own)
    steps = []
    for step in steps_of(lesson, submission, True):
        steps.append(step)
        if step.hidden:
            steps.append(given(step.exercise, f"SOLUTION_OF_{step.exercise} = 1"))
    show = "look(1000)\nprint(json.dumps(seen))"
    results = run_in_kernels([*steps, Step("show", show)], SETTINGS)
    seen = json.loads(results["show"].outputs[0].text)
    assert len(seen) >= 2 + 2 * len(lesson.exercises)
    waiting = [code for moment in seen for code in moment]
    assert any("def double" in code for code in waiting), "the kernel has its next cells at hand"
    for code in waiting:
        assert "publish(" not in code
        assert "SOLUTION_OF" not in code


DRAIN = (
    LOOK
    + """
steal(look(1500))
"""
)
FORGE = (
    LOOK
    + """
import time
def say_done(header):
    kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=header)

say_done(kernel.get_parent()["header"])
end = time.monotonic() + 4
while time.monotonic() < end:
    while stream.poll(200):
        frames = stream.recv_multipart()
        header, code = json.loads(frames[-4]), json.loads(frames[-1])["code"]
        steal([code])
        if "publish(" in code:
            try:
                exec(code, globals())
            except BaseException:
                pass
        say_done(header)
"""
)
THREAD = (
    LOOK
    + """
import threading
def lurk():
    while True:
        steal(look(5))
threading.Thread(target=lurk, daemon=True).start()
"""
)


def robbed(lesson, references, attack):
    """Grade a submission that has nothing but an attack in its first exercise."""
    own = {id_: ROB.format(id_) for id_ in lesson.exercises}
    own["double"] = f"{attack}\n{own['double']}"
    return graded(lesson, references, **own)


@pytest.mark.parametrize("attack", [DRAIN, FORGE, THREAD], ids=["drain", "forge", "lurk"])
def test_nothing_is_earned_by_what_waits_in_the_socket(lesson, references, attack):
    result = robbed(lesson, references, attack)
    assert result.points == 0, result.verdicts


def test_the_attack_would_earn_points_if_nothing_were_withheld(lesson, references, monkeypatch):
    monkeypatch.setattr(Step, "withheld", False)
    assert robbed(lesson, references, DRAIN).points > 0


@pytest.mark.parametrize("place", ["history", "frames", "garbage", "line cache"])
def test_no_later_test_and_no_solution_can_be_found_anywhere(lesson, place):
    """Whatever is found in a kernel while the second hidden test runs, the third is not there."""
    find = {
        "history": "str(get_ipython().user_ns.get('_ih')) + str(get_ipython().kernel.__dict__)",
        "frames": "''.join(str(f.f_locals) for f in frames())",
        "garbage": "''.join(o for o in strings())",
        "line cache": "str(__import__('linecache').cache)",
    }[place]
    look = f"""
import gc, sys
def frames():
    frame = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back
def strings():
    for thing in gc.get_objects():
        for part in gc.get_referents(thing):
            if type(part) is str:
                yield part
            if type(part) is bytes:
                yield part.decode("utf-8", "replace")
found = []
def quadruple(x):
    found.append({find})
    return x
"""
    steps = steps_of(lesson, submission_of(lesson, quadruple=look), True)
    steps.append(given("triple", "SOLUTION_OF_" + "triple = 1"))
    show = Step(
        "show", "print(any('triple, case.' in f or 'SOLUTION_' + 'OF' in f for f in found))"
    )
    second = next(i for i, s in enumerate(steps) if s.key == "quadruple_hidden")
    results = run_in_kernels([*steps[: second + 1], show, *steps[second + 1 :]], SETTINGS)
    assert results["show"].outputs[0].text == "False\n", results["show"]
    assert results["quadruple_hidden"].emissions


CARRY = """
import base64, sys
secret = []
def double(x):
    frame = sys._getframe()
    while frame:
        if len(secret) < 20:  # else what was carried is found again, and doubles at every call
            secret.extend(str(v) for v in frame.f_locals.values() if "case.call" in str(v))
        frame = frame.f_back
    {0}
"""
ENCODED = "base64.b64encode(''.join(secret).encode()).decode()"
OUT = {
    "a message": f"raise ValueError({ENCODED})",
    "a kind": f"raise type({ENCODED}, (Exception,), {{}})()",
    "a kind within": f"raise type({ENCODED}, (NotImplementedError,), {{}})()",
    "a type": f"return type({ENCODED}, (), {{}})()",
    "a key": f"return {{{ENCODED}: x}}",
    "a dtype": f"return np.zeros(2, dtype=[({ENCODED}[:60], float)])",
    "a string": f"return {ENCODED}",
    "an attribute": f"return getattr(x, {ENCODED})",
    "a name": f"exec({ENCODED}.replace('=', '_').replace('+', '_').replace('/', '_'))",
    "a file name": f"exec(compile('1/0', {ENCODED}, 'exec'))",
    "a warning": f"import warnings; warnings.warn({ENCODED}); print({ENCODED}); return x",
    "standard error": f"print({ENCODED}, file=sys.stderr); return x",
    "a display": f"from IPython.display import display; display({ENCODED}); return x",
    "a later cell": "return x",
}


@pytest.mark.parametrize("way", OUT.values(), ids=OUT)
def test_no_text_of_a_hidden_test_comes_back_in_any_disguise(lesson, references, way):
    later = f"import base64\nprint({ENCODED})\n{ENCODED}\nraise ValueError({ENCODED})"
    sources = {"double": CARRY.format(way), "quadruple": later}
    submission = submission_of(lesson, **sources)
    result = graded(lesson, references, **sources)
    notebook = graded_notebook(lesson, submission, result)
    shown = page(notebook, Marks())
    instructors = json.dumps(graded_notebook(lesson, submission, result).cells)
    pieces = _pieces(lesson.exercises["double"].blind)
    for secret in pieces:
        assert secret not in shown
        assert secret not in str(list(result.verdicts.values()))
    # The text is there to be carried out: a later cell of the student's has it.
    assert any(secret in instructors for secret in pieces)


def _pieces(test: str) -> set[str]:
    """Stretches of a hidden test's base64, at each of the three places where a byte may begin."""
    line = next(line for line in test.splitlines() if "case.call" in line)
    return {base64.b64encode(line.encode()[i:]).decode()[4:20] for i in range(3)}


def test_an_ordinary_mistake_is_still_told(lesson, references):
    wrong = {
        "double": "\ndef double(x):\n    y = x @ x.T @ x.T\n    return y",
        "quadruple": "def quadruple(x):\n    return missing * x",
        "triple": "def triple(x):\n    raise NotImplementedError",
    }
    verdicts = graded(lesson, references, **wrong).verdicts
    assert "ValueError: matmul: Input operand 1 has a mismatch" in verdicts["double"].cause
    assert "(line 3: y = x @ x.T @ x.T)" in verdicts["double"].cause
    assert "NameError: name 'missing' is not defined (line 2:" in verdicts["quadruple"].cause


def test_resetting_the_namespace_costs_no_exercise(lesson, references):
    for magic in ("%reset -f", "%reset -sf", "%reset_selective -f .", "get_ipython().reset()"):
        submission = submission_of(lesson)
        place = next(i for i, c in enumerate(submission.cells) if c.key == "double_hidden")
        extra = submission.cells[place].__class__
        node = submission.cells[1].node.copy()
        submission.cells.insert(place, extra("own", "extra", None, magic, node, True))
        result = grade(
            lesson, submission, references.payloads, run_in_kernels, SETTINGS, references.seconds
        )
        assert result.points == result.maximum, magic


HUNT = """
import os
from pathlib import Path
os.environ.pop("NBGRADER_EXECUTION", None)
import course
from course import lending, rescue
places = [Path.cwd(), Path.home(), Path(course.__file__).parent]
files = [path for place in places for path in place.rglob("*") if os.access(path, os.R_OK)]
found = [p for p in files if p.is_file() and p.suffix[:3] != ".py" and lending.SEAL.strip() in p.read_bytes()]
try:
    double = rescue("double")
except lending.NotLent as error:
    print(len(files) > 50, [*map(str, found)], str(error)[:17])
"""


def test_no_kernel_finds_what_rescue_lends(lesson, references, tmp_path):
    """Although the student has handed its file in, under three names."""
    here = tmp_path / "submitted" / "ann" / "00_small"
    (here / "data").mkdir(parents=True)
    own = written_by(lesson) | {"double": HUNT}
    (here / "small.ipynb").write_text(json.dumps(rebuilt_notebook(lesson, submission_of(lesson))))
    data = seal({"exercises": what_is_lent(lesson)})
    for name in ("small.rescue", "notes.txt", "data/x.npy"):
        (here / name).write_bytes(data)
    (here / "own.txt").write_text("mine")
    files = collect(here, [lesson], {})["small"].files
    assert [name for name, _ in files] == ["own.txt"]
    run = functools.partial(run_in_kernels, files=files)
    result = graded(lesson, references, run, **own)
    assert result.verdicts["double"].points == 0
    assert result.verdicts["quadruple"].full and result.verdicts["triple"].full
    said = "".join(output.get("text", "") for output in result.results["double"].outputs)
    assert said == "True [] There is no file \n"


CLEARED = "deletes the notebook's names"


@pytest.mark.parametrize(
    "code",
    [
        "globals().clear()",
        "get_ipython().user_ns.clear()",
        "for name in list(globals()):\n    del globals()[name]",
        "for name in dir():\n    if not name.startswith('_'):\n        del globals()[name]",
    ],
)
def test_emptying_the_namespace_costs_no_exercise_and_is_named(lesson, references, code):
    result = graded(lesson, references, **written_by(lesson, quadruple=code))
    assert result.points == result.maximum
    assert any(CLEARED in note for note in result.notes)


def test_a_function_that_empties_the_namespace_is_named_and_costs_no_other(lesson, references):
    own = written_by(lesson) | {
        "double": "def double(x):\n    globals().clear()\n    return 2 * np.array(x)"
    }
    verdicts = graded(lesson, references, **own).verdicts
    assert CLEARED in verdicts["double"].cause and "NameError" in verdicts["double"].cause
    assert verdicts["quadruple"].full and verdicts["triple"].full


def test_names_that_a_cell_deletes_on_purpose_stay_deleted(lesson, references):
    code = "a = b = c = 1\ndel a, b, c\nassert 'a' not in globals()"
    result = graded(lesson, references, **written_by(lesson, double=code))
    assert result.results["double"].status == "ok"
    assert not any(CLEARED in note for note in result.notes)


def test_one_budget_holds_for_all_runs(lesson, references):
    loop = "import time\ndef {0}(x):\n    while True:\n        time.sleep(1)"
    own = {id_: loop.format(id_) for id_ in lesson.exercises}
    budget = Budget(3.0)
    run = functools.partial(run_in_kernels, budget=budget)
    result = graded(lesson, references, run=run, **own)
    assert budget.left < 0.5
    causes = {verdict.cause for verdict in result.verdicts.values()}
    assert any("the submission took more than 3 s in all" in cause for cause in causes)
