"""PostgreSQL's own scanner: a text as tokens with their places, comments kept.

libpg_query gives them as protobuf (``ScanResult`` of its ``pg_query.proto``); the few fields are decoded here, so that protobuf
itself need not be installed or loaded.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lockstep.sql import library

_SCAN_TOKEN = 0x12
_SEVEN_BITS = 0x7F
_COMMENTS = {275, 276}
_IDENTIFIER = 258
_RESERVED_FROM = 3
_LOWER_CASE = re.compile(r"[a-z_][a-z0-9_$]*")


class Token(NamedTuple):
    """One token; ``start`` and ``end`` count characters from 0 in the text that was scanned.

    ``keyword`` is the upper-case word of a keyword, empty for everything else (a quoted name is never a keyword).
    """

    start: int
    end: int
    text: str
    keyword: str
    comment: bool


@functools.lru_cache(maxsize=8)
def scan(text: str) -> Sequence[Token]:
    """Return the tokens of *text*, comments among them; empty where even the scanner finds an error."""
    raw = text.encode()
    ascii_only = len(raw) == len(text)
    tokens = []
    done = place = 0
    for start, end, token, keyword in _scanned(raw):
        if ascii_only:
            first, last = start, end
        else:
            first = place + len(raw[done:start].decode())
            last = first + len(raw[start:end].decode())
            done, place = end, last
        word = text[first:last]
        tokens.append(Token(first, last, word, word.upper() if keyword else "", token in _COMMENTS))
    return tokens


@functools.cache
def plain_name(name: str) -> bool:
    """True if *name* can be written without quotes wherever a name may stand."""
    # Any letter beyond ASCII may stand where an underscore may; as a class of the expression they take 10 ms to compile.
    letters = ["_" if "\u0080" <= letter <= "\uffff" else letter for letter in name]
    if not _LOWER_CASE.fullmatch("".join(letters)):
        return False
    found = list(_scanned(name.encode()))
    return len(found) == 1 and (found[0][2] == _IDENTIFIER or 0 < found[0][3] < _RESERVED_FROM)


def _scanned(raw: bytes) -> Iterator[tuple[int, int, int, int]]:
    try:
        data = library.scanned(raw)
    except library.Refused:
        return
    at, end = 0, len(data)
    while at < end:
        tag, value = data[at], data[at + 1]
        at += 2
        if value > _SEVEN_BITS:
            value, at = _varint(data, at - 1)
        if tag == _SCAN_TOKEN:
            yield _token(data, at, at + value)
            at += value


def _token(data: bytes, at: int, end: int) -> tuple[int, int, int, int]:
    """Decode a ScanToken: its fields 1 (start), 2 (end), 4 (token) and 5 (keyword kind); zeros are left out of the wire."""
    fields = [0, 0, 0, 0, 0, 0]
    while at < end:
        number = data[at] >> 3
        value = data[at + 1]
        at += 2
        if value > _SEVEN_BITS:
            value &= _SEVEN_BITS
            shift = 7
            while (byte := data[at]) > _SEVEN_BITS:
                value |= (byte & _SEVEN_BITS) << shift
                shift += 7
                at += 1
            value |= byte << shift
            at += 1
        fields[number] = value
    return fields[1], fields[2], fields[4], fields[5]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & _SEVEN_BITS) << shift
        if byte <= _SEVEN_BITS:
            return value, at
        shift += 7
