"""A term on the documented hub: two students, an instructor, the course account, the exchange.

JupyterHub, its proxy and four people's servers are real. Students do what JupyterLab's assignment
list does; the instructor types the guide's commands. Everybody is one account of the system here,
so what the system would refuse is read from the modes of files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT, small_notebook

HUB = ROOT / "deploy" / "jupyterhub"
PROXY = Path(sys.prefix) / "bin" / "configurable-http-proxy"
LESSON = "00_small"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("lean"),
    pytest.mark.xdist_group("hub"),
    pytest.mark.skipif(not PROXY.is_file(), reason="the hub's proxy is not installed"),
]
WRONG = "def double(x):\n    return 3 * x"
SERVICE_TOKEN = "a-token-for-this-test-alone"

HUB_CONFIG = """
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
c.JupyterHub.services = [{{"name": "test", "api_token": {token!r}}}]
c.JupyterHub.load_roles += [{{"name": "test", "services": ["test"],
                             "scopes": ["admin:users", "admin:servers", "tokens"]}}]
"""


@dataclass
class Hub:
    """A running hub: where it is, and a token for each of its people."""

    address: str
    folder: Path
    tokens: dict[str, str]

    def ask(self, who: str, path: str, data: object = None, method: str = "") -> tuple[int, object]:
        """Send a request with somebody's token; the status and the JSON that came back."""
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(f"{self.address}{path}", body, method=method or None)
        request.add_header("Authorization", f"token {self.tokens[who]}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text, status = answer.read().decode(), answer.status
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        return status, json.loads(text) if text.startswith(("{", "[")) else text

    def home(self, who: str) -> Path:
        return self.folder / "homes" / who

    @property
    def course(self) -> Path:
        return self.home("course") / "rnn-course"

    @property
    def exchange(self) -> Path:
        return self.folder / "exchange"

    def start(self, who: str, whose: str) -> None:
        """Start a server, and wait until it answers."""
        status, said = self.ask(who, f"/hub/api/users/{whose}/server", {}, "POST")
        assert status in {201, 202}, said
        wait_for(lambda: self.ask(who, f"/user/{whose}/api/status")[0] == 200, f"{whose}'s server")

    def assignment(self, who: str, action: str) -> list[dict]:
        """Press a button of the assignment list; the list as it is then."""
        query = {"course_id": "rnn-course", "assignment_id": LESSON}
        status, said = self.ask(who, f"/user/{who}/assignments/{action}", query, "POST")
        assert status == 200 and said["success"], said
        return said["value"]

    def command(self, *arguments: str) -> str:
        """Type a command in the course account's folder, with the environment of its server."""
        environment = os.environ | {
            "HOME": str(self.home("course")),
            "JUPYTER_CONFIG_PATH": str(HUB),
            "NBGRADER_COURSE_ACCOUNT": "course",
            "NBGRADER_EXCHANGE": str(self.exchange),
        }
        run = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=self.course, env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, (arguments, run.stdout, run.stderr)
        return run.stdout + run.stderr


def wait_for(condition, what: str, seconds: float = 240) -> None:
    """Wait until something holds; a slow machine has time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise AssertionError(f"{what} does not answer after {seconds:.0f} s")


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[Hub]:
    """The hub with the course folder in the course account's home, and its lesson generated."""
    folder = tmp_path_factory.mktemp("hub")
    folder.chmod(0o755)
    for name in ("homes", "state"):
        (folder / name).mkdir()
    port, hub_port, api_port = free_ports(3)
    config = folder / "state" / "jupyterhub_config.py"
    config.write_text(
        HUB_CONFIG.format(
            deploy=str(HUB), exchange=str(folder / "exchange"), homes=str(folder / "homes"),
            state=str(folder / "state"), proxy=str(PROXY),
            token=SERVICE_TOKEN, port=port, hub_port=hub_port, api_port=api_port,
        )
    )  # fmt: skip
    made = Hub(f"http://127.0.0.1:{port}", folder, {"test": SERVICE_TOKEN})
    make_course(made)
    environment = {n: v for n, v in os.environ.items() if not n.startswith("JUPYTER")}
    with (folder / "state" / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", config], cwd=folder / "state",
            env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        wait_for(lambda: made.ask("test", "/hub/api/")[0] == 200, "the hub")
        for who in ("alice", "bob", "prof"):
            status, said = made.ask("test", f"/hub/api/users/{who}/tokens", {}, "POST")
            assert status == 201, said
            made.tokens[who] = said["token"]
        yield made
    except BaseException:
        print((folder / "state" / "log").read_text()[-8000:])
        raise
    finally:
        process.terminate()  # the hub ends everybody's servers, and its proxy
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def make_course(hub: Hub) -> None:
    """The course folder as the guide has it: nobody else's to look into."""
    home = hub.home("course")
    (hub.course / "source" / LESSON).mkdir(parents=True)
    home.chmod(0o700)
    nbformat.write(small_notebook(), hub.course / "source" / LESSON / "small.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", hub.course)
    (hub.course / "course").symlink_to(ROOT / "course")
    (hub.course / "students.csv").write_text("id,first_name\nalice,Alice\nbob,Bob\n")


@pytest.fixture(scope="module")
def term(hub) -> dict[str, object]:
    """The lesson from its release to the page that a student reads."""
    seen: dict[str, object] = {}
    hub.command("course.grader", "roster", "students.csv")
    hub.command("course.grader", "release", LESSON)
    hub.command("nbgrader", "release_assignment", LESSON)
    for who, double in (("alice", None), ("bob", WRONG)):
        hub.start(who, who)
        (fetched,) = hub.assignment(who, "fetch")
        assert fetched["status"] == "fetched"
        path = hub.home(who) / LESSON / "small.ipynb"
        seen[f"{who}'s starter"] = path.read_text()
        work = nbformat.read(path, as_version=4)
        written = {cell.id: cell.source for cell in small_notebook().cells}
        for cell in work.cells:
            if (cell.metadata.get("nbgrader") or {}).get("solution"):
                cell.source = written[cell.id]
            if cell.id == "double" and double:
                cell.source = double
        nbformat.write(work, path)
        hub.assignment(who, "submit")
    seen["collected"] = hub.command("nbgrader", "collect", LESSON)
    seen["graded"] = hub.command(
        "course.grader", "autograde", LESSON, "--workers", "1", "--quiet"
    )  # fmt: skip
    hub.command("course.grader", "feedback", LESSON)
    hub.command("nbgrader", "release_feedback", LESSON)
    for who in ("alice", "bob"):
        hub.assignment(who, "fetch_feedback")
        pages = list((hub.home(who) / LESSON / "feedback").rglob("*.html"))
        seen[f"{who}'s pages"] = [page.read_text() for page in pages]
    seen["scores"] = hub.command("course.grader", "export", LESSON)
    return seen


def may(hub: Hub, path: Path, bit: int) -> bool:
    """Tell whether an account that is neither owner nor in the group may do this to a path."""
    on_the_way = [folder for folder in path.parents if hub.folder in folder.parents]
    ways = all(folder.stat().st_mode & stat.S_IXOTH for folder in on_the_way)
    return ways and bool(path.stat().st_mode & bit)


class TestTheTerm:
    def test_everybodys_work_comes_in_and_is_graded(self, term):
        rows = [line.split(",") for line in str(term["scores"]).splitlines()]
        scores = {row[1]: row[5] for row in rows[1:]}
        assert scores == {"alice": "4", "bob": "2"}

    def test_each_student_reads_the_own_feedback(self, term):
        (alices,), (bobs,) = term["alice's pages"], term["bob's pages"]
        assert "3 * x" in bobs and "3 * x" not in alices

    def test_a_starter_holds_no_solution_and_no_hidden_test(self, term):
        for who in ("alice", "bob"):
            assert "return 2 * x" not in term[f"{who}'s starter"]
            assert "case.call" not in term[f"{who}'s starter"]


class TestWhoMayDoWhat:
    @pytest.mark.parametrize("whose", ["alice", "course"])
    def test_a_student_opens_no_other_server(self, hub, term, whose):
        status, _ = hub.ask("bob", f"/user/{whose}/api/contents")
        assert status in {403, 404, 503}
        assert hub.ask("bob", f"/hub/api/users/{whose}/server", {}, "POST")[0] in {403, 404}
        assert hub.ask("bob", f"/hub/api/users/{whose}")[0] in {403, 404}

    def test_an_instructor_starts_and_opens_the_course_account_alone(self, hub, term):
        hub.start("prof", "course")
        status, listed = hub.ask("prof", "/user/course/api/contents")
        assert status == 200 and "rnn-course" in {entry["name"] for entry in listed["content"]}
        assert hub.ask("bob", "/user/course/api/contents")[0] == 403
        assert hub.ask("prof", "/user/bob/api/contents")[0] == 403

    def test_the_course_folder_is_closed_to_others(self, hub, term):
        for path in (hub.course, hub.course / "gradebook.db", hub.course / "source" / LESSON):
            assert not may(hub, path, stat.S_IROTH) and not may(hub, path, stat.S_IXOTH)

    def test_submissions_cannot_be_listed_nor_their_names_be_guessed(self, hub, term):
        inbound = hub.exchange / "rnn-course" / "inbound"
        assert may(hub, inbound, stat.S_IWOTH) and not may(hub, inbound, stat.S_IROTH)
        names = [path.name for path in inbound.iterdir()]
        assert len(names) == 2
        assert all(re.fullmatch(rf"(alice|bob)\+{LESSON}\+[^+]+\+[\w=-]{{12}}", n) for n in names)

    def test_feedback_cannot_be_listed_and_has_names_that_nobody_can_guess(self, hub, term):
        feedback = hub.exchange / "rnn-course" / "feedback"
        assert may(hub, feedback, stat.S_IXOTH) and not may(hub, feedback, stat.S_IROTH)
        assert not may(hub, feedback, stat.S_IWOTH)
        assert all(re.fullmatch(r"[0-9a-f]{32,}\.html", p.name) for p in feedback.iterdir())
        assert all(may(hub, page, stat.S_IROTH) for page in feedback.iterdir())

    def test_nobody_can_take_away_what_is_the_course_accounts(self, hub, term):
        assert stat.S_IMODE(hub.exchange.stat().st_mode) == 0o1777
        assert not may(hub, hub.exchange / "rnn-course", stat.S_IWOTH)
        assert not may(hub, hub.exchange / "rnn-course" / "outbound" / LESSON, stat.S_IWOTH)


class TestSettings:
    def configure(self, **changes):
        from traitlets.config import Config

        sys.path.insert(0, str(HUB))
        try:
            from course_hub import configure
        finally:
            sys.path.remove(str(HUB))
        chosen = {"course_account": "course", "instructors": ["prof"], "students": ["alice"]}
        config = Config()
        configure(config, **chosen | {"exchange": Path("/srv/exchange")} | changes)
        return config

    def test_nobody_else_may_sign_in(self):
        assert self.configure().Authenticator.allowed_users == {"course", "prof", "alice"}

    @pytest.mark.parametrize(
        "changes", [{"students": ["prof"]}, {"students": ["course"]}, {"instructors": ["course"]}]
    )
    def test_nobody_is_two_things(self, changes):
        with pytest.raises(ValueError, match=r"named twice.*: (prof|course)"):
            self.configure(**changes)

    def test_the_documented_configuration_differs_in_accounts_and_servers_alone(self, monkeypatch):
        """It is read as JupyterHub reads it, on a machine that has the two groups."""
        import grp
        from types import SimpleNamespace

        from traitlets.config import Config

        monkeypatch.setattr(grp, "getgrnam", lambda name: SimpleNamespace(gr_mem=[name[4:]]))
        monkeypatch.syspath_prepend(str(HUB))
        import course_hub

        made = []
        monkeypatch.setattr(course_hub, "make_exchange", made.append)
        config = Config()
        path = HUB / "jupyterhub_config.py"
        exec(
            compile(path.read_text(), path, "exec"),
            {"get_config": lambda: config, "__file__": path},
        )
        assert made == [Path("/srv/nbgrader/exchange")]
        assert config.JupyterHub.authenticator_class == "pam"
        assert config.Authenticator.allowed_users == {"rnn-course", "students", "instructors"}
        shared = self.configure(
            course_account="rnn-course", instructors=["instructors"], students=["students"],
            exchange=Path("/srv/nbgrader/exchange"), data=Path("/srv/rnn-hub/data"),
        )  # fmt: skip
        assert config.Spawner == shared.Spawner
        assert config.JupyterHub.load_roles == shared.JupyterHub.load_roles
