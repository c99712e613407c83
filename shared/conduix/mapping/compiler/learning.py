"""What generation learns from round to round, and the two signals of giving up: on a record, on a step."""

from __future__ import annotations

from dataclasses import dataclass, field


class Unfit(Exception):
    """The generated code does not cover this record; the reference decides what comes of it."""


class NotCompiled(Exception):
    """This step is left to the interpreter."""


@dataclass(slots=True)
class Learned:
    """What one round of generation taught the next one."""

    plain_lists: set[int] = field(default_factory=set)
    """Lists (by the id of their node) that somebody else than the output reads."""
    interpreted: dict[int, str] = field(default_factory=dict)
    """Steps (by id) that are left to the interpreter, and why."""
    objects: bool = False
    """Fields of the record are read: a record that is no object is left to the reference."""
    changed: bool = False

    def add(self, to: set[int], key: int) -> None:
        """Remember `key`; the code must be generated once more if it is new."""
        if key not in to:
            to.add(key)
            self.changed = True

    def leave(self, key: int, why: NotCompiled) -> None:
        """The step or condition `key` is left to the interpreter from the next round on."""
        self.interpreted[key] = str(why)
        self.changed = True
