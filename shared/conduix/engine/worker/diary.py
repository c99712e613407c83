"""What a replica goes through, as lines of its log: that of a pipeline which is well shall say so, too."""

from __future__ import annotations

import logging

from conduix.engine.link import Status

_log = logging.getLogger(__name__)


class Diary:
    """Of one replica; a line for each change of its state, and for each restart inside of it."""

    def __init__(self) -> None:
        self._state: tuple[str, str | None] = ("", None)
        self._restarts = 0

    def note(self, status: Status) -> None:
        """Take the newest status."""
        if status.restarts > self._restarts:
            self._restarts = status.restarts
            _log.warning("restarted from checkpoint %d: %s", status.n, status.detail)
        state = (status.state, status.reason)
        if state != self._state:
            self._state = state
            _log.log(_level(status), "%s", _line(status))


def _level(status: Status) -> int:
    if status.state == "FAILED":
        return logging.ERROR
    unasked = status.state == "PAUSED" and status.reason != "OPERATOR"
    return logging.WARNING if unasked else logging.INFO


def _line(status: Status) -> str:
    reason = f" ({status.reason})" if status.reason else ""
    detail = f": {status.detail}" if status.detail else ""
    remedy = f"; {status.remedy}" if status.remedy else ""
    return f"{status.state}{reason}, checkpoint {status.n}{detail}{remedy}"
