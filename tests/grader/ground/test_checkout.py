"""An environment that belongs to another checkout is named, with the cure."""

from __future__ import annotations

import json

import pytest

from course.grader.__main__ import main
from course.grader.ground.checkout import wrong_checkout


def install(site, url: str | None) -> str:
    """What pip leaves of an install, in a folder of packages."""
    about = site / "rnn_course-1.0.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: rnn-course\nVersion: 1.0.0\n")
    if url is not None:
        (about / "direct_url.json").write_text(json.dumps({"url": url, "dir_info": {}}))
    return str(site)


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "my course"
    folder.mkdir()
    return folder


def test_an_environment_of_this_checkout_is_fine(here, tmp_path):
    assert not wrong_checkout([install(tmp_path / "site", here.as_uri())], here)


@pytest.mark.parametrize("url", [None, "https://example.org/course.zip"])
def test_an_install_from_elsewhere_that_is_no_checkout_is_fine(here, tmp_path, url):
    assert not wrong_checkout([install(tmp_path / "site", url)], here)


def test_no_install_is_left_to_others(here, tmp_path):
    assert not wrong_checkout([str(tmp_path)], here)


@pytest.mark.parametrize("exists", [True, False])
def test_another_checkout_is_named_with_the_cure(here, tmp_path, exists):
    there = tmp_path / "another course"
    if exists:
        there.mkdir()
    cause = wrong_checkout([install(tmp_path / "site", there.as_uri())], here)
    assert str(there) in cause and str(here) in cause
    assert ("gone" in cause) != exists
    assert "pip install" in cause and "make" in cause
    assert "\n" not in cause


def test_a_command_says_so_and_stops(monkeypatch, capsys):
    monkeypatch.setattr("course.grader.__main__.wrong_checkout", lambda: "another checkout")
    assert main(["autograde", "01_rnn"]) == 2
    assert capsys.readouterr().err == "error: another checkout\n"
