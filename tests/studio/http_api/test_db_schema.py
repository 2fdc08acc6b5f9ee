"""`/api/db/schema`: the ledger page by page, what has drifted, and why where something is not known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

import studio as studio_package
from studio.operations.schema import SchemaWatch

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
SCHEMA = "/api/db/schema"
HOME = Path(studio_package.__file__).parent
SHIPPED = sorted(file.name for folder in ("migrations", "seeds") for file in (HOME / folder).glob("*.sql"))  # fmt: skip


async def asked(browser: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    """Ask until the look has come back."""
    while True:
        answer = await browser.get(SCHEMA, params=query)
        assert answer.status_code == 200, answer.text
        report = dict(answer.json())
        if report["database"] != "slow":
            return report


@pytest.fixture
async def operator(studio: Studio) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of somebody who may ask."""
    yield await studio.sign_in("olga@example.com", role="admin")
    await studio.parts.watch.close()


async def test_only_operators_are_told(studio: Studio, operator: httpx.AsyncClient) -> None:
    """Without a session 401, with somebody else's 403."""
    nobody, dana = await studio.browser(), await studio.sign_in("dana@example.com")
    assert [(await one.get(SCHEMA)).status_code for one in (nobody, dana)] == [401, 403]
    assert (await operator.get(SCHEMA)).status_code == 200


async def test_a_database_at_head(operator: httpx.AsyncClient) -> None:
    """Nothing is pending, nothing has drifted."""
    report = await asked(operator)
    assert (report["database"], report["reason"]) == ("ready", None)
    ledger, drift = report["ledger"], report["drift"]
    assert (ledger["known"], ledger["total"], ledger["trouble"]) == (
        True,
        len(ledger_names()),
        None,
    )
    assert (ledger["pending"], ledger["ahead"]) == ([], [])
    assert drift == {"verdict": "none", "differences": [], "total": 0, "unread": [], "trouble": None}  # fmt: skip


def ledger_names() -> list[str]:
    """What a database has that was made for tests: all but the demo account."""
    return [name for name in SHIPPED if "demo_account" not in name]


async def test_the_ledger_is_turned_page_by_page(operator: httpx.AsyncClient) -> None:
    """Every file comes once, the newest first; a place that we did not give out is refused."""
    found: list[dict[str, Any]] = []
    place: dict[str, Any] = {}
    while True:
        page = (await asked(operator, limit=10, **place))["ledger"]
        assert len(page["items"]) <= 10
        found += page["items"]
        if page["next"] is None:
            break
        place = {"after": page["next"]}
    assert sorted(row["name"] for row in found) == ledger_names()
    moments = [(row["applied_at"], row["position"]) for row in found]
    assert moments == sorted(moments, reverse=True)
    assert {row["kind"] for row in found} == {"migration", "seed"}
    refused = await operator.get(SCHEMA, params={"after": "x"})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_cursor")


async def test_what_has_drifted_is_told_with_its_lines(
    operator: httpx.AsyncClient, shelf: Shelf
) -> None:
    """A column that somebody has dropped, one that lost its NOT NULL, an index of somebody's own."""
    shelf.run("alter table content drop column thumbnail_url")
    shelf.run("alter table content alter tags drop not null")
    shelf.run("create index by_hand on users (role)")
    drift = (await asked(operator))["drift"]
    assert (drift["verdict"], drift["total"]) == ("drifted", 3)
    found = {(one["what"], one["name"]): one for one in drift["differences"]}
    gone = found["missing", "public.content.thumbnail_url"]
    assert gone["expected"] == 'column public.content.thumbnail_url {"type": "text"}'
    assert (gone["found"], gone["refuses"]) == (None, True)
    assert "not_null is not set, expected true" in found["differs", "public.content.tags"]["sentence"]  # fmt: skip
    extra = found["extra", "public.by_hand"]
    assert (extra["expected"], extra["refuses"]) == (None, False)


async def test_without_rights_it_says_which_one_would_help(studio: Studio, at_head: str) -> None:
    """A role that may not read the ledger is told which GRANT would help; drift it knows."""
    with psycopg.connect(at_head, autocommit=True) as connection:
        connection.execute('create role "Bare" login')
    studio.database._aside |= {"user": "Bare"}
    try:
        # Not over HTTP: it may not read sessions either.
        report = await SchemaWatch(studio.database).report(20)
    finally:
        with psycopg.connect(at_head, autocommit=True) as connection:
            connection.execute('drop role "Bare"')
    assert report.state is not None
    assert report.state.applied is None
    assert report.state.ledger_trouble is not None
    assert 'GRANT SELECT ON lockstep.ledger TO "Bare";' in report.state.ledger_trouble.next_step
    assert report.state.differences == ()


async def test_a_release_without_a_lock_file_says_so(
    studio: Studio, operator: httpx.AsyncClient, tmp_path: Path
) -> None:
    """The ledger is known; of drift it says that there is nothing to hold the schema against."""
    assert studio.database.settings is not None
    studio.database.settings = replace(studio.database.settings, schema_lock=tmp_path / "schema.lock")  # fmt: skip
    report = await asked(operator)
    assert report["ledger"]["known"]
    drift = report["drift"]
    assert (drift["verdict"], drift["trouble"]["code"]) == ("unknown", "LS101")
    assert drift["trouble"]["what"] == "this release ships no schema.lock"
    assert "lockstep snapshot" in drift["trouble"]["next"]
