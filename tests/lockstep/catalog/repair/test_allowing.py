"""What loses something is done only when it is named, and then with the consent of the data."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.lockstep.catalog.repair.conftest import Patient

LAYERED = """
CREATE TABLE t (id int PRIMARY KEY, v varchar(10) DEFAULT 'q');
INSERT INTO t VALUES (1, 'a'), (2, 'b');
CREATE VIEW first AS SELECT v FROM t;
CREATE VIEW second AS SELECT v FROM first;
CREATE MATERIALIZED VIEW third AS SELECT v FROM second;
CREATE INDEX third_v ON third (v);
GRANT SELECT ON second TO rich_reader;
COMMENT ON VIEW second IS 'the second';
"""
EXTRA = (
    "CREATE TABLE app.junk (id int PRIMARY KEY, x int UNIQUE)",
    "INSERT INTO app.junk SELECT g, g FROM generate_series(1, 7) g",
    "CREATE INDEX junk_x ON app.junk (x)",
    "ALTER TABLE app.users ADD COLUMN nick text DEFAULT 'n' CONSTRAINT nick_short CHECK (nick <> 'long')",
    "CREATE VIEW app.more AS SELECT id FROM app.users",
    "GRANT DELETE ON app.users TO rich_reader",
    "ALTER TABLE app.users ALTER s SET NOT NULL",
    "ALTER TABLE app.posts ALTER user_id SET DEFAULT 1",
)


def test_extra_things_stay_and_are_told(shop: Patient) -> None:
    """What is not expected is left, with the statement that would take it away; nothing is written."""
    shop.run(*EXTRA)
    plan = shop.plan()
    assert plan.pieces == ()
    left = {one.name: one for one in plan.left}
    assert set(left) == {
        "table app.junk", "column app.users.nick", "view app.more", "grant table.app.users.rich_reader",
        "constraint app.users.nick_short", "column app.users.s", "column app.posts.user_id",
    }  # fmt: skip
    assert left["table app.junk"].sql == ("DROP TABLE app.junk;",)
    assert {one.need for one in plan.left} == {"drop"}


def test_what_is_named_is_dropped_and_the_rest_stays(shop: Patient) -> None:
    """A pattern takes what it names: here a table, with how many rows it loses, and not the column."""
    shop.run(*EXTRA)
    plan = shop.plan(drop=["app.junk", "app.nothing"])
    assert [(piece.about, "(7 rows)" in piece.loses) for piece in plan.pieces] == [
        ("table app.junk", True)
    ]
    assert plan.unused == ("app.nothing",)
    files = shop.repair(drop=["app.junk"])
    assert "table app.junk" not in shop.names()
    assert "column app.users.nick" in shop.names()
    shop.assert_idle(files)


def test_all_that_is_extra_can_go(shop: Patient) -> None:
    """With ``all`` nothing is left, whatever stands on what, and the rows of what is expected stay."""
    shop.run(*EXTRA)
    files = shop.repair(drop=["all"])
    assert shop.drift() == []
    assert shop.rows("SELECT count(*) FROM app.users") == [(20,)]
    shop.assert_idle(files)


def test_a_type_changes_only_when_it_is_named(
    patient_of: Callable[[str], Patient], rich_roles: None
) -> None:
    """Narrowing waits for its flag; what is built on the column is remade with its grants and comments."""
    patient = patient_of(LAYERED)
    patient.run(
        "DROP VIEW first CASCADE", "ALTER TABLE t ALTER v TYPE text", *LAYERED.splitlines()[3:]
    )
    assert patient.plan().pieces == ()
    assert ("column public.t.v", "retype") in {(one.name, one.need) for one in patient.plan().left}
    files = patient.repair(retype=["t.v"], drop=["first", "second", "third"])
    assert patient.drift() == []
    patient.assert_idle(files)
    assert patient.rows("SELECT * FROM second") == [("a",), ("b",)]


def test_a_narrower_type_waits_for_values_that_fit(shop: Patient) -> None:
    """Where values do not fit, they are counted, nothing is cut off, and the file does it once they fit."""
    shop.run(
        "ALTER TABLE app.users ALTER n TYPE numeric(12, 4)",
        "UPDATE app.users SET n = 1.2345 WHERE id < 8",
    )
    (conflict,) = shop.plan(retype=["app.users.n"]).conflicts
    assert (conflict.question.kind, conflict.answer.count) == ("unfit", 3)
    files = shop.repair(retype=["app.users.n"])
    assert shop.names() == {"column app.users.n"}
    assert shop.rows("SELECT n::text FROM app.users WHERE id = 5") == [("1.2345",)]
    shop.run("UPDATE app.users SET n = 1 WHERE id < 8")
    shop.apply(files)
    assert shop.drift() == []
    shop.assert_idle(files)


def test_labels_that_should_not_be_are_removed_with_consent(shop: Patient) -> None:
    """An enum with a label too many is replaced, if no row has the label."""
    shop.run("ALTER TYPE app.status ADD VALUE 'gone' BEFORE 'done'")
    assert [one.need for one in shop.plan().left] == ["retype"]
    shop.run("UPDATE app.users SET s = 'gone' WHERE id = 5")
    shop.repair(retype=["app.status"])
    assert shop.names() == {"enum app.status"}
    shop.run("UPDATE app.users SET s = 'new' WHERE id = 5")
    shop.repair(retype=["app.status"])
    assert shop.drift() == []


def test_labels_are_added_where_they_belong_and_may_be_used_at_once(shop: Patient) -> None:
    """A label that the same repair needs in a default is committed before."""
    shop.run("ALTER TABLE app.posts ALTER kind DROP DEFAULT", "CREATE TYPE app.other AS ENUM ('new', 'it''s')",
             "ALTER TABLE app.users ALTER s DROP DEFAULT", "ALTER TABLE app.posts ALTER kind TYPE app.other USING kind::text::app.other",
             "ALTER TABLE app.users ALTER s TYPE app.other USING s::text::app.other", "DROP TYPE app.status",
             "ALTER TYPE app.other RENAME TO status")  # fmt: skip
    shop.repair()
    assert shop.drift() == []


@pytest.mark.parametrize("flag", ["drop", "retype"])
def test_a_changed_constraint_is_made_anew_only_when_named(shop: Patient, flag: str) -> None:
    """To change a constraint is to drop it: it needs --allow-drop, and --allow-retype is no help."""
    shop.run(
        "ALTER TABLE app.users DROP CONSTRAINT n_or_email, ADD CONSTRAINT n_or_email CHECK (n > -5)"
    )
    shop.repair(**{flag: ["users.n_or_email"]})
    assert (shop.drift() == []) == (flag == "drop")
