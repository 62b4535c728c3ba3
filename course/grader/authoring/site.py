"""The course's own page: a static site of the lessons, the guides and the tour, built by Sphinx."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from course.grader.authoring.leaks import leaks, secrets_of
from course.grader.authoring.site_pages import write_pages
from course.grader.classroom.course_folder import CourseFolder, FolderError

RECORD = ".course-site.json"
"""What this command wrote the last time: file names and digests."""

PACKAGES = ("sphinx", "myst_nb", "furo", "sphinx-mathjax-offline")
MATHJAX = ("tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions")
"""What pages load of MathJax; all of it would be 24 MB."""


def build_site(folder: CourseFolder, target: Path) -> list[str]:
    """Build the site anew; nothing is executed and nothing is fetched.

    Parameters
    ----------
    folder : CourseFolder
        Starters and executed solutions must be generated.
    target : pathlib.Path
        New or empty folder, or one that an earlier run wrote.

    Returns
    -------
    list of str
        Names of the pages, without suffix.

    Raises
    ------
    FolderError
        When a tool or a file is missing, something in the way is not this command's, Sphinx has a
        complaint, or a page would show what students must not see. The target is as it was then.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise FolderError(
            f"the package {missing[0]} is missing; install the site's tools with "
            "`pip install -c constraints.txt -e '.[site]'`"
        )
    _refuse_what_is_not_ours(target)
    lessons = [lesson for name in folder.lesson_names for lesson in folder.lessons(name)]
    with tempfile.TemporaryDirectory(prefix="course-site-") as work:
        sources, built = Path(work) / "sources", Path(work) / "built"
        pages = write_pages(folder, lessons, sources)
        _add_configuration(folder, sources)
        run_sphinx(sources, built)
        for leak in leaks(built, secrets_of(folder, lessons)):
            raise FolderError(f"not published: {leak}")
        _put(built, target)
    return pages


def _refuse_what_is_not_ours(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise FolderError(f"{target} is a file; move it out of the way")
    known = _record(target)
    for path in sorted(target.rglob("*")) if target.is_dir() else []:
        name = path.relative_to(target).as_posix()
        if path.is_file() and name != RECORD and known.get(name) != _digest(path):
            raise FolderError(f"{path} was not written by this command; move it out of the way")


def _record(target: Path) -> dict[str, str]:
    path = target / RECORD
    try:
        return json.loads(path.read_text()) if path.is_file() else {}
    except ValueError:
        return {}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _add_configuration(folder: CourseFolder, sources: Path) -> None:
    """Lay Sphinx's configuration, the style and MathJax beside the pages."""
    static = sources / "_static"
    shutil.copytree(folder.root / "site", sources, dirs_exist_ok=True)
    mathjax = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent
    for name in MATHJAX:
        there, here = mathjax / "static" / "mathjax" / name, static / "mathjax" / name
        here.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if there.is_dir() else shutil.copy2)(there, here)


def run_sphinx(sources: Path, built: Path) -> None:
    """Build the pages in a process of its own, for Sphinx changes what it is loaded into.

    Raises
    ------
    FolderError
        At the first complaint: a link that leads nowhere, a page that no table of contents has.
    """
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "--keep-going", "--no-color"]
    command += ["-d", str(sources.parent / "doctrees"), str(sources), str(built)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if line.strip()]
    if done.returncode or complaints:
        first = complaints[0] if complaints else f"exit status {done.returncode}"
        more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
        raise FolderError(f"the site is not built: {first.replace(f'{sources}/', '')}{more}")
    (built / ".buildinfo").unlink(missing_ok=True)
    if (built / "_sources").is_dir():
        (built / "_sources").rmdir()  # Sphinx makes it, and is told to put nothing there


def _put(built: Path, target: Path) -> None:
    """Put a finished site in the place of the earlier one."""
    names = {p.relative_to(built).as_posix(): _digest(p) for p in built.rglob("*") if p.is_file()}
    (built / RECORD).write_text(json.dumps(names, indent=1))
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        fresh.chmod(0o755)
        shutil.copytree(built, fresh, dirs_exist_ok=True)
        if target.exists():
            shutil.rmtree(target)
        fresh.rename(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
