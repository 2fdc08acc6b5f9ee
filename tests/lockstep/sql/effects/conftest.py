"""What a server itself says of a statement: the locks it takes, and what it reads, builds or rewrites under them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from lockstep.postgres.queries import load_queries
from lockstep.sql.effect import STRENGTH
from lockstep.testing import Databases
from lockstep.testing.waiting import until

QUERIES = load_queries(Path(__file__).with_name("look.sql"))
READS_FOR_ITSELF = {"AccessExclusiveLock", "ShareLock"}
"""Under these locks a scan that no message announces is the statement's own: of a default partition, of a domain's users."""
BUILDING = re.compile(r'building index "\S+" on table "(\w+)"')
VERIFYING = re.compile(r'verifying table "(\w+)"')
VALIDATING = re.compile(r'validating foreign key constraint "(\w+)"')


@dataclass(frozen=True)
class Relation:
    """A relation as it was before the statement."""

    oid: int
    name: str
    file: int
    kind: str


@dataclass(frozen=True)
class Measured:
    """The strongest lock and the work on each relation that was there before; the SQLSTATE, if the statement failed."""

    effects: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    sqlstate: str = ""


class Shadow:
    """A database in which statements are tried, each in a schema of its own, and taken back."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.connection = psycopg.connect(conninfo, autocommit=True)
        self.connection.execute("CREATE EXTENSION citext")
        self.connection.execute("SET client_min_messages = debug1")
        self.connection.execute("SET timezone = 'Europe/Berlin'")
        self.server = self.connection.info.server_version // 10000
        self._said: list[str] = []
        self.connection.add_notice_handler(
            lambda said: self._said.append(said.message_primary or "")
        )

    def measure(self, setup: str, statement: str, behind: str = "") -> Measured:
        """Run *statement* on what *setup* left, committed.

        One that must stand alone is held up by another session's lock, of the mode *behind*, and looked at while it waits.
        """
        self.connection.execute("CREATE SCHEMA shadow")
        try:
            self.connection.execute("SET search_path = shadow, public")
            self.connection.execute(setup.encode())
            return self._behind(statement, behind) if behind else self._inside(statement)
        except psycopg.Error as error:
            return Measured(sqlstate=error.sqlstate or "")
        finally:
            self.connection.rollback()
            self.connection.execute(QUERIES["clean_up"])

    def _inside(self, statement: str) -> Measured:
        relations = self._relations()
        self.connection.execute("BEGIN")
        before = self._scans(relations)
        self._said.clear()
        self.connection.execute(statement.encode())
        return self._measured(relations, self._locks(self.connection, granted=True), before)

    def _behind(self, statement: str, mode: str) -> Measured:
        relations = self._relations()
        with (
            psycopg.connect(self.conninfo) as other,
            psycopg.connect(self.conninfo, autocommit=True) as watch,
            ThreadPoolExecutor(1) as pool,
        ):
            for relation in relations.values():
                if relation.kind in "rp":
                    other.execute(f"LOCK TABLE shadow.{relation.name} IN {mode} MODE".encode())
            self._said.clear()
            running = pool.submit(self.connection.execute, statement.encode())
            until(lambda: self._locks(watch, granted=False) or running.done())
            locks = self._locks(watch, granted=False)
            other.rollback()
            running.result()
        return self._measured(relations, locks, {})

    def _relations(self) -> dict[int, Relation]:
        found = self.connection.execute(QUERIES["relations"]).fetchall()
        return {row[0]: Relation(*row) for row in found}

    def _locks(self, connection: psycopg.Connection, *, granted: bool) -> dict[int, list[str]]:
        asked = {"pid": self.connection.info.backend_pid, "granted": granted}
        return dict(connection.execute(QUERIES["locks"], asked).fetchall())

    def _scans(self, relations: Mapping[int, Relation]) -> dict[int, int]:
        return dict(self.connection.execute(QUERIES["scans"], {"oids": list(relations)}).fetchall())

    def _measured(
        self,
        relations: Mapping[int, Relation],
        locks: Mapping[int, list[str]],
        before: Mapping[int, int],
    ) -> Measured:
        announced = self._announced()
        now = self._scans(relations)
        files = dict(
            self.connection.execute(QUERIES["files"], {"oids": list(relations)}).fetchall()
        )
        effects = {}
        for oid, relation in relations.items():
            lock = max(locks.get(oid, []), key=STRENGTH.index, default="")
            work = announced.get(relation.name, "none")
            if files.get(oid, relation.file) != relation.file and self._holds_rows(relation, oid):
                work = "rewrite"
            elif files.get(oid, relation.file) != relation.file:
                work = "none"
            elif work == "none" and lock in READS_FOR_ITSELF and oid in before:
                work = "scan" if now.get(oid, 0) > before[oid] else "none"
            if lock:
                effects[relation.name] = (lock, work)
        return Measured(effects)

    def _announced(self) -> dict[str, str]:
        """Return the heaviest work that the server announced for each table."""
        announced: dict[str, str] = {}
        for text in list(self._said):
            if m := VERIFYING.match(text):
                announced.setdefault(m[1], "scan")
            elif m := VALIDATING.match(text):
                table = self.connection.execute(QUERIES["table_of"], {"name": m[1]}).fetchone()
                announced.setdefault(table[0] if table else "", "scan")
            elif m := BUILDING.match(text):
                announced[m[1]] = "build"
        return announced

    def _holds_rows(self, relation: Relation, oid: int) -> bool:
        """True if the new file is full: it is a copy. That of TRUNCATE is empty; that of a sequence is its one row."""
        name = self.connection.execute(QUERIES["name"], {"oid": oid}).fetchone()
        if relation.kind == "S" or name is None:
            return False
        return (
            self.connection.execute(f"SELECT FROM {name[0]} LIMIT 1".encode()).fetchone()
            is not None
        )


@pytest.fixture(scope="module")
def shadow(databases: Databases) -> Iterator[Shadow]:
    """A place to try statements in."""
    conninfo = databases.create()
    one = Shadow(conninfo)
    with one.connection:
        yield one
    databases.drop(conninfo)
