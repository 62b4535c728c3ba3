"""The kernel in one thread does what ipykernel does, for all that a notebook may do in it."""

from __future__ import annotations

import re

import pytest

from course.grader.kernel import session
from course.grader.kernel.confine import Limits
from course.grader.kernel.isolation import Isolation, isolation_in_force
from course.grader.kernel.steps import Settings, Step

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not isolation_in_force().fork, reason="kernels are not forked on this system"
    ),
]

CELLS = {
    "a value": "1 + 1",
    "several values": "1\n2\n3;",
    "the last results": "6 * 7\n",
    "underscore": "_ + 1",
    "printing": "print('one'); print('two', end='')",
    "printing on both streams": "import sys; print('out'); print('err', file=sys.stderr)",
    "printing in a loop": "for i in range(3000):\n    print(i)",
    "flushing": "print('a', end='', flush=True); print('b', flush=True)",
    "writing lines": "sys.stdout.writelines(['a\\n', 'b\\n'])",
    "text that is not ASCII": "print('ü ∑ 你好'); 'é'",
    "an error": "1 / 0",
    "an error in a function": "def f(x):\n    return x.missing\n\nf(3)",
    "a syntax error": "for",
    "a recursion without end": "def again():\n    return again()\n\nagain()",
    "a chain of errors": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
    "    raise KeyError('k') from e",
    "no error to show": "import sys; sys.last_value = None",
    "a breakpoint left behind": "breakpoint()\nprint('after')",
    "a debugger left behind": "import pdb; pdb.set_trace()",
    "a warning": "import warnings; warnings.warn('careful')",
    "a magic": "%timeit -n1 -r1 -q -o pass\n'done'",
    "a cell magic": "%%capture caught\nprint('hidden')",
    "what it caught": "caught.stdout",
    "a magic in an assignment": "where = %pwd\ntype(where)",
    "a shell command": "!echo hello",
    "a shell command in an assignment": "said = !echo hello\nprint(said)",
    "a cell of bash": "%%bash\necho hello",
    "a script that fails": "%%bash\nexit 3",
    "help": "len?",
    "the name of an environment variable": "%env TERM",
    "percent signs that are no magic": "x = 7\ny = (x\n%4)\nprint(y, '%time', 'a' '%s' % 3)",
    "a question mark in a string": "s = '''\nis it?\n!ls\n%pwd\n'''\nprint(s)",
    "an exclamation mark in a format": "print(f'{s!r:.8}')",
    "a prompt pasted along": ">>> 1 + 2",
    "an IPython prompt pasted along": "In [1]: 1 + 2",
    "leading blank lines and indentation": "\n\n    a = 1\n    a + 1",
    "await": "import asyncio\nawait asyncio.sleep(0.01)\n'awaited'",
    "async for": "async def two():\n    yield 1\n    yield 2\n\n[i async for i in two()]",
    "a task that runs on": "task = asyncio.create_task(asyncio.sleep(0.01, 'slept'))",
    "its result": "await task",
    "asyncio.run": "asyncio.run(asyncio.sleep(0))",
    "the event loop": "asyncio.get_running_loop().is_running()",
    "HTML": "from IPython.display import HTML, Markdown, clear_output, display\nHTML('<b>x</b>')",
    "displays": "display(1, 'two'); display(Markdown('*three*'))",
    "a display that is updated": "handle = display(1, display_id='d'); handle.update(2)",
    "clearing": "print('gone'); clear_output(); print('left')",
    "a figure": "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "a table": "import pandas as pd; pd.DataFrame({'a': [1, 2]})",
    "an array": "import numpy as np; np.arange(3.0)",
    "a tensor": "import torch; torch.arange(3.0)",
    "reading from the keyboard": "input('name? ')",
    "a password": "import getpass; getpass.getpass()",
    "SystemExit": "raise SystemExit(3)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "its own source": "import inspect\ndef g():\n    return 1\n\nprint(inspect.getsource(g))",
    "a data class": "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n\nP(3)",
    "names": "__name__, '_ih' in globals(), In[0]",
    "a thread that prints": (
        "import threading\nt = threading.Thread(target=print, args=['from a thread'])\n"
        "t.start(); t.join()"
    ),
    "a thread that outlives its cell": (
        "import time\ndef late():\n    time.sleep(0.3); print('late')\n\n"
        "threading.Thread(target=late).start()"
    ),
    "what it prints": "time.sleep(0.6); print('later')",
    "a logger": "import logging; logging.getLogger('x').warning('logged')",
    "a progress bar": "from tqdm import tqdm\nfor _ in tqdm(range(3), disable=None):\n    pass",
    "replaced stdout": "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as "
    "f:\n    print('kept')\nf.getvalue()",
    "a subprocess": "import subprocess\nsubprocess.run(['echo', 'hi'], capture_output=True).stdout",
    "a pool": "from concurrent.futures import ThreadPoolExecutor\n"
    "with ThreadPoolExecutor(2) as pool:\n    print(sum(pool.map(abs, [-1, 2])))",
    "a forked child": "import os\npid = os.fork()\nif pid == 0:\n    os._exit(7)\n"
    "os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])",
    "a data loader with workers": "from torch.utils.data import DataLoader\n"
    "print(len(list(DataLoader(range(8), batch_size=2, num_workers=2))))",
    "storing": "%store x",
    "history": "%history -l 0",
    "an input transformer": "get_ipython().input_transformers_post.append("
    "lambda lines: [l.replace('spam', '42') for l in lines])",
    "its effect": "spam",
    "a hook": "get_ipython().events.register('post_run_cell', lambda result: print('hooked'))",
    "an empty cell": "# nothing",
}


def collected(open_session) -> dict[str, list]:
    """Run all cells in one kernel and return their outputs, without what names a kernel."""
    kernel = open_session()
    kernel.connect()
    try:
        steps = [Step(name, source) for name, source in CELLS.items()]
        return {step.key: plain(kernel.run(step, Settings(1))) for step in steps}
    finally:
        kernel.close()


def plain(result) -> list:
    outputs = []
    for output in result.outputs:
        if output.output_type == "error":
            output.traceback = output.traceback[-1:]  # the rest names folders
        text = re.sub(r"\\x1b\[[0-9;]*m", "", str(dict(output)))
        text = re.sub(r"[\w/.-]*ipykernel_\d+/\w+\.py|\b[0-9a-f]{6,}\.py", "cell.py", text)
        text = re.sub(r"0x[0-9a-f]+|\d+\.\d\dit/s|'image/png': '[^']+'|\d+\.\d+it/s", "~", text)
        text = re.sub(r"/[\w/.-]*/work\b|/tmp/[\w/]*", "FOLDER", text)
        outputs.append(text)
    return [result.status, *outputs]


@pytest.fixture(scope="module")
def stock() -> dict[str, list]:
    """What ipykernel gives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "isolation_in_force", Isolation)
        return collected(lambda: session.Session(Limits()))


@pytest.fixture(scope="module")
def ours() -> dict[str, list]:
    """What the kernel in one thread gives."""
    return collected(lambda: session.Session(Limits()))


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_gives_what_it_gives_in_ipykernel(name, stock, ours):
    assert ours[name] == stock[name]


@pytest.fixture
def kernel():
    """A kernel in one thread, for one test."""
    kernel = session.Session(Limits())
    kernel.connect()
    yield kernel
    kernel.close()


def test_what_compiled_code_prints_comes_at_the_end_of_its_cell(kernel):
    code = "import os; os.write(1, b'one'); os.system('echo two'); os.write(2, b'three')"
    outputs = kernel.run(Step("cell", code), Settings(1)).outputs
    assert [(o.get("name"), o.get("text")) for o in outputs if "text" in o] == [
        ("stdout", "onetwo\n"),
        ("stderr", "three"),
    ]
    assert kernel.run(Step("next", "pass"), Settings(1)).outputs == []


def test_a_fresh_kernel_has_one_thread(kernel):
    code = "import threading; print(threading.active_count())"
    assert kernel.run(Step("cell", code), Settings(1)).outputs[0].text == "1\n"


def test_a_kernel_without_sockets_ends_at_once(kernel):
    with pytest.raises(session.KernelLost, match="died"):
        close = "get_ipython().kernel.shell_stream.close()"
        kernel.run(Step("cell", close, seconds=5), Settings(1))
        kernel.run(Step("next", "1", seconds=5), Settings(1))


UNRULY = {
    "leaves": "exit()",
    "stops the loop": "import asyncio; asyncio.get_running_loop().stop()",
    "leaves in a task": "import asyncio, sys\n"
    "async def leave():\n    sys.exit(1)\n\n"
    "task = asyncio.create_task(leave())\nawait asyncio.sleep(0.01)",
    "closes standard output": "import sys; sys.stdout = open('file', 'w'); sys.stdout.close()",
    "has no standard output": "import sys; sys.stdout = sys.stderr = object()",
    "forks and lets the child come back": "import os; child = os.fork()",
    "raises KeyboardInterrupt by a signal": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "cancels all tasks": "import asyncio\nfor task in asyncio.all_tasks():\n    task.cancel()",
}


@pytest.mark.parametrize("cell", UNRULY.values(), ids=UNRULY)
def test_a_cell_that_meddles_with_the_kernel_costs_no_later_cell(cell, kernel):
    kernel.run(Step("cell", cell, seconds=5), Settings(1))
    kernel.run(Step("meanwhile", "import time; time.sleep(0.2)", seconds=5), Settings(1))
    after = kernel.run(Step("after", "import sys; 6 * 7", seconds=5), Settings(1))
    assert [o.data["text/plain"] for o in after.outputs] == ["42"]
