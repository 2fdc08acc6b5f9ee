"""The database goes away in the middle of a boot, or is there for another role; and a boot that must not touch it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep.embedded import start
from lockstep.errors import DatabaseUnreachable, LockstepError
from lockstep.testing import Project, Recorder, until

if TYPE_CHECKING:
    from tests.system.conftest import Launched, Observer

    Boot = Callable[..., Recorder]
    Launch = Callable[..., Launched]

ITEMS = "CREATE SCHEMA IF NOT EXISTS shop; CREATE TABLE IF NOT EXISTS shop.items (id bigint PRIMARY KEY);"
GATE = f"{ITEMS}\nSELECT pg_advisory_xact_lock(1);\nINSERT INTO shop.items VALUES (1) ON CONFLICT (id) DO NOTHING;"
APPLICATION = """
import lockstep

class Reader:
    name, after, critical = "reader", (), True
    needs = lockstep.Needs({"shop.items": ("id",)})

    async def start(self, database):
        async with database.connection() as connection:
            await connection.execute("SELECT id FROM shop.items")

    async def stop(self):
        pass

    def health(self):
        return lockstep.ServiceHealth(True)

application = lockstep.Application(name="shop", services=(Reader(),))
"""


@pytest.fixture
def restartable() -> Iterator[Path]:
    """A directory for a PostgreSQL that is stopped and started again."""
    root = Path(tempfile.mkdtemp(prefix="lockstep-restart-"))
    yield root
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def reader(database: str, observer: Observer) -> Iterator[str]:
    """Connect as a role that may connect, and nothing else."""
    name = f"reader_{conninfo_to_dict(database)['dbname']}"
    observer.rows(f"CREATE ROLE {name} LOGIN")
    yield make_conninfo(database, user=name)
    observer.rows(f"DROP OWNED BY {name}")
    observer.rows(f"DROP ROLE {name}")


@pytest.fixture
def served(project: Project) -> Project:
    """A project with a service that needs a table, to be served on a free port."""
    project.migration("0001_items.sql", ITEMS)
    (project.root / "app.py").write_text(APPLICATION)
    return project


def boot_in_thread(boot: Boot, **environment: str) -> Callable[[], LockstepError | None]:
    """Boot in a thread; what is returned waits for its end and returns its error."""
    failures: list[LockstepError] = []

    def run() -> None:
        try:
            boot(**environment)
        except LockstepError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def ended() -> LockstepError | None:
        thread.join()
        return failures[0] if failures else None

    return ended


def test_a_connection_that_is_lost_in_a_file_leaves_nothing_of_it(
    project: Project, boot: Boot, observer: Observer
) -> None:
    """Exit 69 with the server's words; the next boot does the work."""
    project.migration("0001_items.sql", GATE)
    observer.shut(1)
    ended = boot_in_thread(boot)

    observer.terminate(observer.at_gate(1))
    error = ended()
    left = observer.value("SELECT to_regnamespace('shop')")
    observer.open(1)
    boot()

    assert isinstance(error, DatabaseUnreachable)
    assert error.exit_status == 69
    assert "terminating connection due to administrator command" in error.what
    assert left is None
    assert observer.rows("SELECT id FROM shop.items") == [1]


def test_a_server_that_is_restarted_in_a_file(
    project: Project, boot: Boot, restartable: Path
) -> None:
    """A fast shutdown ends the boot with 69; on the server that comes back the next boot does the work."""
    project.migration("0001_items.sql", GATE)
    with start(restartable, durable=False) as first:
        with psycopg.connect(first.conninfo(), autocommit=True) as shutting:
            shutting.execute("SELECT pg_advisory_lock(1)")
            ended = boot_in_thread(boot, LOCKSTEP_DATABASE_URL=first.conninfo())
            waits = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            until(lambda: shutting.execute(waits).fetchall(), what="a boot at the gate")
            first.stop()
        error = ended()

    with start(restartable, durable=False) as second:
        boot(LOCKSTEP_DATABASE_URL=second.conninfo())
        with psycopg.connect(second.conninfo()) as connection:
            rows = connection.execute("SELECT id FROM shop.items").fetchall()

    assert isinstance(error, DatabaseUnreachable)
    assert rows == [(1,)]


def test_a_port_that_is_taken_is_found_before_any_migration(
    served: Project, observer: Observer
) -> None:
    """Exit 73, naming the process that has it; the database is as it was."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = served.run("serve", "app:application", PORT=str(taken.getsockname()[1]))

    assert ended.status == 73
    assert f"pid {os.getpid()}" in ended.stderr
    assert Path(sys.executable).name in ended.stderr
    assert (
        observer.rows("SELECT nspname FROM pg_namespace WHERE nspname IN ('lockstep', 'shop')")
        == []
    )


@pytest.mark.long
def test_a_pool_of_a_role_that_may_not_read_gets_the_grants(
    served: Project, database: str, reader: str, launch: Launch, observer: Observer
) -> None:
    """The boot migrates as one role, the services read as another: exit 79 with what to grant, once, and then it serves."""
    environment = {"DATABASE_URL": reader, "PORT": "0"}

    refused = served.run("serve", "app:application", "--json", **environment)
    (problem,) = refused.error["problems"]
    for grant in re.findall(r"GRANT [^;]*;", problem["next"]):
        observer.rows(grant)
    serving = launch("serve", "app:application", **environment)
    serving.event("BootCompleted")
    serving.signal(signal.SIGTERM)

    assert refused.status == 79
    assert "service 'reader' needs table shop.items to be readable by role" in problem["what"]
    assert serving.finish().status == 0


def test_a_table_in_a_schema_that_is_hidden_is_not_called_missing(
    served: Project, reader: str, observer: Observer
) -> None:
    """Without USAGE on schema public the services' role does not even see the table; no migration is to blame."""
    served.migration("0002_plain.sql", "CREATE TABLE IF NOT EXISTS plain (id bigint);")
    app = served.root / "app.py"
    app.write_text(app.read_text().replace('{"shop.items": ("id",)}', '{"plain": ()}'))
    observer.rows("REVOKE USAGE ON SCHEMA public FROM PUBLIC")

    refused = served.run("serve", "app:application", "--json", DATABASE_URL=reader, PORT="0")

    (problem,) = refused.error["problems"]
    assert refused.status == 79
    assert problem["next"].startswith('GRANT USAGE ON SCHEMA "public" TO "reader_')
