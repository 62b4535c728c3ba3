"""Execute the guided tour, and take the README's picture from it."""

from __future__ import annotations

import base64
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from course.grader.classroom.course_folder import CourseFolder
from course.grader.kernel.attentive import AttentiveManager

NOTEBOOK = Path("course") / "demo.ipynb"
PICTURE = Path("course") / "guides" / "tour.png"
PICTURED_CELL = "side-by-side"
"""The cell of the tour whose picture the README shows."""

WIDGET = "application/vnd.jupyter.widget-view+json"


def execute_tour(folder: CourseFolder) -> list[Path]:
    """Run the tour from the top and write it and the README's picture.

    Returns
    -------
    list of pathlib.Path
        What was written.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        When a cell raises, for instance because a claim does not hold.
    """
    path, picture = folder.root / NOTEBOOK, folder.root / PICTURE
    notebook = executed(path)
    nbformat.write(notebook, path)
    picture.write_bytes(picture_of(notebook, PICTURED_CELL))
    return [path, picture]


def executed(path: Path, seconds: int = 600) -> NotebookNode:
    """Run a notebook in a fresh kernel, without keeping what only a live kernel can show.

    Parameters
    ----------
    path : pathlib.Path
    seconds : int
        Time limit of one cell, and of the start.

    Returns
    -------
    nbformat.NotebookNode
        With still pictures; sliders and the times of execution are left out.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=seconds,
        startup_timeout=seconds,
        kernel_name="python3",
        kernel_manager_class=AttentiveManager,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if WIDGET not in o.get("data", {})]
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = nbformat.from_dict({"name": "python"})
    return notebook


def picture_of(notebook: NotebookNode, cell_id: str) -> bytes:
    """The first PNG that a cell shows."""
    (cell,) = [cell for cell in notebook.cells if cell.id == cell_id]
    (png, *_) = [o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {})]
    return base64.b64decode(png)
