"""`studio import` and `studio export` as their users run them: nothing lost, nothing twice, every bad row named."""

from __future__ import annotations

import csv
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from lockstep.testing import until

if TYPE_CHECKING:
    from tests.studio.command_line.conftest import Command, Mover
    from tests.studio.conftest import Shelf

pytestmark = pytest.mark.anyio
LATER = "2031-01-31T09:00:00+00:00"
ODD = "Brot, \"frisch\"\n=1+1; 'und' ünïcode 🍞"


def write_json(file: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as a JSON object a line."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def filled(shelf: Shelf) -> None:
    """Give the user a project and content in several states, with texts of all kinds."""
    shelf.run(
        "insert into projects (user_id, name, description, tags, metadata, is_public)"
        " values ('u', '=cmd()', '', '{a,\"b c\"}', '{\"deep\": [1, null, \"x\"]}', true)"
    )
    shelf.add("1 year", title=ODD, description="", script="-2", tags=["+1", "ü"])
    shelf.add(status="draft", title="@home", project_id=1, day_number=3, publish_order=-5)
    shelf.add(
        status="published", published_at="2026-01-01T00:00:00.123456+01:00", ai_generated=True
    )
    shelf.run("update content set scheduled_at = null where status = 'draft'")


@pytest.mark.parametrize("form", ["csv", "json", "ndjson"])
async def test_what_is_exported_comes_back_as_it_was(
    mover: Mover, shelf: Shelf, second_user: str, tmp_path: Path, form: str
) -> None:
    """Another user's import of an export is exported as the same bytes, and begins a history; no cell is a formula."""
    filled(shelf)
    for what in ("projects", "content"):
        first, again = tmp_path / f"first-{what}.{form}", tmp_path / f"again-{what}.{form}"
        await mover.move("export", first, "--what", what)
        await mover.move("import", first, "--what", what, user=second_user)
        await mover.move("export", again, "--what", what, user=second_user)
        assert again.read_bytes() == first.read_bytes()
        assert len(first.read_bytes()) > 200
        if form == "csv":
            with first.open(newline="") as file:
                cells = [cell for row in csv.reader(file) for cell in row]
            assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    (content,) = shelf.run("select id from content where user_id = 'v' and title = %s", ODD)
    assert shelf.history(content) == ["create:  → scheduled"]


async def test_every_bad_row_is_named_and_keeps_all_out(
    mover: Mover, shelf: Shelf, tmp_path: Path
) -> None:
    """Each with its line and why; nothing is added, also of the good rows, and --dry-run says the same."""
    file = tmp_path / "bad.csv"
    file.write_bytes(
        b"title,platform,status,scheduled_at,project,tags,day_number\n"
        b'"Two\nlines",instagram,,,,,\n'
        b"Past,instagram,scheduled,2020-01-01T00:00:00Z,,,\n"
        b"Nowhere,instagram,,,No such,,\n"
        b"Cells,instagram\n"
        b",Insta gram,,,,,\n"
        b"JSON,instagram,,,,[1,\n"
        b"Latin \xe9,instagram,,,,,\n"
        b"Busy,instagram,publishing,,,,\n"
        b"Zero,instagram,,,,,0\n"
    )
    for more in ((), ("--dry-run",)):
        status, said = await mover.run("import", file, *more)
        assert status == 65
        named = {line.split(":")[2] for line in said.splitlines() if "bad.csv:" in line}
        assert named == {"4", "5", "6", "7", "8", "9", "10", "11"}, said
        assert "bad.csv:5: project: no project has the name 'No such'" in said
        assert "bad.csv:6: it has 2 cells, and the first line 7" in said
    assert shelf.run("select count(*) from content") == [0]
    assert shelf.run("select count(*) from imported_rows") == [0]


async def test_a_corrected_file_adds_only_what_was_corrected(
    mover: Mover, shelf: Shelf, tmp_path: Path
) -> None:
    """With --continue the good rows are added; with the id that it names, the corrected ones follow, and nothing is twice."""
    rows: list[dict[str, Any]] = [
        {"title": "One", "platform": "instagram"},
        {"title": "Two", "platform": "Insta"},
        {"title": "Three", "platform": "instagram", "status": "scheduled", "scheduled_at": LATER},
    ]
    file = write_json(tmp_path / "rows.ndjson", rows)
    status, said = await mover.run("import", file, "--continue", user="U@example.com")
    assert status == 65
    assert "of 3 rows 2 added, 1 are bad" in said
    import_id = said.split("--id ")[1].strip()
    rows[1]["platform"] = "instagram"
    # Its time passes between the two: what is in already is not judged again.
    rows[2]["scheduled_at"] = "2020-01-01T00:00:00Z"
    said = await mover.move("import", write_json(file, rows), "--id", import_id)
    assert "of 3 rows 1 added, 2 were in before" in said
    assert shelf.run("select title from content order by id") == ["One", "Three", "Two"]


def test_an_interrupted_import_goes_on_where_it_stopped(
    command: Command, shelf: Shelf, at_head: str, tmp_path: Path
) -> None:
    """Killed in the middle, then run again: every row is there once."""
    rows = [{"title": f"Piece {n}", "platform": "instagram"} for n in range(1000)]
    file = write_json(tmp_path / "rows.ndjson", rows)
    with psycopg.connect(at_head) as holder:
        # The row of line 500 is another's for now, so the import waits in its third piece.
        process = command.start(
            "import", str(file), "--user", "u@example.com", "--continue", "--id", "x"
        )
        holder.execute(
            "insert into imported_rows (user_id, import_id, line) values ('u', 'x', 500)"
        )
        until(lambda: shelf.run("select count(*) from content") == [400], what="two pieces")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        holder.rollback()
    said = "\n".join(command.move("import", file, "--id", "x"))
    assert "of 1000 rows 600 added, 400 were in before" in said
    assert shelf.run("select count(*), count(distinct title) from content") == [(1000, 1000)]


@pytest.mark.long
def test_standard_input_and_output_are_files(
    command: Command, shelf: Shelf, second_user: str
) -> None:
    """An export into a pipe is an import's standard input; data is all that is on standard output."""
    filled(shelf)
    status, out, said = command.run("export", "-", "--user", "u@example.com", "--what", "projects")
    assert status == 0, said
    assert [row["name"] for row in json.loads(out)] == ["=cmd()"]
    status, _, said = command.run(
        "import", "-", "--user", second_user, "--what", "projects", stdin=out
    )
    assert (status, said) == (0, "studio: of 1 rows 1 added\n")


@pytest.mark.long
def test_what_cannot_be_done_is_said(command: Command, shelf: Shelf, tmp_path: Path) -> None:
    """Nobody of that name, no such file, a schema that does not fit: each with its status, and no file is left behind."""
    target = tmp_path / "out.json"
    status, _, said = command.run("export", str(target), "--user", "x@example.com")
    assert (status, "nobody has the address" in said) == (65, True)
    status, _, said = command.run("import", str(target), "--user", "u@example.com")
    assert (status, "cannot be read" in said) == (65, True)
    shelf.run("drop table imported_rows")
    status, _, said = command.run("export", str(target), "--user", "u@example.com")
    assert status == 79
    assert "0028_create_imported_rows.sql" in said
    assert not list(tmp_path.glob("out.json*"))
