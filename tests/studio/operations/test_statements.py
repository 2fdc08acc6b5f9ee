"""Statements without their values, and without the lines that this server does not understand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.operations.statements import fitted, without_values

SECRETS = st.from_regex(r"\Asecret[a-z]{5}\Z")


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("select 'it''s', E'it\\'s', $$a 'b'$$, $x$ $$ $x$", "select ?, ?, ?, ?"),
        ('select 1, -2.5e10, .5, 0x1F, t1.c2, $1, "a 1"', 'select ?, -?, ?, ?, t1.c2, $1, "a 1"'),
        ("select 1 -- 'a\n/* 'b */ from t", "select ? from t"),
        ("alter role x password 'cut of", "alter role x password ?"),
        ("select $a$ cut off", "select ?"),
        ("select E'cut of", "select ?"),
        ("select B'01', x'ff', N'x', U&'\\0041'", "select ?, ?, ?, ?"),
        ("", ""),
    ],
)
def test_values_are_not_shown(statement: str, shown: str) -> None:
    """Texts of every kind, numbers and comments; names and parameters stay."""
    assert without_values(statement) == shown


@given(SECRETS, st.text(st.sampled_from("ab'\"$ \\\n-*/1"), max_size=10), st.integers(0, 40))
def test_no_text_gets_through(secret: str, around: str, cut: int) -> None:
    """Wherever a quoted text stands behind whole tokens, and however it is cut off, it is not shown."""
    quoted = f"{around}{secret}{around}".replace("'", "''")
    statement = f"select a from t where b = '{quoted}' and c = 1"
    assert secret not in without_values(statement)
    assert secret not in without_values(statement[: len(statement) - cut])


def test_only_known_columns_are_asked_for() -> None:
    """A line with a condition is sent, without the condition, where the view has the column."""
    statement = "select\n    a, -- if v.a\n    b, -- if v.b\n    1"
    assert fitted(statement, {"v.b"}) == "select\n    b,\n    1"
