"""Conditions in DO blocks: which of them can tell a first run from a second, on the server and in the analyser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockstep.sql.analysis import analyse
from lockstep.sql.finding import Finding, Source, edited

if TYPE_CHECKING:
    from tests.lockstep.sql.conftest import Bench

ADD = "ALTER TABLE t ADD COLUMN fresh int;"
QUERY = "SELECT 1 FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'fresh'"
CLEAR = {
    "EXISTS over a catalog": f"BEGIN IF NOT EXISTS ({QUERY}) THEN {ADD} END IF;",
    "a count": f"BEGIN IF (SELECT count(*) {QUERY[9:]}) = 0 THEN {ADD} END IF;",
    "FOUND": f"BEGIN PERFORM {QUERY[7:]}; IF NOT FOUND THEN {ADD} END IF;",
    "a name looked up": f"BEGIN IF to_regclass('made') IS NULL THEN {ADD} CREATE TABLE made (); END IF;",
    "a row": f"BEGIN IF (SELECT word FROM t WHERE id = 1) = 'one' THEN {ADD} UPDATE t SET word = 'done' WHERE id = 1; END IF;",
    "a variable of INTO": f"DECLARE there int; BEGIN SELECT 1 INTO there {QUERY[9:]}; IF there IS NULL THEN {ADD} END IF;",
    "a variable that was set": f"DECLARE there bool; BEGIN there := EXISTS ({QUERY}); IF NOT there THEN {ADD} END IF;",
    "a variable's first value": f"DECLARE there bool := EXISTS ({QUERY}); BEGIN IF NOT there THEN {ADD} END IF;",
    "a variable of a variable": f"DECLARE n int; gone bool; BEGIN SELECT count(*) INTO n {QUERY[9:]}; gone := n = 0; IF gone THEN {ADD} END IF;",
    "a variable of EXECUTE": f"DECLARE n int; BEGIN EXECUTE 'SELECT count(*) {QUERY[9:].replace(chr(39), chr(39) * 2)}' INTO n; IF n = 0 THEN {ADD} END IF;",
    "a count of rows": f"DECLARE n int; BEGIN PERFORM {QUERY[7:]}; GET DIAGNOSTICS n = ROW_COUNT; IF n = 0 THEN {ADD} END IF;",
    "RETURN": f"BEGIN IF EXISTS ({QUERY}) THEN RETURN; END IF; {ADD}",
    "CASE": f"DECLARE n int; BEGIN SELECT count(*) INTO n {QUERY[9:]}; CASE n WHEN 0 THEN {ADD} ELSE NULL; END CASE;",
    "ELSE": f"BEGIN IF EXISTS ({QUERY}) THEN NULL; ELSE {ADD} END IF;",
    "both": f"BEGIN IF current_setting('server_version_num')::int > 1 THEN IF NOT EXISTS ({QUERY}) THEN {ADD} END IF; END IF;",
}
"""What guards the statement in truth."""
UNCLEAR = {
    "a constant": f"BEGIN IF true THEN {ADD} END IF;",
    "the version": f"BEGIN IF current_setting('server_version_num')::int > 1 THEN {ADD} END IF;",
    "the user": f"BEGIN IF current_user IS DISTINCT FROM 'nobody' THEN {ADD} END IF;",
    "a variable": f"DECLARE x int := 1; BEGIN IF x = 1 THEN {ADD} END IF;",
    "another variable": f"DECLARE x int := 1; n int; BEGIN SELECT count(*) INTO n FROM t; IF x = 1 THEN {ADD} END IF;",
    "RETURN": f"DECLARE x int := 1; BEGIN IF x = 2 THEN RETURN; END IF; {ADD}",
    "CASE": f"DECLARE x int := 1; BEGIN CASE x WHEN 1 THEN {ADD} ELSE NULL; END CASE;",
    "ELSE": f"DECLARE x int := 1; BEGIN IF x = 2 THEN NULL; ELSE {ADD} END IF;",
}
"""What only looks like a guard."""


def found(block: str, world: str) -> list[Finding]:
    """Return what is found in a DO block."""
    sources = [Source("world.sql", world), Source("block.sql", block)]
    return [one for one in analyse(sources)[-1].findings if one.kind == "idempotence"]


@pytest.mark.parametrize("text", CLEAR.values(), ids=CLEAR)
def test_a_condition_that_looks_is_a_guard(text: str, world: str, peopled: Bench) -> None:
    """The block runs twice on the server, and nothing is said of it."""
    block = f"DO $$ {text} END $$;"
    done = peopled.twice(block)
    assert (done.first, done.again) == ("", "")
    assert found(block, world) == []


@pytest.mark.parametrize("text", UNCLEAR.values(), ids=UNCLEAR)
def test_a_condition_that_does_not_look_is_none(text: str, world: str, peopled: Bench) -> None:
    """The second run fails as it would without the condition: a warning says so, and --fix cures it."""
    block = f"DO $$ {text} END $$;"
    assert peopled.twice(block).again == "42701"
    (one,) = found(block, world)
    assert (one.rule, one.severity) == ("unclear-guard", "warning")
    fixed = edited(block, one.edits)
    done = peopled.twice(fixed)
    assert (done.first, done.again, done.changes) == ("", "", ())
    assert found(fixed, world) == []


def test_a_handler_guards_under_any_condition(world: str, peopled: Bench) -> None:
    """Under a condition that says nothing, a handler of the right error is enough and one of another is not."""
    for code, rules in (("duplicate_column", []), ("duplicate_table", ["handler-misses"])):
        inner = f"BEGIN {ADD} EXCEPTION WHEN {code} THEN NULL; END;"
        block = f"DO $$ BEGIN IF true THEN {inner} END IF; END $$;"
        assert (peopled.twice(block).again == "") == (rules == [])
        assert [one.rule for one in found(block, world)] == rules
