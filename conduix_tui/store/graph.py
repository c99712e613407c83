"""The graph of a pipeline as a drawing: nodes in layers, each below those that feed it, branches side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from conduix_tui.store.canvas import Canvas, Run

_WIDEST, _NARROWEST = 34, 20
"""Of a box."""
_GAP = 2


@dataclass(frozen=True, slots=True)
class Box:
    """One node as it is drawn. `inputs`: the nodes that feed it, each with the port (a router's route, else `out`)."""

    id: str
    lines: Sequence[Run]
    tone: str = ""
    inputs: Sequence[tuple[str, str]] = ()
    last: bool = False
    """Does it stand in the last layer, whatever feeds it?"""


@dataclass(slots=True)
class _Slot:
    """A place in a layer: a node, or where a line passes on its way to a deeper one."""

    box: Box | None
    feeds: list[tuple[int, str]]
    """Places in the layer above, each with its port."""
    column: int = 0
    width: int = 1
    leads_on: bool = False
    """Does anything below it depend on it?"""

    @property
    def height(self) -> int:
        return len(self.box.lines) + 2 if self.box is not None else 0

    @property
    def centre(self) -> int:
        return self.column + self.width // 2


def drawn(boxes: Sequence[Box], width: int) -> Sequence[list[Run]]:
    """Rows of runs; as wide as `width` where the boxes fit, else wider. `boxes` come in the order of the data."""
    layers = _layers(boxes)
    if not layers:
        return []
    _place(layers, width)
    canvas, row = Canvas(), 0
    for number, layer in enumerate(layers):
        if number:
            row = _draw_edges(canvas, layers[number - 1], layer, row)
        row = _draw_layer(canvas, layer, row)
    return list(canvas.rows())


def _draw_layer(canvas: Canvas, layer: Sequence[_Slot], row: int) -> int:
    """Returns the row below it."""
    below = row + max(slot.height for slot in layer)
    for slot in layer:
        if slot.box is not None:
            canvas.box(row, slot.column, slot.width, slot.box.lines, slot.box.tone)
        if slot.leads_on and row + slot.height < below:
            canvas.down(slot.centre, row + slot.height, below - 1)
    return below


def _layers(boxes: Sequence[Box]) -> list[list[_Slot]]:
    """Each node below the deepest of those that feed it; a line to it has a place in every layer that it passes."""
    depth: dict[str, int] = {}
    for box in boxes:
        depth[box.id] = 1 + max((depth[node] for node, _ in box.inputs if node in depth), default=-1)
    deepest = max(depth.values(), default=0)
    depth |= {box.id: deepest for box in boxes if box.last}
    layers: list[list[_Slot]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    places: dict[str, int] = {}
    for box in boxes:
        level = depth[box.id]
        feeds = [_reach(layers, places[n], depth[n], level, port) for n, port in box.inputs if n in places]
        places[box.id] = len(layers[level])
        layers[level].append(_Slot(box, feeds))
    for above, below in pairwise(layers):
        for place in {place for slot in below for place, _ in slot.feeds}:
            above[place].leads_on = True
    return layers


def _reach(layers: Sequence[list[_Slot]], place: int, start: int, level: int, port: str) -> tuple[int, str]:
    """Lead a line from a node down to the layer above `level`."""
    for between in range(start + 1, level):
        layers[between].append(_Slot(None, [(place, port)]))
        place, port = len(layers[between]) - 1, ""
    return place, port


def _place(layers: Sequence[list[_Slot]], width: int) -> None:
    """Columns from left to right, every layer in the middle of the widest."""
    for layer in layers:
        nodes = sum(slot.box is not None for slot in layer)
        room = width - _GAP * (len(layer) - 1) - (len(layer) - nodes)
        box, column = max(_NARROWEST, min(_WIDEST, room // max(1, nodes))), 0
        for slot in layer:
            slot.width = box if slot.box is not None else 1
            slot.column = column
            column += slot.width + _GAP
    widest = max(layer[-1].column + layer[-1].width for layer in layers)
    for layer in layers:
        shift = (widest - layer[-1].column - layer[-1].width) // 2
        for slot in layer:
            slot.column += shift


def _draw_edges(canvas: Canvas, above: Sequence[_Slot], below: Sequence[_Slot], row: int) -> int:
    """Where all go straight down a row is enough, else one to go across and one to come in. Returns the row below."""
    edges = [(above[place], slot, port) for slot in below for place, port in slot.feeds]
    last = row + any(start.centre != end.centre for start, end, _ in edges)
    for start, end, port in edges:
        canvas.across(start.centre, end.centre, row, row, last)
        if end.box is not None:
            canvas.text(last, end.centre, "▼", "dim")
        if port not in {"", "out"}:
            canvas.text(last, end.centre + 2, port[: max(1, end.width // 2 - 3)], "accent")
    return last + 1


def chain(nodes: Sequence[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
    """What feeds each node where nothing is known but their order."""
    before = ("", *nodes)
    return {node: [(before[at], "out")] if at else [] for at, node in enumerate(nodes)}
