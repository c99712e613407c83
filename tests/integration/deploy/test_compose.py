"""The compose file: valid by the specification's schema, and all that it names is there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from conduix_agent.settings import ENVIRONMENT as OF_THE_AGENT
from conduix_server.settings import ENVIRONMENT as OF_THE_SERVER
from tests.integration.deploy.units import DEPLOY
from tests.services import compose_schema

FOLDER = DEPLOY / "compose"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads(compose_schema.schema().read_text()))


def test_it_is_valid_by_the_schema(compose: dict[str, Any], validator: jsonschema.Draft7Validator) -> None:
    assert [error.message for error in validator.iter_errors(compose)] == []


def test_the_schema_would_say_no(compose: dict[str, Any], validator: jsonschema.Draft7Validator) -> None:
    broken = {**compose, "services": {**compose["services"], "agent": {"imagine": "conduix-agent"}}}
    assert "imagine" in next(validator.iter_errors(broken)).message


def test_every_name_that_is_used_is_defined(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("secrets", ())) <= set(compose["secrets"]), name
        assert set(service.get("depends_on", ())) <= set(services), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source.startswith("./") or source in compose["volumes"], volume
        if build := service.get("build"):
            assert (FOLDER / build["context"] / build["dockerfile"]).is_file()


@pytest.mark.parametrize(
    ("service", "known"), [("server", OF_THE_SERVER), ("migrate", OF_THE_SERVER), ("agent", OF_THE_AGENT)]
)
def test_every_variable_is_a_setting(compose: dict[str, Any], service: str, known: dict[str, str]) -> None:
    assert set(compose["services"][service]["environment"]) <= set(known)


def test_secrets_are_read_where_they_are_mounted(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        text = json.dumps(service.get("environment", {}))
        used = set(re.findall(r"/run/secrets/([\w-]+)", text))
        assert used == set(service.get("secrets", ())), name


def test_nothing_of_ours_may_do_more_than_it_needs(compose: dict[str, Any]) -> None:
    for name in ("migrate", "server", "agent"):
        service = compose["services"][name]
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_every_file_of_a_secret_is_made(compose: dict[str, Any], secrets: Path) -> None:
    for name, secret in compose["secrets"].items():
        assert (secrets / secret["file"]).is_file(), name


def test_making_secrets_again_changes_none(secrets: Path) -> None:
    before = {path.name: path.read_bytes() for path in (secrets / "tls").iterdir()}
    subprocess.run([secrets / "make_secrets.sh"], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in (secrets / "tls").iterdir()} == before


def test_only_their_owner_gets_at_the_secrets(secrets: Path) -> None:
    assert (secrets / "tls").stat().st_mode & 0o777 == 0o700
