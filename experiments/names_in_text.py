"""The sentences of the Brown corpus that come with the course, taken from the whole corpus again.

They go into ``course/data/stored/names_in_text.json``. It needs the corpus
(``python -m course.data brown``) and takes some seconds.
"""

from __future__ import annotations

import json
from pathlib import Path

from course import data
from course.data import Part
from course.data.tagging import LONGEST_SENTENCE, NAMES_IN_TEXT, SENTENCES


def short_sentences(part: Part, count: int) -> list[list[str]]:
    """Write the first short sentences of a part as pairs: words, and a letter for each tag."""
    short = ((words, tags) for words, tags in part if len(words) <= LONGEST_SENTENCE)
    pairs = [[" ".join(words), "".join(tag[0] for tag in tags)] for words, tags in short]
    return pairs[:count]


def store(path: Path = NAMES_IN_TEXT) -> None:
    """Take the sentences of :func:`course.data.names_in_text` from the corpus; one a line."""
    parts = data.brown_names()
    lists = []
    for name, count in SENTENCES.items():
        pairs = short_sentences(getattr(parts, name), count)
        lines = (f"  {json.dumps(pair, ensure_ascii=False)}" for pair in pairs)
        lists.append(f" {json.dumps(name)}: [\n" + ",\n".join(lines) + "\n ]")
    about = f' "about": {json.dumps(f"{parts.source.title}. {parts.source.citation}.")}'
    path.write_text("{\n" + ",\n".join([about, *lists]) + "\n}\n", "utf-8")
