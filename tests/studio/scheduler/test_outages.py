"""The scheduler goes on whatever happens to the database: connections cut, nobody let in, the schema broken under its feet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from lockstep import Database
from lockstep.testing import Server
from studio.content.model import Claim
from studio.scheduler.policy import Policy
from studio.scheduler.service import ContentScheduler

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.scheduler.conftest import Stage


def test_a_terminated_connection_is_survived(stage: Stage, shelf: Shelf) -> None:
    """An idle scheduler whose connections are cut goes on as if nothing had been."""

    def published(pieces: int) -> bool:
        return shelf.count("published") == pieces

    async def story() -> None:
        async with stage.scheduler(stage.platform(), Policy(poll=0.1)) as service:
            await stage.seen(lambda: service.health().details["last_tick"], "a first tick")
            for pieces in range(1, 4):
                assert stage.disconnect()
                shelf.add()
                await stage.seen(partial(published, pieces), "the next one")
            await stage.seen(lambda: service.health().ok, "health")

    stage.play(story)


def test_a_database_that_is_away_is_waited_for(stage: Stage, shelf: Shelf, cluster: Server) -> None:
    """While nobody can connect, health says so; when the database is back, what is due is published."""
    name = psycopg.conninfo.conninfo_to_dict(stage.conninfo)["dbname"]

    def allow(answer: str) -> None:
        with psycopg.connect(cluster.conninfo(), autocommit=True) as admin:
            admin.execute(f'alter database "{name}" allow_connections {answer}'.encode())

    async def story() -> None:
        async with stage.scheduler(stage.platform(), Policy(poll=0.1)) as service:
            await stage.seen(lambda: service.health().details["last_tick"], "a first tick")
            allow("false")
            stage.disconnect()
            await stage.seen(
                lambda: service.health().word == "reconnecting", "the outage in health"
            )
            assert not service.health().ok
            assert service.health().details["reason"]
            shelf.add()
            allow("true")
            await stage.seen(lambda: shelf.count("published"), "the publication", within=40)
            await stage.seen(lambda: service.health().ok, "health")

    stage.play(story)


def test_an_answer_is_not_lost_with_the_connection(stage: Stage, shelf: Shelf) -> None:
    """If the database goes away while the platform answers, the outcome is written later, and nobody asks twice."""
    content = shelf.add()

    async def cut(_claim: Claim) -> None:
        stage.disconnect()

    platform = stage.platform(cut)

    async def story() -> None:
        async with stage.scheduler(platform) as service:
            await stage.seen(lambda: shelf.count("published"), "the outcome")
            await stage.seen(lambda: service.health().ok, "health")

    stage.play(story)
    assert platform.asked == [(content, 1)]
    assert shelf.publications(content) == [(1, "succeeded")]


def test_a_column_that_vanishes_is_named(
    stage: Stage, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """A schema that is broken under its feet shows in health and log, with the column and its file; mended, the work goes on."""

    async def story() -> None:
        async with stage.scheduler(stage.platform(), Policy(poll=0.1)) as service:
            await stage.seen(lambda: service.health().details["last_tick"], "a first tick")
            await asyncio.to_thread(
                shelf.run, "alter table content rename column can_publish to may_publish"
            )
            await stage.seen(
                lambda: service.health().word == "schema not ready", "the trouble in health"
            )
            assert "can_publish" in service.health().details["reason"]
            await stage.seen(lambda: "0004_create_content.sql" in caplog.text, "the file")
            await asyncio.to_thread(
                shelf.run, "alter table content rename column may_publish to can_publish"
            )
            shelf.add()
            await stage.seen(lambda: shelf.count("published"), "the publication")
            await stage.seen(lambda: service.health().ok, "health")

    stage.play(story)
    said = [record.getMessage() for record in caplog.records]
    assert said.count("❌ Content table schema is not ready") == 1
    assert [line for line in said if "needs column content.can_publish" in line]


def test_the_listener_is_made_anew(stage: Stage, shelf: Shelf) -> None:
    """When its connection dies health says so, and soon edits wake the scheduler again."""
    calm = Policy(poll=3600, lease=3600)

    async def story() -> None:
        async with stage.scheduler(stage.platform(), calm) as service:

            def listener() -> object:
                return service.health().details["listener"]

            await stage.seen(lambda: listener() == "listening", "ears")
            assert stage.disconnect("LISTEN") == 1
            await stage.seen(lambda: listener() == "reconnecting", "deafness in health")
            await stage.seen(lambda: listener() == "listening", "ears again")
            shelf.add()
            await stage.seen(lambda: shelf.count("published"), "the publication")

    stage.play(story)


def test_what_was_not_heard_is_found_by_the_poll(stage: Stage, shelf: Shelf) -> None:
    """Without the trigger nothing wakes the scheduler, and the slow poll finds what is due all the same."""
    shelf.run("drop trigger content_notify_of_new on content")

    async def story() -> None:
        async with stage.scheduler(stage.platform(), Policy(poll=0.2)) as service:
            await stage.seen(lambda: service.health().details["last_tick"], "a first tick")
            shelf.add()
            await stage.seen(lambda: shelf.count("published"), "the publication")

    stage.play(story)


class Distant(Database):
    """A database whose answer to a commit is long under way: its notifications come first."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """Lend a connection."""
        async with super().connection() as connection:
            yield connection
        await asyncio.sleep(0.2)


def test_a_retry_heard_of_too_early_is_not_missed(stage: Stage, shelf: Shelf) -> None:
    """The notification of its new time finds it still in hand; it is tried again all the same, and not with the next poll."""
    content = shelf.add()
    platform = stage.platform(stage.break_down, stage.accept)

    async def story() -> None:
        database = Distant()
        await database.open(stage.conninfo, "scheduler under test")
        service = ContentScheduler(platform, Policy(poll=60, lease=30, first_pause=0.05))
        await service.start(database)
        await stage.seen(lambda: shelf.count("published"), "the second attempt")
        await service.stop()
        await database.close()

    stage.play(story)
    assert platform.asked == [(content, 1), (content, 2)]
