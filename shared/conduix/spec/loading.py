"""From text to the normal form, in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from conduix.spec import dialects
from conduix.spec.check import check
from conduix.spec.diagnostics import Diagnostic, DocumentError, Enough, Problems
from conduix.spec.interpolate import interpolate
from conduix.spec.model import CatalogView, PipelineSpec
from conduix.spec.normal import mask
from conduix.spec.overrides import apply_overrides
from conduix.spec.yamltext import parse


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document that was read: its normal form, or None if there are errors among the diagnostics."""

    spec: PipelineSpec | None
    diagnostics: tuple[Diagnostic, ...]
    """Errors and warnings, in the order of the text."""

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics without the warnings."""
        return tuple(each for each in self.diagnostics if each.severity == "error")


def load(
    text: str | bytes, *, file: str, catalog: CatalogView, env: Mapping[str, str] | None, overrides: Sequence[str] = ()
) -> Loaded:
    """Read a document; never raises for anything that is in it.

    Args:
        text: YAML (or JSON), at most 1 MiB; bytes are UTF-8.
        file: what the text is called in diagnostics.
        catalog: the sources, stages and sinks that it may use.
        env: variables for `${VAR}`. None: they are bound where the document runs. What stands there without default is
            not checked, the spec's nodes have them as they are written, and so has its digest.
        overrides: `path=value`, put in before variables are replaced.
    """
    problems = Problems()
    secrets: dict[str, str] = {}
    spec = None
    with suppress(Enough):
        root = parse(text, file, problems)
        if root is not None:
            root = apply_overrides(root, overrides, problems)
            root = interpolate(root, env, secrets, problems)
            draft = dialects.read(root, catalog, problems)
            spec = check(draft, catalog, secrets, problems) if draft else None
    found = tuple(
        replace(each, message=mask(each.message, secrets), suggestion=mask(each.suggestion, secrets))
        for each in problems.sorted()
    )
    return Loaded(None if problems.failed else spec, found)


def load_or_raise(
    text: str | bytes, *, file: str, catalog: CatalogView, env: Mapping[str, str] | None, overrides: Sequence[str] = ()
) -> PipelineSpec:
    """Read a document that must be right.

    Raises:
        DocumentError: it is not; carries every diagnostic.
    """
    loaded = load(text, file=file, catalog=catalog, env=env, overrides=overrides)
    if loaded.spec is None:
        raise DocumentError(loaded.diagnostics)
    return loaded.spec
