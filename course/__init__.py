"""What the lessons import: data, plots, training, visible checks and the emission of answers."""

__version__ = "1.0.0"
