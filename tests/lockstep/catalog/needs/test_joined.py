"""The needs of two parts joined are met where both are: nothing is lost, nothing is said twice."""

from __future__ import annotations

import pytest

from lockstep import ANY, Column, ForeignKey, Index, Needs
from lockstep.catalog.needs.requirements import requirements_of


def asked(needs: Needs) -> set[object]:
    """What is asked for, thing by thing, whatever its order; the columns of a privilege sorted."""
    return {
        one._replace(columns=tuple(sorted(one.columns))) if one.kind == "privilege" else one
        for one in requirements_of({"s": needs})
    }


def test_each_thing_is_asked_for_once() -> None:
    """Columns, indexes, keys, functions, extensions and privileges of both; what both name is there once."""
    one = Needs(
        {"a": {"id": "bigint", "x": "text"}, "b": ("id",)},
        indexes=[Index("a", "id")],
        foreign_keys=[ForeignKey("b", "id", "a")],
        functions=["slug(text)"],
        extensions=("hstore",),
        privileges={"a": ("insert",), "schema s": ("usage",)},
    )
    other = Needs(
        {"a": {"id": Column("int8", nullable=False), "y": ANY}, "c": ("id",)},
        indexes=[Index("a", "id"), Index("a", "y")],
        functions="slug(text)",
        extensions={"hstore": "1.10", "citext": "1.9"},
    )
    both = Needs(
        {
            "a": {"id": Column("bigint", nullable=False), "x": "text", "y": ANY},
            "b": ("id",),
            "c": ("id",),
        },
        indexes=[Index("a", "id"), Index("a", "y")],
        foreign_keys=[ForeignKey("b", "id", "a")],
        functions=["slug(text)"],
        extensions={"hstore": "1.10", "citext": "1.9"},
        privileges={
            "a": ("insert", "select"),
            "schema s": ("usage",),
            "b": ("select",),
            "c": ("select",),
        },
    )
    assert asked(one | other) == asked(both)
    assert asked(other | one) == asked(both)
    assert len(requirements_of({"s": one | other})) == len(requirements_of({"s": both}))


def test_of_several_types_those_stay_that_both_can_do_with() -> None:
    """In whatever spelling; of versions the newer one counts, part by part."""
    one = Needs({"a": {"x": ("text", "varchar(80)", "int4")}}, extensions={"hstore": "1.10"})
    other = Needs({"a": {"x": ("integer", "text")}}, extensions={"hstore": "1.9"})
    joined = one | other
    assert joined.tables == {"a": {"x": Column(("text", "int4"))}}
    assert joined.extensions == {"hstore": "1.10"}
    assert (other | Needs({"a": ("x",)})).tables == {"a": {"x": Column(("integer", "text"))}}


def test_a_table_that_one_only_writes_and_the_other_only_reads_needs_both() -> None:
    """To read is what is needed where nothing is said; it is not lost because the other part says something, in any spelling."""
    joined = Needs({"A": ("id",)}, privileges={"a": ("insert",)}) | Needs({"a": ("id",)})
    found = {one.privilege for one in requirements_of({"s": joined}) if one.privilege}
    assert found == {"insert", "select"}


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("bigint", ("text", "date"), "a.x cannot be bigint and text or date"),
        (
            Column(nullable=True),
            Column(nullable=False),
            "a.x cannot both take NULL and never hold it",
        ),
    ],
)
def test_what_no_schema_could_meet_is_no_need(
    one: str | Column, other: tuple[str, ...] | Column, said: str
) -> None:
    """It names the column and what the two parts say of it."""
    with pytest.raises(ValueError, match=said):
        _ = Needs({"a": {"x": one}}) | Needs({"a": {"x": other}})
