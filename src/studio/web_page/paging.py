"""Lists that go on: the link to the next page, which keeps what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from studio.http_api.paging import PageAsked, page, read_mark
from studio.web_page.visits import Visit

SHOWN = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Some(Generic[T]):
    """Some items of a list; *more* is where the next ones are, *begun* whether others came before."""

    items: Sequence[T]
    more: str | None
    begun: bool


def asked(visit: Visit) -> PageAsked:
    """Return which page of a list is asked for."""
    after = visit.asked("after")
    return PageAsked(SHOWN, read_mark(after) if after else None)


def some(visit: Visit, wanted: PageAsked, found: Sequence[Any]) -> Some[Any]:
    """Return the page of what was found."""
    shown = page(wanted, found)
    kept = {name: value for name, value in visit.request.query_params.items() if name not in {"after", "done"}}  # fmt: skip
    more = f"{visit.request.url.path}?{urlencode(kept | {'after': shown.next})}" if shown.next else None  # fmt: skip
    return Some(shown.items, more, wanted.after is not None)
