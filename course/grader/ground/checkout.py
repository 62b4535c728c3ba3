"""Which checkout `course` comes from: kernels import that one, wherever they run."""

from __future__ import annotations

import json
import sysconfig
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import course

HERE = Path(course.__file__).resolve().parent.parent


def wrong_checkout(site: Sequence[str] = (), here: Path = HERE) -> str:
    """Say that the environment is that of another checkout, and how to mend it.

    Kernels start in a folder of their own, so they import what is installed. An editable install
    that was made in another checkout gives them that one's ``course``, or none where it is gone.

    Parameters
    ----------
    site : sequence of str
        Folders of installed packages; the environment's when not given.
    here : pathlib.Path
        The checkout that runs.

    Returns
    -------
    str
        One line, or nothing when all is well.
    """
    folders = list(site) or sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    for installed in distributions(name="rnn-course", path=folders):
        url = urlparse(json.loads(installed.read_text("direct_url.json") or "{}").get("url", ""))
        there = Path(url2pathname(url.path)).resolve()
        if url.scheme == "file" and there != here.resolve():
            gone = "" if there.is_dir() else ", which is gone"
            return (
                f"this environment has the course of {there}{gone}, not of {here}; "
                f"mend it here with `make -B .venv/.ready`, "
                f"or with `python -m pip install --no-deps -e {here}`"
            )
    return ""
