"""Kernels that hang, die, flood and lie: the offender pays, the rest keeps its points."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest

from course.grader.confine import Limits
from course.grader.isolation import isolation_in_force
from course.grader.kernels import run_in_kernels
from course.grader.steps import Settings, Step

pytestmark = pytest.mark.slow
SETTINGS = Settings(seed=1)
isolated = pytest.mark.skipif(
    not isolation_in_force().complete, reason=isolation_in_force().describe()
)

HIDDEN = """
from course.emission import cases

@cases({"N": 2, "D": 3})
def hidden(case):
    case.call(f, case.normal("N D"), returns="y")
"""


def run(*cells: str, exercise: str | None = "e", seconds: float = 20, **limits: int):
    """Run cells between a good one before and a good one after."""
    steps = [Step("before", "print('before')")]
    steps += [Step(f"c{i}", source, exercise, seconds=seconds) for i, source in enumerate(cells)]
    steps += [
        Step("define", "def f(x):\n    return x + 1", "other"),
        Step("test", HIDDEN, "other", hidden=True),
    ]
    return run_in_kernels(steps, SETTINGS, Limits(**limits) if limits else None)


def text_of(result) -> str:
    return "".join(o.get("text", "") for o in result.outputs)


FATAL = {
    "an endless loop": ("while True:\n    pass", "stopped after 3 s"),
    "a loop that swallows interrupts": (
        "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass",
        "stopped after 3 s",
    ),
    "a deadlock": (
        "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
        "stopped after 3 s",
    ),
    "an exit": ("import os\nos._exit(3)", "died (exit code 3)"),
    "a crash": ("import ctypes\nctypes.string_at(0)", "died"),
    "closed descriptors": (
        "import os\nfor fd in range(3, 256):\n    try:\n        os.close(fd)\n    except OSError:\n        pass",
        "",
    ),
    "a flood of output": ("while True:\n    print('x' * 10_000)", "printed"),
    "a hog of memory": (
        "hog = []\nwhile True:\n    hog.append(bytearray(b'x') * 50_000_000)",
        "",
    ),
}


@pytest.mark.parametrize(("source", "cause"), FATAL.values(), ids=FATAL)
def test_the_offender_pays_and_the_rest_keeps_its_points(source, cause):
    results = run(source, seconds=3, memory=2**30)
    assert cause in results["c0"].cause
    assert results["c0"].status in {"stopped", "error"}
    assert text_of(results["before"]) == "before\n"
    assert results["test"].status == "ok"
    assert len(results["test"].emissions) == 1


@isolated
def test_a_fork_bomb_is_bounded():
    bomb = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
    results = run(bomb, seconds=3)
    assert results["c0"].status == "stopped"
    assert results["test"].status == "ok"


def test_input_raises_instead_of_waiting():
    results = run("input('name? ')")
    assert results["c0"].status == "error"
    assert "StdinNotImplementedError" in results["c0"].cause


def test_the_other_cells_of_a_stopped_exercise_are_left_out():
    steps = [
        Step("loop", "while True:\n    pass", "e", seconds=2),
        Step("test", HIDDEN, "e", hidden=True),
    ]
    results = run_in_kernels(steps, SETTINGS)
    assert results["test"].status == "skipped"
    assert "stopped after 2 s" in results["test"].cause


def test_errors_and_stderr_are_kept_as_outputs():
    results = run("import sys\nprint('note', file=sys.stderr)\n1 / 0")
    assert results["c0"].status == "error"
    assert results["c0"].cause.startswith("ZeroDivisionError")
    assert [o.output_type for o in results["c0"].outputs] == ["stream", "error"]


def test_emissions_of_another_cell_are_not_mixed_up():
    forged = (
        "from IPython.display import publish_display_data\n"
        "publish_display_data({'application/vnd.rnn-course.emission': 'AAAA'})"
    )
    results = run(forged)
    assert len(results["c0"].emissions) == 1
    assert len(results["test"].emissions) == 1


PROBES = {
    "the sources": ("import os; print(os.path.exists('ROOT/source'))", "False"),
    "the gradebook": ("import os; print(os.path.exists('ROOT/gradebook.db'))", "False"),
    "references": ("import os; print(os.path.exists('ROOT/.grader'))", "False"),
    "git": ("import os; print(os.path.exists('ROOT/.git'))", "False"),
    "the home folder": (
        "import os; print(sorted(os.listdir(os.path.expanduser('~'))))",
        "['ipython', 'work']",
    ),
    "writing the library": (
        "import course\ntry:\n    open(course.__file__, 'a')\nexcept OSError:\n    print('refused')",
        "refused",
    ),
    "the network": (
        "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 22), 1)\n"
        "except OSError as e:\n    print('refused')\n"
        "try:\n    socket.create_connection(('10.255.255.1', 80), 1)\n"
        "except OSError as e:\n    print('refused')",
        "refused\nrefused",
    ),
    "other processes": (
        "import os, signal\nseen = [p for p in os.listdir('/proc') if p.isdigit()]\n"
        "print(len(seen) < 8)",
        "True",
    ),
    "the environment": ("import os; print(os.environ.get('A_SECRET_OF_THE_SHELL'))", "None"),
    "root": ("import os; print(os.geteuid() == 0)", "False"),
    "writing beside its folder": (
        "try:\n    open('/var/tmp/x', 'w')\nexcept OSError:\n    print('refused')",
        "refused",
    ),
    "its own folder": ("open('a.txt', 'w').write('a'); print(open('a.txt').read())", "a"),
    "a large file": (
        "try:\n    open('big', 'wb').write(b'0' * 200_000_000)\nexcept OSError:\n    print('refused')",
        "refused",
    ),
}


@isolated
@pytest.mark.parametrize(("source", "expected"), PROBES.values(), ids=PROBES)
def test_a_kernel_sees_only_what_is_its_own(source, expected, monkeypatch, repository):
    monkeypatch.setenv("A_SECRET_OF_THE_SHELL", "yes")
    (repository.root / ".grader").mkdir(exist_ok=True)
    results = run(source.replace("ROOT", str(repository.root)))
    assert expected in text_of(results["c0"]), results["c0"]


def test_nothing_passes_from_one_kernel_to_the_next():
    leave = (
        "import builtins, numpy, os\nbuiltins.secret = 1\nnumpy.secret = 1\n"
        "open('/tmp/secret', 'w').write('1')\nos.environ['SECRET'] = '1'"
    )
    look = (
        "import builtins, numpy, os\nprint(hasattr(builtins, 'secret'), hasattr(numpy, 'secret'),"
        " os.path.exists('/tmp/secret'), 'SECRET' in os.environ)"
    )
    run(leave)
    if isolation_in_force().namespaces:
        assert text_of(run(look)["c0"]) == "False False False False\n"
    else:
        assert text_of(run(look)["c0"]).startswith("False False")


def test_every_kernel_has_its_own_random_state():
    draw = "import random, numpy, torch\nprint(random.random(), numpy.random.rand(), torch.rand(1))"
    assert text_of(run(draw)["c0"]) != text_of(run(draw)["c0"])


def test_no_process_stays_behind():
    run("import subprocess, sys\nsubprocess.Popen(['sleep', '300'], start_new_session=True)")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        mine = psutil.Process().children(recursive=True)
        if not [p for p in mine if p.is_running() and "sleep" in p.name()]:
            return
        time.sleep(0.1)
    pytest.fail("a sleeping process is left")


@isolated
def test_a_dead_parent_is_started_again():
    from course.grader.warm import nursery

    run("1 + 1")
    parent = nursery()._process
    os.killpg(parent.pid, signal.SIGKILL)
    parent.wait(30)
    assert run("print('again')")["test"].status == "ok"
