"""What an agent is told: by flags, environment and `agent.yaml`, in this order."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr

from conduix.homes import program_home
from conduix.mapping import access
from conduix.settings import Loaded, Logging, Section, load, secret_of
from conduix.spec.options import Size

DEFAULT_FILE = Path("/etc/conduix/agent.yaml")

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")
_MOST_LABELS = 64


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not host.strip("[]") or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is not an address; write host:port, for example conduix.example.com:50051")
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        better = re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:255].strip("-._") or "agent-1"
        raise ValueError(
            f"{text!r} is no name: letters, digits, `.`, `_` and `-`, a letter or digit at both ends; write {better}"
        )
    return text


def _labels(labels: dict[str, str]) -> dict[str, str]:
    if len(labels) > _MOST_LABELS:
        raise ValueError(f"{len(labels)} labels; an agent has at most {_MOST_LABELS}")
    for key, value in labels.items():
        if not 0 < len(key) <= 63 or len(value) > 255:
            raise ValueError(f"label {key!r}: a name has 1 to 63 characters, a value at most 255")
    return labels


Address = Annotated[str, AfterValidator(_address)]


class Tls(Section):
    """How servers are known."""

    authority: Path | None = Field(
        None,
        description="PEM file with the authority of the servers' certificates; unset: those that gRPC ships. "
        "On loopback it also says that the server there speaks TLS.",
    )


class SpoolSettings(Section):
    """What waits on disk for a server."""

    max_bytes: Size = Field(64 << 20, ge=1 << 20, description="Most that reports may take on disk; then metrics go.")


def _directories(given: tuple[Path, ...]) -> tuple[Path, ...]:
    for path in given:
        if not path.is_absolute() or "," in str(path):
            raise ValueError(f"{str(path)!r} must be an absolute path without a comma")
    return given


Directories = Annotated[tuple[Path, ...], AfterValidator(_directories)]


class Allow(Section):
    """What the mappings of pipelines may see of this machine."""

    env: tuple[str, ...] = Field((), description="Variables that `env()` gives.")
    paths: Directories = Field((), description="Directories in which `file()` reads.")
    mapping_imports: Directories = Field((), description="Directories from which mappings import.")

    def environment(self) -> dict[str, str]:
        """How the workers are told: as variables of their environment."""
        return {
            access.ENV: ",".join(self.env),
            access.PATHS: ",".join(map(str, self.paths)),
            access.IMPORTS: ",".join(map(str, self.mapping_imports)),
        }


def _hostname() -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", socket.gethostname()).strip("-._") or "agent"


class AgentSettings(Section):
    """All settings of an agent."""

    servers: tuple[Address, ...] = Field(
        ("127.0.0.1:50051",), min_length=1, description="Servers, host:port each; tried in turn."
    )
    join_token: SecretStr | None = Field(
        None, description="Enrols this agent at its first start; shown once by `conduix agents join-token`."
    )
    join_token_file: Path | None = Field(
        None, description="File that holds the join token; read again at each try, so it may come later."
    )
    name: Annotated[str, AfterValidator(_name)] = Field(
        default_factory=_hostname, description="Name of this agent, given when it enrols; unset: the host's name."
    )
    labels: Annotated[dict[str, str], AfterValidator(_labels)] = Field(
        default_factory=dict, description="What placement chooses by."
    )
    state_dir: Path = Field(
        default_factory=lambda: program_home("agent"),
        description="Identity, journal, spool and the state of all pipelines; held by one process at a time.",
    )
    http_host: str = Field("127.0.0.1", description="Where /health, /ready and /metrics listen.")
    http_port: int = Field(8081, ge=0, le=65535, description="Port of /health, /ready and /metrics; 0: none.")
    tls: Tls = Field(default_factory=Tls, description="How servers are known.")
    spool: SpoolSettings = Field(default_factory=SpoolSettings, description="What waits on disk for a server.")
    allow: Allow = Field(default_factory=Allow, description="What mappings may see of this machine.")
    logging: Logging = Field(default_factory=Logging, description="The agent's own log.")

    def token(self) -> str:
        """The join token as it is now; empty: none was given. Raises UsageError if its file cannot be read."""
        return secret_of(self.join_token, self.join_token_file, "join token")


ENVIRONMENT: Mapping[str, str] = {
    "CONDUIX_SERVERS": "servers",
    "CONDUIX_JOIN_TOKEN": "join_token",
    "CONDUIX_JOIN_TOKEN_FILE": "join_token_file",
    "CONDUIX_AGENT_NAME": "name",
    "CONDUIX_LABELS": "labels",
    "CONDUIX_STATE_DIR": "state_dir",
    "CONDUIX_HTTP_HOST": "http_host",
    "CONDUIX_HTTP_PORT": "http_port",
    "CONDUIX_TLS_AUTHORITY": "tls.authority",
    "CONDUIX_SPOOL_MAX_BYTES": "spool.max_bytes",
    access.ENV: "allow.env",
    access.PATHS: "allow.paths",
    access.IMPORTS: "allow.mapping_imports",
    "CONDUIX_LOG_LEVEL": "logging.level",
    "CONDUIX_LOG_FORMAT": "logging.format",
}
"""Names in the environment → keys."""

FLAG_NAMES: Mapping[str, str] = {
    "labels": "--label",
    "tls.authority": "--tls-authority",
    "logging.level": "--log-level",
    "logging.format": "--log-format",
}
"""Flags that are not called like their key."""


def load_settings(file: Path | None, env: Mapping[str, str], flags: Mapping[str, Any]) -> Loaded[AgentSettings]:
    """The settings of this agent; without `file` the one in /etc is read where it exists. Raises UsageError."""
    if file is None and DEFAULT_FILE.exists():
        file = DEFAULT_FILE
    return load(AgentSettings, file=file, env=env, names=ENVIRONMENT, flags=flags, flag_names=FLAG_NAMES)
