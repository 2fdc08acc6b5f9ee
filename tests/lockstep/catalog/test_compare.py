"""Two snapshots are compared object by object and field by field, without a database."""

from __future__ import annotations

from lockstep.catalog.compare import compare
from lockstep.catalog.fact import Fact
from lockstep.catalog.shorthand import UNREAD
from lockstep.catalog.snapshot import Snapshot

UNKNOWN = UNREAD.encode().decode("unicode_escape")


def _snapshot(*facts: Fact) -> Snapshot:
    return Snapshot(fact.line() for fact in facts)


def _column(name: str, **body: object) -> Fact:
    return Fact("column", ("app", "t", name), body)


def test_what_is_missing_differs_or_is_more() -> None:
    """Each difference says which sort it is, of which object, and in which fields; tables come before their columns."""
    table = Fact("table", ("app", "t"), {})
    expected = _snapshot(_column("a", type="text"), _column("b", type="text"), table)
    live = _snapshot(_column("b", type="integer", not_null=True), _column("c", type="text"))
    found = compare(expected, live)
    assert [(each.name, each.what, each.fields) for each in found.differences] == [
        ("table app.t", "missing", ()),
        ("column app.t.a", "missing", ()),
        ("column app.t.b", "differs", ("not_null", "type")),
        ("column app.t.c", "extra", ()),
    ]
    assert [each.name for each in found.of("missing", "extra")] == ["table app.t", "column app.t.a", "column app.t.c"]  # fmt: skip


def test_order_is_no_difference() -> None:
    """The same lines in another order are the same schema, with the same fingerprint."""
    one = _snapshot(_column("a", type="text"), _column("b", type="text"))
    other = Snapshot(reversed(one.lines))
    assert compare(one, other).differences == ()
    assert one.fingerprint == other.fingerprint


def test_what_was_not_read_differs_from_nothing() -> None:
    """An unread text hides no other field of its object, no missing object, and is told; whichever side it is on."""
    whole = _column("a", generated="(b || 'x')", type="text")
    unread = _column("a", generated=UNKNOWN, type="text")
    changed = _column("a", generated=UNKNOWN, type="integer")
    assert compare(_snapshot(whole), _snapshot(unread)).differences == ()
    assert compare(_snapshot(whole), _snapshot(unread)).unread == (unread,)
    assert compare(_snapshot(unread), _snapshot(whole)).differences == ()
    (difference,) = compare(_snapshot(whole), _snapshot(changed)).differences
    assert difference.fields == ("type",)
    assert [each.what for each in compare(_snapshot(), _snapshot(unread)).differences] == ["extra"]
