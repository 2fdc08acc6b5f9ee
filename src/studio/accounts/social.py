"""A user's accounts on other platforms. Their tokens go in and never come out here: they are sealed before they are stored,
and only what publishes opens them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lockstep import Database, load_queries
from studio.secrets import Sealer, context_of_token
from studio.storage import PATIENCE, ConstraintViolated, Jsonb, Storage

QUERIES = load_queries(Path(__file__).with_name("social.sql"))
_TOKENS = ("access_token", "refresh_token")
_CHANGEABLE = ("account_name", *_TOKENS, "token_expiry", "is_active", "metadata")


class AlreadyThere(Exception):
    """The user has this account of the platform."""


@dataclass(frozen=True, slots=True)
class SocialAccount:
    """An account on a platform, without its tokens."""

    id: int
    platform: str
    account_id: str
    account_name: str
    has_access_token: bool
    has_refresh_token: bool
    token_expiry: datetime | None
    is_active: bool
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class SocialAccountStore:
    """Keeps a user's accounts on platforms."""

    def __init__(self, database: Database, sealer: Sealer, *, patience: float = PATIENCE) -> None:
        """Use *database*; seal tokens with *sealer*, which raises ``ConfigurationWrong`` where it has no key."""
        self._storage = Storage(database, QUERIES, patience=patience)
        self._sealer = sealer

    async def create(
        self, user_id: str, platform: str, account_id: str, values: Mapping[str, Any]
    ) -> SocialAccount:
        """Add an account; *values* has what ``change`` takes. Raises ``AlreadyThere``."""
        columns = self._columns(user_id, platform, account_id, values)
        try:
            async with self._storage.transaction() as transaction:
                row = await transaction.one(
                    "create_social_account",
                    user_id=user_id,
                    platform=platform,
                    account_id=account_id,
                    **columns,
                )
        except ConstraintViolated as error:
            if error.constraint == "social_accounts_account_key":
                raise AlreadyThere from None
            raise
        assert row is not None
        return SocialAccount(**row)

    async def list(
        self, user_id: str, *, limit: int, after: tuple[datetime, int] | None = None
    ) -> list[SocialAccount]:
        """Return at most *limit* of the user's accounts, the newest first, those *after* one's place."""
        at, row_id = after or (None, None)
        async with self._storage.transaction() as transaction:
            rows = await transaction.all(
                "list_social_accounts", user_id=user_id, limit=limit, after_at=at, after_id=row_id
            )
        return [SocialAccount(**row) for row in rows]

    async def find(self, user_id: str, social_account_id: int) -> SocialAccount | None:
        """Return an account of the user's."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one(
                "find_social_account", user_id=user_id, social_account_id=social_account_id
            )
        return None if row is None else SocialAccount(**row)

    async def change(
        self, user_id: str, social_account_id: int, changes: Mapping[str, Any]
    ) -> SocialAccount | None:
        """Change what is named (name, tokens, expiry, whether it is active, metadata); a token of None is forgotten."""
        found = await self.find(user_id, social_account_id)
        if found is None:
            return None
        columns = self._columns(user_id, found.platform, found.account_id, changes)
        async with self._storage.transaction() as transaction:
            row = await transaction.one(
                "write_social_account",
                user_id=user_id,
                social_account_id=social_account_id,
                **{name: columns.get(name) for name in _CHANGEABLE},
                **{f"set_{name}": name in columns for name in _CHANGEABLE},
            )
        return None if row is None else SocialAccount(**row)

    async def delete(self, user_id: str, social_account_id: int) -> bool:
        """Forget an account and its tokens; False: there is none."""
        async with self._storage.transaction() as transaction:
            gone = await transaction.run(
                "delete_social_account", user_id=user_id, social_account_id=social_account_id
            )
        return bool(gone)

    def _columns(
        self, user_id: str, platform: str, account_id: str, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the columns as the database keeps them: tokens sealed to this account."""
        columns = dict(values)
        for name in _TOKENS:
            if columns.get(name) is not None:
                context = context_of_token(user_id, platform, account_id, name)
                columns[name] = self._sealer.seal(columns[name], context)
        if "metadata" in columns:
            columns["metadata"] = Jsonb(columns["metadata"])
        return columns
