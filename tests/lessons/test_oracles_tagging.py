"""The solutions of 04_bidirectional/tagging against other algorithms, and the grader's own score."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
import torch

from course.figures import tagging as figures
from course.grader.judging.compare import _spans
from course.grader.notebooks.lesson import read_lesson
from tests.conftest import ROOT

KINDS = ["A", "B", "I-land"]
ALPHABET = ["O", *(f"{prefix}-{kind}" for kind in KINDS for prefix in "BI")]


@pytest.fixture(scope="module")
def tagging():
    """The solution cells alone: no data, no training."""
    lesson = read_lesson(ROOT / "source" / "04_bidirectional" / "tagging.ipynb")
    first = next(cell.node.source for cell in lesson.cells if cell.node.cell_type == "code")
    namespace: dict = {"__name__": "oracle"}
    for source in [first, *(c.node.source for c in lesson.cells if c.role == "solution")]:
        if "def " in source or "import" in source:
            exec(compile(source, "<tagging>", "exec"), namespace)
    return namespace


def by_pattern(tags: list[str]) -> set[tuple[int, int, str]]:
    """Spans by a regular expression over one letter for each tag: no state, no loop over steps."""
    letters = "".join(chr(ord("a") + ALPHABET.index(tag)) for tag in tags)
    found = set()
    for number, kind in enumerate(KINDS):
        begin, inside = (chr(ord("a") + 1 + 2 * number + k) for k in (0, 1))
        for match in re.finditer(f"[{begin}{inside}]{inside}*", letters):
            found.add((match.start(), match.end(), kind))
    return found


def draw(rng, n):
    return [ALPHABET[k] for k in rng.integers(len(ALPHABET), size=n)]


@pytest.mark.parametrize("seed", range(5))
def test_spans_are_those_of_another_algorithm(tagging, seed):
    rng = np.random.default_rng(seed)
    for _ in range(200):
        tags = draw(rng, int(rng.integers(0, 9)))
        spans = tagging["find_spans"](tags)
        assert set(spans) == by_pattern(tags) == _spans(tags)
        assert spans == sorted(spans)


@pytest.mark.parametrize("seed", range(5))
def test_f1_is_that_of_indicator_vectors(tagging, seed):
    rng = np.random.default_rng(seed)
    true = [draw(rng, int(rng.integers(1, 12))) for _ in range(20)]
    predicted = [[draw(rng, 1)[0] if rng.random() < 0.3 else t for t in tags] for tags in true]

    def indicators(all_tags):
        cube = np.zeros((20, 12, 13, len(KINDS)))
        for n, tags in enumerate(all_tags):
            for begin, end, kind in by_pattern(tags):
                cube[n, begin, end, KINDS.index(kind)] = 1
        return cube.ravel()

    a, b = indicators(true), indicators(predicted)
    precision, recall = a @ b / b.sum(), a @ b / a.sum()
    f1 = 2 * precision * recall / (precision + recall)
    assert tagging["span_f1"](true, predicted) == pytest.approx(f1)


@pytest.mark.parametrize(("N", "T", "K"), [(4, 6, 5), (1, 1, 2), (3, 7, 4)])
def test_loss_is_torchs(tagging, N, T, K):
    generator = torch.Generator().manual_seed(N)
    logits = torch.randn(N, T, K, generator=generator, dtype=torch.float64)
    targets = torch.randint(K, (N, T), generator=generator)
    mask = torch.rand(N, T, generator=generator) < 0.6
    mask[0, 0] = True
    marked = targets.masked_fill(~mask, -100)
    want = torch.nn.functional.cross_entropy(logits.flatten(0, 1), marked.flatten())
    assert torch.allclose(tagging["masked_cross_entropy"](logits, marked, mask), want)


def total_of(path, scores, transitions) -> float:
    """What a path of tags has in all."""
    own = sum(scores[t, j] for t, j in enumerate(path))
    return own + sum(transitions[i, j] for i, j in itertools.pairwise(path))


@pytest.mark.parametrize("forbidden", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(5))
def test_no_path_has_more_than_viterbis(tagging, seed, forbidden):
    rng = np.random.default_rng(seed)
    N, T, C = 6, int(rng.integers(1, 6)), int(rng.integers(2, 5))
    scores, transitions = rng.normal(size=(N, T, C)), rng.normal(scale=1.5, size=(C, C))
    transitions[(rng.random((C, C)) < forbidden) & ~np.eye(C, dtype=bool)] = -np.inf
    scores[:, 0, 1:][rng.random((N, C - 1)) < forbidden] = -np.inf
    lengths = rng.integers(1, T + 1, size=N)
    mask = np.arange(T) < lengths[:, None]
    scores[~mask] *= 50.0
    kept = scores.copy(), transitions.copy(), mask.copy()
    tags = tagging["viterbi_decode"](scores, transitions, mask)
    assert tags.dtype == np.int64 and tags.shape == (N, T)
    for n, length in enumerate(lengths):
        paths = itertools.product(range(C), repeat=int(length))
        best = max(paths, key=lambda path, n=n: total_of(path, scores[n], transitions))
        assert tuple(tags[n, :length]) == best
        assert not tags[n, length:].any()
    given = scores, transitions, mask
    assert all(np.array_equal(one, other) for one, other in zip(given, kept, strict=True))


def test_the_lattice_in_the_notebook_shows_the_best_path(tagging):
    table, paths = figures.LATTICE, figures.lattice()
    names = list(table.index)
    allowed = np.array([[figures._may_follow(one, other) for other in names] for one in names])
    transitions = np.where(allowed, 0.0, -np.inf)
    scores = table.to_numpy(dtype=float).T[None].copy()
    scores[:, 0, names.index("I-Place")] = -np.inf
    found = tagging["viterbi_decode"](scores, transitions, np.ones((1, 4), dtype=bool))
    assert [names[k] for k in found[0]] == paths.at[figures.BEST, "tags"]
    assert [names[k] for k in scores[0].argmax(axis=1)] == paths.at[figures.ALONE, "tags"]
    assert list(paths["total"]) == [15, 14]
    assert list(paths["allowed"]) == [False, True]
