"""Writes the tables of settings and rights into the server's page: `python -m conduix_server.reference FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from conduix.settings import leaves
from conduix_server.policy import TABLE, Need
from conduix_server.settings import ENVIRONMENT, FLAG_NAMES, ServerSettings

_FLAGS = ("server.host", "server.port", "server.grpc_port", "server.mesh_port", "state_dir", *FLAG_NAMES)


def filled(page: str) -> str:
    """The page with its tables as the code has them now; what is between `<!-- settings -->` and `<!-- end -->`."""
    for name, table in {"settings": _settings(), "rights": _rights()}.items():
        begin, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, rest = page.partition(begin)
        page = before + begin + table + end + rest.partition(end)[2]
    return page


def _settings() -> str:
    head = "| key | environment, flag | default | what it is |\n|---|---|---|---|\n"
    return head + "".join(map(_setting, leaves(ServerSettings)))


def _setting(leaf: tuple[str, FieldInfo]) -> str:
    key, info = leaf
    given = [f"`{name}`" for name, of in ENVIRONMENT.items() if of == key]
    if key in _FLAGS:
        given.append(f"`{FLAG_NAMES.get(key) or '--' + key.rpartition('.')[2].replace('_', '-')}`")
    return f"| `{key}` | {', '.join(given)} | {_default(key, info)} | {info.description} |\n"


def _default(key: str, info: FieldInfo) -> str:
    if key == "state_dir":
        return "`/var/lib/conduix/server` for root, else `~/.local/state/conduix/server`"
    value = info.default
    if value is None or (isinstance(value, SecretStr) and not value.get_secret_value()):
        return ""
    return f"`{_duration(value) if isinstance(value, float) else value}`"


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600)):
        if seconds % length == 0 and seconds >= 2 * length:
            return f"{seconds / length:g}{unit}"
    return "24h" if seconds == 86400 else f"{seconds:g}s"


def _rights() -> str:
    rows = [
        f"| `{row.removeprefix('/').removeprefix('conduix.v1.')}` | {'' if need is Need.PUBLIC else need.value} |\n"
        for row, need in TABLE.items()
    ]
    return "| method | needs |\n|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(filled(file.read_text(encoding="utf-8")), encoding="utf-8")
