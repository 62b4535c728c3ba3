"""``python -m course.figures``: draw every figure of the guides into ``course/guides/figures``."""

from __future__ import annotations

import sys
from pathlib import Path

from course.figures.catalogue import NAMES, write

FOLDER = Path(__file__).resolve().parents[1] / "guides" / "figures"

for name in sys.argv[1:] or NAMES:
    write(name, FOLDER)
