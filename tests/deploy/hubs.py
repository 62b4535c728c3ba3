"""A running hub for the tests: with accounts of the system where they can be made, else with one.

:func:`hub_with_accounts` runs the documented configuration as it is. :func:`hub_of_one_account`
takes its place where the tests may not make accounts: people are names that the hub alone knows.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import nbformat

from course.grader.kernel.warm import PRELOAD_VARIABLE
from tests.conftest import ROOT, small_notebook
from tests.support.machine import Machine, open_machine

DEPLOYED = ROOT / "deploy" / "jupyterhub"
PROXY = Path(sys.prefix) / "bin" / "configurable-http-proxy"
LESSON = "00_small"
STUDENTS = ("alice", "bob")
STARTS = 4


@dataclass
class Hub:
    """A running hub.

    Attributes
    ----------
    address : str
        Where it answers.
    root : pathlib.Path
        Where this process, which is root or that one account, finds the hub's file system.
    homes, exchange : pathlib.Path
        Folders as the hub's people name them.
    course_account : str
        The account with the course folder.
    machine : Machine or None
        The machine with everybody's accounts.
    tokens : dict
        A token for each of its people.
    """

    address: str
    root: Path
    homes: Path
    exchange: Path
    course_account: str
    machine: Machine | None = None
    tokens: dict[str, str] = field(default_factory=dict)

    def here(self, path: Path) -> Path:
        """Where this process finds a path of the hub's."""
        return self.root / path.relative_to("/")

    @property
    def course(self) -> Path:
        return self.homes / self.course_account / "rnn-course"

    def open(self, request: urllib.request.Request, *handlers) -> tuple[int, str, str]:
        """Send a request; the status, the text and the address that came back."""

        def send() -> tuple[int, str, str]:
            opener = urllib.request.build_opener(*handlers)
            try:
                with opener.open(request, timeout=120) as answer:
                    return answer.status, answer.read().decode(), answer.url
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode(errors="replace"), error.url

        return self.machine.in_its_network(send) if self.machine else send()

    def ask(self, who: str, path: str, data: object = None, method: str = "") -> tuple[int, object]:
        """Send a request with somebody's token; the status and the JSON that came back."""
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(f"{self.address}{path}", body, method=method or None)
        request.add_header("Authorization", f"token {self.tokens.get(who, '')}")
        request.add_header("Content-Type", "application/json")
        status, text, _ = self.open(request)
        return status, json.loads(text) if text.startswith(("{", "[")) else text

    def sign_in(self, who: str, password: str) -> int:
        """Fill in the page that asks for name and password, and keep a token; the status."""
        cookies = http.cookiejar.CookieJar()
        keep = urllib.request.HTTPCookieProcessor(cookies)
        self.open(urllib.request.Request(f"{self.address}/hub/login"), keep)
        (secret,) = {cookie.value for cookie in cookies if cookie.name == "_xsrf"}
        form = {"username": who, "password": password, "_xsrf": secret}
        login = urllib.request.Request(
            f"{self.address}/hub/login?next=%2Fhub%2Fhome", urllib.parse.urlencode(form).encode()
        )
        status, text, _ = self.open(login, keep)
        if status != 200:
            return status
        secret = next(c.value for c in cookies if c.name == "_xsrf" and c.path == "/hub/")
        made = urllib.request.Request(
            f"{self.address}/hub/api/users/{who}/tokens?_xsrf={urllib.parse.quote(secret)}",
            b"{}", {"Content-Type": "application/json"},
        )  # fmt: skip
        created, text, _ = self.open(made, keep)
        assert created == 201, text
        self.tokens[who] = json.loads(text)["token"]
        return status

    def start(self, who: str, whose: str) -> None:
        """Start a server unless it runs, and wait until it answers."""
        status, said = self.ask(who, f"/hub/api/users/{whose}/server", {}, "POST")
        assert status in {201, 202} or "already running" in str(said), said
        wait_for(lambda: self.ask(who, f"/user/{whose}/api/status")[0] == 200, f"{whose}'s server")

    def assignment(self, who: str, action: str) -> list[dict]:
        """Press a button of the assignment list; the list as it is then."""
        query = {"course_id": "rnn-course", "assignment_id": LESSON}
        status, said = self.ask(who, f"/user/{who}/assignments/{action}", query, "POST")
        assert status == 200 and said["success"], said
        return said["value"]

    def command(self, *arguments: str) -> str:
        """Run a module in the course folder, as in a terminal of the course account's server."""
        environment = {
            "JUPYTER_CONFIG_PATH": str(DEPLOYED),
            "NBGRADER_EXCHANGE": str(self.exchange),
        }
        environment |= {
            name: os.environ[name] for name in (PRELOAD_VARIABLE,) if name in os.environ
        }
        if self.machine:
            environment["JUPYTER_CONFIG_PATH"] = "/srv/rnn-hub"
            command = (self.course / ".venv" / "bin" / "python", "-m", *arguments)
            return self.machine.does(
                *command, account=self.course_account, folder=self.course, environment=environment
            )
        environment |= {"HOME": str(self.course.parent), "NBGRADER_COURSE_ACCOUNT": "course"}
        run = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=self.course, env=os.environ | environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, (arguments, run.stdout, run.stderr)
        return run.stdout + run.stderr


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 240) -> None:
    """Wait until something holds; a slow machine has time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(1)
    raise AssertionError(f"{what} does not answer after {seconds:.0f} s")


@contextmanager
def running(hub: Hub, command: Sequence, log: Path, **options) -> Iterator[None]:
    """Run the hub's process; at its end it ends everybody's servers, and its proxy."""
    with log.open("wb") as output, ExitStack() as started:
        try:
            # The hub ends when its proxy has not answered in ten seconds: a busy machine needs more.
            for _ in range(STARTS):
                process = started.enter_context(process_of(command, output, options))
                if comes_up(hub, process):
                    break
            yield
        except BaseException:
            print(log.read_text()[-8000:])
            raise


def comes_up(hub: Hub, process: subprocess.Popen) -> bool:
    """Wait until the hub answers or has ended; tell whether it answers."""

    def decided() -> bool:
        return process.poll() is not None or hub.ask("nobody", "/hub/api/")[0] == 200

    wait_for(decided, "the hub")
    return process.poll() is None


@contextmanager
def process_of(command: Sequence, output: IO[bytes], options: dict) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [*map(str, command)], stdout=output, stderr=output, start_new_session=True, **options
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def make_course(course: Path) -> None:
    """The course folder, with a small lesson in the place of the course's own."""
    (course / "source" / LESSON).mkdir(parents=True)
    course.parent.chmod(0o700)
    nbformat.write(small_notebook(), course / "source" / LESSON / "small.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    (course / "course").symlink_to(ROOT / "course")
    (course / "students.csv").write_text("id,first_name\nalice,Alice\nbob,Bob\n")


# ---------------------------------------------------------------------------- real accounts

PASSWORDS = {name: f"{name}'s secret" for name in ("prof", "alice", "bob", "carol")}
"""Carol has an account and is in no group."""


@contextmanager
def hub_with_accounts(log: Path) -> Iterator[Hub]:
    """The guide's machine: its commands for accounts, and its files unchanged in their places.

    What it does not install: everybody runs the environment of the tests.
    """
    shared = [Path(sys.prefix), Path(sys.base_prefix), ROOT / "course"]
    with open_machine(shared, hide=[ROOT]) as machine:
        files = Path(f"/proc/{machine.first}/root")
        hub = Hub(
            "http://127.0.0.1:8000", files, Path("/home"), Path("/srv/nbgrader/exchange"),
            "rnn-course", machine,
        )  # fmt: skip
        for group in ("rnn-students", "rnn-instructors"):
            machine.does("addgroup", group)
        for name in ("rnn-course", *PASSWORDS):
            machine.does("adduser", "--disabled-password", "--gecos", "", name)
        machine.does("chpasswd", text="".join(f"{n}:{p}\n" for n, p in PASSWORDS.items()))
        machine.does("adduser", "prof", "rnn-instructors")
        for name in STUDENTS:
            machine.does("adduser", name, "rnn-students")
        machine.does("sh", "-c", "chmod 700 /home/*")
        make_course(hub.here(hub.course))
        hub.here(hub.course / ".venv").symlink_to(sys.prefix)
        with hub.here(hub.course / "nbgrader_config.py").open("a") as config:
            config.write(f'\nc.Exchange.root = "{hub.exchange}"\n')
        machine.does("chown", "-R", "rnn-course:", hub.course)
        machine.does("ln", "-s", sys.prefix, "/opt/rnn-hub")
        machine.does("install", "-d", "-m", "755", "/srv/rnn-hub")
        machine.does("install", "-d", "-m", "700", "/srv/rnn-hub/state")
        for path in DEPLOYED.glob("*.py"):
            shutil.copy(path, hub.here(Path("/srv/rnn-hub")))
        command = machine.command(
            "/opt/rnn-hub/bin/jupyterhub", "-f", "/srv/rnn-hub/jupyterhub_config.py"
        )
        with running(hub, command, log, env=machine.environment()):
            yield hub


# ---------------------------------------------------------------------------- one account

ONE_ACCOUNT = """
import sys
sys.path.insert(0, {deploy!r})
from pathlib import Path
from course_hub import configure, make_exchange

make_exchange(Path({exchange!r}))
configure(c, course_account="course", instructors=["prof"], students=["alice", "bob"],
          exchange=Path({exchange!r}))

# In place of accounts of the system: any password, and homes in a temporary folder. One account
# plays everybody, as on Kubernetes, so nbgrader asks the hub who somebody is.
c.Spawner.environment["NBGRADER_COURSE_ACCOUNT"] = "course"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.env_keep = ["PATH", "VIRTUAL_ENV", "LANG", "COURSE_PRELOAD"]
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.db_url = "sqlite:///" + {state!r} + "/hub.sqlite"
c.JupyterHub.cookie_secret_file = {state!r} + "/cookie_secret"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.pid_file = {state!r} + "/proxy.pid"
"""


@contextmanager
def hub_of_one_account(folder: Path) -> Iterator[Hub]:
    """A hub whose people are one account of the system, in a folder of its own."""
    folder.chmod(0o755)
    (folder / "state").mkdir()
    port, hub_port, api_port = free_ports(3)
    hub = Hub(
        f"http://127.0.0.1:{port}", Path("/"), folder / "homes", folder / "exchange", "course"
    )
    config = folder / "state" / "jupyterhub_config.py"
    config.write_text(
        ONE_ACCOUNT.format(
            deploy=str(DEPLOYED), exchange=str(hub.exchange), homes=str(hub.homes),
            state=str(folder / "state"), proxy=str(PROXY),
            port=port, hub_port=hub_port, api_port=api_port,
        )
    )  # fmt: skip
    make_course(hub.course)
    command = [sys.executable, "-m", "jupyterhub", "-f", config]
    environment = {n: v for n, v in os.environ.items() if not n.startswith("JUPYTER")}
    log = folder / "state" / "log"
    with running(hub, command, log, cwd=folder / "state", env=environment):
        yield hub


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
