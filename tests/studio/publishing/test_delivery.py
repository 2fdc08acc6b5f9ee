"""A message goes only where it may, and no receiver can hold us up, fill our memory or send us elsewhere."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from studio.publishing.addresses import TargetRefused
from studio.publishing.delivery import Bounds, Courier, Reply, Undelivered

LOCAL = ["127.0.0.0/8"]
QUICK = Bounds(connect=5, read=0.3, total=0.6, body=1000)
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Receiver:
    """A server of raw bytes: what it was sent, and where it listens."""

    port: int = 0
    requests: list[str] = field(default_factory=list)

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        """Return an address that leads here."""
        return f"http://{host}:{self.port}{path}"


@asynccontextmanager
async def receiver(*answers: bytes | Behaviour) -> AsyncIterator[Receiver]:
    """Serve *answers* one after the other, the last one for ever; what is left over is cut off at the end."""
    seen = Receiver()
    left = list(answers)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.lower().partition("content-length:")[2].split()[0])
            seen.requests.append(head + (await reader.readexactly(length)).decode())
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Return an answer as bytes."""
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def leading_to(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """Return a resolver for which every name leads to *addresses*, the second time to a place inside."""
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return addresses if asked.count(host) == 1 else ["169.254.169.254"]

    return resolve


def post(courier: Courier, *answers: bytes | Behaviour, host: str = "127.0.0.1") -> Reply:
    """Deliver a message to a receiver that answers so."""

    async def story() -> Reply:
        async with receiver(*answers) as place:
            return await courier.post(place.url(host), {"x-test": "1"}, b"{}")

    return asyncio.run(story())


def test_a_message_and_its_answer() -> None:
    """Headers and body arrive, under the name that was asked for; status and body come back."""

    async def story() -> None:
        async with receiver(answer(201, b'{"id": 1}')) as place:
            courier = Courier(LOCAL, resolve=leading_to("127.0.0.1"))
            reply = await courier.post(place.url("hook.example"), {"x-test": "1"}, b"{}")
            assert (reply.status, reply.body, reply.whole) == (201, b'{"id": 1}', True)
            (request,) = place.requests
            assert request.startswith("POST /hook HTTP/1.1\r\n")
            assert f"host: hook.example:{place.port}\r\n" in request.lower()
            assert "x-test: 1\r\n" in request.lower()
            assert request.endswith("\r\n\r\n{}")

    asyncio.run(story())


def test_a_name_that_changes_its_mind_changes_nothing() -> None:
    """It is asked once for a connection, and the connection goes to what it said then."""
    reply = post(
        Courier(LOCAL, resolve=leading_to("127.0.0.1")), answer(200), host="rebind.example"
    )
    assert reply.status == 200


def test_a_name_that_is_also_private_is_not_connected_to() -> None:
    """Not even at its public address."""
    courier = Courier(LOCAL, resolve=leading_to("127.0.0.1", "10.0.0.1"))
    with pytest.raises(TargetRefused, match=r"mixed.example leads to 10.0.0.1, which is private"):
        post(courier, answer(200), host="mixed.example")


def test_the_next_address_is_tried_if_nobody_is_at_the_first() -> None:
    """As browsers do it."""
    with socket.socket() as bound:  # bound, but nobody listens
        bound.bind(("127.0.0.2", 0))

        async def story() -> None:
            async with receiver(answer(204)) as place:
                courier = Courier(LOCAL, resolve=leading_to("127.0.0.2", "127.0.0.1"))
                assert (await courier.post(place.url("two.example"), {}, b"")).status == 204

        asyncio.run(story())


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "169.254.169.254",
        "１２７.０.０.１",
    ],
)
def test_no_way_to_write_an_inside_address_works(host: str) -> None:
    """Whatever the system takes for a number, a name of this machine, IPv4 in IPv6: nothing is sent."""

    async def story() -> None:
        async with receiver(answer(200)) as place:
            with pytest.raises(TargetRefused, match="leads to"):
                await Courier().post(place.url(host), {}, b"")
            assert place.requests == []

    asyncio.run(story())


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:8080/",
        "http://[::ffff:10.0.0.1]/",
        "http://2852039166/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://user:pass@example.com/",
        "http://[",
        "http://example.com:25/",
    ],
)
def test_a_redirect_to_the_inside_is_not_followed(place: str) -> None:
    """Each step is checked like the first one; here only 127.0.0.1, where the receiver is, is allowed."""

    async def story() -> None:
        async with receiver(answer(307, b"", f"location: {place}")) as there:
            with pytest.raises(TargetRefused):
                await resolving_to_receiver().post(there.url("start.example"), {}, b"")
            assert len(there.requests) == 1

    asyncio.run(story())


def resolving_to_receiver() -> Courier:
    """Return a courier to whom only 127.0.0.1, by the name ``start.example``, is outside."""
    from studio.publishing.delivery import resolve

    async def named(host: str, port: int) -> Sequence[str]:
        if host == "start.example":
            return ["::ffff:127.0.0.1"]
        found = await resolve(host, port)
        return ["127.0.1.1" if address == "127.0.0.1" else address for address in found]

    return Courier(["127.0.0.1/32"], resolve=named)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_followed_with_the_whole_message(status: int) -> None:
    """Up to three times, and the path may be relative."""
    again = answer(status, b"", "location: /next?a=b")

    async def story() -> None:
        async with receiver(again, again, again, answer(200, b"ok")) as place:
            reply = await Courier(LOCAL).post(place.url(), {"x-test": "1"}, b"{}")
            assert reply.body == b"ok"
            assert len(place.requests) == 4
            assert place.requests[3].startswith("POST /next?a=b ")
            assert place.requests[3].endswith("{}")

    asyncio.run(story())


def test_redirects_without_end_are_given_up() -> None:
    """After the third one nothing more is sent."""

    async def story() -> None:
        async with receiver(answer(308, b"", "location: /")) as place:
            with pytest.raises(TargetRefused, match="more than 3 times"):
                await Courier(LOCAL).post(place.url(), {}, b"")
            assert len(place.requests) == 4

    asyncio.run(story())


async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def dripping(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send an endless head, byte by byte."""
    writer.write(b"HTTP/1.1 200 X\r\nx: ")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(0.02)


async def dripping_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say yes at once, then go on without end, byte by byte."""
    writer.write(b"HTTP/1.1 200 X\r\ncontent-length: 1000000\r\n\r\n")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(0.02)


async def flooding(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a hundred megabytes."""
    writer.write(b"HTTP/1.1 200 X\r\ncontent-length: 100000000\r\n\r\n")
    for _ in range(100):
        writer.write(b"a" * 1_000_000)
        await writer.drain()


async def nonsense(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak another protocol."""
    writer.write(b"220 mail.example ESMTP\r\n")


async def many_headers(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a head of many megabytes."""
    writer.write(b"HTTP/1.1 200 X\r\n")
    for _ in range(100_000):
        writer.write(b"x: " + b"a" * 100 + b"\r\n")
        await writer.drain()


async def hanging_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Close at once."""


@pytest.mark.parametrize("behaviour", [silent, dripping, nonsense, many_headers, hanging_up])
def test_a_receiver_that_does_not_answer_is_given_up(behaviour: Behaviour) -> None:
    """Silence, one byte at a time, another protocol, an endless head: within bounds there is an end to it."""
    with pytest.raises(Undelivered):
        post(Courier(LOCAL, QUICK), behaviour)


@pytest.mark.parametrize("behaviour", [flooding, dripping_body])
def test_a_yes_counts_whatever_follows(behaviour: Behaviour) -> None:
    """What comes after the head is read within bounds of size and time, and undoes nothing."""
    reply = post(Courier(LOCAL, Bounds(read=1, body=1000)), behaviour)
    assert (reply.status, reply.whole) == (200, False)
    assert len(reply.body) <= 1000


def test_a_yes_counts_when_the_time_for_it_is_over() -> None:
    """The bound on the whole is for the way to the answer; its body has one of its own."""
    bounds = Bounds(read=2.5, total=2, body=1_000_000)
    reply = post(Courier(LOCAL, bounds), dripping_body)
    assert (reply.status, reply.whole) == (200, False)


def test_an_answer_is_not_unpacked() -> None:
    """Compressed bytes are taken as they are: a small answer cannot become a large one."""
    packed = answer(200, b"\x1f\x8b\x08\x00bomb", "content-encoding: gzip")
    assert post(Courier(LOCAL), packed).body == b"\x1f\x8b\x08\x00bomb"


def test_a_name_that_is_not_found_may_be_found_later() -> None:
    """It is no refusal."""

    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(Undelivered, match=r"gone.example was not found"):
        post(Courier(resolve=nowhere), answer(200), host="gone.example")


def test_a_name_server_that_is_silent_is_given_up() -> None:
    """The bound on the whole covers looking for the name."""

    async def never(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(Undelivered, match=r"no answer within 0.6 s"):
        post(Courier(bounds=QUICK, resolve=never), answer(200), host="slow.example")


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name again, and could not check it."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post(Courier(LOCAL), answer(200)).status == 200
