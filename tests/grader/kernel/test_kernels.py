"""Kernels that hang, die, flood and lie: the offender pays, the rest keeps its points."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from course.grader.kernel.confine import Limits
from course.grader.kernel.isolation import isolation_in_force
from course.grader.kernel.kernels import run_in_kernels
from course.grader.kernel.steps import Settings, Step

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
    "a flood of output": ("while True:\n    print('x' * 100_000)", "stopped"),
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


HOGS = {
    "processes": (
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n"
        "        hog = bytearray(b'x') * 300_000_000\n        time.sleep(30)\n        os._exit(0)\n"
        "time.sleep(20)"
    ),
    "files in memory": (
        "import os, time\nhogs = [os.memfd_create('hog') for _ in range(14)]\n"
        "for hog in hogs:\n    os.write(hog, bytes(100_000_000))\n"
        "time.sleep(20)"
    ),
}


@isolated
@pytest.mark.parametrize(
    ("measured", "hogs"),
    [(False, "processes"), (True, "processes"), (True, "files in memory")],
    ids=["control group", "measured", "measured, files"],
)
def test_memory_of_all_processes_together_is_bounded(measured, hogs, monkeypatch):
    if measured:
        monkeypatch.setattr("course.grader.kernel.warm.memory_group", lambda limit: None)
    elif not isolation_in_force().control_group:
        pytest.skip("this process may make no control group here")
    results = run(HOGS[hogs], memory=2**30 + measured)  # another limit, so that no kernel waits
    assert results["c0"].cause == "stopped: it used more than 1 GiB of memory in the cell c0"
    assert results["test"].status == "ok"


@isolated
def test_a_fork_bomb_is_bounded():
    bomb = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
    results = run(bomb, seconds=1)
    assert results["c0"].status == "stopped"
    assert results["test"].status == "ok"


def test_input_raises_instead_of_waiting():
    results = run("input('name? ')")
    assert results["c0"].status == "error"
    assert "StdinNotImplementedError" in results["c0"].cause


def test_the_other_cells_of_a_stopped_exercise_are_left_out():
    steps = [
        Step("loop", "import time\nwhile True:\n    time.sleep(1)", "e", seconds=2),
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
        "['work']",
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
    "the host of a virtual machine": (
        "import socket\ntry:\n    socket.socket(40, socket.SOCK_STREAM)\n"
        "except PermissionError:\n    print('refused')",
        "refused",
    ),
    "other processes": (
        "import os, signal\nseen = [p for p in os.listdir('/proc') if p.isdigit()]\n"
        "print(len(seen) < 8)",
        "True",
    ),
    "other kernels' sockets": (
        "import os\nroot = next(n for n in os.listdir('/var/tmp') if n.startswith('rck-'))\n"
        "print(len(os.listdir(f'/var/tmp/{root}')))",
        "1",
    ),
    "making sockets on the grader's disk": (
        "import glob, socket\n(folder,) = glob.glob('/var/tmp/rck-*/k*/s')\n"
        "try:\n    socket.socket(socket.AF_UNIX).bind(f'{folder}/mine')\n"
        "except OSError:\n    print('refused')",
        "refused",
    ),
    "files without number": (
        "import os; print(max(os.statvfs(f).f_files for f in ('.', '/dev/shm')) <= 50_000)",
        "True",
    ),
    "the environment": ("import os; print(os.environ.get('A_SECRET_OF_THE_SHELL'))", "None"),
    "capabilities": (
        "print([line for line in open('/proc/self/status') if line.startswith(('CapEff', 'CapBnd'))"
        " and int(line.split()[1], 16)])",
        "[]",
    ),
    "mounts": (
        "import ctypes\nc = ctypes.CDLL(None)\n"
        "print(c.umount2(b'/tmp', 2), c.mount(b'none', b'/tmp', b'tmpfs', 0, None))",
        "-1 -1",
    ),
    "held-out answers": (
        "from course.data import movie_reviews, pronunciation, series, tagging\n"
        "for answers in (movie_reviews.answers(), pronunciation.answers(),"
        " tagging.address_answers(), series.weather_answers().ravel()):\n"
        "    print(len({str(set(a)) if isinstance(a, list) else a for a in answers}))",
        "1\n1\n1\n1\n",
    ),
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


@pytest.mark.parametrize("reference", [True, False])
def test_held_out_answers_are_there_for_the_reference_alone(reference):
    ask = "from course import data\nprint(len(data.held_out_answers('weather')))"
    results = run_in_kernels([Step("ask", ask)], Settings(seed=1, reference=reference))
    if reference:
        assert int(text_of(results["ask"])) > 0
    else:
        assert results["ask"].cause.startswith("DataMissing")


def test_nothing_passes_from_one_kernel_to_the_next():
    leave = (
        "import builtins, numpy, os\nbuiltins.secret = 1\nnumpy.secret = 1\n"
        "open('/tmp/secret', 'w').write('1')\nos.environ['SECRET'] = '1'\n"
        "import socket\ntry:  # its end is noted for a minute\n"
        "    server = socket.create_server(('127.0.0.1', 0))\n"
        "    socket.create_connection(server.getsockname()).close()\n"
        "    server.accept()[0].close()\nexcept OSError:\n    pass"
    )
    look = (
        "import builtins, numpy, os\nprint(hasattr(builtins, 'secret'), hasattr(numpy, 'secret'),"
        " os.path.exists('/tmp/secret'), 'SECRET' in os.environ)\n"
        "print(len(open('/proc/net/tcp').readlines()))"
    )
    run(leave)
    if isolation_in_force().namespaces:
        assert text_of(run(look)["c0"]) == "False False False False\n1\n"
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
    from course.grader.kernel.warm import nursery

    run("1 + 1")
    parent = nursery()._process
    os.killpg(parent.pid, signal.SIGKILL)
    parent.wait(30)
    assert run("print('again')")["test"].status == "ok"


def test_a_warm_parent_reads_no_notebooks():
    """What reads them takes a third of a second to load, at every click in formgrader."""
    code = "import sys, course.grader.kernel.nursery; sys.exit('nbformat' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_files_that_were_handed_in_lie_in_the_kernels_folder():
    look = (
        "print(open('notes.txt').read(), open('deep/data.csv').read())\nimport mine\nprint(mine.x)"
    )
    files = [("notes.txt", b"note"), ("deep/data.csv", b"1,2"), ("mine.py", b"x = 5")]
    results = run_in_kernels([Step("look", look)], SETTINGS, files=files)
    assert text_of(results["look"]) == "note 1,2\n5\n"


def test_a_file_never_takes_the_place_of_an_installed_module():
    files = [("json.py", b"raise SystemExit"), ("torch.py", b"raise SystemExit")]
    files += [("course/checks.py", b"raise SystemExit"), ("fractions.py", b"raise SystemExit")]
    look = "import json, torch, course.checks, fractions\nprint(fractions.Fraction(1, 2))"
    assert text_of(run_in_kernels([Step("look", look)], SETTINGS, files=files)["look"]) == "1/2\n"


def test_a_students_own_cells_cannot_use_up_the_restarts():
    kills = [Step(f"own{i}", "import os\nos._exit(1)", extra=True) for i in range(12)]
    define = Step("define", "def f(x):\n    return x + 1", "other")
    results = run_in_kernels([*kills, define, Step("test", HIDDEN, "other", hidden=True)], SETTINGS)
    assert results["test"].status == "ok"
    assert "had to be stopped" in results["own11"].cause


def test_a_students_own_cells_have_a_time_of_their_own(monkeypatch):
    monkeypatch.setattr("course.grader.kernel.kernels.EXTRA_SECONDS", 1.0)
    own = [Step(f"own{i}", "import time\ntime.sleep(0.6)", extra=True) for i in range(4)]
    define = Step("define", "def f(x):\n    return x + 1", "other")
    results = run_in_kernels([*own, define, Step("test", HIDDEN, "other", hidden=True)], SETTINGS)
    assert [results[s.key].status for s in own] == ["ok", "ok", "skipped", "skipped"]
    assert results["test"].status == "ok"
