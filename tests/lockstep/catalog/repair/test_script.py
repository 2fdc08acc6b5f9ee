"""The text of the files: what nothing in a name or a body can break out of, and what may be overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.catalog.repair.plan import Left, Piece, Plan
from lockstep.catalog.repair.script import (
    comment,
    later_name,
    main_text,
    quoted_body,
    texts,
    write,
)
from lockstep.errors import ConfigurationWrong
from lockstep.migrate.header import parse_header
from lockstep.sql.parser import parse
from lockstep.sql.stamp import written_as

HOSTILE = "x\nDROP TABLE users; -- */ $lockstep$ $x$ $$\r-- lockstep: no-transaction\u2028lockstep: breaking"
PIECE = Piece("column a.b", "it is missing", "true", ("SELECT 1",))


def plan(*pieces: Piece, left: tuple[Left, ...] = ()) -> Plan:
    """Return a plan of these pieces."""
    return Plan("a" * 64, "b" * 64, len(pieces), pieces, left)


@given(st.text(alphabet=st.sampled_from("$xn\n ab'")))
def test_nothing_ends_a_quoted_body_but_its_end(text: str) -> None:
    """Whatever a body holds, the quotes around it close at its end."""
    quoted = quoted_body(text)
    tag = quoted[: quoted.index("$", 1) + 1]
    assert quoted.find(tag, len(tag)) == len(quoted) - len(tag)


@given(st.text())
def test_a_comment_stays_a_comment(text: str) -> None:
    """Whatever a comment holds, no line of it is SQL or a directive."""
    lines = comment(text).split("\n")[:-1]
    assert all(line.startswith("-- | ") for line in lines)
    assert parse_header("x", comment(text) + "SELECT 1", "migration")[1] == []


def test_hostile_texts_stay_where_they_are() -> None:
    """Names and bodies that look like SQL, quotes and directives make one statement, with the header as it was."""
    piece = Piece(
        HOSTILE,
        HOSTILE,
        "true",
        (f"SELECT $${HOSTILE.replace('$$', '')}$$",),
        otherwise=HOSTILE,
        caught=("raise_exception",),
    )
    text = main_text(plan(piece, left=(Left(HOSTILE, "extra", "drop", HOSTILE),)))
    assert [statement.kind for statement in parse(text)] == ["DoStmt"]
    header, problems = parse_header("9999_x.sql", text, "migration")
    assert (header.repair, header.transaction, header.breaking, problems) == (True, True, False, [])


def test_the_same_plan_writes_the_same_text() -> None:
    """Nothing in a file tells when, where or by whom it was written."""
    assert main_text(plan(PIECE)) == main_text(plan(PIECE))


def test_the_second_file_sorts_behind_the_first() -> None:
    """Files run in the order of their names."""
    first = Path("9999_production_repair_idempotent.sql")
    assert sorted([later_name(first).name, first.name]) == [first.name, later_name(first).name]


def test_only_own_files_are_overwritten(tmp_path: Path) -> None:
    """A file that was written or edited by hand is refused; one of ours is replaced."""
    file = tmp_path / "9999_production_repair_idempotent.sql"
    text = texts(plan(PIECE))["main"]
    write(file, text)
    write(file, text)
    assert written_as(text.replace("\n", "\r\n"))
    file.write_text(text + "SELECT 2;\n", encoding="utf-8")
    with pytest.raises(ConfigurationWrong, match="not as `lockstep repair` wrote it"):
        write(file, text)
    file.write_text("SELECT 1;\n", encoding="utf-8")
    with pytest.raises(ConfigurationWrong):
        write(file, text)
