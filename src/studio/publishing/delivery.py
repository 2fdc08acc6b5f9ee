"""Carries one message to an address that somebody else chose, and brings the answer back; nothing on the way is trusted.

The name is resolved once, every address it has is checked, and the connection goes to one of those very addresses: a name
that changes its mind in between changes nothing. Each redirect is checked like the first address. No connection is used
twice, for two names on one address would share it, and with it the certificate of the first.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from studio.publishing.addresses import (
    Address,
    Target,
    TargetRefused,
    checked,
    read_target,
)

if TYPE_CHECKING:
    import httpx

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
# 303 says: fetch something else; the other four say: bring it there.
_REDIRECTS = frozenset({301, 302, 307, 308})


class Undelivered(Exception):
    """There is no answer: nobody is there, it took too long, or it was no HTTP."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how much; durations are in seconds.

    ``total`` is for the way to the answer's head, all redirects included; its body may take ``read`` more.
    """

    connect: float = 3.0
    read: float = 4.0
    total: float = 8.0
    body: int = 65_536
    redirects: int = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answered; ``body`` is what came of it in time and within bounds, ``whole`` whether that is all."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


@dataclass(frozen=True, slots=True)
class _Errand:
    headers: Mapping[str, str]
    body: bytes
    bound: asyncio.Timeout


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, as the system finds them."""
    loop = asyncio.get_running_loop()
    ask = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await loop.run_in_executor(_resolvers(), ask)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class Courier:
    """Delivers messages to the public internet, and into the private networks that are allowed."""

    def __init__(
        self,
        allowed: Sequence[str] = (),
        bounds: Bounds = Bounds(),
        *,
        resolve: Resolve = resolve,
    ) -> None:
        """*allowed* are networks: ``10.1.0.0/16``."""
        self._allowed = tuple(ip_network(text) for text in allowed)
        self._bounds = bounds
        self._resolve = resolve

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Deliver *body*; raise ``TargetRefused`` for where it must not go, ``Undelivered`` if there is no answer."""
        try:
            async with asyncio.timeout(self._bounds.total) as bound:
                return await self._follow(read_target(url), _Errand(headers, body, bound))
        except TimeoutError:
            raise Undelivered(f"no answer within {self._bounds.total:g} s") from None

    async def _follow(self, target: Target, errand: _Errand) -> Reply:
        for _ in range(self._bounds.redirects + 1):
            reply = await self._send(target, errand)
            place = reply.headers.get("location")
            if reply.status not in _REDIRECTS or not place:
                return reply
            target = _redirected(target, place)
        raise TargetRefused(f"redirected more than {self._bounds.redirects} times")

    async def _send(self, target: Target, errand: _Errand) -> Reply:
        import httpx

        addresses = await self._addresses(target)
        async with httpx.AsyncClient(
            verify=_certificates(),
            trust_env=False,  # a proxy would resolve the name again
            timeout=httpx.Timeout(self._bounds.read, connect=self._bounds.connect),
            limits=httpx.Limits(max_keepalive_connections=0),
        ) as client:
            for number, address in enumerate(addresses, start=1):
                try:
                    return await self._exchange(client, target, address, errand)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    if number == len(addresses):
                        raise Undelivered(_reason(target, error)) from error
                except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
                    raise Undelivered(_reason(target, error)) from error
        raise AssertionError("a name has at least one address")

    async def _addresses(self, target: Target) -> list[Address]:
        try:
            found = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise Undelivered(f"{target.host} was not found: {error}") from error
        return checked(target, found, self._allowed)

    async def _exchange(
        self, client: httpx.AsyncClient, target: Target, address: Address, errand: _Errand
    ) -> Reply:
        request = client.build_request(
            "POST",
            target.url_at(address),
            # Not compressed: a small answer must not become a large one here.
            headers={**errand.headers, "host": target.authority, "accept-encoding": "identity"},
            content=errand.body,
            extensions={"sni_hostname": target.host},
        )
        response = await client.send(request, stream=True)
        try:
            if response.status_code in _REDIRECTS:
                return Reply(response.status_code, response.headers, b"", whole=False)
            errand.bound.reschedule(None)
            content, whole = await self._read(response)
        finally:
            await response.aclose()
        return Reply(response.status_code, response.headers, content, whole)

    async def _read(self, response: httpx.Response) -> tuple[bytes, bool]:
        """Read the answer's body. Its head has said what counts: one that does not come whole undoes nothing."""
        import httpx

        content = bytearray()
        try:
            async with asyncio.timeout(self._bounds.read):
                async for chunk in response.aiter_raw():
                    content += chunk
                    if len(content) > self._bounds.body:
                        return bytes(content[: self._bounds.body]), False
        except (TimeoutError, httpx.HTTPError):
            return bytes(content), False
        return bytes(content), True


def _redirected(target: Target, place: str) -> Target:
    try:
        following = read_target(urljoin(target.url, place))
    except ValueError as error:
        raise TargetRefused(f"{target.host} redirects to where nothing is sent: {error}") from None
    if (target.scheme, following.scheme) == ("https", "http"):
        raise TargetRefused(f"{target.host} redirects from https to http")
    return following


@functools.cache
def _resolvers() -> ThreadPoolExecutor:
    # Threads of their own: a name server that is silent must hold up nobody else's work.
    return ThreadPoolExecutor(4, thread_name_prefix="resolve")


@functools.cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


def _reason(target: Target, error: Exception) -> str:
    return f"{target.host}: {error or type(error).__name__}"
