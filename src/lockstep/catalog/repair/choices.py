"""What the caller allows: objects named on the command line, exactly or by patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from lockstep.catalog.fact import KINDS, Fact, Path
from lockstep.values import dataclass

ALL = "all"
_SEGMENT = re.compile(r'"((?:[^"]|"")*)"|([^."(]+)')
_ROUTINES = {"function", "procedure", "aggregate"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A name as people write it: ``table.column``, ``schema.table``, ``index app.*``, ``app.f(integer)`` or ``all``.

    A ``*`` never reaches over a dot: what allows a table does not allow its columns.
    """

    text: str
    kind: str
    names: Path
    typed: bool = False

    def matches(self, fact: Fact) -> bool:
        """Tell whether *fact* is meant; its schema may be left out, and a routine's types."""
        if self.text == ALL:
            return True
        if self.kind and self.kind != fact.kind:
            return False
        path = fact.path
        if fact.kind in _ROUTINES and not self.typed:
            path = path[:-1]
        return self._is(path) or (len(path) > 1 and self._is(path[1:]))

    def _is(self, path: Path) -> bool:
        return len(path) == len(self.names) and all(
            fnmatchcase(name, pattern) for name, pattern in zip(path, self.names, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Choices:
    """All that was said on the command line: patterns, and expressions by table and column."""

    drop: tuple[Pattern, ...] = ()
    retype: tuple[Pattern, ...] = ()
    quarantine: tuple[Pattern, ...] = ()
    backfill: tuple[tuple[Pattern, str], ...] = ()

    def may_drop(self, fact: Fact) -> bool:
        """Tell whether *fact* may go, or what hangs on it."""
        return _any(self.drop, fact)

    def may_retype(self, fact: Fact) -> bool:
        """Tell whether the type of *fact* may change."""
        return _any(self.retype, fact)

    def may_quarantine(self, fact: Fact) -> bool:
        """Tell whether rows that *fact* forbids may be moved away."""
        return _any(self.quarantine, fact)

    def expression_for(self, table: Path, column: str) -> str:
        """Return what fills a column, or an empty string."""
        column_ = Fact("column", (*table, column), {})
        return next((text for pattern, text in self.backfill if pattern.matches(column_)), "")

    def unused(self, facts: Iterable[Fact]) -> tuple[str, ...]:
        """Return the patterns that mean none of *facts*: most probably they are misspelt."""
        known = list(facts)
        patterns = [*self.drop, *self.retype, *self.quarantine]
        return tuple(
            pattern.text
            for pattern in patterns
            if pattern.text != ALL and not any(pattern.matches(fact) for fact in known)
        )


def read_pattern(text: str) -> Pattern:
    """Return the pattern that *text* writes; raises ``ValueError`` if it names nothing."""
    text = text.strip()
    kind, _, rest = text.partition(" ")
    if kind.replace("-", "_") not in KINDS or not rest:
        kind, rest = "", text
    rest = rest.strip()
    name, parenthesis, types = rest.partition("(")
    names = [
        match[2] if match[1] is None else match[1].replace('""', '"')
        for match in _SEGMENT.finditer(name)
    ]
    if parenthesis:
        names.append(types.removesuffix(")"))
    if not names:
        raise ValueError(f"{text!r} names no object")
    return Pattern(text, kind.replace("-", "_"), tuple(names), bool(parenthesis))


def read_backfill(text: str) -> tuple[Pattern, str]:
    """Return column and expression of ``table.column=expression``; raises ``ValueError`` if it is none."""
    name, equals, expression = text.partition("=")
    if not equals or not expression.strip():
        raise ValueError(f"{text!r} is not of the form table.column=expression")
    pattern = read_pattern(name)
    if not 2 <= len(pattern.names) <= 3:
        raise ValueError(f"{name.strip()!r} is not a column: write table.column")
    from lockstep.sql.parser import NotParsed, parse

    try:
        statements = parse(f"SELECT ({expression}\n)")
    except NotParsed as error:
        raise ValueError(f"{expression.strip()!r} is not an expression: {error}") from None
    tree = statements[0].tree if len(statements) == 1 else {}
    if {*tree} - {"targetList", "limitOption", "op"} or len(tree.get("targetList", ())) != 1:
        raise ValueError(f"{expression.strip()!r} is more than one expression")
    return pattern, expression.strip()


def _any(patterns: Sequence[Pattern], fact: Fact) -> bool:
    return any(pattern.matches(fact) for pattern in patterns)
