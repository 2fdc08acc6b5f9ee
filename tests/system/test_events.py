"""The exact events of a boot. This is the test of determinism: the same boot tells the same story, word for word."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockstep.testing import Databases, Project

if TYPE_CHECKING:
    from tests.system.conftest import Launched

    Launch = Callable[..., Launched]

# What differs from boot to boot: times, and the addresses of this machine.
UNSTABLE = {"boot_id", "seconds", "waited"}
SHOWN = re.compile(r"PostgreSQL [\d.]+, .*|(?<=http://127\.0\.0\.1:)\d+|(?<=port )\d+")

PREFLIGHT_TO_UNLOCK_AT_HEAD = """
StepBegun step=preflight
StepDone step=preflight note=3 migrations, 1 seed skipped=False
StepBegun step=connect
StepDone step=connect note=... skipped=False
StepBegun step=lock
StepDone step=lock note=not needed: the schema is at head skipped=True
StepBegun step=migrate
StepDone step=migrate note=0 applied, 3 in all skipped=True
StepBegun step=seed
StepDone step=seed note=0 applied, 1 in all skipped=True
StepBegun step=unlock
StepDone step=unlock note= skipped=True
SchemaFinal migrations=3 seeds=1
"""
FRESH = """
BootBegun app=shop command=serve release=r1 environment=test
StepBegun step=preflight
StepDone step=preflight note=3 migrations, 1 seed, port ... is ours skipped=False
StepBegun step=connect
StepDone step=connect note=... skipped=False
StepBegun step=lock
LockObtained
Planned migrations=['0001_create_content.sql', '0002_add_title.sql', '0003_index.sql'] seeds=['0001_first.sql'] late=[] ahead=[] history_lost=False
StepDone step=lock note=key 42424242 skipped=False
StepBegun step=migrate
FileBegun kind=migration name=0001_create_content.sql position=1 total=3
FileApplied kind=migration name=0001_create_content.sql
FileBegun kind=migration name=0002_add_title.sql position=2 total=3
FileApplied kind=migration name=0002_add_title.sql
FileBegun kind=migration name=0003_index.sql position=3 total=3
StatementDone name=0003_index.sql position=1 total=2 outcome=done
StatementDone name=0003_index.sql position=2 total=2 outcome=done
FileApplied kind=migration name=0003_index.sql
StepDone step=migrate note=3 applied, 3 in all skipped=False
StepBegun step=seed
FileBegun kind=seed name=0001_first.sql position=1 total=1
FileApplied kind=seed name=0001_first.sql
StepDone step=seed note=1 applied, 1 in all skipped=False
StepBegun step=unlock
LockReleased
StepDone step=unlock note= skipped=False
SchemaFinal migrations=3 seeds=1
StepBegun step=services
ServiceStarting name=scheduler
ServiceStarted name=scheduler
StepDone step=services note=1 started skipped=False
StepBegun step=HTTP
HttpListening url=http://127.0.0.1:...
StepDone step=HTTP note=http://127.0.0.1:... skipped=False
BootCompleted command=serve
Stopping reason=SIGTERM received
ServiceStopped name=scheduler error=
Stopped problems=[]
"""
NOTHING_TO_DO = f"""
BootBegun app=shop command=up release=r1 environment=test
{PREFLIGHT_TO_UNLOCK_AT_HEAD.strip()}
BootCompleted command=up
"""
FAILED = """
BootBegun app=shop command=up release=r1 environment=test
StepBegun step=preflight
StepDone step=preflight note=4 migrations, 1 seed skipped=False
StepBegun step=connect
StepDone step=connect note=... skipped=False
StepBegun step=lock
LockObtained
Planned migrations=['0004_break.sql'] seeds=[] late=[] ahead=[] history_lost=False
StepDone step=lock note=key 42424242 skipped=False
StepBegun step=migrate
FileBegun kind=migration name=0004_break.sql position=1 total=1
BootFailed error=LS501 migrations/0004_break.sql:1:8 step=migrate environment=test
"""


def shape(event: dict[str, Any]) -> str:
    """Return the event's name and what is stable of it, as one line."""
    stable = {key: value for key, value in event.items() if key not in {"event", *UNSTABLE}}
    if "error" in stable and isinstance(stable["error"], dict):
        stable["error"] = f"{stable['error']['code']} {stable['error']['where']}"
    words = [f"{key}={SHOWN.sub('...', str(value))}" for key, value in stable.items()]
    return " ".join([event["event"], *words])


def lines(text: str) -> list[str]:
    """Return the lines of a story that is written down above."""
    return text.strip().splitlines()


@pytest.fixture
def shop(project: Project) -> Project:
    """A project with migrations of both kinds, a seed and one service."""
    project.migration(
        "0001_create_content.sql", "CREATE TABLE IF NOT EXISTS content (id bigint PRIMARY KEY);"
    )
    project.migration(
        "0002_add_title.sql", "ALTER TABLE content ADD COLUMN IF NOT EXISTS title text;"
    )
    project.migration(
        "0003_index.sql",
        "-- lockstep: no-transaction\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS content_title ON content (title);\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS content_length ON content (length(title));\n",
    )
    project.seed("0001_first.sql", "INSERT INTO content VALUES (1) ON CONFLICT (id) DO NOTHING;")
    shutil.copy(Path(__file__).with_name("shop.py"), project.root)
    shop = json.dumps({"services": [{"name": "scheduler", "needs": {"content": ["title"]}}]})
    environment = {
        "SHOP": shop,
        "LOCKSTEP_ENV": "test",
        "LOCKSTEP_APP": "shop",
        "LOCKSTEP_RELEASE": "r1",
    }
    return Project(project.root, project.database, environment)


@pytest.mark.parametrize("time", [1, 2, 3])
def test_a_fresh_boot_tells_exactly_this(shop: Project, launch: Launch, time: int) -> None:
    """From the first event to the last of the stop; three times the same."""
    serving = launch("serve", "shop:application", "--port", "0", **shop.environment)
    serving.event("BootCompleted")
    serving.signal(signal.SIGTERM)

    ended = serving.finish()

    assert [shape(event) for event in ended.events] == lines(FRESH), ended.stderr
    assert len(ended.stdout.splitlines()) == len(ended.events)


@pytest.mark.long
def test_a_boot_with_nothing_to_do_tells_exactly_this(shop: Project) -> None:
    """No lock, no plan: what was passed is said to be passed; three times the same."""
    assert shop.run("up").status == 0
    for _ in range(3):
        ended = shop.run("up", "--json")
        assert [shape(event) for event in ended.events] == lines(NOTHING_TO_DO), ended.stderr


def test_a_failed_boot_tells_exactly_this(shop: Project) -> None:
    """It ends with the error, in the step in which it happened; three times the same."""
    assert shop.run("up").status == 0
    shop.migration("0004_break.sql", "SELECT no_such_column FROM content;")
    for _ in range(3):
        ended = shop.run("up", "--json")
        assert [shape(event) for event in ended.events] == lines(FAILED), ended.stderr


def test_every_event_of_a_boot_is_one_object_a_line(shop: Project, databases: Databases) -> None:
    """With ``--json`` nothing else is on stdout, nothing at all on stderr, and each line names its event."""
    ended = shop.run("up", "--json", LOCKSTEP_DATABASE_URL=databases.create())

    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert all(isinstance(event, dict) and next(iter(event)) == "event" for event in found)
    assert ended.stderr == ""
