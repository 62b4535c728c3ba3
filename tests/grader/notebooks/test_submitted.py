"""What was handed in is found, whatever it is called and wherever it lies; nothing else is read."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import random
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from course.grader.notebooks import archive, slim
from course.grader.notebooks.lent import LENT, lent_version
from course.grader.notebooks.lesson import parse_lesson
from course.grader.notebooks.submitted import (
    MAX_BESIDE,
    collect,
    link_on_the_way,
    set_aside,
    timestamp_of,
)
from course.lending import seal
from tests.conftest import SOLVE_DOUBLE, exercise_cells, small_notebook

LESSON = "00_small"
STUB = "def {name}(x):\n    # TODO\n    raise NotImplementedError"


def other_notebook():
    """The lesson's second notebook: one exercise, ``triple``."""
    notebook = small_notebook()
    solution = SOLVE_DOUBLE.replace("double", "triple")
    notebook.cells = [notebook.cells[1], *exercise_cells("triple", solution, "case = 1")]
    return notebook


def starter_of(notebook):
    starter = copy.deepcopy(notebook)
    for cell in starter.cells:
        grader = cell.metadata.get("nbgrader") or {}
        if grader.get("solution"):
            written = grader.get("grade")
            cell.source = "YOUR ANSWER HERE" if written else STUB.format(name=cell.id)
        elif grader.get("grade"):
            cell.source = "# hidden"
    return starter


LESSONS = [
    parse_lesson(small_notebook(), LESSON, "small"),
    parse_lesson(other_notebook(), LESSON, "triples"),
]
STARTERS = {"small": starter_of(small_notebook()), "triples": starter_of(other_notebook())}


def filled(name: str = "small", cells: int = 2, mark: str = "", outputs: object = None) -> bytes:
    """A starter with its first cells written, as a file's content."""
    notebook = copy.deepcopy(STARTERS[name])
    own = [c for c in notebook.cells if (c.metadata.get("nbgrader") or {}).get("solution")]
    for cell in own[:cells]:
        cell.source = f"def {cell.id}(x):\n    return x  # {mark}"
    for cell in notebook.cells:
        if outputs is not None and cell.cell_type == "code":
            cell["outputs"] = outputs
    return json.dumps(notebook).encode()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive_:
        for name, data in members.items():
            archive_.writestr(name, data)
    return buffer.getvalue()


def holder_of(ids: frozenset[str]) -> tuple[str, int]:
    return "02_lstm/lstm", len(ids & {"lstm_step", "lstm_forward"})


@pytest.fixture
def here(tmp_path) -> Path:
    folder = tmp_path / "submitted" / "ann" / LESSON
    folder.mkdir(parents=True)
    return folder


def put(here: Path, files: dict[str, bytes], start: float = 1e9) -> None:
    """Write files, each a day newer than the one before."""
    for position, (name, data) in enumerate(files.items()):
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (start, start + 86400 * position))


def found(here: Path, name: str = "small"):
    return collect(here, LESSONS, STARTERS, holder_of)[name]


def said(here: Path) -> str:
    notes = [n for what in collect(here, LESSONS, STARTERS, holder_of).values() for n in what.notes]
    assert all(note.isprintable() for note in notes)
    return "\n".join(notes)


EMPTY, HALF, FULL, OTHER = filled(cells=0), filled(cells=1), filled(), filled(mark="other")


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "small.ipynb", "small (1).ipynb", "Small.IPYNB", "small-Copy1.ipynb", "Ann small v2.ipynb",
            "small.ipynb.txt", "small.ipynb.json", "small.ipynb (1)", "small.json", "small", "x.txt",
            "homework.ipynb", "sub/small.ipynb", "a/b/c/small (2).ipynb",
        ],
    )  # fmt: skip
    def test_one_file_of_any_name(self, here, name):
        put(here, {name: FULL})
        assert found(here).text == FULL
        told = "was taken for small.ipynb" in said(here)
        assert told == (name != "small.ipynb")

    def test_a_zip_and_a_folder_in_it(self, here):
        put(
            here,
            {"work.zip": zipped(**{"hand in/small.ipynb": FULL, "__MACOSX/._small.ipynb": b"x"})},
        )
        assert found(here).text == FULL
        assert said(here).count("\n") == 0

    @pytest.mark.parametrize(
        "name", [f"{LESSON}.zip", f"{LESSON} (1).ZIP", f"{LESSON}-final.zip", LESSON]
    )
    def test_a_zip_in_the_place_of_the_folder(self, here, name):
        here.rmdir()
        members = {f"{LESSON}/small.ipynb": FULL, f"{LESSON}/data.csv": b"1"}
        put(here.parent, {name: zipped(**members)})
        assert found(here).text == FULL
        assert dict(found(here).files) == {"data.csv": b"1"}
        assert f"'{name}/{LESSON}/small.ipynb' was taken for small.ipynb" in said(here)

    def test_a_zip_beside_the_folder_counts_as_well(self, here):
        put(here, {"small.ipynb": EMPTY})
        put(here.parent, {f"{LESSON}.zip": zipped(**{"small.ipynb": FULL})})
        assert found(here).text == FULL
        assert "not used: 'small.ipynb' (nothing is filled in)" in said(here)

    @pytest.mark.parametrize("name", ["00_smaller.zip", "homework.zip", "01_rnn.zip"])
    def test_the_zip_of_another_lesson_is_not_this_one(self, here, name):
        put(here.parent, {name: zipped(**{"small.ipynb": FULL})})
        assert found(here).text is None

    def test_a_damaged_zip_in_the_place_of_the_folder_is_named(self, here):
        here.rmdir()
        put(here.parent, {f"{LESSON}.zip": b"PK\x03\x04" + b"x" * 50})
        assert found(here).text is None
        assert f"not used: '{LESSON}.zip' (not opened" in said(here)

    def test_a_linked_zip_in_the_place_of_the_folder_is_named_and_not_followed(
        self, here, tmp_path
    ):
        here.rmdir()
        put(tmp_path, {"private.zip": zipped(**{"small.ipynb": FULL})})
        (here.parent / f"{LESSON}.zip").symlink_to(tmp_path / "private.zip")
        assert found(here).text is None
        assert f"'{LESSON}.zip' (a link, which is not followed)" in said(here)

    def test_a_zip_under_the_name_of_a_notebook(self, here):
        put(here, {"small.ipynb": zipped(**{"small.ipynb": FULL})})
        assert found(here).text == FULL

    def test_both_notebooks_each_in_its_place(self, here):
        put(here, {"small.ipynb": FULL, "triples.ipynb": filled("triples")})
        assert found(here).text == FULL
        assert found(here, "triples").text == filled("triples")
        assert said(here) == ""

    def test_files_that_were_swapped_are_known_by_their_cells(self, here):
        put(here, {"small.ipynb": filled("triples"), "triples.ipynb": FULL})
        assert found(here).text == FULL
        assert found(here, "triples").text == filled("triples")
        assert "'triples.ipynb' was taken for small.ipynb" in said(here)
        assert "'small.ipynb' was taken for triples.ipynb" in said(here)

    def test_swapped_files_without_metadata_are_known_by_what_they_define(self, here):
        def bare(data: bytes) -> bytes:
            notebook = json.loads(data)
            for cell in notebook["cells"]:
                cell["metadata"] = {}
            return json.dumps(notebook).encode()

        put(here, {"small.ipynb": bare(filled("triples")), "triples.ipynb": bare(FULL)})
        assert found(here).text == bare(FULL)
        assert found(here, "triples").text == bare(filled("triples"))

    @pytest.mark.parametrize("name", ["small.ipynb", "lstm.ipynb"])
    def test_a_notebook_of_another_lesson_is_named(self, here, name):
        put(here, {name: FULL.replace(b'"double', b'"lstm_step').replace(b'"quadr', b'"lstm_q')})
        foreign = FULL
        for mine, theirs in {
            b"double": b"lstm_step",
            b"quadruple": b"lstm_forward",
            b"why": b"w",
        }.items():
            foreign = foreign.replace(mine, theirs)
        put(here, {name: foreign})
        assert found(here).text is None
        assert f"not used: {name!r} (it holds the cells of 02_lstm/lstm)" in said(here)

    def test_a_notebook_of_no_lesson_is_named(self, here):
        put(here, {"hw3.ipynb": b'{"cells": [], "nbformat": 4}', "small.ipynb": FULL})
        assert found(here).text == FULL
        assert "not used: 'hw3.ipynb' (neither" in said(here)


class TestChoice:
    @pytest.mark.parametrize("order", [1, -1])
    @pytest.mark.parametrize(
        ("first", "second"),
        [("small.ipynb", "small (1).ipynb"), ("small (1).ipynb", "small (2).ipynb")],
    )
    @pytest.mark.parametrize(("little", "much"), [(EMPTY, FULL), (HALF, FULL), (b"{", FULL)])
    def test_the_most_filled_counts(self, here, first, second, little, much, order):
        names = [first, second][::order]
        put(here, {names[0]: much, names[1]: little})
        assert found(here).text == much
        assert f"not used: {names[1]!r}" in said(here)

    def test_of_equally_filled_ones_the_newest_counts(self, here):
        put(here, {"small (1).ipynb": FULL, "small.ipynb": OTHER})
        assert found(here).text == OTHER
        assert "not used: 'small (1).ipynb' (older" in said(here)

    def test_the_number_tells_where_the_times_do_not(self, here):
        put(here, {"small.ipynb": FULL, "small (2).ipynb": OTHER, "small (10).ipynb": FULL})
        for path in here.iterdir():
            os.utime(path, (1e9, 1e9))
        assert found(here).text == FULL
        assert "'small (10).ipynb' was taken" in said(here)

    def test_every_file_is_used_or_named(self, here):
        files = {
            "small.ipynb": EMPTY, "small (1).ipynb": FULL, "sub/small.ipynb": HALF, "hw.ipynb": b"{}",
            "work.rar": b"Rar!", "broken.zip": b"PK\x03\x04broken", "small.ipynb.txt": b"",
        }  # fmt: skip
        put(here, files)
        (here / "link.ipynb").symlink_to(here / "small.ipynb")
        os.mkfifo(here / "pipe")
        notes = said(here)
        for name in [*files, "link.ipynb", "pipe"]:
            assert repr(name) in notes, name
        assert found(here).text == FULL

    def test_without_a_notebook_everything_is_named(self, here):
        put(here, {"small.html": b"<html>", "small.py": b"x = 1", "report.pdf": b"%PDF"})
        assert found(here).text is None
        assert all(name in said(here) for name in ("small.html", "small.py", "report.pdf"))

    @pytest.mark.parametrize("name", ["triples.html", "Triples (1).py", "sub/triples.pdf"])
    def test_what_bears_the_name_of_a_missing_notebook_is_named(self, here, name):
        put(here, {"small.ipynb": FULL, name: b"1", "data.csv": b"1"})
        assert f"not used: {name!r} (no notebook)" in found(here, "triples").notes
        assert "data.csv" not in said(here)

    @pytest.mark.parametrize(
        "name", [".ipynb_checkpoints/triples-checkpoint.ipynb", ".triples.ipynb"]
    )
    def test_a_hidden_notebook_is_named_where_none_is_in_sight(self, here, name):
        put(here, {"small.ipynb": FULL, name: filled("triples"), "._triples.ipynb": b"\0"})
        assert f"not used: {name!r} (hidden, for instance a checkpoint)" in said(here)
        assert "._" not in said(here)
        put(here, {"triples.ipynb": filled("triples")})
        assert said(here) == ""

    def test_hidden_folders_are_not_followed_elsewhere(self, here, tmp_path):
        put(tmp_path, {"private/small.ipynb": FULL})
        (here / ".ipynb_checkpoints").symlink_to(tmp_path / "private")
        assert "hidden" not in said(here)

    def test_a_folder_of_many_files_hides_no_notebook(self, here):
        put(here, {"small.ipynb": FULL} | {f"data/{i}.csv": b"" for i in range(1100)})
        assert found(here).text == FULL

    def test_a_name_in_letters_of_another_system(self, here):
        put(here, {os.fsdecode(b"M\xfcller/small M\xfcller.ipynb"): FULL})
        assert found(here).text == FULL
        assert "was taken for small.ipynb" in said(here)

    @pytest.mark.parametrize(
        ("where", "opened"), [(Path, "open"), (Path, "read_bytes"), (os, "scandir")]
    )
    def test_what_cannot_be_read_is_not_taken_for_missing(self, here, monkeypatch, where, opened):
        def refuse(path, *_, **__):
            raise PermissionError(13, "Permission denied", str(path))

        put(here, {"small.ipynb": FULL})
        monkeypatch.setattr(where, opened, refuse)
        with pytest.raises(PermissionError):
            found(here)

    def test_many_odd_files_make_few_notes(self, here):
        put(here, {f"{i}.rar": b"" for i in range(500)})
        assert len(said(here).splitlines()) < 20


class TestBeside:
    def test_files_lie_beside_the_notebook_they_came_with(self, here):
        put(here, {"top.txt": b"1", "sub/small.ipynb": FULL, "sub/weights.npy": b"2"})
        assert dict(found(here).files) == {"top.txt": b"1", "weights.npy": b"2"}

    def test_files_of_a_zip_come_along(self, here):
        put(here, {"w.zip": zipped(**{"small.ipynb": FULL, "data/x.csv": b"1"})})
        assert dict(found(here).files) == {"data/x.csv": b"1"}

    def test_what_is_too_much_is_named(self, here):
        put(here, {"small.ipynb": FULL, "a.bin": b"0" * (MAX_BESIDE + 1), "b.bin": b"1"})
        assert dict(found(here).files) == {"b.bin": b"1"}
        assert "'a.bin' is too much" in said(here)

    def test_what_rescue_lends_is_left_out_under_any_name(self, here):
        loans = seal({"exercises": {}})
        hidden = b"kept = [" + loans + b"]"
        zip_ = zipped(**{"a/small.rescue": loans, "b.py": hidden, "mine.csv": b"1"})
        files = {"small.ipynb": FULL, "small.rescue": loans, "x/notes.txt": loans, "all.zip": zip_}
        put(here, files)
        assert list(dict(found(here).files)) == ["all.zip/mine.csv"]
        assert said(here) == ""  # nbgrader hands the file in by itself

    def test_a_module_with_lent_code_is_named(self, here):
        lent = lent_version(SOLVE_DOUBLE).encode()
        put(here, {"small.ipynb": FULL, "tools.py": lent, "own.py": SOLVE_DOUBLE.encode()})
        assert said(here).splitlines() == [f"the file 'tools.py' {LENT}"]


class TestLinks:
    """Nothing outside the student's own folder is read, wherever on the way a link stands."""

    @pytest.fixture
    def theirs(self, tmp_path):
        folder = tmp_path / "submitted" / "bob" / LESSON
        put(folder, {"small.ipynb": FULL, "secret.txt": b"secret", "timestamp.txt": b"2026-01-01"})
        return folder

    @pytest.mark.parametrize("where", ["student", "lesson", "folder", "file", "broken", "beside"])
    def test_a_link_is_refused_and_named(self, here, theirs, where):
        if where in {"student", "lesson"}:
            here.rmdir()
        if where == "student":
            here.parent.rmdir()
            here.parent.symlink_to(theirs.parent)
        elif where == "lesson":
            here.symlink_to(theirs)
        elif where == "folder":
            (here / "small").symlink_to(theirs)
        elif where == "broken":
            (here / "small.ipynb").symlink_to("/nowhere")
        elif where == "file":
            (here / "small.ipynb").symlink_to(theirs / "small.ipynb")
        else:
            (here / "x.txt").symlink_to(theirs / "secret.txt")
        before = {path: path.read_bytes() for path in theirs.iterdir()}
        for _ in range(3):  # the same before and after the links are out of nbgrader's way
            assert found(here).text is None
            assert found(here).files == ()
            assert "link" in said(here)
            assert timestamp_of(here) is None
            set_aside(here)
            assert here.is_dir()
            assert not here.is_symlink()
            assert not [path for path in here.rglob("*") if path.suffix != ".set-aside"]
        assert {path: path.read_bytes() for path in theirs.iterdir()} == before
        assert bool(link_on_the_way(here)) == (where in {"student", "lesson"})

    def test_a_link_in_a_zip(self, here):
        info = zipfile.ZipInfo("small.ipynb")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as made:
            made.writestr(info, "../../bob/00_small/small.ipynb")
        put(here, {"w.zip": buffer.getvalue()})
        assert found(here).text is None
        assert "not used: 'small.ipynb' (a link or device)" in said(here)


class TestZips:
    """A zip is opened within bounds, or not at all, and then named."""

    @pytest.mark.parametrize("name", ["../small.ipynb", "/tmp/small.ipynb", "a/../../small.ipynb"])
    def test_no_path_leads_out(self, here, name):
        put(here, {"w.zip": zipped(**{name: FULL, "inside.txt": b"1"})})
        before = {str(path) for path in here.parent.parent.rglob("*")}
        assert found(here).text is None
        assert "outside the archive" in said(here)
        assert {str(path) for path in here.parent.parent.rglob("*")} == before

    def test_a_bomb(self, here, monkeypatch):
        monkeypatch.setattr(archive, "HARMLESS", 2**20)
        put(here, {"w.zip": zipped(**{"small.ipynb": b" " * (4 * 2**20)})})
        assert found(here).text is None
        assert "not used: 'w.zip' (not opened: it unpacks to more than 200 times" in said(here)

    def test_more_comes_out_than_was_said(self, here, monkeypatch):
        data = bytearray(zipped(**{"small.ipynb": random.Random(0).randbytes(100_000)}))
        monkeypatch.setattr(archive, "MAX_BYTES", 50_000)
        size = (100_000).to_bytes(4, "little")
        put(here, {"w.zip": bytes(data.replace(size, (10).to_bytes(4, "little")))})
        assert found(here).text is None
        assert "'w.zip'" in said(here)

    def test_too_many_members(self, here):
        put(here, {"w.zip": zipped(**{f"{i}.txt": b"" for i in range(archive.MAX_MEMBERS + 1)})})
        assert "more than 1000 members" in said(here)

    def test_a_zip_in_a_zip_is_named(self, here):
        put(here, {"w.zip": zipped(**{"v.zip": zipped(**{"small.ipynb": FULL})})})
        assert found(here).text is None
        assert "not used: 'w.zip/v.zip' (an archive that is not opened)" in said(here)

    def test_random_damage_never_raises(self, here):
        rng, good = random.Random(3), zipped(**{"small.ipynb": FULL, "x.txt": b"1"})
        for _ in range(100):
            data = bytearray(good)
            for _ in range(rng.randint(1, 5)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            put(here, {"w.zip": bytes(data)})
            collect(here, LESSONS, STARTERS, holder_of)


class TestSize:
    """Outputs are most of a large notebook, and nobody grades them."""

    def test_a_large_notebook_is_read_without_its_outputs(self, here, monkeypatch):
        monkeypatch.setattr(slim, "SMALL", 1000)
        picture = {"output_type": "display_data", "data": {"image/png": "A" * 3_000_000}}
        put(here, {"small.ipynb": filled(outputs=[picture, {"text": ['"\\\n'] * 1000}])})
        notebook = json.loads(found(here).text)
        assert notebook["cells"] == json.loads(filled(outputs=[]))["cells"]
        assert "read without its outputs" in said(here)

    def test_memory_stays_small(self, tmp_path):
        path = tmp_path / "small.ipynb"
        picture = {"output_type": "display_data", "data": {"image/png": "A" * 8_000_000}}
        path.write_bytes(filled(outputs=[picture]))
        assert path.stat().st_size > 50e6
        tracemalloc.start()
        text, _ = slim.read_notebook(path)
        assert tracemalloc.get_traced_memory()[1] < 2e6
        tracemalloc.stop()
        assert json.loads(text)["cells"]

    @pytest.mark.parametrize("indent", [None, 1])
    def test_only_outputs_and_attachments_of_cells_go(self, indent):
        notebook = json.loads(filled(outputs=[{"a": ["]", "}", '"']}]))
        notebook["cells"][0] |= {"attachments": {"x": {"y": "z"}}, "source": ['"outputs": [1]']}
        notebook["cells"][1]["outputs"] = None
        notebook["cells"][1]["metadata"]["outputs"] = [1]
        notebook["metadata"]["outputs"] = ["kept"]
        kept = json.loads(slim.without_outputs(json.dumps(notebook, indent=indent).encode()))
        for cell in notebook["cells"]:
            cell |= {
                key: type(cell[key] or [])() for key in ("outputs", "attachments") if key in cell
            }
        assert kept == notebook

    def test_more_than_outputs_is_too_much(self, here, monkeypatch):
        monkeypatch.setattr(slim, "SMALL", 1000)
        monkeypatch.setattr(slim, "MAX_KEPT", 5000)
        put(here, {"small.ipynb": filled(mark="x" * 10_000)})
        assert found(here).text == b""
        assert "without its outputs" in said(here)

    @pytest.mark.parametrize(
        "data",
        [b"[" * 3_000_000, b'"' + b'\\"' * 3_000_000, b'{"cells":[{"outputs":' + b'{"a":' * 10**6],
    )
    def test_hostile_json_is_scanned_once(self, data, monkeypatch):
        monkeypatch.setattr(slim, "MAX_TOKENS", 1_000_000)
        with contextlib.suppress(slim.TooLarge):
            assert len(slim.without_outputs(data)) <= len(data) + 2


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-12-01 18:00:00.123456 UTC", 18), ("2026-12-01 18:00:00 Europe/Berlin", 17),
        ("2026-12-01T18:00:00+01:00\r\n", 17), ("18:00", None), ("2026", None), ("10", None),
        ("01.12.2026 18:00", None), ("12/01/2026 6pm", None), ("2026-12-01", None), ("", None),
    ],
)  # fmt: skip
def test_a_time_is_read_as_it_is_meant_or_not_at_all(here, text, hour):
    (here / "timestamp.txt").write_text(text)
    time = timestamp_of(here)
    assert (time and (time.year, time.month, time.day, time.hour)) == (hour and (2026, 12, 1, hour))
