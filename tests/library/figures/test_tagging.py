"""Titles of `tagging`: each claim drawn from data that show it and from data that do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from course.data import bio
from course.figures import tagging, tagging_names, tagging_networks
from tests.library.figures.support import Case, draws_both_ways, titles


def labels(most: int) -> None:
    tags = [["B-A"] * most, *[[f"B-{name}"] for name in "BCDEFGHIJ"]]
    tagging.words_per_label(tags)


def neighbours(monkeypatch: pytest.MonkeyPatch, before: float) -> None:
    lost = np.zeros((12, 12))
    for distance, value in ((-1, before), (0, 0.3), (1, 0.1), (2, 0.05)):
        lost += value * np.eye(12, k=distance)
    monkeypatch.setattr(tagging, "occlusion", lambda *_: (lost, None))
    tagging.loss_by_distance(None, [["word"] * 12] * 20, None)


def starts(from_names: float) -> None:
    rows = [(100, "fresh", 0.7), (100, "from names", from_names)]
    table = [
        {"addresses": count, "start": start, "seed": seed, "span F1": f1 + seed / 100}
        for count, start, f1 in rows
        for seed in range(2)
    ]
    tagging_names.two_starts(pd.DataFrame(table))


CASES = [
    Case(
        "More than nine words in ten are in no name",
        lambda: tagging_names.few_names([["O"] * 19 + ["B-NAME"]]),
        lambda: tagging_names.few_names([["O", "B-NAME", "I-NAME"]]),
    ),
    Case(
        "What names have taught is no help with addresses",
        lambda: starts(0.65),
        lambda: starts(0.75),
    ),
    Case("A few labels have most of the words", lambda: labels(90), lambda: labels(1)),
    Case(
        "The same scores: the price of one move decides about another word",
        lambda: tagging.paths_by_price((0, 3)),
        lambda: tagging.paths_by_price((0, 0.5)),
    ),
]


NEIGHBOURS = "Neighbours decide: the word before most, the word after too"
OTHERS = (NEIGHBOURS,)


@pytest.mark.parametrize(("before", "holds"), [(0.2, True), (0.01, False)])
def test_neighbours_decide(before, holds, monkeypatch):
    neighbours(monkeypatch, before)
    assert (NEIGHBOURS in titles()) == holds
    assert titles().strip()


@draws_both_ways(CASES)
def test_a_title_claims_what_its_data_show_and_nothing_else(check):
    check()


def spans(tags):
    return [(i, i + 1, tag[2:]) for i, tag in enumerate(tags) if tag != "O"]


class TestFewNames:
    """What is counted of the names in some sentences."""

    def test_words_sentences_and_names_are_counted(self):
        found = tagging_names.few_names(
            [["O", "B-NAME", "I-NAME", "O"], ["O"] * 5, ["B-NAME"]],
        )
        assert found["words outside"] == pytest.approx(7 / 10)
        assert found["names of one word"] == pytest.approx(1 / 2)
        assert found["sentences with a name"] == pytest.approx(2 / 3)
        assert found["names behind a name"] == 0

    def test_names_that_touch_are_told(self):
        touching = [["B-NAME", "B-NAME", "I-NAME", "B-NAME"]]
        assert tagging_names.few_names(touching)["names behind a name"] == 2


def test_names_found_are_counted_by_where_they_begin():
    true = [["B-NAME", "O", "B-NAME"], ["O", "B-NAME", "O"]]
    found = [["O", "O", "B-NAME"], ["B-NAME", "B-NAME", "O"]]
    table = tagging_names.found_by_place(true, found, spans)
    assert table.loc["first word"].tolist() == [1, 0, 0]
    assert table.loc["further on"].tolist() == [2, 2, 1]


class TestASecondTask:
    """What a tagger takes over from one of another task."""

    def taggers(self):
        tags = [bio(["X", "O"])]
        old = tagging.Vocabulary([["Grand", "Grand"], ["of", "of"]], tags)
        new = tagging.Vocabulary([["Grand", "Grand"], ["7", "7"]], [bio(["Y", "Z"])])
        torch.manual_seed(0)
        made = [tagging_networks.ForwardTagger(len(v), len(v.tags), 3, 4) for v in (old, new)]
        return old, new, *made

    def test_vectors_of_shared_facts_and_the_lstm_are_taken(self):
        old, new, earlier, model = self.taggers()
        fresh = model.embedding.weight.detach().clone()
        tagging_networks.start_from(model, new, earlier, old)
        mine, theirs = model.embedding.weight, earlier.embedding.weight
        shared, own = "word grand", "word 7"
        assert torch.equal(mine[new.ids[shared]], theirs[old.ids[shared]])
        assert torch.equal(mine[new.ids[own]], fresh[new.ids[own]])
        assert torch.equal(mine[tagging.UNKNOWN], theirs[tagging.UNKNOWN])
        for one, other in zip(model.lstm.parameters(), earlier.lstm.parameters(), strict=True):
            assert torch.equal(one, other)

    def test_a_joined_vocabulary_keeps_its_ids_and_tags_and_knows_both_facts(self):
        old, new, *_ = self.taggers()
        both = tagging_networks.joined(new, old)
        assert both.tags == new.tags and {*both.ids} == {*new.ids, *old.ids}
        assert all(both.ids[fact] == number for fact, number in new.ids.items())
        assert sorted(both.ids.values()) == list(range(2, len(both)))


class TestLead:
    """How far a lead in span F1 may be trusted."""

    TRUE = [["B-X", "O"], ["O", "B-X"]] * 50

    def test_a_clear_lead_is_above_zero_and_of_the_right_size(self):
        nothing = [["O", "O"]] * 100
        low, high = tagging_networks.interval_of_lead(self.TRUE, self.TRUE, nothing, spans)
        assert low == high == 1

    def test_it_is_paired_and_has_both_signs_where_each_errs_as_often(self):
        wrong = [["O", "O"]] * 20
        one, other = self.TRUE[:80] + wrong, wrong + self.TRUE[20:]
        low, high = tagging_networks.interval_of_lead(self.TRUE, one, other, spans)
        assert low < 0 < high
        assert tagging_networks.interval_of_lead(self.TRUE, one, one, spans) == (0, 0)

    def test_every_other_tagger_has_a_row(self):
        answers = {"a": [["O", "O"]] * 100, "b": self.TRUE, "mine": self.TRUE}
        table = tagging_networks.leads(self.TRUE, answers, spans)
        assert list(table.index) == ["a", "b"]
        assert table.loc["a"].tolist() == [1, 1] and table.loc["b"].tolist() == [0, 0]


def test_only_an_inside_of_another_type_is_a_forbidden_move():
    tags = ["O", "B-X", "I-X", "I-Y"]
    moves = tagging_networks.allowed_moves(tags)
    forbidden = {(tags[i], tags[j]) for i, j in np.argwhere(np.isneginf(moves))}
    assert forbidden == {("O", "I-X"), ("O", "I-Y"), ("B-X", "I-Y"), ("I-X", "I-Y"), ("I-Y", "I-X")}


def test_decoding_begins_no_sentence_inside_and_leaves_the_padding_out():
    tags, lengths = ["O", "B-X", "I-X"], torch.tensor([2, 1])

    def model(ids, lengths):
        return torch.tensor([0.0, 1.0, 2.0]).expand(*ids.shape, 3)

    model.eval = lambda: model
    seen = {}

    def viterbi(scores, moves, mask):
        seen.update(first=scores[:, 0, 2], mask=mask)
        return scores.argmax(axis=-1)

    moves = tagging_networks.allowed_moves(tags)
    ids = torch.zeros(2, 3, dtype=torch.int64)
    found = tagging_networks.decode(viterbi, model, ids, lengths, tags, moves)
    assert found == [["B-X", "I-X"], ["B-X"]]
    assert np.isneginf(seen["first"]).all()
    assert seen["mask"].tolist() == [[True, True, False], [True, False, False]]
