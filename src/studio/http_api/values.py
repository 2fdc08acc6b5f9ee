"""The values that requests bring: bounded, storable in PostgreSQL, and of the type that was asked for.

PostgreSQL's ``text`` holds no NUL and no lone surrogate, its ``jsonb`` neither those nor NaN; what would be refused there is
refused here, as 422. A Python ``bool`` or ``int`` is never made from a text or the other way round.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

LARGEST_ID = 2**63 - 1
DEEPEST_METADATA = 8
LARGEST_METADATA = 16_384
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def storable(text: str) -> str:
    """Return *text*; raise ``ValueError`` for what PostgreSQL cannot hold."""
    if "\0" in text:
        raise ValueError("text must not hold NUL")
    if not _is_unicode(text):
        raise ValueError("text must not hold half of a surrogate pair")
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("must be a text: 2026-01-31T09:00:00+01:00")  # noqa: TRY004 - becomes a 422
    return value


def _in_range(moment: datetime) -> datetime:
    if not _EARLIEST <= moment < _LATEST:
        raise ValueError("must be between the years 1970 and 2199")
    return moment.astimezone(UTC)


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Return metadata that ``jsonb`` can hold and that somebody could still read."""
    size = 0
    level: list[Any] = [value]
    for _ in range(DEEPEST_METADATA):
        below: list[Any] = []
        for item in level:
            size += _size(item)
            below.extend(_parts(item))
        if size > LARGEST_METADATA:
            raise ValueError(f"must not be larger than {LARGEST_METADATA} characters")
        if not below:
            return value
        level = below
    raise ValueError(f"must not be nested deeper than {DEEPEST_METADATA} levels")


def _parts(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return [*item, *item.values()]
    return item if isinstance(item, list) else []


def _size(item: Any) -> int:
    if isinstance(item, str):
        return len(storable(item)) + 2
    if isinstance(item, float) and not math.isfinite(item):
        raise ValueError("numbers must be finite")
    if isinstance(item, int) and abs(item) > LARGEST_ID:
        raise ValueError("whole numbers must fit into 64 bits")
    return 8


Storable = AfterValidator(storable)
"""Put it behind the bounds of a text: ``Annotated[str, StringConstraints(max_length=80), Storable]``."""

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable
]
"""A title or name: 1 to 200 characters, not blank."""

ShortText = Annotated[str, StringConstraints(max_length=500), Storable]
LongText = Annotated[str, StringConstraints(max_length=100_000), Storable]

Text = LongText
"""Any text that PostgreSQL can hold."""

Tag = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable
]
Tags = Annotated[list[Tag], Field(max_length=50)]

Platform = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=50)]
"""``instagram``, ``my_blog``: as the database's check has it."""

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2000), Storable]

Moment = Annotated[AwareDatetime, BeforeValidator(_is_text), AfterValidator(_in_range)]
"""A point in time with its offset, from 1970 to 2199; handed on in UTC."""

Metadata = Annotated[dict[str, Any], AfterValidator(_plain)]
"""A JSON object of the client's own, up to 16 KiB and 8 levels."""

Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)]
"""A whole number as PostgreSQL's ``integer`` holds it; narrow it with ``Field(ge=, le=)``."""

IdIn = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]
"""The id of a row, in a body."""

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""The id of a row, in the address."""


class Body(BaseModel):
    """A request's body: what is not declared is refused."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Return what was sent, by name: of a PATCH, what is to be changed."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def not_named() -> Any:
    """Make the default of a PATCH's field that cannot be null; nobody reads it: ``given`` leaves it out."""


class Answer(BaseModel):
    """An answer's body, made from a dataclass or a row."""

    model_config = ConfigDict(from_attributes=True)
