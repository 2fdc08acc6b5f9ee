"""The judge of repairs: what it must notice on its own, and the verdicts on pairs of which each is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockstep.embedded import find

pytestmark = pytest.mark.long  # about the tools, not the product
ROOT = Path(__file__).parent.parent.parent
TABLE = "CREATE TABLE t (a int, b text); CREATE INDEX t_a ON t (a); INSERT INTO t VALUES (1, 'x');"
QUIET = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'public.t'::regclass AND attname = 'a') THEN
    ALTER TABLE public.t ADD COLUMN a int;
  END IF;
END $$;
SET lock_timeout = '1s';
SELECT count(*) FROM t;
CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a);
BEGIN; SELECT 1; COMMIT;
"""
LOUD = {
    "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int": "AccessExclusiveLock",
    "CREATE INDEX IF NOT EXISTS t_a ON t (a)": "ShareLock relation t",
    "DROP INDEX CONCURRENTLY t_a": "55P03",
    "CREATE INDEX CONCURRENTLY t_a ON t (a)": "55P03",
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_other ON t (a)": "55P03",
    "BEGIN; COMMENT ON TABLE t IS 'x'; COMMIT": "a transaction id",
    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'": "a transaction id",
    "CREATE TABLE t (a int)": "42P07",
}


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The tool's own modules, importable."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    import pairs.bench
    import pairs.client
    import pairs.dumped

    return pairs


@pytest.fixture
def bench(pairs: Any) -> Iterator[Any]:
    """A server for pairs."""
    with pairs.bench.bench() as made:
        yield made


def test_a_second_run_that_does_anything_is_noticed(pairs: Any, bench: Any) -> None:
    """Guarded statements are nothing; a lock, a transaction id or an error each is something, also outside of a transaction."""
    database = bench.database(TABLE)
    assert pairs.client.run_again(bench, database, QUIET) == []
    assert len(pairs.client.looking_under_a_lock(QUIET)) == 1
    found = {script: pairs.client.run_again(bench, database, script) for script in LOUD}
    assert {
        script: told
        for script, told in found.items()
        if len(told) != 1 or LOUD[script] not in told[0]
    } == {}


def test_every_statement_runs_and_failures_are_told(pairs: Any, bench: Any) -> None:
    """A statement that fails does not keep the others from running."""
    database = bench.database("CREATE TABLE t ()")
    told = pairs.client.run(bench, database, "SELECT 1/0; ALTER TABLE t ADD a int; SELECT a FROM t")
    assert [line.split(" | ")[0] for line in told] == ["22012 division by zero"]


def test_pg_dump_sees_all_but_the_order_of_columns(pairs: Any, bench: Any) -> None:
    """Columns in another order are no difference; another type is, and so is what only one of them has."""
    here, there, other = (
        pairs.dumped.dump(find(), bench.conninfo(bench.database(text)))
        for text in (
            "CREATE TABLE t (a int NOT NULL, b text DEFAULT ',')",
            "CREATE TABLE t (b text DEFAULT ','); ALTER TABLE t ADD a int NOT NULL",
            "CREATE TABLE t (a bigint NOT NULL, b text DEFAULT ','); CREATE SCHEMA s",
        )
    )
    assert pairs.dumped.differences(here, there) == []
    assert [line[:8] for line in pairs.dumped.differences(here, other)] == [
        "+ CREATE",
        "+ CREATE",
        "- CREATE",
    ]


def test_the_order_of_options_is_no_difference(pairs: Any, bench: Any) -> None:
    """Options of a table and of a column, and the settings of a function, are the same in any order; another value is not."""
    text = """CREATE TABLE t (a text) WITH ({}, {}); CREATE FUNCTION f() RETURNS int LANGUAGE sql SET {} SET {} AS 'SELECT 1';
    ALTER TABLE t ALTER a SET ({}, {})"""
    options = ("fillfactor = 70", "autovacuum_enabled = off", "work_mem = '1MB'", "jit = off", "n_distinct = 5", "n_distinct_inherited = 6")  # fmt: skip
    swapped = [options[place ^ 1] for place in range(len(options))]
    here, there, other = (
        pairs.dumped.dump(find(), bench.conninfo(bench.database(text.format(*some))))
        for some in (options, swapped, (*swapped[:-1], "n_distinct = 7"))
    )
    assert pairs.dumped.differences(here, there) == []
    assert len(pairs.dumped.differences(here, other)) == 2


def test_owners_and_the_remarks_of_extensions_are_the_hosts(pairs: Any, bench: Any) -> None:
    """Another owner, and an extension's remark from another version of it, are no difference; a remark on a table is one."""
    plain, owned, remarked = (
        pairs.dumped.dump(find(), bench.conninfo(bench.database(text)))
        for text in (
            "CREATE EXTENSION citext; CREATE TABLE t ()",
            "CREATE EXTENSION citext; COMMENT ON EXTENSION citext IS 'x'; CREATE TABLE t (); ALTER TABLE t OWNER TO somebody_else",
            "CREATE EXTENSION citext; CREATE TABLE t (); COMMENT ON TABLE t IS 'x'",
        )
    )
    assert pairs.dumped.differences(plain, owned) == []
    assert pairs.dumped.differences(plain, remarked) == ["+ COMMENT ON TABLE public.t IS 'x'"]
    bench.forget()


def test_a_text_is_loaded_once_with_the_roles_it_needs_and_nothing_is_left(bench: Any) -> None:
    """Roles are made when the server asks for them and go with the last database; what cannot be loaded is said."""
    text = "CREATE TABLE t (); GRANT SELECT ON t TO somebody_unknown; CREATE ROLE other;"
    assert bench.database(text) == bench.database(text)
    assert bench.supplied == ['role "somebody_unknown" does not exist']
    bench.forget()
    with bench.connect("postgres") as connection:
        [[left]] = connection.execute("SELECT count(*) FROM pg_roles WHERE oid >= 16384")
    assert left == 0


def test_a_text_that_does_not_load_is_said(pairs: Any, bench: Any) -> None:
    """The server's own words, and the line; so too if it ties the database to the whole server."""
    subscription = (
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)"
    )
    for text, said in (
        ("SELECT 1;\nSELECT 1/0;", "22012 line 2: division by zero"),
        (subscription, "subscription"),
    ):
        with pytest.raises(pairs.bench.DoesNotLoad, match=said):
            bench.database(text)
    bench.forget()
