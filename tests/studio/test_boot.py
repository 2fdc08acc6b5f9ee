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
        shipped = [*STUDIO.glob("migrations/*.sql"), *STUDIO.glob("seeds/*.sql")]
        assert len(boot["files"]) == len(shipped)
        assert [service["name"] for service in boot["services"]] == [
            "scheduler",
            "stores",
            "live_updates",
        ]

        status, headers, page = get(f"{url}/")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "Sign in" in page

        ready = get_json(f"{url}/readyz")["services"]["scheduler"]
        assert ready["details"]["published"] == 0


@pytest.mark.long
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


GONE = {
    "content.platform": ("0004_create_content", {"scheduler", "stores", "live_updates"}),
    "content.revision": ("0025_add_revision_to_content", {"stores", "live_updates"}),
    "content.last_regenerated_at": ("0004_create_content", {"stores"}),
    "content_action_history.before": (
        "0005_create_content_action_history",
        {"scheduler", "stores"},
    ),
    "publications.platform": ("0010_create_publications", {"scheduler"}),
    "publications.external_url": ("0010_create_publications", {"scheduler", "stores"}),
    "users.role": ("0001_create_users", {"stores"}),
    "sessions.sess": ("0002_create_sessions", {"stores"}),
    "social_accounts.platform": ("0003_create_social_accounts", {"stores"}),
    "projects.is_public": ("0006_create_projects", {"stores"}),
    "post_schedules.timezone": ("0011_create_post_schedules", {"scheduler", "stores"}),
    "content_metrics.revenue": ("0012_create_content_metrics", {"stores"}),
    "ai_projects.settings": ("0013_create_ai_projects", {"stores"}),
    "ai_content_calendar.optimal_score": ("0015_create_ai_content_calendar", {"stores"}),
    "templates.is_active": ("0019_create_templates", {"stores"}),
    "notifications.is_read": ("0022_create_notifications", {"stores"}),
    "rate_limits.spent_until": ("0024_create_rate_limits", {"stores"}),
    "live_events.project_ids": ("0027_create_live_events", {"scheduler", "stores", "live_updates"}),
}
"""A column of each part: the file that makes it, and the services that cannot do without it."""


@pytest.mark.long
def test_what_every_part_lacks_is_told_with_its_file(
    studio_process: Studio, database: str, up: Callable[..., Finished]
) -> None:
    """Where drift is only reported, the needs refuse: all of them at once, each traced to its own table's migration."""
    up()
    with psycopg.connect(database) as connection:
        for place in GONE:
            table, column = place.split(".")
            connection.execute(f"alter table {table} drop column {column} cascade".encode())
    finished = studio_process.run("--json", LOCKSTEP_ENV="test", LOCKSTEP_DRIFT="report")
    assert finished.status == 79
    assert {(told["what"], told["next"]) for told in finished.error["problems"]} == {
        (f"service '{service}' needs column {place}", f"{file}.sql should have made it")
        for place, (file, services) in GONE.items()
        for service in services
    }


@pytest.mark.long
def test_http_does_not_open_without_what_only_it_needs(
    studio_process: Studio, database: str, up: Callable[..., Finished]
) -> None:
    """One column that neither the scheduler nor live updates look at is enough."""
    up()
    with psycopg.connect(database) as connection:
        connection.execute("alter table users drop column role")
    finished = studio_process.run("--json", LOCKSTEP_ENV="test", LOCKSTEP_DRIFT="report")
    assert finished.status == 79
    assert [told["what"] for told in finished.error["problems"]] == [
        "service 'stores' needs column users.role"
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
