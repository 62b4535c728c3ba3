"""Folders of sockets: none is left for good, and none is taken from whoever uses it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course.grader.kernel.spool import REST_SECONDS, Spool, sweep


def grown_old(path: Path) -> Path:
    long_ago = time.time() - 2 * REST_SECONDS
    os.utime(path, (long_ago, long_ago))
    return path


def test_it_is_there_until_it_is_removed(tmp_path):
    spool = Spool(tmp_path)
    assert stat.S_IMODE(spool.path.stat().st_mode) == 0o711
    (spool.path / "k1").mkdir()
    spool.remove()
    spool.remove()
    assert not list(tmp_path.iterdir())


def test_one_in_use_stays_however_old(tmp_path):
    spool = Spool(tmp_path)
    grown_old(spool.path)
    other = Spool(tmp_path)
    assert spool.path.is_dir()
    spool.remove()
    other.remove()


def test_what_a_killed_process_left_goes_with_the_next(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from course.grader.kernel.spool import Spool;"
        "spool = Spool(Path(sys.argv[1])); (spool.path / 'k1' / 's').mkdir(parents=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    sweep(tmp_path)
    assert left.is_dir(), "it may be about to be locked"
    grown_old(left)
    spool = Spool(tmp_path)
    assert list(tmp_path.iterdir()) == [spool.path]
    spool.remove()


def test_a_link_a_file_and_other_names_are_left_alone(tmp_path):
    inside, outside = tmp_path / "place", tmp_path / "outside"
    (outside / "work").mkdir(parents=True)
    (inside / "other").mkdir(parents=True)
    (inside / "rck-file").write_text("x")
    (inside / "rck-link").symlink_to(outside)
    before = sorted(inside.iterdir())
    for path in (inside / "other", inside / "rck-file", outside):
        grown_old(path)
    os.utime(inside / "rck-link", (0, 0), follow_symlinks=False)
    sweep(inside)
    assert sorted(inside.iterdir()) == before and (outside / "work").is_dir()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_another_accounts_folder_is_left_alone(tmp_path):
    theirs = tmp_path / "rck-theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    grown_old(theirs)
    sweep(tmp_path)
    assert theirs.is_dir()
