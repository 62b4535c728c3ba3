"""Installs the data files of ``pyproject.toml`` with ``pip install -e`` too: see there."""

from setuptools import Distribution, setup


class WithData(Distribution):
    """A distribution whose data files an editable install does not leave out."""

    def has_data(self) -> bool:
        """Answer what setuptools asks for before it installs the category ``data``."""
        return bool(self.has_data_files())


setup(distclass=WithData)
