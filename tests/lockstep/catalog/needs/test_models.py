"""SQLAlchemy's models as needs: what ``create_all`` makes meets them, and what is changed afterwards is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.schema import CreateIndex, CreateTable

from lockstep import Needs

Lacks = Callable[..., list[tuple[str, str, str]]]
Run = Callable[..., list[Any]]
TYPES = [
    *(sa.String(), sa.String(20), sa.Text(), sa.Integer(), sa.BigInteger(), sa.SmallInteger(), sa.Numeric(), sa.Numeric(10, 2)),
    *(sa.Float(), sa.Float(24), sa.Double(), sa.Boolean(), sa.DateTime(), sa.DateTime(timezone=True), sa.Date(), sa.Time()),
    *(sa.Interval(), sa.Interval(second_precision=3), sa.JSON(), sa.Uuid(), sa.LargeBinary(), sa.CHAR(3), sa.Unicode(5)),
    *(pg.TIMESTAMP(precision=3), pg.TIMESTAMP(True, 3), pg.TIME(precision=2), pg.INTERVAL(precision=3, fields="DAY TO SECOND")),
    *(pg.ARRAY(sa.Integer), pg.ARRAY(sa.String(3)), pg.JSONB(), pg.BIT(3), pg.BIT(5, varying=True), pg.INET(), pg.TSVECTOR()),
    *(pg.INT4RANGE(), pg.MONEY(), pg.OID(), pg.BYTEA(), sa.String(20, collation="C"), sa.Enum("a", name="s", native_enum=False)),
]  # fmt: skip


def models(schema: str | None = None) -> sa.MetaData:
    """Two tables that have everything."""
    metadata = sa.MetaData(schema=schema)
    users = sa.Table(
        "Users",
        metadata,
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("Mail", sa.Text),
    )
    sa.Table(
        "content",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("owner", sa.BigInteger, sa.ForeignKey(users.c.id), nullable=False),
        sa.Column("title", sa.String(20), nullable=False),
        sa.Column("mood", sa.Enum("good", "bad", name="mood", metadata=metadata)),
        sa.Column("due_at", sa.DateTime(timezone=True), index=True),
        *(sa.Column(f"c{number}", type_) for number, type_ in enumerate(TYPES)),
        sa.UniqueConstraint("owner", "title"),
        sa.Index("partly", "title", postgresql_where=sa.text("due_at IS NOT NULL")),
        sa.Index("spelled", sa.text("lower(title)")),
    )
    return metadata


def create(run: Run, metadata: sa.MetaData) -> None:
    """Make it all, as ``create_all`` does."""
    dialect = pg.dialect()  # type: ignore[no-untyped-call]
    schema = f'"{metadata.schema}".' if metadata.schema else ""
    run(f"CREATE TYPE {schema}mood AS ENUM ('good', 'bad')")
    for table in metadata.sorted_tables:
        run(str(CreateTable(table).compile(dialect=dialect)))
        for index in table.indexes:
            run(str(CreateIndex(index).compile(dialect=dialect)))


@pytest.mark.parametrize("schema", [None, "Odd app"])
def test_what_the_models_make_is_what_they_need(lacks: Lacks, run: Run, schema: str | None) -> None:
    """Every type, key and index, also in a schema of an odd name."""
    run('CREATE SCHEMA "Odd app"')
    metadata = models(schema)
    create(run, metadata)

    needs = Needs.from_sqlalchemy(metadata)

    assert lacks(needs) == []
    assert len(needs.tables) == 2
    assert len(needs.indexes) == 5
    assert len(needs.foreign_keys) == 1


def test_a_schema_can_be_given_to_tables_that_have_none(lacks: Lacks, run: Run) -> None:
    """The models do not name it, the database has it."""
    run("CREATE SCHEMA app; SET search_path = app; CREATE TABLE notes (id int PRIMARY KEY)")
    metadata = sa.MetaData()
    sa.Table("notes", metadata, sa.Column("id", sa.Integer, primary_key=True))

    assert lacks(Needs.from_sqlalchemy(metadata, schema="app")) == []
    assert [why for _, why, _ in lacks(Needs.from_sqlalchemy(metadata))] == ["missing"]


CHANGES = [
    ("ALTER TABLE content DROP COLUMN mood", ["column content.mood"]),
    ("ALTER TABLE content ALTER COLUMN title TYPE text", ["column content.title"]),
    ("ALTER TABLE content ALTER COLUMN title DROP NOT NULL", ["column content.title"]),
    ("ALTER TABLE content ALTER COLUMN mood SET NOT NULL", ["column content.mood"]),
    ("DROP INDEX ix_content_due_at", ["an index on content (due_at)"]),
    ("ALTER TABLE content DROP CONSTRAINT content_owner_title_key", ["a unique index on content (owner, title)"]),
    ("ALTER TABLE content DROP CONSTRAINT content_owner_fkey", ['a foreign key from content (owner) to table "Users" (id)']),
    ('ALTER TABLE "Users" DROP COLUMN "Mail"', ['column "Users"."Mail"']),
    ("DROP INDEX spelled", []),
]  # fmt: skip


@pytest.mark.parametrize(("change", "told"), CHANGES, ids=[change for change, _ in CHANGES])
def test_what_is_changed_by_hand_is_told(
    lacks: Lacks, run: Run, change: str, told: list[str]
) -> None:
    """Each thing that the models say; an index over expressions is beyond them."""
    metadata = models()
    create(run, metadata)
    run(change)

    assert [what for what, _, _ in lacks(Needs.from_sqlalchemy(metadata))] == told


def test_tables_can_be_chosen() -> None:
    """By name or by a function; a name that no model has is an error, not a need of nothing."""
    metadata = models()

    assert list(Needs.from_sqlalchemy(metadata, only=["content"]).tables) == ["content"]
    chosen = Needs.from_sqlalchemy(
        metadata, only=lambda table: table.name == "Users", privileges=("insert",)
    )
    assert chosen.privileges == {'"Users"': ("insert",)}
    with pytest.raises(ValueError, match="no model has a table 'contents'"):
        Needs.from_sqlalchemy(metadata, only=["contents"])


def test_the_engine_does_not_need_sqlalchemy() -> None:
    """Declaring, reading and checking needs load nothing of it."""
    code = (
        "import sys, lockstep, lockstep.running; lockstep.Needs({'a': ('b',)}); "
        "sys.exit(any(name.startswith('sqlalchemy') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
