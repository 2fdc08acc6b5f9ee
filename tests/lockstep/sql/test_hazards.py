"""What is said to be dangerous, and what is not: a table of this file, of an earlier one, or what happens in one transaction."""

from __future__ import annotations

import pytest

from lockstep.sql.analysis import analyse
from lockstep.sql.finding import Finding, Source
from lockstep.sql.rule import Rule, rules

HAZARDS = [rule for rule in rules().values() if rule.kind == "hazard"]
USERS = "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email varchar(50), age int);"


def hazards(*files: str, server: int = 18) -> list[Finding]:
    """Return the hazards of the last of *files*, which are one history."""
    found = analyse([Source(str(n), text) for n, text in enumerate(files)], server=server)
    return [finding for finding in found[-1].findings if finding.kind == "hazard"]


def names(*files: str, server: int = 18) -> list[str]:
    """Return the rules that find something in the last of *files*."""
    return [finding.rule for finding in hazards(*files, server=server)]


@pytest.mark.parametrize("rule", HAZARDS, ids=lambda rule: rule.name)
def test_a_rule_finds_its_bad_example_and_nothing_else_does(rule: Rule) -> None:
    """The bad example has this one hazard, and it only warns."""
    found = hazards(rule.bad)
    assert [(one.rule, one.severity, one.help) for one in found] == [
        (rule.name, "warning", rule.workaround)
    ]
    assert "{" not in found[0].message


@pytest.mark.parametrize("rule", HAZARDS, ids=lambda rule: rule.name)
def test_the_good_example_has_no_hazard(rule: Rule) -> None:
    """What a rule tells people to write is not dangerous in another way."""
    assert hazards(rule.good) == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX i ON users (email);",
        "ALTER TABLE users ADD CONSTRAINT k CHECK (age > 0);",
        "ALTER TABLE users ALTER COLUMN age SET NOT NULL;",
        "ALTER TABLE users ALTER COLUMN age TYPE bigint;",
        "ALTER TABLE users ADD COLUMN t uuid DEFAULT gen_random_uuid();",
        "ALTER TABLE users DROP COLUMN age;",
        "ALTER TABLE users RENAME TO people;",
        "UPDATE users SET age = 1;",
        "TRUNCATE users;",
        "DROP TABLE users;",
    ],
)
def test_a_table_of_the_same_file_is_in_nobody_s_way(statement: str) -> None:
    """The same statement is dangerous in the next file, and not in the one that makes the table."""
    assert names(f"{USERS} {statement}") == []
    assert len(names(USERS, statement)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE users ALTER COLUMN email TYPE varchar(80);",
        "ALTER TABLE users ALTER COLUMN email TYPE text;",
        "ALTER TABLE users ADD COLUMN o bigint REFERENCES users;",
        "ALTER TABLE users ADD COLUMN b boolean NOT NULL DEFAULT true;",
        "ALTER TABLE users ADD COLUMN at timestamptz NOT NULL DEFAULT now();",
        "ALTER TABLE users ADD COLUMN twice int GENERATED ALWAYS AS (age * 2) VIRTUAL;",
        "ALTER TABLE users ALTER COLUMN id SET NOT NULL;",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS age uuid DEFAULT gen_random_uuid();",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY;",
        "ALTER TABLE users ALTER COLUMN age SET DEFAULT random();",
        "CREATE TABLE orders (id bigint, owner bigint REFERENCES users);",
        "GRANT SELECT ON users TO PUBLIC;",
        "COMMENT ON TABLE users IS 'people';",
        "UPDATE users SET age = 1 WHERE id = 5;",
        "DROP TABLE IF EXISTS orders; CREATE TABLE orders (id bigint);",
        "CREATE TEMP TABLE scratch (id int); CREATE INDEX ON scratch (id); UPDATE scratch SET id = 1;",
    ],
)
def test_what_takes_a_moment_is_no_hazard(statement: str) -> None:
    """Metadata is changed under a lock that is gone at once: nothing is said."""
    assert names(USERS, statement) == []


def test_a_lock_is_held_to_the_end_of_the_transaction() -> None:
    """Long work after a short lock is found; in a file without a transaction, or after COMMIT, it is not."""
    short = "ALTER TABLE users ADD COLUMN nick text;"
    long = "UPDATE users SET nick = email WHERE nick IS NULL;"
    assert names(USERS, f"{short} {long}") == ["exclusive-lock-held"]
    assert names(USERS, f"-- lockstep: no-transaction\n{short} {long}") == []
    assert names(USERS, f"BEGIN; {short} COMMIT; BEGIN; {long} COMMIT;") == []
    assert names(USERS, f"{short} UPDATE users SET nick = 'x' WHERE id IN (1, 2);") == []


def test_a_lock_that_is_held_is_told_once() -> None:
    """A file is split at one place: the first statement that works under the lock is named."""
    other = "CREATE TABLE IF NOT EXISTS orders (id bigint, n int);"
    work = "UPDATE orders SET n = 1 WHERE n = 2; UPDATE orders SET n = 3 WHERE n = 4;"
    assert names(USERS, other, f"ALTER TABLE users DROP COLUMN IF EXISTS nick; {work}") == [
        "breaking-drop",
        "exclusive-lock-held",
    ]


def test_validating_in_another_file_is_the_way() -> None:
    """NOT VALID and VALIDATE in two files, then SET NOT NULL: no step is dangerous."""
    steps = [
        USERS,
        "ALTER TABLE users ADD CONSTRAINT k CHECK (age IS NOT NULL) NOT VALID;",
        "ALTER TABLE users VALIDATE CONSTRAINT k;",
        "ALTER TABLE users ALTER COLUMN age SET NOT NULL;",
    ]
    for count in range(2, len(steps) + 1):
        assert names(*steps[:count]) == []
    assert names(USERS, steps[3]) == ["set-not-null-scan"]


def test_types_are_followed_through_the_history() -> None:
    """A column is judged by what earlier files made of it."""
    widened = "ALTER TABLE users ALTER COLUMN email TYPE varchar(90);"
    shrunk = "ALTER TABLE users ALTER COLUMN email TYPE varchar(60);"
    assert names(USERS, shrunk) == []
    assert names(USERS, widened, shrunk) == ["column-type-rewrite"]
    renamed = "ALTER TABLE users RENAME COLUMN email TO mail;"
    assert names(USERS, renamed, "ALTER TABLE users ALTER COLUMN mail TYPE text;") == []


def test_the_session_s_time_zone_decides_about_timestamps() -> None:
    """Outside of UTC every value changes."""
    table = "CREATE TABLE IF NOT EXISTS log (at timestamp);"
    change = "ALTER TABLE log ALTER COLUMN at TYPE timestamptz;"
    assert names(table, change) == ["column-type-rewrite"]
    assert names(table, f"SET timezone = 'UTC'; {change}") == []


def test_a_form_is_asked_for_only_of_servers_that_have_it() -> None:
    """DETACH CONCURRENTLY is of 14; a partitioned table takes a foreign key NOT VALID since 18."""
    table = "CREATE TABLE IF NOT EXISTS p (id int) PARTITION BY RANGE (id);"
    part = "CREATE TABLE IF NOT EXISTS p1 PARTITION OF p FOR VALUES FROM (0) TO (9);"
    detach = "ALTER TABLE p DETACH PARTITION p1;"
    assert names(table, part, detach, server=13) == []
    assert names(table, part, detach, server=14) == ["detach-partition-not-concurrent"]
    key = "ALTER TABLE p ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES users;"
    (before,) = hazards(USERS, table, key, server=17)
    (since,) = hazards(USERS, table, key, server=18)
    assert "before 18" in before.message
    assert "before 18" not in since.message


def test_the_message_names_the_lock_and_the_partners() -> None:
    """Who reads it knows what waits, and for what."""
    orders = "CREATE TABLE IF NOT EXISTS orders (id bigint, owner bigint);"
    key = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (owner) REFERENCES users;"
    (found,) = hazards(USERS, orders, key)
    assert "ShareRowExclusiveLock" in found.message
    assert "blocks writes" in found.message
    assert "it also locks users" in found.message


def test_the_place_is_the_command_that_is_meant() -> None:
    """Of several commands, and in a DO block, the finding spans the one, not all."""
    text = "ALTER TABLE users ADD COLUMN nick text, ALTER COLUMN age SET NOT NULL;"
    (found,) = hazards(USERS, text)
    assert text[found.start : found.end] == "ALTER COLUMN age SET NOT NULL"
    block = "DO $$ BEGIN\n  PERFORM 1;\n  UPDATE users SET age = 1;\nEND $$;"
    (found,) = hazards(USERS, block)
    assert block[found.start :].startswith("UPDATE users")


def test_what_is_made_anew_is_not_dropped() -> None:
    """A view that the file creates again is there when the file is done; a table under another name is not."""
    view = "CREATE OR REPLACE VIEW v AS SELECT id FROM users;"
    assert names(USERS, view, f"DROP VIEW IF EXISTS v; {view}") == []
    assert names(USERS, view, "DROP VIEW IF EXISTS v;") == ["breaking-drop"]
    assert names(USERS, "ALTER TABLE users RENAME TO people;") == ["breaking-rename"]


@pytest.mark.parametrize(
    ("default", "found"),
    [
        ("five()", True),
        ("mood('ok')", False),
        ("uuid_generate_v4()", True),
        ("pg_catalog.now()", False),
        ("app.now()", True),
        ("md5(random()::text)", True),
        ("(now() + interval '1 day')", False),
        ("constant_five()", False),
        ("steady_five()", False),
    ],
)
def test_a_default_is_volatile_unless_it_is_known_not_to_be(default: str, found: bool) -> None:
    """PostgreSQL's own functions are known, the history's are judged by their words, all others may be anything."""
    history = """
        CREATE TYPE mood AS ENUM ('ok');
        CREATE FUNCTION five() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 5; END';
        CREATE FUNCTION steady_five() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 5; END';
        CREATE FUNCTION constant_five() RETURNS int LANGUAGE sql AS 'SELECT 5';
    """
    expected = ["volatile-default"] if found else []
    change = f"ALTER TABLE users ADD COLUMN IF NOT EXISTS c text DEFAULT {default};"
    assert names(USERS, history, change) == expected


CALLED = """CREATE SCHEMA IF NOT EXISTS app; CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN positive AS int;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';"""


@pytest.mark.parametrize(
    "statement",
    [
        "DROP SCHEMA app CASCADE;",
        "DROP TYPE mood;",
        "DROP TYPE IF EXISTS mood;",
        "DROP DOMAIN positive;",
        "DROP FUNCTION f(int);",
        "DROP FUNCTION IF EXISTS f;",
        "DROP PROCEDURE p();",
        "DROP ROUTINE f;",
        "DO $$ BEGIN DROP TYPE mood; END $$;",
    ],
)
def test_what_the_old_release_names_is_missed(statement: str) -> None:
    """A type, function or schema is dropped under those who use it; not in the file that makes it."""
    assert names(CALLED, statement) == ["breaking-drop"]
    assert names(f"{CALLED} {statement}") == []


@pytest.mark.parametrize(
    "statement",
    [
        "DROP FUNCTION IF EXISTS fires;",
        "DROP FUNCTION IF EXISTS unknown(int); DROP TYPE IF EXISTS unknown; DROP SCHEMA IF EXISTS s;",
        "DROP FUNCTION f(int); CREATE FUNCTION f(int) RETURNS text LANGUAGE sql AS 'SELECT 1';",
        "DROP TYPE mood; CREATE TYPE mood AS ENUM ('glad');",
        "ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM (); DROP TYPE mood_old;",
    ],
)
def test_what_nobody_misses_is_no_hazard(statement: str) -> None:
    """A trigger's function, what was never there, and what is made anew."""
    assert names(CALLED, statement) == []


def test_the_lock_on_a_type_holds_up_no_table() -> None:
    """Long work after DROP TYPE is not said to happen under its lock."""
    anew = "DROP TYPE mood; CREATE TYPE mood AS ENUM ('glad');"
    assert names(USERS, CALLED, f"{anew} UPDATE users SET age = 1 WHERE age = 2;") == []
