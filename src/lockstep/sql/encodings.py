"""Bytes become text of which every character has its place, whatever is wrong with them; what is wrong is said.

What cannot be SQL (a byte order mark, NUL, bytes that are no UTF-8) is overwritten in the text, never taken out: every line and
column stays true to the file.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lockstep.sql.finding import Finding

NUL_HELP = "Remove it; in a bytea literal write it as '\\x00'."
_BOM = "\ufeff"
_NO_BOM_HELP = "Save it as UTF-8 without BOM."
_SURROGATE = re.compile("[\ud800-\udfff]")


class Decoded(NamedTuple):
    """A file's text fit for the parser, and as it was.

    ``original`` has the length of ``text`` and makes the file's bytes again with ``encode``; ``encoding`` is empty where
    nothing could.
    """

    text: str
    original: str
    encoding: str
    findings: tuple[Finding, ...] = ()


def decode(raw: bytes) -> Decoded:
    """Return the text of a file with what no boot would run of it, the gravest first."""
    if raw.isascii() and 0 not in raw:
        text = raw.decode("ascii")
        return Decoded(text, text, "utf-8")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or 0 in raw[:2]:
        return _decode_utf16(raw)
    original = raw.decode("utf-8", "surrogateescape")
    found = []
    if original.startswith(_BOM):
        found.append(syntax("byte-order-mark", "begins with a byte order mark", _NO_BOM_HELP, 0, 1))
    nul = original.find("\0")
    if nul >= 0:
        message = "holds a NUL byte, which SQL text cannot"
        found.append(syntax("nul-byte", message, NUL_HELP, nul, nul + 1))
    if wrong := _SURROGATE.search(original):
        byte = ord(wrong[0]) - 0xDC00
        message = f"is not UTF-8: byte 0x{byte:02x}"
        found.append(syntax("not-utf-8", message, "Save it as UTF-8.", wrong.start(), wrong.end()))
    return Decoded(_readable(original), original, "utf-8", tuple(found))


def encode(text: str, encoding: str) -> bytes:
    """Return the bytes of a text that is made of a ``Decoded.original``."""
    return text.encode(encoding, "surrogateescape" if encoding == "utf-8" else "surrogatepass")


def syntax(rule: str, message: str, advice: str, start: int, end: int) -> Finding:
    """Return a finding of what keeps a text from being SQL."""
    return Finding(rule, "syntax", "error", message, advice, start, end)


def _decode_utf16(raw: bytes) -> Decoded:
    little = raw.startswith(b"\xff\xfe") or (not raw.startswith(b"\xfe\xff") and raw[:1] != b"\0")
    encoding = "utf-16-le" if little else "utf-16-be"
    found = (syntax("not-utf-8", "is UTF-16", _NO_BOM_HELP, 0, 1),)
    try:
        original = raw.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        return Decoded("", "", "", found)
    return Decoded(_readable(original), original, encoding, found)


def _readable(original: str) -> str:
    text = original.replace("\0", " ")
    if text.startswith(_BOM):
        text = " " + text[1:]
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
