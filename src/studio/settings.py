"""What the studio is told by its environment, as one frozen value; everything that is wrong is said at once.

Where the database is, the port and all that concerns booting are the engine's settings (``LOCKSTEP_*``).
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol
from urllib.parse import urlsplit

from lockstep import ConfigurationWrong, Problem, environment_of


@dataclass(frozen=True, slots=True)
class Settings:
    """How the studio behaves; durations are in seconds unless their name says otherwise."""

    poll_seconds: float = 5.0
    lease_seconds: float = 4.0
    publish_attempts: int = 5
    retry_seconds: float = 5.0
    trusted_proxies: tuple[str, ...] = ()
    body_bytes: int = 1_048_576
    session_days: float = 14.0
    sign_in_attempts: int = 10
    address_attempts: int = 100
    publish_at_once: int = 100
    publish_timeout_seconds: float = 30.0
    misfire: str = "publish"
    misfire_grace_seconds: float = 300.0
    log: str = "auto"
    metrics_token: str = dataclasses.field(default="", repr=False)
    live_heartbeat_seconds: float = 20.0
    live_clients: int = 5000
    live_clients_per_user: int = 20
    secret_key: str = dataclasses.field(default="", repr=False)
    without_account: str = "log"
    webhook_allow_private: tuple[str, ...] = ()
    writer_url: str = ""
    writer_key: str = dataclasses.field(default="", repr=False)
    writer_model: str = ""


class _Kind(Protocol):
    """How a setting is read; ``doc`` says what it is for."""

    doc: str

    def read(self, text: str) -> Any:
        """Return the value; raise ``ValueError`` saying what is wrong."""


@dataclass(slots=True)
class _Number:
    least: float
    most: float
    doc: str

    def read(self, text: str) -> float:
        return _within(_converted(text, float, "number"), text, self)


@dataclass(slots=True)
class _Whole(_Number):
    def read(self, text: str) -> int:
        return int(_within(_converted(text, int, "whole number"), text, self))


@dataclass(slots=True)
class _Networks:
    doc: str

    def read(self, text: str) -> tuple[str, ...]:
        """Return the addresses and networks of a list with commas or blanks."""
        return tuple(_network(part) for part in text.replace(",", " ").split())


@dataclass(slots=True)
class _Choice:
    words: tuple[str, ...]
    doc: str

    def read(self, text: str) -> str:
        if text not in self.words:
            raise ValueError(f"{text!r} is none of {', '.join(self.words)}")
        return text


@dataclass(slots=True)
class _Text:
    doc: str

    def read(self, text: str) -> str:
        return text


@dataclass(slots=True)
class _Url(_Text):
    def read(self, text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{text!r} is no address that begins with http:// or https://")
        return text


_KINDS: Mapping[str, _Kind] = {
    "poll_seconds": _Number(0.1, 60, "How long the scheduler sleeps at most before it looks for due content again."),
    "lease_seconds": _Number(1, 3600, "How long claimed content is ours without a sign of life; a dead instance's is taken over after that."),
    "publish_attempts": _Whole(1, 100, "How often content is tried before it is failed for good."),
    "retry_seconds": _Number(0.1, 3600, "How long to wait after the first failed attempt; it doubles with every further one."),
    "publish_at_once": _Whole(1, 1000, "How many pieces an instance publishes at the same time."),
    "publish_timeout_seconds": _Number(0.1, 3600, "How long a platform may take to answer before the attempt has failed."),
    "misfire": _Choice(("publish", "skip", "hold"), "What to do with content that has missed its time by more than the grace."),
    "misfire_grace_seconds": _Number(1, 31_536_000, "How late content may be and still count as on time."),
    "trusted_proxies": _Networks("Addresses or networks of the proxies whose X-Forwarded-Proto and X-Forwarded-For are believed: 10.0.0.7, fd12::/16."),
    "body_bytes": _Whole(1024, 2**30, "How large a request's body may be."),
    "session_days": _Number(0.01, 90, "How long a session lasts that is not used; one that is used lasts 90 days at most."),
    "sign_in_attempts": _Whole(1, 1000, "How often it may be tried to sign in to one account in a quarter of an hour."),
    "address_attempts": _Whole(1, 1_000_000, "How often it may be tried to sign in from one address in a quarter of an hour."),
    "log": _Choice(("auto", "json", "text"), "How the log is written; auto: for programs in production and where it is not a terminal, else for people."),
    "metrics_token": _Text("What whoever asks for /metrics must show as a bearer token; without it everybody may ask."),
    "live_heartbeat_seconds": _Number(0.1, 300, "How often a WebSocket is asked for a sign of life; without an answer until the next one is due it is closed."),
    "live_clients": _Whole(1, 1_000_000, "How many WebSockets an instance holds at most."),
    "live_clients_per_user": _Whole(1, 1_000_000, "How many WebSockets of one user an instance holds at most."),
    "secret_key": _Text("What seals tokens: 32 random bytes in base64; several with commas, of which the first one seals and every one opens."),
    "without_account": _Choice(("log", "reject"), "What to do with content for which no account is connected that publishes: count it as published in the log (so in development, unless something else is said), or reject it (so everywhere else)."),
    "webhook_allow_private": _Networks("Private networks that webhooks may lead into: 10.1.0.0/16. Without them they lead into the public internet only."),
    "writer_url": _Url("Where a language model writes drafts: an OpenAI-compatible address such as http://127.0.0.1:11434/v1. Without it templates do."),
    "writer_key": _Text("The key that the model's endpoint wants."),
    "writer_model": _Text("The model's name at that endpoint."),
}  # fmt: skip


def variable_of(name: str) -> str:
    """Return the environment variable that holds a setting: ``STUDIO_POLL_SECONDS``."""
    return f"STUDIO_{name.upper()}"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings; raise ``ConfigurationWrong`` naming everything that is wrong with them.

    Outside of development and tests nothing counts as published that nobody can see, unless somebody says so.
    """
    values: dict[str, Any] = {}
    if environment_of(environ) not in {"development", "test"}:
        values["without_account"] = "reject"
    problems: list[Problem] = []
    for field in fields(Settings):
        text = environ.get(variable_of(field.name), "").strip()
        if not text:
            continue
        kind = _KINDS[field.name]
        try:
            values[field.name] = kind.read(text)
        except ValueError as error:
            problems.append(Problem(f"{variable_of(field.name)}: {error}", next_step=kind.doc))
    if problems:
        count = len(problems)
        raise ConfigurationWrong(
            f"{count} of the studio's settings {'are' if count > 1 else 'is'} wrong",
            problems=problems,
            next_step="Correct what is listed and start again; nothing was touched.",
        )
    return Settings(**values)


def _converted(text: str, kind: type[float], what: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a {what}") from None


def _within(value: float, text: str, limits: _Number) -> float:
    if not limits.least <= value <= limits.most:  # never true of a NaN
        raise ValueError(f"{text} is not between {limits.least:g} and {limits.most:g}")
    return value


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f"{text!r} is neither an address nor a network") from None
