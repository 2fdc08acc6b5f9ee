"""Ask an address over HTTP as a stranger does: a new connection each time, no redirect followed, nothing remembered."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from lockstep.interrupt import Interrupt
from lockstep.values import dataclass

TIMEOUT = 10.0
_LONGEST_BODY = 1 << 20
_AT_ONCE = 1 << 14
_LOOK = 0.05
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``status`` is 0 where nothing did, and ``error`` says why. Names of headers are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    error: str = ""

    @property
    def json(self) -> Any:
        """Return the body as JSON; None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def __str__(self) -> str:
        if not self.status:
            return self.error
        words = " ".join(self.body[:_SHOWN].decode("utf-8", "replace").split())
        target = f" to {self.headers['location']}" if "location" in self.headers else ""
        return f"{self.status}{target} {words}".strip()


def ask(url: str, *, timeout: float = TIMEOUT, headers: Mapping[str, str] | None = None) -> Answer:
    """GET *url*; never raises for what the other side does."""
    begun = time.monotonic()
    parts = urlsplit(url)
    connection = _connection(parts, timeout)
    try:
        path = parts.path or "/"
        query = f"?{parts.query}" if parts.query else ""
        connection.request("GET", path + query, headers={"Accept": "*/*", **(headers or {})})
        response = connection.getresponse()
        body = _body(response, begun + timeout)
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(url, response.status, found, body, time.monotonic() - begun)
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = " ".join(f"{type(error).__name__}: {error}".removesuffix(": ").split())[:_SHOWN]
        return Answer(url, 0, {}, b"", time.monotonic() - begun, said)
    finally:
        connection.close()


def _body(response: http.client.HTTPResponse, until: float) -> bytes:
    """Read what fits; each piece may take the whole timeout, all of them together may not."""
    found = b""
    while len(found) < _LONGEST_BODY and (piece := response.read1(_AT_ONCE)):
        found += piece
        if time.monotonic() > until:
            raise TimeoutError("the answer does not end")
    return found


def ask_at_once(urls: Sequence[str], interrupt: Interrupt) -> list[Answer]:
    """GET them all, each in a thread of its own; raises ``Interrupted`` without waiting for what does not answer."""
    answers: dict[int, Answer] = {}

    def one(at: int, url: str) -> None:
        answers[at] = ask(url)

    for at, url in enumerate(urls):
        threading.Thread(target=one, args=(at, url), daemon=True).start()
    until = time.monotonic() + 2 * TIMEOUT
    while len(answers) < len(urls) and time.monotonic() < until:
        interrupt.sleep(_LOOK)
    return [
        answers.get(at)
        or Answer(url, 0, {}, b"", 2 * TIMEOUT, "TimeoutError: its answer does not end")
        for at, url in enumerate(urls)
    ]


def address_of(text: str) -> str:
    """Return *text* without a path, if it is where a service may answer; raises ``ValueError`` with what is wrong with it."""
    parts = urlsplit(text)
    if parts.username is not None:
        raise ValueError("it names a user, and health is asked as a stranger")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("an address begins with https:// or http:// and names a host")
    if parts.port == 0:
        raise ValueError("nothing answers at port 0")
    return urlunsplit((parts.scheme, parts.netloc, "", "", ""))


def _connection(parts: SplitResult, timeout: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            host, parts.port, timeout=timeout, context=ssl.create_default_context()
        )
    return http.client.HTTPConnection(host, parts.port, timeout=timeout)


def certificate_days(url: str, *, timeout: float = TIMEOUT) -> float:
    """Return for how many days the certificate of *url* is valid; raises ``OSError`` (``ssl.SSLError``) if it is not."""
    import socket

    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 443)
    context = ssl.create_default_context()
    with (
        socket.create_connection(address, timeout) as plain,
        context.wrap_socket(plain, server_hostname=address[0]) as secured,
    ):
        end = (secured.getpeercert() or {}).get("notAfter", "")
    return (ssl.cert_time_to_seconds(str(end)) - time.time()) / 86400
