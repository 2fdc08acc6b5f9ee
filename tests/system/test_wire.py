"""What goes over the wire, read in the server's own log."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest

from lockstep.testing import Databases, Project, Server, private_cluster, until

STATEMENT = re.compile(
    r"^(?P<name>[^|\n]*)\|(?P<pid>\d+)\|LOG:  statement: (?P<text>.*)", re.MULTILINE
)
END = "SELECT 'the end of the test'"


@pytest.fixture(scope="module")
def logged() -> Iterator[Server]:
    """A server that logs every statement with its session."""
    log = {"log_statement": "all", "log_line_prefix": "%a|%p|"}
    with private_cluster(settings=log) as server:
        yield server


def statements(server: Server, project: Project, *arguments: str) -> list[tuple[str, str]]:
    """Run a command; return application name and first line of every statement that reached the server meanwhile."""
    before = len(server.log())
    done = project.run(*arguments)
    assert done.status == 0, done.stderr
    with psycopg.connect(server.conninfo()) as connection:
        connection.execute(END)
    until(lambda: END in server.log()[before:], what="the log")
    return [
        (found["name"], found["text"])
        for found in STATEMENT.finditer(server.log()[before:])
        if found["name"].startswith("lockstep")
    ]


@pytest.fixture
def shop(logged: Server, project: Project) -> Iterator[Project]:
    """A project that boots on the server that logs."""
    with Databases(logged.conninfo()) as databases:
        conninfo = databases.create()
        shop = Project(project.root, conninfo)
        shop.migration(
            "0001_items.sql", "CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY);"
        )
        shop.migration('0002 it\'s "odd".sql', "SELECT '%s', '{}';")
        shop.seed("0001_more.sql", "INSERT INTO items VALUES (1) ON CONFLICT (id) DO NOTHING;")
        yield shop
        databases.drop(conninfo)


def test_with_nothing_to_do_two_statements_are_sent(logged: Server, shop: Project) -> None:
    """One examines the server, one reads the ledger and records the boot; no lock is asked for, the ledger is not written."""
    statements(logged, shop, "up")

    sent = statements(logged, shop, "up")

    assert [name for name, _ in sent] == ["lockstep:default:connect"] * 2
    assert sent[0][1].startswith("SELECT pg_catalog.pg_backend_pid() AS backend_pid")
    assert sent[1][1].startswith("WITH ")
    assert not [text for _, text in sent if "advisory" in text or "lockstep.ledger (" in text]
    with psycopg.connect(shop.database) as connection:
        rows = connection.execute("SELECT outcome, seconds IS NOT NULL FROM lockstep.boots")
        assert rows.fetchall() == [("completed", True)] * 2


def test_a_verified_schema_costs_one_more(logged: Server, shop: Project, cluster: Server) -> None:
    """With a schema.lock one statement more is sent: the token, the verdict and the boot's record; still without a lock."""
    assert shop.run("snapshot", "--scratch", cluster.conninfo()).status == 0
    statements(logged, shop, "up")

    sent = statements(logged, shop, "up")

    assert [name for name, _ in sent] == ["lockstep:default:connect"] * 3
    assert sent[2][1].startswith("SELECT pg_catalog.set_config('search_path', 'pg_catalog'")
    assert not [text for _, text in sent if "advisory" in text]
    with psycopg.connect(shop.database) as connection:
        rows = connection.execute("SELECT outcome, seconds IS NOT NULL FROM lockstep.boots")
        assert rows.fetchall() == [("completed", True)] * 2


def test_a_file_takes_two_round_trips(logged: Server, shop: Project) -> None:
    """One restores the session and sees the lock, one has the file from BEGIN to COMMIT with its ledger row."""
    sent = statements(logged, shop, "up")

    of_files = [text for name, text in sent if name.startswith("lockstep:default:migration:")]
    begun = [text for text in of_files if text.startswith("BEGIN;SET LOCAL lock_timeout = 500;")]
    assert len(begun) == 2
    assert len([text for name, text in sent if text.startswith("SET SESSION AUTHORIZATION")]) == 3


def test_the_text_of_a_file_is_sent_as_it_is(logged: Server, shop: Project) -> None:
    """Not a character of it is replaced, or interpreted as a place for a value."""
    text = "SELECT '%', '%s', '%%', '%(a)s', '{}', '{0}', '$1', ':a', 'ü日\\n', E'\\\\' FROM (SELECT 1) t;"
    shop.migration("0003_odd.sql", f"\t {text} -- 100%\r\n")

    sent = "\n".join(line for _, line in statements(logged, shop, "up"))

    assert f"BEGIN;SET LOCAL lock_timeout = 500;\t {text} -- 100%\n" in sent + "\n"
