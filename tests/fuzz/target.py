"""What the fuzzer runs: targets, their cases, and what is a finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

Case = dict[str, Any]
"""JSON: texts, and lists of texts. Bytes stand in it as Latin-1."""


class Fault(AssertionError):
    """What a target holds against the language. `kind`: a few words that are the same for the same fault."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}\n{detail}")
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to be tried again and again.

    `draw` makes the case of a number. `run` returns a word for what came of it, such as `refused`, and raises a Fault,
    or whatever the code under test should not raise. `weight` is its share of the time.
    """

    name: str
    doc: str
    draw: Callable[[Random, int], Case]
    run: Callable[[Case], str]
    weight: int = 1
    seconds: float = 5.0
    """CPU time that one case may take, all the ways of running it together."""
