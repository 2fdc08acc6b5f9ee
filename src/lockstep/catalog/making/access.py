"""Privileges: what is granted, what was taken away although it is there by default, and what will be granted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import GRANT_OPTION, ON_TABLES, OWNER, Fact, Path
from lockstep.catalog.making import guards
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.triggers import role_name
from lockstep.sql.objects import literal, qualified, quoted

_OPTION = GRANT_OPTION
_MAINTAIN = "MAINTAIN"
_SINCE = 17
_DEFAULT_LETTERS = {"tables": "r", "sequences": "S", "functions": "f", "types": "T", "schemas": "n", "large_objects": "L"}  # fmt: skip
_RIGHT = "what the role could do"


def create_grant(fact: Fact, expected: Index) -> list[Step]:
    """Grant what is to be granted beyond the defaults."""
    return list(_granted(fact, fact.body["privileges"]))


def create_revocation(fact: Fact, expected: Index) -> list[Step]:
    """Take away what is there by default."""
    return list(_revoked(fact, fact.body["privileges"]))


def change_grant(difference: Difference, expected: Index, live: Index) -> list[Step] | Unchangeable:
    """Grant what lacks, and revoke what is too much."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    new, old = wanted.body["privileges"], found.body["privileges"]
    more = [privilege for privilege in new if privilege not in old]
    less = [privilege for privilege in old if privilege not in new]
    if wanted.kind == "revocation":
        return [*_revoked(wanted, more), *_granted(wanted, less)]
    demoted = [privilege for privilege in less if privilege.removesuffix(_OPTION) in new]
    raised = [privilege for privilege in less if privilege + _OPTION in new]
    gone = [privilege for privilege in less if privilege not in {*demoted, *raised}]
    kept = {privilege.removesuffix(_OPTION) for privilege in demoted}
    granted = [privilege for privilege in more if privilege not in kept]
    if gone and _is_all(wanted, old) and live.server >= _SINCE:
        # Who had all privileges had this one too.
        gone += [] if expected.get(_MAINTAIN.lower(), wanted.path) else [_MAINTAIN]
    elif granted and _is_all(wanted, new) and live.server >= _SINCE:
        granted += [_MAINTAIN]
    again = columns_granted(wanted, expected) if gone and wanted.path[0] == "table" else []
    return [*_granted(wanted, granted), *_revoked(wanted, gone), *_demoted(wanted, demoted), *again]


def columns_granted(fact: Fact, expected: Index) -> list[Step]:
    """Grant on a table's columns what a REVOKE on the table has taken with it."""
    steps: list[Step] = []
    for column in expected.children(fact.path[1:3]):
        grant = expected.get("grant", ("column", *column.path, fact.path[3]))
        steps += create_grant(grant, expected) if grant is not None else []
    return steps


def without_defaults(made: Iterable[Fact], expected: Index, live: Index) -> list[Step]:
    """Return the steps that take from *made* what the default privileges of *live* have granted, and give what they withheld.

    To be run right after the objects are made.
    """
    defaults = list(live.of_kind("default_privilege"))
    return [
        step
        for fact in made
        for default in defaults
        if _concerns(default, fact)
        for step in _corrected(fact, default, expected)
    ]


_MADE = {
    "table": "tables", "foreign_table": "tables", "view": "tables", "matview": "tables", "sequence": "sequences",
    "function": "functions", "procedure": "functions", "aggregate": "functions", "schema": "schemas",
    "enum": "types", "domain": "types", "range": "types", "composite": "types",
}  # fmt: skip
_KIND = {
    "tables": "table",
    "sequences": "sequence",
    "functions": "function",
    "types": "type",
    "schemas": "schema",
}


def _concerns(default: Fact, fact: Fact) -> bool:
    return _MADE.get(fact.kind) == default.path[2] and default.path[1] in {"", fact.path[0]}


def _corrected(fact: Fact, default: Fact, expected: Index) -> Iterator[Step]:
    from lockstep.catalog.fact import undotted

    kind = "procedure" if fact.kind == "procedure" else _KIND[default.path[2]]
    for key in ("granted", "revoked"):
        for entry in default.body.get(key, []):
            privilege, grantee, granted = _entry(entry)
            # What a role keeps from itself it keeps from who will own the object: this one is made by it, or by somebody else.
            role = undotted(grantee)[0]
            if granted and role == default.path[0]:
                continue
            path = (kind, *fact.path, OWNER if role == default.path[0] else role)
            told = expected.get("grant" if granted else "revocation", path)
            listed = told.body["privileges"] if told else []
            plain = privilege.removesuffix(_OPTION)
            if granted and plain + _OPTION in listed:
                continue
            if granted and plain in listed:
                yield from _demoted(
                    Fact("grant", path, {}), [privilege] if privilege.endswith(_OPTION) else []
                )
            elif granted:
                yield from _revoked(Fact("grant", path, {}), [plain], loses="")
            elif plain not in listed:
                yield from _granted(Fact("revocation", path, {}), [plain])


def drop_grant(fact: Fact) -> list[Step]:
    """Revoke what was granted."""
    return list(_revoked(fact, fact.body["privileges"]))


def create_maintain(fact: Fact, expected: Index) -> list[Step]:
    """Grant MAINTAIN, which a server has that told it."""
    return list(_granted(fact, [_MAINTAIN]))


def drop_maintain(fact: Fact) -> list[Step]:
    """Revoke it."""
    return list(_revoked(fact, [_MAINTAIN]))


def drop_revocation(fact: Fact) -> list[Step]:
    """Grant again what is there by default."""
    return list(_granted(fact, fact.body["privileges"]))


def _granted(fact: Fact, privileges: Sequence[str]) -> Iterator[Step]:
    grantee = fact.path[-1]
    for option in ("", _OPTION):
        chosen = [
            privilege.removesuffix(_OPTION)
            for privilege in privileges
            if privilege.endswith(_OPTION) == bool(option)
        ]
        if chosen:
            told = f"GRANT {_list(fact, chosen)} ON {_target(fact)} TO "
            action = (
                _about_owner(fact, told)
                if grantee == OWNER
                else f"{told}{role_name(grantee)}{option}"
            )
            held = [_holds(fact, privilege, option=bool(option)) for privilege in chosen]
            yield Step(fact, action, guards.both(_there(fact), guards.not_all(held)))


def _revoked(fact: Fact, privileges: Sequence[str], loses: str = _RIGHT) -> Iterator[Step]:
    chosen = sorted({privilege.removesuffix(_OPTION) for privilege in privileges})
    if chosen:
        told, grantee = f"REVOKE {_list(fact, chosen)} ON {_target(fact)} FROM ", fact.path[-1]
        action = _about_owner(fact, told) if grantee == OWNER else told + role_name(grantee)
        held = " OR ".join(_holds(fact, privilege) for privilege in chosen)
        yield Step(fact, action, f"({held})", loses=loses)


def _demoted(fact: Fact, privileges: Sequence[str]) -> Iterator[Step]:
    chosen = [privilege.removesuffix(_OPTION) for privilege in privileges]
    if chosen:
        action = f"REVOKE GRANT OPTION FOR {_list(fact, chosen)} ON {_target(fact)} FROM {role_name(fact.path[-1])}"
        held = " OR ".join(_holds(fact, privilege, option=True) for privilege in chosen)
        yield Step(fact, action, f"({held})", loses="the right to grant it on")


def _list(fact: Fact, privileges: Sequence[str]) -> str:
    if _is_all(fact, privileges):
        return "ALL"
    column = f" ({quoted(fact.path[3])})" if fact.path[0] == "column" else ""
    return ", ".join(f"{privilege}{column}" for privilege in privileges)


def _is_all(fact: Fact, privileges: Sequence[str]) -> bool:
    """Tell whether these are all privileges on a table, with MAINTAIN or without."""
    plain = {privilege.removesuffix(_OPTION) for privilege in privileges}
    return fact.path[0] == "table" and plain - {_MAINTAIN} == ON_TABLES


def _about_owner(fact: Fact, statement: str) -> str:
    """Return *statement* with the role at its end that owns the object, which is another in every place."""
    catalog, row, _, owner = _row(fact)
    named = (
        f"(SELECT pg_catalog.pg_get_userbyid({owner}) FROM pg_catalog.{catalog} AS o WHERE {row})"
    )
    body = f"BEGIN EXECUTE {literal(statement)} || pg_catalog.quote_ident({named}); END"
    return f"DO {literal(body)}"


def _target(fact: Fact) -> str:
    kind, path = fact.path[0], fact.path[1:-1]
    if kind in {"function", "procedure"}:
        return f"ROUTINE {qualified(*path[:2])}({path[2]})"
    if kind == "column":
        return f"TABLE {qualified(*path[:2])}"
    if kind == "server":
        return f"FOREIGN SERVER {quoted(path[0])}"
    return f"{kind.upper()} {qualified(*path)}"


_FOREIGN = {
    "foreign data wrapper": ("pg_foreign_data_wrapper", "fdw", "F"),
    "server": ("pg_foreign_server", "srv", "S"),
}


def _row(fact: Fact) -> tuple[str, str, str, str]:
    """Return the catalog, what finds the object there, its list of privileges, and its owner."""
    kind, path = fact.path[0], fact.path[1:-1]
    if kind in {"table", "sequence"}:
        letter = "s" if kind == "sequence" else "r"
        return (
            "pg_class",
            f"o.oid = {guards.relation(path)}",
            _acl("o.relacl", letter, "o.relowner"),
            "o.relowner",
        )
    if kind == "column":
        table = f"o.attrelid = {guards.relation(path[:2])} AND o.attname = {literal(path[2])} AND NOT o.attisdropped"
        return "pg_attribute", table, "o.attacl", ""
    if kind in {"function", "procedure"}:
        return "pg_proc", guards.routine(path), _acl("o.proacl", "f", "o.proowner"), "o.proowner"
    if kind == "type":
        return (
            "pg_type",
            f"o.oid = {guards.type_(path)}",
            _acl("o.typacl", "T", "o.typowner"),
            "o.typowner",
        )
    if kind in _FOREIGN:
        catalog, column, letter = _FOREIGN[kind]
        owner = f"o.{column}owner"
        acl = _acl(f"o.{column}acl", letter, owner)
        return catalog, f"o.{column}name = {literal(path[0])}", acl, owner
    return (
        "pg_namespace",
        f"o.oid = {guards.schema(path[0])}",
        _acl("o.nspacl", "n", "o.nspowner"),
        "o.nspowner",
    )


def _acl(column: str, letter: str, owner: str) -> str:
    return f"coalesce({column}, pg_catalog.acldefault('{letter}', {owner}))"


def _there(fact: Fact) -> str:
    catalog, row, _, _ = _row(fact)
    return f"EXISTS (SELECT FROM pg_catalog.{catalog} AS o WHERE {row})"


def _holds(fact: Fact, privilege: str, *, option: bool = False) -> str:
    catalog, row, acl, owner = _row(fact)
    grantable = " AND a.is_grantable" if option else ""
    grantee = owner if fact.path[-1] == OWNER else guards.role(fact.path[-1])
    return (
        f"EXISTS (SELECT FROM pg_catalog.{catalog} AS o CROSS JOIN LATERAL pg_catalog.aclexplode({acl}) AS a WHERE {row}"
        f" AND a.grantee = {grantee} AND a.privilege_type = {literal(privilege)}{grantable})"
    )


def create_default_privilege(fact: Fact, expected: Index) -> list[Step]:
    """Say what will be granted on objects still to be made."""
    return [
        *_default(fact, fact.body.get("granted", []), grant=True),
        *_default(fact, fact.body.get("revoked", []), grant=False),
    ]


def change_default_privilege(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Grant and revoke by default what lacks or is too much."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None

    def more(one: Fact, other: Fact, key: str) -> list[str]:
        return [entry for entry in one.body.get(key, []) if entry not in other.body.get(key, [])]

    restored = [_reversed(entry) for entry in more(found, wanted, "revoked")]
    gone = [_reversed(entry) for entry in more(found, wanted, "granted")]
    return [
        *_default(wanted, gone, grant=False),
        *_default(wanted, more(wanted, found, "granted"), grant=True),
        *_default(wanted, more(wanted, found, "revoked"), grant=False),
        *_default(wanted, restored, grant=True),
    ]


def drop_default_privilege(fact: Fact) -> list[Step]:
    """Have the defaults be PostgreSQL's own again."""
    gone = [_reversed(entry) for entry in fact.body.get("granted", [])]
    restored = [_reversed(entry) for entry in fact.body.get("revoked", [])]
    return [*_default(fact, gone, grant=False), *_default(fact, restored, grant=True)]


def _reversed(entry: str) -> str:
    """Turn ``SELECT TO reader`` into ``SELECT FROM reader``, and the other way round."""
    privilege, grantee, granted = _entry(entry)
    return f"{privilege.removesuffix(_OPTION)} {'FROM' if granted else 'TO'} {grantee}"


def _entry(entry: str) -> tuple[str, str, bool]:
    for word, granted in ((" TO ", True), (" FROM ", False)):
        privilege, found, grantee = entry.partition(word)
        if found:
            return privilege, grantee, granted
    raise ValueError(f"no privilege: {entry!r}")


def _default(fact: Fact, entries: Sequence[str], *, grant: bool) -> Iterator[Step]:
    from lockstep.catalog.fact import undotted

    role, schema, objects = fact.path
    where = f" IN SCHEMA {quoted(schema)}" if schema else ""
    for plain, grantee, option, privileges in _together(objects, entries):
        name = undotted(grantee)[0]
        command = f"{'GRANT' if grant else 'REVOKE'} {plain} ON {objects.upper().replace('_', ' ')} {'TO' if grant else 'FROM'} {role_name(name)}"
        holds = [_will_hold(fact.path, one, name, option=option and grant) for one in privileges]
        yield Step(
            fact,
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {quoted(role)}{where} {command}{_OPTION if option and grant else ''}",
            " OR ".join(f"NOT {held}" if grant else held for held in holds),
            loses="" if grant else _RIGHT,
            phase=2,
        )


def _together(objects: str, entries: Sequence[str]) -> Iterator[tuple[str, str, bool, list[str]]]:
    """Yield how privileges are called, who has them, whether to grant on, and which they are: one by one, or ALL."""
    found: dict[tuple[str, bool], list[str]] = {}
    for privilege, grantee, _ in map(_entry, entries):
        plain = privilege.removesuffix(_OPTION)
        found.setdefault((grantee, privilege != plain), []).append(plain)
    for (grantee, option), privileges in found.items():
        if objects == "tables" and {*privileges} == ON_TABLES:
            yield "ALL", grantee, option, privileges
        else:
            yield from ((one, grantee, option, [one]) for one in privileges)


def _will_hold(path: Path, privilege: str, grantee: str, *, option: bool) -> str:
    role, schema, objects = path
    letter = _DEFAULT_LETTERS[objects]
    owner = guards.role(role)
    namespace = guards.schema(schema) if schema else "0"
    row = f"(SELECT d.defaclacl FROM pg_catalog.pg_default_acl AS d WHERE d.defaclrole = {owner} AND d.defaclnamespace = {namespace} AND d.defaclobjtype = '{letter}')"
    builtin = f"pg_catalog.acldefault('{letter.lower() if letter == 'S' else letter}', {owner})"
    acl = row if schema else f"coalesce({row}, {builtin})"
    grantable = " AND a.is_grantable" if option else ""
    return (
        f"EXISTS (SELECT FROM pg_catalog.aclexplode({acl}) AS a WHERE a.grantee = {guards.role(grantee)}"
        f" AND a.privilege_type = {literal(privilege)}{grantable})"
    )
