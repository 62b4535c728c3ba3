"""What every hub of this course has in common: who may do what, and where the exchange is.

``jupyterhub_config.py`` beside this file adds how people sign in and how their servers start;
``deploy/kubernetes/values.yaml`` does so for a cluster. The guide is ``course/guides/hub.md``.
"""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
COURSE = "rnn-course"
"""The course's name, as in ``nbgrader_config.py``."""
EXCHANGE_MODE = 0o1777
"""Everybody may hand in, and nobody may remove or rename what another has put there."""


def configure(
    c: Any,
    *,
    course_account: str,
    instructors: Sequence[str],
    students: Sequence[str],
    exchange: Path,
    data: Path | None = None,
) -> None:
    """Set what does not depend on the machine.

    Parameters
    ----------
    c : traitlets.config.Config
        JupyterHub's configuration.
    course_account : str
        The account in whose home the course folder lies. Instructors open its server.
    instructors, students : sequence of str
        Names of accounts.
    exchange : pathlib.Path
        The folder through which work goes to and fro; see :func:`make_exchange`.
    data : pathlib.Path, optional
        The folder with the data sets that all share; else everybody has them once more.

    Raises
    ------
    ValueError
        When an instructor is a student as well, or the course account is either.
    """
    twice = {course_account, *instructors} & set(students)
    if twice or course_account in instructors:
        names = ", ".join(sorted(twice or {course_account}))
        raise ValueError(f"named twice among course account, instructors and students: {names}")
    c.Authenticator.allowed_users = {course_account, *instructors, *students}
    c.JupyterHub.load_groups = {
        "instructors": {"users": list(instructors)},
        "students": {"users": list(students)},
    }
    server = f"!server={course_account}/"
    role = {
        "name": "instructors",
        "description": "start, stop and open the server of the course account",
        "groups": ["instructors"],
        "scopes": [
            f"servers!user={course_account}",
            f"access:servers{server}",
            f"read:users!user={course_account}",
        ],
    }
    others = c.JupyterHub.load_roles if "load_roles" in c.JupyterHub else []
    c.JupyterHub.load_roles = [*others, role]
    c.JupyterHub.cleanup_servers = True
    c.Spawner.cmd = [str(Path(sys.prefix) / "bin" / "jupyterhub-singleuser")]
    c.Spawner.default_url = "/lab"
    c.Spawner.environment = {
        "JUPYTER_CONFIG_PATH": str(HERE),
        "NBGRADER_EXCHANGE": str(exchange),
        # Many people share the processors: one thread each for linear algebra.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    } | ({"COURSE_DATA": str(data)} if data else {})
    c.Spawner.start_timeout = 120
    c.Spawner.http_timeout = 120
    c.JupyterHub.concurrent_spawn_limit = 20


def make_exchange(exchange: Path, course_account: str = "") -> None:
    """Make the exchange's folder, which every account of the class can write to.

    What nbgrader makes inside is the course account's: starters that all can read, submissions
    that can be added and not listed, feedback that can be read by who knows its name.

    Parameters
    ----------
    exchange : pathlib.Path
    course_account : str, optional
        Whose the course's folder inside is to be. It is made now, so that nobody can take its
        name before the first release; else nbgrader makes it then.

    Raises
    ------
    PermissionError
        When one of the two exists and belongs to another account.
    """
    exchange.mkdir(parents=True, exist_ok=True)
    if stat.S_IMODE(exchange.stat().st_mode) != EXCHANGE_MODE:
        exchange.chmod(EXCHANGE_MODE)
    if not course_account:
        return
    inside = exchange / COURSE
    if not inside.exists():
        inside.mkdir(mode=0o755)
        shutil.chown(inside, course_account)
    if inside.is_symlink() or inside.owner() != course_account:
        raise PermissionError(
            f"{inside} is not a folder of {course_account}: look at what is in it, move it away, "
            "and start the hub again"
        )
