"""Tests of the `conduix` command's parts, in this process."""
