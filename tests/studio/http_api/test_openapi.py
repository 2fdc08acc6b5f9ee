"""The API's description is complete: what it takes, what it answers, and why it may not."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from lockstep import Database
from studio.assembly import make_parts
from studio.http_api.app import create_app
from studio.settings import Settings


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document, as ``/openapi.json`` answers it."""
    return create_app(make_parts(Settings(), Database())).openapi()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every operation with its method."""
    return [
        (method, said) for methods in document["paths"].values() for method, said in methods.items()
    ]


def test_every_route_says_what_it_does(document: dict[str, Any]) -> None:
    """Each has a name of its own, a tag that is described, a summary and a sentence."""
    names = Counter(said["operationId"] for _, said in operations(document))
    assert names.most_common(1)[0][1] == 1
    tags = {tag["name"] for tag in document["tags"]}
    for _, said in operations(document):
        assert said["summary"], said["operationId"]
        assert said["description"], said["operationId"]
        assert set(said["tags"]) <= tags, said["operationId"]


def test_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    """All that is not a success is documented as a problem; nothing answers in the framework's own form."""
    assert "HTTPValidationError" not in str(document)
    for method, said in operations(document):
        refusals = {int(status) for status in said["responses"] if int(status) >= 400}
        for status in refusals:
            assert list(said["responses"][str(status)]["content"]) == ["application/problem+json"]
        expected = {503} | ({401} if said.get("security") else set())
        expected |= {400, 413, 422} if "requestBody" in said else set()
        expected |= {403} if method != "get" else set()
        assert expected <= refusals, said["operationId"]


def test_every_write_asks_for_session_and_token(document: dict[str, Any]) -> None:
    """The document tells programs what to send: both together for a write, the session alone for reading."""
    for method, said in operations(document):
        if said.get("security"):
            wanted = {"session"} if method == "get" else {"session", "csrf"}
            assert [set(way) for way in said["security"]] == [wanted], said["operationId"]


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    """Somebody who tries it out need not guess: a field of each body shows what it is like, or none has to be given."""
    for _, said in operations(document):
        if "requestBody" in said:
            schema = said["requestBody"]["content"]["application/json"]["schema"]
            shown = whole(schema, document)
            assert "example" in shown or "required" not in shown, said["operationId"]


def whole(schema: dict[str, Any], document: dict[str, Any]) -> str:
    """A schema with all that it refers to, as text."""
    text, names = str(schema), set[str]()
    while new := set(re.findall(r"#/components/schemas/(\w+)", text)) - names:
        names |= new
        text += "".join(str(document["components"]["schemas"][name]) for name in new)
    return text


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """No schema is named that is not there."""
    for name in set(re.findall(r"#/components/schemas/(\w+)", str(document))):
        assert name in document["components"]["schemas"]
