"""Views, materialised views and rules: made from the text that the server shows of them."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact
from lockstep.catalog.making import guards
from lockstep.catalog.making.column_changes import defaults_to
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.switches import switched
from lockstep.catalog.making.tables import changed_options
from lockstep.catalog.making.texts import array, same_text, with_options
from lockstep.sql.objects import literal, qualified, quoted

_ANEW = "the grants on it, and what is built on it, while it is made anew"


def create_view(fact: Fact, expected: Index) -> list[Step]:
    """Make a view or a materialised view."""
    made = Step(fact, f"CREATE {view_definition(fact)}", f"{guards.relation(fact.path)} IS NULL")
    return [made, *_defaults(fact, {})]


def view_definition(fact: Fact) -> str:
    """Return all that stands behind CREATE or CREATE OR REPLACE."""
    kind = "MATERIALIZED VIEW" if fact.kind == "matview" else "VIEW"
    method = f" USING {quoted(fact.body['access_method'])}" if "access_method" in fact.body else ""
    query = fact.body["definition"].rstrip().removesuffix(";")
    columns = ""
    if names := [column["name"] for column in fact.body.get("columns", [])]:
        columns = f" ({', '.join(map(quoted, names))})"
    return f"{kind} {qualified(*fact.path)}{columns}{method}{with_options(fact.body.get('options'))} AS\n{query}"


def _defaults(wanted: Fact, old: dict[str, str]) -> Iterator[Step]:
    new = wanted.body.get("defaults", {})
    for column in sorted({*new, *old}):
        if new.get(column) == old.get(column):
            continue
        alter = f"ALTER VIEW {qualified(*wanted.path)} ALTER COLUMN {quoted(column)}"
        row = guards.column(wanted.path, column)
        if column in new:
            held = guards.not_all([defaults_to(new[column])])
            yield Step(
                wanted,
                f"{alter} SET DEFAULT {new[column]}",
                guards.exists("pg_attribute", row, held),
            )
        else:
            yield Step(
                wanted, f"{alter} DROP DEFAULT", guards.exists("pg_attribute", row, "atthasdef")
            )


def change_view(difference: Difference, expected: Index, live: Index) -> list[Step] | Unchangeable:
    """Replace a view whose columns stay, with more behind them; another one, and every materialised one, is made anew."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    fields = set(difference.fields)
    steps: list[Step] = []
    if fields & {"definition", "columns", "access_method"}:
        if not replaceable(wanted, found):
            return [_dropped(wanted, _differs(wanted), _ANEW), *create_view(wanted, expected)]
        steps.append(
            Step(
                wanted,
                f"CREATE OR REPLACE {view_definition(wanted)}",
                guards.exists("pg_class", _row(wanted), _differs(wanted)),
            )
        )
    if "options" in fields:
        steps += changed_options(
            wanted, found, "MATERIALIZED VIEW" if wanted.kind == "matview" else "VIEW"
        )
    return [*steps, *_defaults(wanted, found.body.get("defaults", {}))]


def replaceable(wanted: Fact, found: Fact) -> bool:
    """True if CREATE OR REPLACE VIEW can make the one of the other."""
    old = found.body.get("columns", [])
    return wanted.kind == "view" and wanted.body.get("columns", [])[: len(old)] == old


def _row(fact: Fact) -> str:
    return f"oid = {guards.relation(fact.path)} AND relkind = '{'m' if fact.kind == 'matview' else 'v'}'"


def _differs(fact: Fact) -> str:
    """Return the condition, on ``pg_class``, that a view's text is another one than the fact's."""
    text = fact.body["definition"]
    shown = "pg_catalog.pg_get_viewdef(pg_class.oid)"
    same = same_text(shown, text)
    # Before PostgreSQL 16 the columns of a view of one table have its name in front.
    if prefixes := _prefixes(fact):
        plain = text
        for prefix in prefixes:
            shown = f"pg_catalog.replace({shown}, {literal(prefix)}, '')"
            plain = plain.replace(prefix, "")
        same = same_text(shown, plain)
    return guards.not_all([same, _same_columns(fact)])


def _same_columns(fact: Fact) -> str:
    shown = (
        "ARRAY(SELECT a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute AS a "
        "WHERE a.attrelid = pg_class.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)"
    )
    wanted = [f"{column['name']} {column['type']}" for column in fact.body.get("columns", [])]
    return f"{shown} = {array(wanted)}"


def _prefixes(fact: Fact) -> list[str]:
    from lockstep.catalog.making.references import only_relation

    name = only_relation(fact.body["definition"])
    return [f"{quoted(name)}."] if name else []


def drop_view(fact: Fact) -> list[Step]:
    """Drop a view or a materialised view."""
    return [_dropped(fact, "", "what is built on it")]


def _dropped(fact: Fact, held: str, loses: str) -> Step:
    kind = "MATERIALIZED VIEW" if fact.kind == "matview" else "VIEW"
    return Step(
        fact,
        f"DROP {kind} {qualified(*fact.path)}",
        guards.exists("pg_class", _row(fact), held),
        loses=loses,
    )


def create_rule(fact: Fact, expected: Index) -> list[Step]:
    """Make a rule."""
    there = f"{guards.relation(fact.path[:2])} IS NOT NULL"
    guard = guards.both(there, guards.missing("pg_rewrite", guards.rule(fact.path)))
    made = Step(fact, _rule(fact), guard)
    return [made, *([_rule_enabled(fact)] if "enabled" in fact.body else [])]


def _rule(fact: Fact, *, replace: bool = False) -> str:
    text: str = fact.body["definition"].rstrip().removesuffix(";")
    return text.replace("CREATE RULE", "CREATE OR REPLACE RULE", 1) if replace else text


def _rule_enabled(fact: Fact) -> Step:
    return switched(fact, "RULE", "pg_rewrite", guards.rule(fact.path), "ev_enabled")


def change_rule(difference: Difference, expected: Index, live: Index) -> list[Step] | Unchangeable:
    """Replace a rule, or switch it on or off."""
    wanted = difference.expected
    assert wanted is not None
    steps = []
    if "definition" in difference.fields:
        same = same_text("pg_catalog.pg_get_ruledef(pg_rewrite.oid)", wanted.body["definition"])
        guard = guards.exists("pg_rewrite", guards.rule(wanted.path), guards.not_all([same]))
        steps.append(Step(wanted, _rule(wanted, replace=True), guard))
    return [
        *steps,
        *([_rule_enabled(wanted)] if "enabled" in {*difference.fields, *wanted.body} else []),
    ]


def drop_rule(fact: Fact) -> list[Step]:
    """Drop a rule."""
    action = f"DROP RULE {quoted(fact.path[2])} ON {qualified(*fact.path[:2])}"
    return [
        Step(
            fact, action, guards.exists("pg_rewrite", guards.rule(fact.path)), loses="what it does"
        )
    ]
