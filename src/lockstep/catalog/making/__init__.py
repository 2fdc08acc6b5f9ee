"""From facts to SQL: what makes an object, changes it in place, or drops it; each with the question whether that is still to be done.

Everything here is pure. The order is that of ``in_order`` and, within the steps of many facts, of their phases: ``arranged``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact
from lockstep.catalog.making import (
    access,
    columns,
    comments,
    constraints,
    foreign,
    indexes,
    not_nulls,
    operators,
    others,
    routines,
    sequences,
    tables,
    text_search,
    triggers,
    types,
    views,
)
from lockstep.catalog.making.access import without_defaults
from lockstep.catalog.making.columns import column_definition
from lockstep.catalog.making.constraints import constraint_definition
from lockstep.catalog.making.dependents import dependents, must_drop
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.indexes import index_definition
from lockstep.catalog.making.order import in_order
from lockstep.catalog.making.retyping import widens
from lockstep.catalog.making.step import Step, Unchangeable

__all__ = [
    "Index",
    "Step",
    "Unchangeable",
    "arranged",
    "change",
    "column_definition",
    "constraint_definition",
    "create",
    "create_all",
    "dependents",
    "drop",
    "in_order",
    "index_definition",
    "must_drop",
    "widens",
    "without_defaults",
]

Create = Callable[[Fact, Index], list[Step]]
Change = Callable[[Difference, Index, Index], "list[Step] | Unchangeable"]
Drop = Callable[[Fact], list[Step]]


def create(fact: Fact, expected: Index) -> list[Step]:
    """Return the steps that make an object from nothing; a table comes with its columns."""
    return _KINDS[fact.kind][0](fact, expected)


def change(difference: Difference, expected: Index, live: Index) -> list[Step] | Unchangeable:
    """Return the steps that make an object that is there what it should be: in place, or else dropped and made anew."""
    return _KINDS[difference.fact.kind][1](difference, expected, live)


def drop(fact: Fact) -> list[Step]:
    """Return the step that drops an object, if nothing is built on it."""
    return _KINDS[fact.kind][2](fact)


def create_all(facts: Iterable[Fact], expected: Index) -> list[Step]:
    """Return the steps that make all of *facts*, in order; columns come with their tables where these are among them."""
    ordered = in_order(facts)
    made = {fact.path for fact in ordered if fact.kind in {"table", "foreign_table"}}
    single = [fact for fact in ordered if fact.kind != "column" or fact.path[:2] not in made]
    return arranged(step for fact in single for step in create(fact, expected))


def arranged(steps: Iterable[Step]) -> list[Step]:
    """Return *steps* by their phases, and otherwise as they came."""
    return sorted(steps, key=lambda step: step.phase)


def _unmade(fact: Fact, expected: Index) -> list[Step]:
    return []


def _unchanged(difference: Difference, expected: Index, live: Index) -> Unchangeable:
    return Unchangeable(
        f"Lockstep does not know how {difference.fact.path[0]} is made: write it by hand"
    )


def _undropped(fact: Fact) -> list[Step]:
    return []


def _no_change(difference: Difference, expected: Index, live: Index) -> list[Step]:
    return []


_TYPE: tuple[Create, Change, Drop] = (types.create_type, types.change_type, types.drop_type)
_TABLE: tuple[Create, Change, Drop] = (tables.create_table, tables.change_table, tables.drop_table)
_ROUTINE: tuple[Create, Change, Drop] = (
    routines.create_routine,
    routines.change_routine,
    routines.drop_routine,
)
_VIEW: tuple[Create, Change, Drop] = (views.create_view, views.change_view, views.drop_view)
_KINDS: dict[str, tuple[Create, Change, Drop]] = {
    "extension": (others.create_extension, others.change_extension, others.drop_extension),
    "schema": (others.create_schema, _no_change, others.drop_schema),
    "collation": (others.create_collation, others.change_collation, others.drop_collation),
    "enum": _TYPE,
    "domain": _TYPE,
    "domain_constraint": (
        constraints.create_domain_constraint,
        constraints.change_domain_constraint,
        constraints.drop_domain_constraint,
    ),
    "composite": _TYPE,
    "range": _TYPE,
    "sequence": (sequences.create_sequence, sequences.change_sequence, sequences.drop_sequence),
    "function": _ROUTINE,
    "procedure": _ROUTINE,
    "aggregate": (routines.create_aggregate, routines.change_aggregate, routines.drop_routine),
    "operator": (operators.create_operator, operators.change_operator, operators.drop_operator),
    "cast": (operators.create_cast, operators.change_cast, operators.drop_cast),
    "text_search_dictionary": (
        text_search.create_dictionary,
        text_search.change_dictionary,
        text_search.drop_dictionary,
    ),
    "text_search_configuration": (
        text_search.create_configuration,
        text_search.change_configuration,
        text_search.drop_configuration,
    ),
    "foreign_data_wrapper": (
        foreign.create_wrapper,
        foreign.change_wrapper,
        foreign.drop_wrapper,
    ),
    "server": (foreign.create_server, foreign.change_server, foreign.drop_server),
    "table": _TABLE,
    "foreign_table": _TABLE,
    "column": (columns.create_column, columns.change_column, columns.drop_column),
    "constraint": (
        constraints.create_constraint,
        constraints.change_constraint,
        constraints.drop_constraint,
    ),
    "index": (indexes.create_index, indexes.change_index, indexes.drop_index),
    "view": _VIEW,
    "matview": _VIEW,
    "rule": (views.create_rule, views.change_rule, views.drop_rule),
    "trigger": (triggers.create_trigger, triggers.change_trigger, triggers.drop_trigger),
    "policy": (triggers.create_policy, triggers.change_policy, triggers.drop_policy),
    "statistics": (indexes.create_statistics, indexes.change_statistics, indexes.drop_statistics),
    "publication": (
        others.create_publication,
        others.change_publication,
        others.drop_publication,
    ),
    "event_trigger": (
        triggers.create_event_trigger,
        triggers.change_event_trigger,
        triggers.drop_event_trigger,
    ),
    "default_privilege": (
        access.create_default_privilege,
        access.change_default_privilege,
        access.drop_default_privilege,
    ),
    "grant": (access.create_grant, access.change_grant, access.drop_grant),
    "revocation": (access.create_revocation, access.change_grant, access.drop_revocation),
    "maintain": (access.create_maintain, _no_change, access.drop_maintain),
    "not_null": (not_nulls.create_not_null, not_nulls.change_not_null, not_nulls.drop_not_null),
    "comment": (comments.create_comment, comments.change_comment, comments.drop_comment),
    "other": (_unmade, _unchanged, _undropped),
}
