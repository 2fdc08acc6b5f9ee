"""Needs are taken apart, or refused with everything that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from lockstep import ANY, Column, ConfigurationWrong, ForeignKey, Index, Needs
from lockstep.catalog.needs.names import read_name, shown, spelled
from lockstep.catalog.needs.requirements import requirements_of


def test_all_spellings_of_one_need_are_one_need() -> None:
    """Names alone, types by name, and columns in full; a tuple of types, and text for a tuple."""
    forms = [
        Needs({"content": ("id",)}),
        Needs(tables={"content": ["id"]}),
        Needs({"content": {"id": ANY}}),
        Needs({"content": {"id": Column()}}),
        Needs({"content": {"id": ()}}),
    ]
    assert len({requirements_of({"s": form}) for form in forms}) == 1
    typed = [
        Needs({"content": {"id": "int8"}}),
        Needs({"content": {"id": Column("int8")}}),
        Needs({"content": {"id": ("int8",)}}),
        Needs({"content": {"id": Column(("int8",), nullable=None)}}),
    ]
    assert len({requirements_of({"s": form}) for form in typed}) == 1
    indexes = [Index("content", "due_at"), Index("content", ("due_at",), unique=False)]
    assert len({requirements_of({"s": Needs(indexes=[one])}) for one in indexes}) == 1


def test_a_table_must_be_readable_unless_something_else_is_said_of_it() -> None:
    """Said under any spelling of its name."""
    needs = Needs({"a": (), "b": ()}, privileges={"B": ("insert",), "schema a": ("usage",)})

    found = [
        (one.declared, one.privilege) for one in requirements_of({"s": needs}) if one.privilege
    ]

    assert sorted(found) == [("B", "insert"), ("a", "select"), ("schema a", "usage")]


WRONG: list[tuple[Any, str]] = [
    (Needs({"content": "id"}), "the columns of 'content' are 'id'; write a tuple or a mapping"),  # type: ignore[dict-item]
    (Needs({"content": ("",)}), "'' is no name of a column"),
    (Needs({"content": (1,)}), "1 is no name of a column"),  # type: ignore[dict-item]
    (Needs({"a b": ()}), "'a b' is no name"),
    (Needs({"a.b.c": ()}), "more parts than a schema and a name"),
    (Needs({'"open': ()}), "is no name"),
    (Needs({"content": {"id": "int("}}), "is no type"),
    (Needs({"content": {"id": "text; DROP TABLE content"}}), "is no type"),
    (Needs(indexes=[Index("content", ())]), "no columns are named"),
    (Needs(indexes=["content"]), "'str' object has no attribute 'table'"),  # type: ignore[list-item]
    (Needs(foreign_keys=[ForeignKey("a", ("x", "y"), "b", "z")]), "another number of columns"),
    (Needs(functions=["slugify(text"]), "is no function; write it as: slugify(text, integer)"),
    (Needs(functions=["slugify(a b c)"]), "'a b c' is no type"),
    (Needs(extensions={"postgis": "new"}), "'new' is no version of 'postgis'"),
    (Needs(privileges={"content": ("read",)}), "'read' is no privilege on a table"),  # type: ignore[dict-item]
    (Needs(privileges={"schema app": ("select",)}), "is no privilege on a schema; there are usage"),
    (Needs(privileges={"function f(": ("execute",)}), "is no function"),
]


@pytest.mark.parametrize(("needs", "said"), WRONG, ids=[said[:40] for _, said in WRONG])
def test_what_cannot_be_read_is_refused(needs: Needs, said: str) -> None:
    """With the service and the part of the declaration; no database is asked."""
    with pytest.raises(ConfigurationWrong) as caught:
        requirements_of({"scheduler": needs})

    (problem,) = caught.value.problems
    assert problem.what.startswith("service 'scheduler', ")
    assert said in problem.what


def test_all_of_it_is_told_at_once() -> None:
    """Of every service, and of every part."""
    wrong = Needs({"a b": ()}, functions=["f("], extensions={"x": "y"})

    with pytest.raises(ConfigurationWrong) as caught:
        requirements_of({"one": wrong, "two": wrong, "three": Needs()})

    assert len(caught.value.problems) == 6


@pytest.mark.parametrize(
    ("text", "schema", "name"),
    [
        ("content", "", "content"),
        (" App . Content ", "app", "content"),
        ('"App"."Con""tent"', "App", 'Con"tent'),
        ("Größe$1", "", "größe$1".replace("ö", "ö")),
        ('"a.b"', "", "a.b"),
    ],
)
def test_names_are_read_as_sql_reads_them(text: str, schema: str, name: str) -> None:
    """Folded but for what stands in quotes; and written again, they are read as the same."""
    assert read_name(text) == (schema, name)
    assert read_name(spelled(schema, name)) == (schema, name)


def test_names_are_shown_on_one_line() -> None:
    """What would break it is written as an escape."""
    assert shown("a\nb\x1b[0m") == '"a\\nb\\x1b[0m"'
