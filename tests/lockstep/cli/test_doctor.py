"""``lockstep doctor``: what a boot would find, on every connection that it would use; its exit status is the boot's."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep.testing import Project


@pytest.fixture
def stranger(database: str) -> Iterator[str]:
    """The connection string of a role that may connect and nothing else."""
    role = sql.Identifier(name := f"stranger_{secrets.token_hex(4)}")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'looking'").format(role))
        owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        yield make_conninfo(database, user=name, password="looking")
        owner.execute(sql.SQL("DROP ROLE {}").format(role))


def test_a_fit_database_is_called_fit(project: Project) -> None:
    """Exit 0; server, role, pooler, privileges and lock are named."""
    shown, data = project.run("doctor"), project.run("doctor", "--json")
    found = json.loads(data.stdout)

    assert (shown.status, data.status) == (0, 0)
    name = conninfo_to_dict(project.database)["dbname"]
    assert shown.stdout.startswith(
        "boot connection (from LOCKSTEP_DATABASE_URL)\n  server   PostgreSQL "
    )
    assert f"{name} at " in shown.stdout
    assert shown.stdout.endswith("boot lock 42424242: free\nfit: a boot can go on from here\n")
    assert (found["fit"], found["lock_holder"]) == (True, None)
    (connection,) = found["connections"]
    assert (connection["role"], connection["pooling"]) == ("boot", "none")
    assert connection["refusal"] is None


@pytest.mark.long
def test_what_is_missing_is_named_with_the_grant(project: Project, stranger: str) -> None:
    """The exit status is the one that the boot ends with."""
    told = {"LOCKSTEP_DATABASE_URL": stranger}
    shown, data = project.run("doctor", **told), project.run("doctor", "--json", **told)

    assert shown.status == data.status == project.run("up", **told).status == 77
    assert "GRANT CREATE ON DATABASE" in shown.stdout
    assert shown.stdout.endswith("unfit: a boot would be refused (exit status 77)\n")
    found = json.loads(data.stdout)
    assert found["fit"] is False
    assert found["connections"][0]["refusal"]["code"] == "LS204"


def test_the_pool_is_examined_where_it_is_another(project: Project) -> None:
    """One that leads to another database, or nowhere, is found before a deploy finds it."""
    other = make_conninfo(project.database, dbname="postgres")
    nobody = make_conninfo(project.database, user="nobody_here")
    elsewhere = project.run("doctor", "--json", DATABASE_URL=other)
    refused = project.run("doctor", "--json", DATABASE_URL=nobody)
    same = project.run("doctor", "--json", DATABASE_URL=project.database)

    assert [c["role"] for c in json.loads(elsewhere.stdout)["connections"]] == ["boot", "pool"]
    assert elsewhere.status == 78
    assert (refused.status, same.status) == (69, 0)
    assert "nobody_here" in json.loads(refused.stdout)["connections"][1]["refusal"]["why"]


def test_a_held_lock_is_named(project: Project) -> None:
    """It is no reason to be unfit: the next boot waits."""
    with psycopg.connect(project.database, application_name="another boot") as holder:
        holder.execute("SELECT pg_advisory_lock(7)")
        shown = project.run("doctor", LOCKSTEP_LOCK_KEY="7")

    assert shown.status == 0
    assert "boot lock 7: held by pid " in shown.stdout
    assert "(another boot, role " in shown.stdout


def test_an_index_that_a_failed_build_left_is_named(project: Project) -> None:
    """With what to do about it."""
    with psycopg.connect(project.database, autocommit=True) as connection:
        connection.execute("CREATE TABLE content (id bigint)")
        connection.execute("INSERT INTO content VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON content (id)")

    shown = project.run("doctor")

    assert "  invalid  public.broken (DROP INDEX CONCURRENTLY, then build again)\n" in shown.stdout
