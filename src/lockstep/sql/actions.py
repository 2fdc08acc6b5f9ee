"""From a statement to its actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockstep.sql.action import Action
from lockstep.sql.altered import (
    alter_domain,
    alter_enum,
    alter_publication,
    alter_sequence,
    alter_table,
)
from lockstep.sql.bodies import inner_statements
from lockstep.sql.created import CREATED
from lockstep.sql.data import DATA
from lockstep.sql.defined import DEFINED
from lockstep.sql.dropped import DROPPED
from lockstep.sql.parser import Statement
from lockstep.sql.state import State
from lockstep.sql.tree import Node, constant

Maker = Callable[[Node, State], Iterator[Action]]


def actions_of(statement: Statement, state: State) -> Iterator[Action]:
    """Yield what *statement* does, names resolved as *state* has them at that moment; nothing for what need not be judged.

    A DO block's later statements see what its earlier ones made only if each action is applied before the next is asked for.
    """
    if statement.kind == "DoStmt":
        return _block(statement, state)
    make = _MAKERS.get(statement.kind)
    if make is None:
        return iter(())
    if not statement.tree:
        return iter((Action("opaque", "opaque", ("function", "", "a very long statement", "*")),))
    return make(statement.tree, state)


def _block(statement: Statement, state: State) -> Iterator[Action]:
    inner = inner_statements(statement)
    if inner is None:
        yield Action("opaque", "opaque", ("function", "", "DO", "*"), node=statement.tree)
        return
    for one in inner:
        if not one.statement.kind:
            key = ("function", "", "EXECUTE", "*")
            yield Action(
                "opaque",
                "opaque",
                key,
                guarded=one.guarded,
                line=one.line,
                node={"condition": one.condition},
            )
            continue
        for action in actions_of(one.statement, state):
            branch = one.condition if one.guarded in {"if", "unclear"} else ""
            block = one.statement.kind == "DoStmt"  # of one in it the place is not known
            located = one.statement if one.located and not block else None
            yield action._replace(guarded=one.guarded, branch=branch, line=one.line, inner=located)


def _set(tree: Node, state: State) -> Iterator[Action]:
    if tree.get("name") == "search_path" and "args" not in tree:
        state.path = ("",)  # RESET, SET ... TO DEFAULT
    elif tree.get("name") == "search_path":
        values = [constant(item) or "" for item in tree.get("args", ())]
        names = [part.strip() for value in values for part in value.split(",") if part.strip()]
        state.set_path(tuple(names))
    return iter(())


_MAKERS: dict[str, Maker] = {
    **CREATED,
    **DEFINED,
    **DROPPED,
    **DATA,
    "AlterTableStmt": alter_table,
    "AlterEnumStmt": alter_enum,
    "AlterDomainStmt": alter_domain,
    "AlterPublicationStmt": alter_publication,
    "AlterSeqStmt": alter_sequence,
    "VariableSetStmt": _set,
}
