"""Pictures get smaller and stay what they show."""

from __future__ import annotations

import base64
import io

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from course.grader.authoring.pictures import shrink_pictures, smaller
from tests.conftest import ROOT

LARGEST = 600 * 1024


def figure() -> bytes:
    import matplotlib.pyplot as plt

    drawn, axis = plt.subplots()
    axis.plot(np.sin(np.linspace(0, 9, 500)))
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=150)
    plt.close(drawn)
    return buffer.getvalue()


def test_a_figure_is_smaller_and_looks_the_same():
    before, after = figure(), smaller(figure())
    assert len(after) < 0.7 * len(before)
    a, b = (np.asarray(Image.open(io.BytesIO(p)).convert("RGB"), float) for p in (before, after))
    assert a.shape == b.shape and np.abs(a - b).mean() < 1


def test_a_notebook_is_changed_once_and_its_text_kept(tmp_path):
    picture = base64.b64encode(figure()).decode()
    outputs = [
        new_output("stream", text="kept"),
        new_output("display_data", {"image/png": picture, "text/plain": "<Figure>"}),
    ]
    path = tmp_path / "one.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1", outputs=outputs)]), path)
    assert shrink_pictures(path) and not shrink_pictures(path)
    stream, shown = nbformat.read(path, as_version=4).cells[0].outputs
    assert stream.text == "kept" and shown.data["text/plain"] == "<Figure>"


def test_no_solution_is_too_large_to_open():
    sizes = {p.name: p.stat().st_size for p in (ROOT / "solution").glob("*/*.ipynb")}
    assert not {name: size for name, size in sizes.items() if size > LARGEST}
