"""The normal form as plain JSON: for `conduix explain`, and for the digest that tells documents apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conduix.spec.model import ChildSpec, NodeSpec, PipelineSpec, SupervisorSpec

_SHORTEST_PART = 4
"""Characters. Shorter secrets are masked only where they are the whole value: as a part, they are everywhere."""


def normal_form(spec: PipelineSpec, *, defaults: bool = True) -> dict[str, Any]:
    """A pipeline as plain JSON, nodes in topological order, durations in seconds, sizes in bytes.

    Secrets show as they are written in the document (`${file:/run/secrets/x}`), never with their value.
    `defaults=False` leaves out options that have their default.
    """
    shown: dict[str, Any] = {
        "name": spec.name,
        "version": spec.version,
        "description": spec.description,
        "labels": dict(spec.labels),
        "mode": spec.mode,
        "parallelism": spec.parallelism,
        "mailbox": spec.mailbox,
        "drain_timeout": spec.drain_timeout,
        "nodes": [_node(node, defaults=defaults) for node in spec.nodes],
        "dlq": {**_node(spec.dlq, defaults=defaults), "max_ratio": spec.dlq_max_ratio} if spec.dlq else None,
    }
    for name in ("checkpoint", "supervision", "retry", "state"):
        shown[name] = getattr(spec, name).model_dump(mode="json", exclude_defaults=not defaults)
    if spec.supervisors:
        shown["tree"] = _supervisor(spec.supervisors, defaults=defaults)
    if spec.placement.labels:
        # only where there are some: what older releases have digested keeps its digest
        shown["placement"] = spec.placement.model_dump(mode="json")
    if spec.references:
        shown["references"] = dict(spec.references)
    masked: dict[str, Any] = mask(shown, spec.secrets)
    return masked


def digest(spec: PipelineSpec) -> str:
    """sha256 (hex) of what the document means: not of its layout, its dialect or the value of its secrets."""
    form = normal_form(spec, defaults=False)
    if spec.supervisors and spec.supervisors.children == replace(spec, supervisors=None).tree.children:
        del form["tree"]  # it says no more than the other dialects do
    for node in form["nodes"]:
        # the inputs of the nodes already say where routes lead, in both dialects alike
        for route in node["options"].get("routes", ()):
            route.pop("next", None)
    canonical = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def mask(value: Any, secrets: Mapping[str, str]) -> Any:
    """A JSON value with every secret replaced by how it is written in the document."""
    if not secrets:
        return value
    if isinstance(value, str):
        return _mask_text(value, secrets)
    if isinstance(value, dict):
        return {key: mask(each, secrets) for key, each in value.items()}
    if isinstance(value, list):
        return [mask(each, secrets) for each in value]
    return secrets.get(str(value), value) if isinstance(value, int | float) else value


def _mask_text(text: str, secrets: Mapping[str, str]) -> str:
    if text in secrets:
        return secrets[text]
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_PART:
            text = text.replace(secret, secrets[secret])
    return text


def _supervisor(supervisor: SupervisorSpec, *, defaults: bool) -> dict[str, Any]:
    return {
        "name": supervisor.name,
        "restart": supervisor.restart,
        "supervision": supervisor.supervision.model_dump(mode="json", exclude_defaults=not defaults),
        "children": [
            {"node": child.node, "restart": child.restart}
            if isinstance(child, ChildSpec)
            else _supervisor(child, defaults=defaults)
            for child in supervisor.children
        ],
    }


def _node(node: NodeSpec, *, defaults: bool) -> dict[str, Any]:
    return {
        "id": node.id,
        "role": node.role,
        "type": node.type,
        "inputs": [each.node if each.port == "out" else f"{each.node}.{each.port}" for each in node.inputs],
        "when": node.when,
        "on_error": node.on_error,
        "options": node.options.model_dump(mode="json", exclude_defaults=not defaults),
    }
