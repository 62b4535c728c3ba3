"""Make the pictures of an executed notebook small enough to commit."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import nbformat
from PIL import Image

COLOURS = 256
"""Few figures have more; a heat map loses nothing that an eye would miss."""


def shrink_pictures(path: Path) -> bool:
    """Store a notebook's PNGs with at most ``COLOURS`` colours; say whether that made it smaller.

    A picture is replaced only by a smaller one, so a second call changes nothing.
    """
    notebook = nbformat.read(path, as_version=4)
    changed = False
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            before = base64.b64decode(data.get("image/png", ""))
            after = smaller(before) if before else b""
            if after and len(after) < len(before):
                data["image/png"] = base64.b64encode(after).decode()
                changed = True
    if changed:
        nbformat.write(notebook, path)
    return changed


def smaller(png: bytes) -> bytes:
    """The same picture with a palette; as it is when it has one."""
    picture = Image.open(io.BytesIO(png))
    if picture.mode == "P":
        return png
    white = Image.new("RGBA", picture.size, "white")
    flat = Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    reduced = flat.quantize(COLOURS, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    reduced.save(packed, "PNG", optimize=True)
    return packed.getvalue()
