"""What a text for people needs of a terminal's colours; the command line has the real ones."""

from __future__ import annotations

from typing import Protocol


class Palette(Protocol):
    """What gives words their colours, or leaves them alone."""

    def red(self, text: str, /) -> str:
        """Return *text* as what failed."""

    def green(self, text: str, /) -> str:
        """Return *text* as what holds."""

    def yellow(self, text: str, /) -> str:
        """Return *text* as what deserves a look."""

    def dim(self, text: str, /) -> str:
        """Return *text* as what may be skipped when reading."""
