"""The password of a connection string is seen nowhere: not on a screen, not in a log, not in the record, whatever goes wrong."""

from __future__ import annotations

import json
import shutil
import signal
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from lockstep.testing import Project

if TYPE_CHECKING:
    from tests.system.conftest import Launched, Observer

    Launch = Callable[..., Launched]

SECRET = "s3cret@heart"
ENCODED = quote(SECRET, safe="")
CONTENT = "CREATE TABLE IF NOT EXISTS content (id bigint);"
RECORD = "SELECT coalesce(string_agg(b::text, ''), '') FROM lockstep.boots b"
# What an application does with its own settings is its own affair, until the engine repeats it.
APPLICATION = """
import os
import lockstep

class Queue:
    after, needs = (), lockstep.Needs()

    def __init__(self, name, critical, at):
        self.name, self.critical, self.at = name, critical, at

    def reach(self, step):
        if self.at == step:
            raise RuntimeError(f"cannot reach {os.environ['DATABASE_URL']}")

    async def start(self, database):
        self.reach("start")

    async def stop(self):
        self.reach("stop")

    def health(self):
        self.reach("health")
        return lockstep.ServiceHealth(ok=True)

def make(at, critical=True):
    return lockstep.Application(name="shop", services=(Queue("queue", critical, at),))

def http():
    raise RuntimeError(f"cannot reach {os.environ['DATABASE_URL']}")

start, stop, health, degraded = make("start"), make("stop"), make("health"), make("start", False)
factory = lockstep.Application(name="shop", http=http)
"""


@pytest.fixture
def project(project: Project) -> Project:
    """The test's project, whose database is named by a URL that holds a password."""
    found = conninfo_to_dict(project.database)
    host = quote(str(found["host"]), safe="")
    url = f"postgresql://{found['user']}:{ENCODED}@{host}:{found['port']}/{found['dbname']}"
    named = Project(project.root, url, {"DATABASE_URL": url})
    named.migration("0001_create_content.sql", CONTENT)
    (named.root / "shop.py").write_text(APPLICATION)
    return named


def assert_unseen(*texts: str) -> None:
    """The secret must not be there, neither as it is nor as a URL or JSON writes it."""
    for text in texts:
        for form in (SECRET, ENCODED, "s3cret", "heart"):
            assert form not in text, text


def elsewhere(project: Project, what: str) -> str:
    """Return the connection string, changed so that it leads nowhere."""
    found = conninfo_to_dict(project.database)
    return {
        "port": f"postgresql://shop:{ENCODED}@127.0.0.1:1/shop",
        "database": project.database.rpartition("/")[0] + "/no_such_database",
        "unencoded": f"postgresql://shop:{SECRET}@127.0.0.1/shop",
        "slash": "postgresql://shop:s3cret/heart@127.0.0.1/shop",
        "percent": "postgresql://shop:s3cret%heart@127.0.0.1/shop",
        "pairs": f"host=127.0.0.1 port=1 user=shop dbname=shop password='{SECRET}'",
        "quote": f"host=127.0.0.1 port=1 password='{SECRET}",
        "driver": f"postgresql+psycopg://shop:{ENCODED}@127.0.0.1:1/shop",
        "role": f"postgresql://nobody:{ENCODED}@{quote(str(found['host']), safe='')}:{found['port']}/shop",
    }[what]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "what",
    ["port", "database", "unencoded", "slash", "percent", "pairs", "quote", "driver", "role"],
)
def test_a_connection_string_that_leads_nowhere(project: Project, what: str) -> None:
    """However it is written, and however wrong: exit 69 or 78 and not a piece of the password."""
    told = {"LOCKSTEP_DATABASE_URL": elsewhere(project, what), "LOCKSTEP_CONNECT_WAIT": "0"}
    text = project.run("up", "--verbose", **told)
    data = project.run("doctor", "--json", **told)

    assert text.status == data.status
    assert text.status in {69, 78}, text.stderr
    assert_unseen(text.stdout, text.stderr, data.stdout, data.stderr)


FILES = {
    "migrate": ("0002_break.sql", "SELECT 1/0;"),
    "lock": ("0002_open.sql", "SELECT '"),
    "preflight": ("0002_a.sql/0001.sql", ""),
    "speaking": ("0002_speak.sql", f"DO $$ BEGIN RAISE WARNING '%', 'at postgresql://shop:{ENCODED}@db/shop'; RAISE EXCEPTION 'password={SECRET}'; END $$;"),
}  # fmt: skip


@pytest.mark.sampled(1)
@pytest.mark.parametrize("step", FILES)
def test_a_step_that_fails(project: Project, observer: Observer, step: str) -> None:
    """On the screen, with its traceback, as JSON, in the record, and in what lists the record."""
    assert project.run("up").status == 0
    project.migration(*FILES[step])

    text, data = project.run("up", "--verbose"), project.run("up", "--json")
    boots = project.run("boots", "--verbose")

    assert text.status == data.status
    assert text.status in {65, 70}, text.stderr
    assert observer.value("SELECT count(*) FROM lockstep.boots WHERE error IS NOT NULL") == 2
    assert ("WARNING: at postgresql://shop:***@db/shop" in text.stderr) == (step == "speaking")
    assert_unseen(text.stdout, text.stderr, data.stdout, data.stderr, observer.value(RECORD))
    assert_unseen(boots.stdout)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", ["start", "factory"])
@pytest.mark.parametrize("style", ["--verbose", "--json"])
def test_an_application_that_says_its_url_when_it_fails(
    project: Project, observer: Observer, name: str, style: str
) -> None:
    """The engine repeats an exception's words, but not the password in them."""
    ended = project.run("serve", f"shop:{name}", "--port", "0", style)

    assert ended.status == 70
    assert "cannot reach postgresql://" in ended.stdout + ended.stderr
    assert ":***@" in ended.stdout + ended.stderr
    assert_unseen(ended.stdout, ended.stderr, observer.value(RECORD))


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", ["stop", "health", "degraded"])
def test_an_application_that_says_its_url_while_it_runs(
    project: Project, launch: Launch, observer: Observer, name: str
) -> None:
    """In health, in the boot's timeline, in the events of a stop."""
    serving = launch("serve", f"shop:{name}", "--port", "0")
    url = serving.event("HttpListening")["url"]
    serving.event("BootCompleted")
    shown = []
    for address in ("/readyz", "/api/boot"):
        with urllib.request.urlopen(url + address) as answer:
            shown.append(answer.read().decode())
    serving.signal(signal.SIGTERM)
    ended = serving.finish()

    assert ended.status == 0
    assert "cannot reach postgresql://" in "".join([*shown, ended.stdout])
    assert_unseen(*shown, ended.stdout, ended.stderr, observer.value(RECORD))


def test_a_pool_that_cannot_connect(project: Project, observer: Observer) -> None:
    """The pool's own complaints, which it writes to its log, hold no password either."""
    shutil.copy(Path(__file__).with_name("shop.py"), project.root)
    pool = project.database.replace("postgres:", "nobody_here:", 1)
    ended = project.run(
        "serve", "shop:application", "--port", "0", DATABASE_URL=pool, SHOP=json.dumps({})
    )

    assert ended.status == 69
    assert "nobody_here" in ended.stderr
    assert_unseen(ended.stdout, ended.stderr, observer.value(RECORD))


def test_a_boot_that_succeeds(project: Project, observer: Observer) -> None:
    """Nor is it shown where nothing goes wrong."""
    shown = [
        project.run(*command)
        for command in (["up"], ["status"], ["plan"], ["doctor"], ["boots", "--json"])
    ]

    assert [ended.status for ended in shown] == [0] * 5
    assert_unseen(*(ended.stdout + ended.stderr for ended in shown), observer.value(RECORD))
