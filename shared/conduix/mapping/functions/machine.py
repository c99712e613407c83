"""What the machine gives a mapping, as far as its owner allows it: variables, secrets, files."""

from __future__ import annotations

from conduix.mapping.access import granted
from conduix.mapping.functions.declare import Family, Parameter

family = Family("machine")

_ALWAYS_READ = Parameter("no_cache", "bool", "Kept for mappings that say it; nothing is cached.", False)


@family.function("env", "The value of an environment variable that the machine's owner allows, null if it is not set.",
                 Parameter("name", "string", "The variable."), _ALWAYS_READ, deterministic=False)  # fmt: skip
def env(name: str, _no_cache: bool) -> str | None:
    """The value; a variable that `CONDUIX_ALLOW_ENV` does not name is an error."""
    return granted().variable(name)


@family.function("secret", "A secret of the machine: a file in `/run/secrets`, or in the directory of "
                 "`CONDUIX_SECRETS_DIR`, without the newline at its end.",
                 Parameter("name", "string", "The name of the file."), deterministic=False)  # fmt: skip
def secret(name: str) -> str:
    """The text of the secret."""
    return granted().secret(name)


@family.function("file", "The content of a file, as bytes, in a directory of `CONDUIX_ALLOW_PATHS`.",
                 Parameter("path", "string", "The file; a relative path starts at one of the directories."),
                 _ALWAYS_READ, deterministic=False)  # fmt: skip
def file(path: str, _no_cache: bool) -> bytes:
    """The bytes, 10 MB at most."""
    return granted().file(path)
