"""The figures of the guides are what the code draws, and show what the guides say they show."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from PIL import Image

from course.figures import catalogue, costs, gru_cell, lstm_cell
from course.figures.early_stopping import PATIENCE, watch
from tests.guides.support import GUIDES

FOLDER = GUIDES / "figures"
BLOCK, TOLERANCE = 24, 20.0
"""How far a block's mean (0 to 255) may be off: what one pixel aside makes, not another line."""

drawn = cache(catalogue.drawn)


def difference(first: Image.Image, second: Image.Image) -> float:
    """Largest difference of two pictures of one size, block by block, in three colours."""
    size = (first.width // BLOCK, first.height // BLOCK)
    small = [
        np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BOX), dtype=float)
        for picture in (first, second)
    ]
    return float(np.abs(small[0] - small[1]).max())


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_a_figure_is_what_its_code_draws(name):
    image, _ = drawn(name)
    stored = Image.open(FOLDER / f"{name}.png")
    assert stored.size == image.size, "run `make figures`"
    assert difference(image, stored) < TOLERANCE, "run `make figures`"


def test_the_comparison_sees_a_path_that_is_lit_or_a_curve_that_is_another():
    lit, _ = drawn("lstm_gates")
    panel = lit.width // 2, lit.height // 3
    panels = [
        lit.crop((x * panel[0], y * panel[1], (x + 1) * panel[0], (y + 1) * panel[1]))
        for y in range(3)
        for x in range(2)
    ]
    plain = [p.crop((0, p.height // 6, p.width, p.height)) for p in panels]  # without the titles
    for i, first in enumerate(plain):
        for second in plain[i + 1 :]:
            assert difference(first, second) > 2 * TOLERANCE
    image, _ = drawn("gradient_by_cell")
    aside = {
        n: image.transform(image.size, 0, (1, 0, n, 0, 1, n), fillcolor="white") for n in (1, 8)
    }
    assert difference(image, aside[1]) < TOLERANCE < difference(image, aside[8]) / 2


def test_files_are_small_white_and_all_in_the_catalogue():
    files = sorted(FOLDER.glob("*.png"))
    assert [path.stem for path in files if path.stem not in catalogue.NAMES] == []
    for path in files:
        assert path.stat().st_size <= 150_000, path.name
        assert Image.open(path).convert("RGB").getpixel((0, 0)) == (255, 255, 255), path.name


def test_every_figure_is_shown_and_described():
    text = "\n".join(path.read_text() for path in GUIDES.glob("*.md"))
    for name in catalogue.NAMES:
        start = text.find(f"](figures/{name}.png)")
        assert start > 0, name
        alternative = text[text.rfind("![", 0, start) + 2 : start]
        assert len(alternative) > 40, name


def test_every_equation_of_a_cell_lights_its_own_paths():
    for name, cell in (("lstm_gates", lstm_cell), ("gru_gates", gru_cell)):
        lit = drawn(name)[1]["lit"]
        assert len({tuple(paths) for paths in lit.values()}) == len(lit)
        assert set().union(*lit.values()) == set(cell.PATHS)


def test_every_step_of_the_unrolled_network_uses_the_same_two_matrices():
    data = drawn("unrolled")[1]
    assert data["uses"] == {"W_x": data["steps"], "W_h": data["steps"]}


def test_the_reset_gate_stands_before_the_matrix_in_the_papers_and_after_it_in_pytorch():
    assert drawn("reset_gate")[1]["orders"] == [("reset", "matrix"), ("matrix", "reset")]


def test_the_gradient_fades_with_a_small_radius_and_with_loud_input_at_every_radius():
    data = drawn("gradient_by_radius")[1]
    assert data[0.01, 0.5][-1] < 1e-10
    assert 1e-3 < data[0.01, 1.0][-1] < 10
    assert data[0.01, 1.1][-1] > 1 and data[0.01, 1.5][-1] > 1
    assert all(data[1.0, radius][-1] < 1e-2 for radius in (0.5, 0.9, 1.0, 1.1, 1.5))


def test_biases_decide_how_far_a_gradient_gets_at_fresh_weights():
    last = {name: values[-1] for name, values in drawn("gradient_by_cell")[1].items()}
    default = max(last["LSTM, PyTorch's default"], last["GRU, PyTorch's default"], last["RNN"])
    assert default < 1e-8
    assert default < 1e-2 * last["LSTM, forget bias 1"]
    assert last["LSTM, forget bias 1"] < 1e-2 * last["LSTM, forget bias 3"]
    assert last["LSTM, forget bias 3"] > 0.01 and last["GRU, keep bias 3"] > 0.01


def test_a_forget_bias_of_ln_t_minus_1_leaves_about_1_over_e():
    share = drawn("forget_bias")[1]["share"]
    assert abs(share[math.log(99)][100] - 1 / math.e) < 0.01
    assert share[0.0][20] < 1e-6


def test_a_cut_leaves_triangles():
    full, cut = (drawn("truncation")[1][key] for key in ("full", "cut"))
    steps = np.arange(len(full))
    past = steps[:, None] >= steps
    assert np.all((full > 0) == past)
    assert np.all((cut > 0) == (past & (steps[:, None] // 8 == steps // 8)))


def test_loud_input_saturates_and_the_wall_gets_steeper():
    quiet, loud = drawn("saturation")[1].values()
    assert quiet["slope"] > 0.9 and quiet["saturated"] < 0.01
    assert loud["slope"] < 0.2 and loud["saturated"] > 0.5
    steepest = drawn("wall")[1]
    assert steepest[2] < 10 and steepest[10] > 100 and steepest[50] > 1e8


def test_a_gate_multiplies():
    from course.figures.gate_values import GATE, STATE

    np.testing.assert_allclose(drawn("gate_values")[1]["passed"], GATE * STATE)


def test_the_two_final_states_are_at_opposite_ends_and_packing_drops_the_pads():
    data = drawn("bilstm")[1]
    assert (data["final forward"], data["final backward"]) == (3, 0)
    packed = drawn("packed_batch")[1]
    assert sum(packed["batch_sizes"]) == sum(packed["lengths"]) == 9
    assert packed["order"] == [1, 2, 0]


def test_attention_weights_are_shares_and_hidden_keys_get_nothing():
    step = drawn("attention_step")[1]
    assert step["weights"][3] == 0 and math.isclose(step["weights"].sum(), 1)
    assert math.isclose(drawn("encoder_decoder")[1]["weights"].sum(), 1)
    masks = drawn("attention_masks")[1]
    for weights in masks.values():
        np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert not masks["padding"][:, 4:].any() and not np.triu(masks["causal"], 1).any()
    assert not masks["both"][:, 4:].any() and not np.triu(masks["both"], 1).any()
    heads = drawn("attention_heads")[1]
    np.testing.assert_allclose(heads["same letter"][1], [0, 1 / 3, 0, 1 / 3, 0, 1 / 3], atol=0.01)
    assert np.all(np.diag(heads["letter before"], -1) > 0.9)


def test_products_of_positions_depend_on_their_distance_alone():
    products = drawn("positions")[1]["products"]
    for distance in (0, 1, 7, 30):
        diagonal = np.diag(products, distance)
        np.testing.assert_allclose(diagonal, diagonal[0])
    assert products[16, 17] > products[16, 20] and np.all(np.argmax(products, axis=1) == range(64))


def test_self_attention_does_more_work_than_an_lstm_from_t_equal_to_2_d_on():
    data = drawn("costs")[1]
    assert 512 <= data["overtakes"] < 560
    for T in (511, 513):
        counts = costs.multiplications(np.array(T), 256)
        assert (counts["self-attention"] > counts["lstm"]) == (T > 512)


def test_early_stopping_goes_back_to_the_best():
    data = drawn("early_stopping")[1]
    assert data["stop"] == data["best"] + PATIENCE
    assert data["validation"][-1] > 1.2 * data["validation"][data["best"]]
    assert data["train"][-1] < 0.7 * data["train"][data["best"]]
    assert watch([3, 2, 1, 2, 2, 0], 2) == (2, 4)
    assert watch([3, 2, 1], 2) == (2, 2)


def test_the_first_plots_show_a_network_that_learns():
    data = drawn("first_plots")[1]
    assert abs(np.mean(data["loss"][:10]) - math.log(8)) < 0.2 and data["loss"][-1] < 0.2
    assert data["after"][-1] > 100 * data["before"][-1]
