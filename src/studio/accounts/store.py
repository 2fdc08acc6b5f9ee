"""Accounts in the database: made, signed in to, changed.

Whether an address is known is not to be learnt by signing in: every refusal costs one argon2 and is the same None.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lockstep import Database, load_queries
from studio.accounts.model import User
from studio.accounts.passwords import Passwords, weakness
from studio.storage import PATIENCE, ConstraintViolated, Storage

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
_CHANGEABLE = ("first_name", "last_name", "profile_image_url")


class EmailTaken(Exception):
    """There is an account with that address."""


class PasswordWeak(ValueError):
    """The password is not accepted; the text says why."""


class AccountStore:
    """Makes accounts and knows who may sign in to them."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords | None = None,
        *,
        patience: float = PATIENCE,
    ) -> None:
        """Use *database*; hash with *passwords*, which also bounds how many are hashed at once."""
        self._storage = Storage(database, QUERIES, patience=patience)
        self._passwords = passwords or Passwords()

    async def create(
        self,
        email: str,
        password: str | None,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        role: str = "user",
    ) -> User:
        """Make an account; without a password nobody can sign in to it by one.

        Raises ``PasswordWeak``, ``EmailTaken``, and ``Overloaded`` of ``passwords``.
        """
        email = email.strip()
        _insist(password, email)
        stored = None if password is None else await self._passwords.hash(password)
        try:
            async with self._storage.transaction() as transaction:
                row = await transaction.one(
                    "create_user",
                    email=email,
                    password=stored,
                    first_name=first_name,
                    last_name=last_name,
                    role=role,
                )
        except ConstraintViolated as error:
            if error.constraint == "users_email_key":
                raise EmailTaken(email) from None
            raise
        assert row is not None
        return User(**row)

    async def verify(self, email: str, password: str) -> User | None:
        """Return the user with that address and password; None, after the same work, if there is none who may sign in."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("find_password", email=email.strip())
        stored = row["password"] if row else None
        if not await self._passwords.check(password, stored) or row is None or stored is None:
            return None
        fresh = await self._passwords.hash(password) if self._passwords.outdated(stored) else stored
        async with self._storage.transaction() as transaction:
            if fresh != stored:
                await transaction.run(
                    "replace_password", user_id=row["id"], password=fresh, before=stored
                )
            found = await transaction.one("find_user", user_id=row["id"])
        return None if found is None else User(**found)

    async def update(self, user_id: str, changes: Mapping[str, str | None]) -> User | None:
        """Change what the user says of themselves (first and last name, picture); None: they are gone."""
        values: dict[str, object] = {name: changes.get(name) for name in _CHANGEABLE}
        values |= {f"set_{name}": name in changes for name in _CHANGEABLE}
        async with self._storage.transaction() as transaction:
            row = await transaction.one("update_user", user_id=user_id, **values)
        return None if row is None else User(**row)

    async def change_password(self, user: User, current: str, new: str) -> bool:
        """Replace the user's password; False, and nothing is changed, if *current* is not it.

        All sessions of the user end with the old password. Raises ``PasswordWeak``.
        """
        _insist(new, user.email)
        async with self._storage.transaction() as transaction:
            row = await transaction.one("find_password_by_id", user_id=user.id)
        stored = row["password"] if row else None
        if not await self._passwords.check(current, stored):
            return False
        fresh = await self._passwords.hash(new)
        async with self._storage.transaction() as transaction:
            changed = await transaction.run(
                "replace_password", user_id=user.id, password=fresh, before=stored
            )
            if changed:
                await transaction.run("revoke_sessions", user_id=user.id)
        return bool(changed)


def _insist(password: str | None, email: str) -> None:
    why = None if password is None else weakness(password, email)
    if why is not None:
        raise PasswordWeak(f"The password {why}.")
