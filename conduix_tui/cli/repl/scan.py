"""What is still open at the end of a text that is being entered: brackets, a string, a comment, an operator."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_PIECE = re.compile(
    r'"""(?:.*?(?P<triple>""")|.*\Z)'
    r'|"(?:[^"\\\n]|\\.)*(?P<quote>"|(?=\n)|\Z)'
    r"|(?<![A-Za-z0-9_])[rs]'(?:[^'\\\n]|\\.)*(?P<raw>'|(?=\n)|\Z)"
    r"|#[^\n]*"
    r"|[()\[\]{}]",
    re.DOTALL,
)
_OPENS = {")": "(", "]": "[", "}": "{"}
_GOES_ON = re.compile(r"(?:[-=>+*/%|&<,.!?:]|\b(?:else|if|match|let|map|meta)\s)\s*\Z")
Inside = Literal["code", "string", "text", "comment"]


@dataclass(frozen=True, slots=True)
class Open:
    """What a text leaves open.

    `brackets`: each open one and its place, the innermost last. `inside`: where the text ends; `string` is one on a
    line, `text` one in triple quotes. `since`: where that string or comment begins.
    """

    brackets: tuple[tuple[str, int], ...] = ()
    inside: Inside = "code"
    since: int = 0
    fits: bool = True
    """Does every closing bracket fit its opening one?"""


def scan(text: str) -> Open:
    """Go through the text once."""
    brackets: list[tuple[str, int]] = []
    for piece in _PIECE.finditer(text):
        found = piece[0]
        if found in {"(", "[", "{"}:
            brackets.append((found, piece.start()))
        elif found in _OPENS:
            if not brackets or brackets.pop()[0] != _OPENS[found]:
                return Open(inside="code", fits=False)
        elif piece.end() == len(text) and (inside := _unfinished(piece)) is not None:
            return Open(tuple(brackets), inside, piece.start())
    return Open(tuple(brackets))


def _unfinished(piece: re.Match[str]) -> Inside | None:
    """What the last piece of a text leaves open, if it has no end of its own."""
    if piece[0].startswith("#"):
        return "comment"
    if piece[0].startswith('"""'):
        return None if piece["triple"] else "text"
    return None if piece["quote"] or piece["raw"] else "string"


def goes_on(text: str) -> bool:
    """Does the entry need another line: a bracket or triple quotes are open, or it ends with an operator?

    An empty last line ends any entry, so that a wrong one can be seen to be wrong.
    """
    if text.endswith("\n") or not text.strip():
        return False
    found = scan(text)
    if not found.fits or found.inside == "string":
        return False
    code = text[: found.since] if found.inside == "comment" else text
    return bool(found.brackets) or found.inside == "text" or _GOES_ON.search(code) is not None
