"""Read a notebook of any size without its outputs: they may be most of it, and nobody grades them.

The file is scanned where it lies; in memory are the parts that are kept.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

SMALL = 2 * 2**20
"""A file up to this size is read as it is."""
MAX_FILE = 512 * 2**20
"""A file larger than this is not opened."""
MAX_KEPT = 20 * 2**20
"""Bytes that may be left when the outputs are gone."""
MAX_TOKENS = 6_000_000
"""Strings and brackets that are looked at: some seconds' worth."""

DROPPED = {b'"outputs"': b"[]", b'"attachments"': b"{}"}
"""Keys of a cell whose values are left out, and what stands in their place."""
LONGEST_KEY = 20
"""Bytes of the keys that are looked at; no string is copied for being looked at."""

STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
"""A string, or all of the rest where it does not end: so every byte is looked at once."""
TOKEN = re.compile(rb"(" + STRING + rb")(\s*:)?|[{}\[\]]", re.DOTALL)
SCALAR = re.compile(rb"[^,}\]]*")


class TooLarge(ValueError):
    """There is too much in a notebook besides its outputs; the message says what."""


def read_notebook(path: Path) -> tuple[bytes, str]:
    """Read a submitted notebook's file; of a large one, all but its cells' outputs.

    Parameters
    ----------
    path : pathlib.Path
        An ordinary file.

    Returns
    -------
    content : bytes
        Empty when the file is not read.
    note : str
        What was left out and why, in words; empty when nothing was.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    size = path.stat().st_size
    if size <= SMALL:
        return (
            path.read_bytes(),
            "" if size else "the file is empty: save the notebook and hand it in again",
        )
    if size > MAX_FILE:
        return b"", f"the notebook is larger than {MAX_FILE // 2**20} MB"
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            kept = without_outputs(data)
    except TooLarge as error:
        return b"", str(error)
    return kept, f"the notebook has {size / 2**20:.0f} MB; it was read without its outputs"


def without_outputs(data: bytes | mmap.mmap) -> bytes:
    """Copy a notebook's JSON without the outputs and attachments of its cells.

    Parameters
    ----------
    data : bytes or mmap.mmap
        UTF-8. What is not JSON is copied as far as it can be followed.

    Returns
    -------
    bytes

    Raises
    ------
    TooLarge
        When more than ``MAX_KEPT`` bytes are left, or the scan would take too long.
    """
    kept: list[bytes] = []
    size = start = place = tokens = 0
    inside: list[bytes] = []  # for each open bracket, the key that it is the value of
    key = b""
    while found := TOKEN.search(data, place):
        tokens += 1
        place = found.end()
        if found.start(1) < 0:
            bracket = found.group()
            if bracket in b"{[":
                inside.append(key if bracket == b"[" else b"")
                if len(inside) > 1 and bracket == b"{" and inside[-2] == b'"cells"':
                    inside[-1] = b"cell"
            elif inside:
                inside.pop()
            key = b""
        elif found.start(2) >= 0:
            key = found[1] if found.end(1) - found.start(1) <= LONGEST_KEY else b""
            if key in DROPPED and inside and inside[-1] == b"cell":
                end, more = _end_of_value(data, place, MAX_TOKENS - tokens)
                tokens += more
                kept += [data[start:place], DROPPED[key]]
                size += place - start
                start = place = end
        if size + place - start > MAX_KEPT:
            raise TooLarge(f"the notebook has more than {MAX_KEPT // 2**20} MB without its outputs")
        if tokens > MAX_TOKENS:
            raise TooLarge("the notebook holds too much to be read")
    kept.append(data[start : start + MAX_KEPT + 1])
    if size + len(kept[-1]) > MAX_KEPT:
        raise TooLarge(f"the notebook has more than {MAX_KEPT // 2**20} MB without its outputs")
    return b"".join(kept)


def _end_of_value(data: bytes | mmap.mmap, place: int, most: int) -> tuple[int, int]:
    """Find where the value that begins at a place ends; return that and the tokens on the way."""
    depth = tokens = 0
    plain = SCALAR.match(data, place)
    first = TOKEN.search(data, place, min(place + 100, len(data)))
    if first is None or first.start() >= plain.end():  # a number, null, true or false
        return plain.end(), 0
    while found := TOKEN.search(data, place):
        tokens += 1
        place = found.end()
        if found.start(1) < 0:
            depth += 1 if found.group() in b"{[" else -1
        if depth <= 0 or tokens > most:
            return place, tokens
    return len(data), tokens
