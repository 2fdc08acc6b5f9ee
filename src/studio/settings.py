"""What the studio is told by its environment, as one frozen value; everything that is wrong is said at once.

Where the database is, the port and all that concerns booting are the engine's settings (``LOCKSTEP_*``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from lockstep import ConfigurationWrong, Problem


@dataclass(frozen=True, slots=True)
class Settings:
    """How the content scheduler behaves; durations are in seconds."""

    poll_seconds: float = 5.0
    lease_seconds: float = 30.0
    publish_attempts: int = 5
    retry_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class _Limits:
    least: float
    most: float
    doc: str


_LIMITS: Mapping[str, _Limits] = {
    "poll_seconds": _Limits(0.1, 60, "How long the scheduler sleeps at most before it looks for due content again."),
    "lease_seconds": _Limits(1, 3600, "How long content is ours to publish; a dead instance's is taken over after that."),
    "publish_attempts": _Limits(1, 100, "How often content is tried before it is failed for good."),
    "retry_seconds": _Limits(0.1, 3600, "How long to wait after the first failed attempt; it doubles with every further one."),
}  # fmt: skip


def variable_of(name: str) -> str:
    """Return the environment variable that holds a setting: ``STUDIO_POLL_SECONDS``."""
    return f"STUDIO_{name.upper()}"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings; raise ``ConfigurationWrong`` naming everything that is wrong with them."""
    values: dict[str, float] = {}
    problems: list[Problem] = []
    for field in fields(Settings):
        text = environ.get(variable_of(field.name), "").strip()
        if not text:
            continue
        whole = isinstance(field.default, int)
        try:
            values[field.name] = _number(text, _LIMITS[field.name], whole=whole)
        except ValueError as error:
            message = f"{variable_of(field.name)}: {error}"
            problems.append(Problem(message, next_step=_LIMITS[field.name].doc))
    if problems:
        count = len(problems)
        raise ConfigurationWrong(
            f"{count} of the studio's settings {'are' if count > 1 else 'is'} wrong",
            problems=problems,
            next_step="Correct what is listed and start again; nothing was touched.",
        )
    return Settings(**values)  # type: ignore[arg-type]  # a whole number was read where one is wanted


def _number(text: str, limits: _Limits, *, whole: bool) -> float:
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a {'whole ' if whole else ''}number") from None
    if not limits.least <= value <= limits.most:  # never true of a NaN
        raise ValueError(f"{text} is not between {limits.least:g} and {limits.most:g}")
    return value
