"""``lockstep chaos``: services that are in order pass; each that is not is caught, with what was seen and how to see it again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from lockstep.embedded.pgbouncer import HOW_TO_GET_ONE, find_pgbouncer
from lockstep.postgres.connection import connect_now
from lockstep.testing import Databases, Finished, Project, Server, finish, until

LOCKSTEP = (sys.executable, "-m", "lockstep")
SOON = ("--rounds", "1", "--seed", "35", "--kill-after", "10ms", "--timeout", "30s")
"""One round whose copies are killed before they do anything: what happens then is nobody's doing but theirs."""
WEB = """
import lockstep

async def web(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"sold"})

shop = lockstep.Application(name="shop", http=lambda: web, lifespan=False)
"""


@pytest.fixture
def shop(project: Project) -> Project:
    """A project with files of every kind, and services to boot on them."""
    project.migration("0001_jobs.sql", "CREATE TABLE IF NOT EXISTS jobs (name text NOT NULL);")
    project.migration(
        "0002_items.sql", "CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY, name text);"
    )
    project.migration(
        "0003_items_name_idx.sql",
        "-- lockstep: no-transaction\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS items_name_idx ON items (name);",
    )
    project.seed("0001_items.sql", "INSERT INTO items VALUES (1) ON CONFLICT (id) DO NOTHING;")
    shutil.copy(Path(__file__).with_name("unruly.py"), project.root)
    (project.root / "web.py").write_text(WEB)
    return project


def chaos(shop: Project, cluster: Server, *arguments: str) -> Finished:
    """Run it to its end, on the server of the run."""
    return shop.run("chaos", "--scratch", cluster.dsn, "--pgbouncer", "off", *arguments)


def unruly(word: str) -> tuple[str, ...]:
    """The command of a service that Lockstep boots and that then does as the word says."""
    return ("--", *LOCKSTEP, "run", "--", sys.executable, "unruly.py", word)


def caught(shop: Project, cluster: Server, *arguments: str) -> tuple[dict[str, Any], Finished]:
    """Return the first thing that was found, and the whole."""
    done = chaos(shop, cluster, *SOON, "--json", *arguments)
    assert done.status == 1, done.stderr + done.stdout
    told = json.loads(done.stdout)
    assert told["holds"] is False
    failing = [one for one in (told["undisturbed"], *told["rounds"]) if one["violations"]]
    return failing[-1]["violations"][0], done


def databases_of_chaos(cluster: Server) -> set[str]:
    """The scratch databases that are there."""
    session = connect_now(cluster.dsn, "the server", "test")
    try:
        found = session.fetch("SELECT datname FROM pg_database WHERE datname ~ '^lockstep_scratch'")
    finally:
        session.close()
    return {row["datname"] for row in found}


def marked(text: str) -> list[str]:
    """The processes in whose environment the text is."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in folder.joinpath("environ").read_bytes():
                found.append(folder.name)
        except OSError:
            continue
    return found


def test_a_service_in_order_holds(shop: Project, cluster: Server) -> None:
    """Killed while it migrates; a line an event, a table, a verdict, the seed; the logs are kept where that is asked for."""
    logs = shop.root / "logs-in-order"
    done = chaos(
        shop, cluster, "--copies", "3", "--rounds", "1", "--seed", "4", "--kill-after", "1500ms",
        "-v", "--logs", str(logs), "--", *LOCKSTEP, "serve", "web:shop", "--port", "{port}",
    )  # fmt: skip

    assert done.status == 0, done.stderr + done.stdout
    assert done.stdout.startswith("3 copies, 1 round, seed 4, PostgreSQL ")
    assert "4 files each applied once" in done.stdout
    assert "SIGKILL" in done.stderr
    assert "round 1" in done.stderr
    starts = int(done.stdout.partition("holds: ")[2].split()[0])
    assert len(list(logs.glob("round-1-copy-*-start-*.log"))) == starts > 3
    assert marked(str(logs)) == []


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("word", "claim", "said"),
    [
        (
            "contradictory",
            "early",
            "GET / was answered with 200, and GET /readyz after it with 503",
        ),
        ("children", "left", "(SIGTERM), but left"),
        pytest.param("failing", "exit", "exit status 1 after SIGTERM", marks=pytest.mark.long),
        pytest.param("brief", "exit", "0, though nobody asked", marks=pytest.mark.long),
    ],
)
def test_what_is_wrong_without_any_disturbance(
    shop: Project, cluster: Server, word: str, claim: str, said: str
) -> None:
    """It is found in the undisturbed boot; of its processes none is left, not even one that it forgot."""
    logs = shop.root / f"logs-of-{word}"
    found, _ = caught(shop, cluster, "--logs", str(logs), *unruly(word))

    assert (found["claim"], found["copy"]) == (claim, 1)
    assert said in found["what"]
    assert marked(str(logs)) == []


@pytest.mark.long
def test_a_service_that_answers_before_it_migrates(shop: Project, cluster: Server) -> None:
    """It says that it is ready, but the ledger says that it was not."""
    found, _ = caught(shop, cluster, "--", sys.executable, "unruly.py", "early")

    assert found["claim"] == "early"
    assert found["what"] == "GET / was answered when 0 of 4 files were applied"


@pytest.mark.long
def test_a_service_that_writes_twice(shop: Project, cluster: Server) -> None:
    """One copy alone writes one row, however often it boots; copies that start together write one each."""
    found, done = caught(shop, cluster, "--copies", "3", *unruly("twice"))

    assert found["claim"] == "once"
    assert "public.jobs has " in found["what"]
    assert found["what"].endswith(" rows, after an undisturbed boot 1")
    assert json.loads(done.stdout)["replay"].startswith(
        "lockstep chaos --seed 35 --round 1 --copies 3 --kill-after 10ms --pgbouncer off -- "
    )


@pytest.mark.long
def test_rows_that_grow_by_themselves_are_no_sign(shop: Project, cluster: Server) -> None:
    """Where the table is named."""
    done = chaos(
        shop, cluster, *SOON, "--copies", "3", "--growing", "public.jobs", *unruly("twice")
    )

    assert done.status == 0, done.stdout


@pytest.mark.long
def test_a_copy_that_never_becomes_ready(shop: Project, cluster: Server) -> None:
    """As text: the claim, the copy, what was seen, its last lines, what was done, and the command that does it again."""
    done = chaos(shop, cluster, *SOON, "--copies", "2", "--timeout", "8s", *unruly("never"))

    assert done.status == 1, done.stdout
    lines = done.stdout.splitlines()
    at = lines.index("does not hold: all copies ready in the end")
    assert "it was not ready within 8.00 s: nothing answers GET /readyz" in lines[at + 1]
    assert lines[at + 1].lstrip().startswith("copy ")
    assert "DATABASE INITIALIZATION COMPLETED" in done.stdout
    assert "round 1 was disturbed by: " in done.stdout
    assert lines[-1].startswith("again: lockstep chaos --seed 35 --round 1 --copies 2 ")


@pytest.mark.long
def test_a_schema_that_is_another_each_time(shop: Project, cluster: Server) -> None:
    """It is compared object by object."""
    found, _ = caught(shop, cluster, "--copies", "1", *unruly("drifting"))

    assert found["claim"] == "schema"
    assert "table public.made_by_" in found["what"]


@pytest.mark.long
def test_a_service_that_does_not_hear_sigterm(shop: Project, cluster: Server) -> None:
    """It is told after the time that was given, and killed."""
    found, _ = caught(shop, cluster, "--timeout", "6s", *unruly("deaf"))

    assert (found["claim"], found["what"]) == ("exit", "it did not end within 6.00 s of SIGTERM")


@pytest.mark.long
def test_a_service_without_a_ledger(shop: Project, cluster: Server) -> None:
    """What Lockstep does not boot cannot be judged: that is said, and is no success."""
    found, _ = caught(shop, cluster, "--timeout", "6s", "--", sys.executable, "unruly.py", "good")

    assert found["claim"] == "once"
    assert "the ledger is empty: does Lockstep boot it?" in found["what"]


@pytest.mark.long
def test_a_platform_comes_first(shop: Project, cluster: Server) -> None:
    """What --before says is there before the first file."""
    shop.migration("0000_needs_it.sql", "ALTER TABLE platform ADD COLUMN IF NOT EXISTS mine int;")
    before = shop.root / "before.sql"
    before.write_text("CREATE TABLE platform ();")

    done = chaos(
        shop, cluster, *SOON, "--copies", "1", "--before", str(before), *unruly("good")
    )  # fmt: skip

    assert done.status == 0, done.stdout


def test_a_mistake_is_told_before_anything_is_started(shop: Project, cluster: Server) -> None:
    """A program that is not there, SQL that is none: exit statuses of their own."""
    (shop.root / "before.sql").write_text("CREATE TABEL t ();")

    absent = chaos(shop, cluster, "--", "no-such-program")
    before = chaos(shop, cluster, "--before", "before.sql", *unruly("good"))

    assert (absent.status, before.status) == (78, 70)
    assert "no program 'no-such-program' on PATH" in absent.stderr
    assert 'syntax error at or near "TABEL"' in before.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
def test_a_signal_ends_it_and_all_copies(
    shop: Project, cluster: Server, number: signal.Signals, databases: Databases
) -> None:
    """In the middle of a round: 128 and the signal; no process and no database is left."""
    logs = shop.root / f"logs-{number.name}"
    there = databases_of_chaos(cluster)
    process = shop.start(
        "chaos", "--scratch", cluster.dsn, "--pgbouncer", "off", "-v", "--logs", str(logs), *unruly("good")
    )  # fmt: skip
    assert process.stderr is not None
    assert any("round 1" in line and "copy 4" in line for line in process.stderr)
    made = databases_of_chaos(cluster) - there
    until(lambda: marked(str(logs)), what="the copies")
    process.send_signal(number)

    ended = finish(process)

    assert ended.status == 128 + number
    assert "All copies were ended, and their databases dropped." in ended.stderr
    assert marked(str(logs)) == []
    until(lambda: not made & databases_of_chaos(cluster), what="the databases' end")


@pytest.mark.long
@pytest.mark.parametrize("pooler", ["on", "off"])
def test_copies_on_a_server_of_their_own(shop: Project, pooler: str) -> None:
    """Several rounds, behind pgbouncer and without; the server is gone in the end."""
    if pooler == "on" and find_pgbouncer() is None:
        missing = f"pgbouncer is not installed; as root: {HOW_TO_GET_ONE}"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    logs = shop.root / f"logs-{pooler}"
    done = shop.run(
        "chaos", "--pgbouncer", pooler, "--rounds", "4", "--logs", str(logs), "--json",
        "--", *LOCKSTEP, "serve", "web:shop", timeout=110,
    )  # fmt: skip

    assert done.status == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["pgbouncer"], len(told["rounds"])) == (pooler == "on", 4)
    assert marked(str(logs)) == []


@pytest.mark.long
def test_the_same_seed_does_the_same(shop: Project, cluster: Server) -> None:
    """To the same copies at the same moments; another round can be asked for alone."""

    def disturbances(*arguments: str) -> list[list[dict[str, Any]]]:
        done = chaos(
            shop, cluster, "--copies", "2", "--seed", "11", "--kill-after", "1s", "--json", *arguments, *unruly("good")
        )  # fmt: skip
        assert done.status == 0, done.stdout + done.stderr
        return [one["disturbances"] for one in json.loads(done.stdout)["rounds"]]

    both = disturbances("--rounds", "2")

    assert disturbances("--round", "2") == both[1:]
