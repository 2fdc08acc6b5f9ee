"""What to do with content that has missed its time by more than a grace: publish it all the same, skip it, or hold it for a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from studio.content.model import Action


class Misfire(StrEnum):
    """What is done with content that comes too late; ``metadata.misfire`` of a piece says it for that piece."""

    PUBLISH = "publish"
    SKIP = "skip"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class MisfirePolicy:
    """Late is what is due for more than *grace* seconds; *usual* is for pieces that say nothing themselves."""

    grace: float = 300.0
    usual: Misfire = Misfire.PUBLISH

    def judge(self, late: float, wish: str | None, *, held: bool = False) -> Misfire:
        """Return what to do with a piece; one that was *held* before and is back was let go by a person: it is published."""
        if late <= self.grace or held:
            return Misfire.PUBLISH
        return Misfire(wish) if wish in set(Misfire) else self.usual

    def reason(self, late: float) -> str:
        """Say why a piece was not published."""
        return f"missed its time by {late:.0f} s, more than the grace of {self.grace:g} s"


ACTIONS = {Misfire.SKIP: Action.CANCEL, Misfire.HOLD: Action.PAUSE}
"""What is done to a piece that is not published."""
