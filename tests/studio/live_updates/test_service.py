"""Clients hear of every change of their own content once, in order, from whichever instance, and of nobody else's."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from studio.live_updates.cursor import Cursor
from studio.live_updates.hub import Full
from studio.live_updates.policy import Close
from studio.live_updates.service import NotYours

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.live_updates.conftest import Instance, Live

pytestmark = pytest.mark.anyio
RECORD = "insert into content_action_history (content_id, user_id, action) values (%s, 'u', %s)"
DISCONNECT = (
    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    " where datname = current_database() and application_name = 'live updates under test'"
)


def change(shelf: Shelf, content: int, action: str = "edit") -> None:
    """Write one change into the history."""
    shelf.run(RECORD, content, action)


def other_user(shelf: Shelf) -> int:
    """Add somebody else with a piece of content; return that."""
    shelf.run("insert into users (id, email) values ('v', 'v@example.com')")
    return shelf.add(user_id="v")


async def test_a_change_on_one_instance_is_seen_on_another(live: Live, shelf: Shelf) -> None:
    """Both tell their clients what happened and how the content is now."""
    content = shelf.add(title="Rye")
    async with (
        live.running() as one,
        live.running() as two,
        one.peer() as near,
        two.peer() as far,
    ):
        change(shelf, content, "schedule")
        await live.seen(lambda: near.changes and far.changes, "the change on both")
        assert near.changes == far.changes
        (told,) = far.changes
        assert (told["content_id"], told["action"]) == (content, "schedule")
        assert told["history_id"] == shelf.run("select max(id) from content_action_history")[0]
        assert (told["content"]["title"], told["content"]["status"]) == ("Rye", "scheduled")


async def test_changes_of_others_never_arrive(live: Live, shelf: Shelf) -> None:
    """Whoever did it, it is the content's owner who hears: live, after having been away, and nobody else."""
    mine, theirs = shelf.add(), other_user(shelf)
    async with live.running() as instance, instance.peer() as u, instance.peer("v") as v:
        begin = u.cursor
        change(shelf, theirs, "theirs")  # written by u
        change(shelf, mine, "mine")
        await live.seen(lambda: u.changes and v.changes, "both")
        assert [c["action"] for c in u.changes] == ["mine"]
        assert [c["action"] for c in v.changes] == ["theirs"]
        async with instance.peer("v", after=begin) as again:
            await live.seen(lambda: again.changes, "what was missed")
            assert [c["action"] for c in again.changes] == ["theirs"]


async def test_a_deletion_is_told(live: Live, shelf: Shelf) -> None:
    """Its history is gone with it, the event is not."""
    content = shelf.add()
    change(shelf, content)
    async with live.running() as instance, instance.peer() as peer:
        shelf.run("delete from content where id = %s", content)
        await live.seen(lambda: peer.changes, "the deletion")
        (told,) = peer.changes
        assert (told["content_id"], told["action"], told["content"]) == (content, "delete", None)


async def test_a_project_is_watched_alone(live: Live, shelf: Shelf) -> None:
    """With a project, only its content is told of, also what has just left it; another's project is refused."""
    other_user(shelf)
    (project,) = shelf.run("insert into projects (user_id, name) values ('u', 'A') returning id")
    (theirs,) = shelf.run("insert into projects (user_id, name) values ('v', 'B') returning id")
    inside, outside = shelf.add(project_id=project), shelf.add()
    async with live.running() as instance, instance.peer(project=project) as peer:
        change(shelf, outside, "outside")
        change(shelf, inside, "inside")
        shelf.run(
            "insert into content_action_history (content_id, action, before, after) values"
            " (%s, 'move', jsonb_build_object('project_id', %s::bigint), '{\"project_id\": \"x\"}')",
            outside,
            project,
        )
        await live.seen(lambda: len(peer.changes) == 2, "two changes")
        assert [c["action"] for c in peer.changes] == ["inside", "move"]
        for wrong in (theirs, project + theirs):
            with pytest.raises(NotYours):
                await instance.service.admit("u", "s", wrong)
        assert instance.service.health().details["clients"] == 1


async def test_commits_out_of_order_leave_no_gap(live: Live, at_head: str, shelf: Shelf) -> None:
    """A change whose number was drawn first and that is committed last is told live, and once, also to who comes back."""
    content = shelf.add()
    async with live.running() as instance, instance.peer() as stays:
        begin = stays.cursor
        async with await psycopg.AsyncConnection.connect(at_head) as late:
            await late.execute(RECORD, (content, "first drawn"))
            change(shelf, content, "first committed")
            await live.seen(lambda: stays.changes, "the one that is committed")
            between = stays.cursor
            async with instance.peer(after=begin) as early:
                await live.seen(lambda: early.changes, "the same")
                await late.commit()
                await live.seen(
                    lambda: len(stays.changes) == len(early.changes) == 2, "the late one"
                )
        async with instance.peer(after=between) as back, instance.peer(after=begin) as whole:
            await live.seen(lambda: back.changes and len(whole.changes) == 2, "what was missed")
        assert [c["action"] for c in back.changes] == ["first drawn"]
        assert stays.ids == early.ids == sorted(stays.ids, reverse=True)
        assert whole.ids == sorted(stays.ids)


async def test_nobody_waits_for_a_long_transaction(live: Live, at_head: str, shelf: Shelf) -> None:
    """Somebody else's open transaction holds no event back."""
    content = shelf.add()
    async with live.running() as instance, instance.peer() as peer:
        long = await psycopg.AsyncConnection.connect(at_head)
        async with long:
            await long.execute("create table long_at_work ()")
            change(shelf, content)
            await live.seen(lambda: peer.changes, "the change")


async def test_coming_back_after_too_long_means_to_load_anew(live: Live, shelf: Shelf) -> None:
    """More than a frame holds, a cursor of yesterday, or of another server: one reset, then life goes on."""
    content = shelf.add()
    async with live.running() as instance:
        async with instance.peer() as peer:
            begin = peer.cursor
        shelf.run(
            "insert into content_action_history (content_id, action)"
            " select %s, 'edit' from generate_series(1, 201)",
            content,
        )
        strange = Cursor(begin.at, "900000000000:900000000001:")
        for after in (begin, Cursor(begin.at - 3601, begin.snapshot), strange):
            async with instance.peer(after=after) as back:
                await live.seen(lambda: back.of("reset"), "the reset")
                change(shelf, content)
                await live.seen(lambda: back.changes, "the next change")
                assert len(back.changes) == 1


async def test_a_slow_client_is_closed_and_the_others_are_not(live: Live, shelf: Shelf) -> None:
    """Who takes nothing has a bounded queue and then the code 1013; it can come back for what it missed."""
    policy = {"queue_messages": 3, "send_within": 0.2}
    content = shelf.add()
    async with live.running(**policy) as instance, instance.peer() as quick:
        client = await instance.service.admit("u", "s")
        async with instance.serving(client) as slow:
            await live.seen(lambda: slow.got, "hello")
            cursor = slow.cursor
            slow.reading.clear()
            for count in range(1, 12):
                change(shelf, content)
                await live.seen(lambda n=count: len(quick.changes) == n, "the change")  # type: ignore[misc]
                assert client.queued <= 3
            await live.seen(
                lambda: instance.figure("backpressure", "slow_clients") == 1, "the verdict"
            )
            slow.reading.set()
            await live.seen(lambda: slow.closed, "the end")
            assert slow.closed == Close.TOO_SLOW
        assert instance.figure("closed", "by_code") == {"1013": 1}
        assert instance.figure("backpressure", "dropped") > 0
        assert instance.figure("backpressure", "queued") == 0
        async with instance.peer(after=cursor) as back:
            await live.seen(lambda: len(back.changes) == 11, "all that was missed")
        assert back.ids == quick.ids


async def test_who_reads_nothing_at_all_is_let_go(live: Live, shelf: Shelf) -> None:
    """One message that is not taken is enough, and nobody waits until the farewell is."""
    content = shelf.add()
    async with (
        live.running(send_within=0.05, farewell_within=0.05) as instance,
        instance.peer() as peer,
    ):
        peer.reading.clear()
        change(shelf, content)
        await live.seen(lambda: instance.figure("closed", "by_code") == {"1013": 1}, "the end")
        assert (peer.changes, peer.closed) == ([], None)
        assert instance.figure("connections", "current") == 0


async def test_who_gives_no_sign_of_life_is_closed(live: Live, shelf: Shelf) -> None:
    """A heartbeat that is answered goes on, with its round trip counted; one that is not ends with 4408."""
    shelf.run("insert into sessions values ('s', '{\"user_id\": \"u\"}', now() + '1 day')")
    policy = {"heartbeat": 0.1, "pong_within": 1.0}
    async with live.running(**policy) as instance:
        async with instance.peer() as alive, instance.peer() as dead:
            answered = 0

            def both() -> bool:
                nonlocal answered
                for ping in alive.of("ping")[answered:]:
                    answered += 1
                    alive.say(type="pong", n=ping["n"])
                return dead.closed is not None

            await live.seen(both, "the end of the dead one")
            assert (dead.closed, alive.closed) == (Close.NO_PONG, None)
            assert len(dead.of("ping")) == 1
            assert answered > 2
        assert instance.figure("heartbeat", "missed") == 1
        assert len(instance.figure("heartbeat", "round_trips_ms")) > 2


@pytest.mark.parametrize(
    "ending",
    [
        "delete from sessions where sid = 's'",
        "update sessions set expire = now() where sid = 's'",
        "update users set is_active = false",
    ],
)
async def test_a_session_that_is_over_ends_its_connections(
    live: Live, shelf: Shelf, ending: str
) -> None:
    """Signed out, expired or the account closed: 4401 with the next heartbeat, and only then."""
    for sid in ("s", "t"):
        shelf.run("insert into sessions values (%s, '{\"user_id\": \"u\"}', now() + '1 day')", sid)
    policy = {"heartbeat": 0.05}
    async with live.running(**policy) as instance, instance.peer() as peer:
        for _ in range(2):
            await live.seen(lambda: peer.of("ping"), "a heartbeat")
            assert peer.closed is None
            peer.say(type="pong", n=peer.got.pop()["n"])
        shelf.run(ending)

        def over() -> bool:
            if pings := peer.of("ping"):
                peer.say(type="pong", n=pings[-1]["n"])
            return peer.closed is not None

        await live.seen(over, "the end")
        assert peer.closed == Close.SESSION_OVER


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no json", Close.GARBLED),
        ("[" * 1000, Close.GARBLED),
        ("[]", Close.GARBLED),
        ("x" * 1025, Close.TOO_BIG),
        (None, Close.UNSUPPORTED),
    ],
)
async def test_what_is_no_message_of_a_client_ends_it(
    live: Live, text: str | None, code: Close
) -> None:
    """Binary, large or broken messages close the connection with the code that says so."""
    async with live.running() as instance, instance.peer() as peer:
        peer.say(type="of a newer release")
        peer.say(type="pong", n=99)
        if text is None:
            peer.say_bytes(b"\0")
        else:
            peer.say(text)
        await live.seen(lambda: peer.closed, "the end")
        assert peer.closed == code


async def test_a_flood_of_messages_is_refused(live: Live) -> None:
    """A burst passes, more than that is closed with 1008."""
    async with live.running() as instance, instance.peer() as peer:
        for _ in range(100):
            peer.say(type="pong", n=0)
        await live.seen(lambda: peer.closed, "the end")
        assert peer.closed == Close.TOO_MANY
        assert 15 <= instance.figure("messages", "in") <= 30


async def test_connections_are_limited(live: Live, shelf: Shelf) -> None:
    """For each user, and for the instance; a place that was left can be taken."""
    policy = {"clients_per_user": 2, "clients": 3}
    async with live.running(**policy) as instance:
        async with instance.peer(), instance.peer("v"), instance.peer("w"):
            with pytest.raises(Full) as full:
                await instance.service.admit("x", "s")
            assert full.value.code == "instance_full"
        async with instance.peer(), instance.peer():
            with pytest.raises(Full) as full:
                await instance.service.admit("u", "s")
            assert full.value.code == "too_many_connections"
        assert instance.service.health().details["clients"] == 0


async def test_lost_connections_cost_nothing_but_time(live: Live, shelf: Shelf) -> None:
    """The server ends every connection of the instance, several times: all is told, once, and notifications come again."""
    content = shelf.add()
    async with live.running() as instance, instance.peer() as peer:
        for _ in range(3):
            shelf.run(DISCONNECT)
            for _ in range(5):
                change(shelf, content)
            await live.seen(lambda: instance.service.health().ok, "recovery")
        change(shelf, content, "the last")
        await live.seen(
            lambda: peer.changes and peer.changes[-1]["action"] == "the last", "the last"
        )
        assert peer.ids == shelf.run("select id from live_events order by id")
        assert instance.service.health().details["reconnects"] >= 1


async def _hop(instances: list[Instance], stop: asyncio.Event, got: list[int]) -> None:
    """Be connected to one instance after another, for a moment each, and note everything that is told."""
    after: Cursor | None = None
    chance = random.Random(7)
    while not stop.is_set() or after is None:
        async with chance.choice(instances).peer(after=after) as peer:
            await asyncio.sleep(chance.random() * 0.03)
        assert peer.of("reset") == []
        got.extend(peer.ids)
        after = peer.cursor
    async with instances[0].peer(after=after) as peer:
        pass  # what was missed came together with hello
    got.extend(peer.ids)


async def _write(conninfo: str, contents: list[int], seed: int) -> None:
    """Write changes in transactions that overlap, some rolled back, some within savepoints."""
    chance = random.Random(seed)
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        for _ in range(40):
            await connection.execute(RECORD, (contents[seed], "edit"))
            await asyncio.sleep(chance.random() * 0.01)
            async with connection.transaction():
                await connection.execute(RECORD, (contents[seed], "in a savepoint"))
            await (connection.rollback() if chance.random() < 0.2 else connection.commit())


async def test_resuming_under_concurrent_writers_loses_and_repeats_nothing(
    live: Live, at_head: str, shelf: Shelf
) -> None:
    """Clients that hop between instances while five write get together exactly what is committed."""
    contents = [shelf.add() for _ in range(5)]
    stop = asyncio.Event()
    got: list[list[int]] = [[], [], []]
    async with live.running() as one, live.running() as two, live.running() as lonely:
        # At the third nobody else is: it begins to tell anew each time.
        places = [one, two], [one, two], [lonely]
        hopping = [
            asyncio.create_task(_hop(list(where), stop, ids))
            for where, ids in zip(places, got, strict=True)
        ]
        await asyncio.gather(*(_write(at_head, contents, seed) for seed in range(5)))
        stop.set()
        await asyncio.gather(*hopping)
    committed: list[Any] = shelf.run("select id from live_events order by id")
    assert len(committed) > 200
    for ids in got:
        assert sorted(ids) == committed
