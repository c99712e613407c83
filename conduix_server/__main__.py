"""`python -m conduix_server`."""

from __future__ import annotations

import sys

from conduix_server.cli import main

if __name__ == "__main__":
    sys.exit(main())
