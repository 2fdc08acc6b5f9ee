"""The states of a piece of content, and the one function that says which may follow which.

::

    draft ──schedule──▸ scheduled ──claim──▸ publishing ──publish──▸ published
                        scheduled ──pause──▸ paused ──resume──▸ scheduled
                        scheduled ──cancel─▸ cancelled
                                             publishing ──fail──▸ failed ──retry──▸ scheduled

``reschedule`` moves what waits, is paused or has failed to another time; ``publish_now`` is a schedule, resume or retry that
is due at once. What is written may be edited in every state but one: nobody knows which text a platform gets that has
begun to take it. An attempt that failed and will be repeated goes both of the last steps at once: the history tells that it
failed and why. Nothing here waits, reads a clock or knows a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LONGEST_REASON = 2000


class Status(StrEnum):
    """Where a piece of content is; the database accepts no other word."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    FAILED = "failed"
    PAUSED = "paused"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What is done to a piece of content, as ``content_action_history`` names it."""

    SCHEDULE = "schedule"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    CLAIM = "claim"
    TAKE_OVER = "take_over"
    PUBLISH = "publish"
    FAIL = "fail"
    RETRY = "retry"
    RESCHEDULE = "reschedule"
    PUBLISH_NOW = "publish_now"
    CREATE = "create"
    EDIT = "edit"


_NEXT: Mapping[tuple[Status, Action], Status] = {
    (Status.DRAFT, Action.SCHEDULE): Status.SCHEDULED,
    (Status.SCHEDULED, Action.PAUSE): Status.PAUSED,
    (Status.PAUSED, Action.RESUME): Status.SCHEDULED,
    (Status.SCHEDULED, Action.CANCEL): Status.CANCELLED,
    (Status.SCHEDULED, Action.CLAIM): Status.PUBLISHING,
    # The instance that had claimed it died; another one tries.
    (Status.PUBLISHING, Action.TAKE_OVER): Status.PUBLISHING,
    (Status.PUBLISHING, Action.PUBLISH): Status.PUBLISHED,
    (Status.PUBLISHING, Action.FAIL): Status.FAILED,
    (Status.FAILED, Action.RETRY): Status.SCHEDULED,
    (Status.SCHEDULED, Action.RESCHEDULE): Status.SCHEDULED,
    (Status.PAUSED, Action.RESCHEDULE): Status.PAUSED,
    (Status.FAILED, Action.RESCHEDULE): Status.SCHEDULED,
    **{
        (status, Action.PUBLISH_NOW): Status.SCHEDULED
        for status in (Status.DRAFT, Status.SCHEDULED, Status.PAUSED, Status.FAILED)
    },
    **{(status, Action.EDIT): status for status in Status if status is not Status.PUBLISHING},
}


class TransitionRefused(ValueError):
    """The action cannot be done to content in that state."""

    def __init__(self, status: Status, action: Action) -> None:
        possible = ", ".join(allowed(status)) or "nothing any more"
        super().__init__(f"cannot {action} content that is {status}; possible: {possible}")
        self.status = status
        self.action = action


def advance(status: Status, action: Action) -> Status:
    """Return the state that *action* leads to; raise ``TransitionRefused`` if it cannot be done."""
    try:
        return _NEXT[status, action]
    except KeyError:
        raise TransitionRefused(status, action) from None


def allowed(status: Status) -> tuple[Action, ...]:
    """Return what can be done to content in that state."""
    return tuple(action for begun, action in _NEXT if begun is status)


@dataclass(frozen=True, slots=True)
class Claim:
    """A piece of content that is ours to publish, until its lease runs out.

    ``attempt`` counts from 1 and, with ``owner``, fences: once another instance has taken over, nothing of ours is written.
    ``late`` is how many seconds after its time it was claimed, by the database's clock. ``already_out``: this very version was
    published before, and somebody has scheduled it again.
    """

    id: int
    version: int
    attempt: int
    owner: str
    publication: int
    taken_over: bool
    already_out: bool
    late: float
    scheduled_at: datetime | None
    platform: str
    content_type: str
    title: str
    description: str | None
    script: str | None
    thumbnail_url: str | None
    video_url: str | None
    tags: tuple[str, ...]
    user_id: str = ""
    project_id: int | None = None

    @property
    def key(self) -> str:
        """The idempotency key: the same for every attempt at this version on this platform."""
        return f"content-{self.id}-v{self.version}-{self.platform}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a platform says of what it has published."""

    external_id: str | None = None
    external_url: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of a claim: the platform's *receipt*, or without one the *reason*, and when it is tried again (None: never)."""

    claim: Claim
    receipt: Receipt | None = None
    reason: str = ""
    retry_in: float | None = None

    @property
    def status(self) -> Status:
        """The state that content has afterwards."""
        if self.receipt is not None:
            return advance(Status.PUBLISHING, Action.PUBLISH)
        failed = advance(Status.PUBLISHING, Action.FAIL)
        return failed if self.retry_in is None else advance(failed, Action.RETRY)


def describe_failure(error: BaseException) -> str:
    """Return why an attempt failed, as a text that the database can hold."""
    words = " ".join(str(error).split())
    return storable(f"{type(error).__name__}: {words}" if words else type(error).__name__)


def storable(text: str) -> str:
    """Return *text* without what PostgreSQL refuses (NUL, lone surrogates), and cut to a sane length."""
    clean = text.replace("\0", "").encode("utf-8", "replace").decode()
    return clean if len(clean) <= LONGEST_REASON else clean[: LONGEST_REASON - 1] + "…"
