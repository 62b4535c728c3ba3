"""Figures of guides and notebooks; ``parts`` has what every architecture is drawn from."""
