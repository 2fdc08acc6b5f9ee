"""Passwords as argon2id hashes: made and checked in threads, a few at once, because each takes tens of megabytes.

What is accepted follows NIST SP 800-63B: length counts and composition does not; what every guesser tries first is refused.
Text is normalised (NFKC), so that the same keys on another device give the same password.
"""

from __future__ import annotations

import asyncio
import os
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")
SHORTEST, LONGEST = 8, 256
AT_ONCE = min(4, os.cpu_count() or 1)
WAITING = 64
_GUESSES = """
password passw0rd password1 password12 password123 password1234 p@ssw0rd p@ssword 12345678 123456789
1234567890 0123456789 987654321 87654321 0987654321 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qazxsw2 zaq12wsx qwertyui
qwertyuiop qwerty123 qwerty1234 qwerty12345 asdfghjk asdfghjkl zxcvbnm123 q1w2e3r4 iloveyou iloveyou1 sunshine
princess football baseball superman batman123 trustno1 letmein1 letmein123 welcome1 welcome123 admin123
admin1234 administrator changeme changeme1 monkey123 dragon123 master123 michael1 jennifer computer internet
samsung1 starwars whatever pokemon1 pokemon123 abcdefgh abcd1234 abc12345 abcdef123 a1b2c3d4 aa123456
liverpool chocolate qazwsxedc 11223344 12341234 12344321 123123123 123321123 147258369 741852963 789456123
159753456 secret123
"""
_FIRST_GUESSES = frozenset(_GUESSES.split())


class Overloaded(Exception):
    """More passwords are waiting to be checked than anybody would wait for."""


class Passwords:
    """Makes and checks hashes with one set of parameters."""

    def __init__(
        self,
        *,
        time_cost: int = 3,
        memory_kib: int = 65_536,
        lanes: int = 1,
        at_once: int = AT_ONCE,
        waiting: int = WAITING,
    ) -> None:
        """Work on *at_once* passwords at a time; further *waiting* ones queue, and more are refused."""
        self._cost = (time_cost, memory_kib, lanes)
        self._running = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._inside = 0
        self._hasher: PasswordHasher | None = None
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Return a new hash of *password*."""
        return await self._work(lambda: self._argon2().hash(_normal(password)))

    async def check(self, password: str, stored: str | None) -> bool:
        """Tell whether *password* is the one of that hash; without one it takes as long, and is not."""
        return await self._work(lambda: self._matches(password, stored))

    def outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than are used today."""
        return self._argon2().check_needs_rehash(stored)

    async def _work(self, function: Callable[[], T]) -> T:
        if self._inside >= self._most:
            raise Overloaded
        self._inside += 1
        try:
            async with self._running:
                return await asyncio.to_thread(function)
        finally:
            self._inside -= 1

    def _matches(self, password: str, stored: str | None) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        argon2 = self._argon2()
        # Made before either case is looked at: the first sign-in after a start must not tell them apart.
        self._nobodys = self._nobodys or argon2.hash("nobody's")
        text = _normal(password)
        try:
            return argon2.verify(stored or self._nobodys, text) and stored is not None
        except InvalidHashError:
            self._matches(password, None)
            return False
        except VerificationError:
            return False

    def _argon2(self) -> PasswordHasher:
        if self._hasher is None:
            from argon2 import PasswordHasher

            time_cost, memory, lanes = self._cost
            self._hasher = PasswordHasher(time_cost, memory, lanes)
        return self._hasher


def weakness(password: str, email: str) -> str | None:
    """Return why *password* is not accepted for the account of that address, None if it is."""
    text = _normal(password)
    if len(text) < SHORTEST:
        return f"must have at least {SHORTEST} characters"
    if len(text) > LONGEST:
        return f"must have at most {LONGEST} characters"
    folded, address = text.casefold(), email.casefold()
    if folded in _FIRST_GUESSES or len(set(folded)) < 3:
        return "is among the first that anybody would guess"
    if folded in {address, address.partition("@")[0]}:
        return "must not be your address"
    return None


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
