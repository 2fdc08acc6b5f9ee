"""What is dangerous about a statement on a database that is in use: an effect on a relation that others use meanwhile.

The locks and the work are declared in ``effects``; here is decided which of them hurt. A lock that is held only for a moment
is none of them: the runner's lock timeout is for those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from lockstep.sql.action import Action
from lockstep.sql.actions import actions_of
from lockstep.sql.bodies import inner_statements, line_starts
from lockstep.sql.data import unique_keys
from lockstep.sql.effect import Context, Effect, Lock, Work, blocks, stronger, strongest
from lockstep.sql.effects import effects_of
from lockstep.sql.finding import Finding
from lockstep.sql.fixes import part_spans
from lockstep.sql.followed import follow
from lockstep.sql.objects import Key, shown, truncated
from lockstep.sql.parser import Statement
from lockstep.sql.rule import rules
from lockstep.sql.state import State
from lockstep.sql.transactions import must_run_alone, transaction_control
from lockstep.sql.tree import Node, constant, only, relation_name, relations_in, strings

_NO_TRANSACTION = re.compile(r"^--[ \t]*lockstep:[ \t]*no-transaction\b", re.MULTILINE)
_REPAIR = re.compile(r"^--[ \t]*lockstep:[ \t]*repair\b", re.MULTILINE)

_FAILS = {"concurrent-index-on-partitioned", "column-type-under-view"}
"""What fails on a table that nobody uses, too."""
_MOST_NAMED = 3


class Hazard(NamedTuple):
    """A dangerous effect; ``partners`` are the other relations that the statement locks, and how."""

    rule: str
    effect: Effect
    partners: tuple[tuple[Key, Lock], ...] = ()


def _hazards(statement: Statement, effects: Sequence[Effect], context: Context) -> Iterator[Hazard]:
    locks = strongest(effects) if len(effects) > 1 else {}
    seen: set[tuple[str, Key, Key]] = set()
    for effect in effects:
        if not effect.hazard:
            continue
        what = (effect.hazard, effect.relation, effect.subject)
        unused = _made(effect.relation, context) and effect.hazard not in _FAILS
        if what not in seen and not unused:
            seen.add(what)
            yield Hazard(effect.hazard, effect, _partners(effect, locks))
    if "validate-in-same-transaction" not in {rule for rule, _, _ in seen}:
        yield from _under_a_lock(statement, effects, context)


def _partners(
    effect: Effect, locks: Mapping[Key, tuple[Lock, Work]]
) -> tuple[tuple[Key, Lock], ...]:
    strong = ("ShareRowExclusiveLock", "AccessExclusiveLock")
    if effect.relation[0] != "relation":
        return ()
    others = ((k, lock) for k, (lock, _) in locks.items() if k != effect.relation)
    return tuple(islice((one for one in others if one[1] in strong), _MOST_NAMED + 1))


def _made(relation: Key, context: Context) -> bool:
    return relation in context.made or ("relation", "pg_temp", relation[-1]) in context.made


def _under_a_lock(
    statement: Statement, effects: Sequence[Effect], context: Context
) -> Iterator[Hazard]:
    """Yield the lock of an earlier statement under which this one works for long, unless it takes one there itself."""
    if not context.held:
        return
    own = {e.relation for e in effects if e.lock == "AccessExclusiveLock" or e.work != "none"}
    held = (
        relation
        for relation, lock in context.held.items()
        if lock == "AccessExclusiveLock"
        and relation not in own
        and context.state.exists(relation) is not False
    )
    for effect in effects:
        works = effect.work != "none" or _writes_many(statement, context)
        first = next(held, None) if works and not _made(effect.relation, context) else None
        if first is not None:
            words = shown(effect.relation)
            found = Effect(
                first,
                "AccessExclusiveLock",
                effect.work,
                detail=words,
                part=effect.part,
                line=effect.line,
            )
            yield Hazard("exclusive-lock-held", found)
            return


def _writes_many(statement: Statement, context: Context) -> bool:
    """True for INSERT ... SELECT from tables in use, and for UPDATE and DELETE of more than a row by its key."""
    tree = statement.tree
    if statement.kind == "InsertStmt":
        read = relations_in(tree.get("selectStmt", {}))
        keys = (context.state.key("relation", relation_name(node)) for node in read)
        return any(not _made(key, context) for key in keys)
    if statement.kind not in {"UpdateStmt", "DeleteStmt"}:
        return False
    table = context.state.key("relation", relation_name(tree["relation"]))
    given = set(_given(tree.get("whereClause")))
    return not any(set(key) <= given for key in unique_keys(table, context.state))


def _given(condition: Node | None) -> Iterator[str]:
    """Yield the columns that a condition sets equal to constants."""
    kind, fields = only(condition or {})
    if kind == "BoolExpr" and fields.get("boolop") == "AND_EXPR":
        for part in fields.get("args", ()):
            yield from _given(part)
    elif kind == "A_Expr" and strings(fields.get("name")) == ("=",):
        left, right = fields.get("lexpr", {}), fields.get("rexpr", {})
        constants = right["List"]["items"] if "List" in right else [right]
        if "ColumnRef" in left and all(constant(one) is not None for one in constants):
            yield strings(left["ColumnRef"].get("fields"))[-1]


def in_transaction(text: str) -> bool:
    """False if a file's header says that it runs statement by statement."""
    return "lockstep:" not in text or not _NO_TRANSACTION.search(text)


def is_repair(text: str) -> bool:
    """True if a file's header says that it brings strayed databases back."""
    return "lockstep:" in text and _REPAIR.search(text) is not None


class FileHazards:
    """Follows a file statement by statement, and gathers what is dangerous."""

    def __init__(self, state: State, statements: Iterable[Statement], *, transaction: bool) -> None:
        self._state = state
        self._transaction = transaction and not any(map(must_run_alone, statements))
        self._made: set[Key] = set()
        self._held: dict[Key, Lock] = {}
        self._unproven: set[Key] = set()
        self._utc = False
        self._told = False
        self._found: list[tuple[Statement, Hazard]] = []

    def before(self, statement: Statement) -> None:
        """Judge a statement that is about to run."""
        context = Context(
            self._state, self._made, self._transaction, self._held, self._unproven, self._utc
        )
        effects = effects_of(statement, context)
        for hazard in _hazards(statement, effects, context) if effects else ():
            if hazard.rule != "exclusive-lock-held" or not self._told:
                self._found.append((statement, hazard))
            self._told = self._told or hazard.rule == "exclusive-lock-held"
        if transaction_control(statement).startswith(("COMMIT", "ROLLBACK")):
            self._held, self._unproven, self._told = {}, set(), False
        elif self._transaction:
            self._hold(effects, context)
            self._unproven.update(_unproven(statement, self._state))
        self._made.update(_makes(statement, self._state))
        self._utc = _utc(statement, self._utc)

    def _hold(self, effects: Iterable[Effect], context: Context) -> None:
        for effect in effects:
            relation = effect.relation
            if relation[0] == "relation" and not _made(relation, context):
                self._held[relation] = stronger(effect.lock, self._held.get(relation))

    def after(self, statement: Statement, actions: Iterable[Action]) -> None:
        """Take note of what the statement did."""
        for action in actions:
            if action.verb == "rename" and action.key[0] == "relation":
                (self._made.add if action.key in self._made else self._made.discard)(action.to)
            elif action.verb == "rename":
                self._made.add(_whole(action.to))  # nobody uses it by that name
        follow(statement, self._state)

    def findings(self) -> Iterator[Finding]:
        """Yield the findings, now that it is known what the file leaves behind."""
        for statement, hazard in self._found:
            remade = hazard.rule.startswith("breaking") and self._state.exists(
                hazard.effect.subject
            )
            if not remade:
                yield _finding(statement, hazard)


def _makes(statement: Statement, state: State) -> Iterator[Key]:
    """Yield the relations, types, functions and schemas that a statement makes, if they are not there yet."""
    tree = statement.tree
    if statement.kind == "DoStmt":
        for inner in inner_statements(statement) or ():
            yield from _makes(inner.statement, state)
        return
    named = _NAMED.get(statement.kind)
    node = named(tree) if named else None
    if node:
        if node.get("relpersistence") == "t":
            yield ("relation", "pg_temp", truncated(node["relname"]))
            return
        key = state.new_key("relation", relation_name(node))
        if not state.exists(key):
            yield key
        return
    for action in actions_of(statement, state) if statement.kind in _CALLED else ():
        if not state.exists(_whole(action.key)):
            yield _whole(action.key)


_NAMED: dict[str, Callable[[Node], Node | None]] = {
    "CreateStmt": lambda tree: tree.get("relation"),
    "CreateForeignTableStmt": lambda tree: tree.get("base", {}).get("relation"),
    "CreateTableAsStmt": lambda tree: tree.get("into", {}).get("rel"),
    "SelectStmt": lambda tree: tree.get("intoClause", {}).get("rel"),
    "ViewStmt": lambda tree: tree.get("view"),
    "CreateSeqStmt": lambda tree: tree.get("sequence"),
    "IndexStmt": lambda tree: {"relname": tree["idxname"]} if tree.get("idxname") else None,
}
"""Where a statement that makes a relation names it."""


def _whole(key: Key) -> Key:
    """Return the key of all functions of a name for one of them, else *key* itself."""
    return (*key[:-1], "*") if key[0] == "function" else key


_CALLED = {
    "CompositeTypeStmt",
    "CreateDomainStmt",
    "CreateEnumStmt",
    "CreateFunctionStmt",
    "CreateRangeStmt",
    "CreateSchemaStmt",
    "DefineStmt",
}


def _unproven(statement: Statement, state: State) -> Iterator[Key]:
    if statement.kind == "DoStmt":
        for inner in inner_statements(statement) or ():
            yield from _unproven(inner.statement, state)
    elif statement.kind == "AlterTableStmt" and "relation" in statement.tree:
        table = state.key("relation", relation_name(statement.tree["relation"]))
        for item in statement.tree.get("cmds", ()):
            node = item["AlterTableCmd"].get("def", {}).get("Constraint", {})
            if node.get("skip_validation") and node.get("conname"):
                yield ("constraint", *table[1:], truncated(node["conname"]))


def _utc(statement: Statement, now: bool) -> bool:
    if statement.kind != "VariableSetStmt" or str(statement.tree.get("name")).lower() != "timezone":
        return now
    values = [constant(item) for item in statement.tree.get("args", ())]
    return [str(value).upper() for value in values] == ["UTC"]


def _finding(statement: Statement, hazard: Hazard) -> Finding:
    rule, effect = rules()[hazard.rule], hazard.effect
    message = rule.message.format(
        name=shown(effect.subject or effect.relation),
        detail=effect.detail,
        lock=effect.lock,
        blocks=blocks(effect.lock),
    )
    named = [f"{shown(key)} ({lock})" for key, lock in hazard.partners[:_MOST_NAMED]]
    others = ", ".join(named) + " and more" * (len(named) < len(hazard.partners))
    start, end = _span(statement, effect)
    return Finding(
        rule.name,
        rule.kind,
        rule.severity,
        f"{message}; it also locks {others}" if others else message,
        rule.workaround,
        start,
        end,
        (),
        "the safe way takes several statements, and often several releases",
    )


def _span(statement: Statement, effect: Effect) -> tuple[int, int]:
    end = statement.offset + len(statement.text)
    if effect.line:
        lines = line_starts(statement)
        return (lines[min(effect.line, len(lines)) - 1], end)
    if len(statement.tree.get("cmds", ())) > 1:
        parts = part_spans(statement)
        if effect.part < len(parts):
            return parts[effect.part]
    return (statement.offset, end)
