"""The worker: runs one replica of a pipeline. `conduix run` calls it in its own process, an agent in one of its own.

Names are looked up when they are used: a worker process ties itself to its agent before it imports anything else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conduix.engine.worker.replica import Assignment, explain_plan, run_replica

__all__ = ["Assignment", "explain_plan", "run_replica"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.replica"), name)
    globals()[name] = value
    return value
