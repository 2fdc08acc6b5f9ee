"""Files that leave their database, or the session, in a state that is of no use: each gets a verdict, and the rest is proven."""

from __future__ import annotations

import pytest
from tests.lockstep.prove.conftest import Prove

from lockstep.postgres.session import ServerError
from lockstep.prove import trial
from lockstep.prove.filling.filler import Filler
from lockstep.prove.ground import Ground

_AFTER = "CREATE TABLE IF NOT EXISTS after (id integer);"


def test_a_file_that_locks_everybody_out_is_left_out(prove: Prove) -> None:
    """Where nobody can connect any more nothing can be tried: that is the verdict, and the history goes on without the file."""
    proof = prove(
        files={
            "1_before.sql": "CREATE TABLE IF NOT EXISTS before (id integer);",
            "2_out.sql": "UPDATE pg_database SET datallowconn = false WHERE datname = current_database();",
            "3_after.sql": f"{_AFTER} ALTER TABLE before ADD COLUMN IF NOT EXISTS n integer;",
        }
    )
    assert [one.verdict for one in proof.files] == ["proven", "unsafe", "proven"]
    check = proof.files[1].checks["twice"]
    assert check.reason.startswith("nothing more can be tried where it ran: ")
    assert "not currently accepting connections" in check.reason


def test_what_outlives_its_session_is_dropped(prove: Prove, ground: Ground) -> None:
    """A subscription keeps its database from being dropped: it goes first, and no database is left."""
    made = "CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false);"
    proof = prove(files={"1_subscribe.sql": made, "2_after.sql": _AFTER})
    assert [one.verdict for one in proof.files] == ["unsafe", "proven"]
    ground.renew()
    assert ground.scratch.urls == []


def test_what_takes_too_long_is_cancelled_whatever_it_sets(ground: Ground) -> None:
    """A session of experiments has a limit of its own, which no SET lifts."""
    with ground.session(ground.create()) as session:
        session.send(b"SET statement_timeout = 0")
        session.patience = 0.1
        with pytest.raises(ServerError) as caught:
            session.send(b"SELECT pg_sleep(30)")
    assert caught.value.sqlstate == "57014"


def test_a_file_that_is_not_done_in_time_fails(
    prove: Prove, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many statements, none of which takes long, are ended too: no further one is begun."""
    monkeypatch.setattr(trial, "_LONGEST_RUN", -1.0)
    (one,) = prove(files={"1_long.sql": "SELECT 1;\nSELECT 2;\n"}).files
    found = one.checks["applies"]
    assert (found.result, found.line) == ("fails", 1)
    assert "too long to prove it" in found.reason


def test_a_file_may_say_first_how_its_transaction_is_isolated(prove: Prove) -> None:
    """Whoever looks on has asked nothing in the transaction before: so the file runs in one, as it asks."""
    isolated = f"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; {_AFTER}"
    (one,) = prove(files={"1_isolated.sql": isolated}).files
    assert (one.verdict, one.mode) == ("proven", "transaction")


def test_other_names_of_not_null_are_another_schema(prove: Prove, ground: Ground) -> None:
    """Where NOT NULL has names (PostgreSQL 18) pg_dump writes them: a file that makes another each time is not proven."""
    again = """ALTER TABLE t ADD COLUMN n_text text; ALTER TABLE t ALTER COLUMN n_text SET NOT NULL;
        ALTER TABLE t DROP COLUMN n; ALTER TABLE t RENAME COLUMN n_text TO n;"""
    created = "CREATE TABLE t (id integer, n text NOT NULL);"
    proof = prove(files={"1_create.sql": created, "2_again.sql": again})
    told = proof.files[1].checks["twice"].plain
    if ground.server_version >= 180000:
        assert told.startswith("changes: ~ table public.t not_null_names")
    else:
        assert told == "ok"


def test_rows_of_an_extension_are_its_own(prove: Prove) -> None:
    """What belongs to an extension and is not saved by pg_dump is not looked at."""
    member = "CREATE TABLE notes (id integer); ALTER EXTENSION plpgsql ADD TABLE notes;"
    files = {"1_member.sql": member, "2_insert.sql": "INSERT INTO notes VALUES (1);"}
    assert prove(files=files).files[1].checks["twice"].plain == "ok"


def test_what_is_deferred_is_checked_row_by_row(ground: Ground) -> None:
    """A constraint trigger that refuses every row at the end of the transaction takes no other table's rows with it."""
    sql = """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$;
        CREATE TABLE strict (id integer); CREATE TABLE other (id integer);
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON strict DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();"""
    filler = Filler()
    with ground.session(ground.create()) as session:
        session.script(sql)
        assert filler.fill(session) == 2
        (row,) = session.fetch("SELECT count(*) FROM public.other")
    assert (row["count"], filler.unfilled) == (2, {})


def test_a_fixture_that_breaks_a_deferred_key_is_told(ground: Ground) -> None:
    """The fixture is left out and named; the tables get rows that are made up."""
    sql = """CREATE TABLE one (id integer PRIMARY KEY);
        CREATE TABLE two (id integer NOT NULL REFERENCES one DEFERRABLE INITIALLY DEFERRED);"""
    filler = Filler("INSERT INTO two VALUES (7);")
    with ground.session(ground.create()) as session:
        session.script(sql)
        filler.fill(session)
        (row,) = session.fetch("SELECT count(*), max(id) AS last FROM public.two")
    assert row["count"] == 2
    assert row["last"] != 7
    assert list(filler.unfilled) == ["--fixture"]
