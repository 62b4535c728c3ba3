"""What an error may say: real errors of Python, NumPy and PyTorch are told, other text is not."""

from __future__ import annotations

import random
import string
import time

import numpy as np
import pytest
import torch

from course.grader.kernel.faults import KINDS, SENTENCES, TYPES, UNKNOWN, line_of, told

CELL = "def step(x, h):\n    return missing(x)"


def step(x, h):
    return x


MISTAKES = {
    "division": lambda: 1 / 0,
    "shapes": lambda: np.zeros((3, 4)) + np.zeros((4, 3)),
    "matrices": lambda: np.zeros((3, 4)) @ np.zeros((3, 4)),
    "dot": lambda: np.dot(np.zeros((3, 4)), np.zeros((3, 4))),
    "arguments": lambda: step(1),
    "more arguments": lambda: step(1, 2, 3),
    "keywords": lambda: step(x=1, h=2, missing=3),
    "attributes": lambda: np.zeros(3).missing,
    "nothing returned": lambda: iter(None),
    "nothing called": lambda: (lambda: None)()(),
    "names": lambda: exec("missing"),
    "index": lambda: np.zeros(3)[5],
    "indices": lambda: np.zeros((2, 3))[1, 2, 3],
    "reshape": lambda: np.zeros(12).reshape(5, 2),
    "list": lambda: [1][4],
    "key": lambda: {}["h"],
    "text": lambda: 1 + "a",
    "more text": lambda: "a" + 1,
    "concatenate": lambda: np.concatenate([np.zeros((2, 3)), np.zeros((3, 4))], 1),
    "stack": lambda: np.stack([np.zeros(2), np.zeros(3)]),
    "truth": lambda: bool(np.zeros(3)),
    "cast": lambda: np.zeros(3, int).__iadd__(np.zeros(3)),
    "row": lambda: np.zeros((2, 2)).__setitem__(0, np.zeros(3)),
    "axis": lambda: np.zeros((2, 3)).sum(axis=4),
    "transpose": lambda: np.zeros((2, 3)).transpose(0, 1, 2),
    "singular": lambda: np.linalg.inv(np.zeros((2, 2))),
    "unpack": lambda: exec("a, b = None"),
    "unpack three": lambda: exec("a, b = 1, 2, 3"),
    "length": lambda: len(3),
    "syntax": lambda: exec("for"),
    "torch shapes": lambda: torch.zeros(3, 4) @ torch.zeros(3, 4),
    "torch sizes": lambda: torch.zeros(3) + torch.zeros(4),
    "torch view": lambda: torch.zeros(3).view(5),
    "torch dtypes": lambda: torch.ones(3, 3, dtype=torch.float64) @ torch.ones(3, 3),
    "torch backward": lambda: torch.ones(()).backward(),
    "torch numpy": lambda: torch.ones(2, requires_grad=True).numpy(),
    "torch cat": lambda: torch.cat([torch.zeros(2, 3), torch.zeros(3, 4)]),
    "torch layer": lambda: torch.nn.Linear(3, 4)(torch.zeros(2, 5)),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_what_python_numpy_and_pytorch_say_is_told(mistake):
    with pytest.raises(Exception) as caught:
        mistake()
    message = " ".join(str(caught.value).split())
    text = told(caught.type.__name__, message, [CELL])
    assert text.startswith(f"{caught.type.__name__}: ")
    assert text.split(": ", 1)[1] in message


@pytest.mark.parametrize("sentence", SENTENCES)
def test_no_word_that_is_not_known_passes_in_any_sentence(sentence):
    """Whatever is put in a sentence's place for a word, a word of the kernel's own never shows."""
    rng = random.Random(0)
    for _ in range(30):
        secret = "".join(rng.choices(string.ascii_letters, k=rng.randint(4, 30)))
        if secret in TYPES:
            continue
        for form in (secret, f"'{secret}'", f"a.{secret}", f"'x' and '{secret}'", f" ({secret})"):
            message = sentence
            for name in ("type", "word", "call", "words", "dtype", "names", "ending", "n", "shape"):
                message = message.replace(f"{{{name}}}", form)
            assert secret not in told("ValueError", message, [CELL])


@pytest.mark.parametrize("kind", ["Secret", "secret error", "", "a" * 500, "ValueError2"])
def test_a_kind_of_its_own_is_not_named(kind):
    assert told(kind, "division by zero") == UNKNOWN
    assert {"ValueError", "NotImplementedError", "LinAlgError"} <= KINDS


def test_a_line_is_quoted_from_what_was_handed_in_alone():
    cells = {"a.py": "\n  \nx = 1\n" + "y" * 500}
    assert line_of(cells, "a.py", 1) == "line 3: x = 1"
    assert len(line_of(cells, "a.py", 2)) < 100
    for file, line in (
        ("a.py", 3),
        ("a.py", 0),
        ("a.py", -1),
        ("b.py", 1),
        (None, 1),
        ("a.py", "1"),
    ):
        assert line_of(cells, file, line) == ""


def test_long_messages_take_no_time():
    started = time.process_time()
    for text in ("(" * 10**6, "'a.b" * 10**5, "shape (" + "1," * 10**5, "a" * 10**6):
        told("ValueError", text, [CELL])
    assert time.process_time() - started < 1


def test_many_messages_about_many_words_take_no_time():
    """A kernel sends hundreds of messages; what it handed in may have millions of words."""
    cells = [" ".join(f"w{i}x{n}" for i in range(20_000)) for n in range(8)]
    call = "f() missing 2 required positional arguments: '{}' and '{}'"
    started = time.process_time()
    for i in range(400):
        told("TypeError", call.format(f"w{i}x7", f"w{i}x6"), ["def f(): pass", *cells])
    assert time.process_time() - started < 1


def test_words_of_the_students_cells_appear_unless_they_are_a_code_book():
    call = "f() missing 2 required positional arguments: 'w3' and 'w4'"
    for count, shown in ((5, True), (4_000, True), (6_000, False)):
        cells = ["def f(): pass", " ".join(f"w{i}" for i in range(count))]
        assert told("TypeError", call, cells) == (f"TypeError: {call}" if shown else "TypeError")
    assert told("TypeError", call, ["def f(): w3"]) == "TypeError"
