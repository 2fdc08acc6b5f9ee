"""``-- lockstep: ignore <rule> because <reason>`` beside a statement: a finding that is known, and why it may stay.

Beside is: in the comment lines directly above the statement, inside of it, or behind it on its last line.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence

from lockstep.sql.comments import LITERAL, comments
from lockstep.sql.finding import Finding
from lockstep.sql.parser import Statement
from lockstep.values import dataclass

DIRECTIVE = re.compile(r"--[ \t]*lockstep:[ \t]*(?P<word>[\w-]+)[ \t]*(?P<argument>.*)")
IGNORE = re.compile(r"(?P<rule>[\w-]+)\s+because\s+(?P<reason>\S.*)")
_MAY_HOLD = re.compile(r"--[ \t]*lockstep:[ \t]*ignore\b")
_BODY = re.compile(LITERAL, re.DOTALL)
_HAS_BODY = {"DoStmt", "CreateFunctionStmt"}


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment that asks for a rule's silence; ``start`` and ``end`` are the comment's place."""

    rule: str
    reason: str
    start: int
    end: int


def holds_ignores(text: str) -> bool:
    """True if it is worth to look for them; saves parsing."""
    return "lockstep:" in text and bool(_MAY_HOLD.search(text))


def apply_ignores(
    text: str, statements: Sequence[Statement], findings: Sequence[Finding], rules: Collection[str]
) -> list[Finding]:
    """Return the findings that nobody ignores, and one for each ignore that does nothing or names none of *rules*.

    What keeps a file from running (an error of kind ``syntax``) cannot be ignored: a boot would not.
    """
    silenced: set[int] = set()
    useless = []
    for ignore in ignores(text, statements):
        statement = _beside(text, statements, ignore)
        hit = set() if statement is None else set(_hit(findings, statement, ignore.rule))
        silenced |= hit
        if ignore.rule not in rules:
            useless.append(_unknown(ignore, rules))
        elif not hit:
            useless.append(_unused(ignore, statement))
    kept = [finding for number, finding in enumerate(findings) if number not in silenced]
    return sorted([*kept, *useless], key=lambda finding: finding.start)


def ignores(text: str, statements: Sequence[Statement]) -> Iterator[Ignore]:
    """Yield the well-formed ignores of a text, also those in the bodies of DO and of functions."""
    if not holds_ignores(text):
        return
    yield from _ignores_in(text, 0)
    for statement in statements:
        if statement.kind in _HAS_BODY:
            for body in _BODY.finditer(statement.text):
                if tag := body["tag"]:
                    inner = body[0][len(tag) :]
                    yield from _ignores_in(inner, statement.offset + body.start() + len(tag))


def _ignores_in(text: str, offset: int) -> Iterator[Ignore]:
    for start, comment in comments(text):
        directive = DIRECTIVE.fullmatch(comment.rstrip())
        if directive is None or directive["word"] != "ignore":
            continue
        if found := IGNORE.fullmatch(directive["argument"]):
            end = start + len(comment.rstrip())
            yield Ignore(found["rule"], found["reason"], offset + start, offset + end)


def _hit(findings: Sequence[Finding], statement: Statement, rule: str) -> Iterator[int]:
    end = statement.offset + len(statement.text)
    for number, finding in enumerate(findings):
        ignorable = finding.kind != "syntax" or finding.severity == "warning"
        if finding.rule == rule and ignorable and statement.offset <= finding.start <= end:
            yield number


def _beside(text: str, statements: Sequence[Statement], ignore: Ignore) -> Statement | None:
    before = None
    for statement in statements:
        end = statement.offset + len(statement.text)
        if statement.offset <= ignore.start < end:
            return statement
        if ignore.start < statement.offset:
            if _alone_in_its_line(text, ignore.start):
                return statement if _directly_above(text, ignore.end, statement.offset) else None
            break
        before = statement
    if before is None:
        return None
    between = text[before.offset + len(before.text) : ignore.start]
    return before if "\n" not in between else None


def _alone_in_its_line(text: str, start: int) -> bool:
    return not text[text.rfind("\n", 0, start) + 1 : start].strip()


def _directly_above(text: str, end: int, statement: int) -> bool:
    """True if nothing but comment lines stands between an ignore and its statement: no blank line, no semicolon."""
    between = text[end:statement]
    without = list(between)
    for start, comment in comments(between):
        without[start : start + len(comment)] = "x" * len(comment)
    lines = "".join(without).split("\n")
    return all(line.strip() for line in lines[1:-1]) and ";" not in without


def _unknown(ignore: Ignore, rules: Collection[str]) -> Finding:
    message = f"there is no rule {ignore.rule!r}"
    near = difflib.get_close_matches(ignore.rule, rules, n=1)
    advice = f"Did you mean {near[0]!r}?" if near else "The reference lists all rules."
    return Finding("unknown-rule", "syntax", "error", message, advice, ignore.start, ignore.end)


def _unused(ignore: Ignore, statement: Statement | None) -> Finding:
    if statement is None:
        message = f"it stands beside no statement, so it ignores no {ignore.rule}"
        advice = "Put it directly above the statement, or behind it on its last line."
    else:
        message = f"the statement has no finding of {ignore.rule} that could be ignored"
        advice = "Take the comment out."
    return Finding("unused-ignore", "syntax", "warning", message, advice, ignore.start, ignore.end)
