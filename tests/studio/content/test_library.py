"""What people see of their content is all of it, once, in order, whatever is written meanwhile; and none of anybody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lockstep import Database
from studio.content.library import ContentLibrary, Wanted
from studio.content.model import Status

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

pytestmark = pytest.mark.anyio


@pytest.fixture
def library(pool: Database) -> ContentLibrary:
    """The store."""
    return ContentLibrary(pool)


async def every_page(library: ContentLibrary, wanted: Wanted, limit: int) -> list[int]:
    """All ids, page by page."""
    found: list[int] = []
    after = None
    while rows := await library.page("u", wanted, limit=limit, after=after):
        found += [row.id for row in rows]
        after = (rows[-1].created_at, rows[-1].id)
    return found


async def test_pages_show_everything_once(library: ContentLibrary, shelf: Shelf) -> None:
    """The newest first, also among those of one moment; what is added meanwhile disturbs no page."""
    shelf.run("insert into users (id, email) values ('other', 'other@example.com')")
    shelf.add(user_id="other")
    ids = [shelf.add() for _ in range(4)]
    shelf.run("begin")
    ids += [shelf.add() for _ in range(4)]
    shelf.run("commit")
    for limit in (1, 3, 8, 100):
        assert await every_page(library, Wanted(), limit) == ids[::-1]
    (first,) = await library.page("u", Wanted(), limit=1)
    shelf.add()
    rest = await library.page("u", Wanted(), limit=100, after=(first.created_at, first.id))
    assert [row.id for row in rest] == ids[-2::-1]


async def test_filters_narrow_and_combine(library: ContentLibrary, shelf: Shelf) -> None:
    """By state, platform, project and a part of the title, in which nothing is a pattern."""
    (project,) = shelf.run("insert into projects (user_id, name) values ('u', 'A') returning id")
    bread = shelf.add(title="Bröd 100% _good_", project_id=project)
    rolls = shelf.add(title="Rolls", platform="my_blog", status="draft")
    cake = shelf.add(title="BRÖD and cake", status="draft", project_id=project)
    expected: dict[Wanted, list[int]] = {
        Wanted(status=Status.DRAFT): [cake, rolls],
        Wanted(platform="my_blog"): [rolls],
        Wanted(project_id=project): [cake, bread],
        Wanted(search="bröd"): [cake, bread],
        Wanted(search="%"): [bread],
        Wanted(search="_"): [bread],
        Wanted(search="'; drop table content; --"): [],
        Wanted(Status.DRAFT, "instagram", project, "cake"): [cake],
        Wanted(Status.PUBLISHED): [],
    }
    for wanted, ids in expected.items():
        assert await every_page(library, wanted, 2) == ids, wanted


async def test_counts_name_every_state(library: ContentLibrary, shelf: Shelf) -> None:
    """Also those in which nothing is; of a project only what is in it."""
    (project,) = shelf.run("insert into projects (user_id, name) values ('u', 'A') returning id")
    shelf.add(project_id=project)
    shelf.add(status="draft")
    counts = await library.counts("u")
    assert counts == dict.fromkeys(Status, 0) | {Status.SCHEDULED: 1, Status.DRAFT: 1}
    assert (await library.counts("u", project))[Status.DRAFT] == 0
    assert set((await library.counts("other")).values()) == {0}


async def test_a_span_has_a_beginning_and_an_end(library: ContentLibrary, shelf: Shelf) -> None:
    """From its first moment to before its last, drafts that have a time too; of those without a time, none."""
    begin = datetime(2030, 1, 1, tzinfo=UTC)
    moments = [begin - timedelta(microseconds=1), begin, begin + timedelta(1), begin + timedelta(2)]
    ids = [shelf.add(status="draft") for _ in moments]
    for content, moment in zip(ids, moments, strict=True):
        shelf.run("update content set scheduled_at = %s where id = %s", moment, content)
    shelf.run("update content set scheduled_at = null where id = %s", shelf.add(status="draft"))
    values: dict[str, Any] = {"project_id": None, "limit": 10}
    found = await library.between("u", begin, moments[-1], **values)
    assert [row.id for row in found] == ids[1:3]
    assert await library.between("other", begin, moments[-1], **values) == []
    one = await library.between("u", begin, moments[-1], project_id=None, limit=1)
    assert [row.id for row in one] == ids[1:2]


async def test_a_history_is_read_page_by_page(library: ContentLibrary, shelf: Shelf) -> None:
    """The newest first, several of one moment in the order they happened; another's is not there."""
    content = shelf.add()
    shelf.run(
        "insert into content_action_history (content_id, action, user_id) select id, 'a' || n, 'u'"
        " from content, generate_series(1, 7) as n"
    )
    told: list[str] = []
    after = None
    while entries := await library.history("u", content, limit=3, after=after):
        told += [entry.action for entry in entries]
        after = (entries[-1].created_at, entries[-1].id)
    assert told == [f"a{number}" for number in range(7, 0, -1)]
    assert await library.history("other", content, limit=3) is None
    assert await library.history("u", content + 1, limit=3) is None
    assert await library.piece("other", content) is None
