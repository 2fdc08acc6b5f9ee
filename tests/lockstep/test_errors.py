"""Every way to end badly: one tree, one code each, a documented exit status, and one object behind text and JSON."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest

from lockstep import errors
from lockstep.cli.colour import Palette
from lockstep.cli.errors import render_error
from lockstep.errors import (
    ConfigurationWrong,
    Failed,
    Interrupted,
    LockstepError,
    MigrationFailed,
    Place,
    Problem,
    Refused,
    Unexpected,
)

# Of design.md, "Exit status"; 2 and 3 are the command line's own.
DOCUMENTED = {65, 69, 70, 73, 75, 77, 78, 79}
DRAWN = re.compile(r"^(?P<stem>[│ ]*)[├└]── (?P<name>\w+)\s+(?P<said>.*)$", re.MULTILINE)


def descendants(kind: type[LockstepError]) -> Iterator[type[LockstepError]]:
    """Yield all classes below *kind*."""
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


CLASSES = [c for c in descendants(LockstepError) if c.__module__ == "lockstep.errors"]
ENDINGS = [c for c in CLASSES if c not in {Refused, Failed}]


def make(kind: type[LockstepError]) -> LockstepError:
    """Return an error of *kind*."""
    return Interrupted(15) if kind is Interrupted else kind("it broke")


def test_the_tree_that_is_drawn_is_the_tree_that_is() -> None:
    """Each class stands where it inherits, with its own exit status and code; none is missing, none too many."""
    branch = ""
    drawn = {}
    for line in DRAWN.finditer(inspect.cleandoc(errors.__doc__ or "")):
        is_branch = not line["stem"].strip(" ") and len(line["stem"]) == 4
        branch = line["name"] if is_branch else branch
        drawn[line["name"]] = ("LockstepError" if is_branch else branch, line["said"])

    assert set(drawn) == {kind.__name__ for kind in CLASSES}
    for kind in ENDINGS:
        parent, said = drawn[kind.__name__]
        assert parent in {ancestor.__name__ for ancestor in kind.__mro__[1:]}
        if kind is Interrupted:
            assert said == f"130 or 143, {kind.code}"
        else:
            assert said.split() == [str(make(kind).exit_status), kind.code]


def test_every_ending_has_a_code_of_its_own() -> None:
    """LS and three digits; the first tells the step or subject."""
    codes = [kind.code for kind in ENDINGS]

    assert [code for code in codes if not re.fullmatch(r"LS[1-9]\d\d", code)] == []
    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize("kind", ENDINGS, ids=lambda kind: kind.__name__)
def test_every_ending_has_a_documented_exit_status_and_says_what_it_is(
    kind: type[LockstepError],
) -> None:
    """Never 0, never one that the documentation does not know."""
    allowed = {129, 130, 143} if kind is Interrupted else DOCUMENTED
    assert make(kind).exit_status in allowed
    assert inspect.getdoc(kind) != inspect.getdoc(kind.__mro__[1])
    assert make(kind).title in {"Refused", "Failed", "Interrupted"}


@pytest.mark.parametrize(
    ("number", "status", "name"), [(1, 129, "SIGHUP"), (2, 130, "SIGINT"), (15, 143, "SIGTERM")]
)
def test_a_signal_makes_the_exit_status_that_shells_know(
    number: int, status: int, name: str
) -> None:
    """128 and the signal's number."""
    error = Interrupted(number, during="3 (migrate)")

    assert error.exit_status == status
    assert error.what == f"{name} received during step 3 (migrate)"


WHOLE = MigrationFailed(
    "0002_x.sql: division by zero (22012)",
    sqlstate="22012",
    place=Place("migrations/0002_x.sql", 3, 8, " 3 | SELECT 1/0;\n   |        ^"),
    why="One line.\nAnd another.",
    next_step="Correct the file.",
    problems=[Problem("first reason", Place("a.sql", 1, 2), "do this"), Problem("second reason")],
)


def test_text_and_json_render_the_same_object() -> None:
    """Nothing that the one says is missing in the other."""
    text, data = render_error(WHOLE, Palette(False)), WHOLE.as_dict()

    assert data == {
        "code": "LS501",
        "error": "MigrationFailed",
        "what": "0002_x.sql: division by zero (22012)",
        "where": "migrations/0002_x.sql:3:8",
        "why": "One line.\nAnd another.",
        "next": "Correct the file.",
        "exit_status": 70,
        "problems": [
            {"what": "first reason", "where": "a.sql:1:2", "next": "do this"},
            {"what": "second reason", "where": "", "next": ""},
        ],
    }
    assert text.splitlines() == [
        "LS501 Failed (exit status 70)",
        "  what   0002_x.sql: division by zero (22012)",
        "  where  migrations/0002_x.sql:3:8",
        "          3 | SELECT 1/0;",
        "            |        ^",
        "  - a.sql:1:2: first reason",
        "    do this",
        "  - second reason",
        "  why    One line.",
        "         And another.",
        "  next   Correct the file.",
    ]


def test_parts_that_are_empty_are_not_shown() -> None:
    """An error that knows only what happened is two lines."""
    assert render_error(ConfigurationWrong("it is wrong"), Palette(False)).splitlines() == [
        "LS101 Refused (exit status 78)",
        "  what   it is wrong",
    ]


def test_an_unforeseen_exception_keeps_its_name_and_step() -> None:
    """The traceback is asked for separately."""
    error = Unexpected.wrap(KeyError("colour"), "migrate")

    assert error.what == "KeyError: 'colour'"
    assert error.why == "This was not foreseen (step migrate)."
    assert "--verbose" in error.next_step


def test_no_part_of_an_error_keeps_a_password() -> None:
    """Whoever makes the message: it is cleaned on the way in, and so is its exception text."""
    url = "postgresql://shop:s3cret@db:5432/shop"
    error = ConfigurationWrong(
        f"cannot use {url}",
        why=f"said {url}",
        next_step="password=s3cret",
        problems=[Problem(url, None, f"write {url}")],
    )

    assert "s3cret" not in f"{error} {error!r} {error.args} {error.as_dict()}"
    assert "s3cret" not in render_error(error, Palette(False))
    assert "postgresql://shop:***@db:5432/shop" in error.what
