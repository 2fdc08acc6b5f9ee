"""``lockstep repair`` as a process: what it writes, what it tells, what a boot makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from lockstep.testing import Project, Server

SHOP = """
CREATE TABLE IF NOT EXISTS users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, name text);
CREATE TABLE IF NOT EXISTS posts (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id));
CREATE INDEX IF NOT EXISTS posts_user_id_idx ON posts (user_id);
CREATE OR REPLACE VIEW active AS SELECT id, email FROM users;
"""
DAMAGE = (
    "INSERT INTO users (email) VALUES ('a'), ('b')",
    "INSERT INTO posts VALUES (1, 1)",
    "ALTER TABLE users DROP COLUMN name",
    "ALTER TABLE posts DROP CONSTRAINT posts_user_id_fkey",
    "DROP INDEX posts_user_id_idx",
    "DROP VIEW active",
)
MAIN = "9999_production_repair_idempotent.sql"
LATER = "9999_production_repair_idempotent_2_concurrently.sql"


@pytest.fixture
def shop(project: Project, cluster: Server) -> Project:
    """A project that was booted, with the lock file of what it was then."""
    project.environment["LOCKSTEP_SCRATCH_URL"] = cluster.conninfo()
    project.migration("0001_shop.sql", SHOP)
    assert project.run("up").status == 0
    assert project.run("snapshot", "--from-database").status == 0
    return project


def damage(project: Project, *statements: str) -> None:
    """Run SQL by hand."""
    with psycopg.connect(project.database, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_repair_is_written_linted_booted_and_then_nothing_is_left(shop: Project) -> None:
    """The whole way: drift, files, lint, boot, no drift; the rows are all there."""
    damage(shop, *DAMAGE)
    done = shop.run("repair", "--exit-code")
    assert done.status == 0, done.stderr
    assert "4 differences" in done.stdout
    assert sorted(path.name for path in (shop.root / "migrations").iterdir()) == [
        "0001_shop.sql",
        MAIN,
        LATER,
    ]
    assert shop.run("lint", "--strict").status == 0
    assert shop.run("up").status == 0
    assert shop.run("drift", "--exit-code").status == 0
    assert "as it should be" in shop.run("repair").stdout
    with psycopg.connect(shop.database) as connection:
        assert connection.execute("SELECT count(*) FROM posts").fetchone() == (1,)


@pytest.mark.long
def test_what_a_history_would_forbid_is_let_through_in_a_repair_until_it_is_edited(
    shop: Project,
) -> None:
    """A column that comes back without NOT NULL, and a type that changes: as written they pass lint and gate, edited they do not."""
    damage(
        shop,
        "INSERT INTO users (email) VALUES ('a')",
        "DROP VIEW active",
        "ALTER TABLE users DROP COLUMN email",
        "ALTER TABLE posts ALTER id TYPE integer",
    )
    chosen = ("--allow-retype", "posts.id", "--backfill", "users.email='u' || id")
    assert shop.run("repair", "--exit-code", *chosen).status == 0
    assert shop.run("lint", "--strict").status == 0
    main = shop.root / "migrations" / MAIN
    written = main.read_text(encoding="utf-8")
    main.write_text(written + "CREATE TABLE kept (id int);\n", encoding="utf-8")
    refused = shop.run("up", "--json")
    assert refused.status == 65
    assert "create-table" in refused.stdout
    main.write_text(written, encoding="utf-8")
    assert shop.run("up").status == 0
    assert shop.run("drift", "--exit-code").status == 0


@pytest.mark.long
def test_what_is_left_is_told_in_words_and_json(shop: Project) -> None:
    """Extra things and rows in the way are told with their statements; ``--exit-code`` says that something is left."""
    damage(shop, *DAMAGE, "CREATE TABLE junk (id int)", "INSERT INTO posts VALUES (2, 77)")
    told = shop.run("repair", "--exit-code")
    assert told.status == 3
    assert "DROP TABLE public.junk;" in told.stdout
    found = json.loads(shop.run("repair", "--json", "--dry-run").stdout)
    assert [(left["name"], left["needs"]) for left in found["left"]] == [
        ("table public.junk", "--allow-drop")
    ]
    (conflict,) = found["conflicts"]
    assert (conflict["kind"], conflict["rows"], conflict["sample"]) == (
        "orphans",
        1,
        [{"id": 2, "user_id": 77}],
    )
    assert [Path(file["file"]).name for file in found["files"]] == [MAIN, LATER]


@pytest.mark.long
def test_pending_migrations_come_first_and_that_is_said(shop: Project) -> None:
    """A table that was made otherwise makes a pending file fail: the failure names drift and repair, which says in what order to go on."""
    assert "then deploy it (lockstep up)" in _repaired(shop, *DAMAGE)
    shop.migration("0002_more.sql", "CREATE INDEX IF NOT EXISTS users_name ON users (name);")
    failed = shop.run("up", "--json")
    assert failed.status == 70
    assert "lockstep repair" in failed.error["next"]
    assert "1 migration is pending, and would run before it" in shop.run("repair").stdout


def _repaired(project: Project, *statements: str) -> str:
    damage(project, *statements)
    return project.run("repair").stdout


@pytest.mark.long
def test_a_dry_run_writes_nothing(shop: Project) -> None:
    """The files go to stdout, and what is told to stderr."""
    damage(shop, *DAMAGE)
    done = shop.run("repair", "--dry-run")
    assert done.stdout.startswith("-- lockstep: repair\n")
    assert "4 differences" in done.stderr
    assert not (shop.root / "migrations" / MAIN).exists()


@pytest.mark.long
def test_a_file_of_somebody_else_is_not_overwritten(shop: Project) -> None:
    """A repair that was edited by hand is refused, and another name can be given."""
    damage(shop, *DAMAGE)
    shop.migration(MAIN, "SELECT 1;")
    refused = shop.run("repair")
    assert refused.status == 78
    assert "is not as `lockstep repair` wrote it" in refused.stderr
    assert shop.run("repair", "-o", str(shop.root / "mine.sql")).status == 0
    assert (shop.root / "mine.sql").exists()


@pytest.mark.long
def test_seeds_that_were_never_applied_are_named_and_written_when_asked(shop: Project) -> None:
    """A seed that the ledger does not know is named; with ``--with-seeds`` all seeds stand in a third file."""
    shop.seed(
        "0001_users.sql",
        "INSERT INTO users (email) VALUES ('root') ON CONFLICT (email) DO NOTHING;",
    )
    damage(shop, "DROP VIEW active")
    told = shop.run("repair", "--with-seeds")
    assert "0001_users.sql" in told.stdout
    third = shop.root / "migrations" / "9999_production_repair_idempotent_3_seeds.sql"
    assert "'root'" in third.read_text(encoding="utf-8")
    assert shop.run("up").status == 0


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "flags",
    [
        ("--backfill", "users"),
        ("--backfill", "users.name=1); DROP TABLE users; --"),
        ("--allow-drop", " "),
    ],
)
def test_choices_that_make_no_sense_are_refused(shop: Project, flags: tuple[str, str]) -> None:
    """They are usage errors: nothing is read or written."""
    assert shop.run("repair", *flags).status == 2


OVERLAP = "CREATE TABLE p{0} PARTITION OF parts FOR VALUES FROM ({0}) TO ({1})"


def test_what_postgresql_would_refuse_is_told_and_not_written(
    project: Project, cluster: Server
) -> None:
    """A partition that has another's rows is found by a rehearsal on a scratch database: told, and not in the files."""
    project.migration(
        "0001_parts.sql", "CREATE TABLE IF NOT EXISTS parts (a int) PARTITION BY RANGE (a)"
    )
    assert project.run("up").status == 0
    damage(project, OVERLAP.format(1, 5), "ALTER TABLE parts ADD b int")
    assert project.run("snapshot", "--from-database").status == 0
    damage(project, "DROP TABLE p1", OVERLAP.format(3, 9), "ALTER TABLE parts DROP b")
    arguments = ("repair", "--json", "--scratch", cluster.conninfo())
    found = json.loads(project.run(*arguments).stdout)
    assert found["rehearsal"].startswith("Rehearsed")
    refused = {one["name"]: one["reason"] for one in found["left"] if "refuses" in one["reason"]}
    assert list(refused) == ["table public.p1"]
    assert "would overlap" in refused["table public.p1"]
    assert [step["name"] for step in found["steps"]] == ["column public.parts.b"]
    assert project.run("up").status == 0
    untried = json.loads(project.run(*arguments, "--no-rehearsal", "--dry-run").stdout)
    assert (untried["rehearsal"], len(untried["steps"])) == (None, 1)


def test_a_repair_without_a_scratch_server_says_so(shop: Project) -> None:
    """What was not tried is written all the same, and says that and why."""
    damage(shop, *DAMAGE)
    nowhere = {
        "LOCKSTEP_SCRATCH_URL": "postgresql://nobody@localhost:1/x",
        "LOCKSTEP_CONNECT_WAIT": "0s",
    }
    done = shop.run("repair", **nowhere)
    assert done.status == 0, done.stderr
    assert "Not rehearsed on a copy of the schema: " in done.stdout
    assert "Not rehearsed" in (shop.root / "migrations" / MAIN).read_text()
