"""SQL run twice on the real server, and what the second run does: an SQLSTATE, changes, or nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lockstep.postgres.queries import load_queries
from lockstep.sql.parser import parse
from lockstep.testing import Databases

HERE = Path(__file__).parent
OUR_ROLES = {
    "lockstep_test_fresh",
    "lockstep_test_old",
    "lockstep_test_owner",
    "bookkeeping_reader",
}
STATE = load_queries(HERE.parent.parent.parent / "tools" / "corpus" / "state.sql")
SEQUENCES = b"SELECT schemaname || '.' || sequencename, last_value::text FROM pg_sequences"

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Look:
    """A database at one moment: definitions, rows by table (count and hash), values of sequences."""

    objects: Mapping[str, str]
    rows: Mapping[str, tuple[int, str]]
    sequences: Mapping[str, str | None]


@dataclass(frozen=True)
class Twice:
    """What two runs did: their SQLSTATEs (empty for success), what the second changed, what the first had made."""

    first: str
    again: str = ""
    changes: tuple[str, ...] = ()
    made: Look | None = None


@dataclass(frozen=True)
class Case:
    """One statement of a table in ``statements/``.

    ``again`` is what the unchanged statement's second run does: the SQLSTATE, or the beginning of a line of ``Twice.changes``;
    empty if it does nothing. ``rule`` is what the analyser calls it (several if it finds several), ``why`` a part of the reason
    for which it cannot be fixed. ``before`` runs once before both, ``meanwhile`` between them, ``first`` is the SQLSTATE of a
    first run that fails already. ``alone`` runs it outside of a transaction, in a database of its own; ``after`` cleans up what
    does not belong to that database. Servers older than ``since`` do not know the statement; ``older`` gives another ``again`` for
    servers before a major.
    """

    name: str
    sql: str
    again: str = ""
    rule: str | list[str] = field(default_factory=list)
    why: str = ""
    before: str = ""
    meanwhile: str = ""
    first: str = ""
    alone: bool = False
    after: str = ""
    since: int = 13
    older: Mapping[str, str] = field(default_factory=dict)

    def again_on(self, major: int) -> str:
        """Return what the second run does on a server of that major."""
        older = [what for before, what in self.older.items() if major < int(before)]
        return older[0] if older else self.again

    @property
    def rules(self) -> list[str]:
        """The rules that find it."""
        return [self.rule] if isinstance(self.rule, str) else self.rule


class Bench:
    """Runs SQL twice in a transaction that is taken back, or in a database of its own."""

    def __init__(self, databases: Databases, key: str, prepare: Callable[[str], object]) -> None:
        self._databases, self._key, self._prepare = databases, key, prepare
        self._conninfo = databases.create(key, prepare)
        self._connection = psycopg.connect(self._conninfo, autocommit=True)
        self._answers: dict[tuple[str, str, str, bool], Twice] = {}
        self.major = self._connection.info.server_version // 10000

    def close(self) -> None:
        """Drop the database."""
        self._connection.close()
        self._databases.drop(self._conninfo)

    def twice(
        self,
        sql: str,
        *,
        before: str = "",
        meanwhile: str = "",
        alone: bool = False,
        after: str = "",
    ) -> Twice:
        """Run *before*, *sql*, *meanwhile*, and *sql* again; what was asked already is not run anew."""
        question = (sql, before, meanwhile, alone)
        if question not in self._answers:
            self._answers[question] = self._ask(sql, before, meanwhile, alone, after)
        return self._answers[question]

    def _ask(self, sql: str, before: str, meanwhile: str, alone: bool, after: str) -> Twice:
        if not alone:
            with self._connection.transaction(force_rollback=True):
                return _twice(self._connection, sql, before, meanwhile)
        conninfo = self._databases.create(self._key, self._prepare)
        try:
            with psycopg.connect(conninfo, autocommit=True) as one:
                found = _twice(
                    one, sql, before, meanwhile, lambda: psycopg.connect(conninfo, autocommit=True)
                )
                if after:
                    one.execute(after.encode())
                return found
        finally:
            self._databases.drop(conninfo)


def _twice(
    connection: Connection,
    sql: str,
    before: str,
    meanwhile: str,
    renew: Callable[[], Connection] | None = None,
) -> Twice:
    _run(connection, before)
    first = _attempt(connection, sql)
    if first:
        return Twice(first)
    old = made = _look(connection)
    if meanwhile:
        _run(connection, meanwhile)
        old = _look(connection)
    if renew:
        with renew() as other:
            again = _attempt(other, sql)
    else:
        again = _attempt(connection, sql)
    return Twice("", again, () if again else tuple(_changes(old, _look(connection))), made)


def _attempt(connection: Connection, sql: str) -> str:
    """Run *sql*; return the SQLSTATE of its failure, after which all is as it was."""
    try:
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            _run(connection, sql)
        else:
            with connection.transaction():
                _run(connection, sql)
    except psycopg.Error as error:
        return error.sqlstate or str(error)
    return ""


def _run(connection: Connection, sql: str) -> None:
    for statement in parse(sql):
        connection.execute(statement.text.encode())


def _look(connection: Connection) -> Look:
    with connection.transaction(force_rollback=True):
        for statement in STATE["settle"].split(";"):
            connection.execute(statement.encode())
        found = connection.execute(STATE["objects"].encode()).fetchall()
        rows = {}
        for (table,) in connection.execute(STATE["filled_tables"].encode()).fetchall():
            counted = connection.execute(STATE["rows_of_table"].replace("{}", table).encode())
            (count, content) = counted.fetchall()[0]
            if count:
                rows[table] = (count, content)
        sequences = dict(connection.execute(SEQUENCES).fetchall())
    objects = {
        f"{kind} {name}": what
        for kind, name, what, _ in found
        # Roles belong to the whole cluster: other tests make and drop theirs meanwhile.
        if kind != "role" or name in OUR_ROLES
    }
    return Look(objects, rows, sequences)


def _changes(old: Look, new: Look) -> Iterator[str]:
    for name in sorted(old.objects.keys() | new.objects.keys()):
        before, after = old.objects.get(name), new.objects.get(name)
        if before != after:
            yield f"{'+' if before is None else '-' if after is None else '~'} {name}"
    for table in sorted(old.rows.keys() | new.rows.keys()):
        (count, content), (count2, content2) = (
            look.rows.get(table, (0, "0")) for look in (old, new)
        )
        if count != count2:
            yield f"~ rows {table} {count} -> {count2}"
        elif content != content2:
            yield f"~ content {table}"
    for name in old.sequences.keys() & new.sequences.keys():
        if int(new.sequences[name] or 0) < int(old.sequences[name] or 0):
            yield f"~ sequence {name} set back"


def cases_of(name: str) -> list[Any]:
    """Return the cases of a table as parameters of a test."""
    table = tomllib.loads((HERE / "statements" / f"{name}.toml").read_text(encoding="utf-8"))
    return [pytest.param(Case(key, **fields), id=f"{name}: {key}") for key, fields in table.items()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for a ``case`` those of the table that its module names in TABLES."""
    if "case" in metafunc.fixturenames:
        tables = metafunc.module.TABLES
        metafunc.parametrize("case", [case for table in tables for case in cases_of(table)])


@pytest.fixture(scope="session")
def bench(databases: Databases) -> Iterator[Bench]:
    """An empty database to run SQL in."""
    bench = Bench(databases, "bench", lambda _: None)
    yield bench
    bench.close()


@pytest.fixture(scope="session")
def world() -> str:
    """The objects that the statements of the tables are about."""
    return (HERE / "statements" / "world.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def peopled(databases: Databases, world: str) -> Iterator[Bench]:
    """A database with these objects to run statements in."""

    def prepare(conninfo: str) -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(world.encode())

    bench = Bench(databases, f"statements {world}", prepare)
    yield bench
    bench.close()
