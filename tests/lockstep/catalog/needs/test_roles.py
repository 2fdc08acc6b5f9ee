"""Needs are those of the role that asks, and of where its names lead; nobody else's objects can answer in their stead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep import ANY, Column, ForeignKey, Index, Needs

Lacks = Callable[..., list[tuple[str, str, str]]]
Run = Callable[..., list[Any]]
ODD = ['"', "a.b", "line\nbreak", "tab\t", "🦀", "back\\slash", "it's", "%s %(x)s {y}", "Ünïcode", "x" * 63, "é" * 31 + "x", "$1", "select", " "]  # fmt: skip
EVIL = """
CREATE SCHEMA evil;
CREATE FUNCTION evil.wrong(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION evil.wrong(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION evil.wrong(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION evil.wrong(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION evil.wrong("char", "char") RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.wrong);
CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = evil.wrong);
CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.wrong);
CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.wrong);
CREATE OPERATOR evil.= (LEFTARG = "char", RIGHTARG = "char", FUNCTION = evil.wrong);
CREATE FUNCTION evil.format_type(oid, integer) RETURNS text LANGUAGE sql AS 'SELECT ''text''';
CREATE FUNCTION evil.has_table_privilege(oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT ''''';
CREATE TABLE evil.pg_class (oid oid, relname name, relkind "char", relnamespace oid);
CREATE TABLE evil.pg_attribute (attrelid oid, attname name);
CREATE TYPE evil.text AS ENUM ('evil');
"""


@pytest.fixture
def reader(database: str, run: Run) -> Iterator[str]:
    """Connect as a role that may do nothing yet."""
    name = f"needy_{conninfo_to_dict(database)['dbname']}"
    run(
        f"CREATE ROLE {name} LOGIN; CREATE SCHEMA app; CREATE TABLE app.content (id bigint, body text)"
    )
    run(
        "CREATE SEQUENCE app.numbers; CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    )
    run("REVOKE EXECUTE ON FUNCTION app.f() FROM PUBLIC")
    yield make_conninfo(database, user=name)
    run(f"DROP OWNED BY {name}; DROP ROLE {name}")


def role_of(conninfo: str) -> str:
    """Return the name of the role."""
    return str(conninfo_to_dict(conninfo)["user"])


def test_each_privilege_is_told_until_it_is_granted(lacks: Lacks, run: Run, reader: str) -> None:
    """On the schema, the table, the sequence and the function; one after the other disappears."""
    needs = Needs(
        {"app.content": ("id",)},
        privileges={
            "app.content": ("select", "insert", "update", "delete"),
            "schema app": ("usage",),
            "sequence app.numbers": ("usage",),
            "function app.f()": ("execute",),
        },
    )
    told = [
        ("GRANT USAGE ON SCHEMA app", {("table app.content", "schema"), ("schema app", "denied")}),
        ("GRANT SELECT, INSERT, UPDATE, DELETE ON app.content", {("table app.content", "denied")}),
        ("GRANT USAGE ON SEQUENCE app.numbers", {("sequence app.numbers", "denied")}),
        ("GRANT EXECUTE ON FUNCTION app.f()", {("function app.f()", "denied")}),
    ]

    for number, (grant, _) in enumerate(told):
        found = {(what, why) for what, why, _ in lacks(needs, reader)}
        assert found == set().union(*(gone for _, gone in told[number:]))
        run(f"{grant} TO {role_of(reader)}")
    assert lacks(needs, reader) == []


def test_privileges_on_columns_are_privileges(lacks: Lacks, run: Run, reader: str) -> None:
    """To read it is enough to read the columns that are named; to write, one of them."""
    role = role_of(reader)
    run(
        f"GRANT USAGE ON SCHEMA app TO {role}; GRANT SELECT (id), INSERT (id) ON app.content TO {role}"
    )

    both = ("select", "insert")
    assert lacks(Needs({"app.content": ("id",)}, privileges={"app.content": both}), reader) == []
    assert [why for _, why, _ in lacks(Needs({"app.content": ("id", "body")}), reader)] == [
        "denied"
    ]
    assert [why for _, why, _ in lacks(Needs({"app.content": ()}), reader)] == ["denied"]


def test_who_only_writes_need_not_read(lacks: Lacks, run: Run, reader: str) -> None:
    """What is said of a table's privileges replaces the one that is needed otherwise."""
    role = role_of(reader)
    run(f"GRANT USAGE ON SCHEMA app TO {role}; GRANT INSERT ON app.content TO {role}")

    assert (
        lacks(Needs({"app.content": ("id",)}, privileges={"app.content": ("insert",)}), reader)
        == []
    )


def test_unqualified_names_are_found_as_the_role_finds_them(
    lacks: Lacks, run: Run, database: str
) -> None:
    """The first schema of the path that has the table decides, for its types too; without a path there is none."""
    run(
        "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TYPE one.mood AS ENUM ('a'); CREATE TYPE two.mood AS ENUM ('b')"
    )
    run(
        "CREATE TABLE two.content (id bigint, mood two.mood); CREATE TABLE public.content (id text)"
    )
    needs = Needs({"content": {"id": "bigint", "mood": "mood"}})

    def through(path: str) -> list[str]:
        conninfo = make_conninfo(database, options=f"-c search_path={path}")
        return [why for _, why, _ in lacks(needs, conninfo)]

    assert through("two,public") == []
    assert through("one,two,public") == ["type"]  # mood is one's, the column's is two's
    assert through("public,two") == ["type", "missing"]
    assert through("nowhere") == ["missing"]


@pytest.mark.parametrize("path", ["evil,pg_catalog,public", "public,evil,pg_catalog"])
def test_an_attackers_schema_in_front_changes_no_answer(
    lacks: Lacks, run: Run, database: str, path: str
) -> None:
    """Functions, operators, types and tables that shadow the server's own are not asked."""
    run(EVIL)
    run("CREATE TABLE public.content (id bigint, body pg_catalog.text, mood evil.text)")
    conninfo = make_conninfo(database, options=f"-c search_path={path}")
    needs = Needs(
        {"content": {"id": "text", "body": "text", "mood": "text", "gone": ANY}, "orders": ()},
        indexes=[Index("content", "id")],
    )

    assert lacks(needs, conninfo) == [
        ("column content.id", "type", "bigint"),
        ("column content.mood", "type", "evil.text"),
        ("column content.gone", "missing", ""),
        ("table orders", "missing", ""),
        ("an index on content (id)", "missing", ""),
    ]


@pytest.mark.parametrize(
    "setting",
    [
        "quote_all_identifiers=on",
        "standard_conforming_strings=off",
        "DateStyle=German",
        "jit_above_cost=0",
    ],
)
def test_settings_of_the_role_change_no_answer(
    lacks: Lacks, run: Run, database: str, setting: str
) -> None:
    """Whatever changes how the server writes or reads texts."""
    run(
        "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (\"a\\b'c\" text, m mood, n numeric(3,1)[])"
    )
    conninfo = make_conninfo(database, options=f"-c {setting}")

    assert (
        lacks(Needs({"t": {"a\\b'c": "text", "m": "mood", "n": "numeric(3,1)[]"}}), conninfo) == []
    )


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_odd_names_are_found_and_missed(lacks: Lacks, run: Run, name: str) -> None:
    """As schema, table, column, type and function, qualified and not; their near twins are not there."""
    quoted = '"' + name.replace('"', '""') + '"'
    whole, type_ = f"{quoted}.{quoted}", f"types.{quoted}"
    run(f"CREATE SCHEMA {quoted}; CREATE SCHEMA types; CREATE TYPE {type_} AS ENUM ('a')")
    run(f"CREATE TABLE {whole} ({quoted} {type_} PRIMARY KEY)")
    run(f"CREATE TABLE {quoted} ({quoted} {type_} REFERENCES {whole})")
    run(f"CREATE FUNCTION {quoted}({type_}) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    needs = Needs(
        {quoted: {name: Column(type_)}, whole: {name: type_}},
        indexes=[Index(whole, name, unique=True)],
        foreign_keys=[ForeignKey(quoted, name, whole, name)],
        functions=[f"{quoted}({type_})"],
        privileges={
            quoted: ("select",),
            f"schema {quoted}": ("usage",),
            f"function {quoted}": ("execute",),
        },
    )

    assert lacks(needs) == []
    twin = name[:-1] + "~"
    assert [why for _, why, _ in lacks(Needs({quoted: (twin,)}))] == ["missing"]


def test_a_name_that_is_too_long_is_cut_as_the_server_cuts_it(lacks: Lacks, run: Run) -> None:
    """After 63 bytes, in whole characters."""
    long = "é" * 40
    run(f"SET client_min_messages = error; CREATE TABLE {long} ({long} int, {'y' * 70} int)")

    assert lacks(Needs({long: {long: "int", "y" * 70: "int"}}, indexes=[])) == []
