"""What psql would send of a file, step by step."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.prove.splitting import split
from lockstep.prove.steps import read_steps


def _sent(raw: bytes, folder: Path = Path()) -> list[tuple[bytes, bytes]]:
    return [(step.raw, step.rows) for step in read_steps(raw, folder).steps]


def test_rows_below_a_copy_feed_it() -> None:
    """Rows go with their COPY, and the end mark ends them; statements behind it are statements again."""
    raw = b"COPY t (a) FROM stdin;\n1\n\\N\n\\.\nSELECT 1;\n"
    assert _sent(raw) == [(b"COPY t (a) FROM stdin", b"1\n\\N\n"), (b"SELECT 1", b"")]


def test_the_first_row_may_begin_with_null() -> None:
    """What follows a COPY is a row of it also if it looks like a command."""
    raw = b"COPY t FROM stdin;\n\\N\t1\n\\.\n"
    assert _sent(raw) == [(b"COPY t FROM stdin", b"\\N\t1\n")]


def test_a_copy_may_have_no_rows() -> None:
    """The end mark at once ends it; it is no command of psql."""
    assert _sent(b"COPY t FROM stdin;\n\\.\nSELECT 1;\n") == [
        (b"COPY t FROM stdin", b""),
        (b"SELECT 1", b""),
    ]


def test_bytes_that_are_no_utf8_go_as_they_are() -> None:
    """A broken byte above a statement is not sent; one inside it is, for the server to refuse."""
    assert _sent(b"-- caf\xe9\nSELECT 1;\nSELECT 'caf\xe9';") == [
        (b"SELECT 1", b""),
        (b"SELECT 'caf\xe9'", b""),
    ]


def test_variables_of_psql_are_filled_in() -> None:
    """``\\set`` and its three forms of use are what a plain script has; variables of psql's own are not sent."""
    raw = b"\\set ON_ERROR_STOP 1\n\\set who ann\nSELECT :'who', :\"who\"; SELECT :who;"
    assert _sent(raw) == [(b"SELECT 'ann', \"ann\"", b""), (b"SELECT ann", b"")]


def test_included_files_are_read(tmp_path: Path) -> None:
    """``\\ir`` leads to a file beside; one that is not there is refused as psql refuses it."""
    (tmp_path / "part.sql").write_text("SELECT 1; SELECT 2;")
    steps = read_steps(b"\\ir part.sql\n\\ir other.sql\n", tmp_path).steps
    assert [(step.raw, step.refused) for step in steps] == [
        (b"SELECT 1", ""),
        (b"SELECT 2", ""),
        (b"", "other.sql: No such file or directory"),
    ]


@pytest.mark.parametrize("command", ["\\c other", "\\! rm x", "\\lo_import f"])
def test_commands_that_lead_elsewhere_are_refused(command: str) -> None:
    """What would leave the database, or the proof, is not tried."""
    (step,) = read_steps(f"{command}\n".encode(), Path()).steps
    assert "is a command of psql that is not tried here" in step.refused


def test_what_runs_backward_is_no_step() -> None:
    """Of a file with both ways only the way forward runs."""
    assert _sent(b"-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n") == [(b"SELECT 1", b"")]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("SELECT ';'; SELECT $$;$$", ["SELECT ';'", "SELECT $$;$$"]),
        ("/* ; */ A; -- ;\nB", ["A", "B"]),
        ("CREATE RULE r AS DO (A; B); C", ["CREATE RULE r AS DO (A; B)", "C"]),
        (
            "CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; C",
            ["CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END", "C"],
        ),
        ("BEGIN; A; END; ;", ["BEGIN", "A", "END"]),
        ("A; /* x /* y */ B;", ["A", "/* x /* y */ B;"]),
        ("A; -- /* x", ["A"]),
    ],
)  # fmt: skip
def test_statements_end_where_psql_ends_them(text: str, pieces: list[str]) -> None:
    """Semicolons in literals, comments, parentheses and bodies end nothing."""
    found = list(split(text))
    assert [piece for _, piece in found] == pieces
    assert all(text[at : at + len(piece)] == piece for at, piece in found)
