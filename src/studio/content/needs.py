"""What the statements about content read and write: the scheduler's, and those of people's own work.

Declared are also the indexes without which looking for what is due, and turning pages, get slow.
"""

from __future__ import annotations

from collections.abc import Mapping

from lockstep import Column, ForeignKey, Index, Needs

_Columns = Mapping[str, str | tuple[str, ...] | Column]
_TEXT = Column("text", nullable=False)
_MAYBE = Column("text", nullable=True)
_PIECE: _Columns = {
    "id": "bigint",
    "user_id": _TEXT,
    "project_id": Column("bigint", nullable=True),
    "title": _TEXT,
    "platform": _TEXT,
    "content_type": _TEXT,
    "status": _TEXT,
    "published_at": "timestamptz",
    "tags": Column("text[]", nullable=False),
    "metadata": Column("jsonb", nullable=False),
    "ai_generated": "boolean",
    "day_number": Column("integer", nullable=True),
    "is_paused": "boolean",
    "is_stopped": "boolean",
    "can_publish": "boolean",
    "publish_order": "integer",
    "content_version": Column("integer", nullable=False),
    "publish_attempts": Column("integer", nullable=False),
    "next_attempt_at": Column("timestamptz", nullable=True),
    "last_error": _MAYBE,
}
_DEED: _Columns = {
    "content_id": "bigint",
    "action": "text",
    "before": Column("jsonb", nullable=True),
    "after": Column("jsonb", nullable=True),
}
_SCHEDULE: _Columns = {
    "id": "bigint",
    "content_id": "bigint",
    "platform": "text",
    "scheduled_at": "timestamptz",
    "recurrence": "text",
    "timezone": "text",
    "series_end_date": Column("date", nullable=True),
    "status": "text",
    "metadata": Column("jsonb", nullable=False),
}
# The table's triggers write it, as whoever writes the history or deletes content.
_TOLD = {"live_events": ("user_id", "content_id", "project_ids", "history_id", "action")}

NEEDS = Needs(
    {
        "content": {
            **_PIECE,
            "description": "text",
            "script": "text",
            "scheduled_at": "timestamptz",
            "thumbnail_url": "text",
            "video_url": "text",
            "lease_owner": _MAYBE,
            "lease_until": Column("timestamptz", nullable=True),
        },
        "content_action_history": _DEED,
        "publications": {
            "id": "bigint",
            "content_id": "bigint",
            "content_version": "integer",
            "platform": "text",
            "attempt": "integer",
            "status": "text",
            "external_id": _MAYBE,
            "external_url": _MAYBE,
            "error": _MAYBE,
        },
        "post_schedules": {
            **_SCHEDULE,
            "retry_count": "integer",
            "last_attempt_at": Column("timestamptz", nullable=True),
            "error_message": _MAYBE,
        },
        **_TOLD,
    },
    indexes=[
        Index("content", ("scheduled_at", "next_attempt_at"), partial=True),
        Index("content", "lease_until", partial=True),
        Index("publications", ("content_id", "content_version", "platform")),
        Index("post_schedules", "content_id"),
    ],
    privileges={
        "content": ("select", "insert", "update"),
        "content_action_history": ("insert",),
        "publications": ("select", "insert", "update"),
        "post_schedules": ("select", "insert", "update"),
        "live_events": ("insert",),
    },
)
"""What the content scheduler needs."""

PEOPLES_NEEDS = Needs(
    {
        "content": {
            **_PIECE,
            "description": _MAYBE,
            "script": _MAYBE,
            "scheduled_at": Column("timestamptz", nullable=True),
            "thumbnail_url": _MAYBE,
            "video_url": _MAYBE,
            "revision": Column("integer", nullable=False),
            "created_at": "timestamptz",
            "updated_at": "timestamptz",
        },
        "content_action_history": {
            **_DEED,
            "id": "bigint",
            "user_id": _MAYBE,
            "created_at": "timestamptz",
        },
        "content_metrics": {
            "content_id": "bigint",
            "platform": "text",
            "views": "bigint",
            "likes": "bigint",
            "comments": "bigint",
            "shares": "bigint",
            "engagement_rate": "numeric(5,2)",
            "revenue": "numeric(12,2)",
            "last_updated": Column("timestamptz", nullable=False),
        },
        "post_schedules": _SCHEDULE,
        "projects": {"id": "bigint", "user_id": "text"},
        **_TOLD,
    },
    indexes=[
        Index("content", "id", unique=True),
        Index("content", ("user_id", "created_at")),
        Index("content", ("user_id", "scheduled_at")),
        Index("content_action_history", ("content_id", "created_at")),
        Index("content_metrics", ("content_id", "platform"), unique=True),
        Index("post_schedules", "content_id"),
    ],
    foreign_keys=[
        ForeignKey(table, "content_id", "content", "id")
        for table in ("content_action_history", "content_metrics", "post_schedules", "publications")
    ],
    privileges={
        "content": ("select", "insert", "update", "delete"),
        "content_action_history": ("select", "insert"),
        "content_metrics": ("select", "insert", "update"),
        "post_schedules": ("select", "insert", "update"),
        "live_events": ("insert",),
    },
)
"""What library, editing, schedules and metrics need: what people do to content. What hangs on it goes with it by foreign keys."""
