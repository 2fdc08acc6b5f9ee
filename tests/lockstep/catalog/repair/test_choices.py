"""What a name on the command line means."""

from __future__ import annotations

import pytest

from lockstep.catalog.fact import Fact
from lockstep.catalog.repair.choices import Choices, read_backfill, read_pattern

COLUMN = Fact("column", ("app", "users", "email"), {})
TABLE = Fact("table", ("app", "users"), {})
ROUTINE = Fact("function", ("app", "f", "integer, text"), {})
ODD = Fact("table", ("app", "a.b*"), {})


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("all", (COLUMN, TABLE, ROUTINE, ODD)),
        ("users.email", (COLUMN,)),
        ("app.users.email", (COLUMN,)),
        ("app.users", (TABLE,)),
        ("users", (TABLE,)),
        ("app.*", (TABLE, ROUTINE, ODD)),
        ("app.*.*", (COLUMN,)),
        ("table app.*", (TABLE, ODD)),
        ("column app.*.email", (COLUMN,)),
        ("app.f", (ROUTINE,)),
        ("f(integer, text)", (ROUTINE,)),
        ("app.f(integer)", ()),
        ('app."a.b[*]"', (ODD,)),
        ("index app.users", ()),
    ],
)
def test_a_pattern_means_what_it_says_and_no_more(text: str, meant: tuple[Fact, ...]) -> None:
    """A star does not reach over a dot; the schema and a routine's types may be left out."""
    choices = Choices(drop=(read_pattern(text),))
    assert tuple(fact for fact in (COLUMN, TABLE, ROUTINE, ODD) if choices.may_drop(fact)) == meant


def test_a_pattern_that_means_nothing_is_told() -> None:
    """Most probably it is misspelt."""
    choices = Choices(drop=(read_pattern("usres"), read_pattern("users"), read_pattern("all")))
    assert choices.unused([TABLE]) == ("usres",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "users.email",
        "users.email=",
        "=1",
        "email=1",
        "t.c=1; DROP TABLE t",
        "t.c=1) FROM x WHERE (1",
        "t.c=1), (2",
        "t.c=(",
    ],
)
def test_a_backfill_is_one_column_and_one_expression(text: str) -> None:
    """Anything else is refused before it gets near a file."""
    with pytest.raises(ValueError, match=r"expression|column|object"):
        read_backfill(text)


def test_an_expression_may_hold_an_equals_sign() -> None:
    """Only the first one ends the column's name."""
    pattern, expression = read_backfill("users.email = CASE WHEN id = 1 THEN 'a' END -- why")
    assert pattern.matches(COLUMN)
    assert expression == "CASE WHEN id = 1 THEN 'a' END -- why"
