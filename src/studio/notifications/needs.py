"""What the notification store's statements read and write."""

from __future__ import annotations

from lockstep import Column, Index, Needs

NEEDS = Needs(
    {
        "notifications": {
            "id": "bigint",
            "user_id": "text",
            "type": "text",
            "title": "text",
            "message": "text",
            "is_read": Column("boolean", nullable=False),
            "read_at": Column("timestamptz", nullable=True),
            "metadata": Column("jsonb", nullable=False),
            "created_at": "timestamptz",
        },
    },
    indexes=[
        Index("notifications", "id", unique=True),
        Index("notifications", ("user_id", "created_at")),
    ],
    privileges={"notifications": ("select", "insert", "update")},
)
