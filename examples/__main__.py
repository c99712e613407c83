"""`python -m examples`: fetch the data, run every example, print what came of it."""

from __future__ import annotations

import sys

from examples.demo import main

sys.exit(main())
