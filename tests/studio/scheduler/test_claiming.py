"""What is broken is set aside, with the reason: it keeps nothing else from being published, and is tried again."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from studio.scheduler.policy import Policy

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.scheduler.conftest import Stage

REFUSE = """
create function refuse() returns trigger language plpgsql as $$
begin
    raise exception 'this piece is cursed';
end
$$;
create trigger refuse before update on content for each row when ({}) execute function refuse()
"""
UNREADABLE = """
alter table content rename to pieces;
create view content as select * from pieces where id <> {0} or 1 / (id - {0}) > 0
"""
READABLE = "drop view content; alter table pieces rename to content"


async def lifted(shelf: Shelf) -> None:
    """Refuse no longer; in a thread, for it waits for transactions of this very loop."""
    await asyncio.to_thread(shelf.run, "drop trigger refuse on content")


def test_a_poisoned_piece_does_not_stop_the_others(
    stage: Stage, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """One row that cannot be claimed is set aside; the rest goes out, and it does too once it is mended."""
    cursed, *others = [shelf.add() for _ in range(5)]
    shelf.run(REFUSE.format(f"old.id = {cursed}"))

    async def story() -> None:
        async with stage.scheduler(stage.platform(), Policy(poll=0.3)) as service:
            await stage.seen(lambda: shelf.count("published") == len(others), "the others")
            await stage.seen(lambda: "out_of_reach" in service.health().details, "the trouble")
            said = service.health().details["out_of_reach"]
            assert (said["set_aside"], said["content"]) == (1, cursed)
            assert "this piece is cursed" in said["reason"]
            assert service.health().ok
            later = shelf.add()
            await stage.seen(lambda: shelf.row(later)["status"] == "published", "a newer one")
            await lifted(shelf)
            await stage.seen(lambda: shelf.row(cursed)["status"] == "published", "the mended one")
            await stage.seen(lambda: "out_of_reach" not in service.health().details, "no trouble")

    stage.play(story)
    said = [record.getMessage() for record in caplog.records]
    aside = [line for line in said if "is set aside:" in line]
    assert len(aside) == 1
    assert aside[0].startswith(
        f"content {cursed} is set aside: RaiseException: this piece is cursed"
    )


def test_new_content_is_published_when_the_backlog_cannot_be_loaded(
    stage: Stage, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """A row that makes reading the backlog fail: why is said, what becomes due later is published, and then the backlog."""
    caplog.set_level(logging.INFO)
    broken, old = shelf.add("-1 minute"), shelf.add("-1 minute")
    shelf.run(UNREADABLE.format(broken))

    async def story() -> None:
        async with stage.scheduler(stage.platform(), Policy(poll=0.3)) as service:
            await stage.seen(lambda: "out_of_reach" in service.health().details, "the trouble")
            said = service.health().details["out_of_reach"]
            assert said["backlog"] == "cannot be loaded"
            assert "division by zero" in said["reason"]
            new = shelf.add("0.2 s")
            await stage.seen(
                lambda: shelf.run("select status from pieces where id = %s", new)[0] == "published",
                "new",
            )
            assert shelf.run("select status from pieces where id = %s", old)[0] == "scheduled"
            shelf.run(READABLE)
            await stage.seen(lambda: shelf.count("published") == 3, "the backlog")
            await stage.seen(lambda: service.health().ok, "health")
            assert "out_of_reach" not in service.health().details

    stage.play(story)
    text = caplog.text
    assert "the backlog cannot be loaded: ValueRefused: division by zero" in text
    assert "the backlog can be loaded again" in text


def test_when_nothing_can_be_claimed_health_says_so(stage: Stage, shelf: Shelf) -> None:
    """An error that all pieces share is no matter of single pieces: the scheduler is failing until it is mended."""
    for _ in range(3):
        shelf.add()
    shelf.run(REFUSE.format("true"))

    async def story() -> None:
        async with stage.scheduler(stage.platform(), Policy(poll=0.3)) as service:
            await stage.seen(lambda: service.health().word == "failing", "the trouble in health")
            assert "cursed" in service.health().details["reason"]
            await lifted(shelf)
            await stage.seen(lambda: shelf.count("published") == 3, "all of it")
            await stage.seen(lambda: service.health().ok, "health")

    stage.play(story)


def test_an_outcome_that_is_refused_does_not_hold_up_the_others(stage: Stage, shelf: Shelf) -> None:
    """What cannot be written is tried again until it can, and its platform is not asked twice."""
    cursed, *others = [shelf.add() for _ in range(5)]
    shelf.run(REFUSE.format(f"old.id = {cursed} and new.status = 'published'"))
    platform = stage.platform()

    async def story() -> None:
        async with stage.scheduler(platform, Policy(poll=0.3)) as service:
            await stage.seen(lambda: shelf.count("published") == len(others), "the others")
            await stage.seen(lambda: not service.health().ok, "the trouble in health")
            await lifted(shelf)
            await stage.seen(lambda: shelf.row(cursed)["status"] == "published", "the mended one")
            await stage.seen(lambda: service.health().ok, "health")

    stage.play(story)
    assert len(platform.asked) == 5
