"""The console's themes. No state is told by colour alone: a glyph and a word always stand beside it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.theme import Theme

THEMES: Sequence[Theme] = (
    Theme(
        "dark",
        primary="#3d7fc4",
        secondary="#5f9ea0",
        accent="#d7a65f",
        foreground="#d8dee9",
        background="#11151c",
        surface="#1a202b",
        panel="#262e3c",
        success="#7cc47f",
        warning="#e0b050",
        error="#e5616b",
    ),
    Theme(
        "light",
        primary="#1f5fa8",
        secondary="#2d6f73",
        accent="#8a4b00",
        foreground="#1c2430",
        background="#fbfbf8",
        surface="#f0f0ea",
        panel="#dfe3e8",
        success="#1b6e2c",
        warning="#8a5a00",
        error="#b3202c",
        dark=False,
    ),
    Theme(
        "high-contrast",
        primary="#00a2ff",
        secondary="#00ffff",
        accent="#ffff00",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#303030",
        success="#00ff00",
        warning="#ffff00",
        error="#ff6060",
    ),
    # blue against orange and yellow: told apart by whoever cannot tell red from green
    Theme(
        "colour-blind",
        primary="#56b4e9",
        secondary="#cc79a7",
        accent="#f0e442",
        foreground="#e4e4e4",
        background="#101418",
        surface="#1a1f26",
        panel="#29303a",
        success="#56b4e9",
        warning="#f0e442",
        error="#e66100",
    ),
)
NAMES: Sequence[str] = tuple(theme.name for theme in THEMES)
