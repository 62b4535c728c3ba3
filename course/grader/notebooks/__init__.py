"""Notebooks as text: reading a lesson, finding what was handed in, rebuilding and cleaning it.

Imports the ground alone; higher rooms may import ``answers`` (the bank), ``archive``,
``lent`` (versions to borrow), ``lesson``, ``rebuild``, ``sanitize`` and ``submitted``. Nothing
in this room runs a student's code.
"""
