"""Stages, one file each."""
