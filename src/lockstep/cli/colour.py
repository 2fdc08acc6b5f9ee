"""Colour where a terminal shows it, and nowhere else."""

from __future__ import annotations

import os
from typing import TextIO

from lockstep.values import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Wraps text in ANSI colours, or leaves it alone."""

    enabled: bool

    def red(self, text: str) -> str:
        """Return *text* in red: what failed."""
        return self._wrap("31;1", text)

    def green(self, text: str) -> str:
        """Return *text* in green: what holds."""
        return self._wrap("32", text)

    def yellow(self, text: str) -> str:
        """Return *text* in yellow: what deserves a look."""
        return self._wrap("33", text)

    def dim(self, text: str) -> str:
        """Return *text* dimmed: what may be skipped when reading."""
        return self._wrap("2", text)

    def _wrap(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.enabled else text


def is_terminal(stream: TextIO) -> bool:
    """True if *stream* is a terminal that moves its cursor."""
    return stream.isatty() and os.environ.get("TERM", "") != "dumb"


def palette_for(stream: TextIO) -> Palette:
    """Return the palette for *stream*; ``NO_COLOR`` (no-color.org) and ``FORCE_COLOR`` are honoured."""
    if os.environ.get("NO_COLOR"):
        return Palette(False)
    return Palette(bool(os.environ.get("FORCE_COLOR")) or is_terminal(stream))
