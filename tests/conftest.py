"""What every test runs with."""

from __future__ import annotations

import os

# before anything of the engine is imported: failpoints work, invariants are asserted at every barrier
os.environ["CONDUIX_TESTING"] = "1"
