"""Files as a deploy meets them: through the process, on a real server. Refused before anything runs, or fine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstep.testing import Finished, Project

if TYPE_CHECKING:
    from tests.system.conftest import Observer

UNTOUCHED = """
SELECT nspname::text FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
UNION ALL SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
"""
LONG = "0019_" + "é" * 123 + ".sql"
UNFIT = {
    "0001_unknown.sql": "-- lockstep: no-transacton\nSELECT 1;",
    "0002_case.sql": "-- Lockstep: no-transaction\nSELECT 1;",
    "0003_below.sql": "SELECT 1;\n-- lockstep: breaking",
    "0004_nul.sql": "SELECT '\0';",
    "0005_bom.sql": "\ufeffSELECT 1;",
    "0006_utf16.sql": "SELECT 1;".encode("utf-16"),
    "0007_latin1.sql": "SELECT 'café';".encode("latin-1"),
    "0008_empty.sql": "",
    "0009_comments.sql": "-- later\n",
    "0010_begin.sql": "BEGIN;\nCREATE TABLE IF NOT EXISTS x (id int);\nCOMMIT;",
    "0011_psql.sql": "\\echo hello\nSELECT 1;",
    "0012_copy.sql": "COPY x FROM STDIN;\n1\n\\.\n",
    "0013_template.sql": "CREATE TABLE {{ name }} (id int);",
    "0014_open.sql": "CREATE TABLE x (\n",
    "0015_concurrently.sql": "CREATE INDEX CONCURRENTLY i ON x (id);",
    "0016_unnamed.sql": "-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY ON x (id);",
    "0017_discard.sql": "DISCARD ALL;",
    "0018_vacuum.sql": "VACUUM;",
    LONG: "SELEC 1;",
}
FINE = {
    "0001_crlf.sql": "-- lockstep: lock-timeout 1s\r\nCREATE TABLE IF NOT EXISTS log (line text PRIMARY KEY, id serial);\r\n",
    "0002_no_semicolon.sql": "INSERT INTO log VALUES ('no semicolon') ON CONFLICT (line) DO NOTHING",
    "0003_comment_at_the_end.sql": "INSERT INTO log VALUES ('comment') ON CONFLICT (line) DO NOTHING -- no newline",
    "0004_percent.sql": "INSERT INTO log VALUES ('100% %s %(x)s {} {0} $1 \\n ''') ON CONFLICT (line) DO NOTHING;",
    "0005_empty_statements.sql": ";;INSERT INTO log VALUES ('empty statements') ON CONFLICT (line) DO NOTHING;;\n;",
    "0006_names.sql": "ALTER TABLE log ADD COLUMN IF NOT EXISTS \"größe 日本\" int; INSERT INTO log VALUES ('names') ON CONFLICT (line) DO NOTHING;",
    "0007_savepoint.sql": "SAVEPOINT a; INSERT INTO log VALUES ('gone') ON CONFLICT (line) DO NOTHING; ROLLBACK TO a; INSERT INTO log VALUES ('savepoint') ON CONFLICT (line) DO NOTHING;",
    "0007_twin.sql": "INSERT INTO log VALUES ('twin') ON CONFLICT (line) DO NOTHING;",
    '0008 it\'s a "name" 50% ünï.sql': "INSERT INTO log VALUES ('name') ON CONFLICT (line) DO NOTHING;",
    "0009_UPPER.SQL": "INSERT INTO log VALUES ('upper') ON CONFLICT (line) DO NOTHING;",
    "0010_mentions.sql": "DO $$ BEGIN\n-- lockstep: breaking\nINSERT INTO log VALUES ('\n-- lockstep: x') ON CONFLICT (line) DO NOTHING; END $$;",
    "0011_mac.sql": "-- mac\rINSERT INTO log VALUES ('mac') ON CONFLICT (line) DO NOTHING;\r",
    "0012_alone.sql": "-- lockstep: no-transaction\r\nVACUUM log;\r\nINSERT INTO log VALUES ('alone') ON CONFLICT (line) DO NOTHING -- the end",
    "0013_" + "é" * 123 + ".sql": "INSERT INTO log VALUES ('long') ON CONFLICT (line) DO NOTHING;",
    ".0014_hidden.sql": "nonsense",
    "README.md": "nonsense",
}


def write(project: Project, files: dict[str, str] | dict[str, str | bytes]) -> Path:
    """Write migrations, whatever is in them; return their folder."""
    folder = project.root / "migrations"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def refused(project: Project, observer: Observer, *arguments: str) -> Finished:
    """Run ``up``; it is refused with 65, and the database is as it was made."""
    done = project.run("up", *arguments)
    assert done.status == 65, done.stdout + done.stderr
    assert observer.rows(UNTOUCHED) == ["public"]
    return done


def test_every_problem_of_every_file_before_anything_runs(
    project: Project, observer: Observer
) -> None:
    """One refusal names them all; fine files beside them do not run either."""
    write(project, UNFIT)
    project.migration("0000_fine.sql", "CREATE TABLE IF NOT EXISTS fine (id int);")
    project.seed("0001_bad.sql", "ROLLBACK;")

    done = refused(project, observer, "--json")

    assert done.error["code"] == "LS401"
    assert done.error["what"] == "20 files cannot be run as they are (21 problems)"
    places = [problem["where"] for problem in done.error["problems"]]
    assert list(dict.fromkeys(place.partition(":")[0] for place in places)) == [
        *(f"migrations/{name}" for name in UNFIT),
        "seeds/0001_bad.sql",
    ]
    assert all(problem["what"] and problem["next"] for problem in done.error["problems"])
    assert done.names("FileBegun") == []


def test_a_refusal_as_people_see_it(project: Project, observer: Observer) -> None:
    """File, line, column, the line itself with a caret, and what to do; the panel says that nothing was changed."""
    write(project, {"0001_a.sql": "-- größe\n\tSELECT 'ü' FORM t x;", "0002_b.sql": "COMMIT;"})

    shown = refused(project, observer).stderr

    panel = shown[shown.index("✗ 2 lock") :].splitlines()
    assert panel == [
        "✗ 2 lock: LS401 Refused; nothing was changed (exit status 65)",
        "  what   2 files cannot be run as they are (2 problems)",
        '  - migrations/0001_a.sql:2:18: syntax error at or near "t"',
        "             2 |  SELECT 'ü' FORM t x;",
        "               |                  ^",
        "    Correct it (grammar of PostgreSQL 18).",
        "  - migrations/0002_b.sql:1:1: COMMIT inside a file: the file is the transaction",
        "             1 | COMMIT;",
        "               | ^",
        "    Take it out; to run statements on their own: -- lockstep: no-transaction",
        "  why    Files are examined before the first statement of any of them runs; nothing was changed.",
        "  next   Correct what is listed and start again.",
    ]


def test_what_is_no_file_is_refused_before_the_database_is_asked(
    project: Project, observer: Observer
) -> None:
    """In step 0: folders, pipes, links that lead out; a pipe is not waited for."""
    folder = write(project, {"0001_a.sql": "SELECT 1;", "0001_A.sql": "SELECT 1;"})
    (folder / "0002_folder.sql").mkdir()
    os.mkfifo(folder / "0003_pipe.sql")
    (project.root / "outside.sql").write_text("SELECT 1;")
    (folder / "0004_out.sql").symlink_to("../outside.sql")

    done = refused(project, observer, "--json")

    assert [event["step"] for event in done.events if event["event"] == "StepBegun"] == [
        "preflight"
    ]
    assert [problem["where"] for problem in done.error["problems"]] == [
        "migrations/0002_folder.sql",
        "migrations/0003_pipe.sql",
        "migrations/0004_out.sql",
        "migrations/0001_a.sql",
    ]


def test_what_is_odd_and_fine_runs(project: Project, observer: Observer) -> None:
    """Each file once, its text untouched; the second start has nothing to do."""
    folder = write(project, FINE)
    (folder / "0099_link.sql").symlink_to("0007_twin.sql")

    first, second = project.run("up", "--json"), project.run("up", "--json")

    assert first.status == 0, first.error or first.stderr
    assert observer.rows("SELECT line FROM log ORDER BY id") == [
        "no semicolon",
        "comment",
        "100% %s %(x)s {} {0} $1 \\n '",
        "empty statements",
        "names",
        "savepoint",
        "twin",
        "name",
        "upper",
        "\n-- lockstep: x",
        "mac",
        "alone",
        "long",
    ]
    assert first.names("FileApplied") == [
        *(name for name in FINE if name[0] == "0"),
        "0099_link.sql",
    ]
    assert (second.status, second.names("FileApplied")) == (0, [])


@pytest.mark.sampled(1)
@pytest.mark.parametrize("change", ["edited", "renamed", "deleted"])
def test_what_was_applied_does_not_change(
    project: Project, observer: Observer, change: str
) -> None:
    """Refused with 65, the file, when it was applied, and the way back; a new file beside it does not run."""
    write(project, {"0001_a.sql": "SELECT 1;", "0002_b.sql": "SELECT 2;"})
    assert project.run("up", LOCKSTEP_RELEASE="v1").status == 0
    folder = write(project, {"0003_c.sql": "CREATE TABLE IF NOT EXISTS c (id int);"})
    applied = folder / "0001_a.sql"
    if change == "edited":
        applied.write_text("SELECT 1; ")
    elif change == "renamed":
        applied.rename(folder / "0001_first.sql")
    else:
        applied.unlink()

    done = project.run("up")

    assert done.status == 65
    said = {
        "edited": "migrations/0001_a.sql: was edited after it was applied on ",
        "renamed": "migrations/0001_first.sql: is 0001_a.sql under another name, which was applied on ",
        "deleted": "0001_a.sql: was applied on ",
    }
    way_back = {
        "edited": "Restore its text (git log -p names the change)",
        "renamed": "Rename it back to 0001_a.sql",
        "deleted": "Put the file back, or set LOCKSTEP_MISSING=allow",
    }
    assert said[change] in done.stderr
    assert "by release v1" in " ".join(done.stderr.split())
    assert way_back[change] in done.stderr
    assert observer.value("SELECT to_regclass('c')") is None


@pytest.mark.long
def test_ten_megabytes(project: Project, observer: Observer) -> None:
    """A literal of 10 MB, then many statements and a long one, none of it ASCII; a mistake far below is found."""
    rows = 40_000
    many = "INSERT INTO big VALUES (1, 'größe: ein Wert, der etwas länger ist');\n" * rows
    values = ",\n".join(["(2, 'größe')"] * 2 * rows)
    folder = write(
        project,
        {
            "0001_big.sql": "CREATE TABLE IF NOT EXISTS big (kind int, text text);",
            "0002_literal.sql": f"INSERT INTO big VALUES (3, '{'ü' * 5_000_000}');",
            "0003_many.sql": f"{many}INSERT INTO big VALUES {values};\n",
        },
    )
    assert (folder / "0002_literal.sql").stat().st_size > 10_000_000

    assert project.run("up").status == 0
    counted = observer.rows("SELECT kind, count(*) FROM big GROUP BY kind ORDER BY kind")
    assert counted == [(1, rows), (2, 2 * rows), (3, 1)]

    project.migration("0004_mistake.sql", "SELECT 'ü';\n" * 100_000 + "SELEC 1;\n")
    refusal = project.run("up", "--json")
    assert [problem["where"] for problem in refusal.error["problems"]] == [
        "migrations/0004_mistake.sql:100001:1"
    ]
