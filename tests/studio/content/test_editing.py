"""Content is written under a revision: two editors never overwrite each other, and the scheduler stops neither."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lockstep import Database
from studio.content.editing import EDITABLE, PUBLISHED, EditingStore
from studio.content.model import LONGEST_REASON, Claim, Status
from studio.content.planning import OrderRefused
from studio.storage import ConstraintViolated, Outdated

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

pytestmark = pytest.mark.anyio
DRAFT: dict[str, Any] = {"title": "Bread", "platform": "instagram"}
OTHER_TEXT: dict[str, Any] = {
    "title": "Rolls",
    "description": "<b>'; drop table content; --</b>",
    "script": "cut \\ 'n' \"paste\" %s {0}",
    "platform": "my_blog",
    "content_type": "reel",
    "thumbnail_url": "https://example.com/t.png",
    "video_url": "https://example.com/v.mp4",
    "tags": ["a,b", "{}", '"', "🍞", "null"],
}
UNSEEN: dict[str, Any] = {
    "metadata": {"deep": [1, 2.5, None, {"x": "😀"}]},
    "ai_generated": True,
    "day_number": 3,
    "publish_order": -2,
}


def whatever(_revision: int) -> bool:
    """Any revision may be overwritten."""
    return True


@pytest.fixture
def editing(pool: Database) -> EditingStore:
    """The store."""
    return EditingStore(pool)


async def refused(attempt: Any) -> OrderRefused:
    """Why it was not done."""
    with pytest.raises(OrderRefused) as caught:
        await attempt
    return caught.value


async def test_a_draft_comes_back_as_it_was_written(editing: EditingStore, shelf: Shelf) -> None:
    """Every column that people write, defaults for the rest, and the history's first row with its author."""
    assert set(OTHER_TEXT) == PUBLISHED
    assert set(OTHER_TEXT) | set(UNSEEN) | {"project_id"} == set(EDITABLE)
    piece = await editing.create("u", {**OTHER_TEXT, **UNSEEN})
    for name, value in {**OTHER_TEXT, **UNSEEN}.items():
        assert getattr(piece, name) == value, name
    assert (piece.status, piece.content_version, piece.revision) == (Status.DRAFT, 1, 1)
    plain = await editing.create("u", DRAFT)
    assert (plain.content_type, plain.tags, plain.metadata) == ("post", [], {})
    assert shelf.run("select content_id, user_id, action, after ->> 'status' from content_action_history") == [
        (piece.id, "u", "create", "draft"), (plain.id, "u", "create", "draft"),
    ]  # fmt: skip


async def test_content_belongs_to_projects_of_the_same_person(
    editing: EditingStore, shelf: Shelf
) -> None:
    """Another's project is refused exactly as one that does not exist, when creating and when moving."""
    shelf.run("insert into users (id, email) values ('other', 'other@example.com')")
    (mine,) = shelf.run("insert into projects (user_id, name) values ('u', 'A') returning id")
    (others,) = shelf.run("insert into projects (user_id, name) values ('other', 'B') returning id")
    piece = await editing.create("u", {**DRAFT, "project_id": mine})
    assert piece.project_id == mine
    answers = set()
    for project in (others, 999_999):
        for attempt in (
            editing.create("u", {**DRAFT, "project_id": project}),
            editing.edit("u", piece.id, {"project_id": project}, whatever),
        ):
            problem = await refused(attempt)
            answers.add((problem.code, str(problem)))
    assert answers == {("unknown_project", "There is no such project.")}
    assert shelf.run("select count(*) from content") == [1]
    alone = await editing.edit("u", piece.id, {"project_id": None}, whatever)
    assert (alone.project_id, alone.content_version) == (None, 1)


async def test_anothers_content_is_not_there(editing: EditingStore, shelf: Shelf) -> None:
    """Neither edited nor deleted, and the refusal is that of content that does not exist."""
    piece = await editing.create("u", DRAFT)
    shelf.run("insert into users (id, email) values ('other', 'other@example.com')")
    for user, content in (("other", piece.id), ("u", piece.id + 1)):
        for attempt in (
            editing.edit(user, content, {"title": "Mine"}, whatever),
            editing.delete(user, content, whatever),
        ):
            assert (await refused(attempt)).code == "not_found"
    assert shelf.row(piece.id)["title"] == "Bread"


async def test_of_editors_at_once_exactly_one_wins(editing: EditingStore, shelf: Shelf) -> None:
    """All have read the same revision; the others are told, whatever column they meant, and nothing of theirs is kept."""
    piece = await editing.create("u", DRAFT)
    for round_ in range(5):
        read = piece.revision + round_
        attempts = [
            editing.edit("u", piece.id, change, read.__eq__)
            for change in (
                {"title": f"Title {round_}"},
                {"script": f"Script {round_}"},
                {"title": f"Other {round_}"},
                {"metadata": {"round": round_}},
            )
        ]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        lost = [result for result in results if isinstance(result, Outdated)]
        assert len(lost) == len(results) - 1
    assert shelf.row(piece.id)["revision"] == 6
    assert shelf.run("select count(*) from content_action_history where action = 'edit'") == [5]


async def test_the_schedulers_writes_stop_no_editor(
    editing: EditingStore, shelf: Shelf, pool: Database
) -> None:
    """A failed attempt meanwhile changes the row but no revision: the edit goes through, and the state stays."""
    content = shelf.add()
    read = shelf.row(content)["revision"]
    shelf.run(
        "update content set status = 'failed', last_error = 'no token' where id = %s", content
    )
    edited = await editing.edit("u", content, {"title": "Rolls"}, lambda now: now == read)
    assert (edited.title, edited.status, edited.last_error) == ("Rolls", Status.FAILED, "no token")


async def test_a_new_version_is_what_platforms_have_not_seen(
    editing: EditingStore, shelf: Shelf
) -> None:
    """What goes out makes a new version unless it is a draft's; the rest never does; the revision always rises."""
    for name, value in {**OTHER_TEXT, **UNSEEN}.items():
        draft = await editing.create("u", DRAFT)
        edited = await editing.edit("u", draft.id, {name: value}, whatever)
        assert (edited.content_version, edited.revision) == (1, 2), name
        edited = await editing.edit("u", shelf.add(), {name: value}, whatever)
        assert (edited.content_version, edited.revision) == (2 if name in PUBLISHED else 1, 2), name
        assert getattr(edited, name) == value


async def test_published_content_can_be_edited_and_is_another_version(
    editing: EditingStore, shelf: Shelf
) -> None:
    """The success of the first version stays; the key of the second is free."""
    content = shelf.add(status="published", published_at="2030-01-01T00:00:00Z")
    insert = (
        "insert into publications (content_id, content_version, platform, status)"
        " select id, content_version, platform, 'succeeded' from content where id = %s"
    )
    shelf.run(insert, content)
    keys = {key(shelf.row(content))}
    edited = await editing.edit("u", content, {"description": "with butter"}, whatever)
    assert (edited.status, edited.content_version) == (Status.PUBLISHED, 2)
    shelf.run(insert, content)
    keys.add(key(shelf.row(content)))
    assert len(keys) == 2
    assert len(shelf.publications(content)) == 2


def key(row: dict[str, Any]) -> str:
    """The idempotency key that a platform would get for this row."""
    values = dict.fromkeys(Claim.__dataclass_fields__)
    values |= {"id": row["id"], "version": row["content_version"], "platform": row["platform"]}
    return Claim(**values).key  # type: ignore[arg-type]


async def test_nothing_new_is_not_written(editing: EditingStore, shelf: Shelf) -> None:
    """An edit that says what is there already leaves revision, time and history alone."""
    piece = await editing.create("u", {**OTHER_TEXT, **UNSEEN})
    assert await editing.edit("u", piece.id, {**OTHER_TEXT, **UNSEEN}, whatever) == piece
    assert await editing.edit("u", piece.id, {}, whatever) == piece
    assert shelf.run("select count(*) from content_action_history") == [1]


async def test_the_history_tells_what_was_edited(editing: EditingStore, shelf: Shelf) -> None:
    """Only what has changed, before and after; of a long text the beginning, or the history would outgrow the content."""
    piece = await editing.create("u", {**DRAFT, "script": "a" * 90_000})
    await editing.edit(
        "u", piece.id, {"script": "b" * 90_000, "tags": ["x"], "title": "Bread"}, whatever
    )
    ((action, user, before, after),) = shelf.run(
        "select action, user_id, before, after from content_action_history where action <> 'create'"
    )
    assert (action, user, set(before), set(after)) == (
        "edit", "u", {"script", "tags"}, {"script", "tags"},
    )  # fmt: skip
    assert (before["tags"], after["tags"]) == ([], ["x"])
    assert len(before["script"]) == len(after["script"]) == LONGEST_REASON


async def test_what_a_platform_is_taking_is_left_alone(editing: EditingStore, shelf: Shelf) -> None:
    """While it is publishing, neither edits nor deletion; afterwards both."""
    content = shelf.left_behind("1 hour")
    for attempt in (
        editing.edit("u", content, {"title": "Rolls"}, whatever),
        editing.delete("u", content, whatever),
    ):
        problem = await refused(attempt)
        assert (problem.code, problem.possible) == ("wrong_state", ())
        assert "publishing" in str(problem)
    assert shelf.row(content)["title"] == "Bread"
    shelf.run(
        "update content set status = 'failed', lease_owner = null, lease_until = null where id = %s",
        content,
    )
    await editing.delete("u", content, whatever)
    assert shelf.run("select count(*) from content") == [0]


async def test_deleting_takes_everything_along(editing: EditingStore, shelf: Shelf) -> None:
    """History, schedules, attempts and figures go with it, if it is still the revision that was read."""
    content = shelf.add(status="published", published_at="2030-01-01T00:00:00Z")
    for table in ("publications", "content_metrics", "post_schedules"):
        more = {"publications": "content_version", "post_schedules": "scheduled_at"}.get(table)
        shelf.run(
            f"insert into {table} (content_id, platform{', ' + more if more else ''})"
            f" select id, platform{', ' + more if more else ''} from content"
        )
    with pytest.raises(Outdated):
        await editing.delete("u", content, lambda revision: revision == 2)
    await editing.delete("u", content, lambda revision: revision == 1)
    tables = ("content", "content_action_history", "publications", "content_metrics", "post_schedules")  # fmt: skip
    assert [shelf.run(f"select count(*) from {table}") for table in tables] == [[0]] * 5


async def test_the_open_schedule_goes_where_its_content_goes(
    editing: EditingStore, shelf: Shelf
) -> None:
    """Another platform is another platform for the schedule too; what is over stays what it was."""
    content = shelf.add("1 hour")
    shelf.run(
        "insert into post_schedules (content_id, platform, scheduled_at, status)"
        " select id, platform, scheduled_at, unnest(array['completed', 'pending']) from content"
    )
    await editing.edit("u", content, {"platform": "my_blog"}, whatever)
    assert shelf.run("select platform, status from post_schedules order by status") == [
        ("instagram", "completed"), ("my_blog", "pending"),
    ]  # fmt: skip


async def test_a_project_that_is_deleted_meanwhile_is_unknown(
    editing: EditingStore, shelf: Shelf
) -> None:
    """The foreign key finds what the look before it could not; other constraints are not taken for it."""
    (project,) = shelf.run("insert into projects (user_id, name) values ('u', 'A') returning id")
    shelf.run("alter table content drop constraint content_project_id_fkey")
    shelf.run(
        "alter table content add constraint content_project_id_fkey check (project_id is null)"
    )
    problem = await refused(editing.create("u", {**DRAFT, "project_id": project}))
    assert problem.code == "unknown_project"
    with pytest.raises(ConstraintViolated):
        await editing.create("u", {**DRAFT, "title": ""})
