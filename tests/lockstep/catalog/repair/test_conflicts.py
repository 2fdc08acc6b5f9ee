"""Rows that are in the way are found before, told, and never make a file fail; the caller chooses what is done about them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tests.lockstep.catalog.repair.conftest import Patient

SCHEMA = """
CREATE DOMAIN positive AS int CONSTRAINT above CHECK (VALUE > 0);
CREATE TABLE a (id int PRIMARY KEY, x int, y int, UNIQUE (x, y));
CREATE TABLE b (
    id int PRIMARY KEY, n int NOT NULL, code text UNIQUE, p positive, x int, y int,
    a_id int CONSTRAINT b_a REFERENCES a, CONSTRAINT b_n CHECK (n > 0),
    CONSTRAINT b_full FOREIGN KEY (x, y) REFERENCES a (x, y) MATCH FULL
);
CREATE TABLE c (b_id int CONSTRAINT c_b REFERENCES b ON DELETE CASCADE);
CREATE UNIQUE INDEX b_lower ON b (lower(code));
INSERT INTO a SELECT g, g, g FROM generate_series(1, 5) g;
INSERT INTO b SELECT g, g, 'c' || g, g, g, g, g FROM generate_series(1, 5) g;
INSERT INTO c VALUES (1);
"""
FOREIGN = ("ALTER TABLE b DROP CONSTRAINT b_a", "UPDATE b SET a_id = 77 WHERE id IN (2, 3)")
TWICE = (
    "ALTER TABLE b DROP CONSTRAINT b_code_key",
    "DROP INDEX b_lower",
    "UPDATE b SET code = 'same' WHERE id > 2",
)
NULLS = ("ALTER TABLE b ALTER n DROP NOT NULL", "UPDATE b SET n = NULL WHERE id = 4")
CASES = {
    "orphans": (FOREIGN, "constraint public.b.b_a", 2, [{"id": 2, "a_id": 77}, {"id": 3, "a_id": 77}]),
    "half a key": (("ALTER TABLE b DROP CONSTRAINT b_full", "UPDATE b SET y = NULL WHERE id = 1"),
                   "constraint public.b.b_full", 1, [{"id": 1, "x": 1, "y": None}]),
    "nulls": (NULLS, "column public.b.n: NOT NULL", 1, [{"id": 4}]),
    "outside a check": (("ALTER TABLE b DROP CONSTRAINT b_n", "UPDATE b SET n = -1 WHERE id = 5"),
                        "constraint public.b.b_n", 1, [{"id": 5}]),
    "outside a domain": (("ALTER DOMAIN positive DROP CONSTRAINT above", "UPDATE b SET p = -3 WHERE id = 1"),
                         "domain_constraint public.positive.above", 1, [{"id": 1}]),
    "duplicates": (("ALTER TABLE b DROP CONSTRAINT b_code_key", "UPDATE b SET code = upper(code)", "UPDATE b SET id = id", "DROP INDEX b_lower",
                    "UPDATE b SET code = 'S' WHERE id > 3", "CREATE UNIQUE INDEX b_lower ON b (lower(code)) WHERE id < 0", "DROP INDEX b_lower"),
                   "constraint public.b.b_code_key", 1, [{"code": "S", "rows": 2}]),
}  # fmt: skip


@pytest.fixture
def shop(patient_of: Callable[[str], Patient]) -> Patient:
    """A small schema in which everything can be in the way."""
    return patient_of(SCHEMA)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", CASES)
def test_rows_in_the_way_are_counted_and_shown_and_nothing_fails(shop: Patient, case: str) -> None:
    """The plan names the rows by their keys, the file holds them as comments, runs twice, and ends the work once they are gone."""
    damage, about, count, sample = CASES[case]
    shop.run(*damage)
    plan = shop.plan()
    (found,) = [conflict for conflict in plan.conflicts if conflict.question.about == about]
    assert (found.answer.count, list(found.answer.sample)) == (count, sample)
    files = shop.repair()
    assert json.dumps(sample[0]) in "".join(files.values())
    shop.apply(files)
    assert about.partition(":")[0] in shop.names()
    shop.run("UPDATE b SET a_id = 1, n = 1, p = 1, y = x, code = 'c' || id")
    shop.apply(files)
    shop.apply(files)
    shop.repair()
    assert shop.drift() == []


def test_new_rows_are_held_to_an_unproven_constraint(shop: Patient) -> None:
    """While old rows are in the way, the constraint is there for new ones."""
    shop.run(*FOREIGN)
    shop.repair()
    with pytest.raises(Exception, match="b_a"):
        shop.run("INSERT INTO b (id, n, a_id) VALUES (9, 1, 99)")


def test_a_backfill_fills_what_is_missing(shop: Patient) -> None:
    """Rows without a value get that of the expression, and the column is NOT NULL in the same run."""
    shop.run(*NULLS)
    shop.repair(backfill=["b.n=id * 10"])
    assert shop.drift() == []
    assert shop.rows("SELECT n FROM b WHERE id = 4") == [(40,)]


def test_a_backfill_that_cures_nothing_ends(shop: Patient) -> None:
    """An expression that leaves the rows in the way is run once over them, and the file goes on."""
    shop.run(*FOREIGN)
    shop.repair(backfill=["b.a_id=88"])
    assert shop.rows("SELECT a_id FROM b WHERE id = 2") == [(88,)]
    assert shop.names() == {"constraint public.b.b_a"}


def test_a_new_required_column_is_filled_by_its_backfill(shop: Patient) -> None:
    """A column that must have values and has no default takes them from the expression."""
    shop.run("ALTER TABLE b DROP COLUMN n")
    plan = shop.plan()
    assert [(c.question.kind, c.answer.count) for c in plan.conflicts] == [("nulls", 5)]
    shop.repair(backfill=["b.n=7"])
    assert shop.drift() == []


def test_a_quarantine_takes_the_rows_and_keeps_them(shop: Patient) -> None:
    """Rows that are in the way are moved, complete, to a table of Lockstep's; a row that others refer to stays."""
    shop.run(*FOREIGN, "UPDATE b SET a_id = 77 WHERE id = 1")
    files = shop.repair(quarantine=["b.b_a"])
    assert shop.names() == {"constraint public.b.b_a"}  # row 1 is referred to
    shop.run("DELETE FROM c")
    shop.apply(files)
    assert shop.drift() == []
    (store,) = shop.rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'lockstep'::regnamespace AND relkind = 'r'"
    )
    assert shop.rows(f"SELECT id, a_id, code FROM lockstep.{store[0]} ORDER BY id") == [
        (i, 77, f"c{i}") for i in (1, 2, 3)
    ]
    assert shop.rows("SELECT count(*) FROM b") == [(2,)]
    shop.assert_idle(files)


def test_a_quarantine_of_duplicates_keeps_one_of_each(shop: Patient) -> None:
    """Of rows with the same key the first stays, and the key is built."""
    shop.run(*TWICE)
    shop.repair(quarantine=["b.b_code_key", "b_lower"])
    assert shop.drift() == []
    assert shop.rows("SELECT count(*), count(DISTINCT code) FROM b") == [(3, 3)]
