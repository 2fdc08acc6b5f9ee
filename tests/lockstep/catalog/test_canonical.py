"""Texts that say the same are made equal, and no others."""

from __future__ import annotations

import pytest

from lockstep.catalog.canonical import canonical, drop_qualifiers, fold_cast_array
from lockstep.catalog.fact import Fact, read_line


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (" SELECT t.a,\n    t.b AS x\n   FROM app.t\n  WHERE (t.a > 1);", " SELECT a,\n    b AS x\n   FROM app.t\n  WHERE (a > 1);"),
        (' SELECT "é .t"."a.b" FROM app.t "é .t" ORDER BY "é .t".c;', ' SELECT "a.b" FROM app.t "é .t" ORDER BY c;'),
        (" SELECT t.* FROM t;", " SELECT t.* FROM t;"),
        (" SELECT (t.a).x FROM t;", " SELECT (a).x FROM t;"),
        (" SELECT 't.a' AS t, t.a FROM t;", " SELECT 't.a' AS t, a FROM t;"),
        (" SELECT t.a FROM t WHERE (t.a IN ( SELECT u.a FROM u WHERE (u.b = t.b)));", " SELECT a FROM t WHERE (a IN ( SELECT u.a FROM u WHERE (u.b = t.b)));"),
        (" SELECT t.a FROM (t JOIN u ON ((t.a = u.a)));", " SELECT t.a FROM (t JOIN u ON ((t.a = u.a)));"),
        (" SELECT t.a FROM t, u;", " SELECT t.a FROM t, u;"),
        (" SELECT t.a FROM t UNION SELECT u.a FROM u;", " SELECT t.a FROM t UNION SELECT u.a FROM u;"),
        (" WITH c AS ( SELECT t.a FROM t) SELECT c.a FROM c;", " WITH c AS ( SELECT t.a FROM t) SELECT a FROM c;"),
        (" SELECT FROM WHERE t.a", " SELECT FROM WHERE t.a"),
    ],
)  # fmt: skip
def test_columns_of_one_relation_lose_its_name(before: str, after: str) -> None:
    """A SELECT that reads one relation names its columns alone; where there are two, or in a nested one, nothing changes."""
    assert drop_qualifiers(before) == after
    assert drop_qualifiers(after) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(a)::text = ANY ((ARRAY['x'::character varying, 'it''s, ['::character varying])::text[])",
         "(a)::text = ANY (ARRAY[('x'::character varying)::text, ('it''s, ['::character varying)::text])"),
        ("'(ARRAY['", "'(ARRAY['"),
        ("(ARRAY[0.001, 10])::double precision[]", "ARRAY[(0.001)::double precision, (10)::double precision]"),
        ("(ARRAY['x'::text])::text[]", "(ARRAY['x'::text])::text[]"),
        ("(ARRAY['x'::character varying, b])::text[]", "(ARRAY['x'::character varying, b])::text[]"),
    ],
)  # fmt: skip
def test_a_cast_of_an_array_is_one_of_its_elements(before: str, after: str) -> None:
    """The text that a list of strings has where it was written becomes the one that it has after a restore."""
    assert fold_cast_array(before) == after
    assert fold_cast_array(after) == after


def test_only_what_needs_it_is_touched() -> None:
    """Lines keep their order; a view of a server before 16 is rewritten, one of a later server and all other lines are not."""
    view = Fact(
        "view", ("app", "v"), {"columns": [], "definition": " SELECT t.a\n   FROM t;"}
    ).line()
    comment = Fact("comment", ("table", "t"), {"text": "SELECT t.a FROM t;"}).line()
    assert canonical(f"{comment}\n{view}", 16) == [comment, view]
    first, second = canonical(f"{comment}\n{view}", 15)
    assert first == comment
    assert read_line(second).body["definition"] == " SELECT a\n   FROM t;"
    assert canonical("", 13) == []
