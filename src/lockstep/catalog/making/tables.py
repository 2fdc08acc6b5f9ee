"""Tables, partitioned tables, partitions, children and foreign tables: made with all their columns in one statement."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact
from lockstep.catalog.making import guards
from lockstep.catalog.making.clustering import clustered_on
from lockstep.catalog.making.column_changes import defaults_to, foreign_changes
from lockstep.catalog.making.columns import (
    column_constraints,
    column_definition,
    follow_parent,
    fresh_child,
    settings_of,
)
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.parentage import moves
from lockstep.catalog.making.references import calls_back
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.texts import (
    array,
    foreign_list,
    name_of,
    option_name,
    option_pairs,
    set_list,
    with_options,
)
from lockstep.sql.objects import qualified, quoted

_TOAST = "toast."
_ROWS = "the table's rows, and all that stands on the table"


def create_table(fact: Fact, expected: Index) -> list[Step]:
    """Make a table with its columns, and set what CREATE TABLE cannot say."""
    columns = expected.children(fact.path)
    late = {column.path for column in columns if _waits(column, fact, expected)}
    made = Step(
        fact, _statement(fact, columns, late, expected), f"{guards.relation(fact.path)} IS NULL"
    )
    steps = [made]
    for column in columns:
        inherited = column.body.get("inherited")
        steps += follow_parent(column, expected) if inherited else settings_of(column, expected)
        if column.path in late:
            steps.append(_default(column))
    return [*steps, *_switches(fact, Fact(fact.kind, fact.path, {}), fresh=True)]


def _waits(column: Fact, table: Fact, expected: Index) -> bool:
    """True if the column's default calls a function that cannot be before the table is."""
    default = column.body.get("default")
    return default is not None and calls_back(default, table.path, expected)


def _default(column: Fact) -> Step:
    table, name = column.path[:2], column.path[2]
    default = column.body["default"]
    return Step(
        column,
        f"ALTER TABLE {qualified(*table)} ALTER COLUMN {quoted(name)} SET DEFAULT {default}",
        guards.exists(
            "pg_attribute", guards.column(table, name), guards.not_all([defaults_to(default)])
        ),
        phase=1,
    )


def _statement(fact: Fact, columns: list[Fact], late: set[tuple[str, ...]], expected: Index) -> str:
    body = fact.body
    unlogged = "UNLOGGED " if body.get("persistence") else ""
    kind = "FOREIGN TABLE" if fact.kind == "foreign_table" else f"{unlogged}TABLE"
    parts = [f"CREATE {kind} {qualified(*fact.path)}"]
    if "partition_of" in body:
        overrides = list(_overrides(columns, expected))
        parts.append(f"PARTITION OF {name_of(body['partition_of'])}" + _list(overrides))
        parts.append(body["bound"])
    elif "of_type" in body:
        typed = [_typed(column, column.path in late) for column in columns]
        parts.append(f"OF {body['of_type']}" + _list([text for text in typed if text]))
    else:
        own = [column_definition(column, deferred=column.path in late)
               for column in columns if not column.body.get("inherited")]  # fmt: skip
        parts.append(_list(own) or " ()")
    if "inherits" in body:
        parts.append(f"INHERITS ({', '.join(map(name_of, body['inherits']))})")
    if "partition_by" in body:
        parts.append(f"PARTITION BY {body['partition_by']}")
    if "access_method" in body:
        parts.append(f"USING {quoted(body['access_method'])}")
    if "server" in body:
        parts.append(f"SERVER {quoted(body['server'])}")
        if "server_options" in body:
            parts.append(f"OPTIONS ({foreign_list(option_pairs(body['server_options']))})")
    return " ".join(part.strip() for part in parts) + with_options(body.get("options"))


def _list(parts: list[str]) -> str:
    between = ",\n    "
    return f" (\n    {between.join(parts)}\n)" if parts else ""


def _overrides(columns: list[Fact], expected: Index) -> Iterator[str]:
    """Yield what a partition has otherwise than its parent, where only the definition can say so."""
    for column in columns:
        fresh = fresh_child(column, expected)
        if fresh is not None and column.body.get("generated") != fresh.body.get("generated"):
            yield f"{quoted(column.path[2])} {' '.join(column_constraints(column.body))}"


def _typed(column: Fact, late: bool) -> str:
    wanted = {key: value for key, value in column.body.items() if key != "collation"}
    constraints = " ".join(column_constraints(wanted, deferred=late))
    return f"{quoted(column.path[2])} WITH OPTIONS {constraints}" if constraints else ""


def change_table(difference: Difference, expected: Index, live: Index) -> list[Step] | Unchangeable:
    """Change what can be changed of a table that is there; another partition key needs another table."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    fields = set(difference.fields)
    if fields & {"partition_by", "server"}:
        loses = _ROWS if wanted.kind == "table" else ""
        return [*_dropped(wanted, loses, _differs(wanted)), *create_table(wanted, expected)]
    return [*moves(wanted, found, expected, live), *_switches(wanted, found)]


def _differs(wanted: Fact) -> str:
    key = wanted.body.get("partition_by")
    if key is None:
        return "relkind = 'p'"
    from lockstep.sql.objects import literal

    return f"CASE WHEN relkind = 'p' THEN pg_catalog.pg_get_partkeydef(oid) <> {literal(key)} ELSE true END"


def _switches(wanted: Fact, found: Fact, *, fresh: bool = False) -> Iterator[Step]:
    """Yield the steps for what is said of a table as a whole; CREATE TABLE said some of it of a *fresh* one."""
    new, old = wanted.body, found.body
    if not fresh:
        yield from _stored(wanted, found)
    for field, on, off, attribute in _FLAGS:
        if bool(new.get(field)) != bool(old.get(field)):
            held = f"NOT {attribute}" if new.get(field) else attribute
            loses = "" if new.get(field) else "the protection of its rows"
            yield _alter(wanted, on if new.get(field) else off, held, loses)
    if new.get("replica_identity") != old.get("replica_identity"):
        yield _replica_identity(wanted)
    if new.get("clustered_on") != old.get("clustered_on"):
        yield clustered_on(wanted)


_FLAGS = (
    ("row_security", "ENABLE ROW LEVEL SECURITY", "DISABLE ROW LEVEL SECURITY", "relrowsecurity"),
    ("force_row_security", "FORCE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY", "relforcerowsecurity"),
)  # fmt: skip


def _stored(wanted: Fact, found: Fact) -> Iterator[Step]:
    new, old = wanted.body, found.body
    if new.get("persistence") != old.get("persistence"):
        word, letter = ("UNLOGGED", "u") if "persistence" in new else ("LOGGED", "p")
        loses = "the rows, should the server crash" if letter == "u" else ""
        yield _alter(wanted, f"SET {word}", f"relpersistence <> '{letter}'", loses)
    if new.get("access_method") != old.get("access_method"):
        method = new.get("access_method", "heap")
        from lockstep.sql.objects import literal

        held = (
            f"relam <> (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = {literal(method)})"
        )
        yield _alter(wanted, f"SET ACCESS METHOD {quoted(method)}", held)
    yield from changed_options(
        wanted, found, "FOREIGN TABLE" if wanted.kind == "foreign_table" else "TABLE"
    )
    if new.get("server_options") != old.get("server_options"):
        changes = foreign_changes(
            option_pairs(new.get("server_options")), option_pairs(old.get("server_options"))
        )
        same = guards.same_options("ftoptions", new.get("server_options"))
        guard = guards.exists(
            "pg_foreign_table", f"ftrelid = {guards.relation(wanted.path)}", guards.not_all([same])
        )
        yield Step(
            wanted, f"ALTER FOREIGN TABLE {qualified(*wanted.path)} OPTIONS ({changes})", guard
        )


def changed_options(
    wanted: Fact, found: Fact, kind: str, path: tuple[str, ...] = ()
) -> Iterator[Step]:
    """Yield the steps that change the storage parameters of a table, a view or an index."""
    new, old = option_pairs(wanted.body.get("options")), option_pairs(found.body.get("options"))
    where = path or wanted.path
    name = f"ALTER {kind} {qualified(*where)}"
    for toast in (False, True):
        told = {
            option: value for option, value in new.items() if option.startswith(_TOAST) == toast
        }
        gone = [
            option for option in old if option not in new and option.startswith(_TOAST) == toast
        ]
        if any(old.get(option) != value for option, value in told.items()):
            plain = [f"{option.removeprefix(_TOAST)}={value}" for option, value in told.items()]
            guard = _optioned(where, toast, f"(reloptions @> {array(plain)}) IS NOT TRUE")
            yield Step(wanted, f"{name} SET ({set_list(told)})", guard)
        if gone:
            plain = [option.removeprefix(_TOAST) for option in gone]
            held = f"EXISTS (SELECT FROM pg_catalog.unnest(reloptions) AS o (x) WHERE pg_catalog.split_part(o.x, '=', 1) = ANY ({array(plain)}))"
            yield Step(
                wanted,
                f"{name} RESET ({', '.join(map(option_name, gone))})",
                _optioned(where, toast, held),
            )


def _optioned(path: tuple[str, ...], toast: bool, held: str) -> str:
    oid = guards.relation(path)
    if toast:
        oid = f"(SELECT t.reltoastrelid FROM pg_catalog.pg_class AS t WHERE t.oid = {oid})"
    return guards.exists("pg_class", f"oid = {oid}", held)


def _replica_identity(wanted: Fact) -> Step:
    identity = wanted.body.get("replica_identity", "default")
    if not identity.startswith("index "):
        return _alter(
            wanted, f"REPLICA IDENTITY {identity.upper()}", f"relreplident <> '{identity[0]}'"
        )
    index = identity.removeprefix("index ")
    path = (wanted.path[0], index)
    # The index is made after the table.
    row = f"oid = {guards.relation(wanted.path)}"
    set_ = guards.missing("pg_index", f"indexrelid = {guards.relation(path)} AND indisreplident")
    there = f"{guards.relation(path)} IS NOT NULL"
    action = f"ALTER TABLE {qualified(*wanted.path)} REPLICA IDENTITY USING INDEX {quoted(index)}"
    return Step(wanted, action, guards.both(guards.exists("pg_class", row), there, set_), phase=1)


def _alter(wanted: Fact, command: str, held: str, loses: str = "") -> Step:
    kind = "FOREIGN TABLE" if wanted.kind == "foreign_table" else "TABLE"
    guard = guards.exists("pg_class", f"oid = {guards.relation(wanted.path)}", held)
    return Step(wanted, f"ALTER {kind} {qualified(*wanted.path)} {command}", guard, loses=loses)


def drop_table(fact: Fact) -> list[Step]:
    """Drop a table with its columns, constraints, indexes, triggers and policies."""
    return _dropped(fact, _ROWS if fact.kind == "table" else "")


def _dropped(fact: Fact, loses: str, differs: str = "") -> list[Step]:
    foreign = fact.kind == "foreign_table"
    kinds = "relkind = 'f'" if foreign else "relkind IN ('r', 'p')"
    guard = guards.exists("pg_class", f"oid = {guards.relation(fact.path)} AND {kinds}", differs)
    return [
        Step(
            fact,
            f"DROP {'FOREIGN ' if foreign else ''}TABLE {qualified(*fact.path)}",
            guard,
            loses=loses,
        )
    ]
