"""What a server is told: by flags, environment and `server.yaml`, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator

from conduix.errors import UsageError, from_os_error
from conduix.homes import program_home
from conduix.rpc.address import is_loopback_host
from conduix.settings import Loaded, Logging, Section, load, secret_of
from conduix.spec.options import Duration

DEFAULT_FILE = Path("/etc/conduix/server.yaml")
SECRET_BYTES = 32
"""HMAC-SHA256 is as strong as its key, up to this length."""

_EXAMPLES = ("secret", "changeme", "change-me", "example", "password", "your-", "conduix", "default")
# none is shorter: a random secret would be refused once in a thousand
_DISTINCT = 10


class Listening(Section):
    """Where the server listens."""

    host: str = Field("127.0.0.1", description="Address of the listeners; anything but loopback needs `tls`.")
    port: int = Field(8080, ge=0, le=65535, description="HTTP: /health, /ready, /metrics; 0: any free port.")
    http_host: str | None = Field(None, description="Address of the HTTP side; unset: `server.host`.")
    grpc_port: int = Field(50051, ge=0, le=65535, description="gRPC for people, scripts and enrolment; 0: any free.")
    mesh_port: int = Field(
        50052, ge=0, le=65535, description="gRPC for agents with certificates; used with `tls` only."
    )
    advertise: str | None = Field(
        None, description="host:port under which people reach this server's gRPC; unset: host and port of the listener."
    )
    drain_timeout: Duration = Field(10.0, description="How long calls under way may take when the server is stopped.")


class Tls(Section):
    """Certificates, PEM files."""

    certificate: Path | None = Field(None, description="The server's chain; unset: in the clear, on loopback only.")
    key: Path | None = Field(None, description="Its key.")
    agent_authority_certificate: Path | None = Field(
        None, description="Who signs agents' certificates; unset: an authority made in `state_dir`."
    )
    agent_authority_key: Path | None = Field(None, description="Its key; servers of one database share it.")

    @model_validator(mode="after")
    def _pairs(self) -> Tls:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a certificate needs its key, and a key its certificate: give tls.certificate and tls.key")
        if (self.agent_authority_certificate is None) != (self.agent_authority_key is None):
            raise ValueError("the authority needs both tls.agent_authority_certificate and tls.agent_authority_key")
        return self


class Database(Section):
    """Where the truth is."""

    url: str | None = Field(
        None,
        description="sqlite:///path, mysql://user:password@host:3306/name or mariadb://…; "
        "unset: SQLite in `state_dir`, or what the keys below say.",
    )
    host: str | None = Field(None, description="Host of MySQL or MariaDB; counts where no `url` is given.")
    port: int = Field(3306, ge=1, le=65535, description="Its port.")
    user: str = Field("root", description="Its user.")
    password: SecretStr = Field(SecretStr(""), description="The user's password.")
    name: str = Field("conduix", description="Name of the database.")


class Auth(Section):
    """Signing in."""

    jwt_secret: SecretStr | None = Field(
        None, description="Signs access tokens, at least 32 random bytes; servers of one database share it. Required."
    )
    jwt_secret_file: Path | None = Field(None, description="File that holds it instead.")
    token_expiry: Duration = Field(86400.0, description="How long a sign-in lives, however often it is refreshed.")

    @model_validator(mode="after")
    def _one_way(self) -> Auth:
        if self.jwt_secret is not None and self.jwt_secret_file is not None:
            raise ValueError("auth.jwt_secret and auth.jwt_secret_file exclude each other: give one of them")
        return self


class Retention(Section):
    """How long what happened is kept."""

    audit: Duration = Field(365 * 86400.0, description="Rows of the audit.")


class ServerSettings(Section):
    """All settings of a server."""

    state_dir: Path = Field(
        default_factory=lambda: program_home("server"),
        description="SQLite's file and the agents' authority; private to the server.",
    )
    server: Listening = Field(default_factory=Listening, description="Where the server listens.")
    tls: Tls = Field(default_factory=Tls, description="Certificates, PEM files.")
    database: Database = Field(default_factory=Database, description="Where the truth is.")
    auth: Auth = Field(default_factory=Auth, description="Signing in.")
    retention: Retention = Field(default_factory=Retention, description="How long what happened is kept.")
    logging: Logging = Field(default_factory=Logging, description="The server's log, on standard error.")

    @property
    def database_url(self) -> str:
        """The address of the database, password and all."""
        if self.database.url is not None:
            return self.database.url
        if self.database.host is None:
            return f"sqlite:///{self.state_dir.absolute() / 'conduix.db'}"
        here = self.database
        password = here.password.get_secret_value()
        who = quote(here.user, safe="") + (f":{quote(password, safe='')}" if password else "")
        return f"mysql://{who}@{join_address(here.host or '', here.port)}/{quote(here.name, safe='')}"

    @property
    def token_mode(self) -> bool:
        """Without certificates agents have signed tokens, and everybody is on loopback."""
        return self.tls.certificate is None

    def make_state_dir(self) -> None:
        """For this user's eyes only. Raises SystemicError and DiskError."""
        try:
            self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, "make the state directory", str(self.state_dir)) from None

    def check_listeners(self) -> None:
        """Raises UsageError where passwords and tokens would cross a network in the clear."""
        if self.token_mode and not is_loopback_host(self.server.host):
            raise UsageError(
                f"server.host is {self.server.host}, and without TLS a server listens on loopback only",
                remedy="give tls.certificate and tls.key, or leave server.host at 127.0.0.1",
            )

    def jwt_secret(self) -> str:
        """What signs tokens. Raises UsageError where there is none, or one that could be guessed."""
        secret = secret_of(self.auth.jwt_secret, self.auth.jwt_secret_file, "secret")
        remedy = "make one: openssl rand -base64 48"
        if not secret:
            raise UsageError(
                "there is no secret to sign tokens with",
                remedy=f"set JWT_SECRET, auth.jwt_secret or auth.jwt_secret_file; {remedy}",
            )
        if len(secret.encode()) < SECRET_BYTES:
            text = f"the secret that signs tokens has {len(secret.encode())} bytes, and needs {SECRET_BYTES}"
            raise UsageError(text, remedy=remedy)
        lowered = secret.lower()
        if found := next((word for word in _EXAMPLES if word in lowered), None):
            raise UsageError(
                f"the secret that signs tokens contains {found!r}: it looks like an example", remedy=remedy
            )
        if len(set(secret)) < _DISTINCT:
            raise UsageError("the secret that signs tokens repeats a few characters", remedy=remedy)
        return secret


ENVIRONMENT: Mapping[str, str] = {
    "CONDUIX_STATE_DIR": "state_dir",
    "CONDUIX_HOST": "server.host",
    "CONDUIX_PORT": "server.port",
    "PORT": "server.port",
    "CONDUIX_HTTP_HOST": "server.http_host",
    "CONDUIX_GRPC_PORT": "server.grpc_port",
    "GRPC_PORT": "server.grpc_port",
    "CONDUIX_MESH_PORT": "server.mesh_port",
    "CONDUIX_ADVERTISE": "server.advertise",
    "CONDUIX_DRAIN_TIMEOUT": "server.drain_timeout",
    "CONDUIX_TLS_CERTIFICATE": "tls.certificate",
    "CONDUIX_TLS_KEY": "tls.key",
    "CONDUIX_AGENT_AUTHORITY_CERTIFICATE": "tls.agent_authority_certificate",
    "CONDUIX_AGENT_AUTHORITY_KEY": "tls.agent_authority_key",
    "CONDUIX_DATABASE_URL": "database.url",
    "DATABASE_URL": "database.url",
    "DB_HOST": "database.host",
    "DB_PORT": "database.port",
    "DB_USER": "database.user",
    "DB_PASSWORD": "database.password",
    "DB_NAME": "database.name",
    "CONDUIX_JWT_SECRET": "auth.jwt_secret",
    "JWT_SECRET": "auth.jwt_secret",
    "CONDUIX_JWT_SECRET_FILE": "auth.jwt_secret_file",
    "CONDUIX_TOKEN_EXPIRY": "auth.token_expiry",
    "CONDUIX_RETENTION_AUDIT": "retention.audit",
    "CONDUIX_LOG_LEVEL": "logging.level",
    "CONDUIX_LOG_FORMAT": "logging.format",
}
"""Names in the environment → keys."""

FLAG_NAMES: Mapping[str, str] = {
    "database.url": "--database-url",
    "logging.level": "--log-level",
    "logging.format": "--log-format",
}
"""Flags that are not called like their key."""


def load_settings(file: Path | None, env: Mapping[str, str], flags: Mapping[str, Any]) -> Loaded[ServerSettings]:
    """The settings of this server; without `file` the one in /etc is read where it exists. Raises UsageError."""
    if file is None and DEFAULT_FILE.exists():
        file = DEFAULT_FILE
    return load(ServerSettings, file=file, env=env, names=ENVIRONMENT, flags=flags, flag_names=FLAG_NAMES)


def join_address(host: str, port: int) -> str:
    """`host:port`, with the brackets that IPv6 needs."""
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"
