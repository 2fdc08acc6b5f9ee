"""What the statements about accounts, sessions, limits and social accounts read and write, and the indexes that they rely on."""

from __future__ import annotations

from lockstep import Column, Index, Needs

_MAYBE = Column("text", nullable=True)

NEEDS = Needs(
    {
        "users": {
            "id": Column("text", nullable=False),
            "email": "text",
            "password": _MAYBE,
            "first_name": _MAYBE,
            "last_name": _MAYBE,
            "profile_image_url": _MAYBE,
            "role": Column("text", nullable=False),
            "is_active": "boolean",
            "created_at": "timestamptz",
            "updated_at": "timestamptz",
        },
        "sessions": {
            "sid": Column("text", nullable=False),
            "sess": Column("jsonb", nullable=False),
            "expire": Column("timestamptz", nullable=False),
            "created_at": "timestamptz",
        },
        "rate_limits": {
            "key": Column("text", nullable=False),
            "spent_until": Column("timestamptz", nullable=False),
        },
        "social_accounts": {
            "id": "bigint",
            "user_id": "text",
            "platform": "text",
            "account_id": "text",
            "account_name": "text",
            "access_token": _MAYBE,
            "refresh_token": _MAYBE,
            "token_expiry": Column("timestamptz", nullable=True),
            "is_active": "boolean",
            "metadata": Column("jsonb", nullable=False),
            "created_at": "timestamptz",
            "updated_at": "timestamptz",
        },
    },
    indexes=[
        Index("users", "id", unique=True),
        Index("sessions", "sid", unique=True),
        Index("sessions", "expire"),
        Index("rate_limits", "key", unique=True),
        Index("rate_limits", "spent_until"),
        Index("social_accounts", "id", unique=True),
        Index("social_accounts", ("user_id", "platform", "account_id"), unique=True),
    ],
    privileges={
        "users": ("select", "insert", "update"),
        "sessions": ("select", "insert", "update", "delete"),
        "rate_limits": ("select", "insert", "update", "delete"),
        "social_accounts": ("select", "insert", "update", "delete"),
    },
)
