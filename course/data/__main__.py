"""``python -m course.data``: fetch and check the data of the lessons. Safe to run again."""

from __future__ import annotations

import argparse
import sys

from . import SOURCES, DataMissing, cache_folder, download_imdb, source, status
from .fetch import fetch


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m course.data",
        description="Fetch what the lessons read and no installed package holds, once. "
        "Files that are there and whole are kept.",
    )
    parser.add_argument("names", nargs="*", help="data sets (default: all)")
    parser.add_argument("--list", action="store_true", help="say what there is, fetch nothing")
    parser.add_argument(
        "--imdb", metavar="FOLDER", help="download the IMDB reviews (80 MB) into a folder, only"
    )
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(SOURCES))
    if unknown:
        parser.error(f"no data set {unknown[0]!r}; there are {', '.join(sorted(SOURCES))}")
    if options.list:
        here = status()
        for name, record in SOURCES.items():
            state = "by the reader" if record.kind == "reader" else "here"
            if not here.get(name, True):
                state = "missing (optional)" if record.optional else "missing"
            print(f"{name:15s} {state:19s} {record.title}")
        print(f"cache: {cache_folder()}")
        return 0
    if options.imdb:
        try:
            print(f"imdb: {download_imdb(options.imdb)}, checksums verified")
        except (DataMissing, OSError) as error:
            print(_told(error), file=sys.stderr)
            return 1
        return 0
    failed = 0
    for name in options.names or [n for n, r in SOURCES.items() if r.kind != "reader"]:
        try:
            print(fetch(name), flush=True)
        except (DataMissing, OSError) as error:
            optional = source(name).optional and name not in options.names
            told = _told(error)
            print(f"{told} (optional, skipped)" if optional else told, file=sys.stderr)
            failed += not optional
    return 1 if failed else 0


def _told(error: Exception) -> str:
    """One line; what is missing says itself how to get it."""
    if not isinstance(error, OSError) or not error.filename:
        return str(error)
    return (
        f"{error.filename}: {error.strerror}; make the folder writable, or name another one "
        "(COURSE_DATA names the cache)"
    )


if __name__ == "__main__":
    sys.exit(main())
