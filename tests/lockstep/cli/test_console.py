"""What people read of a boot: lines, one of them live on a terminal; the sentences that operators search for, in their places."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import shutil
import subprocess
import sys

import pytest

from lockstep.testing import Finished, Project

COLOUR = "\x1b["
INITIALIZED = "✅ DATABASE INITIALIZATION COMPLETED - SCHEMA IS READY"
SERVICES = "✅ ALL SERVICES INITIALIZED SUCCESSFULLY"
COMPLETED = "🎉 APPLICATION STARTUP COMPLETED SUCCESSFULLY"
READY = "🚀 Application is ready to serve requests!"
CRITICAL = "💥 CRITICAL: DATABASE INITIALIZATION FAILED"
CONTENT_NOT_READY = "❌ Content table schema is not ready"
PRODUCTION = "🚨 PRODUCTION MODE: Exiting due to database failure"
SENTENCES = {INITIALIZED, SERVICES, COMPLETED, READY, CRITICAL, CONTENT_NOT_READY, PRODUCTION}
APPLICATION = """
import lockstep

class Scheduler:
    name, after = "scheduler", ()

    def __init__(self, critical, broken, needs):
        self.critical, self.broken, self.needs = critical, broken, lockstep.Needs(needs)

    async def start(self, database):
        if self.broken:
            raise RuntimeError("no such queue")

    async def stop(self):
        pass

    def health(self):
        return lockstep.ServiceHealth(ok=True)

def make(critical=True, broken=False, needs=None):
    return lockstep.Application(name="shop", services=(Scheduler(critical, broken, needs or {}),))

well = make()
degraded = make(critical=False, broken=True)
broken = make(broken=True)
unmet = make(needs={"content": ("lease_until",), "orders": ()})
"""


@pytest.fixture
def content(project: Project) -> Project:
    """A project with one migration and an application."""
    project.migration("0001_create_content.sql", "CREATE TABLE IF NOT EXISTS content (id bigint);")
    (project.root / "shop.py").write_text(APPLICATION)
    return project


def sentences(ended: Finished) -> list[str]:
    """Return the sentences to search for, as whole lines and in their order."""
    return [line for line in ended.stderr.splitlines() if line in SENTENCES]


def serve(project: Project, name: str, **environment: str) -> Finished:
    """Serve one of the applications; stop it once it is ready, or let it end by itself."""
    with project.start("serve", f"shop:{name}", "--port", "0", **environment) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.startswith("  http://"):
                process.terminate()
        assert process.stdout is not None
        stdout = process.stdout.read()
    return Finished(process.returncode, stdout, "".join(lines))


@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_boot_that_succeeds_says_the_four_sentences(content: Project, environment: str) -> None:
    """Schema, services, start-up, ready: each once, in this order, to the letter, on stderr; nothing on stdout."""
    ended = serve(content, "well", LOCKSTEP_ENV=environment)

    assert sentences(ended) == [INITIALIZED, SERVICES, COMPLETED, READY]
    assert (ended.status, ended.stdout) == (0, "")


def test_up_ends_with_the_first_of_them(content: Project) -> None:
    """It starts no services and opens no port, so it does not say that it did."""
    assert sentences(content.run("up")) == [INITIALIZED]


def test_a_degraded_service_is_not_called_initialized(content: Project) -> None:
    """Not all services were initialized, so that sentence must not stand there."""
    ended = serve(content, "degraded")

    assert sentences(ended) == [INITIALIZED, COMPLETED, READY]
    assert "  ! service scheduler is degraded: RuntimeError: no such queue\n" in ended.stderr
    assert "  0 started, 1 degraded\n" in ended.stderr


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("fault", "environment", "said"),
    [
        ("migration", "development", [CRITICAL]),
        ("migration", "staging", [CRITICAL]),
        ("migration", "production", [CRITICAL, PRODUCTION]),
        ("edited", "production", [CRITICAL, PRODUCTION]),
        ("unreachable", "production", [CRITICAL, PRODUCTION]),
    ],
)
def test_a_database_that_could_not_be_initialized_is_critical(
    content: Project, fault: str, environment: str, said: list[str]
) -> None:
    """Whether a file failed, was refused, or no server answered; production says that it exits for that."""
    told = {"LOCKSTEP_ENV": environment}
    if fault == "migration":
        content.migration("0002_break.sql", "SELECT 1/0;")
    elif fault == "edited":
        assert content.run("up").status == 0
        content.migration("0001_create_content.sql", "SELECT 1;")
    else:
        told |= {"LOCKSTEP_CONNECT_WAIT": "0", "LOCKSTEP_DATABASE_URL": "host=127.0.0.1 port=1"}

    ended = content.run("up", **told)

    assert ended.status in {65, 69, 70}
    assert sentences(ended) == said
    assert ended.stdout == ""


@pytest.mark.parametrize("production", [True, False])
def test_unmet_needs_name_the_tables_that_are_not_ready(content: Project, production: bool) -> None:
    """One line a table; the schema was initialized, but it is not what the services need."""
    ended = serve(content, "unmet", LOCKSTEP_ENV="production" if production else "test")

    assert ended.status == 79
    assert sentences(ended) == [INITIALIZED, CONTENT_NOT_READY, *[PRODUCTION] * production]
    assert "\n❌ Orders table schema is not ready\n" in ended.stderr


def test_a_service_that_fails_is_no_database_failure(content: Project) -> None:
    """In production too: the sentences tell operators where to look."""
    ended = serve(content, "broken", LOCKSTEP_ENV="production")

    assert ended.status == 70
    assert sentences(ended) == [INITIALIZED]


def test_an_interrupted_boot_is_no_database_failure(content: Project) -> None:
    """A deploy that was called off must not page anybody."""
    content.migration("0002_wait.sql", "SELECT pg_sleep(600);")
    with content.start("up", LOCKSTEP_ENV="production") as process:
        assert process.stderr is not None
        assert any(line.startswith("✓ 2 lock") for line in process.stderr)
        process.terminate()
        rest = process.stderr.read()

    assert process.returncode == 143
    assert sentences(Finished(143, "", rest)) == []
    assert "LS901 Interrupted (exit status 143)" in rest


def test_nothing_changed_is_said_only_where_it_is_true(content: Project) -> None:
    """A refusal before step 3 has changed nothing; one after the migrations cannot say so."""
    content.migration("0002_folder.sql", "SELECT '")
    assert (
        "✗ 2 lock: LS401 Refused; nothing was changed (exit status 65)" in content.run("up").stderr
    )
    (content.root / "migrations" / "0002_folder.sql").unlink()
    assert "✗ 6 services: LS601 Refused (exit status 79)" in serve(content, "unmet").stderr


def on_terminal(project: Project, *arguments: str, **environment: str) -> str:
    """Run ``lockstep`` on a terminal of its own and return all that it wrote there."""
    outside, inside = pty.openpty()
    inherited = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "lockstep", *arguments],
        cwd=project.root,
        env={
            **inherited,
            "LOCKSTEP_DATABASE_URL": project.database,
            "TERM": "xterm",
            **environment,
        },
        stdin=inside,
        stdout=inside,
        stderr=inside,
    )
    os.close(inside)
    written = b""
    try:
        while chunk := os.read(outside, 4096):
            written += chunk
    except OSError as error:
        # How Linux tells that nobody holds the other end any more.
        assert error.errno == errno.EIO  # noqa: PT017
    os.close(outside)
    assert process.wait() == 0
    return written.decode()


def test_on_a_terminal_the_step_at_work_is_a_live_line(content: Project) -> None:
    """It is drawn, and wiped before the next line; what stays is what a log would hold."""
    shown = on_terminal(content, "up")

    assert "  1 connect ...\r\x1b[K" in shown
    assert "  migration 1/1 0001_create_content.sql ...\r\x1b[K" in shown
    assert f"{COLOUR}32m✓{COLOUR}0m 3 migrate" in shown
    # What a terminal shows in the end: of each line only what follows the last wiping.
    left = [line.rpartition("\x1b[K")[2] for line in shown.split("\r\n")]
    assert [line for line in left if "..." in line] == []
    assert left[-1] == ""
    assert INITIALIZED in left


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_a_dumb_terminal_gets_plain_lines(content: Project, term: str) -> None:
    """One that cannot move its cursor is written to like a file; another without colour keeps its live line."""
    shown = on_terminal(content, "up", TERM=term, **({} if term == "dumb" else {"NO_COLOR": "1"}))

    assert f"{COLOUR}3" not in shown
    assert (f"\r{COLOUR}K" in shown) == (term == "xterm")


def test_a_log_gets_plain_lines(content: Project) -> None:
    """No escape sequence, no live line, one line a step, each with its time."""
    ended = content.run("up", TERM="xterm")

    assert "\x1b" not in ended.stderr
    assert "\r" not in ended.stderr
    steps = re.findall(r"^[✓-] (\d) (\S+) +[\d.]+ m?s", ended.stderr, re.MULTILINE)
    assert steps == list(
        zip("012345", ["preflight", "connect", "lock", "migrate", "seed", "unlock"], strict=True)
    )


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": ""}, False),
        ({"TERM": "xterm"}, False),
    ],
)
def test_colour_can_be_forced_and_forbidden(
    content: Project, environment: dict[str, str], coloured: bool
) -> None:
    """NO_COLOR wins; neither makes a log's line live."""
    shown = content.run("up", **environment).stderr

    assert (COLOUR in shown) == coloured
    assert "\r" not in shown


def test_notices_are_shown_when_asked_for(content: Project) -> None:
    """A WARNING always, a NOTICE with --verbose."""
    content.migration(
        "0002_speak.sql",
        "DO $$ BEGIN RAISE WARNING 'look here'; RAISE NOTICE 'by the way'; END $$;",
    )
    content.migration("0003_speak.sql", "DO $$ BEGIN RAISE NOTICE 'by the way'; END $$;")
    ended = content.run("up")
    assert "  ! 0002_speak.sql: WARNING: look here\n" in ended.stderr
    assert "by the way" not in ended.stderr

    (content.root / "migrations" / "0004_speak.sql").write_text(
        "DO $$ BEGIN RAISE NOTICE 'once more'; END $$;"
    )
    assert "  ! 0004_speak.sql: NOTICE: once more\n" in content.run("up", "--verbose").stderr


def test_data_goes_to_stdout_and_messages_to_stderr(content: Project) -> None:
    """With --json the events are data; without it a boot has none, and an inspection's findings are."""
    shutil.rmtree(content.root / "seeds", ignore_errors=True)
    booted, told = content.run("up"), content.run("up", "--json")
    assert booted.stdout == ""
    assert told.stderr == ""
    assert [json.loads(line)["event"] for line in told.stdout.splitlines()][-1] == "BootCompleted"
    looked = content.run("status")
    assert looked.stderr == ""
    assert "pending   nothing: the schema is at head" in looked.stdout
    refused = content.run("status", LOCKSTEP_PORT="many")
    assert (refused.status, refused.stdout) == (78, "")
    assert "LS101 Refused" in refused.stderr
    assert (
        json.loads(content.run("status", "--json", LOCKSTEP_PORT="many").stdout)["error"]["code"]
        == "LS101"
    )
