"""Sessions on the server: any instance serves any of them, and ending one ends it everywhere at once.

A session that is used lives on, one that is not ends after a while, and none outlives its longest life. Its time is the
database's.
"""

from __future__ import annotations

from dataclasses import dataclass

from studio.accounts.model import Session, SessionSeen, User, hashed, new_sid
from studio.accounts.store import QUERIES
from studio.storage import PATIENCE, Jsonb, Lender, Storage

_DAY = 86_400.0
_LONGEST_AGENT = 300


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long sessions last, in seconds: unused, and at all."""

    idle: float = 14 * _DAY
    longest: float = 90 * _DAY


DEFAULT_LIFETIME = Lifetime()


class SessionStore:
    """Begins, finds and ends sessions."""

    def __init__(
        self,
        database: Lender,
        lifetime: Lifetime = DEFAULT_LIFETIME,
        *,
        patience: float = PATIENCE,
    ) -> None:
        """Use *database*; sessions live as *lifetime* says."""
        self._storage = Storage(database, QUERIES, patience=patience)
        self.lifetime = lifetime

    async def begin(
        self, user: User, *, before: str | None, address: str | None, user_agent: str | None
    ) -> Session:
        """Begin a session under a new id; the one that the browser had *before*, whosever it was, ends."""
        sid = new_sid()
        sess = {
            "user_id": user.id,
            "address": address,
            "user_agent": user_agent.replace("\0", "")[:_LONGEST_AGENT] if user_agent else None,
        }
        async with self._storage.transaction() as transaction:
            await transaction.run("remove_expired_sessions")
            if before is not None:
                await transaction.run("end_session", sid=hashed(before))
            await transaction.run(
                "begin_session", sid=hashed(sid), sess=Jsonb(sess), idle=self.lifetime.idle
            )
        return Session(user, sid)

    async def find(self, sid: str) -> Session | None:
        """Return the session with that id, and let it live on; None: it is over, or its user may not sign in any more."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("find_session", sid=hashed(sid), idle=self.lifetime.idle)
            if row is None:
                return None
            if row.pop("aging"):
                await transaction.run(
                    "prolong_session",
                    sid=hashed(sid),
                    idle=self.lifetime.idle,
                    longest=self.lifetime.longest,
                )
        return Session(User(**row), sid)

    async def end(self, sid: str) -> None:
        """End the session with that id, if there is one."""
        async with self._storage.transaction() as transaction:
            await transaction.run("end_session", sid=hashed(sid))

    async def list(self, user_id: str) -> list[SessionSeen]:
        """Return the user's sessions, the newest first, at most a hundred."""
        async with self._storage.transaction() as transaction:
            return [
                SessionSeen(**row)
                for row in await transaction.all("list_sessions", user_id=user_id)
            ]

    async def revoke(self, user_id: str, session_id: str) -> bool:
        """End one of the user's sessions, by the id in the list; False: they have none with that id."""
        async with self._storage.transaction() as transaction:
            ended = await transaction.run("revoke_session", user_id=user_id, sid=session_id)
            return bool(ended)
