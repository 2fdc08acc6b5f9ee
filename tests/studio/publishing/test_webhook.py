"""The receiver's answer says what came of an attempt, and nothing that it says can break us."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.content.model import Claim, Receipt
from studio.publishing.delivery import Reply
from studio.publishing.publishers import Rejected, TryLater
from studio.publishing.webhook import judge, payload, retry_after

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    """Return a whole answer."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, names, body, whole=True)


def judged(answer: Reply) -> Receipt:
    """Judge an answer that came at noon."""
    return judge(answer, NOW.timestamp())


@pytest.mark.parametrize(
    ("body", "receipt"),
    [
        (b"", Receipt()),
        (b'{"id": "a1", "url": "https://example.com/a1"}', Receipt("a1", "https://example.com/a1")),
        (b'{"external_id": "a1", "id": "x", "external_url": null}', Receipt("a1")),
        (b'{"data": {"id": 7, "url": "https://example.com/7"}}', Receipt("7", "https://example.com/7")),
        (b'{"id": true, "url": ["https://example.com"]}', Receipt()),
        (b'{"id": "", "url": "javascript:alert(1)"}', Receipt()),
        (b'{"id": "a\\u0000b\\ud800"}', Receipt("ab?")),
        (b'{"id": 1e999, "url": "https://user:pass@example.com/"}', Receipt()),
        (b'{"id": "' + b"a" * 501 + b'"}', Receipt()),
        (b'["id"]', Receipt()),
        (b"[" * 60_000, Receipt()),
        (b'{"id": ' + b"9" * 50_000 + b"}", Receipt()),
        (b"\xff\xfe", Receipt()),
    ],
)  # fmt: skip
def test_a_yes_is_a_receipt(body: bytes, receipt: Receipt) -> None:
    """Id and address are taken from a JSON object if they are there and sound; nothing else undoes a yes."""
    assert judged(reply(201, body)) == receipt


def test_half_an_answer_is_a_yes_without_a_receipt() -> None:
    """What was cut off could be read as something else."""
    assert judge(Reply(200, {}, b'{"id": "a1"}', whole=False), 0) == Receipt()


@pytest.mark.parametrize("status", [300, 303, 304, 400, 401, 403, 404, 410, 413, 422])
def test_a_no_that_lasts_is_not_repeated(status: int) -> None:
    """The reason holds the beginning of what the receiver said."""
    with pytest.raises(Rejected, match=rf"answered {status}: no such hook"):
        judged(reply(status, b"no such \n hook" + b"!" * 1000))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
def test_a_no_for_now_is_repeated(status: int) -> None:
    """Not before the receiver wants it."""
    with pytest.raises(TryLater, match=rf"answered {status}") as caught:
        judged(reply(status, retry_after="120"))
    assert caught.value.after == 120


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        (" 90 ", 90),
        ("9" * 5000, 86_400),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=400), usegmt=True), 86_400),
        ("Sun, 29 Mar 2026 12:02:00", 120),
    ],
)
def test_when_to_try_again(text: str, seconds: float | None) -> None:
    """Seconds or a date, within a day; what makes no sense is ignored."""
    assert retry_after(text, NOW.timestamp()) == seconds


@given(st.integers(100, 999), st.binary(), st.dictionaries(st.text(), st.text()), st.text())
def test_no_answer_breaks_anything(
    status: int, body: bytes, headers: dict[str, str], again: str
) -> None:
    """Whatever comes, it is a receipt, a rejection or another try within a day."""
    with suppress(Rejected, TryLater):
        assert judged(Reply(status, {**headers, "retry-after": again}, body, whole=True))
    wait = retry_after(again, NOW.timestamp())
    assert wait is None or 0 <= wait <= 86_400


def test_what_is_sent_is_the_same_for_every_attempt() -> None:
    """Neither the attempt nor the moment is in it, so that its receiver sees the same message again."""
    first, second = (payload(a_claim(attempt=attempt, late=attempt)) for attempt in (1, 2))
    assert first == second
    message = json.loads(first)
    assert message["type"] == "content.publish"
    assert message["data"]["title"] == "Bröd 🍞"
    assert message["data"]["scheduled_at"] == message["timestamp"] == "2026-03-29T12:00:00+00:00"


def a_claim(**changes: Any) -> Claim:
    """Return a claim on a piece of content."""
    values: dict[str, Any] = {
        "id": 7,
        "version": 1,
        "attempt": 1,
        "owner": "me",
        "publication": 1,
        "taken_over": False,
        "already_out": False,
        "late": 0.0,
        "scheduled_at": NOW,
        "platform": "instagram",
        "content_type": "post",
        "title": "Bröd 🍞",
        "description": None,
        "script": None,
        "thumbnail_url": None,
        "video_url": None,
        "tags": ("a",),
    }
    return Claim(**{**values, **changes})
