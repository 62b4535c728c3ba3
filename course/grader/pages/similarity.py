"""Near-identical submissions: a hint that somebody may want to read two notebooks side by side.

The code of a student's solution cells becomes tokens: no comments, no layout, every name of the
student's own the same word, so that renaming hides nothing. Runs of :data:`RUN` tokens that the
starter has do not count, and what many students write weighs little (TF-IDF), so that the one
line that everybody must write says nothing. A pair is named when it is alike, and far more alike
than is typical in this class.
"""

from __future__ import annotations

import builtins
import io
import keyword
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer

RUN = 4
"""Tokens in a run: what is compared."""
ALIKE, SURELY = 0.85, 0.95
"""Similarity (0 to 1) below which no pair is named, and from which every one may be."""
TOO_TYPICAL = 0.8
"""Where the typical pair is so alike, likeness says nothing, and nobody is named."""
FAR = 4.0
"""How far above the typical pair a named one is, in robust standard deviations of all pairs."""
LEAST = 60
"""Tokens of their own that both of a pair must have written."""
MOST_TOKENS = 20_000
"""Tokens of one notebook that are read: nobody writes so many by hand."""
FEWEST = 5
"""Students below which there is no typical pair."""

FIXED = frozenset(keyword.kwlist) | frozenset(dir(builtins))
LAYOUT = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}


@dataclass(frozen=True)
class Group:
    """Students whose submissions are near-identical.

    Attributes
    ----------
    students : tuple of str
    least, most : float
        The smallest and the greatest similarity of the pairs that made the group, 0 to 1.
    """

    students: tuple[str, ...]
    least: float
    most: float


@dataclass(frozen=True)
class Likeness:
    """How alike the submissions of one notebook are.

    Attributes
    ----------
    pairs : numpy.ndarray, shape (P,)
        Similarity of every pair that was compared, 0 to 1.
    typical : float
        The median pair's; ``NaN`` when there is none.
    bar : float
        The similarity from which a pair is named; ``NaN`` where nothing can stand out.
    groups : tuple of Group
        The most alike first.
    """

    pairs: np.ndarray
    typical: float
    bar: float
    groups: tuple[Group, ...]


NOTHING = Likeness(np.empty(0), float("nan"), float("nan"), ())


def likeness(texts: Mapping[str, str], starter: str = "") -> Likeness:
    """Compare every submission of one notebook with every other.

    Parameters
    ----------
    texts : mapping of str to str
        The code of each student's solution cells, by student.
    starter : str
        The same of the starter.

    Returns
    -------
    Likeness
    """
    given = frozenset(re.findall(r"\w+", starter))
    known = set(_runs(tokens(starter, given)))
    own = {
        student: [run for run in _runs(tokens(text, given)) if run not in known]
        for student, text in texts.items()
    }
    students = [student for student, runs in own.items() if len(runs) >= LEAST]
    if len(students) < FEWEST:
        return NOTHING
    weigh = TfidfVectorizer(analyzer=list, sublinear_tf=True, smooth_idf=False)
    matrix = weigh.fit_transform([own[student] for student in students])
    alike = np.clip((matrix @ matrix.T).toarray(), 0.0, 1.0)
    pairs = alike[np.triu_indices(len(students), k=1)]
    typical = float(np.median(pairs))
    spread = 1.4826 * float(np.median(np.abs(pairs - typical)))
    bar = float(np.clip(typical + FAR * spread, ALIKE, SURELY))
    if typical >= TOO_TYPICAL:
        return Likeness(pairs, typical, float("nan"), ())
    return Likeness(pairs, typical, bar, _groups(students, alike, bar))


def tokens(code: str, given: frozenset[str] = frozenset()) -> list[str]:
    """Cut code into words and signs without comments and layout.

    Parameters
    ----------
    code : str
        It need not be Python.
    given : frozenset of str
        Names that stay as they are, beside Python's own; every other becomes ``name``. What
        follows a dot stays too.
    """
    found: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type in LAYOUT:
                continue
            found.append("text" if token.type == tokenize.STRING else token.string)
            if len(found) >= MOST_TOKENS:
                break
    except (tokenize.TokenError, SyntaxError, ValueError):
        bare = re.sub(r"#.*", "", code)
        found = re.findall(r"\w+|[^\w\s]", bare)[:MOST_TOKENS]
    return [
        "name"
        if word.isidentifier()
        and word not in FIXED
        and word not in given
        and (i == 0 or found[i - 1] != ".")
        else word
        for i, word in enumerate(found)
    ]


def _runs(words: Sequence[str]) -> list[str]:
    return [" ".join(words[i : i + RUN]) for i in range(len(words) - RUN + 1)]


def _groups(students: Sequence[str], alike: np.ndarray, bar: float) -> tuple[Group, ...]:
    """Put students together whom named pairs connect."""
    named = np.triu(alike >= bar, k=1)
    count, label = connected_components(named, directed=False)
    groups = []
    for one in range(count):
        inside = np.flatnonzero(label == one)
        if len(inside) < 2:
            continue
        block = np.ix_(inside, inside)
        values = alike[block][named[block]]
        names = tuple(students[i] for i in inside)
        groups.append(Group(names, float(values.min()), float(values.max())))
    return tuple(sorted(groups, key=lambda group: (-group.most, group.students)))
