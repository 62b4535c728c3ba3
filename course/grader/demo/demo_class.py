"""The made-up class of ``make demo``: who they are, what they hand in, what it deserves.

A student is a set of changes to the lesson's solution, with written answers of their own.
``loses`` lists the exercises that must lose points; a test asserts it for each.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course.grader.demo.written import ANSWERS

RNN, GRADIENTS = "vanilla_rnn", "vanishing_gradients"
Edits = dict[tuple[str, str], list[tuple[str, str]] | str | None]


@dataclass(frozen=True)
class Student:
    """One made-up student.

    Attributes
    ----------
    name, about : str
    edits : dict
        ``{(notebook, exercise): replacements in the solution's cell, or the whole cell, or
        ``None`` for the untouched stub}``.
    loses : tuple of str
        Exercises that must lose points (``"*"``: all of both notebooks).
    starts_from : str
        ``"solution"`` or ``"release"``.
    finish : callable, optional
        Last change to a notebook's text: ``finish(notebook_name, notebook) -> str``.
    """

    name: str
    about: str
    edits: Edits = field(default_factory=dict)
    loses: tuple[str, ...] = ()
    starts_from: str = "solution"
    finish: Callable[[str, NotebookNode], str] | None = None


LOOPS: Edits = {
    (RNN, "rnn_step"): """
def rnn_step(x, h_prev, W_x, W_h, b):
    N, H = h_prev.shape
    a = np.empty_like(h_prev)
    for n in range(N):
        for j in range(H):
            a[n, j] = np.sum(x[n] * W_x[:, j]) + np.sum(h_prev[n] * W_h[:, j]) + b[j]
    h = np.tanh(a)
    return h, {"x": x, "h_prev": h_prev, "W_x": W_x, "W_h": W_h, "h": h}
""",
    (RNN, "rnn_step_backward"): """
def rnn_step_backward(dh, cache):
    da = dh * (1 - cache["h"] * cache["h"])
    dW_x, dW_h = np.zeros_like(cache["W_x"]), np.zeros_like(cache["W_h"])
    for n in range(len(da)):
        dW_x += np.outer(cache["x"][n], da[n])
        dW_h += np.outer(cache["h_prev"][n], da[n])
    return da.dot(cache["W_x"].T), da.dot(cache["W_h"].T), dW_x, dW_h, np.sum(da, 0)
""",
}

EINSUM: Edits = {
    (RNN, "rnn_step"): """
def rnn_step(x, h_prev, W_x, W_h, b):
    both, W = np.concatenate([x, h_prev], axis=1), np.concatenate([W_x, W_h])
    h = np.tanh(np.einsum("nd,dh->nh", both, W) + b)
    return h, (both, W, h, x.shape[1])
""",
    (RNN, "rnn_forward"): """
def rnn_forward(x, h0, W_x, W_h, b):
    h = np.empty((*x.shape[:2], h0.shape[1]), dtype=h0.dtype)
    caches, before = [], h0
    for t in range(x.shape[1]):
        h[:, t], cache = rnn_step(x[:, t], before, W_x, W_h, b)
        before = h[:, t]
        caches.append(cache)
    return h, caches
""",
    (RNN, "rnn_step_backward"): """
def rnn_step_backward(dh, cache):
    both, W, h, D = cache
    da = dh * (1 - h**2)
    d_both, dW = np.einsum("nh,dh->nd", da, W), np.einsum("nd,nh->dh", both, da)
    return d_both[:, :D], d_both[:, D:], dW[:D], dW[D:], np.einsum("nh->h", da)
""",
    (RNN, "VanillaRNN"): """
class VanillaRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.from_input = nn.Linear(input_size, hidden_size)
        self.from_state = nn.Linear(hidden_size, hidden_size)

    def forward(self, x, h0=None):
        N, T, _ = x.shape
        h = x.new_zeros(N, self.from_state.out_features) if h0 is None else h0
        states = []
        for t in range(T):
            h = (self.from_input(x[:, t]) + self.from_state(h)).tanh()
            states.append(h)
        return torch.stack(states, 1), h
""",
}

UNFINISHED = ("rnn_step_backward", "rnn_backward", "VanillaRNN", "character_rnn_gradients")


def _broken(name: str, notebook: NotebookNode) -> str:
    text = nbformat.writes(notebook)
    return text[: len(text) // 3] if name == RNN else text


def _rearranged(name: str, notebook: NotebookNode) -> str:
    """Test cells copied, deleted and edited, as it happens when somebody tidies up."""
    cells = notebook.cells
    tests = [c for c in cells if c.get("metadata", {}).get("nbgrader", {}).get("grade")]
    tests = [c for c in tests if not c.metadata.nbgrader.get("solution")]
    cells.append(nbformat.from_dict(json.loads(json.dumps(tests[0]))))
    cells.remove(tests[1])
    tests[2].source = "assert True"
    return json.dumps(notebook)


def _cheating(name: str, notebook: NotebookNode) -> str:
    """Every trick that earns full marks from stock nbgrader, in one notebook."""
    for cell in notebook.cells:
        grader = cell.metadata.get("nbgrader", {})
        if grader.get("grade"):
            cell.metadata["tags"] = ["skip-execution"]
            grader["points"] = 100
    trick = (
        "class Yes(int):\n    __eq__ = lambda self, other: True\n    __hash__ = int.__hash__\n"
        "def drop(lines):\n    return [] if any('assert' in line for line in lines) else lines\n"
        "get_ipython().input_transformers_cleanup.append(drop)\n"
        "rnn_step = rnn_forward = softmax_cross_entropy = lambda *a, **k: (Yes(1), Yes(1))\n"
        "count_rnn_parameters = gradient_norms = lambda *a, **k: Yes(1)\n"
    )
    notebook.cells.insert(len(notebook.cells) - 1, new_code_cell(trick))
    return nbformat.writes(notebook)


CLASS = (
    Student("ada", "everything right, in her own order of cells"),
    Student("ben", "everything right, in explicit loops, caches as dicts", LOOPS),
    Student("cleo", "everything right, einsum and concatenated weights, nn.Linear", EINSUM),
    Student(
        "dan",
        "half done: the backward passes are still to do",
        {(RNN, exercise): None for exercise in UNFINISHED},
        (*UNFINISHED,),
    ),
    Student("eva", "handed in the starter untouched", {}, ("*",), "release"),
    Student(
        "finn",
        "transposed W_h",
        {(RNN, "rnn_step"): [("h_prev @ W_h", "h_prev @ W_h.T")]},
        ("rnn_step",),
    ),
    Student(
        "gil",
        "forgot the tanh",
        {
            (RNN, "rnn_step"): [
                ("np.tanh(x @ W_x + h_prev @ W_h + b)", "x @ W_x + h_prev @ W_h + b")
            ]
        },
        ("rnn_step",),
    ),
    Student(
        "hana",
        "every step starts from h0 again",
        {
            (RNN, "rnn_forward"): [
                (
                    "h_t, step_cache = rnn_step(x[:, t], h_t,",
                    "h_t, step_cache = rnn_step(x[:, t], h0,",
                )
            ]
        },
        ("rnn_forward",),
    ),
    Student(
        "ivan",
        "changes an argument in place",
        {(RNN, "rnn_step"): [("    h = np.tanh", "    h_prev *= 1.01\n    h = np.tanh")]},
        ("rnn_step",),
    ),
    Student(
        "jo",
        "BPTT without the gradient from the next step",
        {(RNN, "rnn_backward"): [("dh[:, t] + dh_next", "dh[:, t]")]},
        ("rnn_backward",),
    ),
    Student(
        "kai",
        "averages the loss over padding too, and clips each array by itself",
        {
            (RNN, "softmax_cross_entropy"): [("max(int(mask.sum()), 1)", "mask.size")],
            (GRADIENTS, "clip_grad_norm"): """
def clip_grad_norm(grads, max_norm):
    total_norm = float(np.sqrt(sum(np.sum(g * g) for g in grads)))
    return [g * min(1.0, max_norm / (np.linalg.norm(g) + 1e-6)) for g in grads], total_norm
""",
        },
        ("softmax_cross_entropy", "clip_grad_norm"),
    ),
    Student(
        "lea",
        "forces float64, and restarts the state at every cut",
        {
            (RNN, "rnn_step"): [("np.tanh(x @", "np.tanh(x.astype(float) @")],
            (GRADIENTS, "truncated_bptt"): [("h = states[:, -1]", "h = h0")],
        },
        ("rnn_step", "truncated_bptt"),
    ),
    Student("max", "the download broke: half a file", {}, (RNN,), finish=_broken),
    Student(
        "nia",
        "an endless loop in the sequence",
        {
            (
                RNN,
                "rnn_forward",
            ): "def rnn_forward(x, h0, W_x, W_h, b):\n    while True:\n        pass"
        },
        ("rnn_forward",),
    ),
    Student(
        "oli",
        "kills the kernel while counting parameters",
        {(RNN, "count_rnn_parameters"): "import os\n\nos._exit(1)"},
        ("count_rnn_parameters",),
    ),
    Student(
        "pia",
        "cheats: tags, points, __eq__, an input transformer",
        {},
        ("*",),
        "release",
        _cheating,
    ),
    Student("rob", "copied, deleted and edited test cells", {}, (), finish=_rearranged),
    Student(
        "sam",
        "prints a lot and warns on stderr, all of it right",
        {
            (RNN, "rnn_step"): [
                (
                    "    h = np.tanh",
                    "    import sys, warnings\n    print('state', h_prev.mean())\n"
                    "    print('note', file=sys.stderr)\n    warnings.warn('just saying')\n"
                    "    h = np.tanh",
                )
            ]
        },
    ),
)


def hand_in(student: Student, name: str, solution: NotebookNode, starter: NotebookNode) -> str:
    """Make the text of the notebook that a student hands in.

    Raises
    ------
    ValueError
        When an edit no longer fits the lesson's solution.
    """
    notebook = nbformat.from_dict(
        json.loads(json.dumps(starter if student.starts_from == "release" else solution))
    )
    for (where, exercise), change in student.edits.items():
        if where != name:
            continue
        cell = _cell(notebook, exercise)
        if change is None or isinstance(change, str):
            stub = _cell(starter, exercise).source
            cell.source = stub if change is None else change.strip("\n")
            continue
        for old, new in change:
            if old not in cell.source:
                raise ValueError(f"{student.name}: {old!r} is not in the solution of {exercise}")
            cell.source = cell.source.replace(old, new)
    for question in _questions(starter):
        answer = ANSWERS[question].get(student.name, _cell(starter, question).source)
        _cell(notebook, question).source = answer.strip()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return student.finish(name, notebook) if student.finish else nbformat.writes(notebook)


def _questions(starter: NotebookNode) -> list[str]:
    """Ids of the written questions: they have an answer and a score in one cell."""
    about = [cell.metadata.get("nbgrader", {}) for cell in starter.cells]
    return [one["grade_id"] for one in about if one.get("solution") and one.get("grade")]


def _cell(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    return next(
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )
