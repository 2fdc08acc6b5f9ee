"""How the database does, over HTTP, for operators: an answer in 0.6 seconds, also when the pool is exhausted or the server stalls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from studio.http_api.parts import PartsHere
from studio.http_api.problems import documented
from studio.http_api.values import Answer
from studio.http_api.who import Operator

router = APIRouter(prefix="/api/db", tags=["operations"])
_REPORTED_WITHIN = 0.25


class Warned(Answer):
    """Something to look at, and what may help."""

    group: str
    what: str
    fix: str | None


class GroupAnswer(Answer):
    """What one question was answered; `limited` says what is not shown, `fix` the command that would change it."""

    items: list[dict[str, Any]]
    limited: str | None
    fix: str | None


class PerformanceAnswer(Answer):
    """How the database does, as of `at`; the pool as of now."""

    database: Literal["ready", "slow", "unreachable"] = Field(
        description="How the server answered: in time, not in time (yet), or not at all."
    )
    reason: str | None
    at: datetime
    server_version: str | None
    pool: Mapping[str, int] = Field(description="This instance's pool, as psycopg_pool names it.")
    warnings: list[Warned]
    groups: dict[str, GroupAnswer]


@router.get("/perf", summary="How the database does", responses=documented(401, 403, 503))
async def database_performance(_operator: Operator, parts: PartsHere) -> PerformanceAnswer:
    """Tell what an operator asks first: pool, connections, locks, statements, indexes, vacuum, sizes, sequences, replication."""
    return PerformanceAnswer.model_validate(await parts.watch.performance.report(_REPORTED_WITHIN))
