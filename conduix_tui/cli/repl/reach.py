"""What a path in a text stands for in the sample record, as far as that can be told without running anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from conduix.mapping import paths
from conduix.mapping.functions import find
from conduix_tui.cli.repl.scan import scan

UNKNOWN: Final = object()
"""A value that only running the mapping could tell."""
CHAIN = r'[$@]?\w+(?:\.\w+|\."[^"\n]*"|\[\d+\])*'
"""A path: `this.customer.name`, `item.sku`, `this.items[0]`."""

_CHAIN_AT_END = re.compile(rf"(?P<chain>{CHAIN})\.(?P<method>\w*)\Z")
_PART = re.compile(r'\.(\w+)|\."([^"\n]*)"|\[(\d+)\]')
_NAMED = re.compile(r"\s*(\w+)\s*->")


@dataclass(frozen=True, slots=True)
class Reach:
    """Follows paths through one record and its metadata."""

    record: Any
    meta: dict[str, Any]

    def value(self, chain: str, before: str) -> Any:
        """What the path stands for where it comes after the text `before`; UNKNOWN where that cannot be told."""
        head = re.match(r"[$@]?\w+", chain)
        if head is None:
            return UNKNOWN
        found = self._begin(head[0], before)
        for name, quoted, index in _PART.findall(chain[head.end() :]):
            if found is UNKNOWN:
                break
            found = paths.step(found, name or quoted or index)
        return found

    def parameters(self, before: str) -> list[str]:
        """Names that lambdas around the end of the text give to their argument, the innermost first."""
        names = [_NAMED.match(before, place + 1) for bracket, place in scan(before).brackets if bracket == "("]
        return [found[1] for found in reversed(names) if found and found[1] != "_"]

    def _begin(self, head: str, before: str) -> Any:
        if head.startswith("$"):
            return UNKNOWN
        if head.startswith("@"):
            return self.meta.get(head[1:])
        if head == "root":
            return self.record if re.search(r"(?:\A|\n|\{)[ \t]*\Z", before) else UNKNOWN
        for bracket, place in reversed(scan(before).brackets):
            if bracket != "(":
                continue
            named = _NAMED.match(before, place + 1)
            if named and named[1] == head:
                return self._item(before[:place])
            if not named and head == "this" and (item := self._query(before[:place])) is not None:
                return item
        return self.record if head == "this" else paths.step(self.record, head)

    def _query(self, before: str) -> Any:
        """What `this` is in a query whose call `before` ends with; None: it is no call that takes a query."""
        called = re.search(r"\.(\w*)\Z", before)
        function = find("method", called[1]) if called and called[1] else None
        if called and (not called[1] or (function and function.parameters and function.parameters[0].kind == "query")):
            return self._item(before)
        return None

    def _item(self, before: str) -> Any:
        """What the call that `before` ends with gives to its query: an item, or for `.(` the target itself."""
        called = _CHAIN_AT_END.search(before)
        if called is None:
            return UNKNOWN
        target = self.value(called["chain"], before[: called.start()])
        if not called["method"]:
            return target
        if isinstance(target, list):
            objects = [item for item in target if isinstance(item, dict)]
            return {key: value for item in reversed(objects) for key, value in item.items()} or UNKNOWN
        return {"key": "", "value": None} if isinstance(target, dict) else UNKNOWN
