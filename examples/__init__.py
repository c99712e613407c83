"""Pipelines that run as they stand from the repository root, on data that two packages ship."""
