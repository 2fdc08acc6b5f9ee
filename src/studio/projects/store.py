"""Projects in the database, each under its owner's name: another's is answered as one that does not exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from lockstep import Database, load_queries
from studio.projects.model import Project, ProjectStatus, ProjectText
from studio.storage import PATIENCE, Jsonb, Outdated, Row, Storage, Transaction

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
Version = Callable[[datetime], bool]


class ProjectStore:
    """Makes, finds, changes and deletes a user's projects."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)

    async def create(self, user_id: str, text: ProjectText) -> Project:
        """Make a project."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("create_project", user_id=user_id, **_columns(text))
        assert row is not None
        return _project(row)

    async def list(
        self,
        user_id: str,
        *,
        status: ProjectStatus | None = None,
        limit: int,
        after: tuple[datetime, int] | None = None,
    ) -> list[Project]:
        """Return at most *limit* of the user's projects, the newest first, those *after* a project's place."""
        at, row_id = after or (None, None)
        async with self._storage.transaction() as transaction:
            rows = await transaction.all(
                "list_projects",
                user_id=user_id,
                status=status.value if status else None,
                limit=limit,
                after_at=at,
                after_id=row_id,
            )
        return [_project(row) for row in rows]

    async def find(self, user_id: str, project_id: int) -> Project | None:
        """Return a project of the user's."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("find_project", user_id=user_id, project_id=project_id)
        return None if row is None else _project(row)

    async def change(
        self, user_id: str, project_id: int, changes: Mapping[str, Any], is_read: Version
    ) -> Project | None:
        """Change what is named; raise ``Outdated`` if the version there is not one that *is_read* accepts."""
        async with self._storage.transaction() as transaction:
            held = await _hold(transaction, user_id, project_id, is_read)
            if held is None:
                return None
            row = await transaction.one(
                "write_project",
                user_id=user_id,
                project_id=project_id,
                **_columns(held.text.changed(changes)),
            )
        assert row is not None
        return _project(row)

    async def delete(self, user_id: str, project_id: int, is_read: Version) -> bool:
        """Delete a project and all its content; False: there is none. Raises ``Outdated`` as ``change`` does."""
        async with self._storage.transaction() as transaction:
            if await _hold(transaction, user_id, project_id, is_read) is None:
                return False
            await transaction.run("delete_project", user_id=user_id, project_id=project_id)
        return True


async def _hold(
    transaction: Transaction, user_id: str, project_id: int, is_read: Version
) -> Project | None:
    row = await transaction.one("hold_project", user_id=user_id, project_id=project_id)
    if row is None:
        return None
    if not is_read(row["updated_at"]):
        raise Outdated
    return _project(row)


def _columns(text: ProjectText) -> dict[str, object]:
    values: dict[str, object] = {field.name: getattr(text, field.name) for field in fields(text)}
    return values | {
        "tags": list(text.tags),
        "status": text.status.value,
        "metadata": Jsonb(dict(text.metadata)),
    }


def _project(row: Row) -> Project:
    text = {field.name: row[field.name] for field in fields(ProjectText)}
    text |= {"tags": tuple(row["tags"]), "status": ProjectStatus(row["status"])}
    return Project(
        id=row["id"],
        text=ProjectText(**text),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
