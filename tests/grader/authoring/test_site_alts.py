"""What stands for a picture on the site says what the text around it says of the picture."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from course.grader.authoring.site_alts import (
    MOST,
    add_alternative_texts,
    first_words,
    heading_of,
    last_words,
    plain,
    texts_by_picture,
)


def drawn(id_: str, count: int = 1) -> object:
    """A code cell with some pictures, each with bytes of its own."""
    outputs = [
        new_output("display_data", data={"image/png": f"{id_}{n:03}".encode().hex()})
        for n in range(count)
    ]
    return new_code_cell("draw()", id=id_, outputs=outputs)


def texts(*cells: object) -> list[str]:
    cells = list(cells)
    add_alternative_texts(cells, "The lesson", {cell.id for cell in cells if cell.id != "answer"})
    return [o.metadata["image/png"]["alt"] for c in cells for o in c.get("outputs", [])]


LONG = "The red curve falls to a tenth within forty steps, and the blue one stays where it is."


class TestWords:
    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("**What to see.** The *red* curve `falls`.", "The red curve falls."),
            ("The loss of [part 6](a.ipynb#x) rests.", "The loss of part 6 rests."),
            (r"It is $10^{-3}$ near $\varepsilon = 1$.", "It is 10^-3 near epsilon = 1."),
            ("One. Two.\n\nAnother paragraph.", "One. Two."),
            ("One. Move it yourself:", "One."),
            ("One. (Two is long. So is three.) Four.", "One. (Two is long. So is three.) Four."),
            ("| a | b |\n|---|---|", ""),
            ("### A heading", ""),
            ("Three rules are enough:\n\n1. One", ""),
            ("Second, another test.", ""),
        ],
    )
    def test_a_cell_begins(self, source, said):
        assert first_words(source) == said

    def test_sentences_are_whole_and_few_enough(self):
        said = first_words(" ".join([LONG] * 5))
        assert said == f"{LONG} {LONG}" and len(said) <= MOST

    def test_a_parenthesis_is_not_torn(self):
        assert first_words(f"{LONG} (Why? {LONG} {LONG})") == LONG

    def test_one_long_sentence_is_cut_at_a_word(self):
        said = first_words("word " * 100 + "end.")
        assert said.endswith("word …") and len(said) <= MOST + 2

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("First.\n\nAnd so it goes. " + LONG, LONG),
            (LONG + " Look:", f"{LONG} Look."),
            ("text\n\n| a | b |", ""),
        ],
    )
    def test_a_cell_ends(self, source, said):
        assert last_words(source) == said

    def test_code_in_a_heading_is_kept_and_code_is_no_heading(self):
        assert heading_of("## `collate`: a batch\n```\n# no heading\n```") == "collate: a batch"
        assert heading_of("no heading") is None

    def test_names_keep_their_underscores(self):
        assert plain("`rnn_step` and **W_h**") == "rnn_step and W_h"


class TestPictures:
    def test_the_sentence_behind_it_is_taken_and_the_part_named(self):
        cells = new_markdown_cell("## 1 · One"), drawn("a"), new_markdown_cell(LONG)
        assert texts(*cells) == [f"Figure of the part “1 · One”: {LONG}"]

    def test_a_short_one_is_led_to_by_the_one_before(self):
        cells = new_markdown_cell("Here they are:"), drawn("a"), new_markdown_cell("Look.")
        assert texts(*cells) == ["Figure of the part “The lesson”: Here they are. Look."]

    def test_code_between_is_stepped_over_to_what_is_to_be_seen(self):
        see = new_markdown_cell(f"*What to see:* {LONG}")
        assert texts(drawn("a"), new_code_cell("slider()"), see)[0].endswith(f": {LONG}")

    def test_code_between_ends_what_is_said_otherwise(self):
        led = new_markdown_cell(f"{LONG} The same for five seeds:")
        cells = led, drawn("a"), new_code_cell("slider()"), new_markdown_cell(f"But {LONG}")
        assert texts(*cells)[0].endswith("The same for five seeds.")
        assert "But" not in texts(*cells)[0]

    def test_an_answer_is_never_quoted(self):
        cells = drawn("a"), new_markdown_cell(f"Because {LONG}", id="answer")
        assert texts(*cells) == ["Figure of the part “The lesson”"]

    def test_no_two_are_alike(self):
        said = texts(drawn("a", 2), drawn("b"), drawn("c"), new_markdown_cell(LONG))
        assert len(said) == len(set(said)) == 4

    def test_they_are_found_again_by_the_bytes_of_the_picture(self):
        cells = [drawn("a", 2), new_code_cell("1")]
        add_alternative_texts(cells, "The lesson", ())
        found = texts_by_picture(cells)
        assert len(found) == 2 and all(len(name) == 64 for name in found)
        assert list(found.values()) == [o.metadata["image/png"]["alt"] for o in cells[0].outputs]

    def test_a_picture_without_a_text_is_left_out(self):
        assert texts_by_picture([drawn("a")]) == {}
