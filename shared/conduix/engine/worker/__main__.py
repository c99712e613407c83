"""`python -m conduix.engine.worker`: started by an agent, with a socket pair on file descriptor 3."""

from __future__ import annotations

from conduix.engine.worker import lifeline

if __name__ == "__main__":
    line = lifeline.tie()
    from conduix.engine.worker.process import serve  # first of all the process is tied to its agent

    serve(line)
