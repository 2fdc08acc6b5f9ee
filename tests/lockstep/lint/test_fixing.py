"""``--fix`` in its parts: insertions only, until nothing is left to fix, and never half a file."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from lockstep.lint import fixing
from lockstep.lint.findings import Linted, Linter
from lockstep.lint.rules import known_rules
from lockstep.lint.sources import File
from lockstep.sql.finding import Edit, Finding
from lockstep.sql.prepass import prepare

LINTER = Linter(18, known_rules())


def result_of(raw: bytes) -> bytes:
    """Return what a file of its own becomes."""
    ((file,),), _ = fixing.fix(LINTER, [(File("x.sql", None, raw),)])
    return file.raw


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        (b"CREATE TABLE a ();", b"CREATE TABLE IF NOT EXISTS a ();"),
        (b"-- \xc3\xbc\r\nCREATE TABLE\r\n  a ();\r\n", b"-- \xc3\xbc\r\nCREATE TABLE IF NOT EXISTS\r\n  a ();\r\n"),
        (b"\xef\xbb\xbfCREATE TABLE a ();", b"\xef\xbb\xbfCREATE TABLE IF NOT EXISTS a ();"),
        (b"-- \xff\0\nCREATE TABLE a ();", b"-- \xff\0\nCREATE TABLE IF NOT EXISTS a ();"),
        (b"\\echo\nCREATE TABLE {{ x }} ();", b"\\echo\nCREATE TABLE IF NOT EXISTS {{ x }} ();"),
        ("CREATE TABLE ü ();".encode("utf-16"), "CREATE TABLE IF NOT EXISTS ü ();".encode("utf-16")),
        (b"-- +goose Down\nCREATE TABLE b ();\n-- +goose Up\nCREATE TABLE a ();", b"-- +goose Down\nCREATE TABLE b ();\n-- +goose Up\nCREATE TABLE IF NOT EXISTS a ();"),
        (b"CREATE TABLE a ();\nSELEC 1;", b"CREATE TABLE a ();\nSELEC 1;"),
        (b"-- lockstep: ignore create-table because so\nCREATE TABLE a ();", b"-- lockstep: ignore create-table because so\nCREATE TABLE a ();"),
    ],
)  # fmt: skip
def test_only_what_is_missing_is_inserted(raw: bytes, result: bytes) -> None:
    """Every other byte stays: line ends, encodings, what is not SQL, and the way back; and a second run changes nothing."""
    assert result_of(raw) == result
    assert result_of(result) == result


@pytest.mark.parametrize("template", ["{{ .X }}", "${X}", ":x", ':"x"'])
def test_a_template_is_not_named_by_what_it_was_filled_with(template: str) -> None:
    """A guard for it would ask for another table; beside it, others are written."""
    add = "ALTER TABLE {} ADD CONSTRAINT c CHECK (a > 0);\n"
    made = result_of((add.format(template) + add.format("other")).encode()).decode()
    assert made.startswith(add.format(template))
    assert "to_regclass('other')" in made


def edited_by(text: str, inserted: str) -> bytes:
    """Return what a file becomes by one edit at its beginning."""
    finding = Finding("x", "hazard", "error", "", "", 0, 0, (Edit(0, inserted),))
    raw = text.encode()
    return fixing.fixed(Linted(File("x.sql", None, raw), prepare(raw), (finding,)))


def test_an_edit_takes_the_line_ends_of_its_file() -> None:
    """Also where it brings several lines."""
    assert edited_by("SELECT 1;\r\n", "SELECT 0;\n") == b"SELECT 0;\r\nSELECT 1;\r\n"
    assert edited_by("SELECT 1;\n", "SELECT 0;\n") == b"SELECT 0;\nSELECT 1;\n"


def test_an_edit_that_would_break_a_file_is_not_made() -> None:
    """A fix must not do harm; what was broken before may be edited."""
    assert edited_by("SELECT 1;", "SELEC ") == b"SELECT 1;"
    assert edited_by("SELEC 1;", "-- why\n") == b"-- why\nSELEC 1;"


def test_all_files_of_a_history_are_fixed_but_only_those_that_are_reported() -> None:
    """A file that is there for the others' sake is left alone."""
    before = [
        (
            File("1.sql", None, b"CREATE TABLE a ();", reported=False),
            File("2.sql", None, b"CREATE TABLE b ();"),
        )
    ]
    after, linted = fixing.fix(LINTER, before)
    assert [new.name for _, new in fixing.changes(before, after)] == ["2.sql"]
    assert [one.findings for one in linted] == [()]


@pytest.mark.parametrize(
    ("raw", "end"),
    [(b"a\n-- b\n", b""), (b"a", b"\n\\ No newline at end of file\n"), (b"a\rb\r\nc", b"")],
)
def test_a_diff_is_what_patch_takes(tmp_path: Path, raw: bytes, end: bytes) -> None:
    """Applied to the file as it was it makes the file as it is, byte for byte."""
    before, after = File("a b.sql", None, raw), File("a b.sql", None, b"-- first\r\n" + raw)
    diff = fixing.unified_diff(before, after)
    assert diff.startswith(b"--- a b.sql\n+++ a b.sql\n@@ ")
    assert end in diff
    (tmp_path / "a b.sql").write_bytes(raw)
    done = subprocess.run(
        ["git", "apply", "-p0", "-"], input=diff, cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a b.sql").read_bytes() == after.raw


def test_a_file_is_replaced_with_its_mode_and_through_its_links(tmp_path: Path) -> None:
    """What the link leads to is another file then; the link is the same, and nothing is left beside it."""
    target, link = tmp_path / "real" / "1.sql", tmp_path / "1.sql"
    target.parent.mkdir()
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to("real/1.sql")
    number = target.stat().st_ino

    fixing.write(File("1.sql", link, b"new"))

    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (b"new", 0o640)
    assert target.stat().st_ino != number
    assert link.readlink() == Path("real/1.sql")
    assert list(target.parent.iterdir()) == [target]


def test_a_file_that_cannot_be_written_is_named_and_whole(tmp_path: Path) -> None:
    """Nothing of it is lost."""
    path = tmp_path / "1.sql"
    with pytest.raises(fixing.NotWritten, match=r"1\.sql cannot be written: No such file"):
        fixing.write(File("1.sql", path, b"new"))
    assert list(tmp_path.iterdir()) == []
