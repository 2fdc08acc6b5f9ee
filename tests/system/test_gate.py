"""The gate: whoever reaches for the database before the schema is final is told so, with the place; nobody gets through."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep.testing import Project, Server, private_cluster, until

if TYPE_CHECKING:
    from tests.system.conftest import Launched, Observer

    Launch = Callable[..., Launched]

GATE = 6060
CONTENT = "CREATE TABLE IF NOT EXISTS content (id bigint);"
AT_IMPORT = """
import lockstep

database = lockstep.Database()
database.connection()  # here
"""
IN_THE_CONSTRUCTOR = """
import lockstep

database = lockstep.Database()

class Cache:
    name, after, critical, needs = "cache", (), True, lockstep.Needs()

    def __init__(self):
        self.entered = database.connection().__aenter__()  # here

application = lockstep.Application(name="shop", database=database, services=(Cache(),))
"""
WHILE_LISTENING = """
import asyncio
import lockstep

database = lockstep.Database()

async def listen():
    async with database.listening("content"):  # here
        pass

asyncio.run(listen())
"""
AS_A_PROBE = """
import asyncio
import lockstep

database = lockstep.Database()

async def look():
    await database.probe()  # here

asyncio.run(look())
"""
AHEAD_OF_ITS_TURN = """
import atexit, threading, time
import lockstep
from lockstep import LockstepError

database = lockstep.Database()

def note(text):
    with open("notes.txt", "a") as notes:
        notes.write(text + "\\n")

def reach():
    try:
        database.connection()  # here
    except LockstepError as error:
        note(f"{error.code} {error.place.line} {error.why}")
        return False
    note("open")
    return True

def reach_until_open():
    while not reach():
        time.sleep(0.01)

class Eager:
    name, after, critical, needs = "eager", (), True, lockstep.Needs()

    def __init__(self):
        threading.Thread(target=reach_until_open, daemon=True).start()

    async def start(self, database):
        note("start")

    async def stop(self):
        note("stop")

    def health(self):
        return lockstep.ServiceHealth(ok=True)

application = lockstep.Application(name="shop", database=database, services=(Eager(),))
atexit.register(reach)
"""


def write(project: Project, text: str) -> int:
    """Write the application; return the line that bears the mark."""
    project.migration("0001_create_content.sql", CONTENT)
    (project.root / "eager.py").write_text(text)
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.endswith("# here"))


@pytest.mark.parametrize(
    "text",
    [AT_IMPORT, IN_THE_CONSTRUCTOR, WHILE_LISTENING, AS_A_PROBE],
    ids=["import", "init", "listening", "probe"],
)
def test_reaching_for_the_database_at_import_names_the_line(
    project: Project, observer: Observer, text: str
) -> None:
    """A module, a service's constructor, a LISTEN, a probe: exit 70 before anything was touched."""
    line = write(project, text)

    ended = project.run("serve", "eager:application", "--json", "--port", "0")

    assert (ended.status, ended.error["code"]) == (70, "LS602"), ended.stderr
    assert ended.error["where"] == f"{project.root.resolve() / 'eager.py'}:{line}"
    assert f"eager.py:{line} " in ended.error["what"]
    assert "after step 5" in ended.error["why"]
    assert ended.error["next"]
    assert observer.value("SELECT to_regclass('content')") is None


def test_a_service_that_does_not_wait_for_its_turn_is_kept_out(
    project: Project, launch: Launch, observer: Observer
) -> None:
    """Shut while migrations run, open after them, shut again after the stop; each time with the caller's line."""
    line = write(project, AHEAD_OF_ITS_TURN)
    project.migration("0002_wait.sql", f"SELECT pg_advisory_xact_lock({GATE});")
    notes = project.root / "notes.txt"
    observer.shut(GATE)
    serving = launch("serve", "eager:application", "--port", "0", LOCKSTEP_LOCK_TIMEOUT="60s")
    observer.at_gate(GATE)
    seen = len(notes.read_text().splitlines())
    until(lambda: len(notes.read_text().splitlines()) > seen, what="one more refusal")

    assert set(notes.read_text().splitlines()) == {
        f"LS602 {line} The database may be used only after step 5, when the schema is final."
    }
    observer.open(GATE)
    serving.event("BootCompleted")
    until(lambda: "open" in notes.read_text().splitlines())
    serving.signal(signal.SIGTERM)
    assert serving.finish().status == 0
    assert notes.read_text().splitlines()[-2:] == [
        "stop",
        f"LS602 {line} The application is stopping: the pool is closed.",
    ]


@pytest.fixture
def talkative() -> Iterator[Server]:
    """A server of the test's own that logs who says what, and who connects."""
    settings = {
        "log_statement": "all",
        "log_connections": "on",
        "log_line_prefix": "<%a|%d> ",
    }
    with private_cluster(settings=settings) as server:
        yield server


def test_nobody_else_says_anything_before_the_schema_is_final(
    talkative: Server, tmp_path: Path
) -> None:
    """In the server's log of a whole boot no other application connects or speaks before the boot lock is given back."""
    with psycopg.connect(talkative.conninfo(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE shop")
    project = Project(tmp_path / "project", talkative.conninfo("shop"))
    project.migration("0001_create_content.sql", CONTENT)
    project.migration(
        "0002_index.sql",
        "-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS content_id ON content (id);",
    )
    project.seed(
        "0001_first.sql", "INSERT INTO content SELECT 1 WHERE NOT EXISTS (SELECT FROM content);"
    )
    shutil.copy(Path(__file__).with_name("shop.py"), project.root)
    needs = {"content": ["id"]}
    shop = json.dumps({"services": [{"name": "scheduler", "start": "run", "needs": needs}]})
    with project.start("serve", "shop:application", "--port", "0", "--json", SHOP=shop) as serving:
        assert serving.stdout is not None
        assert any('"BootCompleted"' in line for line in serving.stdout)
        serving.terminate()

    said = re.findall(r"^<([^|\n]*)\|shop> \w+:  (.*)", talkative.log(), re.MULTILINE)
    final = next(n for n, (_, text) in enumerate(said) if "pg_advisory_unlock" in text)
    before = {name for name, _ in said[:final]} - {"[unknown]"}
    assert before
    assert {name for name in before if not name.startswith("lockstep:")} == set()
    speakers = [name for name, text in said if text.startswith(("statement", "execute"))]
    assert "lockstep:shop:migration:0001_create_content.sql" in speakers[:final]
    assert "shop" in speakers[final:]
    assert not any("application_name=shop" in text for _, text in said[:final])
    assert any("application_name=shop" in text for _, text in said[final:])
    assert serving.returncode == 0


def serve(project: Project, launch: Launch, pool: str) -> Launched:
    """Start the shop with one service and a pool of its own address."""
    project.migration("0001_create_content.sql", CONTENT)
    shutil.copy(Path(__file__).with_name("shop.py"), project.root)
    shop = json.dumps({"services": [{"name": "scheduler"}]})
    return launch("serve", "shop:application", "--port", "0", SHOP=shop, DATABASE_URL=pool)


def test_the_pool_bears_the_name_of_the_application(
    project: Project, launch: Launch, observer: Observer
) -> None:
    """Whatever name its connection string gives: in pg_stat_activity operators find the application."""
    serving = serve(project, launch, make_conninfo(project.database, application_name="psql"))
    serving.event("BootCompleted")

    assert "scheduler is known as ('shop',)" in (project.root / "notes.txt").read_text()
    query = "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    assert set(observer.rows(query)) - {"lockstep:shop:record"} == {"shop"}


def test_a_pool_that_cannot_connect_is_refused_at_once(
    project: Project, launch: Launch, observer: Observer
) -> None:
    """With the server's own words, not after a timeout of half a minute; no service starts, HTTP stays shut: exit 69."""
    ended = serve(project, launch, make_conninfo(project.database, user="nobody_here")).finish()

    assert (ended.status, ended.error["code"]) == (69, "LS201")
    assert re.search('FATAL.*"nobody_here"', ended.error["why"])
    assert "DATABASE_URL" in ended.error["next"]
    assert not (project.root / "notes.txt").exists()
    assert "HttpListening" not in [event["event"] for event in ended.events]
    assert observer.value("SELECT seconds < 15 FROM lockstep.boots")


def test_a_pool_to_another_database_is_refused(project: Project, launch: Launch) -> None:
    """Services would use a database that nobody migrated: exit 78, both named."""
    ended = serve(project, launch, make_conninfo(project.database, dbname="postgres")).finish()

    migrated = conninfo_to_dict(project.database)["dbname"]
    assert (ended.status, ended.error["code"]) == (78, "LS101")
    assert f"reaches database 'postgres', but the boot '{migrated}'" in ended.error["what"]
    assert not (project.root / "notes.txt").exists()


def test_a_pool_with_a_malformed_address_is_refused_before_any_migration(
    project: Project, launch: Launch, observer: Observer
) -> None:
    """A setting is wrong: that is known in step 0."""
    host = quote(str(conninfo_to_dict(project.database)["host"]), safe="")
    ended = serve(project, launch, f"postgresql://shop@{host}:port/shop").finish()

    assert (ended.status, ended.error["code"]) == (78, "LS101")
    assert observer.value("SELECT to_regclass('content')") is None
