"""What an older release declared to need is held against what each file leaves of it."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
from tests.lockstep.prove.conftest import Prove

from lockstep import Column, ForeignKey, Index, Needs
from lockstep.catalog.needs.requirements import requirements_of
from lockstep.errors import ConfigurationWrong
from lockstep.prove.release_needs import ReleaseNeeds
from lockstep.testing import Project, Server

pytestmark = pytest.mark.long

BEFORE = """
CREATE TABLE IF NOT EXISTS authors (id bigint CONSTRAINT authors_pkey PRIMARY KEY);
CREATE TABLE IF NOT EXISTS notes (
    id bigint CONSTRAINT notes_pkey PRIMARY KEY, title text, rating integer NOT NULL DEFAULT 0,
    author bigint CONSTRAINT notes_author REFERENCES authors
);
CREATE INDEX IF NOT EXISTS notes_title ON notes (title);
CREATE OR REPLACE FUNCTION slug(text) RETURNS text LANGUAGE sql AS 'SELECT lower($1)';
"""
NEEDS = Needs(
    {"notes": {"id": "bigint", "title": Column("text", nullable=True), "rating": "integer"}},
    indexes=[Index("notes", ("title",))],
    foreign_keys=[ForeignKey("notes", "author", "authors")],
    functions=["slug(text)"],
    privileges={"notes": ("insert",)},
)


class Bad(NamedTuple):
    """A file's text, the line that does it, and what is said."""

    text: str
    line: int | None
    said: str


BAD = [
    Bad(
        "SELECT 1;\nALTER TABLE notes ALTER rating TYPE bigint;",
        2,
        "makes column notes.rating bigint, which is needed as integer; "
        "service 'scheduler' of an older release needs it; the file does not say `-- lockstep: breaking`",
    ),
    Bad(
        "DELETE FROM notes WHERE title IS NULL;\nALTER TABLE notes ALTER title SET NOT NULL;",
        2,
        "makes column notes.title NOT NULL, into which NULL is written;",
    ),
    Bad("DROP INDEX IF EXISTS notes_title;", 1, "takes away an index on notes (title);"),
    Bad(
        "ALTER TABLE notes DROP CONSTRAINT IF EXISTS notes_author;",
        1,
        "takes away a foreign key from notes (author) to table authors;",
    ),
    Bad("DROP FUNCTION IF EXISTS slug(text);", 1, "takes away function slug(text);"),
    Bad(
        "ALTER TABLE notes ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT 'note';\n"
        "ALTER TABLE notes ALTER kind DROP DEFAULT;",
        2,
        "demands a value for kind of every new row of notes;",
    ),
    Bad(  # what only the server sees
        "SELECT 1;\nSELECT 2;\n"
        "DO $$ BEGIN EXECUTE format('ALTER TABLE %I DROP COLUMN IF EXISTS title', 'notes'); END $$;",
        3,
        "takes away column notes.title;",
    ),
    Bad(  # what runs in one transaction only: no statement can be told from the others
        "CREATE TEMPORARY TABLE IF NOT EXISTS once (n integer) ON COMMIT DROP;\n"
        "DELETE FROM once;\nALTER TABLE notes DROP COLUMN IF EXISTS rating;",
        None,
        "takes away column notes.rating;",
    ),
    Bad("DROP TABLE IF EXISTS notes;", 1, "takes away table notes;"),
]  # fmt: skip
GOOD = [
    "DROP TABLE IF EXISTS drafts; ALTER TABLE notes ADD COLUMN IF NOT EXISTS more text;",
    "ALTER TABLE notes ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT 'note';",
    "DROP INDEX IF EXISTS notes_title; CREATE INDEX IF NOT EXISTS notes_both ON notes (title, rating);",
    "ALTER TABLE notes ALTER title TYPE text; ALTER TABLE notes ALTER rating SET NOT NULL;",
    "DROP FUNCTION IF EXISTS slug(text); CREATE FUNCTION slug(text) RETURNS text LANGUAGE sql AS 'SELECT upper($1)';",
    "-- lockstep: breaking\nALTER TABLE notes DROP COLUMN IF EXISTS title;",
]  # fmt: skip
VIEW = """
CREATE SCHEMA IF NOT EXISTS old;
DO $$ BEGIN IF to_regclass('old.authors') IS NULL THEN ALTER TABLE authors SET SCHEMA old; END IF; END $$;
CREATE OR REPLACE VIEW authors AS SELECT id FROM old.authors;
"""


def told(needs: Needs) -> ReleaseNeeds:
    """Return needs as they come out of the table in which running releases keep them."""
    kept = [one.as_dict() for one in requirements_of({"scheduler": needs})]
    rows = [{"app": "shop", "release": "v1", "needs": kept}]
    return ReleaseNeeds.read(json.dumps(rows), "needs.json")


def test_what_is_taken_away_is_told(prove: Prove) -> None:
    """Each file that takes something away is unsafe by this check, at the statement after which it is gone, and once."""
    files = {f"{number}.sql": bad.text for number, bad in enumerate(BAD, start=2)}
    first, *others = prove(files={"1.sql": BEFORE, **files}, needs=told(NEEDS)).files
    assert first.checks["release"].result == "ok"
    for bad, one in zip(BAD, others, strict=True):
        check = one.checks["release"]
        assert (one.subject.text, check.result, check.line) == (bad.text, "unsafe", bad.line)
        assert check.reason.startswith(bad.said)


def test_what_is_left_or_announced_is_fine(prove: Prove) -> None:
    """What a file leaves as it was needed, and what it says that it breaks, is no reason to refuse it."""
    files = {f"{number}.sql": text for number, text in enumerate(GOOD, start=2)}
    proof = prove(files={"1.sql": BEFORE, **files}, needs=told(NEEDS))
    checks = [one.checks["release"] for one in proof.files]
    assert [check.result for check in checks] == ["ok"] * len(checks), checks
    announced = "takes away column notes.title; service 'scheduler' of an older release needs it; the file says"
    assert [check.reason.startswith(announced) for check in checks] == [False] * 6 + [True]


def test_a_view_stands_in_for_a_table(prove: Prove) -> None:
    """What the old release reads is there, though not as the table that it was."""
    needs = told(Needs({"authors": ("id",)}))
    proof = prove(files={"1.sql": BEFORE, "2.sql": VIEW}, needs=needs)
    assert [one.checks["release"].result for one in proof.files] == ["ok", "ok"]


def test_a_file_of_needs_is_given_on_the_command_line(project: Project, cluster: Server) -> None:
    """--needs takes one row's needs alone too, and what was found has its place in the object."""
    project.migration("1_before.sql", BEFORE)
    project.migration("2_drop.sql", "DROP INDEX IF EXISTS notes_title;\n")
    file = project.root / "needs.json"
    file.write_text(json.dumps([one.as_dict() for one in requirements_of({"web": NEEDS})]))
    done = project.run("prove", "--json", "--needs", str(file), "--scratch", cluster.dsn)
    second = json.loads(done.stdout)["files"][1]
    assert (done.status, second["verdict"], second["line"]) == (1, "unsafe", 1)
    assert second["statement"] == "DROP INDEX IF EXISTS notes_title"


@pytest.mark.parametrize(
    "text", ['{"needs": 1}', "[1]", '[{"needs": [{}]}]', "[", '[{"kind": "x"}]']
)
def test_what_holds_no_needs_is_refused(text: str) -> None:
    """It is told, with what writes such a file, before anything is done."""
    with pytest.raises(ConfigurationWrong, match=r"the needs in needs\.json cannot be read"):
        ReleaseNeeds.read(text, "needs.json")


def test_where_nothing_runs_nothing_is_needed() -> None:
    """What the server says of no rows is no error."""
    assert ReleaseNeeds.read("null", "needs.json") == ReleaseNeeds()
