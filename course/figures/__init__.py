"""Figures that notebooks and guides share: each function draws one message and returns its data."""
