"""The document: YAML in several dialects, loaded into one normal form with diagnostics.

`load` reads a text; everything else here is what it gives and takes. Names are looked up when they are used: option
models import this package, and should not pay for the YAML parser.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conduix.spec.diagnostics import Code, Diagnostic, DocumentError
    from conduix.spec.loading import Loaded, load, load_or_raise
    from conduix.spec.model import NodeSpec, PipelineSpec
    from conduix.spec.normal import normal_form
    from conduix.spec.schema import document_schema

_HOMES = {
    "Code": "diagnostics",
    "Diagnostic": "diagnostics",
    "DocumentError": "diagnostics",
    "Loaded": "loading",
    "load": "loading",
    "load_or_raise": "loading",
    "NodeSpec": "model",
    "PipelineSpec": "model",
    "normal_form": "normal",
    "document_schema": "schema",
}

__all__ = [
    "Code",
    "Diagnostic",
    "DocumentError",
    "Loaded",
    "NodeSpec",
    "PipelineSpec",
    "document_schema",
    "load",
    "load_or_raise",
    "normal_form",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
