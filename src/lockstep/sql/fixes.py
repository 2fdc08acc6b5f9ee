"""What ``--fix`` inserts: the one-token form where PostgreSQL has one, else a guard around the statement.

Nothing is taken away or moved: comments and layout survive byte for byte. A guard is a DO block that asks the catalogs whether
there is anything left to do; inside of it the statement is the text that was there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockstep.sql.action import Action
from lockstep.sql.data import unique_keys
from lockstep.sql.finding import Edit
from lockstep.sql.objects import Key, exists, literal, qualified, quoted
from lockstep.sql.parser import Statement
from lockstep.sql.rerun import Trouble
from lockstep.sql.rows import first_row
from lockstep.sql.state import State
from lockstep.sql.tokens import Token, scan
from lockstep.sql.transactions import must_run_alone
from lockstep.values import dataclass

_TAG = "$lockstep$"
_NO_VALUE = {"SelectStmt"}
_WORDS = {
    "converts": "what the conversion makes of already converted values, only its author knows",
    "rows": "which rows are meant, only their author knows: give the table a unique key and name it in ON CONFLICT",
    "relative": "which rows are done already, only its author knows: exclude them in WHERE",
    "opaque": "what is called here, or put together at run time, is not known before it runs",
    "duplicate": "it needs a name first",
    "lost": "another statement of the file undoes it",
    "back": "another statement of the file undoes it",
    "differs": "which of the two definitions is meant, only their author knows",
    "emptied": "whether what it holds may be lost, only its author knows",
    "namesake": "which table is meant, only its author knows",
    "frozen": "which moment is meant, only its author knows",
    "early": "a new value can be used only after its transaction: split the file",
    "used": "what depends on it must be dropped first, above it",
}
_UNIQUE_SUFFIX = {"check": "check", "foreign key": "fkey", "unique": "key", "exclusion": "excl"}


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that make a statement safe to repeat, or the reason why there are none."""

    edits: tuple[Edit, ...] = ()
    unfixable: str = ""


class _Unfixable(Exception):
    pass


def fix_of(
    statement: Statement,
    actions: Sequence[Action],
    pairs: Sequence[tuple[Action, Trouble]],
    state: State,
) -> Fix:
    """Return how to make *statement*, which does *actions*, safe to repeat: for all that is wrong with it at once."""
    made = [action.key for action in actions if action.verb == "create"]
    try:
        return Fix(tuple(_edits(statement, made, pairs, state)))
    except _Unfixable as reason:
        return Fix((), str(reason))


def _edits(
    statement: Statement,
    made: Sequence[Key],
    pairs: Sequence[tuple[Action, Trouble]],
    state: State,
) -> Iterator[Edit]:
    if any(action.line and not action.inner for action, _ in pairs):
        raise _Unfixable(
            "it stands in a DO block: guard it there with IF, or catch the right error"
        )
    tokens = scan(statement.text)
    inserts: list[Edit] = []
    undone: list[str] = []
    needed: list[str] = []
    for action, trouble in pairs:
        insert = _insertion(statement, tokens, action, trouble, state)
        if insert is not None:
            inserts.append(insert)
            continue
        if alone := must_run_alone(statement):
            raise _Unfixable(f"{alone} cannot stand in a DO block")
        if trouble.reason == "needs":
            needed.append(_condition(trouble.key, state))
        elif trouble.reason == "lost" and made:
            # It drops what it makes anew only together with something that is there already: all or nothing.
            undone += [f"NOT {_condition(key, state)}" for key in made]
        else:
            undone.append(_not_done(statement, action, trouble, state))
            name = _naming(statement, tokens, action, trouble)
            if name is not None:
                inserts.append(name)
    if not (undone or needed):
        yield from inserts
        return
    conditions = [*dict.fromkeys(needed)]
    if undone:
        undone = [*dict.fromkeys(undone)]
        conditions.append(undone[0] if len(undone) == 1 else "(" + " OR ".join(undone) + ")")
    in_block = any(action.inner for action, _ in pairs)
    yield from _guarded(statement, inserts, " AND ".join(conditions), in_block=in_block)


def _guarded(
    statement: Statement, inserts: Sequence[Edit], condition: str, *, in_block: bool
) -> Iterator[Edit]:
    if statement.kind in _NO_VALUE:
        raise _Unfixable("a query's result has nowhere to go in a DO block")
    if _TAG in statement.text:
        raise _Unfixable("it holds the guard's own quotes")
    start = statement.offset
    end = start + max(token.end for token in scan(statement.text) if not token.comment)
    if in_block:
        opening, closing = f"IF {condition} THEN\n", ";\nEND IF"
    else:
        # FOUND is a variable in every block; a column of that name is what the statement means.
        option = "\n#variable_conflict use_column\n" if "found" in statement.text.lower() else ""
        opening = f"DO {_TAG} {option}BEGIN IF {condition} THEN\n"
        closing = f";\nEND IF; END {_TAG}"
    yield Edit(start, opening)
    yield from inserts
    yield Edit(end, closing)


def _insertion(
    statement: Statement, tokens: Sequence[Token], action: Action, trouble: Trouble, state: State
) -> Edit | None:
    """Return the one-token form, None where a guard is needed."""
    if trouble.reason == "rows" and action.rule == "insert":
        return _conflict_clause(statement, tokens, action, trouble, state)
    if action.rule == "unnamed-index" and trouble.reason == "duplicate":
        return _naming(statement, tokens, action, trouble)
    if trouble.reason not in {"exists", "missing"} or not action.words or action.verb == "rename":
        return None
    if action.rule == "create-trigger" and state.server < 14:
        return None
    spans = part_spans(statement)
    first, last = (
        spans[action.part]
        if len(spans) > 1
        else (statement.offset, statement.offset + len(statement.text))
    )
    at = _behind(action.words, [t for t in tokens if first <= statement.offset + t.start < last])
    return Edit(statement.offset + at, action.token) if at else None


def _behind(words: Sequence[str], tokens: Sequence[Token]) -> int:
    """Return where the keywords *words* end: the first of them anywhere, the others (optional with ``?``) right behind it."""
    keywords = [token for token in tokens if not token.comment]
    for index, token in enumerate(keywords):
        if token.keyword not in words[0].split("|"):
            continue
        end = token.end
        for offset, word in enumerate(words[1:], 1):
            follows = keywords[index + offset] if index + offset < len(keywords) else None
            if follows is not None and follows.keyword == word.rstrip("?"):
                end = follows.end
        return end
    return 0


def _conflict_clause(
    statement: Statement, tokens: Sequence[Token], action: Action, trouble: Trouble, state: State
) -> Edit | None:
    """Return ON CONFLICT over the key that the rows bear, None if they bear none."""
    if trouble.detail not in {"insert", "insert-query"}:
        raise _Unfixable(_WORDS["relative" if trouble.detail == "relative" else "rows"])
    if action.node is not statement.tree:
        raise _Unfixable("it is part of a larger statement")
    if not trouble.arbiter:
        return None
    # Where rows may conflict over several keys, naming one of them would let the others fail.
    several = len(unique_keys(trouble.key, state)) > 1
    target = f" ({', '.join(quoted(column) for column in trouble.arbiter[0])})" * (not several)
    clause = f" ON CONFLICT{target} DO NOTHING"
    returning = [t for t in tokens if t.keyword == "RETURNING"]
    real = [t for t in tokens if not t.comment]
    if returning:
        before = [t for t in real if t.end <= returning[-1].start]
        return Edit(statement.offset + before[-1].end, clause)
    return Edit(statement.offset + real[-1].end, clause)


def _row_missing(statement: Statement, action: Action, state: State) -> str:
    """Return the condition that the first of an INSERT's rows is not there."""
    types = {key[3]: thing.fact("type", "") for key, thing in state.parts(action.key, "column")}
    row = {
        column: text
        for column, text in first_row(action.node, action.key, state).items()
        if types.get(column, "") in _COMPARABLE and len(text) <= _LONGEST_VALUE
    }
    if not row or "returningList" in action.node:
        raise _Unfixable(_WORDS["rows"])
    _, schema, table = state.spelled(action.key)
    tests = " AND ".join(f"{quoted(column)} = {literal(text)}" for column, text in row.items())
    return f"NOT EXISTS (SELECT 1 FROM {qualified(schema, table)} WHERE {tests})"


_LONGEST_VALUE = 200
_COMPARABLE = frozenset(
    [
        "bigint",
        "boolean",
        "character",
        "character varying",
        "citext",
        "date",
        "integer",
        "numeric",
        "smallint",
        "text",
        "timestamp with time zone",
        "timestamp without time zone",
        "uuid",
    ]
)


def _naming(
    statement: Statement, tokens: Sequence[Token], action: Action, trouble: Trouble
) -> Edit | None:
    """Return the name that an unnamed object gets in the text: the one that PostgreSQL has given it."""
    if trouble.reason != "duplicate":
        return None
    name = quoted(trouble.key[-1])
    if action.rule == "unnamed-index":
        at = _behind(("INDEX", "CONCURRENTLY?"), tokens)
        return Edit(statement.offset + at, f" IF NOT EXISTS {name}")
    if action.rule == "unnamed-constraint":
        spans = part_spans(statement)
        first, last = (
            spans[action.part]
            if len(spans) > 1
            else (statement.offset, statement.offset + len(statement.text))
        )
        inside = [t for t in tokens if first <= statement.offset + t.start < last]
        at = _behind(("ADD",), inside)
        return Edit(statement.offset + at, f" CONSTRAINT {name}")
    if action.rule == "domain-constraint":
        return Edit(statement.offset + _behind(("ADD",), tokens), f" CONSTRAINT {name}")
    raise _Unfixable(_WORDS["duplicate"])


def _not_done(statement: Statement, action: Action, trouble: Trouble, state: State) -> str:
    """Return the condition under which there is something left to do."""
    if (
        trouble.reason == "converts" and action.rule == "alter-column-type"
    ) or trouble.detail == "type":
        return _other_type(action, state)
    if trouble.reason == "rows" and action.rule == "insert":
        return _row_missing(statement, action, state)
    if trouble.reason == "retyped":
        return _has_type(trouble.key, trouble.detail, "=", state)
    if trouble.reason not in {"exists", "missing", "duplicate"}:
        raise _Unfixable(
            _WORDS.get(trouble.detail) or _WORDS.get(trouble.reason, "it has no guard")
        )
    if action.verb == "rename":
        return f"{_condition(action.key, state)} AND NOT {_condition(action.to, state)}"
    if action.verb == "drop":
        return _condition(action.key, state)
    if action.thing.kind == "shell type":
        raise _Unfixable("no catalog tells simply whether this shell type exists")
    key = trouble.key
    if action.thing.kind == "primary key":
        key = ("primary key", *key[1:3])  # whatever it is called: a table has one
    return f"NOT {_condition(key, state)}"


def _condition(key: Key, state: State) -> str:
    condition = exists(state.spelled(key))
    if not condition:
        raise _Unfixable(f"no catalog tells simply whether this {key[0]} exists")
    return (
        f"({condition})"
        if " IS NOT NULL" in condition and not condition.startswith("EXISTS")
        else condition
    )


def _other_type(action: Action, state: State) -> str:
    old, new = action.node.get("old_type", ""), action.thing.fact("type", "")
    if not old or old == new:
        raise _Unfixable(_WORDS["converts"])
    return _has_type(action.key, new, "<>", state)


def _has_type(column: Key, type_: str, operator: str, state: State) -> str:
    _, schema, table, name = state.spelled(column)
    relation = exists(("relation", schema, table)).removesuffix(" IS NOT NULL")
    return (
        f"EXISTS (SELECT 1 FROM pg_catalog.pg_attribute WHERE attrelid = {relation} AND attname = {literal(name)}"
        f" AND atttypid {operator} pg_catalog.to_regtype({literal(_regtype(type_))}))"
    )


def _regtype(type_: str) -> str:
    """Return a type's name as ``to_regtype`` reads it: what PostgreSQL calls itself stays, other names are quoted."""
    base, brackets = type_.removesuffix("[]"), "[]" * type_.endswith("[]")
    if " " in base:
        return type_
    return qualified(*base.split(".")) + brackets


def part_spans(statement: Statement) -> list[tuple[int, int]]:
    """Return where each command of an ALTER TABLE begins and ends, in characters of the file."""
    if statement.kind != "AlterTableStmt":
        return []
    tokens = [token for token in scan(statement.text) if not token.comment]
    depth, spans = 0, []
    begun = _first_command(tokens)
    if begun is None:
        return []
    start = tokens[begun].start
    before = start
    for token in tokens[begun:]:
        if token.text in "([":
            depth += 1
        elif token.text in ")]":
            depth -= 1
        elif token.text == "," and depth == 0:
            spans.append((statement.offset + start, statement.offset + before))
            start = token.end
        before = token.end
    spans.append((statement.offset + start, statement.offset + before))
    return [(first + _blank(statement, first), last) for first, last in spans]


def _blank(statement: Statement, at: int) -> int:
    rest = statement.text[at - statement.offset :]
    return len(rest) - len(rest.lstrip())


def _first_command(tokens: Sequence[Token]) -> int | None:
    """Return the index of the token behind the table's name: ALTER TABLE [IF EXISTS] [ONLY] name [*] <here>."""
    index = 0
    words = {
        "ALTER",
        "FOREIGN",
        "MATERIALIZED",
        "TABLE",
        "VIEW",
        "INDEX",
        "SEQUENCE",
        "TYPE",
        "IF",
        "EXISTS",
        "ONLY",
    }
    while index < len(tokens) and tokens[index].keyword in words:
        index += 1
    index += 1
    while index + 1 < len(tokens) and tokens[index].text == ".":
        index += 2
    if index < len(tokens) and tokens[index].text == "*":
        index += 1
    return index if index < len(tokens) else None
