"""A rolling deploy: the old release serves while the new one boots, and keeps what it needs."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from lockstep.testing import Project, until

if TYPE_CHECKING:
    from tests.system.conftest import Launched, Observer

    Launch = Callable[..., Launched]

APPLICATION = """
import json, os
import lockstep

class Scheduler:
    name, after, critical = "scheduler", (), True
    needs = lockstep.Needs({"content": json.loads(os.environ["COLUMNS"])})

    async def start(self, database):
        pass

    async def stop(self):
        pass

    def health(self):
        return lockstep.ServiceHealth(ok=True)

application = lockstep.Application(name="shop", services=(Scheduler(),))
"""
BEFORE_IT_WAS_KEPT = "DROP TABLE lockstep.needs; UPDATE lockstep.bookkeeping SET version = 1"
KEPT = "SELECT release FROM lockstep.needs WHERE lease_until > clock_timestamp() ORDER BY release"
OLD, NEW = {"id": "bigint", "note": "text"}, {"id": "bigint", "remark": "text"}


@pytest.fixture
def shop(project: Project) -> Project:
    """A project with a service whose columns the environment names."""
    project.migration(
        "0001_content.sql", "CREATE TABLE IF NOT EXISTS content (id bigint PRIMARY KEY, note text);"
    )
    (project.root / "shop.py").write_text(APPLICATION)
    return project


def release(name: str, columns: dict[str, str]) -> dict[str, str]:
    """The environment of a release."""
    return {"LOCKSTEP_RELEASE": name, "COLUMNS": json.dumps(columns), "LOCKSTEP_LINT": "report"}


def serve(launch: Launch, name: str, columns: dict[str, str]) -> Launched:
    """Start a release on a free port."""
    return launch("serve", "shop:application", "--port", "0", **release(name, columns))


def stop(*serving: Launched) -> None:
    """Let them end in order."""
    for one in serving:
        one.signal(signal.SIGTERM)
        assert one.finish().status == 0


def seen(observer: Observer, *releases: str) -> None:
    """Wait until exactly these releases are kept."""
    until(lambda: observer.rows(KEPT) == list(releases), what=f"the needs of {releases}")


def test_a_file_that_would_break_the_old_release_waits_for_its_end(
    shop: Project, launch: Launch, observer: Observer
) -> None:
    """Refused with 79 while it serves, before anything ran, as plan and status say beforehand; the same release boots once the old one has stopped."""
    old = serve(launch, "v1", OLD)
    old.event("BootCompleted")
    seen(observer, "v1")
    shop.migration("0002_remark.sql", "ALTER TABLE content ADD COLUMN IF NOT EXISTS remark text;")
    shop.migration("0003_drop.sql", "ALTER TABLE content DROP COLUMN IF EXISTS note;")

    foretold = [
        shop.run(command, "--json", **release("v2", NEW), LOCKSTEP_APP="shop")
        for command in ("plan", "status")
    ]
    refused = serve(launch, "v2", NEW).finish()
    columns = observer.rows(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'content'::regclass AND attnum > 0"
    )
    stop(old)
    seen(observer)
    new = serve(launch, "v2", NEW)
    new.event("BootCompleted")
    seen(observer, "v2")
    stop(new)

    assert foretold[0].status == 79
    assert [one.stdout.count("takes away column content.note") for one in foretold] == [1, 1]
    assert (refused.status, refused.error["code"]) == (79, "LS604")
    (problem,) = refused.error["problems"]
    assert problem["where"].startswith("migrations/0003_drop.sql:1:1")
    assert (
        "takes away column content.note from service 'scheduler' of release 'v1' of 'shop'"
        in problem["what"]
    )
    assert "-- lockstep: breaking" in problem["next"]
    assert columns == ["id", "note"]
    assert observer.rows(KEPT) == []


def test_a_good_file_rolls_out_beside_the_old_release(
    shop: Project, launch: Launch, observer: Observer
) -> None:
    """Several replicas of both at once: none waits for another, each is kept, and all stop in order."""
    old = [serve(launch, "v1", OLD) for _ in range(2)]
    for one in old:
        one.event("BootCompleted")
    shop.migration("0002_remark.sql", "ALTER TABLE content ADD COLUMN IF NOT EXISTS remark text;")

    new = [serve(launch, "v2", NEW) for _ in range(3)]
    for one in new:
        one.event("BootCompleted")
    seen(observer, "v1", "v1", "v2", "v2", "v2")
    stop(*old, *new)

    assert observer.rows(KEPT) == []


@pytest.mark.long
def test_a_killed_release_is_forgotten_when_its_lease_is_over(
    shop: Project, launch: Launch, observer: Observer
) -> None:
    """Nobody takes its row away; until then a file that breaks it is refused."""
    old = serve(launch, "v1", OLD)
    old.event("BootCompleted")
    seen(observer, "v1")
    old.kill()
    shop.migration("0002_drop.sql", "ALTER TABLE content DROP COLUMN IF EXISTS note;")

    refused = shop.run("up", **release("v2", NEW), LOCKSTEP_APP="shop")
    observer.rows("UPDATE lockstep.needs SET lease_until = clock_timestamp()")
    done = shop.run("up", **release("v2", NEW), LOCKSTEP_APP="shop")

    assert (refused.status, done.status) == (79, 0)


@pytest.mark.long
def test_an_earlier_bookkeeping_gets_the_table_with_the_next_file(
    shop: Project, launch: Launch, observer: Observer
) -> None:
    """A boot with nothing to do takes no lock and makes nothing; the one with a file does, and who runs is kept from then on."""
    assert shop.run("up", **release("v1", OLD), LOCKSTEP_APP="shop").status == 0
    observer.rows(BEFORE_IT_WAS_KEPT)
    old = serve(launch, "v1", OLD)
    old.event("BootCompleted")
    made = observer.value("SELECT to_regclass('lockstep.needs')")

    shop.migration("0002_remark.sql", "ALTER TABLE content ADD COLUMN IF NOT EXISTS remark text;")
    assert shop.run("up", **release("v2", NEW), LOCKSTEP_APP="shop").status == 0
    bookkeeping = observer.rows("SELECT version FROM lockstep.bookkeeping")
    again = serve(launch, "v1b", OLD)
    again.event("BootCompleted")
    until(lambda: "v1b" in observer.rows(KEPT), what="the needs of v1b")
    stop(old, again)

    assert made is None
    assert "LockObtained" not in [event["event"] for event in old.seen]
    assert bookkeeping == [2]


def test_through_a_lock_nobody_waits_for_the_keeping(
    shop: Project, launch: Launch, observer: Observer
) -> None:
    """Somebody holds the table: the boot is complete, and its end is orderly."""
    assert shop.run("up", **release("v1", OLD), LOCKSTEP_APP="shop").status == 0
    with observer.holding("LOCK TABLE lockstep.needs"):
        serving = serve(launch, "v1", OLD)
        serving.event("BootCompleted")
    assert not [e for e in serving.seen if e["event"] == "NeedsNotKept"]
    stop(serving)
