"""The boot record: one row a boot, however it ended, where the database can be reached; and who may read it where."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lockstep.testing import Project, Server, private_cluster

if TYPE_CHECKING:
    from tests.system.conftest import Launched, Observer

    Launch = Callable[..., Launched]

GATE = 8080
CONTENT = "CREATE TABLE IF NOT EXISTS content (id bigint);"
BROKEN = "ALTER TABLE content ADD COLUMN IF NOT EXISTS size bigint; SELECT 1/0;"
SCHEMA_STEPS = ["preflight", "connect", "lock", "migrate", "seed", "unlock"]


@pytest.fixture
def boots(project: Project) -> Callable[[], list[dict[str, Any]]]:
    """What ``lockstep boots --json`` lists, newest first."""

    def listed() -> list[dict[str, Any]]:
        (found,) = project.run("boots", "--json").events
        rows: list[dict[str, Any]] = found["boots"]
        return rows

    return listed


Boots = Callable[[], list[dict[str, Any]]]


def test_a_boot_has_one_row_that_says_all_about_it(project: Project, boots: Boots) -> None:
    """Id, release, host, process, times of the steps, files, outcome."""
    project.migration("0001_create_content.sql", CONTENT)
    process = project.start("up", "--json", LOCKSTEP_RELEASE="v1.2.3", LOCKSTEP_ENV="staging")
    stdout, stderr = process.communicate()
    begun = json.loads(stdout.splitlines()[0])

    (boot,) = boots()

    assert process.returncode == 0, stderr
    assert boot["id"] == begun["boot_id"]
    assert (boot["app"], boot["command"], boot["release"]) == ("default", "up", "v1.2.3")
    assert (boot["host"], boot["pid"]) == (socket.gethostname(), process.pid)
    assert (boot["environment"], boot["outcome"]) == ("staging", "completed")
    assert (boot["error_code"], boot["error"]) == ("", None)
    assert [step["step"] for step in boot["timeline"]["steps"]] == SCHEMA_STEPS
    assert all(step["seconds"] >= 0 for step in boot["timeline"]["steps"])
    assert [file["name"] for file in boot["timeline"]["files"]] == ["0001_create_content.sql"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", boot["begun_at"])
    assert boot["begun_at"] <= boot["ended_at"]


def test_a_failed_boot_has_its_row(project: Project, boots: Boots) -> None:
    """Even the very first: with its step, its error's code, and the error as it was shown."""
    project.migration("0001_create_content.sql", CONTENT)
    project.migration("0002_break.sql", BROKEN)
    ended = project.run("up", "--json")

    (boot,) = boots()

    assert (boot["outcome"], boot["step"], boot["error_code"]) == ("failed", "migrate", "LS501")
    assert boot["error"] == ended.error
    assert boot["timeline"]["outcome"] == "failed"
    assert [step["step"] for step in boot["timeline"]["steps"]] == SCHEMA_STEPS[:4]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("step", ["preflight", "lock"])
def test_a_refused_boot_has_its_row(project: Project, boots: Boots, step: str) -> None:
    """Whether it was refused before its first query, or by what it read."""
    first = project.migration("0001_create_content.sql", CONTENT)
    assert project.run("up").status == 0
    if step == "preflight":
        (project.root / "migrations" / "0002_folder.sql").mkdir()
    else:
        first.write_text(CONTENT + "-- edited")
    ended = project.run("up", "--json")
    shutil.rmtree(project.root / "migrations" / "0002_folder.sql", ignore_errors=True)

    refused, _ = boots()

    assert ended.status == 65
    assert (refused["outcome"], refused["step"]) == ("refused", step)
    assert refused["error_code"] == ended.error["code"]
    assert refused["timeline"]["outcome"] == "refused"


def test_a_taken_port_is_recorded_too(project: Project, boots: Boots) -> None:
    """A crash loop before the first query is seen where all boots are seen."""
    project.migration("0001_create_content.sql", CONTENT)
    assert project.run("up", LOCKSTEP_APP="shop").status == 0
    shutil.copy(Path(__file__).with_name("shop.py"), project.root)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = project.run("serve", "shop:application", "--port", port)

    rows = project.run("boots", "--json", LOCKSTEP_APP="shop").events[0]["boots"]

    assert ended.status == 73
    assert [(row["command"], row["outcome"], row["error_code"]) for row in rows] == [
        ("serve", "refused", "LS102"),
        ("up", "completed", ""),
    ]
    assert boots() == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("number", "outcome"), [(signal.SIGTERM, "interrupted"), (signal.SIGKILL, None)]
)
def test_a_boot_that_was_stopped_or_killed_has_its_row(
    project: Project,
    launch: Launch,
    observer: Observer,
    boots: Boots,
    number: signal.Signals,
    outcome: str | None,
) -> None:
    """A signal is recorded; a killed process leaves a row without an end, and the text says what that means."""
    project.migration("0001_wait.sql", f"SELECT pg_advisory_xact_lock({GATE});")
    observer.shut(GATE)
    booting = launch(LOCKSTEP_LOCK_TIMEOUT="60s")
    observer.at_gate(GATE)
    booting.signal(number)
    booting.finish()

    (boot,) = boots()

    assert (boot["outcome"], boot["error_code"]) == (outcome, "LS901" if outcome else "")
    shown = project.run("boots").stdout
    assert (outcome or "unfinished") in shown
    assert ("no end is recorded: it was killed, or is not over yet" in shown) == (outcome is None)


def test_boots_are_listed_for_people(project: Project) -> None:
    """Newest first, in columns; what failed says how, --verbose adds the times of the steps, --limit cuts."""
    project.migration("0001_create_content.sql", CONTENT)
    broken = project.migration("0002_break.sql", BROKEN)
    project.run("up", LOCKSTEP_RELEASE="one")
    broken.unlink()
    project.run("up", LOCKSTEP_RELEASE="two")

    lines = project.run("boots").stdout.splitlines()

    assert lines[0].split() == [
        "begun",
        "(UTC)",
        "outcome",
        "took",
        "command",
        "release",
        "boot",
        "host:pid",
    ]
    assert re.match(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  completed .* up +two +[0-9a-f]{8}  \S+:\d+$", lines[1]
    )
    assert re.match(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  failed .* up +one +[0-9a-f]{8}  \S+:\d+$", lines[2]
    )
    assert lines[3] == "    LS501 at migrate: 0002_break.sql: division by zero (22012)"
    assert len(lines) == 4
    verbose = project.run("boots", "--verbose", "--limit", "2").stdout.splitlines()
    assert re.fullmatch(r"    preflight [\d.]+ m?s, connect .*, migrate [\d.]+ m?s", verbose[-2])
    assert len(project.run("boots", "--limit", "1").stdout.splitlines()) == 2


def test_a_database_without_a_ledger_has_no_boots(project: Project, observer: Observer) -> None:
    """Looking makes none; a boot that was refused before there is one tells its own error, not that of the record."""
    assert project.run("boots").stdout == "no boot is recorded here\n"
    project.migration("0001_break.sql", "SELECT 'never ends")
    ended = project.run("up", "--json")

    assert (ended.status, ended.error["code"]) == (65, "LS401")
    assert ended.stderr == ""
    (shown,) = project.run("boots", "--json").events
    assert shown == {"boots": []}
    assert observer.value("SELECT to_regnamespace('lockstep')") is None


def test_a_record_that_cannot_be_written_masks_nothing(project: Project) -> None:
    """The error shown is that of the file, not that of the bookkeeping."""
    project.migration("0001_drop.sql", "DROP TABLE IF EXISTS lockstep.boots;")
    project.migration("0002_break.sql", "SELECT 1/0;")

    ended = project.run("up", "--json")

    assert (ended.status, ended.error["code"]) == (70, "LS501")
    assert ended.error["what"] == "0002_break.sql: division by zero (22012)"
    assert ended.stderr == ""


def test_a_complete_boot_whose_record_cannot_be_written_is_complete(
    project: Project, boots: Boots
) -> None:
    """The schema is at head: that is what the exit status is about."""
    project.migration(
        "0001_no_end.sql",
        "ALTER TABLE lockstep.boots DROP CONSTRAINT IF EXISTS no_end;"
        "ALTER TABLE lockstep.boots ADD CONSTRAINT no_end CHECK (ended_at IS NULL) NOT VALID;",
    )

    ended = project.run("up", "--json")

    assert (ended.status, ended.stderr) == (0, "")
    assert ended.events[-1]["event"] == "BootCompleted"
    assert boots()[0]["outcome"] is None


@pytest.fixture
def silent() -> Iterator[tuple[int, list[socket.socket]]]:
    """A port that lets clients in and never answers them."""
    waiting: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            try:
                while True:
                    waiting.append(server.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1], waiting
        server.shutdown(socket.SHUT_RDWR)
    thread.join()
    for client in waiting:
        client.close()


def test_a_database_that_hangs_does_not_delay_the_exit(
    project: Project, silent: tuple[int, list[socket.socket]]
) -> None:
    """The record of a boot that was refused is tried and given up: its connection would wait for an hour."""
    port, waiting = silent
    url = f"host=127.0.0.1 port={port} user=shop dbname=shop connect_timeout=3600"

    (project.root / "migrations" / "0001_folder.sql").mkdir(parents=True)

    ended = project.run("up", "--json", LOCKSTEP_DATABASE_URL=url)

    assert (ended.status, ended.error["code"]) == (65, "LS401")
    assert len(waiting) == 1


def test_the_boot_is_served_under_the_id_of_its_row(
    project: Project, launch: Launch, observer: Observer
) -> None:
    """``/api/boot`` is the timeline of this very boot, as the record has it."""
    project.migration("0001_create_content.sql", CONTENT)
    shutil.copy(Path(__file__).with_name("shop.py"), project.root)
    shop = json.dumps({"services": [{"name": "scheduler"}]})
    serving = launch("serve", "shop:application", "--port", "0", SHOP=shop)
    url = serving.event("HttpListening")["url"]
    serving.event("BootCompleted")
    with urllib.request.urlopen(f"{url}/api/boot") as answer:
        served = json.load(answer)
    serving.signal(signal.SIGTERM)
    assert serving.finish().status == 0

    ((boot_id, timeline),) = observer.rows("SELECT id::text, timeline FROM lockstep.boots")
    assert served["boot_id"] == boot_id
    assert [step["step"] for step in served["steps"]] == [*SCHEMA_STEPS, "services", "HTTP"]
    assert served == timeline


def test_each_application_sees_its_own_boots(project: Project, boots: Boots) -> None:
    """Several may share one database."""
    project.migration("0001_create_content.sql", CONTENT)
    assert project.run("up", LOCKSTEP_APP="other").status == 0

    assert boots() == []


def test_records_older_than_ninety_days_are_forgotten(project: Project, observer: Observer) -> None:
    """The next boot that has something to do clears them away; younger ones stay."""
    project.migration("0001_create_content.sql", CONTENT)
    assert project.run("up").status == 0
    for days in (89, 91):
        observer.rows(
            "INSERT INTO lockstep.boots (id, app, command, release, environment, host, pid, begun_at) "
            "VALUES (gen_random_uuid(), 'default', 'up', %s, '', '', 0, now() - make_interval(days => %s))",
            str(days),
            days,
        )
    project.migration("0002_more.sql", "CREATE TABLE IF NOT EXISTS more (id bigint);")
    assert project.run("up").status == 0

    assert observer.rows("SELECT release FROM lockstep.boots ORDER BY begun_at") == ["89", "", ""]


@pytest.fixture
def counting() -> Iterator[Server]:
    """A server of the test's own that logs every statement."""
    settings = {"log_statement": "all", "log_line_prefix": "<%a> "}
    with private_cluster(settings=settings) as server:
        yield server


def test_a_boot_with_nothing_to_do_takes_two_statements(counting: Server, tmp_path: Path) -> None:
    """One examines the server, one reads the ledger and writes the boot's row; there is no third, and no second connection."""
    with psycopg.connect(counting.conninfo(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE shop")
    project = Project(tmp_path / "project", make_conninfo(counting.conninfo("shop")))
    project.migration("0001_create_content.sql", CONTENT)
    assert project.run("up").status == 0
    before = len(counting.log())

    assert project.run("up", LOCKSTEP_RELEASE="second").status == 0

    said = re.findall(
        r"^<(lockstep:[^>]*)> LOG:  (?:statement|execute)", counting.log()[before:], re.MULTILINE
    )
    assert said == ["lockstep:default:connect"] * 2
    (newest, _) = project.run("boots", "--json").events[0]["boots"]
    assert (newest["release"], newest["outcome"]) == ("second", "completed")
    assert newest["seconds"] > 0
    assert newest["pid"] != os.getpid()
