"""What others stand on comes first; a cycle is broken, and never walked for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.catalog.fact import dotted, read_line
from lockstep.catalog.making import Index, arranged, create_all, in_order
from lockstep.catalog.making.references import names_in, only_relation, referred


def ordered(*lines: str) -> list[str]:
    """Return kinds and names of the facts of *lines*, in order."""
    return [f"{fact.kind} {dotted(fact.path)}" for fact in in_order(map(read_line, lines))]


def before(order: list[str], first: str, second: str) -> bool:
    """True if the one comes before the other."""
    return order.index(first) < order.index(second)


@pytest.mark.parametrize(
    ("user", "used"),
    [
        ('view a.a {"definition": "SELECT x FROM a.z"}', "view a.z {}"),
        (
            'view a.a {"definition": "SELECT 1 OPERATOR(a.@@@) 2"}',
            'operator a."@@@"."integer, integer" {}',
        ),
        ('table a.a {"inherits": ["a.z"]}', "table a.z {}"),
        ('table a.a {"partition_of": "a.z", "bound": "DEFAULT"}', "table a.z {}"),
        ('table a.a {"partition_by": "RANGE (a.f(x))"}', "function a.f.integer {}"),
        ('domain a.a {"type": "a.z[]"}', 'composite a.z {"attributes": []}'),
        ('domain a.a {"type": "a.z_multirange"}', 'range a.z {"subtype": "integer"}'),
        ('function a.f."a.z" {"returns": "integer"}', "table a.z {}"),
        (
            'function a.f."" {"arguments": "", "sql_body": "RETURN a.g(1)"}',
            "function a.g.integer {}",
        ),
        ('function a.f."" {"body": "SELECT x FROM z", "language": "sql"}', "table a.z {}"),
        (
            'constraint a.a.k {"references": "a.z", "type": "foreign key"}',
            'index a.u {"table": "a.z", "unique": true}',
        ),
        (
            'view a.a {"definition": "SELECT * FROM a.z GROUP BY id"}',
            'constraint a.z.k {"type": "primary key"}',
        ),
        (
            'column a.b.c {"default": "nextval(\'a.\\"Z\\"\'::regclass)", "type": "bigint"}',
            'sequence a."Z" {}',
        ),
        (
            'trigger a.t.g {"definition": "CREATE TRIGGER g BEFORE INSERT ON a.t EXECUTE FUNCTION a.z()"}',
            'function a.z."" {}',
        ),
        ('view a.a {"definition": "SELECT more FROM a.t"}', 'column a.t.more {"type": "integer"}'),
        ('extension z {"schema": "s"}', "schema s {}"),
        ('column a.c.x {"inherited": true, "type": "text"}', 'column a.p.x {"type": "text"}'),
        (
            'grant column.a.t.x.r {"privileges": ["SELECT"]}',
            'grant table.a.t.r {"privileges": ["SELECT"]}',
        ),
        ('comment table.a.z {"text": "x"}', "table a.z {}"),
    ],
)
def test_what_is_used_comes_first(user: str, used: str) -> None:
    """Whatever the order in which both are given, the one that is referred to comes first."""
    for lines in ((user, used), (used, user)):
        order = ordered(*lines)
        assert order[0] == used.partition(" {")[0]


def test_the_body_of_plpgsql_does_not_count() -> None:
    """What PL/pgSQL names is looked for when it is run: a trigger's function may name its own table."""
    function = 'function a.f."" {"body": "BEGIN PERFORM x FROM a.t; END", "language": "plpgsql"}'
    assert before(ordered("table a.t {}", function), 'function a.f.""', "table a.t")


def test_columns_come_with_their_table_in_their_order() -> None:
    """The columns of a table that is made stand right behind it, as they were given."""
    lines = ["column a.t.z {}", "table a.u {}", "column a.t.a {}", "table a.t {}"]
    order = ordered(*lines)
    place = order.index("table a.t")
    assert order[place + 1 : place + 3] == ["column a.t.z", "column a.t.a"]


def test_a_default_that_calls_the_tables_own_function_is_set_later() -> None:
    """The table is made without the default, then the function, then the default is set."""
    lines = [
        "schema a {}",
        "table a.t {}",
        'column a.t.c {"default": "a.f(NULL::a.t)", "type": "integer"}',
        'function a.f."a.t" {"arguments": "x a.t", "body": "SELECT 1", "language": "sql", "returns": "integer"}',
    ]
    actions = [step.action for step in create_all(map(read_line, lines), Index(lines))]
    assert "a.f" not in actions[1]
    assert [action.split("\n")[0].split("(")[0] for action in actions[1:]] == [
        "CREATE TABLE a.t ",
        "CREATE FUNCTION a.f",
        "ALTER TABLE a.t ALTER COLUMN c SET DEFAULT a.f",
    ]


def test_steps_are_arranged_by_their_phases() -> None:
    """A sequence is owned by a column only when the table is there."""
    lines = [
        'sequence a.s {"owned_by": "a.t.c"}',
        "table a.t {}",
        'column a.t.c {"type": "bigint"}',
    ]
    steps = create_all(map(read_line, lines), Index(lines))
    assert [step.action.partition("\n")[0] for step in arranged(reversed(steps))][
        -1
    ] == "ALTER SEQUENCE a.s OWNED BY a.t.c"
    assert [step.phase for step in steps] == sorted(step.phase for step in steps)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.booleans()), max_size=20))
def test_every_fact_comes_once_whatever_refers_to_what(edges: list[tuple[int, int, bool]]) -> None:
    """Cycles of views, of functions with bodies that are read at once, and of both end, and lose nothing."""
    lines = []
    for node in range(7):
        names = [f"a.n{target}" for source, target, _ in edges if source == node]
        text = " ".join(names)
        if node % 2:
            lines.append(f'view a.n{node} {{"definition": "SELECT {text}"}}')
        else:
            body = (
                "sql_body"
                if any(strong for source, _, strong in edges if source == node)
                else "body"
            )
            lines.append(f'function a.n{node}."" {{"{body}": "{text}", "language": "sql"}}')
    facts = [read_line(line) for line in lines]
    assert sorted(fact.path for fact in in_order(facts)) == sorted(fact.path for fact in facts)


@given(st.permutations(range(8)))
def test_a_chain_is_followed_from_its_end(places: list[int]) -> None:
    """Views of views come in the order in which they read each other, however they are given."""
    lines = [f'view a.v{n} {{"definition": "SELECT * FROM a.v{n + 1}"}}' for n in range(8)]
    order = [fact.path[1] for fact in in_order([read_line(lines[place]) for place in places])]
    assert order == [f"v{n}" for n in reversed(range(8))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.b", {("a", "b")}),
        ('"A ""x".b.c', {('A "x', "b"), ("b", "c")}),
        ("'a.b'::regclass", {("a", "b")}),
        ("'it''s \"'::text || a.b(c)", {("a", "b")}),
        ("1.5 + x", set()),
        ("é.ü", {("é", "ü")}),
        ('"new\\nline".t', {("new\\nline", "t"), ("new\nline", "t")}),
    ],
)
def test_names_are_found_in_texts(text: str, names: set[tuple[str, str]]) -> None:
    """Two names with a dot between them are a reference, in quotes and in strings too."""
    assert names <= names_in(text)
    assert len(names_in(text)) == len(names)


def test_texts_that_name_nothing_are_not_searched() -> None:
    """A comment that names a table, or a label, is no reference to it."""
    assert referred(read_line('comment table.a.b {"text": "see x.y"}')) == set()
    assert referred(read_line('enum a.e {"labels": ["x.y"]}')) == set()


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (" SELECT t.a\n   FROM app.t\n  WHERE (t.a > 0);", "t"),
        (" SELECT x.a\n   FROM app.t x;", "x"),
        (' SELECT a\n   FROM app."T t";', "T t"),
        (" SELECT 1\n   FROM (app.a\n     JOIN app.b USING (c));", ""),
        (" SELECT 1;", ""),
        (" SELECT a FROM app.t WHERE (EXISTS ( SELECT 1 FROM app.u));", ""),
    ],
)
def test_the_one_relation_of_a_query_is_found(query: str, name: str) -> None:
    """Only of a query that reads one relation are the columns written without its name on newer servers."""
    assert only_relation(query) == name
