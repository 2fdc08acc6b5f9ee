"""Values of calendars in requests: days, and the time zones in which they are days."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIRST, _LAST = date(1970, 1, 2), date(2199, 12, 30)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known(name: str) -> str:
    if name not in _zones():
        raise ValueError("must be the name of a time zone: Europe/Berlin")
    return name


def _is_day(value: Any) -> Any:
    if isinstance(value, date) or (isinstance(value, str) and _WRITTEN.fullmatch(value)):
        return value
    raise ValueError("must be a day: 2026-01-31")


def _in_range(day: date) -> date:
    if not _FIRST <= day <= _LAST:
        raise ValueError(f"must be between {_FIRST} and {_LAST}")
    return day


Zone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_known)]
"""The IANA name of a time zone, as this server knows them."""

Day = Annotated[date, BeforeValidator(_is_day), AfterValidator(_in_range)]
"""A day of a calendar, from 1970 to 2199, with room for any zone's offset."""
