"""What a row of a file is: projects and content, with the bounds that the API has for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from lockstep import Column, Needs
from studio.content.model import Status
from studio.content.needs import NEEDS as CONTENT_NEEDS
from studio.http_api.content import DayNumber, Description, Kind
from studio.http_api.projects import NewProject
from studio.http_api.values import (
    Body,
    Flag,
    LongText,
    Metadata,
    Moment,
    Name,
    Platform,
    Tags,
    Url,
    Whole,
)


class ContentRow(Body):
    """A piece of content, in the state in which it was; its project by name."""

    project: Name | None = None
    title: Name
    description: Description | None = None
    script: LongText | None = None
    platform: Platform
    content_type: Kind = "post"
    status: Status = Status.DRAFT
    scheduled_at: Moment | None = None
    published_at: Moment | None = None
    thumbnail_url: Url | None = None
    video_url: Url | None = None
    tags: Tags = Field(default_factory=list)
    metadata: Metadata = Field(default_factory=dict)
    ai_generated: Flag = False
    day_number: DayNumber | None = None
    publish_order: Whole = 0
    created_at: Moment | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.status is Status.PUBLISHING:
            raise ValueError("status: nobody is publishing this; make it draft or scheduled")
        if self.status is Status.PUBLISHED and self.published_at is None:
            raise ValueError("published_at: when was it published?")
        if self.status is Status.SCHEDULED and self.scheduled_at is None:
            raise ValueError("scheduled_at: when is it to be published?")
        return self

    def why_not_now(self, now: datetime) -> str:
        """Say why the row cannot be taken at that moment; empty if it can."""
        if (
            self.status is Status.SCHEDULED
            and self.scheduled_at is not None
            and self.scheduled_at <= now
        ):
            return "scheduled_at: has passed, so it would be published at once; set a later time, or make it a draft"
        return ""


class ProjectRow(NewProject):
    """A project."""

    created_at: Moment | None = None

    def why_not_now(self, _now: datetime) -> str:
        """Say nothing: a project can be made at any time."""
        return ""


RowModel = type[ContentRow] | type[ProjectRow]


@dataclass(frozen=True, slots=True)
class Matter:
    """What can be moved: its name, its rows, and those of its columns that are no JSON in CSV."""

    name: str
    model: RowModel
    texts: frozenset[str]
    needs: Needs

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, in the order in which they are written."""
        return tuple(self.model.model_fields)


_JSON = {"tags", "metadata", "ai_generated", "is_public", "day_number", "publish_order"}
_OWN = Needs(
    {
        "users": {"id": "text", "email": "text", "is_active": "boolean"},
        "imported_rows": {"user_id": "text", "import_id": "text", "line": "bigint"},
        "projects": {
            "id": "bigint",
            "user_id": "text",
            "name": "text",
            "description": "text",
            "tags": "text[]",
            "metadata": Column("jsonb", nullable=False),
            "status": "text",
        },
        "content_action_history": {"content_id": "bigint", "user_id": "text", "action": "text"},
    },
    privileges={
        "imported_rows": ("select", "insert"),
        "projects": ("select", "insert"),
        "content_action_history": ("insert",),
    },
)
NEEDS = {"import and export": _OWN, "content": CONTENT_NEEDS}


def _matter(name: str, model: RowModel) -> Matter:
    return Matter(name, model, frozenset(set(model.model_fields) - _JSON), _OWN)


MATTERS = {
    "content": _matter("content", ContentRow),
    "projects": _matter("projects", ProjectRow),
}


def checked(matter: Matter, values: Mapping[str, Any], now: datetime) -> ContentRow | ProjectRow:
    """Return the row; raise ``ValueError`` naming everything that is wrong with it."""
    try:
        row = matter.model.model_validate(values)
    except ValidationError as error:
        raise ValueError("; ".join(_flaw(one) for one in error.errors())) from None
    reason = row.why_not_now(now)
    if reason:
        raise ValueError(reason)
    return row


def exported(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the database's as it is written: times in UTC, as texts."""
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _flaw(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    said = str(error["msg"]).removeprefix("Value error, ")
    return (f"{where}: {said}" if where else said).encode("utf-8", "replace").decode()[:300]
