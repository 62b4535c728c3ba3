"""Figures of the guides, and the parts from which every architecture of the course is drawn."""
