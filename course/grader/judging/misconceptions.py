"""What the bank's wrong answers emit under a seed, with which lost exercises are compared.

They run once for each lesson and seed, like the solution, and in a process of their own
(:mod:`course.grader.judging.wrong_answers`): what grades a class need not load what lessons use.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

from course.grader.ground.files import write_atomically
from course.grader.judging.references import References, key_of
from course.grader.notebooks.answers import answers_path
from course.grader.notebooks.lesson import Lesson

log = logging.getLogger(__name__)

FORMAT = 2
"""Raise it when the form of this store changes."""
MAKER = "course.grader.judging.wrong_answers"


def with_misconceptions(
    references: References, lesson: Lesson, root: Path, seed: int, store: Path
) -> References:
    """Add what the bank's wrong answers emit under a seed, from the store or by running them.

    Parameters
    ----------
    references : References
        The solution's, under the same seed.
    lesson : Lesson
    root : pathlib.Path
        The course folder; one without ``answers/`` names no misconceptions.
    seed : int
    store : pathlib.Path
        Folder of references.

    Returns
    -------
    References
    """
    bank = answers_path(root, lesson)
    if not bank.is_file():
        return references
    digest = f"{zlib.crc32(bank.read_bytes()):08x}-{FORMAT}"
    key = f"{key_of(lesson, seed)}-{digest}"
    path = store / f"{lesson.assignment}-{lesson.notebook}-{key}.misconceptions"
    if not path.is_file():
        source = root / "source" / lesson.assignment / f"{lesson.notebook}.ipynb"
        command = [sys.executable, "-m", MAKER, str(source), str(bank), str(seed)]
        pages = os.environ | {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}  # quicker to fork
        made = subprocess.run(
            command, input=references.to_bytes(), capture_output=True, cwd=root, env=pages
        )
        if made.returncode:
            last = made.stderr.decode(errors="replace").strip().splitlines()[-1:]
            log.warning("misconceptions of %s are not known: %s", lesson.notebook, *last or ["?"])
            return references
        write_atomically(path, made.stdout)
    return replace(references, misconceptions=path.read_bytes())
