"""Documents as they come to the server: checked, and what the server must know of them.

Variables are bound on the agent (docs/decisions/012): the server reads no environment and no files for a document.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec
import yaml

from conduix.engine.catalog import Catalog, default_catalog
from conduix.engine.guarantee import assess
from conduix.errors import FailedPrecondition
from conduix.spec.diagnostics import Diagnostic, DocumentError
from conduix.spec.loading import load
from conduix.spec.model import PipelineSpec
from conduix.spec.normal import normal_form
from conduix.spec.served import check_served
from conduix_server.store.agents import to_json

DEFAULT_FILE = "document"
"""What a document without a file name is called in diagnostics."""


class Facts(msgspec.Struct, frozen=True):
    """What placing and scaling must know of a revision; kept beside it."""

    needs: tuple[str, ...]
    """As agents say what they can: `source:file`, `stage:mapping`."""
    parallelism: int = 1
    unsharded: tuple[str, ...] = ()
    """Sinks that write one file for all shards: they cannot be shared among replicas."""
    labels: dict[str, str] = {}
    """Of agents that may run it."""

    @classmethod
    def read(cls, text: str) -> Facts:
        """As they are stored. Raises FailedPrecondition for a revision that was stored before there were any."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.ValidationError:
            raise FailedPrecondition(
                "the revision was stored by an older server", remedy="apply its document again: conduix apply -f FILE"
            ) from None

    def write(self) -> str:
        """For the table of revisions."""
        return msgspec.json.encode(self).decode()


@dataclass(frozen=True, slots=True)
class Document:
    """A document that validates."""

    text: str
    spec: PipelineSpec
    guarantee: str
    facts: Facts
    warnings: tuple[Diagnostic, ...] = ()
    form: str = field(default="", repr=False)
    """The normal form as YAML, without defaults: what diffs compare."""

    @property
    def name(self) -> str:
        """Of the pipeline."""
        return self.spec.name

    @property
    def digest(self) -> str:
        """Of the normal form, references as they are written: the same wherever it is read so."""
        return self.spec.digest

    @property
    def columns(self) -> Mapping[str, Any]:
        """What a pipeline's row has from its newest document."""
        return {
            "name": self.spec.name,
            "description": self.spec.description,
            "labels": to_json(dict(self.spec.labels)),
            "mode": self.spec.mode,
            "guarantee": self.guarantee,
        }


@cache
def catalog() -> Catalog:
    """What this installation knows; agents may have fewer."""
    return default_catalog()


def examine(text: str, file: str = "") -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """The document, None where it does not validate, and all that is to be said of it. Takes up to some seconds."""
    name = file or DEFAULT_FILE
    loaded = load(text, file=name, catalog=catalog(), env=None)
    if loaded.spec is None:
        return None, loaded.diagnostics
    if refused := check_served(loaded.spec, name):
        return None, (*loaded.diagnostics, *refused)
    return _document(text, loaded.spec, loaded.diagnostics), loaded.diagnostics


def read(text: str, file: str = "") -> Document:
    """The document. Raises DocumentError with every diagnostic."""
    document, diagnostics = examine(text, file)
    if document is None:
        raise DocumentError(diagnostics)
    return document


def diff(before: str, after: str, name: str, *, revision: int) -> str:
    """Unified, of two normal forms; empty where they are the same."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    was = f"{name} (revision {revision})" if revision else "/dev/null"
    return "".join(difflib.unified_diff(old, new, was, f"{name} (new)"))


def _document(text: str, spec: PipelineSpec, warnings: tuple[Diagnostic, ...]) -> Document:
    facts = Facts(
        needs=tuple(sorted({f"{node.role}:{node.type}" for node in spec.all_nodes})),
        parallelism=spec.parallelism,
        labels=dict(spec.placement.labels),
        unsharded=tuple(
            node.id for node in spec.role("sink") if _writes_one_file(node.type, node.options.model_dump())
        ),
    )
    shown = yaml.safe_dump(normal_form(spec, defaults=False), sort_keys=False, allow_unicode=True, width=120)
    return Document(text, spec, assess(spec, catalog()).promise, facts, warnings, shown)


def _writes_one_file(kind: str, options: Mapping[str, Any]) -> bool:
    return kind == "file" and "{shard}" not in str(options.get("path", ""))
