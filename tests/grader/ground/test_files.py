"""Files are whole, whatever happens while they are written."""

from __future__ import annotations

from course.grader.ground.files import write_read_only


def test_written_files_are_read_only_and_can_be_replaced(tmp_path):
    for text in ("a", "b"):
        write_read_only(tmp_path / "x" / "y.ipynb", text)
    path = tmp_path / "x" / "y.ipynb"
    assert path.read_text() == "b"
    assert not path.stat().st_mode & 0o222
