"""One server for many pairs: a database for each text, copies of it to try things on, and nothing left for the next pair.

Roles belong to the whole server, so those that a pair makes (or that are made for it) go when the last database does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar

import psycopg
from corpus.laboratory import Failed, Laboratory, laboratory
from corpus.state import Connection
from psycopg import sql

from lockstep.embedded import Binaries
from lockstep.sql.parser import NotParsed, Statement, opaque, parse
from lockstep.sql.psql import without_commands

_Found = TypeVar("_Found")
_MOST_SUPPLIES = 40
_ROLES = (
    "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user"
)
_SUBSCRIPTIONS = "SELECT quote_ident(subname) FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = current_database()"
# Sessions of our own that only look must not use up transaction ids while a script is observed; nor must the server itself.
_QUIET = {"autovacuum": "off", "wal_level": "logical"}


class DoesNotLoad(Exception):
    """A text is not a schema that this server could have."""


class Bench:
    """The databases of the pairs at hand."""

    def __init__(self, lab: Laboratory) -> None:
        """Begin with no databases."""
        self._lab = lab
        self._made: dict[str, str] = {}
        self._known: dict[tuple[str, str], Any] = {}
        self.supplied: list[str] = []

    def database(self, text: str) -> str:
        """Return the name of a database of which *text* is the whole; it is made once. Raises ``DoesNotLoad``."""
        if text not in self._made:
            self._made[text] = self._load(text)
        return self._made[text]

    @contextmanager
    def copy(self, name: str) -> Iterator[str]:
        """Copy a database for the block."""
        made = self._lab.create(name)
        try:
            yield made
        finally:
            self._lab.drop(made)

    def known(self, what: str, name: str, find: Callable[[str], _Found]) -> _Found:
        """Return what was found out about a database that does not change, finding it out once."""
        if (what, name) not in self._known:
            self._known[what, name] = find(name)
        found: _Found = self._known[what, name]
        return found

    def connect(self, name: str) -> Connection:
        """Return a new connection in autocommit."""
        return self._lab.connect(name)

    def conninfo(self, name: str) -> str:
        """Return the address of a database, for a program."""
        with closing(self.connect(name)) as connection:
            return connection.info.dsn

    def forget(self, but: Collection[str] = ()) -> None:
        """Drop the databases of all texts *but* some, and if none is left the roles too."""
        for text in [text for text in self._made if text not in but]:
            gone = self._made.pop(text)
            self._known = {key: found for key, found in self._known.items() if key[1] != gone}
            self._lab.drop(gone)
        self.supplied.clear()
        if not self._made:
            _drop_roles(self._lab.admin)

    def _load(self, text: str) -> str:
        for _ in range(_MOST_SUPPLIES):
            name = self._lab.create("template0")
            with closing(self._lab.connect(name)) as connection:
                failed = _run(connection, text)
                connection.rollback()  # what a text began and could not end
                failed = _without_subscriptions(connection) or failed
            if failed is None:
                return name
            self._lab.drop(name)
            if not self._lab.supply(failed):
                raise DoesNotLoad(f"{failed.sqlstate} line {failed.line}: {failed.message}")
            self.supplied.append(failed.message)
        raise DoesNotLoad("it wants ever more roles and extensions")


@contextmanager
def bench(binaries: Binaries | None = None) -> Iterator[Bench]:
    """Start a server for pairs."""
    with laboratory(binaries, **_QUIET) as lab:
        yield Bench(lab)


def statements_of(text: str) -> list[Statement]:
    """Split a text, without what only psql understands; what the grammar does not know is one statement."""
    text = without_commands(text.removeprefix("\ufeff"))[0]
    try:
        return parse(text)
    except NotParsed:
        return opaque(text)


def _run(connection: Connection, text: str) -> Failed | None:
    for one in statements_of(text):
        try:
            connection.execute(one.text.encode())
        except (psycopg.Error, ValueError) as error:
            known = error.sqlstate if isinstance(error, psycopg.Error) else None
            if known == "42710" and one.kind == "CreateRoleStmt":
                continue  # the other half of the pair has made it
            message = " ".join(str(error).split())
            if isinstance(error, psycopg.Error):
                message = error.diag.message_primary or message
            return Failed(known or "client", message, text.count("\n", 0, one.offset) + 1)
    return None


def _without_subscriptions(connection: Connection) -> Failed | None:
    """Take out what ties the database to the whole server: it could not be copied as it is, nor be dropped."""
    names = [name for (name,) in connection.execute(_SUBSCRIPTIONS).fetchall()]
    for name in map(sql.SQL, names):
        connection.execute(sql.SQL("ALTER SUBSCRIPTION {} DISABLE").format(name))
        connection.execute(sql.SQL("ALTER SUBSCRIPTION {} SET (slot_name = NONE)").format(name))
        connection.execute(sql.SQL("DROP SUBSCRIPTION {}").format(name))
    return Failed("0A000", f"a subscription: {names[0]}", 0) if names else None


def _drop_roles(admin: Connection) -> None:
    roles = [name for (name,) in admin.execute(_ROLES).fetchall()]
    for _ in roles:  # a grantor can go only after what it granted
        for role in roles:
            try:
                admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.SQL(role)))
            except psycopg.Error:
                continue
        if not admin.execute(_ROLES).fetchall():
            return
