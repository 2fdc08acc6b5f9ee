"""Writing content: drafts, edits that never overwrite another's, and deleting.

Two numbers tell versions apart. ``revision`` rises with everything that a person writes into a piece; an editor's write is
held against it, so that what the scheduler writes meanwhile disturbs nobody. ``content_version`` names what platforms may have
seen: together with the platform it is the key of a publication, which succeeds once. It rises when something that is published
changes and the piece is no draft any more, for from its first schedule on a platform may have been offered the text: what
was changed is another publication, never a repetition that a platform would take for one it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lockstep import Database, load_queries
from studio.content import pieces
from studio.content.model import Action, Status, storable
from studio.content.pieces import Deed, Piece, read_piece, record
from studio.content.planning import OrderRefused, advanced
from studio.storage import (
    PATIENCE,
    ConstraintViolated,
    Jsonb,
    Outdated,
    Row,
    Storage,
    Transaction,
)

QUERIES = {**pieces.QUERIES, **load_queries(Path(__file__).with_name("editing.sql"))}
EDITABLE: Mapping[str, Any] = {
    "project_id": None,
    "title": "",
    "description": None,
    "script": None,
    "platform": "",
    "content_type": "post",
    "thumbnail_url": None,
    "video_url": None,
    "tags": [],
    "metadata": {},
    "ai_generated": False,
    "day_number": None,
    "publish_order": 0,
}
"""What people write, and what it is if they do not; a title and a platform have to be given."""

PUBLISHED = frozenset(
    {
        "title",
        "description",
        "script",
        "platform",
        "content_type",
        "thumbnail_url",
        "video_url",
        "tags",
    }
)
"""What goes out: a change of it is a new version."""

Accepts = Callable[[int], bool]
_PROJECT_KEY = "content_project_id_fkey"


class EditingStore:
    """Creates, edits and deletes content; everything it writes is in the history."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)

    async def create(self, user_id: str, values: Mapping[str, Any]) -> Piece:
        """Add a draft; raise ``OrderRefused`` for a project that is not that user's."""
        given = {**EDITABLE, **values}
        try:
            async with self._storage.transaction() as transaction:
                row = await transaction.one(
                    "create_piece",
                    **{**given, "metadata": Jsonb(given["metadata"]), "user_id": user_id},
                )
                if row is None:
                    raise _unknown_project()
                after = {"status": Status.DRAFT.value, "title": given["title"]}
                await record(transaction, user_id, [Deed(row["id"], Action.CREATE, None, after)])
                piece = await read_piece(transaction, user_id, row["id"])
                assert piece is not None
                return piece
        except ConstraintViolated as error:
            raise _translated(error) from None

    async def edit(
        self, user_id: str, content_id: int, values: Mapping[str, Any], accepts: Accepts
    ) -> Piece:
        """Write *values* over the revision that *accepts* knows; return the piece as it is then.

        Raises ``Outdated`` for another revision, ``OrderRefused`` for a state in which nothing can be edited. What says
        nothing new is not written.
        """
        try:
            async with self._storage.transaction() as transaction:
                row = await _lock(transaction, user_id, content_id, accepts)
                advanced(Status(row["status"]), Action.EDIT)
                given = {name: value for name, value in values.items() if row[name] != value}
                if given:
                    await _edit(transaction, user_id, content_id, row, given)
                piece = await read_piece(transaction, user_id, content_id)
                assert piece is not None  # it is locked
                return piece
        except ConstraintViolated as error:
            raise _translated(error) from None

    async def delete(self, user_id: str, content_id: int, accepts: Accepts) -> None:
        """Delete a piece with its history; raise ``Outdated``, and ``OrderRefused`` while it is being published."""
        async with self._storage.transaction() as transaction:
            row = await _lock(transaction, user_id, content_id, accepts)
            if row["status"] == Status.PUBLISHING:
                raise OrderRefused(
                    "wrong_state",
                    "Cannot delete content that is publishing; wait until the platform has answered.",
                    (),
                )
            await transaction.run("delete_piece", content_id=content_id, user_id=user_id)


async def _lock(transaction: Transaction, user_id: str, content_id: int, accepts: Accepts) -> Row:
    row = await transaction.one("lock_piece", content_id=content_id, user_id=user_id)
    if row is None:
        raise OrderRefused("not_found", "There is no such content.")
    if not accepts(row["revision"]):
        raise Outdated
    return row


async def _edit(
    transaction: Transaction, user_id: str, content_id: int, row: Row, given: Mapping[str, Any]
) -> None:
    project_id = given.get("project_id")
    if project_id is not None and not await transaction.one(
        "own_project", project_id=project_id, user_id=user_id
    ):
        raise _unknown_project()
    written = await transaction.run(
        "edit_piece",
        content_id=content_id,
        revision=row["revision"],
        given=Jsonb(given),
        versions=new_versions(Status(row["status"]), given),
    )
    assert written == 1  # it is locked, and was seen to be this revision
    if "platform" in given:
        await transaction.run(
            "move_open_schedules", content_id=content_id, platform=given["platform"]
        )
    before = {name: _brief(row[name]) for name in given}
    after = {name: _brief(value) for name, value in given.items()}
    await record(transaction, user_id, [Deed(content_id, Action.EDIT, before, after)])


def new_versions(status: Status, changed: Mapping[str, Any]) -> int:
    """Return by how much ``content_version`` rises when content in that state is changed so."""
    return int(status is not Status.DRAFT and not PUBLISHED.isdisjoint(changed))


def _brief(value: object) -> object:
    """Return a value for the history, which keeps the beginning of long texts only."""
    return storable(value) if isinstance(value, str) else value


def _unknown_project() -> OrderRefused:
    return OrderRefused("unknown_project", "There is no such project.")


def _translated(error: ConstraintViolated) -> Exception:
    """Return what a refused write means: the project may have gone just now."""
    return _unknown_project() if error.constraint == _PROJECT_KEY else error
