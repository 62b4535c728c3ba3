"""What students get: starters, the library without the grader, a guide, a small environment."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from course.grader.authoring.catalogue import RULE, time_for
from course.grader.classroom.course_folder import CourseFolder, FolderError
from course.grader.ground.files import write_atomically
from course.grader.notebooks.lesson import Lesson
from course.lending import SUFFIX

RECORD = ".student-edition.json"
"""What this command wrote the last time: file names and digests."""

LIBRARY_LEFT_OUT = ("grader", "guides", "__pycache__")
GUIDES = ("recurrent_networks", "lstm_and_gru", "attention", "debugging", "bibliography")
"""The learners' guides, beside the page for students, which becomes the README."""

ASKED_FOR = re.compile(
    r"^<!-- a lesson asks for this -->\n```python\n.*?^```\n", re.DOTALL | re.MULTILINE
)
"""Code in a guide that is the answer to an exercise."""

CONFIG = '''"""nbgrader's configuration for students: the course's name and the Validate button."""

from course.validation import TIMEOUT, before_each_cell, seconds_for

c = get_config()  # noqa: F821  (nbgrader provides it)

c.CourseDirectory.course_id = "{course_id}"
c.Execute.timeout_func = seconds_for
c.Execute.error_on_timeout = TIMEOUT
c.Execute.skip_cells_with_tag = "demo"
c.Execute.on_cell_start = before_each_cell
'''
ENVIRONMENT = """# For conda: conda env create -f environment.yml && conda activate rnn-course
name: rnn-course
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
      - --constraint constraints.txt
      - --editable .[lab]
"""
IGNORED = ".venv/\n__pycache__/\n.ipynb_checkpoints/\n*.egg-info/\nbuild/\nfeedback/\n"
ALONE = """# In Colab or another hosted notebook: fetches the course's library and its data once.
try:
    import course
except ModuleNotFoundError:
    %pip install -q "rnn-course @ git+{address}"
    !python -m course.data"""


@dataclass(frozen=True)
class Edition:
    """What a run wrote.

    Attributes
    ----------
    written, unchanged : list of str
        Files by name.
    """

    written: list[str]
    unchanged: list[str]


def make_student_edition(folder: CourseFolder, target: Path, address: str = "") -> Edition:
    """Write the students' repository into a folder; a second run brings it up to date.

    Parameters
    ----------
    folder : CourseFolder
        The course; ``release/`` must be generated.
    target : pathlib.Path
        New or empty folder, or one that an earlier run wrote.
    address : str, optional
        Where the repository will be published, ``https://github.com/...``: starters then begin
        with a cell that installs the library where it is missing, and a badge.

    Returns
    -------
    Edition

    Raises
    ------
    FolderError
        When a starter is missing, the address is none, or a file in the way is not this command's.
    """
    if address and not re.fullmatch(r"https://[\w.-]+(/[\w.-]+)+", address):
        raise FolderError(f"{address!r} is no address like https://github.com/someone/some-course")
    files = _contents(folder, address)
    record = target / RECORD
    try:
        known = json.loads(record.read_text()) if record.is_file() else {}
    except ValueError as error:
        raise FolderError(f"{record} is damaged; move {target} out of the way") from error
    for name, data in files.items():
        path = target / name
        if path.exists() and _digest(path.read_bytes()) not in {known.get(name), _digest(data)}:
            raise FolderError(f"{path} was not written by this command; move it out of the way")
    written, unchanged = [], []
    for name, data in files.items():
        path = target / name
        if path.exists() and path.read_bytes() == data:
            unchanged.append(name)
            continue
        write_atomically(path, data)
        path.chmod(0o644)
        written.append(name)
    digests = {name: _digest(data) for name, data in files.items()}
    write_atomically(record, json.dumps(digests, indent=1).encode())
    return Edition(written, unchanged)


def zip_edition(target: Path, archive: Path) -> None:
    """Pack a students' repository; an archive that is there already is not touched.

    Raises
    ------
    FolderError
        When the archive exists.
    """
    if archive.exists():
        raise FolderError(f"{archive} exists already; move it out of the way")
    names = json.loads((target / RECORD).read_text())
    whole = io.BytesIO()  # half a file would be in the way of the next run
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.write(target / name, f"rnn-course/{name}")
    write_atomically(archive, whole.getvalue())
    archive.chmod(0o644)


def _contents(folder: CourseFolder, address: str) -> dict[str, bytes]:
    """Every file of the edition, by name."""
    root, library = folder.root, folder.root / "course"
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(library.rglob("*"))
        if path.is_file() and not set(path.relative_to(library).parts) & set(LIBRARY_LEFT_OUT)
    }
    if tour := files.get("course/demo.ipynb"):
        files["course/demo.ipynb"] = tour.replace(b"](../release/", b"](../")
    lessons = [lesson for name in folder.lesson_names for lesson in folder.lessons(name)]
    for lesson in lessons:
        files[f"{lesson.assignment}/{lesson.notebook}.ipynb"] = _starter(folder, lesson, address)
        lent = folder.release / lesson.assignment / f"{lesson.notebook}{SUFFIX}"
        if lent.is_file():
            files[f"{lesson.assignment}/{lent.name}"] = lent.read_bytes()
    files |= _guides(library / "guides")
    readme = re.sub(r"\]\((?=[\w-]+\.md)", "](course/guides/", _guide(library, "students"))
    files["README.md"] = f"{readme.rstrip()}\n\n{_table(folder, lessons)}\n".encode()
    files["LICENSE"] = (root / "LICENSE").read_bytes()
    files["constraints.txt"] = (root / "constraints.txt").read_bytes()
    files["pyproject.toml"] = _project((root / "pyproject.toml").read_text()).encode()
    files["setup.py"] = (root / "setup.py").read_bytes()
    files["environment.yml"] = ENVIRONMENT.encode()
    files["nbgrader_config.py"] = CONFIG.format(course_id="rnn-course").encode()
    files[".gitignore"] = IGNORED.encode()
    return files


def _guides(folder: Path) -> dict[str, bytes]:
    """The learners' guides with their figures, by name; links lead to where things lie here."""
    files = {}
    for name in GUIDES:
        text = _guide(folder.parent, name).replace("](students.md", "](../../README.md")
        files[f"course/guides/{name}.md"] = text.encode()
        for figure in re.findall(r"\]\((figures/[\w-]+\.png)\)", text):
            files[f"course/guides/{figure}"] = (folder / figure).read_bytes()
    return files


def _guide(library: Path, name: str) -> str:
    """A guide as students get it: links to their folders, and no code that an exercise asks for."""
    text = (library / "guides" / f"{name}.md").read_text().replace("](../../release/", "](../../")
    return ASKED_FOR.sub("*You write this code yourself, in the notebook.*\n", text)


def _starter(folder: CourseFolder, lesson: Lesson, address: str) -> bytes:
    starter = folder.starter(lesson)
    name = f"{lesson.assignment}/{lesson.notebook}"
    if starter is None:
        raise FolderError(
            f"there is no starter of {name}: run `make release LESSON={lesson.assignment}`"
        )
    if address:
        alone = [new_code_cell(ALONE.format(address=address), id="runs-alone")]
        if match := re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?", address):
            link = f"https://colab.research.google.com/github/{match[1]}/blob/main/{name}.ipynb"
            badge = "https://colab.research.google.com/assets/colab-badge.svg"
            alone.insert(0, new_markdown_cell(f"[![Open in Colab]({badge})]({link})", id="badge"))
        starter.cells[1:1] = alone
    for cell in starter.cells:  # lessons lie one folder higher here than in release/
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](../../course/", "](../course/")
    return (nbformat.writes(starter) + "\n").encode()


def _table(folder: CourseFolder, lessons: list[Lesson]) -> str:
    head = ["| notebook | what it is about | minutes |", "|---|---|---|"]
    rows = ["## The notebooks", "", RULE, "", *head]
    for lesson in lessons:
        name = f"{lesson.assignment}/{lesson.notebook}"
        minutes = time_for(folder, lesson).minutes
        rows.append(f"| [{name}]({name}.ipynb) | {lesson.title} | {minutes} |")
    return "\n".join(rows)


def _project(text: str) -> str:
    """The project file without what only instructors and contributors need."""
    text = re.sub(r"^(grader|site|test) = \[\n.*?^\]\n", "", text, flags=re.DOTALL | re.MULTILINE)
    for section in ("project.entry-points", "tool.ruff", "tool.pytest"):
        pattern = rf"^\[{re.escape(section)}[^\n]*\n.*?(?=^\[|\Z)"
        text = re.sub(pattern, "", text, flags=re.DOTALL | re.MULTILINE)
    return text.rstrip() + "\n"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
