"""The time that a cell may take: read without nbformat, which a warm parent need not load."""

TIME_LIMIT = 30.0
"""Seconds a cell may take when graded, unless its metadata ``exercise.seconds`` says more."""
