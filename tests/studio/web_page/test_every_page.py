"""Every page in a real browser: light, dark and on a phone, without a barrier that axe finds, and a picture of each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, ViewportSize
from tests.studio.web_page.conftest import Site

pytestmark = pytest.mark.long  # every page, field or operation; `make long`

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
COLOURS = ("color-contrast", "link-in-text-block")
PHONE: ViewportSize = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 800}
TITLES = (
    "Sourdough in five steps",
    "Why your starter smells of pears",
    "Folding, not kneading",
    "The float test lies",
    "First bake, uncut",
    "Bread for the neighbours",
)
VISITORS = ("/", "/register", "/nowhere")
USERS = (
    "/",
    "/projects",
    "/projects/new",
    "/projects/{project}",
    "/projects/{project}/delete",
    "/content",
    "/content/new",
    "/content/{content}",
    "/content/{content}/delete",
    "/calendar",
    "/calendar?view=week",
    "/queue",
    "/planner",
    "/planner/{plan}",
    "/notifications",
    "/settings",
    "/operator",
)
EMPTY = {
    "/": "Nothing is scheduled",
    "/projects": "No projects yet",
    "/content": "No content yet",
    "/calendar": "Nothing in this month",
    "/queue": "The queue is empty",
    "/planner": "No plans yet",
    "/notifications": "Nothing to tell",
}
Keep = Callable[[Page, str], None]


@pytest.mark.parametrize("path", VISITORS)
def test_a_visitor_meets_no_barrier(site: Site, keep: Keep, path: str) -> None:
    """What is shown to those who have not signed in is accessible in both schemes and at every width."""
    somebody = site.visitor(viewport=DESK)
    look(somebody.page(), path, f"visitor{named(path)}", keep)
    if path == "/nowhere":  # the browser itself says that there is no such page
        somebody.complaints.clear()


@pytest.mark.parametrize("path", USERS)
def test_a_user_meets_no_barrier(site: Site, filled: dict[str, str], keep: Keep, path: str) -> None:
    """The same, for all that users and operators see, where there is something to see."""
    somebody = site.signed_in(filled["user"], viewport=DESK)
    look(somebody.page(), path.format(**filled), f"user{named(path)}", keep)


def test_a_new_user_meets_no_barrier(site: Site, keep: Keep) -> None:
    """Where there is nothing yet, pages say what to do."""
    page = site.signed_in(viewport=DESK).page()
    for path, words in EMPTY.items():
        page.goto(path)
        assert violations(page) == [], path
        assert page.get_by_role("main").get_by_text(words).is_visible(), path
        keep(page, f"new{named(path)}.light")


def look(page: Page, path: str, name: str, keep: Keep) -> None:
    """See a page in the light, in the dark, and on a phone."""
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == (404 if path == "/nowhere" else 200)
    if page.locator("#services").count():
        page.locator("#services li").first.wait_for()
    keep(page, f"{name}.light")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    keep(page, f"{name}.dark")
    assert violations(page, COLOURS) == []
    page.set_viewport_size(PHONE)
    keep(page, f"{name}.phone")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def violations(page: Page, rules: tuple[str, ...] = RULES) -> list[str]:
    """Return what axe has against a page."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [
        f"{flaw['id']}: {node['html'][:200]} ({node.get('failureSummary', '')[:300]})"
        for flaw in found
        for node in flaw["nodes"]
    ]


def named(path: str) -> str:
    """Return a path as part of a file's name."""
    return "_" + path.strip("/").translate(str.maketrans("/?={}", "____-")).replace("-", "") if path != "/" else "_home"  # fmt: skip


@pytest.fixture(scope="module")
def filled(running: Site) -> dict[str, str]:
    """An operator with a project, content in every state, a plan and notifications; their ids by name."""
    user = running.account("admin")
    (project,) = running.run(
        "insert into projects (user_id, name, description, platform, tags, is_public) values"
        " (%s, 'Bread in a small kitchen', 'Thirty days from the first starter to a loaf worth giving away.',"
        " 'instagram', '{baking,sourdough}', true) returning id",
        user,
    )
    content = 0
    for number, title in enumerate(TITLES):
        at = f"date_trunc('hour', now()) + interval '{number + 1} days {number} hours'"
        content = running.content(user, title, "scheduled", at, project_id=project)
        running.run(
            "insert into content_action_history (content_id, user_id, action, before, after) values"
            """ (%s, %s, 'schedule', '{"status": "draft"}', '{"status": "scheduled"}')""",
            content,
            user,
        )
    running.content(user, "Crumb, close up", "paused", "now() + interval '1 hour'")
    running.content(user, "Day 1: flour, water, patience", "published", "now() - interval '1 hour'")
    running.content(user, "A week without bread", "cancelled", "now() + interval '2 days'")
    running.content(user, "What a scale is good for", project_id=project)
    failed = running.content(user, "The platform said no", "failed", "now() - interval '2 hours'")
    why = "The platform refused the access token: it expired. Connect the account again."
    running.run("update content set last_error = %s where id = %s", why, failed)
    for read in (True, False):
        running.run(
            "insert into notifications (user_id, type, title, message, is_read) values"
            " (%s, 'publication_failed', 'Instagram did not take your post', %s, %s)",
            user,
            why,
            read,
        )
    plan = planned(running, user)
    return {"user": user, "project": str(project), "content": str(content), "plan": plan}


def planned(site: Site, user: str) -> str:
    """Have a plan laid out and written; return its id."""
    somebody = site.signed_in(user)
    headers = {"X-CSRF-Token": somebody.csrf}
    brief = {"title": "Bread for beginners", "duration_days": 6, "target_platforms": ["instagram"]}
    asked = somebody.context.request
    plan = asked.post("/api/ai-projects", data=brief, headers=headers).json()
    asked.post(f"/api/ai-projects/{plan['id']}/generate", data={"most": 4}, headers=headers)
    return str(plan["id"])
