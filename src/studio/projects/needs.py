"""What the project store's statements read and write; content goes with its project by a foreign key."""

from __future__ import annotations

from lockstep import Column, ForeignKey, Index, Needs

_MAYBE = Column("text", nullable=True)

NEEDS = Needs(
    {
        "projects": {
            "id": "bigint",
            "user_id": "text",
            "name": "text",
            "description": _MAYBE,
            "type": "text",
            "template": _MAYBE,
            "platform": _MAYBE,
            "target_audience": _MAYBE,
            "estimated_duration": _MAYBE,
            "tags": Column("text[]", nullable=False),
            "is_public": Column("boolean", nullable=False),
            "status": "text",
            "metadata": Column("jsonb", nullable=False),
            "created_at": "timestamptz",
            "updated_at": "timestamptz",
        },
    },
    indexes=[
        Index("projects", "id", unique=True),
        Index("projects", ("user_id", "created_at")),
    ],
    foreign_keys=[ForeignKey("content", "project_id", "projects", "id")],
    privileges={"projects": ("select", "insert", "update", "delete")},
)
