"""Projects: made, found by pages, changed by who has read them, and deleted with their content."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
WHOLE = {
    "name": "Bread in a small kitchen",
    "description": "Thirty days from the first starter.",
    "type": "series",
    "template": "thirty-days",
    "platform": "instagram",
    "target_audience": "People who bake after work",
    "estimated_duration": "30 days",
    "tags": ["baking", "sourdough"],
    "is_public": True,
    "status": "paused",
    "metadata": {"colour": ["warm", 7, None, 1.5]},
}
EMPTY: dict[str, Any] = {
    "description": None,
    "type": "campaign",
    "template": None,
    "platform": None,
    "target_audience": None,
    "estimated_duration": None,
    "tags": [],
    "is_public": False,
    "status": "active",
    "metadata": {},
}


async def made(browser: httpx.AsyncClient, **values: Any) -> httpx.Response:
    """Make a project."""
    answer = await browser.post("/api/projects", json={"name": "Bread", **values})
    assert answer.status_code == 201, answer.text
    return answer


async def test_every_field_is_kept(studio: Studio) -> None:
    """What was sent is what is read, by the address that making it answered; what was not sent has its default."""
    dana = await studio.sign_in("dana@example.com")
    whole, bare = await made(dana, **WHOLE), await made(dana)
    assert whole.json().items() >= WHOLE.items()
    assert bare.json().items() >= EMPTY.items()
    read = await dana.get(whole.headers["location"])
    assert (read.status_code, read.json()) == (200, whole.json())
    assert read.headers["etag"] == whole.headers["etag"]


async def test_a_change_names_what_changes(studio: Studio) -> None:
    """What is not named stays; null empties what may be empty and is refused for the rest."""
    dana = await studio.sign_in("dana@example.com")
    project = await made(dana, **WHOLE)
    change: dict[str, Any] = {"name": "Bread", "description": None, "tags": ["rye"], "metadata": {}}
    match = {"If-Match": project.headers["etag"]}
    changed = await dana.patch(project.headers["location"], json=change, headers=match)
    assert changed.status_code == 200, changed.text
    moved = {"updated_at": changed.json()["updated_at"]}
    assert changed.json() == project.json() | change | moved
    for name in ("name", "type", "tags", "is_public", "status", "metadata"):
        answer = await dana.patch(project.headers["location"], json={name: None}, headers=match)
        assert (answer.status_code, name) == (422, name)
    read = await dana.get(project.headers["location"])
    assert (read.json(), read.headers["etag"]) == (changed.json(), changed.headers["etag"])


async def test_two_editors_do_not_overwrite_each_other(studio: Studio, shelf: Shelf) -> None:
    """Of eight writers who have read the same version one writes, and the others are told."""
    dana = await studio.sign_in("dana@example.com")
    project = await made(dana)
    match = {"If-Match": project.headers["etag"]}

    async def write(n: int) -> int:
        address, body = project.headers["location"], {"name": f"Bread {n}"}
        return (await dana.patch(address, json=body, headers=match)).status_code

    written = await asyncio.gather(*map(write, range(8)))
    assert sorted(written) == [200] + [412] * 7
    assert shelf.run("select name from projects") == [f"Bread {written.index(200)}"]


async def test_a_version_is_named_to_write_and_to_read_again(studio: Studio) -> None:
    """Without If-Match 428, with a stale or weak one 412; any version that there is will do for ``*``."""
    dana = await studio.sign_in("dana@example.com")
    project = await made(dana)
    address, tag = project.headers["location"], project.headers["etag"]
    for method in (dana.patch, dana.delete):
        body: dict[str, Any] = {"json": {"name": "Rye"}} if method == dana.patch else {}
        assert (await method(address, **body)).status_code == 428
        for stale in ('"0"', f"W/{tag}", tag.strip('"'), "", f'"0" {tag}'):
            answer = await method(address, **body, headers={"If-Match": stale})
            assert (answer.status_code, stale) == (412, stale)
    for known in (tag, f"W/{tag}", f'"0", {tag}', "*"):
        answer = await dana.get(address, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert (await dana.get(address, headers={"If-None-Match": '"0"'})).status_code == 200
    several = {"If-Match": f'"0", {tag}'}
    assert (await dana.patch(address, json={}, headers=several)).status_code == 200
    assert (await dana.delete(address, headers={"If-Match": "*"})).status_code == 204
    assert (await dana.delete(address, headers={"If-Match": "*"})).status_code == 404


async def test_deleting_a_project_takes_its_content_along(studio: Studio, shelf: Shelf) -> None:
    """What was written for it goes too; what was written for others stays."""
    dana = await studio.sign_in("dana@example.com")
    first, other = await made(dana), await made(dana)
    for project in (first, other):
        shelf.add(project_id=project.json()["id"])
    match = {"If-Match": first.headers["etag"]}
    assert (await dana.delete(first.headers["location"], headers=match)).status_code == 204
    assert (await dana.get(first.headers["location"])).status_code == 404
    assert shelf.run("select project_id from content") == [other.json()["id"]]


async def test_pages_hold_each_project_once(studio: Studio, shelf: Shelf) -> None:
    """The newest first, also those of one moment; what is made meanwhile shifts nothing."""
    dana = await studio.sign_in("dana@example.com")
    ids = [(await made(dana, name=f"{n}")).json()["id"] for n in range(7)]
    shelf.run(
        "update projects set created_at = date_trunc('hour', created_at) where id > %s", ids[3]
    )
    seen: list[int] = []
    address: str | None = "/api/projects?limit=2"
    while address:
        page = (await dana.get(address)).json()
        seen += [project["id"] for project in page["items"]]
        assert 0 < len(page["items"]) <= 2
        address = page["next"] and f"/api/projects?limit=2&after={page['next']}"
        await made(dana, name="meanwhile")
    assert seen == shelf.run(
        "select id from projects where name <> 'meanwhile' order by created_at desc, id desc"
    )
    assert sorted(seen) == ids


async def test_a_list_shows_one_status(studio: Studio) -> None:
    """Filtered in the database: a page of the filtered is full, and its next page is of the filtered."""
    dana = await studio.sign_in("dana@example.com")
    for status in ("active", "archived", "active", "archived"):
        await made(dana, status=status)
    page = (await dana.get("/api/projects?status=archived&limit=1")).json()
    rest = (await dana.get(f"/api/projects?status=archived&limit=1&after={page['next']}")).json()
    assert [p["status"] for p in page["items"] + rest["items"]] == ["archived"] * 2
    assert rest["next"] is None
