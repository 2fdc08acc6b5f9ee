"""A plan: what is ordered, what is kept of it, and what cannot be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from studio.content.recurrence import zone_of
from studio.planner.layout import Frequency


class PlanRefused(Exception):
    """It cannot be done with this plan; nothing was changed. ``code``: ``wrong_state``, ``unknown_project``, ``no_room``."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlan:
    """What a plan is to be; without a project it makes one. Without a start it begins tomorrow."""

    title: str
    timezone: str
    target_platforms: Sequence[str]
    description: str | None = None
    project_id: int | None = None
    project_type: str = "campaign"
    duration_days: int = 30
    content_frequency: Frequency = Frequency.DAILY
    content_categories: Sequence[str] = ()
    start_date: date | None = None
    gap_minutes: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan, and how far it is: *slots* places in the calendar, *drafts* written and not scheduled, *scheduled*."""

    id: int
    project_id: int | None
    title: str
    description: str | None
    project_type: str
    duration_days: int
    content_frequency: str
    target_platforms: list[str]
    content_categories: list[str]
    start_date: date | None
    end_date: date | None
    status: str
    settings: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    slots: int
    drafts: int
    scheduled: int

    @property
    def timezone(self) -> str:
        """The zone of its clock."""
        name = self.settings.get("timezone")
        return name if isinstance(name, str) and is_zone(name) else "UTC"

    @property
    def halted(self) -> list[int]:
        """The content that stands still with it."""
        ids = self.settings.get("halted")
        return [each for each in ids if isinstance(each, int)] if isinstance(ids, list) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of the calendar with its draft, if it has one."""

    id: int
    day: int
    scheduled_date: date
    scheduled_time: time
    platform: str
    category: str
    optimal_score: Decimal | None
    status: str
    content_id: int | None
    title: str | None
    content_status: str | None
    scheduled_at: datetime | None


def wrong_state(status: str, possible: Sequence[str]) -> PlanRefused:
    """Return the refusal for a plan that is in another state than one of the *possible* ones."""
    return PlanRefused(
        "wrong_state",
        f"The plan is {status}; this can be done while it is {' or '.join(possible)}.",
    )


def is_zone(name: str) -> bool:
    """Tell whether there is a time zone of that name."""
    try:
        zone_of(name)
    except ValueError:
        return False
    return True
