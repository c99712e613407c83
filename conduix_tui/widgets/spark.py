"""Curves of one line's height, in characters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_BARS = " ▁▂▃▄▅▆▇█"


def spark(values: Sequence[float], width: int) -> str:
    """The last values as bars, one a character, squeezed into `width` by taking the highest of each group."""
    if not values or width <= 0:
        return ""
    shown = _squeezed(values, width)
    top = max(shown)
    if top <= 0:
        return _BARS[1] * len(shown)
    return "".join(_BARS[1 + round(max(0.0, value) / top * (len(_BARS) - 2))] for value in shown)


def _squeezed(values: Sequence[float], width: int) -> list[float]:
    if len(values) <= width:
        return list(values)
    edges = [round(number * len(values) / width) for number in range(width + 1)]
    return [max(values[low:high]) for low, high in pairwise(edges)]
