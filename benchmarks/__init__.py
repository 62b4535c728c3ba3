"""Measure the grader against stock nbgrader: ``python -m benchmarks``."""
