"""Results as JSON or YAML, for scripts."""

from __future__ import annotations

from typing import Any

from conduix_tui.cli.terminal import Terminal


def emit_data(terminal: Terminal, data: Any, form: str) -> None:
    """Write plain data to standard output as `json` (indented) or `yaml`, keys in their given order."""
    if form == "json":
        import orjson  # noqa: PLC0415 - `conduix --help` must not pay for it

        terminal.emit(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
    else:
        import yaml  # noqa: PLC0415

        terminal.emit(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120))
