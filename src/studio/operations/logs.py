"""The log: one line an event, for programs (JSON) where programs read it, else for people; in either the same fields.

Modules log with the standard library, as everything else in the process does. Here their records get a time, who we are, and
the request that they belong to, and are written.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from lockstep import environment_of

Identity = Callable[[], Mapping[str, str]]
_FIRST = ("time", "level", "logger", "event")


def wants_json(choice: str, environ: Mapping[str, str], stream: TextIO) -> bool:
    """Decide how to write: *choice* is ``json``, ``text``, or ``auto``: JSON in production and wherever nobody looks at a terminal."""
    if choice != "auto":
        return choice == "json"
    if environment_of(environ) not in {"development", "test"}:
        return True
    return not environ.get("LOCKSTEP_ENV", "").strip() and not stream.isatty()


def show_log(identity: Identity, *, as_json: bool, stream: TextIO | None = None) -> None:
    """Write what is logged to *stream* (stderr), unless whoever started the process has decided otherwise."""
    if logging.getLogger("studio").hasHandlers():
        return
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter(identity, as_json=as_json))
    logging.getLogger().addHandler(handler)
    logging.getLogger("studio").setLevel(logging.INFO)


def formatter(identity: Identity, *, as_json: bool) -> logging.Formatter:
    """Return what makes lines of records."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _introducing(identity),
        structlog.processors.format_exc_info,
        _without_nothing,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _line_of_json if as_json else _line_of_text,
        ],
    )


def _introducing(identity: Identity) -> Processor:
    def introduce(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {**identity(), **event}

    return introduce


def _without_nothing(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    return {name: value for name, value in event.items() if value is not None}


def _line_of_json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    ordered = {name: event.pop(name) for name in _FIRST if name in event} | dict(event)
    # What cannot be encoded (half of a surrogate pair from somewhere) must not cost the line.
    text = json.dumps(ordered, ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode()


def _line_of_text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    time, level, logger, said = (event.pop(name, "") for name in _FIRST)
    trace = event.pop("exception", None)
    for name in ("boot_id", "release", "replica"):  # one process speaks to one terminal
        event.pop(name, None)
    more = "".join(f" {name}={value}" for name, value in event.items())
    line = f"{time} {str(level).upper()} {logger}: {said}{more}"
    return f"{line}\n{trace}" if trace else line
