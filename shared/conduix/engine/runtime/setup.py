"""What a region is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from conduix.engine.api import Fence
from conduix.engine.runtime.actor import TapPoint, Trace
from conduix.engine.runtime.attempt import Nodes
from conduix.engine.runtime.checkpoint import CheckpointStore
from conduix.engine.runtime.letters import LetterWriter
from conduix.engine.runtime.plan import Plan
from conduix.engine.runtime.supervisor import Supervisor
from conduix.telemetry.meter import Meter


def _nobody() -> None:
    """Nobody wants to hear of changes."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that a region is given."""

    plan: Plan
    nodes: Nodes
    store: CheckpointStore
    fence: Fence
    supervisor: Supervisor
    letters: LetterWriter
    meter: Meter = field(default_factory=Meter)
    trace: Trace = lambda _what: None
    taps: Mapping[str, TapPoint] = field(default_factory=lambda: defaultdict(TapPoint))
    """By actor."""
    changed: Callable[[], object] = _nobody
    """Called at every change of the region's state; must not block."""
