"""SQL in ``.sql`` files: found by name, without its comments, checked when it is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lockstep
from lockstep.postgres.queries import load_queries, parse_queries

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True)
BODIES = st.lists(
    st.from_regex(r"[A-Za-z(*%']([A-Za-z0-9 ,()*%']{0,20}[A-Za-z0-9)*'])?", fullmatch=True),
    min_size=1,
    max_size=4,
).map("\n".join)


@given(st.dictionaries(NAMES, BODIES, max_size=5), st.sampled_from(["", ";", "\n", ";\n\n"]))
def test_what_is_written_is_read(queries: dict[str, str], end: str) -> None:
    """Every statement by its name, without purpose, comment lines and semicolon."""
    text = "-- A file.\n" + "".join(
        f"\n-- name: {name}\n-- What it is for.\n{body}{end}\n  -- why\n"
        for name, body in queries.items()
    )
    assert parse_queries(text, source="x.sql") == queries


def test_a_name_appears_once() -> None:
    """The second would hide the first."""
    text = "-- name: a\n-- One.\nSELECT 1\n-- name: a\n-- Two.\nSELECT 2\n"
    with pytest.raises(ValueError, match=r"x\.sql: the query 'a' appears twice"):
        parse_queries(text, source="x.sql")


@pytest.mark.parametrize("body", ["SELECT 1", "", "\n\n", "--x\nSELECT 1"])
def test_each_says_what_it_is_for(body: str) -> None:
    """A statement without a line of purpose is not taken."""
    with pytest.raises(ValueError, match=r"x\.sql: the query 'a' does not say what it is for"):
        parse_queries(f"-- name: a\n{body}", source="x.sql")


@pytest.mark.parametrize(
    "file", sorted(Path(lockstep.__file__).parent.rglob("*.sql")), ids=lambda file: file.name
)
def test_the_engines_own_are_in_order(file: Path) -> None:
    """Each file of the engine either has named statements or is a script without any."""
    queries = load_queries(file)
    assert all(queries.values())
    assert len(queries) == file.read_text(encoding="utf-8").count("-- name: ")
