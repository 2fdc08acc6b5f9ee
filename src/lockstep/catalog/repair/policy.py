"""What of a difference may be done: adding, always; what loses something, only when it is named.

A difference is judged field by field. What may not be done is taken out of the goal: the rest is still a difference, between
what is there and as much of what is wanted as is allowed, and the maker of steps sees nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact
from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.plan import Need
from lockstep.values import dataclass

Body = Mapping[str, Any]
_TYPED = ("type", "collation", "generated", "virtual")
_STANDS_ON_TYPE = ("default", "identity", "sequence", "storage", "compression")


@dataclass(frozen=True, slots=True)
class Held:
    """Fields of a difference that may not be brought about, why, and what would allow it."""

    fields: tuple[str, ...]
    need: Need
    reason: str


def allowed(difference: Difference, choices: Choices) -> tuple[Difference | None, list[Held]]:
    """Return as much of a ``differs`` as may be done, None if that is nothing, and what is held back."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    judge = _JUDGES.get(wanted.kind)
    held = [
        one
        for one in (judge(wanted.body, found.body) if judge else ())
        if not (choices.may_drop(wanted) if one.need == "drop" else choices.may_retype(wanted))
    ]
    body = dict(wanted.body)
    for one in held:
        for field in one.fields:
            body.pop(field, None)
            if field in found.body:
                body[field] = found.body[field]
    body |= _merged(wanted, found, choices, held)
    goal = Difference(Fact(wanted.kind, wanted.path, body), found)
    return (goal if goal.fields else None), held


def additive_privileges(fact: Fact) -> bool:
    """Tell whether having *fact* only gives: a revocation, or a default that revokes, takes something away."""
    return fact.kind != "revocation" and not (
        fact.kind == "default_privilege" and fact.body.get("revoked")
    )


def _column(new: Body, old: Body) -> Iterator[Held]:
    changed = [field for field in _TYPED if new.get(field) != old.get(field)]
    if changed:
        on_type = [field for field in _STANDS_ON_TYPE if new.get(field) != old.get(field)]
        reason = f"it is {_shown(old)} and should be {_shown(new)}: every value is converted, and the table may be written anew"
        yield Held((*changed, *on_type), "retype", reason)
    elif "identity" in new and "identity" not in old and "default" in old:
        yield Held(
            ("identity", "sequence", "default"),
            "drop",
            "its default would go, for an identity to take its place",
        )
    else:
        if "default" in old and "default" not in new and "identity" not in new:
            yield Held(
                ("default",),
                "drop",
                "it has a default that it should not have: inserts that leave the column out use it",
            )
        if "identity" in old and "identity" not in new:
            yield Held(
                ("identity", "sequence", "default"),
                "drop",
                "it is an identity column and should be none: inserts that leave it out use it",
            )
    if (
        old.get("not_null")
        and new.get("not_null") != old.get("not_null")
        and new.get("not_null") is not True
    ):
        yield Held(("not_null",), "drop", "it is NOT NULL and need not be")


def _table(new: Body, old: Body) -> Iterator[Held]:
    for field, words in (
        ("row_security", "row level security"),
        ("force_row_security", "row level security for its owner"),
    ):
        if old.get(field) and not new.get(field):
            yield Held(
                (field,),
                "drop",
                f"it has {words} and should not: without it everybody sees all rows",
            )


def _constraint(new: Body, old: Body) -> Iterator[Held]:
    changed = {key for key in {*new, *old} if new.get(key) != old.get(key)}
    if changed == {"not_valid"} and "not_valid" in new:
        yield Held(
            ("not_valid",),
            "drop",
            "it is proven, and need not be: nothing is gained by making it anew",
        )


def _enum(new: Body, old: Body) -> Iterator[Held]:
    if [label for label in new["labels"] if label in old["labels"]] != list(old["labels"]):
        yield Held(
            ("labels",), "retype", "labels are there that should not be, or stand in another order"
        )


def _domain(new: Body, old: Body) -> Iterator[Held]:
    changed = [field for field in ("type", "collation") if new.get(field) != old.get(field)]
    if changed:
        yield Held(
            (*changed, "default"), "retype", f"it is {old['type']} and should be {new['type']}"
        )
    for field, words in (("not_null", "NOT NULL"), ("default", "a default")):
        if field in old and field not in new and not changed:
            yield Held((field,), "drop", f"it has {words} and should not")


def _composite(new: Body, old: Body) -> Iterator[Held]:
    after = {attribute["name"]: attribute for attribute in new["attributes"]}
    if any(after.get(attribute["name"]) != attribute for attribute in old["attributes"]):
        yield Held(
            ("attributes",),
            "retype",
            "attributes are there that should not be, or have another type",
        )


def _range(new: Body, old: Body) -> Iterator[Held]:
    fields = tuple(key for key in sorted({*new, *old}) if new.get(key) != old.get(key))
    yield Held(fields, "retype", "a range type cannot be changed, only made anew")


_JUDGES: dict[str, Callable[[Body, Body], Iterator[Held]]] = {
    "column": _column,
    "table": _table,
    "foreign_table": _table,
    "constraint": _constraint,
    "enum": _enum,
    "domain": _domain,
    "composite": _composite,
    "range": _range,
}


def _merged(wanted: Fact, found: Fact, choices: Choices, held: list[Held]) -> dict[str, Any]:
    """Return the lists of which only the missing part may be added, and hold back what would be taken away."""
    if choices.may_drop(wanted):
        return {}
    merged: dict[str, Any] = {}
    for field, gives in _LISTS.get(wanted.kind, ()):
        new, old = wanted.body.get(field, []), found.body.get(field, [])
        kept, gone = (old, new) if gives else (new, old)
        excess = [item for item in kept if item not in gone]
        if excess:
            words = "more is granted than should be" if gives else "less is granted than by default"
            if wanted.kind == "publication":
                words = "more is published than should be"
            held.append(Held((field,), "drop", f"{words}: {', '.join(excess)}"))
        merged[field] = sorted({*new, *old} if gives else {*new} & {*old})
    return {field: items for field, items in merged.items() if items or field in wanted.body}


_LISTS: dict[str, tuple[tuple[str, bool], ...]] = {
    "grant": (("privileges", True),),
    "revocation": (("privileges", False),),
    "default_privilege": (("granted", True), ("revoked", False)),
    "publication": (("tables", True), ("schemas", True), ("operations", True)),
}
"""Lists by kind: those to which may be added (True), and those from which may be taken."""


def _shown(body: Body) -> str:
    parts = [str(body.get("type"))]
    if "collation" in body:
        parts.append(f"COLLATE {body['collation']}")
    if "generated" in body:
        parts.append(f"GENERATED AS ({body['generated']})")
    return " ".join(parts)
