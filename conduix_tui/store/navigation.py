"""Where the console is, where it was, and what `:pipelines orders !healthy sort=lag:desc` means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from conduix.errors import UsageError
from conduix.spec.diagnostics import nearest


@dataclass(frozen=True, slots=True)
class Location:
    """A screen, what it is about, and how its list is filtered and sorted."""

    screen: str
    target: str = ""
    """Id or name of what a screen of one thing shows."""
    filter: str = ""
    sort: str = ""
    falling: bool = False

    @property
    def command(self) -> str:
        """What one would type to come here."""
        sort = f"sort={self.sort}{':desc' if self.falling else ''}" if self.sort else ""
        return " ".join(part for part in (self.screen, self.target, self.filter, sort) if part)


@dataclass(frozen=True, slots=True)
class Place:
    """A screen that can be gone to by name."""

    name: str
    summary: str
    aliases: tuple[str, ...] = ()
    needs_target: bool = False
    """Is it about one thing, which must be named?"""
    targets: Callable[[], Sequence[str]] = tuple
    """The names of what it can be about, for completion."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A command that was read."""

    location: Location
    context: str = ""
    """`@prod`: the server to go to first; empty: this one."""


class Places:
    """All screens, by name and alias."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = tuple(places)
        self._known: Mapping[str, Place] = {name: place for place in places for name in (place.name, *place.aliases)}

    def read(self, text: str) -> Destination:
        """What a command means.

        Raises:
            UsageError: no such screen, or one that needs to be told what about.
        """
        words = text.split()
        if not words:
            raise UsageError("nowhere to go", remedy="type the name of a screen, ? lists them")
        place = self._known.get(words[0].lower())
        if place is None:
            near = nearest(words[0].lower(), sorted(self._known))
            raise UsageError(
                f"there is no screen {words[0]}",
                remedy=f"did you mean {near}?" if near else f"one of {', '.join(p.name for p in self.places)}",
            )
        return _read(place, words[1:])

    def complete(self, text: str) -> list[str]:
        """How the command may go on, whole lines, the best first."""
        head, space, rest = text.partition(" ")
        if not space:
            names = [p.name for p in self.places]
            return _best(head, names) or [p.name for p in self.places if any(a.startswith(head) for a in p.aliases)]
        place = self._known.get(head.lower())
        if place is None or " " in rest:
            return []
        return [f"{head} {target}" for target in _best(rest, list(place.targets()))]


def _read(place: Place, words: Sequence[str]) -> Destination:
    location, context, rest = Location(place.name), "", []
    for word in words:
        if word.startswith("@") and len(word) > 1:
            context = word[1:]
        elif word.startswith("sort=") and len(word) > 5:
            column, _, direction = word[5:].partition(":")
            location = replace(location, sort=column, falling=direction.startswith("desc"))
        else:
            rest.append(word)
    if place.needs_target:
        if not rest:
            raise UsageError(f"{place.name} of what?", remedy=f"type its name: {place.name} NAME")
        location = replace(location, target=rest.pop(0))
    return Destination(replace(location, filter=" ".join(rest)), context)


def _best(typed: str, names: Sequence[str]) -> list[str]:
    lowered = typed.lower()
    begin = [name for name in names if name.lower().startswith(lowered)]
    inside = [name for name in names if lowered in name.lower() and name not in begin]
    return begin + inside


class History:
    """Where one was; going back brings filter and order with it, and a view's own are kept per screen."""

    def __init__(self, start: Location) -> None:
        self._past: list[Location] = []
        self._future: list[Location] = []
        self.current = start
        self._last: dict[str, Location] = {start.screen: start}

    def go(self, location: Location) -> Location:
        """On to another place. Where neither filter nor order are named, those last used there come back."""
        last = self._last.get(location.screen)
        if last is not None and not (location.filter or location.sort):
            location = replace(location, filter=last.filter, sort=last.sort, falling=last.falling)
        if location != self.current:
            self._past.append(self.current)
            self._future.clear()
            self._arrive(location)
        return self.current

    def note(self, *, filter_text: str, sort: str, falling: bool) -> None:
        """The list here is filtered and sorted so now."""
        self._arrive(replace(self.current, filter=filter_text, sort=sort, falling=falling))

    def back(self) -> Location | None:
        """One step back; None: this is where it began."""
        if not self._past:
            return None
        self._future.append(self.current)
        self._arrive(self._past.pop())
        return self.current

    def forward(self) -> Location | None:
        """The step back, undone."""
        if not self._future:
            return None
        self._past.append(self.current)
        self._arrive(self._future.pop())
        return self.current

    def _arrive(self, location: Location) -> None:
        self.current = self._last[location.screen] = location
