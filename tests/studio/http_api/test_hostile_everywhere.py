"""Every operation of the OpenAPI document is sent what nobody should send, in every field and in every parameter.

The table is made from the document: its examples are the bodies, and of each of their parts every one is replaced by every
hostile value. The answer must be one that the document names, and never a 500; a text that is taken comes back to the letter.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from studio.settings import Settings

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.http_api.conftest import Studio

pytestmark = [pytest.mark.anyio, pytest.mark.long]
MARKUP = "'; drop table users; -- <script>alert(1)</script> &amp; %(id)s {{7*7}} \u202e\U0001f408"
VALUES: list[Any] = [
    None, True, -1, 2**63, 10**400, 1e308, "", "a\0b", "\ud83d", MARKUP, "x" * 150_000,
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
    [], ["a\0b", {}], {}, {"\ud83d": "\0"},
]  # fmt: skip
RAW = [
    b"", b"{", b"null", b"[]", b'"text"', b"NaN", b"\xff\xfe\x00", b"\x00", b'{"\xff": 1}', b"[" * 100_000,
    b'{"a":' * 50 + b"1" + b"}" * 50, b'{"a": 1, "a": 2}', b'{"a": ' + b"9" * 5000 + b"}",
    b'{"title": NaN, "name": -Infinity}', b'{"name": "' + b"x" * 1_048_576 + b'"}',
]  # fmt: skip
PLACES = [
    "", "x", "0", "-1", "1.5", "1e3", "9" * 30, "%00", "%FF", "%ED%A0%BD", "%27--", "%3Cscript%3E", "%2e%2e",
    "0000-01-01", "9999-12-31", "10000-01-01", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "NaN", "null",
]  # fmt: skip
ENDING = {"register", "login", "logout", "change_password", "revoke_session"}
"""What ends the session that asks, or begins another one: somebody else asks for it."""


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
    parameters: tuple[str, ...]
    statuses: frozenset[int]
    body: Any

    def at(self, ids: dict[str, str]) -> str:
        """The address, with these ids in it."""
        return re.sub(r"{(\w+)}", lambda found: ids[found[1]], self.path)


def operations(document: dict[str, Any]) -> list[Operation]:
    """Every route of the document; those that take something away come last."""
    found = [
        Operation(
            method, path, said["operationId"],
            tuple(p["name"] for p in said.get("parameters", ()) if p["in"] == "query"),
            frozenset(map(int, said["responses"])),
            example(body_schema(said), document) if "requestBody" in said else None,
        )
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.method == "delete" or one.name == "logout")


def body_schema(said: dict[str, Any]) -> dict[str, Any]:
    """The schema of an operation's body."""
    return dict(said["requestBody"]["content"]["application/json"]["schema"])


def example(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """A value of that schema, made of the document's examples, with every field that is there; what has none is null or empty."""
    if "$ref" in schema:
        return example(document["components"]["schemas"][schema["$ref"].split("/")[-1]], document)
    if schema.get("examples"):
        return schema["examples"][0]
    if "default" in schema or "enum" in schema:
        return schema.get("default", schema.get("enum", [None])[0])
    if "anyOf" in schema:
        return example(schema["anyOf"][0], document)
    if "properties" in schema:
        return {name: example(part, document) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        return [example(schema["items"], document)]
    return {"boolean": True, "integer": 1, "object": {}}.get(schema.get("type", ""))


def replaced(body: Any, by: Any) -> Iterator[tuple[str, Any]]:
    """The body with one part after the other replaced by that value, each with the name of its top field."""
    for key in list(body) if isinstance(body, dict) else range(len(body)):
        changed = given(body)
        changed[key] = by
        yield str(key), changed
        if isinstance(body[key], dict | list):
            for _, below in replaced(body[key], by):
                yield str(key), {**given(body), key: below} if isinstance(body, dict) else [below]


def given(body: Any) -> Any:
    """The body without the fields for which the document has no example."""
    if isinstance(body, dict):
        return {name: value for name, value in body.items() if value is not None}
    return list(body)


class Walk:
    """Asks for one thing after the other, and judges every answer."""

    def __init__(
        self, signed_in: httpx.AsyncClient, other: httpx.AsyncClient, ids: dict[str, str]
    ) -> None:
        self.ids = ids
        self.answers: Counter[int] = Counter()
        self._signed_in = signed_in
        self._other = other

    async def ask(
        self, operation: Operation, address: str, content: bytes | None = None
    ) -> httpx.Response:
        """Ask; the answer is one that the document names."""
        browser = self._other if operation.name in ENDING else self._signed_in
        headers = {"If-Match": "*", "Content-Type": "application/json"}
        answer = await browser.request(operation.method, address, content=content, headers=headers)
        of = (operation.name, address[:200], (content or b"")[:200], answer.text[:500])
        assert answer.status_code in operation.statuses, of
        assert answer.status_code < 500, of
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", of
            # The models know what the database can hold; that it refuses a value is the net below them.
            assert answer.json()["code"] != "unstorable", of
        if operation.name == "change_password" and answer.status_code == 200:
            browser.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        self.answers[answer.status_code] += 1
        return answer

    async def took(self, answer: httpx.Response, field: str, sent: Any) -> None:
        """What was taken is answered to the letter, there and wherever the answer says it is now."""
        if answer.status_code not in {200, 201}:
            return
        answers = [answer]
        if "location" in answer.headers:
            answers.append(await self._signed_in.get(answer.headers["location"]))
        for each in answers:
            said = each.json()
            if isinstance(said, dict) and isinstance(said.get(field), type(sent)):
                assert said[field] == sent, (field, sent, said[field])


async def begin(studio: Studio, shelf: Shelf) -> tuple[list[Operation], Walk]:
    """Sign two people in; Dana has one thing of everything, made from the document's examples."""
    routes = operations(studio.app.openapi())
    dana = await studio.sign_in("dana@example.com", role="admin")
    other = await studio.sign_in("eve@example.com")
    shelf.run("update users set id = 'dana' where email = 'dana@example.com'")
    shelf.run("update sessions set sess = jsonb_set(sess, '{user_id}', '\"dana\"') "
              "where sess ->> 'user_id' not in (select id from users)")  # fmt: skip
    shelf.run("insert into notifications (user_id, type, title, message) values ('dana', 'a', 'b', 'c')")  # fmt: skip
    walk = Walk(dana, other, {"notification_id": "1", "session_id": "0" * 64, "day": "1"})
    for name in ("project", "social_account", "content", "ai_project"):
        (operation,) = [one for one in routes if one.name == f"create_{name}"]
        wanted = {key: value for key, value in operation.body.items() if key != "project_id"}
        answer = await walk.ask(operation, operation.path, json.dumps(wanted).encode())
        assert answer.status_code == 201, answer.text
        walk.ids[f"{name}_id"] = str(answer.json()["id"])
    return routes, walk


async def test_no_field_breaks_anything(studio: Studio, shelf: Shelf) -> None:
    """Each part of each body as each hostile value: refused, or kept as it was sent."""
    routes, walk = await begin(studio, shelf)
    for operation in routes:
        for value in VALUES if operation.body else ():
            for field, body in replaced(operation.body, value):
                content = json.dumps(body).encode()
                answer = await walk.ask(operation, operation.at(walk.ids), content)
                if isinstance(body, dict) and body[field] and operation.name != "bulk_schedule":
                    await walk.took(answer, field, body[field])
    assert walk.answers[422] > walk.answers.total() / 2
    assert walk.answers[200] + walk.answers[201] > walk.answers.total() / 20
    assert shelf.run("select email from users where id = 'dana'") == ["dana@example.com"]


async def test_no_body_breaks_anything(studio: Studio, shelf: Shelf) -> None:
    """Bodies that are none: broken, of bytes that are no text, too deep, too large; each is refused by every operation that takes one.

    One that takes none may pay no heed to it; what is too deep or too large is refused before anybody knows.
    """
    routes, walk = await begin(studio, shelf)
    for operation in routes:
        for content in RAW if operation.method != "get" else ():
            answer = await walk.ask(operation, operation.at(walk.ids), content)
            if operation.body and operation.name != "generate_ai_project":
                assert answer.status_code in {400, 413, 422}, (operation.name, content[:80])


async def test_no_address_breaks_anything(studio: Studio, shelf: Shelf) -> None:
    """Each id and each parameter as each hostile text."""
    routes, walk = await begin(studio, shelf)
    for operation in routes:
        content = json.dumps(given(operation.body)).encode() if operation.body else None
        for place in PLACES:
            for name in re.findall(r"{(\w+)}", operation.path) if place else ():
                address = operation.at({**walk.ids, name: place})
                answer = await walk.ask(operation, address, content)
                assert answer.status_code in {401, 404, 405, 422}, (operation.name, address)
            for name in operation.parameters:
                address = f"{operation.at(walk.ids)}?{name}={place}"
                await walk.ask(operation, address, content)
