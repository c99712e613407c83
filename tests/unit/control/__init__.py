"""Decisions of the server that read and write nothing."""
