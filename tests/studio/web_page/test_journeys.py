"""What people do with the studio, from signing up to watching something go out, in a real browser."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from tests.studio.web_page.conftest import ZONE, Site

DESK = {"width": 1280, "height": 900}
PASSWORD = "a long and quiet evening"


def wednesday() -> datetime:
    """Return nine o'clock on the browsers' clock of a Wednesday to come: the next day is in the same week, and so in view."""
    now = datetime.now(ZoneInfo(ZONE))
    day = now + timedelta(days=(1 - now.weekday()) % 7 + 1)
    return day.replace(hour=9, minute=0, second=0, microsecond=0)


SOON = wednesday()
AFTER = SOON + timedelta(days=1)
MONTH = f"/calendar?view=month&date={SOON:%Y-%m-%d}"
NOON = f"'{SOON.replace(hour=12).isoformat()}'"


def event(page: Page, title: str) -> Locator:
    """Return a piece of content in the calendar."""
    return page.locator(".event", has_text=title)


def day_of(page: Page, day: datetime) -> Locator:
    """Return a day of the calendar."""
    return page.locator(f'[data-day="{day:%Y-%m-%d}"]')


def test_from_signing_up_to_going_out(site: Site) -> None:
    """Sign up, make a project, write, schedule, find it in the calendar, drag it on, publish it, and see it go out."""
    page = site.visitor(viewport=DESK).page()
    page.goto("/")
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("First name").fill("Ada")
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_role("heading", name="Hello, Ada")).to_be_visible()

    page.get_by_role("link", name="Projects").click()
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Name").fill("Bread")
    page.get_by_role("button", name="Make the project").click()
    page.get_by_role("link", name="New content").click()
    project = page.url.partition("project=")[2]
    page.get_by_label("Title").fill("First loaf")
    page.get_by_label("Platform").fill("instagram")
    expect(page.get_by_label("Project")).to_have_value(project)
    page.get_by_role("button", name="Keep as a draft").click()

    page.get_by_label("Day and time").fill(f"{SOON:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Schedule", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Scheduled.")).to_be_visible()

    page.goto(MONTH)
    expect(day_of(page, SOON).locator(".event")).to_contain_text("09:00 First loaf")
    event(page, "First loaf").drag_to(day_of(page, AFTER))
    expect(day_of(page, AFTER).locator(".event")).to_contain_text("First loaf")
    expect(page.locator("#said")).to_contain_text("goes out on")
    assert site.run("select scheduled_at from content where title = 'First loaf'") == [AFTER]

    page.goto("/queue")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.evaluate("window.neverLoadedAnew = true")
    site.run("update content set scheduled_at = now() where title = 'First loaf'")
    row = page.get_by_role("row", name="First loaf")
    expect(row.get_by_text("Published")).to_be_visible()
    assert page.evaluate("window.neverLoadedAnew")


def test_two_editors_lose_nothing(site: Site) -> None:
    """Who saves second sees what the first has saved beside their own words, and decides."""
    first = site.signed_in()
    second = site.signed_in(first.id)
    content = site.content(first.id, "Bread", script="Flour and water.")
    one, other = first.page(), second.page()
    for page in (one, other):
        page.goto(f"/content/{content}")
    one.get_by_label("Text").fill("Flour, water and salt.")
    one.get_by_role("button", name="Save").click()
    expect(one.get_by_text("Saved.")).to_be_visible()

    other.get_by_label("Text").fill("Rye and water.")
    other.get_by_label("Title").fill("Rye bread")
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("heading", name="Somebody else saved meanwhile")).to_be_visible()
    expect(other.get_by_label("Text")).to_have_value("Rye and water.")
    expect(other.locator("#script-theirs")).to_contain_text("Flour, water and salt.")
    assert site.run("select title, script from content where id = %s", content) == [
        ("Bread", "Flour, water and salt.")
    ]

    other.locator("#script-theirs").get_by_role("button", name="Take this").click()
    other.get_by_role("button", name="Save mine").click()
    expect(other.get_by_text("Saved.")).to_be_visible()
    assert site.run("select title, script from content where id = %s", content) == [
        ("Rye bread", "Flour, water and salt.")
    ]
    second.complaints[:] = [said for said in second.complaints if "409" not in said]


def test_a_refused_move_goes_back_and_says_why(site: Site) -> None:
    """What somebody else has moved meanwhile is not moved again unseen: it goes back to its place, with the reason."""
    somebody = site.signed_in(viewport=DESK)
    content = site.content(somebody.id, "Bread", "scheduled", NOON)
    page = somebody.page()
    page.route_web_socket("**/ws**", lambda _: None)  # the page shall not hear of what happens
    page.goto(MONTH)
    page.route("**/calendar/move", lambda route: route.abort())
    event(page, "Bread").drag_to(day_of(page, AFTER))
    expect(page.locator("#not-moved")).to_contain_text("was not moved")
    expect(day_of(page, SOON).locator(".event")).to_contain_text("Bread")
    page.unroute("**/calendar/move")

    site.run("update content set scheduled_at = scheduled_at + interval '1 hour' where id = %s", content)  # fmt: skip
    event(page, "Bread").drag_to(day_of(page, AFTER))
    expect(page.locator("#not-moved")).to_contain_text("Somebody moved it meanwhile")
    expect(day_of(page, SOON).locator(".event")).to_contain_text("Bread")
    somebody.complaints[:] = [each for each in somebody.complaints if "412" not in each and "ERR_FAILED" not in each]  # fmt: skip


def test_the_keyboard_is_enough(site: Site) -> None:
    """Without a mouse one skips to the content, moves in the calendar with arrows and the dialog, and hears of it."""
    somebody = site.signed_in(viewport=DESK)
    content = site.content(somebody.id, "Bread", "scheduled", NOON)
    page = somebody.page()
    page.goto(MONTH)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()

    bread = event(page, "Bread").get_by_role("link").first
    tabbed_to(page, bread)
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#said")).to_contain_text("goes out on")
    expect(day_of(page, AFTER).locator(".event")).to_be_visible()
    expect(bread).to_be_focused()

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Time").fill("17:45")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("17:45")
    (moved,) = site.run("select scheduled_at from content where id = %s", content)
    assert moved == AFTER.replace(hour=17, minute=45)


def tabbed_to(page: Page, target: Locator) -> None:
    """Press Tab until *target* has the focus; every stop on the way can be seen."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("node => node === document.activeElement"):
            return
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
    raise AssertionError("the keyboard does not lead there")


def test_the_queue_comes_back_after_a_break(site: Site) -> None:
    """A connection that is lost is shown as lost, comes back by itself, and what happened in between is there."""
    somebody = site.signed_in()
    content = site.content(somebody.id, "Bread", "scheduled", "now() + interval '1 hour'")
    page = somebody.page()
    sockets: list[WebSocketRoute] = []

    def proxied(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        if len(sockets) == 2:
            socket.close()
        else:
            socket.connect_to_server()

    page.route_web_socket("**/ws**", proxied)
    page.goto("/queue")
    expect(page.locator("#connection")).to_have_text("live")
    sockets[0].close()
    expect(page.locator("#connection")).to_have_text("reconnecting")
    headers = {"X-CSRF-Token": somebody.csrf}
    paused = somebody.context.request.post(f"/api/content/{content}/pause", headers=headers)
    assert paused.ok
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.get_by_role("row", name="Bread").get_by_text("Paused")).to_be_visible()
    assert "?after=" in sockets[-1].url


@pytest.mark.long
def test_without_javascript_forms_do_it_all(site: Site) -> None:
    """Plan, have drafts written, accept, schedule many, move by the form, retry, and sign out: no script runs."""
    somebody = site.signed_in(java_script_enabled=False)
    failed = site.content(somebody.id, "Burnt", "failed", "now() - interval '1 hour'")
    page = somebody.page()
    page.goto("/planner")
    page.get_by_label("Title").fill("Ten loaves")
    page.get_by_label("Days").fill("3")
    page.get_by_label("Platforms").fill("instagram")
    page.get_by_role("button", name="Lay it out").click()
    page.get_by_role("button", name="Have drafts written").click()
    page.get_by_role("button", name="Accept: schedule 3 drafts").click()
    expect(page.get_by_text("Accepted")).to_be_visible()
    expect(page.locator(".plan .badge")).to_have_text(["Scheduled"] * 3)

    drafts = [site.content(somebody.id, f"Loaf {number}") for number in (1, 2)]
    page.goto("/calendar")
    for number in (1, 2):
        page.get_by_label(f"Loaf {number}").check()
    page.get_by_label("The first one goes out").fill(f"{SOON:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Schedule the chosen").click()
    moments = site.run("select scheduled_at from content where id = any(%s) order by 1", drafts)
    wall = [moment.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None) for moment in moments]
    first = SOON.replace(tzinfo=None)
    assert wall == [first, first + timedelta(days=1)]

    page.goto("/queue")
    page.get_by_role("row", name="Burnt").get_by_role("button", name="Retry").click()
    assert site.run("select action from content_action_history where content_id = %s and action = 'retry'", failed)  # fmt: skip
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/queue")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_chosen_scheme_stays(site: Site) -> None:
    """Who takes the dark scheme has it on the next page too, from its first moment on."""
    page = site.signed_in().page()
    page.goto("/")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark scheme").click()
    page.goto("/projects")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    expect(page.get_by_role("button", name="Light scheme")).to_be_visible()


@pytest.mark.long
def test_an_account_publishes_by_webhook(site: Site) -> None:
    """A webhook is connected with a secret that nobody sees again, switched off, and forgotten after a question."""
    somebody = site.signed_in()
    page = somebody.page()
    page.goto("/settings")
    page.get_by_label("Platform").fill("my_blog")
    page.get_by_label("The account’s name there").fill("loaves")
    page.get_by_label("Published by").select_option("webhook")
    page.get_by_label("Webhook’s address").fill("https://example.com/hook")
    page.get_by_label("Signing secret or token").fill("a secret of some length")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("https://example.com/hook")).to_be_visible()
    assert "a secret" not in page.content()
    page.get_by_role("button", name="Switch off loaves").click()
    query = "select is_active, metadata ->> 'publisher' from social_accounts where user_id = %s"
    assert site.run(query, somebody.id) == [(False, "webhook")]
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Disconnect loaves").click()
    expect(page.get_by_text("No account yet")).to_be_visible()
