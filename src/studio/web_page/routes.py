"""Every page's address. What is at none of them is answered with a page that says so, as long as it is no address of the API."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from studio.http_api.problems import Refused
from studio.web_page import (
    calendar_page,
    content_pages,
    home,
    notification_page,
    operator_page,
    planner_pages,
    project_pages,
    queue_page,
    settings_page,
)
from studio.web_page.visits import Access, Show, Visit, page

HERE = Path(__file__).parent
ID = "{id:int}"
_NO_PAGES = ("/api/", "/feeds/", "/assets/", "/docs", "/openapi.json", "/metrics", "/ws", "/api")


def page_routes() -> list[BaseRoute]:
    """Return the routes of the web page."""
    return [
        _get("/", home.show_home, Access.ANYBODY),
        _post("/sign-in", home.sign_in, Access.ANYBODY),
        _get("/register", home.show_registration, Access.ANYBODY),
        _post("/register", home.register, Access.ANYBODY),
        _post("/sign-out", home.sign_out),
        _get("/projects", project_pages.show_projects),
        _get("/projects/new", project_pages.show_new),
        _post("/projects/new", project_pages.create),
        _get(f"/projects/{ID}", project_pages.show_project),
        _post(f"/projects/{ID}", project_pages.save),
        _get(f"/projects/{ID}/delete", project_pages.ask_to_delete),
        _post(f"/projects/{ID}/delete", project_pages.delete),
        _get("/content", content_pages.show_list),
        _get("/content/new", content_pages.show_new),
        _post("/content/new", content_pages.create),
        _get(f"/content/{ID}", content_pages.show_editor),
        _post(f"/content/{ID}", content_pages.save),
        _post(f"/content/{ID}/order", content_pages.carry_out),
        _get(f"/content/{ID}/delete", content_pages.ask_to_delete),
        _post(f"/content/{ID}/delete", content_pages.delete),
        *_time_and_settings(),
        _get("/operator", operator_page.show_operator, Access.ADMINS),
        Mount("/assets", StaticFiles(directory=HERE / "assets"), name="assets"),
        _Elsewhere(),
    ]


def _time_and_settings() -> list[Route]:
    return [
        _get("/calendar", calendar_page.show_calendar),
        _post("/calendar/move", calendar_page.move),
        _post("/calendar/schedule", calendar_page.schedule_many),
        _get("/queue", queue_page.show_queue),
        _get("/planner", planner_pages.show_plans),
        _post("/planner", planner_pages.create),
        _get(f"/planner/{ID}", planner_pages.show_plan),
        _post(f"/planner/{ID}", planner_pages.carry_out),
        _get("/notifications", notification_page.show_notifications),
        _post("/notifications", notification_page.mark_read),
        _get("/settings", settings_page.show_settings),
        _post("/settings/profile", settings_page.save_profile),
        _post("/settings/password", settings_page.change_password),
        _post("/settings/zone", settings_page.save_zone),
        _post("/settings/sessions", settings_page.end_session),
        _post("/settings/accounts", settings_page.connect),
        _post("/settings/accounts/change", settings_page.change_account),
    ]


def _get(path: str, show: Show, access: Access = Access.USERS) -> Route:
    return Route(path, page(show, access), methods=["GET"])


def _post(path: str, show: Show, access: Access = Access.USERS) -> Route:
    return Route(path, page(show, access), methods=["POST"])


async def _nothing(_visit: Visit) -> Response:
    raise Refused(404, "not_found", "No page has this address; perhaps it was mistyped, or what it showed was deleted.")  # fmt: skip


class _Elsewhere(Route):
    """Every address that a person may have mistyped; the API's are left to the API."""

    def __init__(self) -> None:
        super().__init__("/{path:path}", page(_nothing, Access.ANYBODY), methods=["GET"])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether it answers a request."""
        if scope["type"] != "http" or scope["path"].startswith(_NO_PAGES):
            return Match.NONE, {}
        found, child = super().matches(scope)
        return (found, child) if found is Match.FULL else (Match.NONE, {})
