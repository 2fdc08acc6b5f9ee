"""Constraints of tables and of domains."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.clustering import clustered
from lockstep.catalog.making.columns import kind_of
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.tables import changed_options
from lockstep.catalog.making.texts import array, name_of, names, same_text, with_options
from lockstep.sql.objects import literal, qualified, quoted

_LETTERS = {"primary key": "p", "unique": "u", "foreign key": "f", "check": "c", "exclude": "x"}
_ACTIONS = {"cascade": "c", "set null": "n", "set default": "d", "restrict": "r"}
_BESIDE = {"options", "clustered"}
_DEFERS = {"deferrable", "initially_deferred"}


def constraint_definition(fact: Fact, *, valid: bool = True) -> str:
    """Return a constraint as ADD CONSTRAINT takes it, behind its name; *valid* false leaves its rows unproven."""
    body = fact.body
    if body["type"] == "exclude":
        return str(body["definition"])
    if body["type"] == "check":
        parts = [
            f"CHECK ({body['expression']})",
            *(["NO INHERIT"] if body.get("no_inherit") else []),
        ]
    elif body["type"] == "foreign key":
        parts = list(_foreign_key(fact))
    else:
        parts = list(_key(fact))
    parts.append(_deferrable(fact).strip())
    if body.get("not_enforced"):
        parts.append("NOT ENFORCED")
    elif body.get("not_valid") or not valid:
        parts.append("NOT VALID")
    return " ".join(filter(None, parts))


def _deferrable(fact: Fact) -> str:
    if not fact.body.get("deferrable"):
        return ""
    return " DEFERRABLE" + (" INITIALLY DEFERRED" if fact.body.get("initially_deferred") else "")


def _key(fact: Fact) -> Iterator[str]:
    body = fact.body
    yield body["type"].upper()
    if body.get("nulls_not_distinct"):
        yield "NULLS NOT DISTINCT"
    columns = ", ".join(map(quoted, body["columns"]))
    yield f"({columns}{' WITHOUT OVERLAPS' if body.get('period') else ''})"
    if "include" in body:
        yield f"INCLUDE {names(body['include'])}"
    if options := with_options(body.get("options")):
        yield options.strip()


def _foreign_key(fact: Fact) -> Iterator[str]:
    body = fact.body
    yield f"FOREIGN KEY {_period(body['columns'], body)}"
    yield f"REFERENCES {name_of(body['references'])} {_period(body['referenced_columns'], body)}"
    if body.get("match"):
        yield "MATCH FULL"
    if "on_update" in body:
        yield f"ON UPDATE {body['on_update'].upper()}"
    if "on_delete" in body:
        columns = f" {names(body['set_columns'])}" if "set_columns" in body else ""
        yield f"ON DELETE {body['on_delete'].upper()}{columns}"


def _period(columns: list[str], body: object) -> str:
    period = isinstance(body, dict) and body.get("period")
    if not period:
        return names(columns)
    *plain, last = map(quoted, columns)
    return f"({', '.join([*plain, f'PERIOD {last}'])})"


def same_constraint(fact: Fact) -> str:
    """Return the condition, on ``pg_constraint``, that a constraint is what the fact says, whether it is valid or not."""
    body = fact.body
    type_ = body["type"]
    conditions = [f"contype = '{_LETTERS[type_]}'"]
    if type_ == "check":
        conditions.append(same_text("pg_catalog.pg_get_expr(conbin, conrelid)", body["expression"]))
        conditions.append(f"connoinherit = {str(bool(body.get('no_inherit'))).lower()}")
    elif type_ == "exclude":
        conditions.append(
            same_text("pg_catalog.pg_get_constraintdef(pg_constraint.oid)", body["definition"])
        )
    else:
        conditions.append(f"{guards.column_names('conrelid', 'conkey')} = {array(body['columns'])}")
        conditions += _same_key(fact) if type_ != "foreign key" else _same_foreign_key(fact)
    if type_ != "exclude":
        flags = [str(bool(body.get(key))).lower() for key in ("deferrable", "initially_deferred")]
        conditions.append(f"(condeferrable, condeferred) = ({', '.join(flags)})")
    return " AND ".join(conditions)


def _same_key(fact: Fact) -> list[str]:
    body = fact.body
    index = "pg_index", "indexrelid = conindid"
    included = guards.column_names("conrelid", "(indkey::pg_catalog.int2[])[indnkeyatts:]")
    conditions = [f"{included} = {array(body.get('include', []))}"]
    conditions.append(
        guards.newer_flag("pg_index", "indnullsnotdistinct", body.get("nulls_not_distinct"))
    )
    found = [guards.exists(*index, *conditions)]
    if "part_of" in body:
        row = f"inhparent = {guards.relation(undotted(body['part_of']))}"
        found.append(guards.exists("pg_inherits", "inhrelid = conindid", row))
    return [*found, guards.newer_flag("pg_constraint", "conperiod", body.get("period"))]


def _same_foreign_key(fact: Fact) -> list[str]:
    body = fact.body
    found = [
        f"confrelid = {guards.relation(undotted(body['references']))}",
        f"{guards.column_names('confrelid', 'confkey')} = {array(body['referenced_columns'])}",
        f"confdeltype = '{_ACTIONS.get(body.get('on_delete', ''), 'a')}'",
        f"confupdtype = '{_ACTIONS.get(body.get('on_update', ''), 'a')}'",
        f"confmatchtype = '{'f' if body.get('match') else 's'}'",
    ]
    found.append(guards.newer_flag("pg_constraint", "conperiod", body.get("period")))
    if "set_columns" not in body:
        found.append("pg_catalog.to_jsonb(pg_constraint) ->> 'confdelsetcols' IS NULL")
    else:
        found.append(
            f"{guards.column_names('conrelid', 'confdelsetcols')} = {array(body['set_columns'])}"
        )
    return found


def create_constraint(fact: Fact, expected: Index) -> list[Step]:
    """Add a constraint to a table; one that is invalid on a table with partitions has no part on them."""
    table, only = fact.path[:2], "ONLY " if fact.body.get("invalid") else ""
    action = f"ALTER {kind_of(table, expected)} {only}{qualified(*table)} ADD CONSTRAINT {quoted(fact.path[2])} {constraint_definition(fact)}"
    made = Step(
        fact,
        _on_its_part(fact, action) if "part_of" in fact.body else action,
        guards.both(
            guards.exists("pg_class", f"oid = {guards.relation(table)}"),
            guards.missing("pg_constraint", guards.constraint(fact.path)),
        ),
    )
    return [made, *([clustered(fact, table)] if fact.body.get("clustered") else [])]


def _on_its_part(fact: Fact, add: str) -> str:
    """Return *add*, for a partition's key, so that it stands on the partition's part of another index, or becomes that part."""
    table, name = qualified(*fact.path[:2]), quoted(fact.path[2])
    parent = undotted(fact.body["part_of"])
    found = (
        "SELECT c.relname FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_index AS i ON i.indexrelid = h.inhrelid"
        " JOIN pg_catalog.pg_class AS c ON c.oid = h.inhrelid"
        f" WHERE h.inhparent = {guards.relation(parent)} AND i.indrelid = {guards.relation(fact.path[:2])}"
    )
    using = f"ALTER TABLE {table} ADD CONSTRAINT {name} {fact.body['type'].upper()} USING INDEX %I{_deferrable(fact)}"
    attach = (
        f"ALTER INDEX {qualified(*parent)} ATTACH PARTITION {qualified(fact.path[0], fact.path[2])}"
    )
    body = (
        f"DECLARE part name := ({found}); BEGIN IF part IS NULL THEN EXECUTE {literal(add)}; EXECUTE {literal(attach)}; "
        f"ELSE EXECUTE pg_catalog.format({literal(using)}, part); END IF; END"
    )
    return f"DO {literal(body)}"


def change_constraint(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Validate a constraint, change when it is checked, or drop it and add it as it should be."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    fields, type_ = set(difference.fields), wanted.body["type"]
    if fields == {"not_valid"} and "not_valid" not in wanted.body:
        return [validated(wanted)]
    if "invalid" in fields:
        return Unchangeable(
            "its parts on partitions come and go by ATTACH PARTITION: do it by hand"
        )
    if "part_of" in found.body:
        return Unchangeable(
            f"it stands on its part of index {found.body['part_of']}, which keeps it"
        )
    if fields <= _BESIDE and not (type_ == "exclude" and "options" in fields):
        index = wanted.path[0], wanted.path[2]
        marked = [clustered(wanted, wanted.path[:2])] if "clustered" in fields else []
        return [*changed_options(wanted, found, "INDEX", index), *marked]
    if type_ == "foreign key" and (fields <= _DEFERS or fields == {"not_enforced"}):
        return [_deferred(wanted, enforcing=fields == {"not_enforced"})]
    drop = _dropped(
        wanted,
        guards.not_all([same_constraint(wanted), _state(wanted)]),
        "its protection while it is made anew",
    )
    return [drop, *create_constraint(wanted, expected)]


def _state(fact: Fact) -> str:
    body = fact.body
    if body.get("not_enforced"):
        return "NOT conenforced"
    if body.get("not_valid"):
        return "NOT convalidated"
    # Whether its rows are proven is no reason to make it anew: perhaps they never will be.
    return "coalesce(pg_catalog.to_jsonb(pg_constraint) ->> 'conenforced', 'true') = 'true'"


def validated(fact: Fact) -> Step:
    """Return the step that proves a constraint for the rows that are there."""
    return Step(
        fact,
        f"ALTER TABLE {qualified(*fact.path[:2])} VALIDATE CONSTRAINT {quoted(fact.path[2])}",
        guards.exists("pg_constraint", guards.constraint(fact.path), "NOT convalidated"),
    )


def _deferred(fact: Fact, *, enforcing: bool) -> Step:
    body = fact.body
    words = ["DEFERRABLE" if body.get("deferrable") else "NOT DEFERRABLE"]
    if body.get("initially_deferred"):
        words.append("INITIALLY DEFERRED")
    flags = f"({str(bool(body.get('deferrable'))).lower()}, {str(bool(body.get('initially_deferred'))).lower()})"
    held = [f"(condeferrable, condeferred) = {flags}"]
    if enforcing:
        no = "NOT " if body.get("not_enforced") else ""
        words, held = [f"{no}ENFORCED"], [f"{no}conenforced"]
    return Step(
        fact,
        f"ALTER TABLE {qualified(*fact.path[:2])} ALTER CONSTRAINT {quoted(fact.path[2])} {' '.join(words)}",
        guards.exists("pg_constraint", guards.constraint(fact.path), guards.not_all(held)),
    )


def drop_constraint(fact: Fact) -> list[Step]:
    """Drop a constraint that is not a parent's, and does not stand on a parent's index: that keeps it."""
    if "part_of" in fact.body:
        return []
    return [_dropped(fact, "conislocal", "what it keeps out of the table")]


def _dropped(fact: Fact, held: str, loses: str) -> Step:
    return Step(
        fact,
        f"ALTER TABLE {qualified(*fact.path[:2])} DROP CONSTRAINT {quoted(fact.path[2])}",
        guards.exists("pg_constraint", guards.constraint(fact.path), held),
        loses=loses,
    )


def create_domain_constraint(fact: Fact, expected: Index) -> list[Step]:
    """Add a constraint to a domain."""
    unproven = " NOT VALID" if fact.body.get("not_valid") else ""
    action = f"ALTER DOMAIN {qualified(*fact.path[:2])} ADD CONSTRAINT {quoted(fact.path[2])} CHECK ({fact.body['expression']}){unproven}"
    there = f"{guards.type_(fact.path[:2])} IS NOT NULL"
    return [
        Step(
            fact,
            action,
            guards.both(
                there, guards.missing("pg_constraint", guards.domain_constraint(fact.path))
            ),
        )
    ]


def change_domain_constraint(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Validate a domain's constraint, or drop it and add it as it should be."""
    wanted = difference.expected
    assert wanted is not None
    domain, name = qualified(*wanted.path[:2]), quoted(wanted.path[2])
    row = guards.domain_constraint(wanted.path)
    if set(difference.fields) == {"not_valid"} and "not_valid" not in wanted.body:
        return [
            Step(
                wanted,
                f"ALTER DOMAIN {domain} VALIDATE CONSTRAINT {name}",
                guards.exists("pg_constraint", row, "NOT convalidated"),
            )
        ]
    same = same_text("pg_catalog.pg_get_expr(conbin, 0)", wanted.body["expression"])
    guard = guards.exists("pg_constraint", row, guards.not_all([same, _state(wanted)]))
    drop = Step(
        wanted,
        f"ALTER DOMAIN {domain} DROP CONSTRAINT {name}",
        guard,
        loses="its protection while it is made anew",
    )
    return [drop, *create_domain_constraint(wanted, expected)]


def drop_domain_constraint(fact: Fact) -> list[Step]:
    """Drop a domain's constraint."""
    action = f"ALTER DOMAIN {qualified(*fact.path[:2])} DROP CONSTRAINT {quoted(fact.path[2])}"
    guard = guards.exists("pg_constraint", guards.domain_constraint(fact.path))
    return [Step(fact, action, guard, loses="what it keeps out of the domain")]
