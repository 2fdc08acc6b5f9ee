"""Databases that are made for a while and then dropped, beside others on one server.

Whoever makes scratch databases holds an advisory lock whose number is part of their names. The lock ends with its holder,
killed or not, so that the next one recognises what was left behind.
"""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo

from lockstep.postgres.connection import read_conninfo
from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import ServerError, Session

QUERIES = load_queries(Path(__file__).with_name("databases.sql"))
_LOCK_CLASS = 0x6C6F636B
_CREATE = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
_COPY_FILES = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
_DROP = sql.SQL("DROP DATABASE IF EXISTS {}")
_DROP_NOW = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
_RENAME = sql.SQL("ALTER DATABASE {} RENAME TO {}")
_DROP_ROLE = sql.SQL("DROP ROLE IF EXISTS {}")
_CREATE_ROLE = sql.SQL("CREATE ROLE {} NOLOGIN")
_ALREADY_THERE = {"42710", "23505"}
_CLASS = {"class": _LOCK_CLASS}


def create_database(session: Session, name: str, template: str = "template0") -> None:
    """Make a database; nobody may be connected to *template*. What ALTER DATABASE ... SET says of that holds for it too."""
    forgetful = session.server_version >= 150000 and session.fetch(QUERIES["forgetful"])[0]
    # Copying files needs checkpoints, which are slow with fsync; without it, it takes half the time.
    quickly = bool(forgetful and forgetful["forgetful"])
    _run(session, _COPY_FILES if quickly else _CREATE, name, template)
    if template != "template0":
        for row in session.fetch(QUERIES["settings"], template=template, name=name):
            session.script(row["statement"])


def drop_database(session: Session, name: str) -> None:
    """Drop a database if it exists, whoever is connected to it."""
    _run(session, _DROP_NOW, name)


def rename_database(session: Session, name: str, to: str) -> None:
    """Rename a database that nobody uses."""
    _run(session, _RENAME, name, to)


def database_exists(session: Session, name: str) -> bool:
    """Return whether there is a database of that name."""
    return bool(session.fetch(QUERIES["exists"], name=name))


def become_owner(session: Session) -> str:
    """Take a new owner's lock on *session* and return what the names of its scratch databases begin with."""
    while True:
        owner = secrets.randbelow(2**31)
        if session.fetch(QUERIES["own"], **_CLASS, owner=owner)[0]["owned"]:
            return f"lockstep_scratch_{owner:08x}_"


def drop_leftovers(session: Session) -> tuple[str, ...]:
    """Drop the scratch databases whose owners are gone, and return their names; what cannot be dropped is left."""
    dropped = []
    for row in session.fetch(QUERIES["leftovers"], **_CLASS):
        with contextlib.suppress(
            ServerError
        ):  # somebody else's, or dropped by another in this moment
            _run(session, _DROP, row["name"])
            dropped.append(row["name"])
    return tuple(dropped)


def drop_stray_roles(session: Session) -> None:
    """Drop every role that was made on the server, if nobody else owns scratch databases there now; what has objects is left."""
    for row in session.fetch(QUERIES["stray_roles"], **_CLASS):
        with contextlib.suppress(ServerError):
            _run(session, _DROP_ROLE, row["name"])


def create_role(session: Session, name: str) -> None:
    """Make a role that cannot log in, unless it is there."""
    try:
        _run(session, _CREATE_ROLE, name)
    except ServerError as error:
        if error.sqlstate not in _ALREADY_THERE:
            raise


def with_database(url: str, name: str) -> str:
    """Return the connection string *url* for another database of its server."""
    return make_conninfo(**{**read_conninfo(url, "the connection string"), "dbname": name})


def quoted(name: str) -> str:
    """Return *name* as an identifier."""
    return sql.Identifier(name).as_string()


def _run(session: Session, statement: sql.SQL, *names: str) -> None:
    session.script(statement.format(*map(sql.Identifier, names)).as_string())
