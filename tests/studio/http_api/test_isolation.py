"""Nobody reads or changes what is another's: every route of the OpenAPI document is walked with a second account.

A route that is new fails here until it is named: as public, or with what to send it. Dana owns something of everything, and
each of her texts holds a word of her own; Eve asks for it by its real ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from studio.settings import Settings

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
SECRET = "danas-own-word"
VIEWS = "2084711193"
"""A number that no time, token or name of a request holds by chance."""
NOBODYS = 9_223_372_036_854_775_807
LATER = "2031-01-31T09:00:00Z"

PUBLIC = {"register", "login", "get_atom_feed", "get_json_feed"}
"""What is answered without signing in, by design; a feed is that of a project which its owner has made public."""

ADMINS = {"websocket_statistics", "database_performance", "database_schema"}
"""What is for operators: it holds nobody's content, and everybody else gets 403."""

BODIES: dict[str, dict[str, Any]] = {
    "register": {"email": "new@example.com", "password": "a long and quiet evening"},
    "login": {"email": "eve@example.com", "password": "a long and quiet evening"},
    "change_me": {"first_name": "Eve"},
    "change_password": {"current": "a long and quiet evening", "new": "an evening of another kind"},
    "create_project": {"name": "Eve's"},
    "change_project": {"name": "Eve's now"},
    "create_social_account": {
        "platform": "instagram",
        "account_id": "dana-on-instagram",
        "account_name": "Eve",
    },
    "change_social_account": {"account_name": "Eve's now", "access_token": "eves"},
    "create_content": {"title": "Eve's", "platform": "instagram", "project_id": "{project_id}"},
    "edit_content": {"title": "Eve's now"},
    "bulk_schedule": {"items": [{"content_id": "{content_id}", "scheduled_at": LATER}]},
    "schedule_content": {"scheduled_at": LATER},
    "reschedule_content": {"scheduled_at": LATER},
    "report_metrics": {"platform": "instagram", "views": 7},
    "create_ai_project": {
        "title": "Eve's",
        "target_platforms": ["instagram"],
        "project_id": "{project_id}",
    },
    "generate_ai_project": {"first_day": 1},
}
"""What each route with a body is sent: valid, and naming Dana's rows wherever a row can be named."""

QUERIES = {"read_calendar": {"from": "2030-01-01", "to": "2030-02-28"}}
"""The parameters that a route insists on; those that name a row are filled with Dana's."""

MOVES = {"register", "login", "logout", "change_password"}
"""What ends the session that asks, or begins another one."""

REFUSED = {"create_content": {404, 409, 422}, "create_ai_project": {404, 409, 422}}
"""Routes without an id in their address that must not take Dana's in the body either."""


@pytest.fixture
def settings() -> Settings:
    """Nobody is held up by limits here."""
    return Settings(sign_in_attempts=1000, address_attempts=1_000_000)


@dataclass(frozen=True, slots=True)
class Operation:
    """A route of the document."""

    method: str
    path: str
    name: str
    parameters: tuple[tuple[str, str, bool], ...]
    has_body: bool
    secured: bool

    @property
    def ids(self) -> list[str]:
        """The parameters in the address."""
        return re.findall(r"{(\w+)}", self.path)


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Every route of the document."""
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            parameters = tuple(
                (p["name"], p["in"], p.get("required", False)) for p in said.get("parameters", ())
            )
            yield Operation(
                method, path, said["operationId"], parameters, "requestBody" in said,
                bool(said.get("security")),
            )  # fmt: skip


def filled(value: Any, ids: dict[str, Any]) -> Any:
    """The body with Dana's ids in it."""
    if isinstance(value, dict):
        return {key: filled(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, ids) for item in value]
    named = re.fullmatch(r"{(\w+)}", value) if isinstance(value, str) else None
    return ids[named[1]] if named else value


async def ask(
    browser: httpx.AsyncClient, operation: Operation, ids: dict[str, Any]
) -> httpx.Response:
    """Send what the route takes, with these ids in every place that takes one."""
    missing = [name for name in operation.ids if name not in ids]
    assert not missing, f"{operation.name}: say in estate() which of Dana's rows {missing} is"
    query = {
        name: ids[name]
        for name, place, _ in operation.parameters
        if place == "query" and name in ids
    }
    query |= QUERIES.get(operation.name, {})
    wanted = {name for name, place, must in operation.parameters if place == "query" and must}
    assert wanted <= query.keys(), f"{operation.name}: say in QUERIES what {wanted} is"
    assert not operation.has_body or operation.name in BODIES, (
        f"{operation.name}: say in BODIES what it takes"
    )
    return await browser.request(
        operation.method,
        operation.path.format(**ids),
        params=query,
        json=filled(BODIES[operation.name], ids) if operation.has_body else None,
        headers={"If-Match": "*"},
    )


OWNED = f"""
    insert into projects (user_id, name, description) values ('dana', '{SECRET}', '{SECRET}');
    insert into content (user_id, project_id, title, description, script, platform, status, scheduled_at)
        select 'dana', id, '{SECRET}', '{SECRET}', '{SECRET}', 'instagram', 'scheduled',
            '2030-01-15 09:00:00+00' from projects;
    insert into content_metrics (content_id, platform, views) select id, 'instagram', {VIEWS} from content;
    insert into content_action_history (content_id, user_id, action, after)
        select id, 'dana', 'schedule', '{{"status": "scheduled", "by": "{SECRET}"}}' from content;
    insert into social_accounts (user_id, platform, account_id, account_name, access_token)
        values ('dana', 'instagram', 'dana-on-instagram', '{SECRET}', '{SECRET}');
    insert into notifications (user_id, type, title, message)
        values ('dana', 'published', '{SECRET}', '{SECRET}');
    insert into ai_projects (user_id, project_id, title, description, target_platforms, start_date, end_date, status)
        select 'dana', id, '{SECRET}', '{SECRET}', '{{instagram}}', '2030-01-01', '2030-01-30', 'active'
        from projects;
    insert into ai_generated_content (ai_project_id, user_id, title, body, platform, day_number)
        select id, 'dana', '{SECRET}', '{SECRET}', 'instagram', 1 from ai_projects;
    insert into ai_content_calendar (ai_project_id, user_id, scheduled_date, scheduled_time, platform, content_type)
        select id, 'dana', '2030-01-01', '09:00', 'instagram', 'post' from ai_projects;
"""


def estate(shelf: Shelf) -> dict[str, Any]:
    """Give Dana something of everything; return the ids, by the names of the parameters that take them."""
    shelf.run(
        "update users set id = 'dana', first_name = %s where email = 'dana@example.com'", SECRET
    )
    shelf.run(
        "update sessions set sess = jsonb_set(sess, '{user_id}', '\"dana\"') || %s::jsonb",
        f'{{"user_agent": "{SECRET}"}}',
    )
    shelf.run(OWNED)
    tables = ("project", "content", "social_account", "notification", "ai_project")
    plural = {"content": "content"}
    ids = {
        f"{name}_id": shelf.run(f"select id from {plural.get(name, name + 's')}")[0]
        for name in tables
    }
    return ids | {"session_id": shelf.run("select sid from sessions")[0], "day": 1}


NOT_DANAS = "coalesce(row ->> 'user_id', row -> 'sess' ->> 'user_id') in (select id from users where email <> 'dana@example.com')"


def all_but_others(shelf: Shelf) -> dict[str, list[str]]:
    """Every row of the database that is not somebody else's by its own word, as text."""
    tables = shelf.run(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
        " and relname not in ('rate_limits', 'live_replicas') order by 1"
    )
    query = (
        "select row::text from (select to_jsonb(t) as row from {} t) rows where ("
        + NOT_DANAS.replace("%", "%%")
        + ") is not true and not (%s = 'users' and row ->> 'email' <> 'dana@example.com') order by 1"
    )
    return {table: shelf.run(query.format(table), table) for table in tables}


@pytest.fixture
async def walked(studio: Studio, shelf: Shelf) -> tuple[list[Operation], dict[str, Any]]:
    """The routes, and the ids of what Dana owns."""
    await studio.sign_in("dana@example.com")
    return list(operations(studio.app.openapi())), estate(shelf)


async def test_a_second_account_gets_nothing_of_the_first(
    studio: Studio, shelf: Shelf, walked: tuple[list[Operation], dict[str, Any]]
) -> None:
    """With Dana's ids Eve is answered as with ids that nobody has; her own lists hold nothing of Dana's; nothing changes."""
    routes, ids = walked
    before = all_but_others(shelf)
    assert SECRET in str(before)
    nobodys = dict.fromkeys(ids, NOBODYS) | {"session_id": "0" * 64, "day": 1}
    eve = await studio.sign_in("eve@example.com")
    for operation in routes:
        if operation.ids or operation.name in REFUSED:
            answer, unknown = [await ask(eve, operation, these) for these in (ids, nobodys)]
            expected = REFUSED.get(operation.name, {404})
            if operation.name in ADMINS:
                expected = {403}
            assert answer.status_code in expected, (operation.name, answer.text)
            assert same(answer, ids) == same(unknown, nobodys), operation.name
        else:
            answer = await ask(eve, operation, ids)
            assert answer.status_code < 500, (operation.name, answer.text)
            assert (answer.status_code == 403) is (operation.name in ADMINS), operation.name
        assert SECRET not in answer.text, operation.name
        assert VIEWS not in answer.text, operation.name
        assert all_but_others(shelf) == before, operation.name
        if operation.name == "change_password":
            shelf.run(
                "update users set password = (select password from users where id = 'dana')"
                " where email = 'eve@example.com'"
            )
        if operation.name in MOVES:
            eve = await studio.sign_in("eve@example.com")


def same(answer: httpx.Response, ids: dict[str, Any]) -> tuple[Any, ...]:
    """An answer without what differs by request: its name, and the ids that were sent."""
    text = answer.text
    for value in ids.values():
        text = text.replace(str(value), "?") if value != 1 else text
    text = re.sub(r'"request_id":"[^"]*"', "", text)
    headers = {name: value for name, value in answer.headers.items() if name not in NAMED}
    return answer.status_code, text, headers


NAMED = {"x-request-id", "content-length"}


async def test_the_owner_gets_there_with_the_same_ids(
    studio: Studio, shelf: Shelf, walked: tuple[list[Operation], dict[str, Any]]
) -> None:
    """What Eve was refused is there: Dana reads each of it by the same addresses."""
    routes, ids = walked
    dana = await studio.sign_in("dana@example.com")
    for operation in routes:
        if operation.method == "get" and operation.ids and operation.name not in PUBLIC | ADMINS:
            answer = await ask(dana, operation, ids)
            assert answer.status_code == 200, (operation.name, answer.text)
            assert SECRET in answer.text or VIEWS in answer.text, operation.name


async def test_without_a_session_there_is_nothing(
    studio: Studio, shelf: Shelf, walked: tuple[list[Operation], dict[str, Any]]
) -> None:
    """All but what is public by design asks to sign in first; and every write asks for its proof."""
    routes, ids = walked
    assert {operation.name for operation in routes if not operation.secured} == PUBLIC
    anybody, forged = await studio.browser(), await studio.sign_in("dana@example.com")
    del forged.headers["X-CSRF-Token"]
    before = all_but_others(shelf)
    for operation in routes:
        if operation.name in PUBLIC:
            continue
        answer = await ask(anybody, operation, ids)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), operation.name
        if operation.method != "get":
            answer = await ask(forged, operation, ids)
            assert (answer.status_code, answer.json()["code"]) == (403, "csrf"), operation.name
    assert all_but_others(shelf) == before
