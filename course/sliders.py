"""Sliders above a drawing, for notebooks whose kernel runs."""

from __future__ import annotations

from collections.abc import Callable

from IPython.display import display

from course.unwritten import ERRORS, explain

NO_KERNEL = "Run this cell, and sliders stand here."
"""What a page says on which nothing runs."""


def slider(draw: Callable[..., object], **ranges: object) -> None:
    """Put sliders above a drawing; without a kernel, only what a cell drew before remains.

    Parameters
    ----------
    draw : callable
        Draws for the values that the sliders stand at; what it returns is not shown.
    **ranges
        ``(smallest, largest, step)`` by argument of ``draw``, or a list of values to choose from.
    """
    import ipywidgets  # only where it is asked for: it takes half a second

    def redraw(**values: object) -> None:
        try:
            draw(**values)
        except ERRORS as error:
            explain(error)  # ipywidgets shows it by itself
            raise

    sliders = ipywidgets.interactive(redraw, **ranges)
    if not hasattr(sliders, "_repr_mimebundle_"):  # ipywidgets 7, in Colab
        display(sliders)
        return
    display({**sliders._repr_mimebundle_(), "text/plain": NO_KERNEL}, raw=True)
