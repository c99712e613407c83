"""Connectors, one file an outside system."""
