"""Templates: what is put into them is text unless it is markup of ours, and a name that is not given is an error."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from studio.content.model import Action, Status

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
TONES = {
    Status.DRAFT: "plain",
    Status.SCHEDULED: "accent",
    Status.PUBLISHING: "warn",
    Status.PUBLISHED: "good",
    Status.FAILED: "bad",
    Status.PAUSED: "warn",
    Status.CANCELLED: "plain",
}
ACTIONS = {
    Action.SCHEDULE: "Schedule",
    Action.RESCHEDULE: "Reschedule",
    Action.PUBLISH_NOW: "Publish now",
    Action.RETRY: "Retry now",
    Action.RESUME: "Resume",
    Action.PAUSE: "Pause",
    Action.CANCEL: "Cancel",
}
_NAMES = {"linkedin": "LinkedIn", "tiktok": "TikTok", "youtube": "YouTube"}


def label(word: object) -> str:
    """Return a word of ours as people read it: ``twice_daily`` is ``Twice daily``."""
    text = str(word)
    return _NAMES.get(text) or text.replace("_", " ").capitalize()


def took(seconds: float) -> str:
    """Return a duration as people read it: ``2 min 5 s``, ``1.25 s``, ``12 ms``."""
    if seconds >= 60:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s"
    thousandths = seconds * 1000
    return f"{seconds:.2f} s" if seconds >= 1 else f"{thousandths:.{int(thousandths < 10)}f} ms"


def breakable(name: str) -> Markup:
    """Return a name that may be broken behind its underscores."""
    from markupsafe import Markup, escape

    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))


@cache
def environment() -> Environment:
    """Return what renders."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"label": label, "took": took, "breakable": breakable}
    made.globals |= {"tones": TONES, "action_names": ACTIONS}
    return made


def render(template: str, **values: object) -> str:
    """Return a page."""
    return environment().get_template(template).render(**values)
