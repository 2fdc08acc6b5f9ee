"""What routes work with: the studio's stores and the like, made by the assembly, handed to the application once.

A route asks for them by type: ``parts: PartsHere``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from studio.accounts.limits import AttemptStore
from studio.accounts.sessions import SessionStore
from studio.accounts.social import SocialAccountStore
from studio.accounts.store import AccountStore
from studio.content.editing import EditingStore
from studio.content.library import ContentLibrary
from studio.content.metrics import MetricsStore
from studio.content.schedules import ScheduleStore
from studio.live_updates.service import LiveUpdates
from studio.notifications.store import NotificationStore
from studio.operations.watch import Watch
from studio.planner.planner import Planner
from studio.projects.store import ProjectStore
from studio.publishing.feeds import FeedStore


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that routes use; ``assembly.make_parts`` makes it."""

    accounts: AccountStore
    sessions: SessionStore
    attempts: AttemptStore
    library: ContentLibrary
    editing: EditingStore
    schedules: ScheduleStore
    metrics: MetricsStore
    social_accounts: SocialAccountStore
    projects: ProjectStore
    notifications: NotificationStore
    planner: Planner
    feeds: FeedStore
    live: LiveUpdates
    watch: Watch


def parts_here(connection: HTTPConnection) -> Parts:
    """Return the parts of the application that answers."""
    parts = connection.app.state.parts
    assert isinstance(parts, Parts)
    return parts


PartsHere = Annotated[Parts, Depends(parts_here)]
