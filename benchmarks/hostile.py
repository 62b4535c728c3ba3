"""A class with hostile submissions in it: what they cost the grader, and nobody else.

Each attack stands at the top of the first exercise's cell; the rest of the notebook is right.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict

import nbformat
import psutil

from benchmarks.memory import WATCH, watched_memory
from course.grader.classroom.course_folder import CourseFolder
from course.grader.classroom.run import Options, grade_class
from course.grader.judging.outcome import Outcome, Run

SEND = """
def send(contents, extra=(), kind="display_data", times=1):
    kernel = get_ipython().kernel
    message = kernel.session.msg(kind, {}, parent=kernel.get_parent()["header"])
    frames = kernel.session.serialize(message)
    frames[-1] = contents
    frames[1] = kernel.session.sign(frames[2:])
    for _ in range(times):
        kernel.iopub_thread.socket.send_multipart([b"x", *frames, *extra])
"""
DRAIN = """
import json, zmq
stream = get_ipython().kernel.shell_stream
back = zmq.Context.instance().socket(zmq.DEALER)
back.connect(stream.getsockopt(zmq.LAST_ENDPOINT).decode())
waiting = []
while stream.poll(200):
    waiting.append(stream.recv_multipart())
for frames in waiting:
    try:
        exec(json.loads(frames[-1])["code"], globals())
    except BaseException:
        pass
    back.send_multipart(frames[1:])
"""
FORGE = """
import base64, numpy as np
from IPython.display import publish_display_data
from course.emission import MIME_TYPE, Emission
for _ in range(50):
    forged = Emission("rnn_step", errors=[])
    forged.add(0, "h", np.zeros((3, 5)))
    publish_display_data({MIME_TYPE: base64.b64encode(forged.to_bytes()).decode()})
"""
MANIFEST = """
import io, numpy as np, course.emission
def large(self):
    text = b'{"exercise": "rnn_step", "errors": [], "records": [' + b"0," * 3_900_000 + b"0]}"
    buffer = io.BytesIO()
    np.savez(buffer, manifest=np.frombuffer(text, np.uint8))
    return buffer.getvalue()
course.emission.Emission.to_bytes = large
"""
ATTACKS = {
    "a loop": "while True:\n    pass",
    "a loop that catches all": "import time\nwhile True:\n    try:\n        time.sleep(1)\n"
    "    except BaseException:\n        pass",
    "a flood": "while True:\n    print('x' * 100_000)",
    "a flood of frames": f"{SEND}\nsend(b'{{}}', extra=[b'x' * 15_000_000] * 30)",
    "a flood of brackets": SEND + "\nsend(b'{\"data\": [' + b'[],' * 5_000_000 + b'[]]}', times=5)",
    "tracebacks": SEND + "\nsend(b'{\"traceback\": [\"' + b'x' * 900_000 + b'\"]}', kind='error', "
    "times=200)",
    "a hog of memory": "hog = []\nwhile True:\n    hog.append(bytearray(b'x') * 50_000_000)",
    "hogs of memory": "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n"
    "        hog = bytearray(b'x') * 400_000_000\n        time.sleep(30)\n        os._exit(0)",
    "a kill": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "a stop": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "an exit": "import os\nos._exit(0)",
    "a later exit": "import os, threading\nthreading.Timer(0.2, os._exit, [1]).start()",
    "a crash": "import ctypes\nctypes.string_at(0)",
    "a fork bomb": "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n"
    "        pass",
    "forged emissions": FORGE,
    "a drain": DRAIN,
    "a large manifest": MANIFEST,
    "records without end": "from course.emission import Emission\nadd = Emission.add\n"
    "Emission.add = lambda self, case, name, value, rule=None: [\n"
    "    add(self, case, f'{name}{i}', i, rule) for i in range(20_000)]",
    "a recursion": "def again():\n    return again()\n\nagain()",
    "a large page": "x = 1\n" * 30_000,
}


def spoil(folder: CourseFolder, assignment: str, hostile: int) -> dict[str, str]:
    """Put attacks into some submissions of a class, evenly spread; return who has which."""
    students = folder.students(assignment)
    chosen = [students[round(i * len(students) / hostile)] for i in range(hostile)]
    attacks = dict(zip(chosen, list(ATTACKS) * hostile, strict=False))
    for student, name in attacks.items():
        for path in sorted((folder.submitted / student / assignment).glob("*.ipynb")):
            notebook = nbformat.read(path, as_version=4)
            cells = (c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution"))
            cell = next(c for c in cells if c.cell_type == "code")
            cell.source = f"{ATTACKS[name]}\n{cell.source}"
            nbformat.write(notebook, path)
    return attacks


def grade_hostile(folder: CourseFolder, assignment: str, hostile: int, workers: int) -> None:
    """Grade a class with hostile submissions in it and print what they cost."""
    attacks = spoil(folder, assignment, hostile)
    started = time.monotonic()
    with watched_memory(0.2):
        options = Options(workers=workers, force=True, quiet=True)
        run = grade_class(folder, assignment, options)
    took, n = time.monotonic() - started, len(folder.students(assignment))
    own = psutil.Process().memory_info().rss / 2**20
    honest = [o for o in run.outcomes if o.student not in attacks]
    full = sum(o.points == o.maximum for o in honest)
    print(f"{n} submissions, {hostile} of them hostile, {workers} workers: {took:.0f} s", end=", ")
    print(f"{took / n:.2f} s for each; {len(run.failed)} not graded")
    print(f"honest ones with full marks: {full} of {len(honest)}, ", end="")
    print(f"median {statistics.median(o.seconds for o in honest):.2f} s")
    print(f"peak memory of a worker alone: {WATCH.alone / 2**20:.0f} MB", end="; ")
    print(f"with its warm parent and kernels: {WATCH.peak / 2**30:.2f} GiB", end="; ")
    print(f"this process at the end: {own:.0f} MB")
    _print_attacks(run, attacks)


def _print_attacks(run: Run, attacks: dict[str, str]) -> None:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in run.outcomes:
        if outcome.student in attacks:
            groups[attacks[outcome.student]].append(outcome)
    print(f"\n{'':28} s, median   s, most   points, most   of")
    for name, outcomes in groups.items():
        seconds = [o.seconds for o in outcomes]
        most = max(o.points for o in outcomes)
        print(
            f"{name:28} {statistics.median(seconds):9.2f} {max(seconds):9.2f} {most:14g} "
            f"{outcomes[0].maximum:4g}"
        )
