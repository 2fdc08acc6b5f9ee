"""The studio's files: named, parsed, and from wherever a database is they lead to one and the same schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

import studio
from lockstep.migrate.header import parse_header
from lockstep.sql.parser import parse
from lockstep.testing import Finished

STUDIO = Path(studio.__file__).parent
MIGRATIONS = sorted((STUDIO / "migrations").glob("*.sql"))
SEEDS = sorted((STUDIO / "seeds").glob("*.sql"))
VERBS = {"add", "create", "index", "validate", "drop", "rename", "change", "repair"}
STRUCTURE = """
select format('column %s.%s %s%s%s default %s', attrelid::regclass, attname, format_type(atttypid, atttypmod),
              case when attnotnull then ' not null' end, nullif(attidentity, ''), pg_get_expr(adbin, adrelid))
from pg_attribute
join pg_class on pg_class.oid = attrelid
left join pg_attrdef on adrelid = attrelid and adnum = attnum
where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
union all
select format('constraint %s of %s %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
from pg_constraint where connamespace = 'public'::regnamespace
union all
select format('index %s, valid: %s', pg_get_indexdef(indexrelid), indisvalid)
from pg_index join pg_class on pg_class.oid = indexrelid where relnamespace = 'public'::regnamespace
union all
select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
union all
select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
order by 1
"""
TABLES = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1"
DOMAIN = {
    "users",
    "sessions",
    "social_accounts",
    "projects",
    "content",
    "content_metrics",
    "content_action_history",
    "post_schedules",
    "publications",
    "ai_projects",
    "ai_generated_content",
    "ai_content_calendar",
    "ai_engagement_patterns",
    "ai_generation_tasks",
    "project_content_management",
    "templates",
    "niches",
    "hashtag_suggestions",
    "notifications",
    "rate_limits",
    "live_events",
    "live_replicas",
    "imported_rows",
}


def query(conninfo: str, text: str) -> list[Any]:
    """Return the first column of a query's rows."""
    with psycopg.connect(conninfo) as connection:
        return [row[0] for row in connection.execute(text.encode())]


def rows(conninfo: str) -> dict[str, list[Any]]:
    """Return every row of every table."""
    return {
        table: query(conninfo, f"select to_jsonb(t) from {table} as t order by to_jsonb(t)::text")
        for table in query(conninfo, TABLES)
    }


def test_the_files_are_numbered_without_a_gap() -> None:
    """Every folder counts from 0001; no number is used twice or left out."""
    for folder in (MIGRATIONS, SEEDS):
        assert [file.name[:5] for file in folder] == [f"{n:04}_" for n in range(1, len(folder) + 1)]


@pytest.mark.parametrize("file", MIGRATIONS, ids=lambda file: file.name)
def test_a_migration_is_named_for_what_it_does(file: Path) -> None:
    """A number and a verb phrase, in lower case."""
    assert re.fullmatch(r"\d{4}_[a-z][a-z0-9_]*[a-z0-9]\.sql", file.name)
    assert file.stem.split("_")[1] in VERBS


@pytest.mark.parametrize("file", [*MIGRATIONS, *SEEDS], ids=lambda file: file.name)
def test_a_file_parses_and_says_why_it_exists(file: Path) -> None:
    """Its statements are PostgreSQL's, its directives known, its first line a sentence."""
    text = file.read_text(encoding="utf-8")
    assert parse(text)
    kind = "seed" if file in SEEDS else "migration"
    assert parse_header(file.name, text, kind)[1] == []
    assert re.match(r"-- [A-Z0-9].{10,}", text)


def test_from_empty_to_head(database: str, up: Callable[..., Finished]) -> None:
    """One `lockstep up` applies every file once, in order, and leaves the tables of the domain."""
    finished = up()
    applied = [
        (event["kind"], event["name"])
        for event in finished.events
        if event["event"] == "FileApplied"
    ]
    assert applied == [
        *(("migration", file.name) for file in MIGRATIONS),
        *(("seed", file.name) for file in SEEDS if "demo" not in file.name),
    ]
    assert set(query(database, TABLES)) == DOMAIN
    assert (
        query(database, "select indexrelid::regclass::text from pg_index where not indisvalid")
        == []
    )
    assert up().names("FileApplied") == []


def test_without_its_ledger_a_full_database_converges(
    database: str, up: Callable[..., Finished]
) -> None:
    """Every file runs a second time over its own work: the schema and every row stay as they were."""
    up(LOCKSTEP_ENV="development")
    before = query(database, STRUCTURE), rows(database)
    with psycopg.connect(database) as connection:
        connection.execute("drop schema lockstep cascade")
    again = up(LOCKSTEP_ENV="development")
    assert len(again.names("FileApplied")) == len(MIGRATIONS) + len(SEEDS)
    assert query(database, STRUCTURE) == before[0]
    assert rows(database) == before[1]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("environment", "accounts"),
    [("development", ["demo@studio.local"]), ("production", []), ("test", [])],
)
def test_the_demo_account_is_for_development(
    database: str, up: Callable[..., Finished], environment: str, accounts: list[str]
) -> None:
    """Only a developer's database gets somebody to look at; the essential seeds are everywhere."""
    up(LOCKSTEP_ENV=environment)
    assert query(database, "select email from users") == accounts
    assert query(database, "select count(*) from ai_engagement_patterns") == [6]
    assert query(database, "select count(*) > 0 from templates") == [True]
