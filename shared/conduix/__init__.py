"""Conduix: data pipelines that do not lose records. This package is the library; the programs stand beside it."""

__version__ = "0.1.0"
