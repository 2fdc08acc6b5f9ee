"""Projects over HTTP. Who changes or deletes one names the version that they have read."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from studio.http_api.etags import IfMatch, etag, unchanged
from studio.http_api.paging import Page, Paging, page
from studio.http_api.parts import PartsHere
from studio.http_api.problems import NotFound, documented
from studio.http_api.values import (
    Answer,
    Body,
    Flag,
    Id,
    LongText,
    Metadata,
    Name,
    Platform,
    ShortText,
    Tags,
    not_named,
)
from studio.http_api.who import CurrentUser
from studio.projects.model import Project, ProjectStatus, ProjectText

router = APIRouter(prefix="/api/projects", tags=["projects"])


class NewProject(Body):
    """A project to make."""

    name: Name = Field(examples=["Bread in a small kitchen"])
    description: LongText | None = None
    type: Name = Field("campaign", examples=["campaign"])
    template: ShortText | None = None
    platform: Platform | None = Field(None, examples=["instagram"])
    target_audience: ShortText | None = Field(None, examples=["People who bake after work"])
    estimated_duration: ShortText | None = Field(None, examples=["30 days"])
    tags: Tags = Field([], examples=[["baking", "sourdough"]])
    is_public: Flag = Field(False, description="Whether what is published is in a public feed.")
    status: ProjectStatus = ProjectStatus.ACTIVE
    metadata: Metadata = Field({})


class ProjectChange(Body):
    """What to change; what is not named stays, null empties."""

    name: Name = Field(default_factory=not_named)
    description: LongText | None = None
    type: Name = Field(default_factory=not_named)
    template: ShortText | None = None
    platform: Platform | None = None
    target_audience: ShortText | None = None
    estimated_duration: ShortText | None = None
    tags: Tags = Field(default_factory=not_named)
    is_public: Flag = Field(default_factory=not_named)
    status: ProjectStatus = Field(default_factory=not_named, examples=["paused"])
    metadata: Metadata = Field(default_factory=not_named)


class ProjectAnswer(Answer):
    """A project."""

    id: int
    name: str
    description: str | None
    type: str
    template: str | None
    platform: str | None
    target_audience: str | None
    estimated_duration: str | None
    tags: list[str]
    is_public: bool
    status: ProjectStatus
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime


@router.post(
    "", status_code=201, summary="Make a project", responses=documented(401, 403, 409, 422, 503)
)
async def create_project(
    new: NewProject, user: CurrentUser, parts: PartsHere, response: Response
) -> ProjectAnswer:
    """Make a project of my own."""
    project = await parts.projects.create(user.id, ProjectText(**_values(new.model_dump())))
    response.headers["Location"] = f"/api/projects/{project.id}"
    return _answer(project, response)


@router.get("", summary="My projects", responses=documented(401, 422, 503))
async def list_projects(
    user: CurrentUser,
    parts: PartsHere,
    paging: Paging,
    status: Annotated[ProjectStatus | None, Query(description="Only those.")] = None,
) -> Page[ProjectAnswer]:
    """Return a page of my projects, the newest first."""
    found = await parts.projects.list(
        user.id, status=status, limit=paging.fetch, after=paging.after
    )
    return page(paging, [_shown(project) for project in found])


@router.get("/{project_id}", summary="A project", responses=documented(401, 404, 422, 503))
async def get_project(
    project_id: Id, user: CurrentUser, parts: PartsHere, request: Request, response: Response
) -> Any:
    """Return a project of mine; its `ETag` is what a change must name."""
    project = await parts.projects.find(user.id, project_id)
    if project is None:
        raise NotFound("project")
    return unchanged(request, project.updated_at) or _answer(project, response)


@router.patch(
    "/{project_id}",
    summary="Change a project",
    responses=documented(401, 403, 404, 412, 422, 428, 503),
)
async def change_project(
    project_id: Id,
    change: ProjectChange,
    user: CurrentUser,
    match: IfMatch,
    parts: PartsHere,
    response: Response,
) -> ProjectAnswer:
    """Change a project of mine, if it is still the version that I have read."""
    project = await parts.projects.change(user.id, project_id, _values(change.given()), match)
    if project is None:
        raise NotFound("project")
    return _answer(project, response)


@router.delete(
    "/{project_id}",
    status_code=204,
    summary="Delete a project",
    responses=documented(401, 403, 404, 412, 422, 428, 503),
)
async def delete_project(
    project_id: Id, user: CurrentUser, match: IfMatch, parts: PartsHere
) -> None:
    """Delete a project of mine with all its content, if it is still the version that I have read."""
    if not await parts.projects.delete(user.id, project_id, match):
        raise NotFound("project")


def _values(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"tags": tuple(values["tags"])} if "tags" in values else values


def _answer(project: Project, response: Response) -> ProjectAnswer:
    response.headers["ETag"] = etag(project.updated_at)
    return _shown(project)


def _shown(project: Project) -> ProjectAnswer:
    return ProjectAnswer(
        id=project.id,
        created_at=project.created_at,
        updated_at=project.updated_at,
        **asdict(project.text),
    )
