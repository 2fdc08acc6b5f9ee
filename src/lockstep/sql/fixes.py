"""What ``--fix`` inserts: the one-token form where PostgreSQL has one, else a guard around the statement.

Nothing is taken away or moved: comments and layout survive byte for byte. A guard is a DO block that asks the catalogs whether
there is anything left to do; inside of it the statement is the text that was there.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

from lockstep.sql.action import Action
from lockstep.sql.data import inserted_columns, unique_keys
from lockstep.sql.finding import Edit
from lockstep.sql.guards import REASONS, Unfixable, not_done, there
from lockstep.sql.objects import Key, quoted
from lockstep.sql.parser import Statement
from lockstep.sql.rerun import Trouble
from lockstep.sql.state import State
from lockstep.sql.tokens import Token, scan
from lockstep.sql.transactions import client_copy, must_run_alone
from lockstep.values import dataclass

_TAG = "$lockstep$"
_NO_VALUE = {"SelectStmt"}


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that make a statement safe to repeat, or the reason why there are none."""

    edits: tuple[Edit, ...] = ()
    unfixable: str = ""


_STOPS = {"needs", "retyped"}


def fix_of(
    statement: Statement,
    actions: Sequence[Action],
    pairs: Sequence[tuple[Action, Trouble]],
    state: State,
) -> Fix:
    """Return how to make *statement*, which does *actions*, safe to repeat: for all that is wrong with it at once."""
    made = [action.key for action in actions if action.verb == "create"]
    taken = [action.key for action in actions if action.verb == "drop"]
    try:
        return Fix(tuple(_edits(statement, (made, taken), pairs, state)))
    except Unfixable as reason:
        return Fix((), str(reason))


def _edits(
    statement: Statement,
    keys: tuple[Sequence[Key], Sequence[Key]],
    pairs: Sequence[tuple[Action, Trouble]],
    state: State,
) -> Iterator[Edit]:
    if any(action.line and not action.inner for action, _ in pairs):
        raise Unfixable("it stands in a DO block: guard it there with IF, or catch the right error")
    if any(trouble.reason in _STOPS for _, trouble in pairs):
        # A statement that is passed over the second time adds no rows and converts nothing.
        pairs = [pair for pair in pairs if pair[1].reason not in {"rows", "converts", "opaque"}]
    tokens = scan(statement.text)
    inserts: list[Edit] = []
    undone: list[str] = []
    needed: list[str] = []
    for action, trouble in pairs:
        insert = _insertion(statement, tokens, action, trouble, state)
        if insert is not None:
            inserts.append(insert)
        elif alone := must_run_alone(statement):
            raise Unfixable(f"{alone} cannot stand in a DO block")
        elif trouble.reason == "needs":
            needed.append(there(trouble.key, state))
        else:
            undone += _undone(*keys, action, trouble, state)
            inserts += _naming(statement, tokens, action, trouble)
    condition = _combined(needed, undone)
    if condition:
        in_block = any(action.inner for action, _ in pairs)
        yield from _guarded(statement, inserts, condition, in_block=in_block)
    else:
        yield from inserts


def _undone(
    made: Sequence[Key], taken: Sequence[Key], action: Action, trouble: Trouble, state: State
) -> list[str]:
    if trouble.reason == "lost" and action.guarded:
        raise Unfixable(REASONS["lost"])  # another guard around it would change nothing
    if trouble.reason == "lost" and made:
        # It drops what it makes anew only together with something that is there already: all or nothing.
        return [f"NOT {there(key, state)}" for key in made]
    if trouble.replaces:
        # Something of that name is there before the first run too: what else it takes away tells the two apart.
        gone = [key for key in taken if key != trouble.key and state.exists(key) is False]
        if not gone:
            raise Unfixable("it takes the place of what was there under the same name")
        return [there(gone[0], state)]
    return [not_done(action, trouble, state)]


def _combined(needed: Sequence[str], undone: Sequence[str]) -> str:
    """Return the whole condition: all that is needed is there, and something is left to do."""
    conditions, left = [*dict.fromkeys(needed)], [*dict.fromkeys(undone)]
    if left:
        conditions.append(left[0] if len(left) == 1 else f"({' OR '.join(left)})")
    return " AND ".join(conditions)


def _guarded(
    statement: Statement, inserts: Sequence[Edit], condition: str, *, in_block: bool
) -> Iterator[Edit]:
    if statement.kind in _NO_VALUE or (not in_block and "returningClause" in statement.tree):
        raise Unfixable("a query's result has nowhere to go in a DO block")
    if client_copy(statement):
        raise Unfixable("a DO block cannot take rows from the client")
    if _TAG in statement.text:
        raise Unfixable("it holds the guard's own quotes")
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
        return _naming(statement, tokens, action, trouble)[0]
    if trouble.reason not in {"exists", "missing"} or not action.words or action.verb == "rename":
        return None
    if action.rule == "create-trigger" and state.server < 14:
        return None
    at = _behind(action.words, _tokens_of_part(statement, tokens, action))
    return Edit(statement.offset + at, action.token) if at else None


def _behind(words: Sequence[str], tokens: Sequence[Token]) -> int:
    """Return where the keywords *words* end: the first of them anywhere, the others (optional with ``?``) right behind it."""
    for index, token in enumerate(tokens):
        if token.comment or token.keyword not in words[0].split("|"):
            continue
        following = (one for one in islice(tokens, index + 1, None) if not one.comment)
        end = token.end
        for word, follows in zip(words[1:], following, strict=False):
            if follows.keyword == word.rstrip("?"):
                end = follows.end
        return end
    return 0


def _conflict_clause(
    statement: Statement, tokens: Sequence[Token], action: Action, trouble: Trouble, state: State
) -> Edit | None:
    """Return ON CONFLICT over the key that the rows bear, None if they bear none."""
    if trouble.detail not in {"insert", "insert-query"}:
        raise Unfixable(REASONS["relative" if trouble.detail == "relative" else "rows"])
    if action.node is not statement.tree:
        raise Unfixable("it is part of a larger statement")
    if not trouble.arbiter:
        return None
    # Where rows may conflict over several keys, naming one of them would let the others fail.
    given = set(inserted_columns(action.node, trouble.key, state) or ())
    several = sum(bool(given & set(key)) for key in unique_keys(trouble.key, state)) > 1
    target = f" ({', '.join(quoted(column) for column in trouble.arbiter[0])})" * (not several)
    clause = f" ON CONFLICT{target} DO NOTHING"
    returning = [t for t in tokens if t.keyword == "RETURNING"]
    real = [t for t in tokens if not t.comment]
    if returning:
        before = [t for t in real if t.end <= returning[-1].start]
        return Edit(statement.offset + before[-1].end, clause)
    return Edit(statement.offset + real[-1].end, clause)


def _naming(
    statement: Statement, tokens: Sequence[Token], action: Action, trouble: Trouble
) -> list[Edit]:
    """Return the name that an unnamed object gets in the text: the one that PostgreSQL has given it."""
    if trouble.reason != "duplicate":
        return []
    name = quoted(trouble.key[-1])
    if action.rule == "unnamed-index":
        at = _behind(("INDEX", "CONCURRENTLY?"), tokens)
        return [Edit(statement.offset + at, f" IF NOT EXISTS {name}")]
    if action.rule in {"unnamed-constraint", "domain-constraint"}:
        at = _behind(("ADD",), _tokens_of_part(statement, tokens, action))
        return [Edit(statement.offset + at, f" CONSTRAINT {name}")]
    raise Unfixable(REASONS["duplicate"])


def _tokens_of_part(
    statement: Statement, tokens: Sequence[Token], action: Action
) -> Sequence[Token]:
    """Return the tokens of the action's own command in an ALTER TABLE with several, else all."""
    spans = part_spans(statement)
    if len(spans) < 2 or action.part >= len(spans):
        return tokens
    first, last = (place - statement.offset for place in spans[action.part])
    places = [bisect_left(tokens, (place,)) for place in (first, last)]
    return tokens[places[0] : places[1]]


def part_spans(statement: Statement) -> list[tuple[int, int]]:
    """Return where each command of an ALTER TABLE begins and ends, in characters of the file."""
    spans = _spans(statement.text) if statement.kind == "AlterTableStmt" else ()
    return [(statement.offset + start, statement.offset + end) for start, end in spans]


@functools.lru_cache(maxsize=8)  # asked again for each of a statement's commands
def _spans(text: str) -> Sequence[tuple[int, int]]:
    tokens = [token for token in scan(text) if not token.comment]
    begun = _first_command(tokens)
    if begun is None:
        return ()
    depth, first, spans = 0, begun, []
    for index in range(begun, len(tokens)):
        text = tokens[index].text
        depth += (text in {"(", "["}) - (text in {")", "]"})
        if text == "," and depth == 0:
            spans.append((tokens[first].start, tokens[index - 1].end))
            first = index + 1
    if first < len(tokens):
        spans.append((tokens[first].start, tokens[-1].end))
    return spans


def _first_command(tokens: Sequence[Token]) -> int | None:
    """Return the index of the token behind the table's name: ALTER TABLE [IF EXISTS] [ONLY] name [*] <here>."""
    words = [token.keyword for token in tokens[:7]]
    index = 3 if words[1:2] in (["FOREIGN"], ["MATERIALIZED"]) else 2
    index += 2 * (words[index : index + 2] == ["IF", "EXISTS"])
    index += words[index : index + 1] == ["ONLY"]
    in_parentheses = [token.text for token in tokens[index : index + 1]] == ["("]
    index += 1 + in_parentheses
    while index + 1 < len(tokens) and tokens[index].text == ".":
        index += 2
    index += in_parentheses
    if index < len(tokens) and tokens[index].text == "*":
        index += 1
    return index if index < len(tokens) else None
