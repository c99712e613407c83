"""What a document may not use where it runs under a server, in a process without a terminal."""

from __future__ import annotations

from typing import Final

from conduix.spec.diagnostics import Code, Diagnostic
from conduix.spec.model import PipelineSpec

_INSTEAD: Final = {"stdin": "file", "stdout": "file"}


def check_served(spec: PipelineSpec, file: str) -> list[Diagnostic]:
    """The errors, in the order of the text."""
    return [
        Diagnostic(
            file,
            node.where.line,
            node.where.column,
            f"{node.where.path}.type",
            Code.TERMINAL_ONLY.value,
            f"the {node.role} {node.id!r} ({node.type}) belongs to the terminal of `conduix run`; an agent has none",
            f"type: {_INSTEAD[node.type]}",
        )
        for node in sorted(spec.all_nodes, key=lambda node: node.where.line)
        if node.type in _INSTEAD
    ]
