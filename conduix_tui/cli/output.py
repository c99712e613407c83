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
        terminal.emit(yaml_text(data))


def yaml_text(data: Any) -> str:
    """Plain data as YAML; texts of several lines (mappings) keep their lines."""
    import yaml  # noqa: PLC0415 - see above

    class Dumper(yaml.SafeDumper):
        """Writes each value out: no anchors where one object stands twice."""

        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    written: str = yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)
    return written
