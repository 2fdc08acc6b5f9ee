"""Every kind of object, damaged by hand: the drift names it, the repair brings it back, and the next run does nothing."""

from __future__ import annotations

import pytest
from tests.lockstep.catalog.repair.conftest import Patient

WEIRD = '"we""ird.sch\nema"."t\\a.b"'
SHOWN = '"we""ird.sch\\nema"."t\\\\a.b"'
DAMAGES: dict[str, dict[str, tuple[str, ...]]] = {
    "columns dropped": {
        "ALTER TABLE app.users DROP COLUMN made CASCADE": ("column app.users.made", "index app.users_low"),
        "ALTER TABLE app.users DROP COLUMN token": ("column app.users.token",),
        "ALTER TABLE app.users DROP COLUMN mark": ("column app.users.mark", "sequence app.users_mark_seq"),
        "ALTER TABLE app.users DROP COLUMN label": ("column app.users.label",),
        "ALTER TABLE app.posts DROP COLUMN kind": ("column app.posts.kind",),
        f'ALTER TABLE {WEIRD} DROP COLUMN "c ""é😀$x$"': (f'column {SHOWN}."c ""é😀$x$"',),
    },
    "columns altered": {
        "ALTER TABLE app.users ALTER made DROP DEFAULT": ("column app.users.made",),
        "ALTER TABLE app.users ALTER n SET DEFAULT 7": ("column app.users.n",),
        "ALTER TABLE app.users ALTER email DROP NOT NULL": ("column app.users.email",),
        "ALTER TABLE app.users ALTER id DROP IDENTITY": ("column app.users.id",),
        "ALTER TABLE app.posts ALTER title SET STORAGE EXTENDED": ("column app.posts.title",),
    },
    "constraints": {
        "ALTER TABLE app.posts DROP CONSTRAINT posts_user": ("constraint app.posts.posts_user",),
        "ALTER TABLE app.users DROP CONSTRAINT n_or_email": ("constraint app.users.n_or_email",),
        "ALTER TABLE app.users DROP CONSTRAINT users_email_key": ("constraint app.users.users_email_key",),
        "ALTER TABLE app.posts DROP CONSTRAINT apart": ("constraint app.posts.apart",),
        "ALTER TABLE app.posts DROP CONSTRAINT unproven": ("constraint app.posts.unproven",),
        "ALTER TABLE app.events DROP CONSTRAINT events_posts": ("constraint app.events.events_posts",),
        "ALTER TABLE app.events DROP CONSTRAINT events_pkey": ("constraint app.events.events_pkey",),
    },
    "a key that others stand on": {
        "ALTER TABLE app.users DROP CONSTRAINT users_pkey CASCADE": (
            "constraint app.users.users_pkey", "constraint app.posts.posts_user", "view app.counts"),
    },
    "indexes": {
        "DROP INDEX app.users_low": ("index app.users_low",),
        "DROP INDEX app.posts_title": ("index app.posts_title",),
        "DROP INDEX app.size_n": ("index app.size_n",),
        "DROP INDEX app.events_post": ("index app.events_post",),
        "DROP INDEX app.events_once": ("index app.events_once",),
    },
    "what is said of tables, and an invalid index": {
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.users_low'::regclass": ("index app.users_low",),
        "ALTER TABLE app.posts RESET (fillfactor)": ("table app.posts",),
        "ALTER TABLE app.posts REPLICA IDENTITY DEFAULT": ("table app.posts",),
        "ALTER TABLE app.users DISABLE ROW LEVEL SECURITY": ("table app.users",),
    },
    "tables and views": {
        f"DROP TABLE {WEIRD}": (
            f"table {SHOWN}", f'column {SHOWN}."c ""é😀$x$"', f"column {SHOWN}.x", f'constraint {SHOWN}."t\\\\a.b_x_check"'),
        "DROP TABLE app.older": ("table app.older", "column app.older.id"),
        "DROP TABLE app.events_20": ("table app.events_20", *(f"column app.events_20.{name}" for name in ("id", "at", "post"))),
        "DROP VIEW app.titles": ("view app.titles",),
        "CREATE OR REPLACE VIEW app.names AS SELECT id, email FROM app.users": ("view app.names",),
        "DROP MATERIALIZED VIEW app.size": ("matview app.size", "index app.size_n"),
    },
    "routines": {
        "DROP FUNCTION app.add(int, int)": (
            'function app.add."integer, integer"', 'revocation function.app.add."integer, integer".public'),
        "CREATE OR REPLACE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'": ('function app.touch.""',),
        "DROP PROCEDURE app.tidy": ("procedure app.tidy.integer",),
        "DROP AGGREGATE app.total(int)": ("aggregate app.total.integer",),
    },
    "triggers, rules and policies": {
        "DROP TRIGGER touch ON app.posts": ("trigger app.posts.touch",),
        "DROP EVENT TRIGGER watch": ("event_trigger watch",),
        "DROP RULE tell ON app.posts": ("rule app.posts.tell",),
        "DROP POLICY readers ON app.users": ("policy app.users.readers",),
    },
    "what is switched off, and privileges": {
        "ALTER TABLE app.posts DISABLE TRIGGER touch": ("trigger app.posts.touch",),
        "ALTER TABLE app.posts DISABLE RULE tell": ("rule app.posts.tell",),
        "REVOKE SELECT ON app.users FROM rich_reader": ("grant table.app.users.rich_reader",),
        "REVOKE INSERT (title) ON app.posts FROM rich_writer": ("grant column.app.posts.title.rich_writer",),
        "REVOKE EXECUTE ON FUNCTION app.touch() FROM PUBLIC": ('revocation function.app.touch."".public',),
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON TABLES FROM rich_reader": ("default_privilege",),
    },
    "comments and what stands alone": {
        "COMMENT ON TABLE app.users IS NULL": ("comment table.app.users",),
        "COMMENT ON COLUMN app.users.email IS 'other'": ('comment "table column".app.users.email',),
        "DROP STATISTICS app.together": ("statistics app.together",),
        "DROP PUBLICATION news": ("publication news",),
        "DROP SEQUENCE app.down": ("sequence app.down",),
        "ALTER DOMAIN app.email DROP CONSTRAINT has_at": ("domain_constraint app.email.has_at",),
        "DROP TYPE app.floats": ("range app.floats",),
        "DROP COLLATION app.plain": ("collation app.plain",),
        "DROP EXTENSION hstore": ("extension hstore",),
    },
    "types and sequences altered": {
        "ALTER PUBLICATION news DROP TABLE app.users": ("publication news",),
        "ALTER SEQUENCE app.down INCREMENT 5 NO CYCLE MAXVALUE 100": ("sequence app.down",),
        "ALTER DOMAIN app.email DROP DEFAULT": ("domain app.email",),
        "ALTER DOMAIN app.email DROP NOT NULL": ("domain app.email",),
        "ALTER TYPE app.pair DROP ATTRIBUTE b": ("composite app.pair",),
    },
}  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_damaged_comes_back(shop: Patient, damage: str) -> None:
    """The drift names what was damaged, the repair brings it back with its rows, and then it neither locks nor writes."""
    kept = shop.rows("SELECT id, email, s, n FROM app.users ORDER BY id")
    shop.run(*DAMAGES[damage])
    names = {
        name if not name.startswith("default_privilege") else "default_privilege"
        for name in shop.names()
    }
    assert names == {name for named in DAMAGES[damage].values() for name in named}
    files = shop.repair()
    assert shop.drift() == []
    shop.assert_idle(files)
    assert shop.rows("SELECT id, email, s, n FROM app.users ORDER BY id") == kept


def test_nothing_to_do_makes_no_file(shop: Patient) -> None:
    """A database that is as it should be needs no repair."""
    assert shop.repair() == {}


def test_everything_lost_is_made_again(shop: Patient) -> None:
    """From a database without the schema all comes back, in an order that works, and again by single statements."""
    shop.run(
        "DROP PUBLICATION news",
        "DROP EVENT TRIGGER watch",
        "DROP SCHEMA app CASCADE",
        "DROP EXTENSION hstore",
    )
    files = shop.repair()
    assert shop.drift() == []
    shop.run(
        "DROP PUBLICATION news",
        "DROP EVENT TRIGGER watch",
        "DROP SCHEMA app CASCADE",
        "DROP EXTENSION hstore",
    )
    shop.one_by_one(files)
    assert shop.drift() == []


def test_the_hundredth_run_does_nothing(shop: Patient) -> None:
    """The files may run for ever: after a hundred runs no transaction id was used and nothing has changed."""
    shop.run("ALTER TABLE app.users DROP COLUMN made CASCADE", "DROP INDEX app.posts_title")
    files = shop.repair()
    before = shop.rows(
        "SELECT pg_snapshot_xmax(pg_current_snapshot())::text, (SELECT sum(xmin::text::bigint) FROM pg_class)"
    )[0][1]
    for _ in range(100):
        shop.apply({"main": files["main"]})
    shop.assert_idle(files)
    assert shop.rows("SELECT 1, (SELECT sum(xmin::text::bigint) FROM pg_class)")[0][1] == before
    assert shop.drift() == []
