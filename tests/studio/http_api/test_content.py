"""Content over HTTP: what is written comes back, editors do not overwrite each other, and what is wrong is said."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from studio.content.editing import EDITABLE

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
DRAFT: dict[str, Any] = {"title": "Bread", "platform": "instagram"}
NASTY = [
    "'; drop table content; --",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} %(title)s %s \\",
    "\u202e👩\u200d👩\u200d👧 Bröd",
    "{a,b}",
]


@pytest.fixture
async def dana(studio: Studio) -> httpx.AsyncClient:
    """A browser that has signed in."""
    return await studio.sign_in("dana@example.com")


async def made(browser: httpx.AsyncClient, **columns: Any) -> dict[str, Any]:
    """Write a draft."""
    answer = await browser.post("/api/content", json={**DRAFT, **columns})
    assert answer.status_code == 201, answer.text
    return {**answer.json(), "etag": answer.headers["etag"]}


def as_json(value: object) -> bytes:
    """The text of a value, also of one that no well-behaved client would send."""
    return json.dumps(value).encode()


def told(answer: httpx.Response) -> tuple[int, str]:
    """The status of a problem, and its code."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def patch(browser: httpx.AsyncClient, piece: Any, **change: Any) -> httpx.Response:
    """Change a piece as it was read."""
    headers = {"If-Match": piece["etag"]}
    return await browser.patch(f"/api/content/{piece['id']}", json=change, headers=headers)


async def test_a_draft_is_written_read_edited_and_deleted(
    dana: httpx.AsyncClient, studio: Studio
) -> None:
    """One life, with the address and tag that each answer gives."""
    answer = await dana.post("/api/content", json=DRAFT)
    assert answer.status_code == 201
    address, piece = answer.headers["location"], answer.json()
    assert address == f"/api/content/{piece['id']}"
    assert (piece["status"], piece["recurrence"], piece["tags"]) == ("draft", "none", [])
    read = await dana.get(address)
    assert (read.json(), read.headers["etag"]) == (piece, answer.headers["etag"])
    edited = await dana.patch(
        address, json={"title": "Rolls", "tags": ["a"]}, headers={"If-Match": read.headers["etag"]}
    )
    assert (edited.status_code, edited.json()["title"]) == (200, "Rolls")
    assert edited.headers["etag"] != read.headers["etag"]
    gone = await dana.delete(address, headers={"If-Match": edited.headers["etag"]})
    assert (gone.status_code, gone.content) == (204, b"")
    assert told(await dana.get(address)) == (404, "not_found")


async def test_two_editors_never_overwrite_each_other(
    dana: httpx.AsyncClient, studio: Studio
) -> None:
    """Of those who have read the same version one is let in; without a version nobody is; `*` is whoever insists."""
    piece = await made(dana)
    tabs = [await studio.sign_in("dana@example.com") for _ in range(2)]
    answers = await asyncio.gather(
        *[patch(tab, piece, title=f"Tab {number}") for number, tab in enumerate(tabs)]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    address = f"/api/content/{piece['id']}"
    assert told(await dana.patch(address, json={"title": "x"})) == (428, "version_required")
    assert told(await dana.delete(address)) == (428, "version_required")
    for old in (piece["etag"], '"0.0"', f"W/{piece['etag']}", '"', "1"):
        assert told(await dana.delete(address, headers={"If-Match": old})) == (412, "outdated")
    insisted = await dana.patch(address, json={"title": "Mine"}, headers={"If-Match": "*"})
    assert insisted.json()["title"] == "Mine"


async def test_the_scheduler_stops_no_editor_and_every_reader_sees_its_work(
    dana: httpx.AsyncClient, shelf: Shelf
) -> None:
    """An edit under the tag from before a failed attempt goes through; a cached copy from before it does not count."""
    piece = await made(dana)
    address = f"/api/content/{piece['id']}"
    same = await dana.get(address, headers={"If-None-Match": f'"x", W/{piece["etag"]}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", piece["etag"])
    shelf.run("update content set status = 'failed', last_error = 'no token'")
    fresh = await dana.get(address, headers={"If-None-Match": piece["etag"]})
    assert (fresh.status_code, fresh.json()["last_error"]) == (200, "no token")
    assert (await patch(dana, piece, title="Rolls")).status_code == 200
    assert told(await patch(dana, piece, title="Cake")) == (412, "outdated")


async def test_publishing_content_cannot_be_edited(dana: httpx.AsyncClient, shelf: Shelf) -> None:
    """409 names the state, and that only waiting helps."""
    piece = await made(dana)
    shelf.run(
        "update content set status = 'publishing', lease_owner = 'a', lease_until = 'infinity'"
    )
    refused = await patch(dana, piece, title="Rolls")
    assert told(refused) == (409, "wrong_state")
    assert "publishing" in refused.json()["detail"]
    assert refused.json()["possible"] == []
    deleted = await dana.delete(f"/api/content/{piece['id']}", headers={"If-Match": "*"})
    assert told(deleted) == (409, "wrong_state")


async def test_every_text_comes_back_as_it_was(dana: httpx.AsyncClient) -> None:
    """SQL, HTML and templates are text, in every field that takes any; and they are found by it."""
    for text in NASTY:
        fields: dict[str, Any] = {
            "title": text,
            "description": text,
            "script": text * 1000,
            "content_type": text[:50],
            "tags": [text],
            "metadata": {text: [text]},
            "thumbnail_url": "https://example.com/?q='%22<>",
        }
        piece = await made(dana, **fields)
        assert {name: piece[name] for name in fields} == fields
        found = await dana.get("/api/content", params={"search": text})
        assert [item["id"] for item in found.json()["items"]] == [piece["id"]]
        assert (await patch(dana, piece, title="x")).status_code == 200
        assert (await dana.get("/api/content", params={"search": text})).json()["items"] == []


BAD: dict[str, tuple[Any, ...]] = {
    "title": ("", " ", "a\0", "\ud800", "a" * 201, 7, None, ["a"]),
    "platform": ("", "X", "a b", "a\n", "é", "a" * 51, None),
    "project_id": (0, -1, 2**63, 1.5, "1", True),
    "script": ("a" * 100_001, "\0", "\udfff", {}),
    "thumbnail_url": ("javascript:alert(1)", "data:x", "//x", "https://a b"),
    "tags": (["a"] * 51, [""], ["\0"], "a", [None]),
    "metadata": ([], "a", {"a": "\0"}, {"\ud800": 1}, {"a": "b" * 17_000}),
    "day_number": (0, -1, 2**31, "1", 1.0),
    "publish_order": (2**31, -(2**31) - 1, None),
    **dict.fromkeys(("id", "user_id", "status", "revision", "lease_owner", "published_at"), (1,)),
}


async def test_what_is_wrong_is_refused_in_writing_and_in_editing(
    dana: httpx.AsyncClient, shelf: Shelf
) -> None:
    """Every value that no column could hold, or that nobody may set, is a 422 that names its place."""
    piece = await made(dana)
    headers = {"If-Match": piece["etag"], "content-type": "application/json"}
    for bad in ({name: value} for name, values in BAD.items() for value in values):
        answer = await dana.post("/api/content", content=as_json({**DRAFT, **bad}), headers=headers)
        assert told(answer) == (422, "invalid"), bad
        assert answer.json()["problems"][0]["where"].startswith(f"body.{next(iter(bad))}"), bad
        answer = await dana.patch(
            f"/api/content/{piece['id']}", content=as_json(bad), headers=headers
        )
        assert told(answer) == (422, "invalid"), bad
    assert shelf.run("select count(*), max(revision) from content") == [(1, 1)]


async def test_null_empties_what_may_be_empty(dana: httpx.AsyncClient) -> None:
    """A change names what it changes: null is a value, and what is not named stays."""
    piece = await made(dana, description="with butter", script="cut", day_number=3)
    edited = (await patch(dana, piece, description=None, day_number=None)).json()
    assert (edited["description"], edited["day_number"], edited["script"]) == (None, None, "cut")
    assert set(EDITABLE) <= set(edited)


async def test_lists_are_pages_with_filters(dana: httpx.AsyncClient) -> None:
    """Following `next` shows everything once; long texts are not in lists; filters combine."""
    ids = [(await made(dana, title=f"Bread {n}", script="long"))["id"] for n in range(5)]
    blog = await made(dana, platform="my_blog")
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = (await dana.get("/api/content", params={"limit": 2, **after})).json()
        found += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [item["id"] for item in found] == [blog["id"], *reversed(ids)]
    assert "script" not in found[0]
    query = {"status": "draft", "platform": "instagram", "search": "bREAD 3"}
    (one,) = (await dana.get("/api/content", params=query)).json()["items"]
    assert one["title"] == "Bread 3"
    counts = (await dana.get("/api/content/counts")).json()
    assert (counts["draft"], counts["published"], len(counts)) == (6, 0, 7)


WRONG_QUERIES = (
    "status=gone",
    "platform=X",
    "search=%00",
    "search=" + "a" * 201,
    "project_id=0",
    "project_id=9223372036854775808",
    "limit=0",
    "limit=101",
    "after=x",
)


async def test_a_wrong_question_is_refused(dana: httpx.AsyncClient) -> None:
    """With 422, never with the database's own words; and a cursor from the ends of time breaks nothing."""
    for query in WRONG_QUERIES:
        assert (await dana.get(f"/api/content?{query}")).status_code == 422, query
    piece = await made(dana)
    for at in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00"):
        cursor = base64.urlsafe_b64encode(as_json([at, 1])).decode().rstrip("=")
        for address in ("/api/content", f"/api/content/{piece['id']}/history"):
            answer = await dana.get(address, params={"after": cursor})
            assert answer.status_code in {200, 422}, answer.text


async def test_the_history_tells_who_did_what(dana: httpx.AsyncClient, shelf: Shelf) -> None:
    """The newest first, page by page, the scheduler without a name."""
    piece = await made(dana)
    await patch(dana, piece, title="Rolls")
    shelf.run(
        "insert into content_action_history (content_id, action, before, after)"
        " values (%s, 'claim', null, '[1]')",
        piece["id"],
    )
    address = f"/api/content/{piece['id']}/history"
    first = (await dana.get(address, params={"limit": 2})).json()
    rest = (await dana.get(address, params={"limit": 2, "after": first["next"]})).json()
    entries = first["items"] + rest["items"]
    assert [entry["action"] for entry in entries] == ["claim", "edit", "create"]
    assert [entry["user_id"] is None for entry in entries] == [True, False, False]
    assert (entries[1]["before"], entries[1]["after"]) == ({"title": "Bread"}, {"title": "Rolls"})
    assert rest["next"] is None


async def test_anothers_content_is_not_there(dana: httpx.AsyncClient, studio: Studio) -> None:
    """Every address of a piece answers a second account exactly as for a piece that does not exist."""
    piece = await made(dana)
    await dana.post(f"/api/content/{piece['id']}/metrics", json={"platform": "instagram"})
    eve = await studio.sign_in("eve@example.com")
    time = {"scheduled_at": "2150-01-01T00:00:00Z"}
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "", {}),
        ("PATCH", "", {"json": {"title": "x"}, "headers": {"If-Match": "*"}}),
        ("DELETE", "", {"headers": {"If-Match": "*"}}),
        ("GET", "/history", {}),
        ("GET", "/metrics", {}),
        ("POST", "/metrics", {"json": {"platform": "instagram"}}),
        ("POST", "/schedule", {"json": time}),
        ("POST", "/reschedule", {"json": time}),
        *[("POST", f"/{verb}", {}) for verb in ("pause", "resume", "cancel", "publish-now", "retry")],
    ]  # fmt: skip
    for method, path, options in requests:
        answers = [
            await eve.request(method, f"/api/content/{number}{path}", **options)
            for number in (piece["id"], 999_999)
        ]
        assert [told(answer) for answer in answers] == [(404, "not_found")] * 2, (method, path)
        assert len({answer.json()["detail"] for answer in answers}) == 1
    assert (await eve.get("/api/content")).json()["items"] == []
    assert set((await eve.get("/api/content/counts")).json().values()) == {0}
    project = (await dana.post("/api/projects", json={"name": "A"})).json()["id"]
    for number in (project, 999_999):
        refused = await eve.post("/api/content", json={**DRAFT, "project_id": number})
        assert told(refused) == (422, "unknown_project")
