"""Keyset pagination: a page begins after the last row of the one before, whatever was inserted meanwhile.

The client gets that place as an opaque text. Stores take ``limit`` and ``after`` (a ``Mark``: the sorting moment and the id)::

    rows = await store.list(user.id, limit=paging.fetch, after=paging.after)
    return page(paging, [ProjectAnswer.model_validate(row) for row in rows])

and ask ``where (%(after_at)s::timestamptz is null or (created_at, id) < (%(after_at)s, %(after_id)s)) … limit %(limit)s``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from studio.http_api.problems import Refused
from studio.http_api.values import LARGEST_ID

LARGEST_PAGE = 100
T = TypeVar("T")
Mark = tuple[datetime, int]


class Page(BaseModel, Generic[T]):
    """Some of the items, and where the next ones begin."""

    items: list[T]
    next: str | None = Field(
        description="Send it as `after` for the next page; null: this is the last one."
    )


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which page a client wants."""

    limit: int
    after: Mark | None

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than is shown says whether there is a next page."""
        return self.limit + 1


def page_asked(
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many at most.")] = 20,
    after: Annotated[
        str | None, Query(max_length=200, description="`next` of the page before.")
    ] = None,
) -> PageAsked:
    """Read the page's parameters; a place that we did not give out is refused with 422."""
    return PageAsked(limit, None if after is None else read_mark(after))


Paging = Annotated[PageAsked, Depends(page_asked)]


def page(asked: PageAsked, items: Sequence[T], mark: Callable[[T], Mark] | None = None) -> Page[T]:
    """Return the page of *items*, which were fetched with ``asked.fetch``; *mark* tells an item's place."""
    shown = list(items[: asked.limit])
    more = len(items) > asked.limit
    place = mark or _created
    return Page(items=shown, next=write_mark(place(shown[-1])) if more else None)


def _created(item: Any) -> Mark:
    return (item.created_at, item.id)


def write_mark(mark: Mark) -> str:
    """Return a place as clients carry it."""
    text = json.dumps([mark[0].isoformat(), mark[1]])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_mark(text: str) -> Mark:
    """Return the place; raise ``Refused`` for what ``write_mark`` did not make."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        at, row = json.loads(raw)
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or type(row) is not int or not 0 < row <= LARGEST_ID:
            raise ValueError(text)
    except (ValueError, TypeError, RecursionError):
        raise Refused(422, "bad_cursor", "`after` must be `next` of an earlier page.") from None
    return moment, row
