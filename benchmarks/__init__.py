"""Measure the grader against stock nbgrader on the same submissions; see ``python -m benchmarks``."""
