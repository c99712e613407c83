"""All targets, by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz import calls, compiled, embedded, texts, times
from tests.fuzz.target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target for module in (texts, compiled, embedded, calls, times) for target in module.TARGETS
}
