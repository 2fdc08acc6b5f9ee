"""Drafts by a language model: any endpoint that speaks OpenAI's chat completions, hosted or one's own.

What a model says is a proposal of a stranger: it is read leniently, cut to size, and never obeyed.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.planner.writers import (
    LONGEST_BODY,
    LONGEST_TITLE,
    Assignment,
    Draft,
    WriterFailed,
    hashtags,
    text,
)

if TYPE_CHECKING:
    import httpx

_LARGEST_ANSWER = 1_000_000
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_SYSTEM = (
    "You write drafts for a content creator. Answer with one JSON object and nothing else: "
    '{"title": "...", "body": "...", "hashtags": ["..."]}. '
    "Write in the language of the project's description. Invent no facts, numbers or quotations."
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is, and how patiently it is asked; durations are in seconds."""

    url: str
    key: str = ""
    model: str = ""
    connect: float = 5.0
    total: float = 40.0
    attempts: int = 3
    first_pause: float = 0.5
    longest_pause: float = 5.0


class EndpointWriter:
    """Has a model write."""

    def __init__(self, endpoint: Endpoint, *, chance: Callable[[], float] = random.random) -> None:
        """Ask at *endpoint*; *chance* (0 to 1) spreads the pauses between attempts."""
        self._endpoint = endpoint
        self._chance = chance

    async def write(self, assignment: Assignment) -> Draft:
        """Return the model's draft; raise ``WriterFailed`` after the last attempt, or when the time is up."""
        try:
            async with asyncio.timeout(self._endpoint.total):
                said = await self._ask(assignment)
        except TimeoutError:
            raise WriterFailed(f"no draft within {self._endpoint.total:g} s") from None
        return read_draft(said, self._endpoint.model or "model")

    async def _ask(self, assignment: Assignment) -> str:
        import httpx

        headers = {"authorization": f"Bearer {self._endpoint.key}"} if self._endpoint.key else {}
        timeout = httpx.Timeout(self._endpoint.total, connect=self._endpoint.connect)
        async with httpx.AsyncClient(headers=headers, timeout=timeout) as client:
            for attempt in range(1, self._endpoint.attempts + 1):
                try:
                    return await self._once(client, assignment)
                except _Again as error:
                    if attempt == self._endpoint.attempts:
                        raise WriterFailed(f"{error} ({attempt} attempts)") from error
                    await asyncio.sleep(self._pause(attempt, error.after))
        raise WriterFailed("nobody was asked")

    async def _once(self, client: httpx.AsyncClient, assignment: Assignment) -> str:
        import httpx

        url = f"{self._endpoint.url.rstrip('/')}/chat/completions"
        try:
            async with client.stream("POST", url, json=self._question(assignment)) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _LARGEST_ANSWER:
                        raise WriterFailed("the model's answer is too large")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Again(f"the model cannot be reached: {error or type(error).__name__}") from error
        if response.status_code in _AGAIN:
            after = response.headers.get("retry-after", "")
            raise _Again(f"the model answered {response.status_code}", after)
        if response.status_code != 200:
            raise WriterFailed(f"the model answered {response.status_code}")
        return _said(bytes(body))

    def _question(self, assignment: Assignment) -> dict[str, Any]:
        return {
            "model": self._endpoint.model,
            "messages": [
                {"role": "system", "content": _SYSTEM},
                {"role": "user", "content": prompt(assignment)},
            ],
            "max_tokens": 1500,
        }

    def _pause(self, attempt: int, after: str) -> float:
        pause = self._endpoint.first_pause * 2.0 ** (attempt - 1) * (1 + self._chance()) / 2
        if after.isascii() and after.isdigit():
            pause = max(pause, float(after[:6]))
        return min(pause, self._endpoint.longest_pause)


class _Again(Exception):
    def __init__(self, reason: str, after: str = "") -> None:
        super().__init__(reason)
        self.after = after


def prompt(assignment: Assignment) -> str:
    """Return what is asked for, in words."""
    lines = [
        f"Project: {assignment.project}",
        f"About it: {assignment.description}" if assignment.description else "",
        f"Platform: {assignment.platform}",
        f"Category: {assignment.category}",
        f"Day {assignment.day} of {assignment.days}, piece {assignment.number + 1} of that day.",
        "Write it differently from before." if assignment.edition else "",
    ]
    return "\n".join(filter(None, lines))


def _said(body: bytes) -> str:
    try:
        said = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        said = None
    if not isinstance(said, str) or not said.strip():
        raise WriterFailed("the model's answer is no chat completion")
    return said


def read_draft(said: str, writer: str) -> Draft:
    """Return the draft in what a model said: the object that was asked for, else a first line and the rest."""
    found = _object(said)
    title, body = found.get("title"), found.get("body")
    if not (isinstance(title, str) and isinstance(body, str) and title.strip() and body.strip()):
        if found or said.lstrip("`json \n\t").startswith("{"):
            raise WriterFailed("the model's draft has no title, or no body")
        title, _, body = said.strip().lstrip("#").strip().partition("\n")
    tags = found.get("hashtags")
    words = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    title = " ".join(text(title, LONGEST_TITLE).split())
    if not title:
        raise WriterFailed("the model's draft has no title")
    return Draft(
        title=title,
        body=text(body, LONGEST_BODY).strip() or title,
        hashtags=hashtags(words),
        content_type="post",
        confidence=0.7 if found else 0.5,
        writer=text(writer, 100),
    )


def _object(said: str) -> dict[str, Any]:
    """Return the JSON object in a text, which models like to put between fences or sentences."""
    begin, end = said.find("{"), said.rfind("}")
    try:
        found = json.loads(said[begin : end + 1]) if 0 <= begin < end else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
