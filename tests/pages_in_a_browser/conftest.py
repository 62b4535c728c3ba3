"""A real JupyterLab and a real browser: what people press, and what they see then."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from course.grader.classroom.command import die_with_parent

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MINUTES = 10
"""A machine that does something else meanwhile is slow: nothing here waits longer, or by the clock."""
TOKEN = "course"


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """A browser without a window; the tests are skipped where none is installed."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("no Chromium here (Debian's package chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here (pip)")
    options = ["--no-sandbox"] if os.getuid() == 0 else []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=program, args=options, timeout=MINUTES * 60_000
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium) -> Iterator:
    """An empty page of a browser that has been nowhere yet, and reaches this machine alone."""
    with open_page(chromium) as page:
        yield page


@contextlib.contextmanager
def open_page(chromium) -> Iterator:
    """Open a page for as long as the context lasts."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    context.route(re.compile(r"^https?://(?!127\.0\.0\.1[:/])"), lambda route: route.abort())
    context.set_default_timeout(MINUTES * 60_000)
    context.set_default_navigation_timeout(MINUTES * 60_000)
    try:
        yield context.new_page()
    finally:
        context.close()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    """Start a JupyterLab in a folder and give its address; all of them end with the test."""
    with contextlib.ExitStack() as servers:
        yield lambda folder: servers.enter_context(server(folder, tmp_path / "jupyter"))


@contextlib.contextmanager
def server(folder: Path, own: Path) -> Iterator[str]:
    """Run a server that keeps all it writes about itself in a folder of its own."""
    (own / "config").mkdir(parents=True)
    quiet = {
        "LabApp": {
            "news_url": None,
            "expose_app_in_browser": True,
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "user_settings_dir": str(own / "settings"),
            "workspaces_dir": str(own / "workspaces"),
        }
    }
    (own / "config" / "jupyter_server_config.json").write_text(json.dumps(quiet))
    places = {f"JUPYTER_{name.upper()}_DIR": str(own / name) for name in ("config", "data")}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={TOKEN}"]
    with (own / "log").open("wb") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **places, "JUPYTER_RUNTIME_DIR": str(own / "runtime")},
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
    try:
        yield _address(server, own)
    finally:
        # Asked first, so that it ends its kernels; they are in sessions of their own.
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(60)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _address(server: subprocess.Popen, own: Path) -> str:
    """Wait for the file that a server writes as soon as it listens."""
    end = time.monotonic() + MINUTES * 60
    while time.monotonic() < end:
        assert server.poll() is None, (own / "log").read_text()
        for file in (own / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # half written
                return json.loads(file.read_text())["url"]
        time.sleep(0.1)
    raise TimeoutError((own / "log").read_text())
