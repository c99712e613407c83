"""Crashes of every kind; the output must not change."""

from __future__ import annotations

import os

# before anything of the engine is imported, as tests/conftest.py does: `python -m tests.chaos` has no conftest
os.environ["CONDUIX_TESTING"] = "1"
