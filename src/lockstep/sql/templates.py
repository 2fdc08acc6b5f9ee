"""Placeholders of other tools: ``{{ x }}``, ``${x}``, ``{% x %}``, ``:x``. Each is filled with a word of its own length.

So a text that is not SQL yet can be analysed as what it probably becomes, and every offset stays true.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter

from lockstep.sql.comments import LITERAL, comments
from lockstep.sql.encodings import syntax
from lockstep.sql.finding import Finding
from lockstep.sql.parser import NotParsed, parse, parses
from lockstep.sql.psql import blank

TEMPLATE_HELP = "It looks like a template: files run as they are, so ship what it renders to."
LOOKS_LIKE = re.compile(r"\{\{|\{%|\$\{")
# Never SQL outside of literals and comments. Their length is bounded, for one that never ends would be looked for again and again.
_PLAIN = re.compile(
    r"\{\{.{0,200}?\}\}|\{%.{0,200}?%\}|\{\#.{0,200}?\#\}|<%.{0,200}?%>|[$#]\{[^{}\n]*\}",
    re.DOTALL,
)
# These could be SQL (a slice, an operator), so they are tried last, and only outside of literals.
# (What stands before them is looked at last, so that only the places of their first letters are tried.)
_DOUBTFUL = r""":(?<![:\w]:)(?:"\w+"|'\w+'|[A-Za-z_]\w*)|@\w+@|\{(?<![\w'"{]\{)[A-Za-z_]\w*\}"""
_MAY_BE_DOUBTFUL = re.compile(_DOUBTFUL)
_OUTSIDE = re.compile(
    rf"--[^\n\r]*|/\*.*?(?:\*/|\Z)|{_PLAIN.pattern}|(?P<hole>{_DOUBTFUL})|{LITERAL}", re.DOTALL
)
_CONTROL = re.compile(
    r"\{%|\{\#|<%(?!=)|\{\{-?\s*(?:if|else|end|range|with|define|template|block|[#/!>*])"
)
_NOT_IN_A_NAME = re.compile(r"\W")
_TRIES = (4, 30)  # the fewer, the longer the text: each is a parse of all of it

_Hole = tuple[int, int]


def without_templates(text: str) -> tuple[str, list[Finding]]:
    """Return *text*, as long as it was, with its templates filled, and a finding for each kind of them.

    Text that parses as it is has none: what looks like one inside a literal is what runs.
    """
    braced = "{" in text or "<%" in text
    plain = [found.span() for found in _PLAIN.finditer(text)] if braced else []
    if (not plain and not _MAY_BE_DOUBTFUL.search(text)) or parses(text):
        return text, []
    result, fits = _fill(text, plain)
    if not fits:
        doubtful = [found.span() for found in _OUTSIDE.finditer(text) if found["hole"]]
        both = sorted([*plain, *doubtful])
        other, fits = _fill(text, both)
        if fits:
            result, plain = other, both
    return result, _findings(text, plain)


def _findings(text: str, holes: Sequence[_Hole]) -> list[Finding]:
    hidden = list(comments(text))
    seen: set[str] = set()
    findings = []
    for start, end in holes:
        hole = text[start:end]
        before = bisect_right(hidden, start, key=itemgetter(0)) - 1
        commented = before >= 0 and start < hidden[before][0] + len(hidden[before][1])
        if hole in seen or commented:
            continue
        seen.add(hole)
        shown = " ".join(hole.split())[:40]
        findings.append(syntax("template", f"{shown} is not SQL", TEMPLATE_HELP, start, end))
    return findings


def _fill(text: str, holes: Sequence[_Hole]) -> tuple[str, bool]:
    """Try names first, then, where the grammar objects to one, a string, a number, nothing."""
    tried = [3 if _CONTROL.match(text, start) else 0 for start, _ in holes]
    first = ""
    for _ in range(min(_TRIES[1], max(_TRIES[0], 400_000 // (len(text) + 1)))):
        candidate = _filled(text, holes, tried)
        first = first or candidate
        try:
            parse(candidate)
        except NotParsed as error:
            wrong = [
                number for number, (start, end) in enumerate(holes) if start <= error.offset <= end
            ]
            if not wrong or tried[wrong[-1]] == 3:
                return first, False
            tried[wrong[-1]] += 1
        else:
            return candidate, True
    return first, False


def _filled(text: str, holes: Sequence[_Hole], forms: Sequence[int]) -> str:
    pieces, done = [], 0
    for (start, end), form in zip(holes, forms, strict=True):
        pieces += [text[done:start], _filling(text[start:end], form)]
        done = end
    return "".join([*pieces, text[done:]])


def _filling(hole: str, form: int) -> str:
    first_line = hole.split("\n", 1)[0].rstrip("\r")
    if form == 3:
        return blank(hole)
    if form == 2:
        filled = "1"
    elif form == 1:
        filled = "'" + "_" * (len(first_line) - 2) + "'"
    elif hole[0] == ":" and hole[1] in "\"'":
        filled = " " + hole[1:]
    else:
        letter = "_" if hole[0] == ":" else "t"
        filled = letter + _NOT_IN_A_NAME.sub("_", first_line[1:])
    return filled + blank(hole[len(filled) :])
