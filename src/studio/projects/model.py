"""A project, and how a change makes the next one of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any


class ProjectStatus(StrEnum):
    """How a project stands; the database accepts no other word."""

    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectText:
    """What its owner says of a project."""

    name: str
    description: str | None = None
    type: str = "campaign"
    template: str | None = None
    platform: str | None = None
    target_audience: str | None = None
    estimated_duration: str | None = None
    tags: tuple[str, ...] = ()
    is_public: bool = False
    status: ProjectStatus = ProjectStatus.ACTIVE
    metadata: Mapping[str, Any]

    def changed(self, changes: Mapping[str, Any]) -> ProjectText:
        """Return it with the fields that *changes* names."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project of somebody's; ``updated_at`` is its version."""

    id: int
    text: ProjectText
    created_at: datetime
    updated_at: datetime
