"""Limits on guessing, counted in the database: all instances count together, by one clock.

Each account and each address has a bucket of attempts that fills again by one after a pause. A sign-in that succeeds fills
the account's. An IPv6 network of 64 bits counts as one address: it is what one customer gets.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass

from lockstep import Database
from studio.accounts.store import QUERIES
from studio.storage import PATIENCE, Storage


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many attempts at once, and as many again within *seconds*."""

    attempts: int
    seconds: float

    @property
    def pause(self) -> float:
        """How long one attempt takes to come back."""
        return self.seconds / self.attempts


@dataclass(frozen=True, slots=True)
class Limits:
    """How often may be tried: on one account, from one address, and to register from one address."""

    account: Bucket = Bucket(10, 900)
    address: Bucket = Bucket(100, 900)
    register: Bucket = Bucket(20, 3600)


DEFAULT_LIMITS = Limits()


class AttemptStore:
    """Counts attempts."""

    def __init__(
        self, database: Database, limits: Limits = DEFAULT_LIMITS, *, patience: float = PATIENCE
    ) -> None:
        """Use *database*; allow what *limits* says."""
        self._storage = Storage(database, QUERIES, patience=patience)
        self._limits = limits

    async def sign_in(self, email: str, address: str | None) -> int | None:
        """Count an attempt at an account; return None, or in how many seconds the next one may be made."""
        return await self._spend(
            [
                (address_key("sign-in", address), self._limits.address),
                (account_key(email), self._limits.account),
            ]
        )

    async def register(self, address: str | None) -> int | None:
        """Count an attempt to register; return None, or in how many seconds the next one may be made."""
        return await self._spend([(address_key("register", address), self._limits.register)])

    async def succeeded(self, email: str) -> None:
        """Forget the attempts at an account: its owner has come."""
        async with self._storage.transaction() as transaction:
            await transaction.run("forgive", key=account_key(email))
            await transaction.run("remove_full")

    async def _spend(self, buckets: Sequence[tuple[str, Bucket]]) -> int | None:
        async with self._storage.transaction() as transaction:
            for key, bucket in buckets:
                values = {"key": key, "pause": bucket.pause, "burst": bucket.attempts}
                if await transaction.one("spend", **values) is None:
                    row = await transaction.one("seconds_to_wait", **values)
                    return max(1, math.ceil(row["seconds"])) if row else 1
        return None


def account_key(email: str) -> str:
    """Return the name of an account's bucket; the address itself is not kept."""
    return f"account {hashlib.sha256(email.strip().casefold().encode()).hexdigest()}"


def address_key(what: str, address: str | None) -> str:
    """Return the name of a network address's bucket for *what*."""
    try:
        known = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return f"{what} from nowhere"
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is None:
            return f"{what} from {ipaddress.ip_network((known, 64), strict=False)}"
        known = known.ipv4_mapped
    return f"{what} from {known}"
