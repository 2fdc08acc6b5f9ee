"""Triggers, event triggers and row security policies."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.switches import STATES, switched
from lockstep.catalog.making.texts import array, name_of, same_text
from lockstep.sql.objects import literal, qualified, quoted

_WHILE = "what it does, while it is made anew"
_PROTECTION = "the protection of the table's rows, while it is made anew"


def create_trigger(fact: Fact, expected: Index) -> list[Step]:
    """Make a trigger."""
    there = f"{guards.relation(fact.path[:2])} IS NOT NULL"
    guard = guards.both(there, guards.missing("pg_trigger", guards.trigger(fact.path)))
    made = Step(fact, fact.body["definition"], guard)
    return [made, *([_enabled(fact)] if "enabled" in fact.body else [])]


def _enabled(fact: Fact) -> Step:
    return switched(fact, "TRIGGER", "pg_trigger", guards.trigger(fact.path), "tgenabled")


def change_trigger(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Replace a trigger, or switch it on or off."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    if "definition" not in difference.fields:
        return [_enabled(wanted)]
    same = same_text("pg_catalog.pg_get_triggerdef(pg_trigger.oid)", wanted.body["definition"])
    differs = guards.exists("pg_trigger", guards.trigger(wanted.path), guards.not_all([same]))
    texts = wanted.body["definition"], found.body["definition"]
    if live.server >= 14 and all(text.startswith("CREATE TRIGGER") for text in texts):
        action = texts[0].replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", 1)
        return [Step(wanted, action, differs), _enabled(wanted)]
    return [_dropped(wanted, differs, _WHILE), *create_trigger(wanted, expected)]


def drop_trigger(fact: Fact) -> list[Step]:
    """Drop a trigger that is not a parent's."""
    guard = guards.exists("pg_trigger", guards.trigger(fact.path), "tgparentid = 0")
    return [_dropped(fact, guard, "what it does")]


def _dropped(fact: Fact, guard: str, loses: str) -> Step:
    action = f"DROP TRIGGER {quoted(fact.path[2])} ON {qualified(*fact.path[:2])}"
    return Step(fact, action, guard, loses=loses)


def create_event_trigger(fact: Fact, expected: Index) -> list[Step]:
    """Make an event trigger, after all that it would watch."""
    body = fact.body
    tags = f" WHEN TAG IN ({', '.join(map(literal, body['tags']))})" if "tags" in body else ""
    action = f"CREATE EVENT TRIGGER {quoted(fact.path[0])} ON {body['event']}{tags} EXECUTE FUNCTION {name_of(body['function'])}()"
    made = Step(fact, action, guards.missing("pg_event_trigger", _named(fact)), phase=2)
    return [made, *([_event_enabled(fact)] if "enabled" in body else [])]


def _named(fact: Fact) -> str:
    return f"evtname = {literal(fact.path[0])}"


def _event_enabled(fact: Fact) -> Step:
    words, letter = STATES[fact.body.get("enabled")]
    guard = guards.exists("pg_event_trigger", _named(fact), f"evtenabled <> '{letter}'")
    return Step(fact, f"ALTER EVENT TRIGGER {quoted(fact.path[0])} {words}", guard, phase=2)


def change_event_trigger(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Switch an event trigger on or off, or make it anew."""
    wanted = difference.expected
    assert wanted is not None
    if set(difference.fields) == {"enabled"}:
        return [_event_enabled(wanted)]
    schema, name = undotted(wanted.body["function"])
    function = (
        f"EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE p.oid = evtfoid AND p.proname = {literal(name)}"
        f" AND p.pronamespace = {guards.schema(schema)})"
    )
    same = [
        f"evtevent = {literal(wanted.body['event'])}",
        function,
        guards.same_options("evttags", wanted.body.get("tags")),
    ]
    guard = guards.exists("pg_event_trigger", _named(wanted), guards.not_all(same))
    drop = Step(wanted, f"DROP EVENT TRIGGER {quoted(wanted.path[0])}", guard, loses=_WHILE)
    return [drop, *create_event_trigger(wanted, expected)]


def drop_event_trigger(fact: Fact) -> list[Step]:
    """Drop an event trigger."""
    guard = guards.exists("pg_event_trigger", _named(fact))
    return [Step(fact, f"DROP EVENT TRIGGER {quoted(fact.path[0])}", guard, loses="what it does")]


def create_policy(fact: Fact, expected: Index) -> list[Step]:
    """Make a policy."""
    there = f"{guards.relation(fact.path[:2])} IS NOT NULL"
    guard = guards.both(there, guards.missing("pg_policy", guards.policy(fact.path)))
    return [Step(fact, _policy(fact), guard)]


def _policy(fact: Fact) -> str:
    body = fact.body
    parts = [f"CREATE POLICY {quoted(fact.path[2])} ON {qualified(*fact.path[:2])}"]
    if body.get("restrictive"):
        parts.append("AS RESTRICTIVE")
    if "command" in body:
        parts.append(f"FOR {body['command'].upper()}")
    return " ".join([*parts, *_who_and_what(fact)])


def _who_and_what(fact: Fact) -> Iterator[str]:
    body = fact.body
    yield f"TO {', '.join(map(role_name, body.get('roles', ['public'])))}"
    if "using" in body:
        yield f"USING ({body['using']})"
    if "with_check" in body:
        yield f"WITH CHECK ({body['with_check']})"


def role_name(role: str) -> str:
    """Return a role as lists of roles have it."""
    return "PUBLIC" if role == "public" else quoted(role)


def change_policy(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Change whom a policy concerns and what it says; its command and its manner are for ever, and it cannot say less."""
    wanted = difference.expected
    assert wanted is not None
    guard = guards.exists(
        "pg_policy", guards.policy(wanted.path), guards.not_all(_same_policy(wanted))
    )
    gone = {field for field in difference.fields if field not in wanted.body}
    if {"command", "restrictive"} & set(difference.fields) or {"using", "with_check"} & gone:
        action = f"DROP POLICY {quoted(wanted.path[2])} ON {qualified(*wanted.path[:2])}"
        return [Step(wanted, action, guard, loses=_PROTECTION), *create_policy(wanted, expected)]
    action = f"ALTER POLICY {quoted(wanted.path[2])} ON {qualified(*wanted.path[:2])} {' '.join(_who_and_what(wanted))}"
    return [Step(wanted, action, guard)]


def _same_policy(fact: Fact) -> list[str]:
    body = fact.body
    letter = {"select": "r", "insert": "a", "update": "w", "delete": "d"}.get(
        body.get("command", ""), "*"
    )
    found = [f"polcmd = '{letter}'", f"polpermissive = {str(not body.get('restrictive')).lower()}"]
    for field, attribute in (("using", "polqual"), ("with_check", "polwithcheck")):
        if field in body:
            found.append(same_text(f"pg_catalog.pg_get_expr({attribute}, polrelid)", body[field]))
        else:
            found.append(f"{attribute} IS NULL")
    if "roles" not in body:
        return [*found, "polroles = '{0}'"]
    roles = "ARRAY(SELECT coalesce(r.rolname, 'public')::pg_catalog.text FROM pg_catalog.unnest(polroles) AS u (o) LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = u.o)"
    wanted = array(body["roles"])
    return [*found, f"{roles} @> {wanted} AND {roles} <@ {wanted}"]


def drop_policy(fact: Fact) -> list[Step]:
    """Drop a policy."""
    action = f"DROP POLICY {quoted(fact.path[2])} ON {qualified(*fact.path[:2])}"
    guard = guards.exists("pg_policy", guards.policy(fact.path))
    return [Step(fact, action, guard, loses="the protection of the table's rows")]
