"""What a person has chosen for the console: `$XDG_CONFIG_HOME/conduix/console.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import yaml

from conduix.engine.files import Files
from conduix.errors import UsageError, from_os_error
from conduix.homes import config_home


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the file holds."""

    theme: str = "dark"


class Preferences:
    """The file. Without a path nothing is remembered."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @classmethod
    def of_user(cls, env: Mapping[str, str]) -> Preferences:
        """Where this user's are."""
        return cls(config_home(env) / "console.yaml")

    def read(self) -> Chosen:
        """What was chosen; no file is nothing. Raises UsageError where it cannot be understood."""
        if self._path is None:
            return Chosen()
        try:
            found = yaml.safe_load(self._path.read_bytes())
            return Chosen() if found is None else msgspec.convert(found, Chosen)
        except FileNotFoundError:
            return Chosen()
        except OSError as error:
            raise from_os_error(error, "read", str(self._path)) from error
        except (yaml.YAMLError, msgspec.ValidationError) as error:
            remedy = "correct it, or move it away"
            raise UsageError(f"cannot understand {self._path}: {error}", remedy=remedy) from error

    def write(self, chosen: Chosen) -> None:
        """Remember this from now on. Raises ConduixError where it cannot be written."""
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            Files().replace(self._path, yaml.safe_dump(msgspec.to_builtins(chosen)).encode())
        except OSError as error:
            raise from_os_error(error, "write", str(self._path)) from error
