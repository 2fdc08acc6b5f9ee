"""Ask an address over HTTP as a stranger does: a new connection each time, no redirect followed, nothing remembered."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from lockstep.values import dataclass

TIMEOUT = 10.0
_LONGEST_BODY = 1 << 20


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
        words = self.body[:200].decode("utf-8", "replace").strip()
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
        body = response.read(_LONGEST_BODY)
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(url, response.status, found, body, time.monotonic() - begun)
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return Answer(url, 0, {}, b"", time.monotonic() - begun, said)
    finally:
        connection.close()


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
