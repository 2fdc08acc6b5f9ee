"""``lockstep run -- CMD``: the schema first, then this very process becomes CMD; on any failure CMD is not started."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sys

import psycopg
import pytest

from lockstep.testing import Project, finish, until

CONTENT = "CREATE TABLE IF NOT EXISTS content (id bigint);"
TOUCH = ("sh", "-c", "touch ran")
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'lockstep:%'"
ON_THE_EMBEDDED_SERVER = """
import os, psycopg, sys
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(connection.execute("SELECT count(*) FROM content").fetchone()[0])
    print(connection.execute("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)").fetchone()[0], flush=True)
    sys.stdin.readline()
    print(connection.execute("SELECT 'still here'").fetchone()[0])
"""


@pytest.fixture
def content(project: Project) -> Project:
    """A project with one migration."""
    project.migration("0001_create_content.sql", CONTENT)
    return project


def test_the_process_becomes_the_command(content: Project) -> None:
    """Same pid, nothing on stdout but what CMD writes there, and its exit status."""
    process = content.start("run", "--", "sh", "-c", "echo $$; exit 7")
    ended = finish(process)

    assert ended.stdout == f"{process.pid}\n"
    assert ended.status == 7
    assert "✅ DATABASE INITIALIZATION COMPLETED - SCHEMA IS READY" in ended.stderr


def test_the_schema_is_ready_when_the_command_starts(content: Project, database: str) -> None:
    """It finds its table, and no session of the boot beside it."""
    process = content.start("run", "--", "sh", "-c", "echo started; exec sleep 60")
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    with psycopg.connect(database, autocommit=True) as connection:
        assert connection.execute("SELECT to_regclass('content')::text").fetchone() == ("content",)
        until(
            lambda: connection.execute(SESSIONS).fetchone() == (0,), what="the boot's sessions end"
        )

    process.send_signal(signal.SIGTERM)
    assert finish(process).status == -signal.SIGTERM


@pytest.mark.parametrize("dashes", [["--"], []], ids=["with dashes", "without"])
def test_options_of_the_command_are_its_own(content: Project, dashes: list[str]) -> None:
    """Even those that Lockstep has too, and a second ``--``."""
    show = "import json, sys; print(json.dumps(sys.argv[1:]))"
    own = ["--json", "--database", "x", "--", "-v"]
    ended = content.run("run", *dashes, sys.executable, "-c", show, *own)

    assert ended.status == 0, ended.stderr
    assert json.loads(ended.stdout) == own


def test_with_json_the_events_come_first(content: Project) -> None:
    """One object a line on stdout, and then whatever CMD writes."""
    ended = content.run("run", "--json", "--", "echo", "hello")

    *events, last = ended.stdout.splitlines()
    assert json.loads(events[-1]) | {"seconds": 0} == {
        "event": "BootCompleted",
        "command": "run",
        "seconds": 0,
    }
    assert (last, ended.stderr) == ("hello", "")


@pytest.mark.sampled(1)
@pytest.mark.parametrize("fault", ["migration", "edited", "directive", "unreachable", "setting"])
def test_on_a_failure_the_command_is_not_started(content: Project, fault: str) -> None:
    """Whatever goes wrong: the exit status is the boot's."""
    told = {}
    if fault == "migration":
        content.migration("0002_break.sql", "SELECT 1/0;")
    elif fault == "edited":
        assert content.run("up").status == 0
        content.migration("0001_create_content.sql", "SELECT 1;")
    elif fault == "directive":
        content.migration("0002_typo.sql", "-- lockstep: no-transactoin\nSELECT 1;")
    elif fault == "unreachable":
        told = {"LOCKSTEP_CONNECT_WAIT": "0", "LOCKSTEP_DATABASE_URL": "host=127.0.0.1 port=1"}
    else:
        told = {"LOCKSTEP_LOCK_WAIT": "soon"}
    statuses = {"migration": 70, "edited": 65, "directive": 65, "unreachable": 69, "setting": 78}

    ended = content.run("run", "--", *TOUCH, **told)

    assert ended.status == statuses[fault], ended.stderr
    assert not (content.root / "ran").exists()


def test_an_interrupted_boot_starts_no_command(content: Project) -> None:
    """SIGTERM in the middle of a migration: exit 143."""
    content.migration("0002_wait.sql", "SELECT pg_sleep(600);")
    process = content.start("run", "--json", "--", *TOUCH)
    assert process.stdout is not None
    assert any('"FileBegun"' in line and "0002" in line for line in process.stdout)
    process.send_signal(signal.SIGTERM)

    assert finish(process).status == 143
    assert not (content.root / "ran").exists()


@pytest.mark.sampled(1)
@pytest.mark.parametrize("program", ["no-such-program", "./not-executable", "."])
def test_a_missing_program_is_found_before_any_migration(
    content: Project, database: str, program: str
) -> None:
    """A typo in the command must not change the schema: exit 78."""
    (content.root / "not-executable").write_text("#!/bin/sh\n")
    ended = content.run("run", "--json", "--", program)

    assert (ended.status, ended.error["code"]) == (78, "LS101")
    assert repr(program) in ended.error["what"]
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('content')").fetchone() == (None,)


def test_a_script_is_found_by_its_path(content: Project) -> None:
    """Relative to where the command was typed."""
    script = content.root / "start"
    script.write_text('#!/bin/sh\necho "$0 $1"\n')
    script.chmod(0o755)

    assert content.run("run", "--", "./start", "now").stdout == "./start now\n"


def test_what_the_system_cannot_run_is_told(content: Project) -> None:
    """An executable file that is no program: exit 78 with what it lacks, no traceback."""
    script = content.root / "start"
    script.write_text("echo hello\n")
    script.chmod(0o755)
    ended = content.run("run", "--", "./start")

    assert (ended.status, ended.stdout) == (78, "")
    assert "start cannot be run: Exec format error" in ended.stderr
    assert "#!/bin/sh" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_command_inherits_neither_signals_nor_files(content: Project) -> None:
    """Python ignores SIGPIPE, and a program that inherits that never ends in a pipe; sockets of the boot are closed."""
    ended = content.run("run", "--", "sh", "-c", "grep SigIgn /proc/self/status; ls /proc/$$/fd")
    first, *files = ended.stdout.splitlines()
    ignored = int(first.split()[1], 16)

    assert [n for n in (signal.SIGPIPE, signal.SIGXFSZ) if ignored >> (n - 1) & 1] == []
    assert files == ["0", "1", "2"]


def test_the_environment_is_handed_on_as_it_is(content: Project) -> None:
    """Where a database is named nothing is added or changed."""
    ended = content.run("run", "--", "env", DATABASE_URL=content.database, WORD="a b")

    told = dict(line.split("=", 1) for line in ended.stdout.splitlines())
    assert (told["DATABASE_URL"], told["WORD"]) == (content.database, "a b")
    assert told["LOCKSTEP_DATABASE_URL"] == content.database


@pytest.mark.long
def test_the_embedded_server_lives_as_long_as_the_command(content: Project) -> None:
    """CMD is told where it is; it serves until CMD ends, and is gone afterwards."""
    (content.root / "one.py").write_text(ON_THE_EMBEDDED_SERVER)
    os.mkfifo(content.root / "fifo")
    process = content.start(
        *("run", "--", "sh", "-c", f"exec {shlex.quote(sys.executable)} one.py < fifo"),
        LOCKSTEP_DATABASE_URL="",
        DATABASE_URL="",
    )
    assert process.stdout is not None
    with (content.root / "fifo").open("w") as fifo:
        assert process.stdout.readline() == "0\n"
        server = int(process.stdout.readline())
        os.kill(server, 0)
        fifo.write("go on\n")
    ended = finish(process)

    assert (ended.status, ended.stdout) == (0, "still here\n"), ended.stderr
    until(lambda: not is_alive(server), what="the end of the embedded server")


def is_alive(pid: int) -> bool:
    """True while there is such a process."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
