"""A database as it should be, a clone of it that a test may damage, and what repairs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest

from lockstep.catalog.compare import Difference, compare
from lockstep.catalog.repair.choices import Choices, read_backfill, read_pattern
from lockstep.catalog.repair.plan import Part, Plan
from lockstep.catalog.repair.planner import make_plan
from lockstep.catalog.repair.script import texts
from lockstep.catalog.snapshot import Snapshot, read_snapshot
from lockstep.postgres.session import Session
from lockstep.sql.parser import parse
from lockstep.testing import Databases

SHOP = Path(__file__).with_name("shop.sql").read_text(encoding="utf-8")
STRONGER = """
SELECT array_agg(mode || ' ' || coalesce(relation::regclass::text, locktype)) FROM pg_locks
WHERE pid = pg_backend_pid() AND mode <> 'AccessShareLock' AND locktype <> 'virtualxid'
"""
Open = Callable[[str], Session]


@dataclass
class Patient:
    """A database that should be like another; ``notices`` is what its repair told."""

    url: str
    expected: Snapshot
    session: Session
    notices: list[str] = field(default_factory=list)

    def run(self, *statements: str) -> None:
        """Run SQL by hand."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Return what a query finds."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def drift(self) -> list[Difference]:
        """Return how it differs from what it should be."""
        return list(compare(self.expected, read_snapshot(self.session)).differences)

    def names(self) -> set[str]:
        """Return what differs, by name."""
        return {difference.name for difference in self.drift()}

    def plan(
        self,
        *,
        drop: Sequence[str] = (),
        retype: Sequence[str] = (),
        quarantine: Sequence[str] = (),
        backfill: Sequence[str] = (),
    ) -> Plan:
        """Plan a repair with these choices."""
        patterns = (tuple(map(read_pattern, texts)) for texts in (drop, retype, quarantine))
        choices = Choices(*patterns, tuple(map(read_backfill, backfill)))
        server = self.session.server_version // 10000
        live = read_snapshot(self.session)
        return make_plan(self.expected, live, choices, server=server, session=self.session)

    def repair(self, **choices: Sequence[str]) -> dict[Part, str]:
        """Plan a repair, run it as a boot does, and return its files."""
        files = texts(self.plan(**choices))
        self.apply(files)
        return files

    def apply(self, files: dict[Part, str], *, upto: int | None = None) -> None:
        """Run the files: the first in one transaction, the second statement by statement; *upto* stops after as many commits."""
        commits: list[list[str]] = [statements_of(files["main"])] if "main" in files else []
        commits += [[statement] for statement in statements_of(files.get("later", ""))]
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.add_notice_handler(lambda n: self.notices.append(n.message_primary or ""))
            for statements in commits[:upto]:
                if len(statements) == 1:
                    connection.execute(statements[0])
                else:
                    with connection.transaction():
                        for statement in statements:
                            connection.execute(statement)

    def one_by_one(self, files: dict[Part, str]) -> None:
        """Run every statement in a transaction of its own, as psql does."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for text in files.values():
                for statement in statements_of(text):
                    connection.execute(statement)

    def assert_idle(self, files: dict[Part, str]) -> None:
        """Run the files again and assert from the server that they neither lock nor write."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for part, text in files.items():
                for statement in statements_of(text):
                    if part == "later" and "CONCURRENTLY" in statement.partition("$")[0]:
                        connection.execute(statement)
                        continue
                    with connection.transaction():
                        connection.execute(statement)
                        assert _held(connection) == (None, None), statement


def _held(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[object, object]:
    (xid,) = connection.execute("SELECT pg_current_xact_id_if_assigned()::text").fetchone() or (0,)
    (locks,) = connection.execute(STRONGER).fetchone() or (0,)
    return xid, locks


def statements_of(text: str) -> list[str]:
    """Return the statements of a file."""
    return [statement.text for statement in parse(text)] if text else []


@pytest.fixture
def patient_of(databases: Databases, opened: Open) -> Iterator[Callable[[str], Patient]]:
    """Return a function that makes a database by a script, and takes what that is for what it should be."""
    made: list[str] = []

    def make(script: str) -> Patient:
        url = databases.create(
            key=f"repair {script}", prepare=lambda conninfo: _run(conninfo, script)
        )
        made.append(url)
        session = opened(url)
        return Patient(url, read_snapshot(session), session)

    yield make
    for url in made:
        databases.drop(url)


@pytest.fixture
def between(patient_of: Callable[[str], Patient]) -> Callable[[str, str], Patient]:
    """Return a function that makes a database by one script, to become what another makes."""

    def make(before: str, after: str) -> Patient:
        wanted = patient_of(after).expected
        return replace(patient_of(before), expected=wanted)

    return make


@pytest.fixture
def shop(patient_of: Callable[[str], Patient], rich_roles: None) -> Patient:
    """The database of shop.sql, undamaged."""
    return patient_of(SHOP)


def _run(conninfo: str, script: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(script)
