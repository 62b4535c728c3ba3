"""Every figure of the guides by name, and how it becomes a file."""

from __future__ import annotations

import importlib
import io
from pathlib import Path

import matplotlib as mpl
import torch
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from course import plots
from course.figures.parts import STYLE

NAMES = (
    "unrolled",
    "gradient_by_radius",
    "saturation",
    "wall",
    "truncation",
    "gate_values",
    "forget_bias",
    "gradient_by_cell",
    "lstm_cell",
    "lstm_gates",
    "gru_cell",
    "gru_gates",
    "reset_gate",
    "bilstm",
    "packed_batch",
    "encoder_decoder",
    "attention_step",
    "attention_masks",
    "attention_heads",
    "positions",
    "costs",
    "early_stopping",
    "first_plots",
)
"""Each is a module of this package with a function ``draw``, and a file ``NAME.png``."""

DPI = 144


def drawn(name: str) -> tuple[Image.Image, dict]:
    """Draw a figure, in the style of the guides and on one thread.

    Parameters
    ----------
    name : str
        One of ``NAMES``.

    Returns
    -------
    image : PIL.Image.Image
        RGB.
    data : dict
        What the figure shows, as numbers and names.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with mpl.rc_context({**mpl.rcParamsDefault, **STYLE, "backend": "agg"}):
            figure, data = importlib.import_module(f"course.figures.{name}").draw()
            image = _image(figure)
            plt.close(figure)
    finally:
        torch.set_num_threads(threads)
    return image, data


def write(name: str, folder: Path) -> Path:
    """Draw a figure into ``folder`` as a small PNG, and return its path."""
    image, _ = drawn(name)
    path = folder / f"{name}.png"
    folder.mkdir(parents=True, exist_ok=True)
    plots.in_few_colors(image).save(path, optimize=True)
    return path


def _image(figure: Figure) -> Image.Image:
    FigureCanvasAgg(figure)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI)
    stream.seek(0)
    return Image.open(stream).convert("RGB")
