"""How content does on its platforms, over HTTP: figures in, figures out."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from pydantic import BeforeValidator, Field

from studio.content.metrics import FIGURES
from studio.http_api.parts import PartsHere
from studio.http_api.problems import NotFound, documented
from studio.http_api.values import Answer, Body, Id, Moment, Platform
from studio.http_api.who import CurrentUser

router = APIRouter(prefix="/api/content/{content_id}/metrics", tags=["metrics"])
# What every JSON parser reads exactly.
_MOST = 2**53 - 1


def _is_number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number, or its digits as a text")  # noqa: TRY004 - becomes a 422
    return value


Count = Annotated[int, Field(strict=True, ge=0, le=_MOST)]
Rate = Annotated[Decimal, BeforeValidator(_is_number), Field(ge=0, max_digits=5, decimal_places=2)]
Money = Annotated[Decimal, BeforeValidator(_is_number), Field(max_digits=12, decimal_places=2)]


class Report(Body):
    """The figures of a piece on one platform, as they are in all; what is not named stays as it was."""

    platform: Platform = Field(examples=["instagram"])
    views: Count | None = Field(None, examples=[1200])
    likes: Count | None = None
    comments: Count | None = None
    shares: Count | None = None
    engagement_rate: Rate | None = Field(None, description="In percent.", examples=["4.25"])
    revenue: Money | None = Field(None, examples=["12.50"])
    measured_at: Moment | None = Field(
        None,
        description="When the platform said so (default: now). An older report than the last changes nothing.",
    )


class MetricsAnswer(Answer):
    """The newest figures on one platform; decimals are texts, so that none of their digits is lost."""

    platform: str
    views: int
    likes: int
    comments: int
    shares: int
    engagement_rate: Decimal
    revenue: Decimal
    last_updated: datetime


class AllMetrics(Answer):
    """The figures of a piece of content, platform by platform."""

    items: list[MetricsAnswer]


@router.post("", responses=documented(401, 403, 404, 422))
async def report_metrics(
    content_id: Id, report: Report, user: CurrentUser, parts: PartsHere
) -> AllMetrics:
    """Tell how a piece of your content does on a platform; telling it twice changes nothing more."""
    figures = {name: getattr(report, name) for name in FIGURES}
    found = await parts.metrics.report(
        user.id, content_id, report.platform, figures, report.measured_at
    )
    if found is None:
        raise NotFound("content")
    return AllMetrics(items=[MetricsAnswer.model_validate(one) for one in found])


@router.get("", responses=documented(401, 404, 422))
async def read_metrics(content_id: Id, user: CurrentUser, parts: PartsHere) -> AllMetrics:
    """Return how a piece of your content does, platform by platform."""
    found = await parts.metrics.of(user.id, content_id)
    if found is None:
        raise NotFound("content")
    return AllMetrics(items=[MetricsAnswer.model_validate(one) for one in found])
