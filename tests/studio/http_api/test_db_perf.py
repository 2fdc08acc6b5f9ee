"""`/api/db/perf`: whole for operators, limited where a right or an extension is missing, and never late."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.studio.conftest import bring_up

from lockstep.testing import Server, private_cluster, until
from studio.operations.sections import SECTIONS

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.conftest import Studio as Process
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
PERF = "/api/db/perf"
ALL = {section.name for section in SECTIONS}


async def seen(look: Callable[[], object], what: str) -> None:
    """Wait until something is to be seen, without standing in its way."""
    await asyncio.to_thread(until, look, what=what)


async def asked(browser: httpx.AsyncClient) -> dict[str, Any]:
    """Ask until the report is whole."""
    while True:
        answer = await browser.get(PERF)
        assert answer.status_code == 200, answer.text
        report = dict(answer.json())
        if report["database"] != "slow":
            return report


@pytest.fixture
async def operator(studio: Studio) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of somebody who may ask."""
    yield await studio.sign_in("olga@example.com", role="admin")
    await studio.parts.watch.close()


async def test_only_operators_are_told(studio: Studio, operator: httpx.AsyncClient) -> None:
    """Without a session 401, with somebody else's 403; a session that is over counts no more."""
    nobody, dana = await studio.browser(), await studio.sign_in("dana@example.com")
    assert [(await one.get(PERF)).status_code for one in (nobody, dana)] == [401, 403]
    await asked(operator)
    cookies = dict(operator.cookies)
    assert (await operator.post("/api/auth/logout")).status_code < 300
    nobody.cookies.update(cookies)
    assert (await nobody.get(PERF)).status_code == 401


async def test_every_group_answers(operator: httpx.AsyncClient) -> None:
    """On this server all groups are there, and only statistics of statements are limited: their extension is not created."""
    report = await asked(operator)
    assert (report["database"], report["reason"]) == ("ready", None)
    assert set(report["groups"]) == ALL
    limited = {name: group for name, group in report["groups"].items() if group["limited"]}
    assert list(limited) == ["top_statements"], limited
    assert limited["top_statements"]["fix"] == "CREATE EXTENSION pg_stat_statements;"
    assert {"public.content", "public.users"} <= names(report, "table_sizes")
    assert {"public.content_id_seq"} <= names(report, "sequences")
    (limit,) = report["groups"]["connection_limit"]["items"]
    assert limit["used"] >= 2
    assert report["pool"]["pool_size"] >= 1


def names(report: dict[str, Any], group: str) -> set[str]:
    """The names in a group."""
    return {item["name"] for item in report["groups"][group]["items"]}


async def test_what_is_wrong_is_warned_of_with_what_helps(
    operator: httpx.AsyncClient, shelf: Shelf, at_head: str
) -> None:
    """An invalid index, a sequence near its end, a statement that waits for a lock, without the values in it."""
    shelf.run("create sequence almost maxvalue 100 start 95")
    shelf.run("select nextval('almost')")
    shelf.run("insert into users (id, email) values ('v', 'v@example.com')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        shelf.run("create unique index concurrently half on users ((true))")
    async with waiting_for_a_lock(at_head):
        report = await asked(operator)
    fixes = {warning["group"]: warning["fix"] for warning in report["warnings"]}
    assert fixes["invalid_indexes"] == "REINDEX INDEX CONCURRENTLY public.half;"
    assert "public.almost" in next(
        warning["what"] for warning in report["warnings"] if warning["group"] == "sequences"
    )
    found = {one["query"]: one for one in report["groups"]["blocked"]["items"]}
    blocked = found["update users set first_name = ? where id = ?"]
    assert blocked["blocker_query"] == "select ? from users for update"
    assert blocked["blocker_state"] == "idle in transaction"


@asynccontextmanager
async def waiting_for_a_lock(conninfo: str) -> AsyncIterator[None]:
    """During the block one connection holds a row, and another one waits for it."""
    async with AsyncExitStack() as stack:
        holder = await stack.enter_async_context(await psycopg.AsyncConnection.connect(conninfo))
        waiter = await stack.enter_async_context(await psycopg.AsyncConnection.connect(conninfo))
        await holder.execute("select 'secret' from users for update")
        waits = asyncio.create_task(
            waiter.execute("update users set first_name = 'secret' where id = 'u'")
        )
        look = "select 1 from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"
        with psycopg.connect(conninfo, autocommit=True) as watcher:
            pid = waiter.info.backend_pid
            await seen(lambda: watcher.execute(look, [pid]).fetchone(), "the wait")
        yield
        await holder.rollback()
        await waits


async def test_without_rights_it_says_which_one_would_help(
    studio: Studio, operator: httpx.AsyncClient, at_head: str
) -> None:
    """A role that may not see what others do gets the rest, and the command that would show it all."""
    with psycopg.connect(at_head, autocommit=True) as connection:
        connection.execute('create role "Plain" login in role pg_signal_backend')
        connection.execute('grant select, update on all tables in schema public to "Plain"')
    await studio.parts.watch.close()
    parameters = conninfo_to_dict(at_head)
    studio.database._aside |= {**parameters, "user": "Plain"}
    try:
        report = await asked(operator)
    finally:
        await studio.parts.watch.close()
        with psycopg.connect(at_head, autocommit=True) as connection:
            connection.execute('drop owned by "Plain"; drop role "Plain"')
    groups = report["groups"]
    for name in ("connections", "blocked", "advisory_locks"):
        assert groups[name]["fix"] == 'GRANT pg_monitor TO "Plain";', name
    assert groups["table_sizes"]["items"]
    assert groups["table_sizes"]["limited"] is None


async def test_it_answers_while_the_pool_is_exhausted(
    studio: Studio, operator: httpx.AsyncClient
) -> None:
    """With every connection lent and somebody waiting the report is whole, and says so."""
    async with AsyncExitStack() as lent:
        for _ in range(4):
            await lent.enter_async_context(studio.database.connection())
        waits = asyncio.create_task(studio.database.identity())
        await seen(lambda: studio.database.statistics().get("requests_waiting"), "the wait")
        report = await asked(operator)
    await waits
    assert report["database"] == "ready"
    (warning,) = [one for one in report["warnings"] if one["group"] == "pool"]
    assert warning["what"] == "the pool is exhausted: 1 wait for one of 4 connections"


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server that may be stopped, with statistics of statements."""
    with private_cluster(settings={"shared_preload_libraries": "pg_stat_statements"}) as server:
        yield server


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    """Stop every process of the server, as a machine that hangs does."""
    with psycopg.connect(server.conninfo()) as connection:
        (pid,) = connection.execute("select pg_backend_pid()").fetchone() or (0,)
        postmaster = parent_of(pid)
    processes = [postmaster, *children_of(postmaster)]
    tell_all(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        tell_all(processes, signal.SIGCONT)


def tell_all(processes: list[int], number: signal.Signals) -> None:
    """Send a signal to those that are still there."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def parent_of(pid: int) -> int:
    """The process that began a process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def children_of(pid: int) -> list[int]:
    """The processes that a process began."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def test_health_and_report_answer_while_everything_hangs(
    studio_process: Process, own_server: Server, tmp_path: Path
) -> None:
    """Pool exhausted, then the server stopped: both addresses answer and say so; afterwards all is well again."""
    database = make_conninfo(own_server.conninfo(), dbname="hanging")
    with psycopg.connect(own_server.conninfo(), autocommit=True) as connection:
        connection.execute("create database hanging")
    bring_up(tmp_path / "up", database, {"LOCKSTEP_RELEASE": "hanging"})
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create extension pg_stat_statements")
    process = type(studio_process)(tmp_path, database)
    with process.serving(LOCKSTEP_ENV="test") as url, httpx.Client(base_url=url, timeout=4) as olga:
        become_operator(olga, database)
        whole = wait_for(olga, "ready")
        assert whole["groups"]["top_statements"]["items"]
        assert not [name for name, group in whole["groups"].items() if group["limited"]]
        known = wait_for_schema(olga)
        with pool_exhausted(database, olga):
            health = wait_for_health(olga, "slow")
            assert health["status"] == "degraded"
            report = olga.get(PERF).json()
            assert [one["group"] for one in report["warnings"]].count("pool") == 1, report
        with stopped(own_server):
            health = wait_for_health(olga, "slow")
            assert health["status"] == "degraded"
            report = wait_for(olga, "slow")
            assert "not answered in time" in report["reason"]
            # What was known a moment ago is still shown, also on the operator's page.
            assert olga.get("/api/db/schema").json()["ledger"] == known["ledger"]
            page = olga.get("/operator")
            assert (page.status_code, known["ledger"]["items"][0]["release"]) == (200, "hanging")
            assert "hanging" in page.text
            # Whom it does not know by now it cannot let in; it says why.
            assert httpx.get(f"{url}{PERF}", timeout=4).status_code == 401
            stranger = httpx.get(f"{url}{PERF}", timeout=4, cookies={"studio_session": "x"})
            assert stranger.status_code == 503
        wait_for_health(olga, "ready")
        wait_for(olga, "ready")


def become_operator(browser: httpx.Client, database: str) -> None:
    """Register, and be made an operator."""
    account = {"email": "olga@example.com", "password": "a long and quiet evening"}
    answer = browser.post("/api/auth/register", json=account)
    assert answer.status_code == 201, answer.text
    with psycopg.connect(database) as connection:
        connection.execute("update users set role = 'admin'")


def wait_for(browser: httpx.Client, word: str) -> dict[str, Any]:
    """Ask for the report until it says that of the database."""
    while True:
        answer = browser.get(PERF)
        if answer.status_code == 200 and answer.json()["database"] == word:
            return dict(answer.json())


def wait_for_schema(browser: httpx.Client) -> dict[str, Any]:
    """Ask how the schema is until it is known."""
    while (report := dict(browser.get("/api/db/schema").json()))["ledger"] is None:
        pass
    return report


def wait_for_health(browser: httpx.Client, word: str) -> dict[str, Any]:
    """Ask for health until it says that of the database."""
    while (health := dict(browser.get("/api/health").json()))["database"] != word:
        pass
    return health


@contextmanager
def pool_exhausted(database: str, browser: httpx.Client) -> Iterator[None]:
    """Lock a table, and have more requests wait for it than the pool has connections."""
    with psycopg.connect(database) as holder:
        holder.execute("lock table content in access exclusive mode")
        cookies, url = dict(browser.cookies), str(browser.base_url)
        threads = [
            threading.Thread(
                target=lambda: httpx.get(f"{url}/api/content", cookies=cookies, timeout=30)
            )
            for _ in range(14)
        ]
        for thread in threads:
            thread.start()
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'studio'"
        with psycopg.connect(database, autocommit=True) as watcher:
            while (watcher.execute(waiting).fetchone() or (0,))[0] < 8:
                pass
        yield
        holder.rollback()
        for thread in threads:
            thread.join()
