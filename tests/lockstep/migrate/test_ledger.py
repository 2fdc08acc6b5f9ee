"""The ledger's SQL and the engine's Python say the same of the same files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.migrate import ledger
from lockstep.migrate.files import File, Shipped, checksum_of
from lockstep.migrate.ledger import Boot
from lockstep.postgres.connection import connect_now
from lockstep.postgres.session import ServerError, Session
from lockstep.testing import Databases

ODD = st.text(
    st.one_of(
        st.sampled_from(" '\"\\%.;,-_$1aZäß日\U0001f600!"),
        st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]),
    ),
    max_size=12,
)
NAMES = st.builds(lambda stem: f"{stem}.sql", ODD)
TEXTS = st.binary(max_size=8)
HISTORIES = st.builds(
    Shipped,
    st.dictionaries(NAMES, TEXTS, max_size=6).map(lambda found: files_of("migration", found)),
    st.dictionaries(NAMES, TEXTS, max_size=3).map(lambda found: files_of("seed", found)),
)
READ_COMPLETE = "SELECT outcome FROM lockstep.boots WHERE id = %(id)s"


def files_of(kind: str, texts: dict[str, bytes]) -> tuple[File, ...]:
    """Make the files of a folder, in order."""
    return tuple(
        File("seed" if kind == "seed" else "migration", name, Path(kind), raw, checksum_of(raw))
        for name, raw in sorted(texts.items())
    )


@pytest.fixture(scope="module")
def session(databases: Databases) -> Iterator[Session]:
    """The engine's own session on a database with an empty ledger."""
    conninfo = databases.create()
    session = connect_now(conninfo, "test", "lockstep:test")
    ledger.create(session, "shop", 1)
    yield session
    session.close()
    databases.drop(conninfo)


def record(session: Session, app: str, shipped: Shipped) -> Boot:
    """Make the ledger of *app* that of these files, applied in reverse order."""
    boot = Boot(app, "up", "v1", "test")
    session.fetch("DELETE FROM lockstep.ledger WHERE app = %(app)s", app=app)
    for file in reversed(shipped.files):
        session.script(ledger.record_statement(session, boot, file, "pg_catalog.now()"))
    return boot


@given(HISTORIES)
def test_the_digest_in_sql_is_the_digest_in_python(session: Session, shipped: Shipped) -> None:
    """Whatever the names, and in whatever order they were applied: the boot is recorded as complete at once."""
    record(session, "other", Shipped(files_of("migration", {"0001_of_another.sql": b"x"})))
    boot = record(session, "shop", shipped)

    found = ledger.compare_and_begin_boot(session, boot, shipped.digest(), "completed")

    assert found == (True, True)
    assert session.fetch(READ_COMPLETE, id=boot.id) == [{"outcome": "completed"}]


@pytest.mark.parametrize("number", range(8))
def test_one_name_may_begin_as_another_ends(session: Session, number: int) -> None:
    """Names are ordered, not lines of name and checksum: where one name goes on, the other has its checksum."""
    texts = {"a.sql": b"%d" % number, "a.sql b.sql": b"x", "a.sql!.sql": b"y"}
    shipped = Shipped(files_of("migration", texts))
    boot = record(session, "shop", shipped)
    assert ledger.compare_and_begin_boot(session, boot, shipped.digest(), None)[0]


@given(HISTORIES, st.data())
def test_any_difference_is_seen(session: Session, shipped: Shipped, data: st.DataObject) -> None:
    """One file more, less or edited: nothing is recorded as complete."""
    if not shipped.files:
        return
    file = data.draw(st.sampled_from(shipped.files))
    others = tuple(other for other in shipped.files if other is not file)
    more = File("migration", file.name + " .sql", file.folder, file.raw, file.checksum)
    edited = File(file.kind, file.name, file.folder, file.raw, checksum_of(file.raw + b"x"))
    changed = data.draw(st.sampled_from([(), (edited,), (more,), (file, more)]))
    boot = record(session, "shop", shipped)

    digest = Shipped((*others, *changed)).digest()
    found = ledger.compare_and_begin_boot(session, boot, digest, "completed")

    assert found == (False, False)
    assert session.fetch(READ_COMPLETE, id=boot.id) == [{"outcome": None}]


def test_anothers_rows_are_not_ours(session: Session) -> None:
    """An application without rows is at head if it ships nothing; a boot that does more than that is not complete."""
    shipped = Shipped(files_of("migration", {"0001_a.sql": b"x"}))
    record(session, "other", shipped)
    boot = Boot("newcomer", "up", "", "test")
    assert ledger.read(session, "newcomer") == []
    first = ledger.compare_and_begin_boot(session, boot, shipped.digest(), "completed")
    assert first == (False, False)
    other = Boot("newcomer", "serve", "", "test")
    assert ledger.compare_and_begin_boot(session, other, Shipped().digest(), None) == (True, False)


def test_a_file_is_recorded_once(session: Session) -> None:
    """A second row for the same file is refused, but for files that may run again, which keep their position."""
    plain = files_of("migration", {"0001_a.sql": b"SELECT 1"})
    view = files_of("migration", {"0002_view.sql": b"-- lockstep: repeatable\nSELECT 1"})
    boot = record(session, "once", Shipped((*plain, *view)))
    before = ledger.read(session, "once")

    with pytest.raises(ServerError) as caught:
        session.script(ledger.record_statement(session, boot, plain[0], "pg_catalog.now()"))
    (edited,) = files_of("migration", {"0002_view.sql": b"-- lockstep: repeatable\nSELECT 2"})
    session.script(ledger.record_statement(session, boot, edited, "pg_catalog.now()"))

    assert caught.value.sqlstate == psycopg.errors.UniqueViolation.sqlstate
    after = ledger.read(session, "once")
    assert [row.position for row in after] == [row.position for row in before]
    assert [row.checksum for row in after] == [edited.checksum, plain[0].checksum]


def test_the_tables_may_be_made_again(session: Session) -> None:
    """By every application and with another key: rows stay, and the key's meaning is noted."""
    record(session, "shop", Shipped(files_of("migration", {"0001_a.sql": b"x"})))
    ledger.create(session, "shop", 7)
    ledger.create(session, "forum", 7)
    assert [row.name for row in ledger.read(session, "shop")] == ["0001_a.sql"]
    noted = session.fetch("SELECT app, lock_key FROM lockstep.bookkeeping ORDER BY app")
    assert noted == [{"app": "forum", "lock_key": 7}, {"app": "shop", "lock_key": 7}]
