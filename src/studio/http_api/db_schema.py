"""The ledger and the schema's drift over HTTP, for operators: what ``lockstep status`` and ``lockstep drift`` say, of a running instance."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from lockstep import Applied, LockstepError, SchemaState
from studio.http_api.paging import Mark, Page, PageAsked, Paging, page
from studio.http_api.parts import PartsHere
from studio.http_api.problems import documented
from studio.http_api.values import Answer
from studio.http_api.who import Operator

router = APIRouter(prefix="/api/db", tags=["operations"])
MOST_DIFFERENCES = 200
_REPORTED_WITHIN = 1.0


class Trouble(Answer):
    """Why something is not known, or what a boot would say to it; and what helps."""

    code: str
    what: str
    why: str
    next: str
    problems: list[str]


class FileAnswer(Answer):
    """A file that was applied: when, how long it took, by which release (empty: it had no name)."""

    kind: Literal["migration", "seed"]
    name: str
    applied_at: datetime
    seconds: float
    release: str
    position: int = Field(description="Counts up in the order of applying.")


class LedgerAnswer(Page[FileAnswer]):
    """What was applied here, the newest first, and how this release stands to it."""

    known: bool = Field(description="Whether the ledger could be read; if not, `trouble` says why.")
    total: int
    pending: list[str] = Field(description="Shipped by this release, and not applied.")
    ahead: list[str] = Field(description="Applied by a newer release.")
    trouble: Trouble | None


class DifferenceAnswer(Answer):
    """An object that is not as `schema.lock` says, with its line there and the one that it would have."""

    what: Literal["missing", "differs", "extra"]
    kind: str
    name: str
    sentence: str
    expected: str | None
    found: str | None
    refuses: bool = Field(description="Whether the next boot of this release would stop at it.")


class DriftAnswer(Answer):
    """Whether the live schema is what `schema.lock` says."""

    verdict: Literal["none", "drifted", "unknown"]
    differences: list[DifferenceAnswer]
    total: int
    unread: list[str] = Field(description="What could not be compared: somebody locks it.")
    trouble: Trouble | None


class SchemaAnswer(Answer):
    """How the database stands to this release, as of `at`; null where it could not be known yet."""

    database: Literal["ready", "slow", "unreachable"] = Field(
        description="How the server answered: in time, not in time (yet), or not at all."
    )
    reason: str | None
    at: datetime | None
    ledger: LedgerAnswer | None
    drift: DriftAnswer | None


@router.get(
    "/schema",
    summary="How the schema stands to this release",
    responses=documented(401, 403, 422, 503),
)
async def database_schema(_operator: Operator, paging: Paging, parts: PartsHere) -> SchemaAnswer:
    """Tell what was applied here and by whom, what is pending, and whether the live schema is what `schema.lock` says.

    Looked at when asked for, at most every 30 seconds an instance; `limit` and `after` turn the ledger's pages.
    """
    report = await parts.watch.schema.report(_REPORTED_WITHIN)
    state = report.state
    return SchemaAnswer(
        database=report.database,
        reason=report.reason,
        at=report.at,
        ledger=None if state is None else _ledger(state, paging),
        drift=None if state is None else _drift(state),
    )


def _ledger(state: SchemaState, asked: PageAsked) -> LedgerAnswer:
    applied = state.applied or ()
    after = (row for row in applied if asked.after is None or _mark(row) < asked.after)
    items = [FileAnswer.model_validate(row) for row in islice(after, asked.fetch)]
    turned = page(asked, items, _mark)
    return LedgerAnswer(
        items=turned.items,
        next=turned.next,
        known=state.applied is not None,
        total=len(applied),
        pending=list(state.pending),
        ahead=list(state.ahead),
        trouble=_trouble(state.ledger_trouble),
    )


def _mark(row: Applied | FileAnswer) -> Mark:
    return row.applied_at, row.position


def _drift(state: SchemaState) -> DriftAnswer:
    found = state.differences
    return DriftAnswer(
        verdict="unknown" if found is None else "drifted" if found else "none",
        differences=[
            DifferenceAnswer.model_validate(each) for each in (found or ())[:MOST_DIFFERENCES]
        ],
        total=len(found or ()),
        unread=list(state.unread),
        trouble=_trouble(state.drift_trouble),
    )


def _trouble(error: LockstepError | None) -> Trouble | None:
    if error is None:
        return None
    problems = [
        f"{each.place}: {each.what}" if each.place else each.what for each in error.problems
    ]
    return Trouble(
        code=error.code, what=error.what, why=error.why, next=error.next_step, problems=problems
    )
