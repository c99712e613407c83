"""All targets, by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz import calls, compiled, texts, times
from tests.fuzz.target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target for module in (texts, compiled, calls, times) for target in module.TARGETS
}
