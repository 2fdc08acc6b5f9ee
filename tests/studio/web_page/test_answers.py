"""What the pages answer, whoever asks and whatever is sent: seen over HTTP, without a browser."""

from __future__ import annotations

import re
import threading

import httpx
import psycopg
import pytest
from tests.studio.web_page.conftest import Site

from lockstep.testing import until

WRITES = (
    "/sign-out",
    "/projects/new",
    "/projects/1",
    "/projects/1/delete",
    "/content/new",
    "/content/1",
    "/content/1/order",
    "/content/1/delete",
    "/calendar/move",
    "/calendar/schedule",
    "/planner",
    "/planner/1",
    "/notifications",
    "/settings/profile",
    "/settings/password",
    "/settings/zone",
    "/settings/sessions",
    "/settings/accounts",
    "/settings/accounts/change",
)
HOSTILE: tuple[dict[str, str], ...] = (
    {},
    {"title": "\0", "platform": "\0", "name": "\0", "email": "\0", "id": "\0"},
    {"title": "x" * 5000, "name": "x" * 5000, "platform": "Ä", "timezone": "../etc", "url": "x"},
    {"title": "a", "platform": "a", "metadata": "[" * 5000, "day_number": "9" * 40},
    {"title": "a", "platform": "a", "metadata": '{"a": 1e999}', "publish_order": "٣"},
    {"action": "schedule", "at": "9999-12-31T23:59", "timezone": "Europe/Berlin"},
    {"action": "claim", "content_id": "99999999999999999999", "day": "0001-01-01", "id": "-1"},
    {"action": "regenerate", "day": "99999999999999999999", "content_id": "1", "up_to": "1" * 18},
    {"title": "a", "target_platforms": "a,b", "duration_days": "0", "start_date": "2026-13-01"},
)


def test_every_write_needs_a_session_and_its_token(served: Site) -> None:
    """Without a session a form is refused, and so it is with another's token; nothing typed is thrown away by a redirect."""
    client, _ = served.client()
    other, _ = served.client()
    for path in WRITES:
        assert httpx.post(served.url + path, timeout=20).status_code == 401, path
        forged = client.post(path, headers={"X-CSRF-Token": other.headers["X-CSRF-Token"]})
        assert forged.status_code == 403, path
        assert "<h1>" in forged.text
    listed = {route for route in posted_to() if route not in {"/sign-in", "/register"}}
    assert listed == {re.sub(r"/1(?=/|$)", "/{id:int}", path) for path in WRITES}


def posted_to() -> set[str]:
    """Return the addresses of all pages that take forms."""
    from starlette.routing import Route

    from studio.web_page.routes import page_routes

    return {route.path for route in page_routes() if isinstance(route, Route) and "POST" in (route.methods or ())}  # fmt: skip


def test_another_users_things_are_not_there(served: Site) -> None:
    """A page of another's is the page of what does not exist, for reading and for writing."""
    eve, _ = served.client()
    dana, dana_id = served.client()
    content = served.content(dana_id, "Secret bread", "scheduled", "now() + interval '1 day'")
    project = dana.post("/projects/new", data={"name": "Mine", "type": "a", "status": "active"})
    project_path = project.headers["location"].partition("?")[0]
    plan = dana.post("/planner", data={"title": "P", "duration_days": "3", "content_frequency": "daily", "target_platforms": "blog", "timezone": "UTC", "gap_minutes": "60"})  # fmt: skip
    plan_path = plan.headers["location"].partition("?")[0]
    whole = served.run("select to_jsonb(content) from content where id = %s", content)
    for path in (f"/content/{content}", project_path, plan_path):
        assert dana.get(path).status_code == 200, path
        missing = eve.get(path)
        assert missing.status_code == 404, path
        assert "Secret" not in missing.text
    fields = {"title": "x", "platform": "blog", "content_type": "a", "name": "x", "type": "a", "status": "active"}  # fmt: skip
    for path, data in (
        (f"/content/{content}", fields),
        (f"/content/{content}/order", {"action": "cancel"}),
        (f"/content/{content}/delete", {"version": "1"}),
        ("/calendar/move", {"content_id": str(content), "day": "2099-01-01"}),
        (project_path, fields),
        (f"{project_path}/delete", {"version": "1"}),
        (plan_path, {"action": "generate"}),
    ):
        assert eve.post(path, data=data).status_code == 404, path
    assert served.run("select to_jsonb(content) from content where id = %s", content) == whole


def test_operators_alone_see_the_operators_page(served: Site) -> None:
    """A user is told that it is not for them, a visitor is asked to sign in first and comes back."""
    user, _ = served.client()
    admin, _ = served.client("admin")
    assert user.get("/operator").status_code == 403
    assert admin.get("/operator").status_code == 200
    visitor = httpx.get(f"{served.url}/operator?a=b", timeout=20)
    assert visitor.status_code == 303
    assert visitor.headers["location"] == "/?next=/operator%3Fa%3Db"


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\nb"])  # fmt: skip
def test_signing_in_leads_nowhere_else(served: Site, wanted: str) -> None:
    """The address to come back to is one of ours, whatever a link said."""
    page = httpx.get(f"{served.url}/", params={"next": wanted}, timeout=20)
    assert 'name="next" value="/"' in page.text


def test_what_cannot_be_taken_comes_back_as_it_was_typed(served: Site) -> None:
    """A form with a mistake is shown again, whole, with the reason at its field; markup in it is text."""
    client, _ = served.client()
    typed = {"title": "<b>Bread</b>", "platform": "Not one", "content_type": "post", "script": "a\r\nb & c"}  # fmt: skip
    answer = client.post("/content/new", data=typed)
    assert answer.status_code == 422
    assert "&lt;b&gt;Bread&lt;/b&gt;" in answer.text
    assert "<b>Bread" not in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "a\nb &amp; c</textarea>" in answer.text
    assert "Small letters, digits and underscores" in answer.text


@pytest.mark.sampled(3)
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_forms_break_nothing(served: Site, number: int) -> None:
    """Whatever is sent to whatever form, the answer is a page of ours, and never a 500."""
    client, _ = served.client()
    for path in WRITES[1:]:
        answer = client.post(path, data=HOSTILE[number])
        assert answer.status_code in {200, 303, 401, 403, 404, 409, 412, 422}, (path, answer.text)
    huge = "9" * 30
    for path in (f"/content/{huge}", "/projects?after=x", "/calendar?date=9999-99-99&view=x", "/content?search=%00", "/content?status=%00&platform=%ff"):  # fmt: skip
        assert client.get(path).status_code in {200, 404, 422}, path


def test_the_api_answers_as_the_api(served: Site) -> None:
    """What is not there is a page among pages, and a problem below `/api`."""
    page, problem = (httpx.get(served.url + path, timeout=20) for path in ("/no", "/api/no"))
    assert (page.status_code, page.headers["content-type"][:9]) == (404, "text/html")
    assert problem.headers["content-type"] == "application/problem+json"
    assert httpx.post(f"{served.url}/no", timeout=20).status_code in {404, 405}


def test_a_database_that_does_not_answer_is_said_so(served: Site) -> None:
    """While the sessions cannot be read, people get a page with 503 that says that nothing is lost."""
    client, _ = served.client()
    served.run("alter table sessions rename to sessions_away")
    try:
        answer = client.get("/content")
    finally:
        served.run("alter table sessions_away rename to sessions")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "Try again" in answer.text
    assert client.get("/content").status_code == 200


def test_a_move_that_comes_between_looking_and_moving_is_not_undone(served: Site) -> None:
    """Somebody moves the piece while our move waits for its row: theirs stays, and we learn to where."""
    client, user = served.client()
    content = served.content(user, "Bread", "scheduled", "now() + interval '1 day'")
    form = {"content_id": str(content), "day": "2099-01-01", "time": "09:00"}
    as_json = {"accept": "application/json"}
    seen = client.post("/calendar/move", data=form, headers=as_json).json()["seen"]
    waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like %s"
    answers: list[httpx.Response] = []

    def move() -> None:
        later = {**form, "day": "2099-03-03", "seen": seen}
        answers.append(client.post("/calendar/move", data=later, headers=as_json))

    with psycopg.connect(served.conninfo) as other:
        other.execute("update content set scheduled_at = '2099-02-02 09:00+00' where id = %s", [content])  # fmt: skip
        mover = threading.Thread(target=move)
        mover.start()
        until(lambda: served.run(waits, "%from content%for %update%"), what="the wait")
        other.commit()
        mover.join()
    assert (answers[0].status_code, answers[0].json()["code"]) == (412, "outdated")
    assert "Mon 2 Feb 2099, 09:00" in answers[0].json()["detail"]
    assert served.run("select scheduled_at::date::text from content where id = %s", content) == [
        "2099-02-02"
    ]
