"""Which part of a migration file runs forward, and in which order files do: the customs of other migration tools, as data.

Tools that keep both ways in one file part them by lines such as ``-- +goose Down``; the others put the way back into a file
of its own, known by its name. What does not run forward is blanked out by spaces, so that every offset stays true.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

# A line that begins a part; the group is the way. Where a tool knows no line for the way up, the file begins with it.
_MARKERS = {
    "goose": r"\s*--\s*\+(?:goose|micrate)\s+(up|down)\b.*",
    "sql-migrate": r"\s*--\s*\+migrate\s+(up|down)\b.*",
    "dbmate": r"\s*--\s*migrate:(up|down)\b.*",
    "node-pg-migrate": r"\s*--+\s*(up|down)\s+migration\b.*",
    "rambler": r"\s*--\s*rambler\s+(up|down)\b.*",
    "tern": r"\s*-{4}\s*create above / (drop) below\s*-{4}\s*",
    "mybatis": r"\s*--\s*//\s*@(undo)\b.*",
}
_ONLY_BACKWARD = {"tern", "mybatis"}
_WORDS = ("goose", "micrate", "migrat", "rambler", "@undo", "create above", "transaction", "txmode")
"""One of these is in every line that any of the expressions finds."""
_MAY_HOLD_MARKER = re.compile(
    r"--.{0,20}(?:goose|micrate|migrat|rambler|@undo|create above)", re.IGNORECASE
)
_NO_TRANSACTION = re.compile(
    r"\A\ufeff?--[ \t]*no-transaction\b"  # sqlx: the first line only
    r"|^[ \t]*--[ \t]*(?:\+goose[ \t]+no[ \t]+transaction\b"
    r"|\+migrate[ \t]+up\b.*\bnotransaction\b"
    r"|migrate:up\b.*\btransaction:[ \t]*false\b"
    r"|atlas:txmode[ \t]+none\b)",
    re.IGNORECASE | re.MULTILINE,
)
_COMMENT_OR_BLANK = re.compile(r"\s*(?:--.*)?")
_VISIBLE = re.compile(r"[^\r\n]")

_BACKWARD = re.compile(r"(?:^|[/.])(?:down|undo|rollback)\.sql$", re.IGNORECASE)
_FLYWAY = re.compile(r"(?P<kind>[VUR])(?P<version>\d+(?:[._]\d+)*)?__", re.IGNORECASE)
_WAY_BACK = re.compile(r"(?<![a-z])(down|undo|revert|verify)(?![a-z])", re.IGNORECASE)
_COUNTERPART = {"down": "up", "undo": "do", "revert": "deploy", "verify": "deploy"}
_DAY = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:-(\d{4,6})(?!\d))?")
_PIECES = re.compile(r"\d+|\D+")


class Forward(NamedTuple):
    """What of a file runs forward.

    ``text`` is as long as the file's and has its lines; ``style`` names the tool whose markers the file bears, or is empty;
    ``transaction`` is False where the file asks its tool to run it outside of a transaction.
    """

    text: str
    style: str
    transaction: bool


def forward(text: str) -> Forward:
    """Return the part of *text* that runs forward, comments kept, the rest as spaces; without markers that is all of it."""
    if not _may_bear_marks(text):
        return Forward(text, "", transaction=True)
    transaction = not _NO_TRANSACTION.search(text)
    if not _MAY_HOLD_MARKER.search(text):
        return Forward(text, "", transaction)
    lines = text.split("\n")
    for style, pattern in _MARKERS.items():
        marker = re.compile(pattern, re.IGNORECASE)
        ways = [
            (number, found[1].lower())
            for number, line in enumerate(lines)
            if (found := marker.fullmatch(line))
        ]
        if any(way == "up" for _, way in ways) or (ways and style in _ONLY_BACKWARD):
            return Forward(_keep_forward(lines, dict(ways), style), style, transaction)
    return Forward(text, "", transaction)


def _may_bear_marks(text: str) -> bool:
    """False where it is plain, without a slow search, that no tool has left a mark."""
    if "--" not in text:
        return False
    lower = text.lower()
    # Beyond ASCII, what differs only in case for the expressions may be more than `lower` makes of it.
    return not text.isascii() or any(word in lower for word in _WORDS)


def _keep_forward(lines: list[str], ways: dict[int, str], style: str) -> str:
    kept = []
    way = "up" if style in _ONLY_BACKWARD else ""
    for number, line in enumerate(lines):
        way = ways.get(number, way)
        # Above the first marker no tool allows a statement; comments there are the file's header.
        runs = way == "up" or (not way and _COMMENT_OR_BLANK.fullmatch(line))
        kept.append(line if runs else _VISIBLE.sub(" ", line))
    return "\n".join(kept)


def in_history_order(names: Iterable[str]) -> list[str]:
    """Return the names of the files that run forward (paths with ``/``, relative to their folder) in the order of their tool.

    Left out are ``down.sql``, ``x.down.sql`` and their like, and Flyway's undo files. Flyway's and refinery's names go by
    version, repeatable ones last; all others by path, numbers by value, so that ``2_b.sql`` comes before ``10_a.sql``.
    """
    known = set(names)
    return sorted((name for name in known if not _runs_backward(name, known)), key=_order)


def _runs_backward(name: str, known: Collection[str]) -> bool:
    flyway = _FLYWAY.match(name.rpartition("/")[2])
    if _BACKWARD.search(name) or (flyway and flyway["kind"] in "Uu" and flyway["version"]):
        return True
    # A word such as `down` says it only where the file's twin is there: 0007_count_down.sql runs forward.
    for found in _WAY_BACK.finditer(name):
        twin = name[: found.start()] + _COUNTERPART[found[1].lower()] + name[found.end() :]
        if twin in known:
            return True
    return False


_Key = tuple[int, list[list[tuple[int, int, str]]], str]


def _order(name: str) -> _Key:
    flyway = _FLYWAY.match(name.rpartition("/")[2])
    if flyway and flyway["kind"] in "Vv" and flyway["version"]:
        parts = re.split(r"[._]", flyway["version"])
        return 0, [[_number(part) for part in parts]], name
    repeatable = bool(flyway and flyway["kind"] in "Rr" and not flyway["version"])
    return int(repeatable), [_pieces(folder) for folder in name.split("/")], name


def _pieces(text: str) -> list[tuple[int, int, str]]:
    # diesel wrote 20140924113530_x once, and writes 2017-08-31-230457_x now.
    if dated := _DAY.match(text):
        year, month, day, time = dated.groups("")
        text = f"{year}{month:0>2}{day:0>2}{time}{text[dated.end() :]}"
    found = _PIECES.findall(text)
    return [_number(piece) if piece.isdecimal() else (1, 0, piece) for piece in found]


def _number(digits: str) -> tuple[int, int, str]:
    # A day (20240131) and a second of a day (20240131235959) are both dates: they compare from the left.
    return 0, int(digits[:8]), digits[8:]
