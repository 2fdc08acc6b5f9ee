"""A pending file must leave releases that still run what they need, or say that it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from lockstep import ANY, Column, ForeignKey, Index, Needs
from lockstep.catalog.needs.kept import KeptNeeds
from lockstep.catalog.needs.requirements import requirements_of
from lockstep.errors import StillNeeded
from lockstep.migrate.ledger import Boot
from lockstep.postgres.gate import Database
from lockstep.testing import Project

Ask = Callable[..., list[Any]]
BEFORE = """
CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY);
CREATE TABLE IF NOT EXISTS content (
    id bigint PRIMARY KEY,
    owner bigint CONSTRAINT content_owner REFERENCES users (id),
    title varchar(20) NOT NULL,
    note text,
    due_at timestamptz,
    spare text NOT NULL DEFAULT '',
    CONSTRAINT content_title UNIQUE (title)
);
CREATE INDEX IF NOT EXISTS content_due ON content (due_at);
CREATE OR REPLACE FUNCTION slugify(input text) RETURNS text LANGUAGE sql AS 'SELECT input';
CREATE EXTENSION IF NOT EXISTS pg_trgm;
"""
NEEDS = Needs(
    {
        "content": {
            "id": "bigint",
            "title": Column(("varchar(20)", "varchar(40)"), nullable=False),
            "note": Column("text", nullable=True),
            "due_at": ANY,
        }
    },
    indexes=[Index("content", "due_at"), Index("content", "title", unique=True)],
    foreign_keys=[ForeignKey("content", "owner", "users")],
    functions=["slugify(text)"],
    extensions=["pg_trgm"],
    privileges={"content": ("select", "insert")},
)
IGNORE = "-- lockstep: ignore different-definition because this is a test of something else\n"


async def _run_once(conninfo: str, needs: Needs, boot: Boot, lease: float) -> None:
    database = Database(max_size=1)
    await database.open(conninfo, boot.app)
    kept = KeptNeeds(
        database,
        requirements_of({"scheduler": needs}),
        boot.values(),
        lambda event: pytest.fail(str(event)),
        lease=lease,
    )
    await kept._register()
    await database.close()


@pytest.fixture
def running(database: str) -> Callable[..., Boot]:
    """Let a release run: what it leaves in the database, and no more."""

    def begin(
        needs: Needs = NEEDS, release: str = "v1", app: str = "default", lease: float = 60
    ) -> Boot:
        boot = Boot(app, "serve", release, "test")
        asyncio.run(_run_once(database, needs, boot, lease))
        return boot

    return begin


@pytest.fixture
def shop(project: Project, boot: Callable[..., Any], running: Callable[..., Boot]) -> Project:
    """A project whose first release runs."""
    project.migration("0001_content.sql", BEFORE)
    boot()
    running()
    return project


TAKING = [
    ("DROP TABLE IF EXISTS content;", "takes away table content"),
    ("ALTER TABLE IF EXISTS content RENAME TO articles;", "takes away table content"),
    ("CREATE SCHEMA IF NOT EXISTS app; ALTER TABLE IF EXISTS content SET SCHEMA app;", "takes away table content"),
    ("ALTER TABLE public.content DROP COLUMN IF EXISTS note;", "takes away column content.note"),
    ("ALTER TABLE content DROP COLUMN IF EXISTS due_at;", "takes away column content.due_at"),
    ("ALTER TABLE content ALTER COLUMN id TYPE numeric(30);", "makes column content.id numeric(30), which is needed as bigint,"),
    ("ALTER TABLE content ALTER COLUMN title TYPE text;", "makes column content.title text"),
    ("ALTER TABLE content ALTER COLUMN note SET NOT NULL;", "makes column content.note NOT NULL"),
    ("ALTER TABLE content ALTER COLUMN title DROP NOT NULL;", "lets column content.title hold NULL"),
    ("ALTER TABLE content ALTER COLUMN spare DROP DEFAULT;", "demands a value for spare"),
    (
        ("ALTER TABLE content ADD COLUMN IF NOT EXISTS slug text; UPDATE content SET slug = title WHERE slug IS NULL;"
        "ALTER TABLE content ALTER COLUMN slug SET NOT NULL;"),
        "demands a value for slug of every new row of content",
    ),
    ("DROP INDEX IF EXISTS content_due;", "takes away an index on content (due_at)"),
    ("-- lockstep: no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS content_due;", "takes away an index on content (due_at)"),
    ("ALTER TABLE content DROP CONSTRAINT IF EXISTS content_title;", "takes away a unique index on content (title)"),
    ("ALTER TABLE content DROP CONSTRAINT IF EXISTS content_owner;", "takes away a foreign key from content (owner)"),
    ("DROP FUNCTION IF EXISTS slugify(text);", "takes away function slugify(text)"),
    ("DROP FUNCTION IF EXISTS slugify;", "takes away function slugify(text)"),
    ("DROP EXTENSION IF EXISTS pg_trgm;", "drops extension pg_trgm"),
    (
        ("DO $$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass('content') "
        "AND attname = 'note' AND NOT attisdropped) THEN ALTER TABLE content DROP COLUMN note; END IF; END $$;"),
        "takes away column content.note",
    ),
]  # fmt: skip
LEAVING = [
    "ALTER TABLE content ADD COLUMN IF NOT EXISTS subtitle text;",
    "ALTER TABLE content ADD COLUMN IF NOT EXISTS slug text NOT NULL DEFAULT '';",
    "ALTER TABLE content ALTER COLUMN title TYPE varchar(40);",
    "ALTER TABLE content DROP COLUMN IF EXISTS spare;",
    "ALTER TABLE content ALTER COLUMN due_at TYPE timestamptz(3);",
    "ALTER TABLE content ALTER COLUMN note SET DEFAULT '';",
    "CREATE INDEX IF NOT EXISTS content_due_id ON content (due_at, id); DROP INDEX IF EXISTS content_due;",
    "ALTER INDEX IF EXISTS content_due RENAME TO due;",
    "CREATE TABLE IF NOT EXISTS articles (id bigint); DROP TABLE IF EXISTS drafts;",
    "DROP FUNCTION IF EXISTS slugify(text); CREATE OR REPLACE FUNCTION slugify(input text) RETURNS text LANGUAGE sql AS 'SELECT 1::text';",
    "CREATE SCHEMA IF NOT EXISTS other; SET search_path = other; DROP TABLE IF EXISTS content;",
    "INSERT INTO users VALUES (1) ON CONFLICT (id) DO NOTHING;",
]


@pytest.mark.sampled(6)
@pytest.mark.parametrize(("text", "what"), TAKING, ids=[text[:60] for text, _ in TAKING])
def test_a_file_that_takes_something_away_is_refused(
    shop: Project, boot: Callable[..., Any], ask: Ask, text: str, what: str
) -> None:
    """Before anything of it runs, with file and line, the release and the service; what says breaking runs."""
    shop.migration("0002_good.sql", "CREATE TABLE IF NOT EXISTS other (id bigint);")
    head, _, rest = text.rpartition("\n")
    shop.migration("0003_bad.sql", f"{head}\n\n{rest}" if head else f"\n{text}")

    with pytest.raises(StillNeeded) as caught:
        boot(LOCKSTEP_LINT="report")

    (problem,) = caught.value.problems
    assert what in problem.what
    assert "from service 'scheduler' of release 'v1' of 'default'" in problem.what
    assert problem.place is not None
    assert (problem.place.file, problem.place.line > 1) == ("migrations/0003_bad.sql", True)
    assert caught.value.exit_status == 79
    assert ask("SELECT to_regclass('other'), count(*) FROM lockstep.ledger") == [(None, 1)]

    shop.migration("0003_bad.sql", f"-- lockstep: breaking\n{text}")
    boot(LOCKSTEP_LINT="report")
    assert ask("SELECT count(*) FROM lockstep.ledger") == [3]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("text", LEAVING, ids=[text[:60] for text in LEAVING])
def test_a_file_that_leaves_what_is_needed_runs(
    shop: Project, boot: Callable[..., Any], ask: Ask, text: str
) -> None:
    """It adds, widens to what is declared as well, or replaces within one file."""
    shop.migration("0002_good.sql", text)

    boot(LOCKSTEP_LINT="report")

    assert ask("SELECT count(*) FROM lockstep.ledger") == [2]


def test_a_view_in_the_place_of_a_table_keeps_the_release_running(
    shop: Project, boot: Callable[..., Any], running: Callable[..., Boot], ask: Ask
) -> None:
    """Rename the table, and show it under its old name: the columns are there, though not those of a table."""
    ask("DELETE FROM lockstep.needs")
    running(Needs({"content": {"id": "bigint", "title": ANY}}))
    shop.migration(
        "0002_rename.sql",
        "ALTER TABLE content RENAME TO articles; CREATE VIEW content AS SELECT id, title FROM articles;",
    )

    boot(LOCKSTEP_LINT="report")

    assert ask("SELECT relkind::text FROM pg_class WHERE relname = 'content'") == ["v"]


def test_what_one_file_gives_back_another_one_took(shop: Project, boot: Callable[..., Any]) -> None:
    """Between two files there is a moment in which the release would fail: the first one is to blame."""
    shop.migration("0002_drop.sql", "ALTER TABLE content DROP COLUMN IF EXISTS note;")
    shop.migration("0003_add.sql", "ALTER TABLE content ADD COLUMN IF NOT EXISTS note text;")

    with pytest.raises(StillNeeded, match=r"0002_drop\.sql would take away"):
        boot(LOCKSTEP_LINT="report")


def test_the_first_of_two_lines_is_named(shop: Project, boot: Callable[..., Any]) -> None:
    """The statement's own place, not the file's first line; each thing once."""
    shop.migration(
        "0002_drop.sql",
        "-- What nobody reads.\nSELECT 1;\nALTER TABLE content\n    DROP COLUMN IF EXISTS note;\nDROP FUNCTION IF EXISTS slugify(text);\n",
    )

    with pytest.raises(StillNeeded) as caught:
        boot(LOCKSTEP_LINT="report")

    places = [problem.place for problem in caught.value.problems]
    assert [place and place.line for place in places] == [3, 5]


def test_who_runs_no_more_is_not_protected(
    shop: Project, boot: Callable[..., Any], ask: Ask, running: Callable[..., Boot]
) -> None:
    """A lease that is over is nobody's, however it came about."""
    ask("UPDATE lockstep.needs SET lease_until = clock_timestamp() - interval '1 second'")
    shop.migration("0002_drop.sql", "ALTER TABLE content DROP COLUMN IF EXISTS note;")

    boot(LOCKSTEP_LINT="report")

    assert ask("SELECT count(*) FROM lockstep.ledger") == [2]


def test_every_release_is_told_of_with_its_processes(
    shop: Project, boot: Callable[..., Any], running: Callable[..., Boot]
) -> None:
    """Two processes of one release are one; another application on the same database counts too."""
    running()
    running(Needs({"content": ("note",)}), release="", app="reports")
    shop.migration("0002_drop.sql", "ALTER TABLE content DROP COLUMN IF EXISTS note;")

    with pytest.raises(StillNeeded) as caught:
        boot(LOCKSTEP_LINT="report")

    told = [problem.what for problem in caught.value.problems]
    assert "of release 'v1' of 'default', which still runs (2 processes, on " in told[0]
    assert "of a release without a name of 'reports', which still runs (1 process, on " in told[1]
    assert len(told) == 2


def test_a_release_that_already_lacks_something_is_not_protected_for_it(
    shop: Project, boot: Callable[..., Any], ask: Ask
) -> None:
    """What is gone cannot be taken; the rest is still protected."""
    ask("ALTER TABLE content DROP COLUMN note")
    shop.migration("0002_again.sql", "ALTER TABLE content DROP COLUMN IF EXISTS note;")

    boot(LOCKSTEP_LINT="report")

    assert ask("SELECT count(*) FROM lockstep.ledger") == [2]


def test_names_are_those_that_the_release_has_found(
    project: Project,
    boot: Callable[..., Any],
    running: Callable[..., Boot],
    ask: Ask,
) -> None:
    """A service whose search path leads to another schema needs that schema's table, not the one of the same name here."""
    project.migration(
        "0001_content.sql",
        "CREATE SCHEMA IF NOT EXISTS app; CREATE TABLE IF NOT EXISTS app.content (id bigint);"
        "CREATE TABLE IF NOT EXISTS content (id bigint);",
    )
    boot(LOCKSTEP_LINT="report")
    name = ask("SELECT current_database()")[0]
    ask(f'ALTER DATABASE "{name}" SET search_path = app')
    running(Needs({"content": ("id",)}))
    ask(f'ALTER DATABASE "{name}" RESET search_path')
    assert ask(
        "SELECT DISTINCT need ->> 'schema' FROM lockstep.needs, jsonb_array_elements(needs) need"
    ) == ["app"]

    project.migration("0002_drop.sql", "DROP TABLE IF EXISTS content;")
    boot(LOCKSTEP_LINT="report")
    project.migration("0003_drop.sql", "DROP TABLE IF EXISTS app.content;")
    with pytest.raises(StillNeeded, match=r"0003_drop\.sql"):
        boot(LOCKSTEP_LINT="report")


def test_names_in_files_are_those_that_the_boot_finds(
    project: Project, boot: Callable[..., Any], running: Callable[..., Boot], ask: Ask
) -> None:
    """Where the boot's search path leads to a schema, the unqualified names of its files do."""
    name = ask("SELECT current_database()")[0]
    ask(f'CREATE SCHEMA app; ALTER DATABASE "{name}" SET search_path = app, public')
    project.migration(
        "0001_content.sql",
        "CREATE TABLE IF NOT EXISTS content (id bigint); CREATE TABLE IF NOT EXISTS public.content (id bigint);",
    )
    boot(LOCKSTEP_LINT="report")
    running(Needs({"content": ("id",)}))

    project.migration("0002_drop.sql", "DROP TABLE IF EXISTS public.content;")
    boot(LOCKSTEP_LINT="report")
    project.migration("0003_drop.sql", "DROP TABLE IF EXISTS content;")
    with pytest.raises(StillNeeded, match=r"0003_drop\.sql"):
        boot(LOCKSTEP_LINT="report")
