"""Work comes in from the account that it is named after, and nothing comes in through a link."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from course.grader.classroom.exchange import CollectOwnWork, ReleaseToAll, copy_own_files
from tests.conftest import ROOT

ME = pwd.getpwuid(os.getuid()).pw_name
LESSON = "00_small"
EARLY, LATE = "2026-01-01 10:00:00.000000 UTC", "2026-02-01 10:00:00.000000 UTC"


@pytest.fixture
def config(small_course, tmp_path) -> Config:
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o1777)
    (small_course.release / LESSON).mkdir(parents=True)
    config = Config()
    config.Exchange.root = str(exchange)
    config.CourseDirectory.root = str(small_course.root)
    config.CourseDirectory.course_id = "rnn-course"
    config.CourseDirectory.assignment_id = LESSON
    run(ReleaseToAll, config)
    return config


def run(kind: type, config: Config) -> None:
    kind(coursedir=CourseDirectory(config=config), config=config).start()


def inbound(config: Config) -> Path:
    return Path(config.Exchange.root, "rnn-course", "inbound")


def hand_in(config: Config, student: str, when: str, text: str) -> Path:
    folder = inbound(config) / f"{student}+{LESSON}+{when}+random"
    folder.mkdir()
    (folder / "small.ipynb").write_text(text)
    (folder / "timestamp.txt").write_text(when)
    return folder


def collected(config: Config) -> dict[str, str]:
    """What has come in: each student's notebook."""
    run(CollectOwnWork, config)
    found = Path(config.CourseDirectory.root, "submitted").glob(f"*/{LESSON}/small.ipynb")
    return {path.parts[-3]: path.read_text() for path in found}


class TestWhoseWorkItIs:
    def test_the_newest_of_the_own_account_comes_in(self, config):
        hand_in(config, ME, LATE, "late")
        hand_in(config, ME, EARLY, "early")
        assert collected(config) == {ME: "late"}

    def test_another_accounts_name_is_refused(self, config, caplog):
        hand_in(config, ME, EARLY, "mine")
        hand_in(config, "bob", LATE, "forged")
        assert collected(config) == {ME: "mine"}
        assert f"says that it is of 'bob', and the account '{ME}' has handed it in" in caplog.text

    @pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
    def test_a_newer_forgery_does_not_hide_the_own_work(self, config):
        hand_in(config, ME, EARLY, "mine")
        os.chown(hand_in(config, ME, LATE, "forged"), 12345, -1)
        assert collected(config) == {ME: "mine"}

    def test_a_link_to_a_folder_of_the_named_account_is_refused(self, config, tmp_path, caplog):
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "small.ipynb").write_text("taken")
        (inbound(config) / f"{ME}+{LESSON}+{LATE}+random").symlink_to(tmp_path / "home")
        assert collected(config) == {}
        assert "not a folder" in caplog.text

    def test_a_name_that_cannot_be_read_stops_nobody_else(self, config, caplog):
        hand_in(config, ME, EARLY, "mine")
        (inbound(config) / f"{ME}+{LESSON}+soon+x").mkdir()
        config.ExchangeCollect.check_owner = False
        assert collected(config) == {ME: "mine"}
        assert "its name cannot be read" in caplog.text

    def test_where_accounts_have_no_names_the_hubs_names_are_believed(self, config):
        config.ExchangeCollect.check_owner = False
        hand_in(config, "bob", LATE, "bob's")
        assert collected(config) == {"bob": "bob's"}


class TestWhatIsCopied:
    def test_a_link_in_a_submission_is_left_out(self, config, tmp_path, caplog):
        secret = tmp_path / "solution.ipynb"
        secret.write_text("the solution")
        folder = hand_in(config, ME, LATE, "")
        (folder / "small.ipynb").unlink()
        (folder / "small.ipynb").symlink_to(secret)
        assert collected(config) == {}
        assert "left out of" in caplog.text and "small.ipynb" in caplog.text
        assert (
            Path(config.CourseDirectory.root) / "submitted" / ME / LESSON / "timestamp.txt"
        ).is_file()

    def test_ordinary_files_keep_their_place_and_time(self, tmp_path):
        (tmp_path / "from" / "data").mkdir(parents=True)
        (tmp_path / "from" / "data" / "a.csv").write_text("1,2")
        os.utime(tmp_path / "from" / "data" / "a.csv", (1e9, 1e9))
        assert copy_own_files(tmp_path / "from", tmp_path / "to", 3) == []
        assert (tmp_path / "to" / "data" / "a.csv").read_text() == "1,2"
        assert (tmp_path / "to" / "data" / "a.csv").stat().st_mtime == 1e9

    def test_links_and_pipes_are_named(self, tmp_path):
        (tmp_path / "from").mkdir()
        os.mkfifo(tmp_path / "from" / "pipe")
        (tmp_path / "from" / "folder").symlink_to("/etc")
        (tmp_path / "from" / "file").symlink_to("/etc/passwd")
        assert sorted(copy_own_files(tmp_path / "from", tmp_path / "to", 9)) == [
            "file",
            "folder",
            "pipe",
        ]
        assert list((tmp_path / "to").iterdir()) == []

    @pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
    def test_another_accounts_file_is_left_out(self, tmp_path):
        (tmp_path / "from").mkdir()
        (tmp_path / "from" / "theirs").write_text("")
        os.chown(tmp_path / "from" / "theirs", 12345, -1)
        assert copy_own_files(tmp_path / "from", tmp_path / "to", 9) == ["theirs"]

    def test_a_folder_that_is_a_link_is_not_entered(self, tmp_path):
        (tmp_path / "from").symlink_to("/etc")
        with pytest.raises(OSError):
            copy_own_files(tmp_path / "from", tmp_path / "to", 9)

    def test_too_much_is_refused_and_stops_nobody_else(self, config, caplog):
        config.CourseDirectory.max_dir_size = 1  # kilobytes
        hand_in(config, "bob", LATE, "x" * 2000)
        hand_in(config, ME, LATE, "mine")
        config.ExchangeCollect.check_owner = False
        assert collected(config) == {ME: "mine"}
        assert "(too large)" in caplog.text


class TestTheFolderOfSubmissions:
    def test_everybody_may_add_and_nobody_list_or_remove(self, config):
        assert stat.S_IMODE(inbound(config).stat().st_mode) & 0o1777 == 0o1733

    def test_the_course_folder_is_configured_so(self):
        text = (ROOT / "nbgrader_config.py").read_text()
        for plug, kind in (("collect", CollectOwnWork), ("release_assignment", ReleaseToAll)):
            assert f'c.ExchangeFactory.{plug} = "{kind.__module__}.{kind.__qualname__}"' in text
