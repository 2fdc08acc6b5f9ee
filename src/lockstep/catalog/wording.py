"""Differences in words: for people, in logs and refusals."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from lockstep.catalog.compare import Difference

_KINDS = {
    "matview": "materialized view",
    "default_privilege": "default privilege",
    "domain_constraint": "domain constraint",
    "event_trigger": "event trigger",
    "foreign_table": "foreign table",
}
_WORDS = {"missing": "missing", "differs": "different", "extra": "extra"}


def sentence(difference: Difference) -> str:
    """Return one difference in a sentence, with what is expected and what was found."""
    name = difference.name
    if difference.what == "missing":
        return f"{name} is missing: expected {text_of(difference.fact.body)}"
    if difference.what == "extra":
        return f"{name} is more than expected"
    assert difference.expected is not None
    assert difference.live is not None
    parts = [
        f"{field} is {_value(difference.live.body.get(field))}, expected {_value(difference.expected.body.get(field))}"
        for field in difference.fields
    ]
    return f"{name} differs: " + "; ".join(parts)


def counts(differences: Iterable[Difference]) -> tuple[str, ...]:
    """Return how many there are of each sort, such as ``2 missing columns``; the most frequent first."""
    found = Counter((_WORDS[each.what], each.fact.kind) for each in differences)
    return tuple(
        f"{count} {what} {plural(kind, count)}" for (what, kind), count in found.most_common()
    )


def plural(kind: str, count: int) -> str:
    """Return a kind of object in as many words as people use, in the plural unless there is one."""
    word = _KINDS.get(kind, kind)
    if count == 1 or word.endswith("s"):
        return word
    if word.endswith("y"):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith("x") else "s")


def text_of(value: object) -> str:
    """Return a value of a fact as it stands in its line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _value(value: object) -> str:
    return "not set" if value is None else text_of(value)
