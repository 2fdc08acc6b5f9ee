"""Each kind of need: met by what serves, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lockstep import ANY, Column, ForeignKey, Index, Needs

Lacks = Callable[..., list[tuple[str, str, str]]]
Run = Callable[..., list[Any]]
SCHEMA = """
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('good');
CREATE DOMAIN app.email AS text NOT NULL;
CREATE TABLE users (id bigint PRIMARY KEY, email app.email);
CREATE TABLE content (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner bigint NOT NULL REFERENCES users (id),
    title varchar(20) NOT NULL,
    body text,
    mood app.mood,
    moods app.mood[],
    due_at timestamptz(3)
);
CREATE INDEX content_owner_due ON content (owner, due_at) INCLUDE (body);
CREATE UNIQUE INDEX content_title_body ON content (title, body);
CREATE INDEX content_due ON content (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX content_lower ON content (lower(body), mood);
CREATE VIEW recent AS SELECT id, title FROM content;
CREATE FUNCTION slugify(input text, longest integer DEFAULT 9) RETURNS text LANGUAGE sql AS 'SELECT input';
CREATE FUNCTION app.cheer(app.mood, text[]) RETURNS text LANGUAGE sql AS 'SELECT ''''';
"""


@pytest.fixture(autouse=True)
def schema(run: Run) -> None:
    """Make what the needs are about."""
    run(SCHEMA)


def content(**columns: Any) -> Needs:
    """Needs of columns of one table."""
    return Needs({"content": columns})


def index(*columns: str, **options: bool) -> Needs:
    """Needs of an index on one table."""
    return Needs(indexes=[Index("content", columns, **options)])


MET = [
    Needs(),
    Needs({"content": ("id", "title"), "recent": ()}),
    Needs({"public.content": ["id"], '"content"': {"id": ANY}, "CONTENT": ()}),
    content(id="int8", title="varchar(20)", body=ANY, due_at="timestamp(3) with time zone"),
    content(mood="app.mood", moods="app.mood[]"),
    content(title=("text", "varchar(20)"), body=Column(("text", "citext"))),
    content(id=Column(nullable=False), body=Column("text", nullable=True)),
    Needs({"users": {"email": Column("app.email", nullable=False)}, "recent": {"id": "bigint"}}),
    index("owner"),
    index("owner", "due_at"),
    index("title"),
    index("id", unique=True),
    index("body", "title", unique=True),
    index("due_at", partial=True),
    Needs(foreign_keys=[ForeignKey("content", "owner", "users")]),
    Needs(foreign_keys=[ForeignKey("public.content", ("owner",), "users", ("id",))]),
    Needs(functions=["slugify", "slugify(text, int)", "public.slugify(text,int4)", "lower(text)"]),
    Needs(functions=["app.cheer(app.mood, text[])", "app.cheer"]),
    Needs(extensions=["plpgsql"]),
    Needs(extensions={"plpgsql": "1.0"}),
    Needs(privileges={"content": ("select", "INSERT", "update", "delete"), "schema app": ("usage",)}),
    Needs(privileges={"function slugify(text, int)": ("execute",)}),
    Needs(privileges={"sequence content_id_seq": ("usage", "select")}),
]  # fmt: skip


@pytest.mark.parametrize("needs", MET, ids=lambda needs: repr(needs)[:60])
def test_what_serves_is_enough(lacks: Lacks, needs: Needs) -> None:
    """However it is spelled."""
    assert lacks(needs) == []


UNMET: list[tuple[Needs, str, str, str]] = [
    (Needs({"orders": ("id",)}), "table orders", "missing", ""),
    (Needs({"app.content": ()}), "table app.content", "missing", ""),
    (Needs({"content_id_seq": ()}), "table content_id_seq", "missing", ""),
    (Needs({"content_due": ()}), "table content_due", "missing", ""),
    (content(tittle=ANY), "column content.tittle", "missing", ""),
    (content(ctid=ANY), "column content.ctid", "missing", ""),
    (content(title="text"), "column content.title", "type", "character varying(20)"),
    (content(title="varchar"), "column content.title", "type", "character varying(20)"),
    (content(id=("int", "smallint")), "column content.id", "type", "bigint"),
    (content(mood="mood"), "column content.mood", "type", "app.mood"),
    (content(moods="app.mood"), "column content.moods", "type", "app.mood[]"),
    (content(due_at="timestamptz"), "column content.due_at", "type", "timestamp(3) with time zone"),
    (content(body=Column(nullable=False)), "column content.body", "nullable", ""),
    (content(title=Column(nullable=True)), "column content.title", "not null", ""),
    (index("due_at"), "an index on content (due_at)", "partial", "content_due"),
    (index("body"), "an index on content (body)", "missing", ""),
    (index("mood"), "an index on content (mood)", "missing", ""),
    (index("owner", "due_at", "body"), "an index on content (owner, due_at, body)", "missing", ""),
    (index("owner", unique=True), "a unique index on content (owner)", "missing", ""),
    (index("title", unique=True), "a unique index on content (title)", "missing", ""),
    (index("no"), "an index on content (no)", "missing", ""),
    (
        Needs(foreign_keys=[ForeignKey("content", "id", "users")]),
        "a foreign key from content (id) to table users",
        "missing",
        "",
    ),
    (
        Needs(foreign_keys=[ForeignKey("content", "owner", "nowhere", "id")]),
        "a foreign key from content (owner) to table nowhere (id)",
        "missing",
        "",
    ),
    (Needs(functions=["slugify(text)"]), "function slugify(text)", "missing", ""),
    (Needs(functions=["cheer"]), "function cheer", "missing", ""),
    (
        Needs(functions=["app.cheer(text, text[])"]),
        "function app.cheer(text, text[])",
        "missing",
        "",
    ),
    (Needs(extensions=["hstore"]), "extension hstore", "missing", ""),
    (
        Needs(extensions={"plpgsql": "1.10"}),
        "extension plpgsql 1.10 or newer",
        "version",
        "1.0",
    ),
    (Needs(privileges={"schema none": ("usage",)}), "schema none", "missing", ""),
    (Needs(privileges={"sequence content": ("usage",)}), "sequence content", "missing", ""),
]


@pytest.mark.parametrize(
    ("needs", "what", "why", "found"), UNMET, ids=lambda value: str(value)[:40]
)
def test_what_does_not_serve_is_told(
    lacks: Lacks, needs: Needs, what: str, why: str, found: str
) -> None:
    """One thing, once, with what is there instead."""
    assert lacks(needs) == [(what, why, found)]


def test_an_index_that_a_failed_build_left_is_none(lacks: Lacks, run: Run) -> None:
    """It is there, it is named, and it does not count: neither INVALID nor before it is ready."""
    run("CREATE INDEX failed ON content (body)")
    run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'failed'::regclass")

    assert lacks(index("body")) == [("an index on content (body)", "invalid", "failed")]
    run(
        "UPDATE pg_index SET indisvalid = true, indisready = false WHERE indexrelid = 'failed'::regclass"
    )
    assert lacks(index("body")) == [("an index on content (body)", "invalid", "failed")]


def test_an_index_of_a_partitioned_table_counts_when_all_partitions_have_it(
    lacks: Lacks, run: Run
) -> None:
    """ON ONLY leaves it INVALID until then."""
    run("CREATE TABLE parts (id bigint, at date) PARTITION BY RANGE (at)")
    run("CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")
    run("CREATE INDEX parts_at ON ONLY parts (at)")
    needs = Needs(indexes=[Index("parts", "at")])

    assert [why for _, why, _ in lacks(needs)] == ["invalid"]
    run("CREATE INDEX parts_1_at ON parts_1 (at); ALTER INDEX parts_at ATTACH PARTITION parts_1_at")
    assert lacks(needs) == []


def test_a_foreign_key_that_was_not_validated_is_none(lacks: Lacks, run: Run) -> None:
    """It holds for new rows only; once it is validated, it counts."""
    run("ALTER TABLE content ADD CONSTRAINT reader FOREIGN KEY (id) REFERENCES users NOT VALID")
    needs = Needs(foreign_keys=[ForeignKey("content", "id", "users", "id")])

    assert [found[1:] for found in lacks(needs)] == [("not validated", "reader")]
    run("ALTER TABLE content VALIDATE CONSTRAINT reader")
    assert lacks(needs) == []


def test_what_is_not_enforced_or_not_validated_does_not_count(lacks: Lacks, run: Run) -> None:
    """PostgreSQL 18 has foreign keys that nobody enforces, and NOT NULL that nobody has looked at."""
    if run("SHOW server_version_num")[0] < "180000":
        pytest.skip("needs PostgreSQL 18")
    run("ALTER TABLE content ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES users NOT ENFORCED")
    run("ALTER TABLE content ADD CONSTRAINT n NOT NULL body NOT VALID")
    needs = Needs(
        {"content": {"body": Column(nullable=False), "title": Column(nullable=False)}},
        foreign_keys=[ForeignKey("content", "id", "users")],
    )

    assert [(what, why) for what, why, _ in lacks(needs)] == [
        ("column content.body", "not validated"),
        ("a foreign key from content (id) to table users", "not validated"),
    ]
    run("ALTER TABLE content VALIDATE CONSTRAINT n")
    assert len(lacks(needs)) == 1


def test_a_foreign_key_of_two_columns_must_lead_to_the_right_ones(lacks: Lacks, run: Run) -> None:
    """The order of the pairs does not matter, which leads to which does."""
    run("CREATE TABLE pair (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE uses (x int, y int, FOREIGN KEY (x, y) REFERENCES pair (a, b))")  # fmt: skip

    assert lacks(Needs(foreign_keys=[ForeignKey("uses", ("y", "x"), "pair", ("b", "a"))])) == []
    assert lacks(Needs(foreign_keys=[ForeignKey("uses", ("x", "y"), "pair", ("b", "a"))])) != []


def test_of_a_table_that_is_not_there_nothing_else_is_told(lacks: Lacks) -> None:
    """Its columns, indexes and privileges follow from it; so does an index on a column that is not there."""
    needs = Needs(
        {"orders": {"id": "bigint"}, "content": ("gone",)},
        indexes=[Index("orders", "id"), Index("content", "gone")],
        privileges={"orders": ("insert",), "content": ("select",)},
    )

    assert [what for what, _, _ in lacks(needs)] == ["table orders", "column content.gone"]
