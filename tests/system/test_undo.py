"""``lockstep undo`` and ``lockstep new --from`` as processes: the way back, and the way to what somebody wants."""

from __future__ import annotations

import json

import psycopg
import pytest

from lockstep.testing import Project, Server

FIRST = "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, email text NOT NULL);"
SECOND = """
CREATE TABLE IF NOT EXISTS posts (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));
ALTER TABLE users ADD COLUMN IF NOT EXISTS name text;
"""
WANTED = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, age int CHECK (age > 0));
CREATE TABLE tags (id int PRIMARY KEY, label text NOT NULL);
CREATE INDEX users_age ON users (age);
"""
MODELS = """
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text
metadata = MetaData()
Table("users", metadata, Column("id", BigInteger, primary_key=True, autoincrement=False), Column("email", Text, nullable=False), Column("age", Integer, index=True))
"""


@pytest.fixture
def shop(project: Project, cluster: Server) -> Project:
    """A project with two migrations, booted."""
    project.migration("0001_users.sql", FIRST)
    project.migration("0002_posts.sql", SECOND)
    assert project.run("up").status == 0
    return Project(project.root, project.database, {"LOCKSTEP_SCRATCH_URL": cluster.conninfo()})


@pytest.mark.long
def test_the_way_back_is_shown_with_what_it_destroys(shop: Project) -> None:
    """Without --execute nothing is done; what would be lost is counted in the database at hand."""
    with psycopg.connect(shop.database, autocommit=True) as connection:
        connection.execute("INSERT INTO users VALUES (1, 'a', 'Ann')")
    done = shop.run("undo", "--to", "0001_users.sql")
    assert done.status == 0, done.stderr
    assert "DROP TABLE public.posts" in done.stdout
    assert "column public.users.name: the column's values" in done.stderr
    assert "(1 values)" in done.stderr
    assert json.loads(shop.run("status", "--json").stdout)["pending"] == []


@pytest.mark.long
def test_what_was_taken_back_can_be_applied_again(shop: Project) -> None:
    """With --execute the schema is what it was, and the files are pending."""
    assert shop.run("undo", "--to", "0001_users.sql", "--execute").status == 0
    assert json.loads(shop.run("status", "--json").stdout)["pending"] == ["0002_posts.sql"]
    with psycopg.connect(shop.database) as connection:
        assert connection.execute("SELECT to_regclass('posts')").fetchone() == (None,)
    assert shop.run("up").status == 0


@pytest.mark.long
def test_the_way_back_waits_for_a_boot(shop: Project) -> None:
    """It needs the lock of the boots, names who holds it, and does nothing without."""
    with psycopg.connect(shop.database, autocommit=True) as boot:
        boot.execute("SELECT pg_advisory_lock(lock_key) FROM lockstep.bookkeeping")
        done = shop.run("undo", "--to", "0001_users.sql", "--execute", LOCKSTEP_LOCK_WAIT="100ms")
        assert done.status == 75, done.stderr
        assert f"pid {boot.info.backend_pid}" in done.stderr
        assert boot.execute("SELECT to_regclass('posts')::text").fetchone() == ("posts",)


def test_production_is_never_taken_back(shop: Project) -> None:
    """There one goes forward."""
    done = shop.run("undo", "--to", "0001_users.sql", "--execute", LOCKSTEP_ENV="production")
    assert done.status == 78
    with psycopg.connect(shop.database) as connection:
        assert connection.execute("SELECT to_regclass('posts')::text").fetchone() == ("posts",)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("target", ["wanted.sql", "models:metadata"])
def test_a_migration_is_written_from_what_is_wanted(shop: Project, target: str) -> None:
    """The files lint, run, and lead to what was wanted; extra things stay and are told. Again there is nothing to write."""
    (shop.root / "wanted.sql").write_text(WANTED, encoding="utf-8")
    (shop.root / "models.py").write_text(MODELS, encoding="utf-8")
    written = shop.run("new", "reach_it", "--from", target)
    assert written.status == 0, written.stderr
    names = [line.rpartition("/")[2] for line in written.stdout.splitlines()]
    assert names == ["0003_reach_it.sql", "0004_reach_it_behind_it.sql"]
    assert "extra table public.posts" in written.stderr
    assert shop.run("lint").status == 0
    assert shop.run("up").status == 0
    assert shop.run("new", "reach_it", "--from", target).stdout == ""
    with psycopg.connect(shop.database) as connection:
        assert connection.execute("SELECT to_regclass('posts')::text").fetchone() == ("posts",)
        assert connection.execute("SELECT count(age) FROM users").fetchone() == (0,)
