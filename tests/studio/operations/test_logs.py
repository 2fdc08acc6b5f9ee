"""A line an event, with who we are and the request that it belongs to; as JSON it is one object, whatever was said."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

from studio.operations.logs import formatter, wants_json


def logged(*, as_json: bool, said: str, exc_info: bool = False, **extra: Any) -> str:
    """What is written of a record."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(lambda: {"replica": "here:1", "boot_id": "b"}, as_json=as_json))
    log = logging.Logger("studio.scheduler.troubles")
    log.addHandler(handler)
    log.error(said, exc_info=exc_info, extra=extra)
    return stream.getvalue()


def test_a_line_for_programs_says_all() -> None:
    """Time, level, logger and event first; then who we are, the request, and the record's own fields."""
    with bound_contextvars(request_id="r1", user_id=None):
        line = logged(as_json=True, said="❌ Content table schema is not ready", ms=1.5)
    entry = json.loads(line)
    assert list(entry)[:4] == ["time", "level", "logger", "event"]
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "error",
        "logger": "studio.scheduler.troubles",
        "event": "❌ Content table schema is not ready",
        "replica": "here:1",
        "boot_id": "b",
        "request_id": "r1",
        "ms": 1.5,
    }
    assert "❌ Content table schema is not ready" in line


def test_an_error_is_one_line_with_its_traceback() -> None:
    """Newlines of what was raised do not begin an entry of their own, and odd characters cost nothing."""
    try:
        raise ValueError("one\n{}\ntwo \ud800")
    except ValueError:
        line = logged(as_json=True, said="it broke", exc_info=True)
    assert line.count("\n") == 1
    assert "ValueError: one" in json.loads(line)["exception"]


def test_a_line_for_people_is_short() -> None:
    """What is the same in each line is left out; a traceback follows in lines of its own."""
    with bound_contextvars(request_id="r1"):
        line = logged(as_json=False, said="reconnecting: no answer")
    time, rest = line.split(" ", 1)
    assert time.endswith("Z")
    assert rest == "ERROR studio.scheduler.troubles: reconnecting: no answer request_id=r1\n"


@pytest.mark.parametrize(
    ("choice", "environ", "expected"),
    [
        ("json", {"LOCKSTEP_ENV": "test"}, True),
        ("text", {"LOCKSTEP_ENV": "production"}, False),
        ("auto", {"LOCKSTEP_ENV": "production"}, True),
        ("auto", {"LOCKSTEP_ENV": "development", "DYNO": "web.1"}, False),
        ("auto", {"DYNO": "web.1"}, True),
        ("auto", {}, True),
    ],
)
def test_who_reads_decides(choice: str, environ: dict[str, str], *, expected: bool) -> None:
    """What was asked for, then the environment, then whether it is a terminal (which this is not)."""
    assert wants_json(choice, environ, io.StringIO()) is expected
