"""`python -m studio` as its users run it: seven steps, then health and a page; or a refusal that says what is missing."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import studio
from lockstep.testing import Finished, until

if TYPE_CHECKING:
    from tests.studio.conftest import Studio

STUDIO = Path(studio.__file__).parent


def get(url: str) -> tuple[int, dict[str, str], str]:
    """Ask; return the status, the headers and the text."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return (
                answer.status,
                {k.lower(): v for k, v in answer.headers.items()},
                answer.read().decode(),
            )
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {}, error.read().decode()


def get_json(url: str) -> dict[str, Any]:
    """Ask for a JSON object that must be there."""
    status, headers, text = get(url)
    assert (status, headers["content-type"]) == (200, "application/json")
    return dict(json.loads(text))


def test_a_first_boot_serves_and_stops_in_good_order(studio_process: Studio) -> None:
    """From an empty database to health to the letter, the page and its values; SIGTERM ends it with 0."""
    with studio_process.serving(GIT_COMMIT="abc123") as url:
        health = get_json(f"{url}/api/health")
        assert list(health) == ["status", "timestamp", "uptime", "database", "scheduler"]
        assert (health["status"], health["database"], health["scheduler"]) == (
            "ok",
            "ready",
            "initialized",
        )
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", health["timestamp"])
        assert datetime.fromisoformat(health["timestamp"]).tzinfo is not None
        assert health["uptime"] > 0

        boot = get_json(f"{url}/api/boot")
        assert (boot["app"], boot["release"], boot["environment"]) == (
            "studio",
            "abc123",
            "development",
        )
        assert [step["number"] for step in boot["steps"]] == list(range(8))
        assert (
            len(boot["files"]) == len(list(STUDIO.glob("*/*.sql"))) - 1
        )  # not the store's queries
        assert [service["name"] for service in boot["services"]] == ["scheduler"]

        status, headers, page = get(f"{url}/")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "Timeline" in page

        ready = get_json(f"{url}/readyz")["services"]["scheduler"]
        assert ready["details"]["published"] == 0


def test_due_content_is_published_by_the_booted_studio(
    studio_process: Studio, database: str, up: Callable[..., Finished]
) -> None:
    """What is scheduled while it runs goes out, and `/readyz` counts it."""
    up()
    with studio_process.serving(STUDIO_POLL_SECONDS="0.1", LOCKSTEP_ENV="test") as url:
        with psycopg.connect(database) as connection:
            connection.execute("insert into users (id, email) values ('u', 'u@example.com')")
            connection.execute(
                "insert into content (user_id, title, platform, status, scheduled_at)"
                " values ('u', 'Bread', 'instagram', 'scheduled', now())"
            )
        until(
            lambda: get_json(f"{url}/readyz")["services"]["scheduler"]["details"]["published"] == 1,
            what="the publication",
        )
    with psycopg.connect(database) as connection:
        rows = connection.execute("select status, external_id from publications").fetchall()
        assert [(status, key[:8]) for status, key in rows] == [("succeeded", "content-")]


def test_a_column_that_is_gone_refuses_the_boot(
    studio_process: Studio, database: str, up: Callable[..., Finished]
) -> None:
    """Dropped by hand behind the ledger's back: exit 79, with the line to grep for, the column and its file."""
    up()
    with psycopg.connect(database) as connection:
        connection.execute("alter table content drop column lease_until")
    finished = studio_process.run(LOCKSTEP_ENV="test")
    assert finished.status == 79
    assert "❌ Content table schema is not ready" in finished.stderr
    assert "content.lease_until" in finished.stderr
    assert "0004_create_content.sql" in finished.stderr
    assert "ready to serve" not in finished.stderr


@pytest.mark.parametrize(
    ("table", "column", "file"),
    [
        ("content", "platform", "0004_create_content.sql"),
        ("content_action_history", "before", "0005_create_content_action_history.sql"),
        ("publications", "platform", "0010_create_publications.sql"),
    ],
)
def test_the_file_named_is_the_one_of_that_table(
    studio_process: Studio,
    database: str,
    up: Callable[..., Finished],
    table: str,
    column: str,
    file: str,
) -> None:
    """Where drift is only reported, the needs refuse; a column whose name other tables use too is traced to its own table's migration."""
    up()
    with psycopg.connect(database) as connection:
        connection.execute(f"alter table {table} drop column {column} cascade".encode())
    finished = studio_process.run("--json", LOCKSTEP_ENV="test", LOCKSTEP_DRIFT="report")
    assert finished.status == 79
    assert [(problem["what"], problem["next"]) for problem in finished.error["problems"]] == [
        (f"service 'scheduler' needs column {table}.{column}", f"{file} should have made it")
    ]


def test_wrong_settings_are_refused_before_the_database(studio_process: Studio) -> None:
    """All of them at once, with exit 78; the database is not touched."""
    finished = studio_process.run(
        "--json", STUDIO_POLL_SECONDS="often", STUDIO_PUBLISH_ATTEMPTS="0"
    )
    assert finished.status == 78
    assert [problem["what"] for problem in finished.error["problems"]] == [
        "STUDIO_POLL_SECONDS: 'often' is not a number",
        "STUDIO_PUBLISH_ATTEMPTS: 0 is not between 1 and 100",
    ]
    with psycopg.connect(studio_process.database) as connection:
        found = connection.execute("select to_regnamespace('lockstep'), to_regclass('users')")
        assert found.fetchone() == (None, None)
