"""The logs of a run, to standard error: a line for people, or one JSON object a line for collectors."""

from __future__ import annotations

import logging

from conduix_tui.cli.terminal import Terminal
from conduix_tui.cli.words import visible

LEVELS = ("debug", "info", "warning", "error")
_STYLES = {logging.WARNING: ("bold", "yellow"), logging.ERROR: ("bold", "red"), logging.CRITICAL: ("bold", "red")}


def configure(level: str, form: str, terminal: Terminal) -> logging.Logger:
    """Send the logs of `conduix` from `level` up to standard error, as `text` or `json`; returns the run's logger.

    What a log call passes as `extra={"data": {...}}` becomes keys of the JSON object.
    """
    handler = _TerminalHandler(terminal)
    handler.setFormatter(_json_formatter() if form == "json" else _TextFormatter(terminal))
    root = logging.getLogger("conduix")
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    root.propagate = False
    return logging.getLogger("conduix.run")


def _json_formatter() -> logging.Formatter:
    from conduix.telemetry.logs import JsonFormatter  # noqa: PLC0415 - orjson, only where it is asked for

    return JsonFormatter()


class _TerminalHandler(logging.Handler):
    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        self._terminal.say(self.format(record))


class _TextFormatter(logging.Formatter):
    def __init__(self, terminal: Terminal) -> None:
        super().__init__("%(message)s")
        self._terminal = terminal

    def format(self, record: logging.LogRecord) -> str:
        text = visible(super().format(record))
        if styles := _STYLES.get(record.levelno):
            return f"{self._terminal.styled(record.levelname.lower() + ':', *styles)} {text}"
        return text
