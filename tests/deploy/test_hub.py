"""A term on the documented hub: two students, an instructor, the course account, the exchange.

JupyterHub, its proxy and four people's servers are real. Students do what JupyterLab's assignment
list does; the instructor types the guide's commands. Where root may make a machine of its own
(``tests.support.machine``), the documented configuration runs as it is: people are accounts of the
system and sign in by PAM, and what one must not do to another is tried. Elsewhere one account plays
everybody, and what the system would refuse is read from the modes of files.
"""

from __future__ import annotations

import getpass
import re
import shlex
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.conftest import small_notebook
from tests.deploy.hubs import (
    DEPLOYED,
    LESSON,
    PASSWORDS,
    PROXY,
    STUDENTS,
    Hub,
    hub_of_one_account,
    hub_with_accounts,
    wait_for,
)
from tests.support.machine import why_no_machine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("lean"),
    pytest.mark.xdist_group("hub"),
    pytest.mark.skipif(not PROXY.is_file(), reason="the hub's proxy is not installed"),
]
between_accounts = pytest.mark.skipif(bool(why_no_machine()), reason=why_no_machine())
WRONG = "def double(x):\n    return 3 * x"
LATER = "2099-01-01 00:00:00.000000 UTC"


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[Hub]:
    """The hub with the course folder in the course account's home; everybody has signed in."""
    folder = tmp_path_factory.mktemp("hub")
    opened = hub_of_one_account(folder) if why_no_machine() else hub_with_accounts(folder / "log")
    with opened as hub:
        for who in ("prof", *STUDENTS):
            assert hub.sign_in(who, PASSWORDS[who]) == 200
        yield hub


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
        path = hub.here(hub.homes / who / LESSON / "small.ipynb")
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
    if hub.machine:
        seen["forged"] = hand_in_as_bob(hub)
    seen["collected"] = hub.command("nbgrader", "collect", LESSON)
    seen["graded"] = hub.command("course.grader", "autograde", LESSON, "--workers", "1")
    hub.command("course.grader", "feedback", LESSON)
    hub.command("nbgrader", "release_feedback", LESSON)
    for who in STUDENTS:
        hub.assignment(who, "fetch_feedback")
        pages = list(hub.here(hub.homes / who / LESSON / "feedback").rglob("*.html"))
        seen[f"{who}'s pages"] = [page.read_text() for page in pages]
    seen["scores"] = hub.command("course.grader", "export", LESSON)
    return seen


def hand_in_as_bob(hub: Hub) -> list[Path]:
    """Alice hands her work in as bob's, later than bob; and a link to bob's home in that place."""
    inbound = hub.exchange / "rnn-course" / "inbound"
    copy, link = (inbound / f"bob+{LESSON}+{LATER}+{end}" for end in ("copied", "linked"))
    hub.machine.does("cp", "-r", hub.homes / "alice" / LESSON, copy, account="alice")
    hub.machine.does("ln", "-s", hub.homes / "bob" / LESSON, link, account="alice")
    return [copy, link]


def may(hub: Hub, path: Path, bit: int) -> bool:
    """Tell whether an account that is neither owner nor in the group may do this to a path."""
    top = hub.homes.parent if hub.homes in path.parents else hub.exchange.parent
    on_the_way = [hub.here(folder) for folder in path.parents if top in folder.parents]
    ways = all(folder.stat().st_mode & stat.S_IXOTH for folder in on_the_way)
    return ways and bool(hub.here(path).stat().st_mode & bit)


class TestTheTerm:
    def test_everybodys_work_comes_in_and_is_graded(self, term):
        said = str(term["scores"])
        rows = [line.split(",") for line in said.splitlines() if line.count(",") >= 5]
        scores = {row[1]: row[5] for row in rows[1:]}
        assert scores == {"alice": "4", "bob": "2"}
        assert "2 of 2 submissions have a written answer that waits" in said

    def test_each_student_reads_the_own_feedback(self, term):
        (alices,), (bobs,) = term["alice's pages"], term["bob's pages"]
        assert "3 * x" in bobs and "3 * x" not in alices

    def test_a_starter_holds_no_solution_and_no_hidden_test(self, term):
        for who in STUDENTS:
            assert "return 2 * x" not in term[f"{who}'s starter"]
            assert "case.call" not in term[f"{who}'s starter"]


class TestWhoMayDoWhat:
    @pytest.mark.parametrize("whose", ["alice", "the course account"])
    def test_a_student_opens_no_other_server(self, hub, term, whose):
        whose = hub.course_account if "course" in whose else whose
        status, _ = hub.ask("bob", f"/user/{whose}/api/contents")
        assert status in {403, 404, 503}
        assert hub.ask("bob", f"/hub/api/users/{whose}/server", {}, "POST")[0] in {403, 404}
        assert hub.ask("bob", f"/hub/api/users/{whose}")[0] in {403, 404}

    def test_an_instructor_starts_and_opens_the_course_account_alone(self, hub, term):
        hub.start("prof", hub.course_account)
        status, listed = hub.ask("prof", f"/user/{hub.course_account}/api/contents")
        assert status == 200 and "rnn-course" in {entry["name"] for entry in listed["content"]}
        assert hub.ask("bob", f"/user/{hub.course_account}/api/contents")[0] == 403
        assert hub.ask("prof", "/user/bob/api/contents")[0] == 403

    def test_the_course_folder_is_closed_to_others(self, hub, term):
        for path in (hub.course, hub.course / "gradebook.db", hub.course / "source" / LESSON):
            assert not may(hub, path, stat.S_IROTH) and not may(hub, path, stat.S_IXOTH)

    def test_submissions_cannot_be_listed_nor_their_names_be_guessed(self, hub, term):
        inbound = hub.exchange / "rnn-course" / "inbound"
        assert may(hub, inbound, stat.S_IWOTH) and not may(hub, inbound, stat.S_IROTH)
        assert hub.here(inbound).stat().st_mode & stat.S_ISVTX
        forged = {path.name for path in term.get("forged", [])}
        names = {path.name for path in hub.here(inbound).iterdir()} - forged
        assert len(names) == 2
        assert all(re.fullmatch(rf"(alice|bob)\+{LESSON}\+[^+]+\+[\w=-]{{12}}", n) for n in names)

    def test_feedback_cannot_be_listed_and_has_names_that_nobody_can_guess(self, hub, term):
        feedback = hub.exchange / "rnn-course" / "feedback"
        assert may(hub, feedback, stat.S_IXOTH) and not may(hub, feedback, stat.S_IROTH)
        assert not may(hub, feedback, stat.S_IWOTH)
        names = [path.name for path in hub.here(feedback).iterdir()]
        assert all(re.fullmatch(r"[0-9a-f]{32,}\.html", name) for name in names)
        assert all(may(hub, feedback / name, stat.S_IROTH) for name in names)

    def test_nobody_can_take_away_what_is_the_course_accounts(self, hub, term):
        assert stat.S_IMODE(hub.here(hub.exchange).stat().st_mode) == 0o1777
        assert not may(hub, hub.exchange / "rnn-course", stat.S_IWOTH)
        assert not may(hub, hub.exchange / "rnn-course" / "outbound" / LESSON, stat.S_IWOTH)


@between_accounts
class TestSigningIn:
    @pytest.mark.parametrize(
        "who, password",
        [
            ("alice", PASSWORDS["bob"]),  # another's password
            ("carol", PASSWORDS["carol"]),  # in neither group
            ("rnn-course", ""),  # has no password
            ("nobody-at-all", "anything"),
        ],
    )
    def test_nobody_else_gets_in(self, hub, who, password):
        assert hub.sign_in(who, password) == 403

    def test_a_kernel_runs_as_the_student_it_belongs_to(self, hub, term):
        status, said = hub.ask("alice", "/user/alice/api/kernels", {"name": "python3"}, "POST")
        assert status == 201, said
        wait_for(lambda: kernels(hub), "the kernel")
        assert kernels(hub) == {"alice"}

    def test_every_server_runs_as_its_own_user(self, hub, term):
        hub.start("prof", "rnn-course")
        assert running(hub, "jupyterhub-singleuser") == {"alice", "bob", "rnn-course"}


def kernels(hub: Hub) -> set[str]:
    return running(hub, "ipykernel_launcher")


def running(hub: Hub, program: str) -> set[str]:
    """Accounts that run a program on the hub's machine."""
    lines = hub.machine.does("ps", "-eo", "user:32,args").splitlines()
    return {line.split()[0] for line in lines if program in line}


@between_accounts
class TestBetweenAccounts:
    """What the guide's table promises, tried; and that the owner can, so that it is the system."""

    def place(self, hub: Hub, name: str) -> Path:
        inbound, feedback = (hub.exchange / "rnn-course" / n for n in ("inbound", "feedback"))
        (bobs,) = (
            path.name
            for path in hub.here(inbound).glob(f"bob+{LESSON}+*")
            if LATER not in path.name
        )
        return {
            "home": hub.homes / "bob",
            "notebook": hub.homes / "bob" / LESSON / "small.ipynb",
            "nbgrader's copy": hub.homes / "bob" / ".local/share/jupyter/nbgrader_cache",
            "course account's home": hub.homes / "rnn-course",
            "source": hub.course / "source" / LESSON / "small.ipynb",
            "gradebook": hub.course / "gradebook.db",
            "collected": hub.course / "submitted" / "bob" / LESSON / "small.ipynb",
            "inbound": inbound,
            "feedback": feedback,
            "submission": inbound / bobs,
            "exchange": hub.exchange / "rnn-course",
            "outbound": hub.exchange / "rnn-course" / "outbound" / LESSON,
            "state": Path("/srv/rnn-hub/state"),
            "cookie secret": Path("/srv/rnn-hub/state/cookie_secret"),
        }[name]

    @pytest.mark.parametrize(
        "owner, command, name",
        [
            ("bob", "ls", "home"),
            ("bob", "cat", "notebook"),
            ("bob", "ls", "nbgrader's copy"),
            ("rnn-course", "ls", "course account's home"),
            ("rnn-course", "cat", "source"),
            ("rnn-course", "cat", "gradebook"),
            ("rnn-course", "cat", "collected"),
            ("rnn-course", "ls", "inbound"),
            ("rnn-course", "ls", "feedback"),
            ("rnn-course", "touch", "exchange"),
            ("rnn-course", "touch", "outbound"),
            ("root", "ls", "state"),
            ("root", "cat", "cookie secret"),
        ],
    )
    def test_a_student_is_refused_and_the_owner_is_not(self, hub, term, owner, command, name):
        place = self.place(hub, name)
        refused = hub.machine.run(command, place, account="alice")
        assert refused.returncode and "Permission denied" in refused.stderr
        hub.machine.does(command, place, account=owner)

    @pytest.mark.parametrize(
        "command, name",
        [
            ("mv {} {}-gone", "submission"),
            ("mv {} {}-gone", "exchange"),
            ("rm -r {}", "exchange"),
            ("rm -r {}", "outbound"),
        ],
    )
    def test_a_student_who_knows_the_name_cannot_remove_or_replace_it(
        self, hub, term, command, name
    ):
        place = shlex.quote(str(self.place(hub, name)))
        refused = hub.machine.run("sh", "-c", command.format(place, place), account="alice")
        assert refused.returncode
        assert "not permitted" in refused.stderr or "Permission denied" in refused.stderr
        assert hub.here(self.place(hub, name)).is_dir()

    def test_who_hands_in_under_anothers_name_is_named_and_not_collected(self, hub, term):
        said = str(term["collected"])
        assert "says that it is of 'bob', and the account 'alice' has handed it in" in said
        assert "linked' (not a folder)" in said
        taken = hub.here(hub.course / "submitted" / "bob" / LESSON / "small.ipynb").read_text()
        assert "return 3 * x" in taken

    def test_graded_code_is_shut_in_without_root(self, hub, term):
        assert re.search(
            r"^isolated: .*bubblewrap.*namespaces.*Landlock", str(term["graded"]), re.M
        )
        number = int(hub.machine.does("id", "-u", "rnn-course"))
        assert number and hub.here(hub.course / "gradebook.db").stat().st_uid == number


class TestSettings:
    def configure(self, **changes):
        from traitlets.config import Config

        sys.path.insert(0, str(DEPLOYED))
        try:
            from course_hub import configure
        finally:
            sys.path.remove(str(DEPLOYED))
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

    def test_the_courses_folder_is_there_before_somebody_else_makes_it(self, tmp_path, monkeypatch):
        monkeypatch.syspath_prepend(str(DEPLOYED))
        from course_hub import make_exchange

        me, inside = getpass.getuser(), tmp_path / "exchange" / "rnn-course"
        for _ in range(2):  # a hub starts more than once
            make_exchange(tmp_path / "exchange", me)
            assert inside.owner() == me
            assert stat.S_IMODE(inside.stat().st_mode) == 0o755
        inside.rmdir()
        inside.symlink_to(tmp_path)
        with pytest.raises(PermissionError, match=r"exchange/rnn-course is not a folder of .*away"):
            make_exchange(tmp_path / "exchange", me)

    def test_the_documented_configuration_differs_in_accounts_and_servers_alone(self, monkeypatch):
        """It is read as JupyterHub reads it, on a machine that has the two groups."""
        import grp
        from types import SimpleNamespace

        from traitlets.config import Config

        monkeypatch.setattr(grp, "getgrnam", lambda name: SimpleNamespace(gr_mem=[name[4:]]))
        monkeypatch.syspath_prepend(str(DEPLOYED))
        import course_hub

        made = []
        monkeypatch.setattr(course_hub, "make_exchange", lambda *about: made.append(about))
        config = Config()
        path = DEPLOYED / "jupyterhub_config.py"
        exec(
            compile(path.read_text(), path, "exec"),
            {"get_config": lambda: config, "__file__": path},
        )
        assert made == [(Path("/srv/nbgrader/exchange"), "rnn-course")]
        assert config.JupyterHub.authenticator_class == "pam"
        assert config.Authenticator.allowed_users == {"rnn-course", "students", "instructors"}
        shared = self.configure(
            course_account="rnn-course", instructors=["instructors"], students=["students"],
            exchange=Path("/srv/nbgrader/exchange"), data=Path("/srv/rnn-hub/data"),
        )  # fmt: skip
        assert config.Spawner == shared.Spawner
        assert config.JupyterHub.load_roles == shared.JupyterHub.load_roles
