"""Schedules, the calendar and figures over HTTP: what can be ordered is done, what cannot says what can."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
LATER = "2150-03-30T09:00:00+01:00"


@pytest.fixture
async def dana(studio: Studio) -> httpx.AsyncClient:
    """A browser that has signed in."""
    return await studio.sign_in("dana@example.com")


async def draft(browser: httpx.AsyncClient, **columns: Any) -> int:
    """Write a draft; return its id."""
    body = {"title": "Bread", "platform": "instagram", **columns}
    answer = await browser.post("/api/content", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def order(browser: httpx.AsyncClient, content: int, verb: str, **body: Any) -> httpx.Response:
    """Order something; what takes no body gets none."""
    return await browser.post(f"/api/content/{content}/{verb}", json=body or None)


def told(answer: httpx.Response) -> tuple[int, str]:
    """The status of a problem, and its code."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def test_each_order_answers_with_the_piece_as_it_is_then(
    dana: httpx.AsyncClient, shelf: Shelf
) -> None:
    """A life from schedule to retry; the tag that comes with it is the one to edit with."""
    content = await draft(dana)
    series = {"recurrence": "daily", "timezone": "Europe/Berlin", "series_end_date": "2160-01-01"}
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("schedule", {"scheduled_at": LATER, **series}, "scheduled"),
        ("reschedule", {"scheduled_at": "2150-04-01T09:00:00Z"}, "scheduled"),
        ("pause", {}, "paused"),
        ("resume", {}, "scheduled"),
        ("publish-now", {}, "scheduled"),
        ("retry", {}, "scheduled"),
        ("cancel", {}, "cancelled"),
    ]
    for verb, body, status in steps:
        if verb == "retry":
            shelf.run("update content set status = 'failed', last_error = 'no token'")
        answer = await order(dana, content, verb, **body)
        piece = answer.json()
        assert (answer.status_code, piece["status"]) == (200, status), answer.text
        assert {name: piece[name] for name in series} == series
        assert piece["last_error"] is None
    edited = await dana.patch(
        f"/api/content/{content}", json={"title": "x"}, headers={"If-Match": answer.headers["etag"]}
    )
    assert edited.status_code == 200
    history = (await dana.get(f"/api/content/{content}/history")).json()["items"]
    assert [entry["action"] for entry in reversed(history)] == [
        "create", "schedule", "reschedule", "pause", "resume", "publish_now", "retry", "cancel", "edit",
    ]  # fmt: skip


async def test_a_wrong_state_names_what_is_possible(dana: httpx.AsyncClient) -> None:
    """409, with the actions that would do, in words and for programs."""
    content = await draft(dana)
    for verb in ("pause", "resume", "cancel", "retry"):
        answer = await order(dana, content, verb)
        assert told(answer) == (409, "wrong_state")
        assert answer.json()["possible"] == ["edit", "publish_now", "schedule"]
        assert "draft" in answer.json()["detail"]


async def test_a_time_has_to_come_yet(dana: httpx.AsyncClient, shelf: Shelf) -> None:
    """The past is refused with 422; a pause that has outlasted its time, with 409 and what to do."""
    content = await draft(dana)
    past = {"scheduled_at": "2020-01-01T00:00:00Z"}
    assert told(await order(dana, content, "schedule", **past)) == (422, "in_the_past")
    ended = {"scheduled_at": LATER, "recurrence": "daily", "series_end_date": "2150-03-29"}
    assert told(await order(dana, content, "schedule", **ended)) == (422, "series_ended")
    shelf.run("update content set status = 'paused', scheduled_at = now()")
    answer = await order(dana, content, "resume")
    assert told(answer) == (409, "time_passed")
    assert answer.json()["possible"] == ["publish_now", "reschedule"]


BAD_TIMES: list[dict[str, Any]] = [
    {},
    *[
        {"scheduled_at": bad}
        for bad in (
            "2150-01-01T00:00:00",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "1969-12-31T23:59:59Z",
            "2200-01-01T00:00:00Z",
            "2150-02-30T00:00:00Z",
            "tomorrow\0",
            4_000_000_000,
            1e400,
            None,
        )
    ],
    *[
        {"scheduled_at": LATER, **bad}
        for bad in (
            {"recurrence": "yearly"},
            {"recurrence": None},
            {"timezone": "Mars/Phobos", "recurrence": "daily"},
            {"timezone": "../../etc/passwd", "recurrence": "daily"},
            {"timezone": "\0", "recurrence": "daily"},
            {"timezone": "a" * 70_000, "recurrence": "daily"},
            {"series_end_date": "2160-01-01"},
            {"recurrence": "daily", "series_end_date": "0001-01-01"},
            {"recurrence": "daily", "series_end_date": "9999-12-31"},
            {"recurrence": "daily", "series_end_date": 86400},
            {"recurrence": "daily", "series_end_date": "2150-13-01"},
            {"status": "published"},
        )
    ],
]


async def test_a_wrong_time_is_refused(dana: httpx.AsyncClient, shelf: Shelf) -> None:
    """Years 0 and 9999, no offset, unknown zones, ends without series: 422, for one and for many, and nothing is written."""
    content = await draft(dana)
    for bad in BAD_TIMES:
        many = {"items": [{"content_id": content, **bad}]}
        for path, body in (
            (f"{content}/schedule", bad),
            (f"{content}/reschedule", bad),
            ("bulk-schedule", many),
        ):
            sent = json.dumps(body).encode()
            answer = await dana.post(
                f"/api/content/{path}", content=sent, headers={"content-type": "application/json"}
            )
            assert told(answer) == (422, "invalid"), (path, bad)
    answer = await order(dana, content, "reschedule", scheduled_at=LATER, timezone="Europe/Berlin")
    assert told(answer) == (422, "invalid")
    assert shelf.run("select status, scheduled_at from content") == [("draft", None)]
    assert shelf.run("select count(*) from post_schedules") == [0]


async def test_many_are_scheduled_at_once(dana: httpx.AsyncClient, shelf: Shelf) -> None:
    """500 in a request; sent again, all are refused and nothing is scheduled twice; 501 are too many, twice the same one too."""
    first = await draft(dana)
    shelf.run(
        "insert into content (user_id, title, platform) select user_id, title, platform from content, generate_series(1, 499)"
    )
    ids = shelf.run("select id from content order by id desc")
    items = [{"content_id": content, "scheduled_at": LATER} for content in ids]
    answer = await dana.post("/api/content/bulk-schedule", json={"items": items})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["scheduled"], answer.json()["refused"]) == (500, 0)
    assert [item["content_id"] for item in answer.json()["items"]] == ids
    again = (await dana.post("/api/content/bulk-schedule", json={"items": items})).json()
    assert (again["scheduled"], {item["code"] for item in again["items"]}) == (0, {"wrong_state"})
    assert shelf.run("select count(*) from post_schedules") == [500]
    for wrong in ([*items, {**items[0], "content_id": 10**9}], [items[0], items[0]], []):
        refused = await dana.post("/api/content/bulk-schedule", json={"items": wrong})
        assert told(refused) == (422, "invalid")
    assert first in ids


async def test_all_or_nothing(dana: httpx.AsyncClient, shelf: Shelf) -> None:
    """One that cannot be scheduled stops the others, and is named."""
    content = await draft(dana)
    items = [{"content_id": number, "scheduled_at": LATER} for number in (content, 999_999)]
    body = {"items": items, "all_or_nothing": True}
    answer = await dana.post("/api/content/bulk-schedule", json=body)
    assert told(answer) == (409, "not_all_possible")
    ((item),) = answer.json()["items"]
    assert (item["content_id"], item["code"], item["done"]) == (999_999, "not_found", False)
    assert shelf.run("select status from content") == ["draft"]
    body["items"] = items[:1]
    assert (await dana.post("/api/content/bulk-schedule", json=body)).json()["scheduled"] == 1


async def test_the_calendar_groups_by_the_days_of_a_zone(
    dana: httpx.AsyncClient, studio: Studio
) -> None:
    """Half an hour before midnight in Berlin is another day in Kiritimati; both ends are included; another sees nothing."""
    content = await draft(dana)
    await order(dana, content, "schedule", scheduled_at="2150-01-31T23:30:00+01:00")
    for zone, day in (("Europe/Berlin", "2150-01-31"), ("Pacific/Kiritimati", "2150-02-01")):
        query = {"from": day, "to": day, "timezone": zone}
        found = (await dana.get("/api/calendar", params=query)).json()
        assert [(one["day"], [item["id"] for item in one["items"]]) for one in found["days"]] == [
            (day, [content])
        ]
        assert found["truncated"] is False
        eve = await studio.sign_in("eve@example.com")
        assert (await eve.get("/api/calendar", params=query)).json()["days"] == []
    empty = {"from": "2150-02-01", "to": "2150-12-31", "timezone": "Europe/Berlin"}
    assert (await dana.get("/api/calendar", params=empty)).json()["days"] == []


async def test_a_calendar_has_bounds(dana: httpx.AsyncClient) -> None:
    """A year and a day at most, forwards, in years that there are and zones that are known."""
    for begin, end, zone, status in (
        ("2024-01-01", "2024-12-31", "UTC", 200),
        ("2150-01-01", "2151-01-01", "UTC", 200),
        ("1970-01-02", "1970-01-02", "Pacific/Kiritimati", 200),
        ("2199-12-30", "2199-12-30", "Pacific/Apia", 200),
        ("2150-01-01", "2151-01-02", "UTC", 422),
        ("2150-01-02", "2150-01-01", "UTC", 422),
        ("0001-01-01", "0001-01-01", "UTC", 422),
        ("9999-12-31", "9999-12-31", "UTC", 422),
        ("2150-02-30", "2150-03-01", "UTC", 422),
        ("1893456000", "1893456000", "UTC", 422),
        ("2150-01-01", "2150-01-01", "utc\0", 422),
        ("2150-01-01", "2150-01-01", "/etc/localtime", 422),
    ):
        query = {"from": begin, "to": end, "timezone": zone}
        answer = await dana.get("/api/calendar", params=query)
        assert answer.status_code == status, (query, answer.text)
    assert (await dana.get("/api/calendar")).status_code == 422


async def test_figures_go_in_and_come_out(dana: httpx.AsyncClient) -> None:
    """As they are told, decimals to the last digit; telling them again changes nothing."""
    address = f"/api/content/{await draft(dana)}/metrics"
    assert (await dana.get(address)).json() == {"items": []}
    report = {
        "platform": "instagram",
        "views": 2**53 - 1,
        "engagement_rate": "4.25",
        "revenue": -12.5,
    }
    for _ in range(2):
        answer = await dana.post(address, json=report)
        (item,) = answer.json()["items"]
        assert (item["views"], item["likes"]) == (2**53 - 1, 0)
        assert (item["engagement_rate"], item["revenue"]) == ("4.25", "-12.50")
    later = datetime.fromisoformat(item.pop("last_updated"))
    (shown,) = (await dana.get(address)).json()["items"]
    assert datetime.fromisoformat(shown.pop("last_updated")) == later
    assert shown == item


BAD_FIGURES: dict[str, tuple[Any, ...]] = {
    "views": (-1, 2**53, 1.5, "1", True),
    "engagement_rate": (-1, 1000, "4.255", "NaN", "Infinity", True, "x"),
    "revenue": (1e10, "0.001", "-Infinity", "1e400", [], "1" * 5000),
    "platform": ("X",),
    "measured_at": ("9999-12-31T23:59:59-14:00",),
    "clicks": (1,),
}


async def test_wrong_figures_are_refused(dana: httpx.AsyncClient, shelf: Shelf) -> None:
    """Below zero, beyond the column, not a number: 422."""
    address = f"/api/content/{await draft(dana)}/metrics"
    wrong = [{name: value} for name, values in BAD_FIGURES.items() for value in values]
    for bad in wrong:
        answer = await dana.post(address, json={"platform": "instagram", **bad})
        assert told(answer) == (422, "invalid"), bad
    assert shelf.run("select count(*) from content_metrics") == [0]
