"""Projects: the list, and one of them with what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from studio.content.library import Wanted
from studio.http_api.etags import Precondition, etag
from studio.http_api.problems import NotFound, Refused
from studio.http_api.projects import NewProject, ProjectChange, change_project, create_project
from studio.projects.model import Project, ProjectStatus
from studio.storage import Outdated
from studio.web_page import paging
from studio.web_page.forms import BLANK, Invalid, Sheet, checked, or_none, words
from studio.web_page.visits import Visit, back_to

FIELDS = (
    "name",
    "description",
    "type",
    "platform",
    "target_audience",
    "estimated_duration",
    "tags",
    "status",
    "is_public",
)


async def show_projects(visit: Visit) -> Response:
    """Show a page of the user's projects."""
    wanted = paging.asked(visit)
    found = await visit.parts.projects.list(visit.user.id, limit=wanted.fetch, after=wanted.after)
    return visit.show("projects.html", projects=paging.some(visit, wanted, found))


async def show_new(visit: Visit) -> Response:
    """Show the form for a new project."""
    return _form(visit, Sheet({"type": "campaign", "status": "active"}))


async def create(visit: Visit) -> Response:
    """Make a project."""
    typed = _typed(visit)
    try:
        new = checked(NewProject, _values(typed))
    except Invalid as invalid:
        return _form(visit, Sheet(typed, invalid.problems))
    made = await create_project(new, visit.user, visit.parts, Response())
    return back_to(f"/projects/{made.id}?done=created")


async def show_project(visit: Visit) -> Response:
    """Show a project, its content, and the form to change it."""
    project = await _found(visit)
    return await _project(visit, project, Sheet(_written(project)))


async def save(visit: Visit) -> Response:
    """Change a project, if nobody else has meanwhile; else show both."""
    typed = _typed(visit)
    match = Precondition(frozenset({visit.text("version")}))
    try:
        change = checked(ProjectChange, _values(typed))
        await change_project(visit.number("id"), change, visit.user, match, visit.parts, Response())
    except Invalid as invalid:
        return await _project(visit, await _found(visit), Sheet(typed, invalid.problems))
    except Outdated:
        project = await _found(visit)
        theirs = {name: text for name, text in _written(project).items() if text != typed[name]}
        if theirs:
            return await _project(visit, project, Sheet(typed, theirs=theirs))
    return back_to(f"/projects/{visit.number('id')}?done=saved")


async def ask_to_delete(visit: Visit) -> Response:
    """Ask whether a project is really to be deleted, and say what goes with it."""
    project = await _found(visit)
    counts = await visit.parts.library.counts(visit.user.id, project.id)
    count = sum(counts.values())
    return visit.show(
        "delete.html",
        title=project.text.name,
        what="project",
        loses=f"Its content goes with it: {count} piece{'' if count == 1 else 's'}, with histories and figures.",
        version=etag(project.updated_at),
        back=f"/projects/{project.id}",
    )


async def delete(visit: Visit) -> Response:
    """Delete a project."""
    match = Precondition(frozenset({visit.text("version")}))
    if not await visit.parts.projects.delete(visit.user.id, visit.number("id"), match):
        raise NotFound("project")
    return back_to("/projects?done=deleted")


def _form(visit: Visit, sheet: Sheet) -> Response:
    return visit.show("project_new.html", sheet.status, sheet=sheet, statuses=list(ProjectStatus))


async def _project(visit: Visit, project: Project, sheet: Sheet = BLANK) -> Response:
    wanted = paging.asked(visit)
    found = await visit.parts.library.page(
        visit.user.id, Wanted(project_id=project.id), limit=wanted.fetch, after=wanted.after
    )
    return visit.show(
        "project.html",
        sheet.status,
        project=project,
        version=etag(project.updated_at),
        sheet=sheet,
        statuses=list(ProjectStatus),
        counts=await visit.parts.library.counts(visit.user.id, project.id),
        content=paging.some(visit, wanted, found),
    )


async def _found(visit: Visit) -> Project:
    project = await visit.parts.projects.find(visit.user.id, visit.number("id"))
    if project is None:
        raise Refused(404, "not_found", "There is no such project, or it is not yours.")
    return project


def _typed(visit: Visit) -> dict[str, str]:
    return {name: visit.text(name) for name in FIELDS}


def _written(project: Project) -> dict[str, str]:
    text = project.text
    return {
        "name": text.name,
        "description": text.description or "",
        "type": text.type,
        "platform": text.platform or "",
        "target_audience": text.target_audience or "",
        "estimated_duration": text.estimated_duration or "",
        "tags": ", ".join(text.tags),
        "status": text.status.value,
        "is_public": "yes" if text.is_public else "",
    }


def _values(typed: Mapping[str, str]) -> dict[str, Any]:
    optional = ("description", "platform", "target_audience", "estimated_duration")
    return {
        "name": typed["name"],
        "type": typed["type"],
        "status": typed["status"],
        "tags": words(typed["tags"]),
        "is_public": bool(typed["is_public"]),
        **{name: or_none(typed[name]) for name in optional},
    }
