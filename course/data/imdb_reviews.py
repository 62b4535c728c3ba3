"""The IMDB reviews: read them when the reader has downloaded them, or download them on request."""

from __future__ import annotations

import contextlib
import hashlib
import html
import os
import re
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from .movie_reviews import ReviewPart, tokenize
from .parts import Parts, hash_order, part_of
from .sources import DataMissing, source

URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
SHA1 = "01ada507287d82875905620988597833ad4e0903"
REVIEW = re.compile(r"(?:^|/)aclImdb/(train|test)/(pos|neg)/(\d+)_(\d+)\.txt$")


def _clean(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<br\s*/?>", " ", text)).split())


def _files(place: Path) -> Iterator[tuple[str, str, int, str]]:
    """(part, number, rating, text) of every labelled review."""
    if place.is_file():
        with tarfile.open(place) as archive:
            for item in archive:
                found = REVIEW.search(item.name)
                if found and item.isfile():
                    text = archive.extractfile(item).read().decode("utf-8")
                    yield found[1], f"{found[2]}/{found[3]}", int(found[4]), text
        return
    root = place if place.name == "aclImdb" else place / "aclImdb"
    for part in ("train", "test"):
        for side in ("pos", "neg"):
            for path in sorted((root / part / side).glob("*_*.txt")):
                number, rating = path.stem.split("_")
                yield part, f"{side}/{number}", int(rating), path.read_text(encoding="utf-8")


def imdb(folder: str | os.PathLike[str], valid: float = 0.1) -> Parts:
    """The Large Movie Review Dataset from a folder that holds it.

    Parameters
    ----------
    folder : path
        Holds ``aclImdb_v1.tar.gz`` or the unpacked folder ``aclImdb``; either may also be named
        directly.
    valid : float
        Share of the training reviews set aside for validation, chosen by a hash of the text, so
        that equal reviews stay together.

    Returns
    -------
    Parts
        Tokens and labels as from :func:`course.data.reviews`. Here the test part has its labels
        too: they are public. The two halves hold different films.
    """
    place = Path(folder).expanduser()
    if (place / "aclImdb").is_dir() or place.name == "aclImdb" or place.is_file():
        pass
    elif (place / "aclImdb_v1.tar.gz").is_file():
        place = place / "aclImdb_v1.tar.gz"
    rows: dict[str, list[tuple[str, float, str]]] = {"train": [], "valid": [], "test": []}
    for half, number, rating, text in _files(place) if place.exists() else ():
        text = _clean(text)
        part = part_of("imdb", text, valid, 0.0) if half == "train" else "test"
        rows[part].append((number, float(rating), text))
    if not rows["train"] or not rows["test"]:
        raise DataMissing(
            f"imdb: no reviews in {place}; download aclImdb_v1.tar.gz from {URL} or call "
            f"course.data.download_imdb(folder)"
        )
    return Parts(**{part: _part(found) for part, found in rows.items()}, source=source("imdb"))


def _part(rows: list[tuple[str, float, str]]) -> ReviewPart:
    rows = sorted(rows)
    rows = [rows[index] for index in hash_order("imdb", [f"{n} {text}" for n, _, text in rows])]
    return ReviewPart(
        inputs=[tokenize(text) for _, _, text in rows],
        targets=[int(rating > 5) for _, rating, _ in rows],
        texts=[text for _, _, text in rows],
        ratings=[rating for _, rating, _ in rows],
    )


def check_imdb(path: str | os.PathLike[str]) -> bool:
    """Whether a downloaded archive is the one that was published (MD5 and SHA-1)."""
    md5, sha1 = hashlib.md5(usedforsecurity=False), hashlib.sha1(usedforsecurity=False)
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            md5.update(block)
            sha1.update(block)
    return md5.hexdigest() == MD5 and sha1.hexdigest() == SHA1


def download_imdb(folder: str | os.PathLike[str], url: str = URL) -> Path:
    """Download the archive (80 MB) into ``folder`` with a progress bar, and check it.

    An archive that is there and whole is kept; a broken download leaves nothing behind.
    """
    from tqdm.auto import tqdm

    target = Path(folder).expanduser() / "aclImdb_v1.tar.gz"
    if target.is_file() and check_imdb(target):
        return target
    made = [place for place in target.parents if not place.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".aclImdb.")
    temporary = Path(name)
    try:
        with (
            os.fdopen(handle, "wb") as file,
            urllib.request.urlopen(url, timeout=30) as answer,
            tqdm(
                total=int(answer.headers.get("Content-Length") or 0) or None,
                unit="B",
                unit_scale=True,
                desc="IMDB reviews",
            ) as bar,
        ):
            while block := answer.read(1 << 16):
                file.write(block)
                bar.update(len(block))
        if not check_imdb(temporary):
            raise DataMissing(f"imdb: what came from {url} has an unexpected checksum")
        temporary.replace(target)
    except (urllib.error.URLError, OSError) as error:
        raise DataMissing(
            f"imdb: {url} could not be reached ({getattr(error, 'reason', error)}); "
            f"download it elsewhere and put it into {target.parent}"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # what is not empty is somebody's
            for place in made:
                place.rmdir()
    return target
