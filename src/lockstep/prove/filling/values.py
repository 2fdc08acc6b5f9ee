"""Values for a column of a type, as SQL, the likeliest first; nothing here asks a server."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from lockstep.sql.objects import literal
from lockstep.values import dataclass

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w.'])")
_MOST = 24
_TEXTS = ("a", "1", "{}", "[]", "(1,2)", "1.0.0", "POINT(0 0)", "[1,2,3]", "a=>1", "0/1", "a.b")
"""What a type that nobody knows may take."""
_SHAPES = (
    "lockstep-{n}", "Lockstep", "lockstep{n}@example.org", "https://example.org/{n}", "{n}", "a{n}", "A{n}", "LOCKSTEP", "/lockstep/{n}", "#aabb{n:02d}", "+1555000{n:04d}",
    "10000000-0000-4000-8000-{n:012d}", "{n:032x}", "{n:040x}", "{n:064x}", "0x{n:040x}", "0x{n:064x}", "\\x{n:064x}", "1.2.{n}", "v1.2.{n}", "2030-01-{n:02d}", "en", "en-US", "USD", "US", "UTC", "application/json", "lockstep_{n}", "lockstep.{n}", "l", "",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Type:
    """A type as the server describes it; ``base``, ``element`` and the like are OIDs, 0 or None where there is none."""

    oid: int
    name: str
    qualified: str
    kind: str
    category: str
    base: int
    modifier: int
    element: int
    subtype: int | None
    multirange_of: int | None
    labels: Sequence[str] | None
    attributes: Sequence[tuple[int, int]] | None
    checks: Sequence[str] | None


Types = Mapping[int, Type]


def candidates(types: Types, oid: int, modifier: int, n: int, depth: int = 0) -> list[str]:
    """Return expressions for the *n*-th row; the first is the one to take where nothing speaks against it."""
    known = types.get(oid)
    if known is None or depth > 4:
        return []
    if known.kind == "d":
        given = known.modifier if known.modifier >= 0 else modifier
        return candidates(types, known.base, given, n, depth + 1)
    if known.labels:
        rotated = [*known.labels[n % len(known.labels) :], *known.labels[: n % len(known.labels)]]
        return [f"{literal(label)}::{known.qualified}" for label in rotated[:_MOST]]
    if known.attributes is not None:
        parts = [
            candidates(types, *part, n, depth + 1)[:1] or ["NULL"] for part in known.attributes
        ]
        return [f"ROW({', '.join(part[0] for part in parts)})::{known.qualified}"]
    if known.element:
        inner = candidates(types, known.element, modifier, n, depth + 1)
        return [f"ARRAY[{one}]::{known.qualified}" for one in inner[:4]] + [
            f"'{{}}'::{known.qualified}"
        ]
    if known.subtype:
        return _ranges(types, known, n, depth)
    if known.multirange_of:
        return [
            f"{known.qualified}({one})"
            for one in candidates(types, known.multirange_of, -1, n, depth + 1)[:2]
        ]
    return _plain(known, modifier, n)


def drawn_from(types: Types, oid: int, expressions: Sequence[str]) -> list[str]:
    """Return expressions for what stands in conditions on a column: their literals and numbers, and what lies beside these."""
    known = types.get(oid)
    while known is not None and known.kind == "d":
        known = types.get(known.base)
    if known is None:
        return []
    found: dict[str, None] = {}
    for text in expressions:
        for match in _LITERAL.finditer(text):
            said = match[1].replace("''", "'")
            found.update(dict.fromkeys(_spelled(known, said)))
        for match in _NUMBER.finditer(_LITERAL.sub("''", text)):
            found.update(dict.fromkeys(_around(known, match[0])))
    return list(islice(found, 3 * _MOST))


def _spelled(known: Type, said: str) -> list[str]:
    if known.category in "SE":
        return [f"{literal(said)}::{known.qualified}"]
    if known.element:
        return [f"ARRAY[{literal(said)}]::{known.qualified}"]
    if known.category == "D":
        return [f"{literal(said)}::{known.qualified}"] if re.match(r"\d{4}-\d\d", said) else []
    if known.category == "U" and known.name in {"json", "jsonb"}:
        return [f"jsonb_build_object({literal(said)}, 1)::{known.qualified}"]
    if known.category == "N" and re.fullmatch(r"-?\d+(\.\d+)?", said):
        return _around(known, said)
    return []


def _around(known: Type, number: str) -> list[str]:
    if known.category == "N":
        value = float(number) if "." in number else int(number)
        return [f"({one})::{known.qualified}" for one in (value, value + 1, value - 1)]
    size = int(float(number))
    if known.category == "S" and 0 < size <= 4096:
        return [
            f"repeat('a', {size})::{known.qualified}",
            f"lpad('1', {size}, '0')::{known.qualified}",
        ]
    if known.name == "bytea" and 0 < size <= 4096:
        return [f"decode(repeat('01', {size}), 'hex')"]
    return []


def _ranges(types: Types, known: Type, n: int, depth: int) -> list[str]:
    assert known.subtype
    low = candidates(types, known.subtype, -1, 2 * n, depth + 1)[:1]
    high = candidates(types, known.subtype, -1, 2 * n + 1, depth + 1)[:1]
    return [f"{known.qualified}({low[0]}, {high[0]})"] if low and high else []


def _plain(known: Type, modifier: int, n: int) -> list[str]:
    maker = _MAKERS.get(known.name)
    if maker is not None:
        return [f"{literal(one)}::{known.qualified}" for one in maker(n, modifier)]
    if known.category == "S":
        return [f"{literal(one)}::{known.qualified}" for one in _texts(n, modifier)]
    return [f"{literal(one)}::{known.qualified}" for one in _TEXTS]


def _texts(n: int, modifier: int) -> list[str]:
    size = modifier - 4 if modifier >= 4 else 0
    shapes = [shape.format(n=n) for shape in _SHAPES]
    if not size:
        return shapes
    short = [
        f"l{n}"[-size:] if size > 1 else chr(96 + n % 26 + 1),
        "a" * size,
        str(n).rjust(size, "0")[-size:],
    ]
    return [
        *(one for one in shapes[:1] if len(one) <= size),
        *short,
        *(one for one in shapes[1:] if len(one) <= size),
    ]


def _whole(n: int, _: int) -> list[str]:
    return [str(1_000_000 + n), str(n), str(n + 1), "0", "1", "-1", "100", "50"]


def _small(n: int, _: int) -> list[str]:
    return [str(10_000 + n), str(n), "0", "1", "-1", "100"]


def _decimal(n: int, modifier: int) -> list[str]:
    if modifier < 4:
        return [f"{1000 + n}.5", str(n), "0.5", "0", "-1", "100"]
    precision, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
    digits = precision - (scale if scale < 1024 else 0)
    large = 1000 + n if digits > 3 else n % 10 if digits > 0 else 0
    return [str(large), str(n % 10 if digits > 0 else 0), "0.5", "0", "1", "-1"]


def _bits(n: int, modifier: int) -> list[str]:
    return [format(n, "b").rjust(modifier, "0")[-modifier:] if modifier > 0 else format(n, "b")]


def _only(*shapes: str) -> Callable[[int, int], list[str]]:
    return lambda n, _: [shape.format(n=n, day=n % 28 + 1, octet=n % 250 + 1) for shape in shapes]


_MAKERS: Mapping[str, Callable[[int, int], list[str]]] = {
    "int2": _small, "int4": _whole, "int8": _whole, "oid": _whole, "xid": _whole, "xid8": _whole, "cid": _whole,
    "float4": _decimal, "float8": _decimal, "numeric": _decimal, "money": _only("{n}"),
    "bool": lambda n, _: ["true", "false"] if n % 2 else ["false", "true"],
    "uuid": _only("10000000-0000-4000-8000-{n:012d}"),
    "date": _only("2030-01-{day:02d}", "2000-01-{day:02d}"),
    "timestamp": _only("2030-01-{day:02d} 12:00:00", "2000-01-{day:02d} 12:00:00"),
    "timestamptz": _only("2030-01-{day:02d} 12:00:00+00", "2000-01-{day:02d} 12:00:00+00"),
    "time": lambda n, _: [f"12:00:{n % 60:02d}"],
    "timetz": lambda n, _: [f"12:00:{n % 60:02d}+00"],
    "interval": _only("{n} days", "{n} hours"),
    "json": _only('{{"lockstep": {n}}}', "{{}}", "[]", "[{n}]", "null", '"lockstep"', "{n}"),
    "jsonb": _only('{{"lockstep": {n}}}', "{{}}", "[]", "[{n}]", "null", '"lockstep"', "{n}"),
    "jsonpath": _only("$.a"),
    "bytea": lambda n, _: [f"\\x{n:02x}", f"\\x{n:040x}", f"\\x{n:064x}", "\\x"],
    "inet": _only("10.0.0.{octet}"), "cidr": _only("10.0.{octet}.0/24"),
    "macaddr": lambda n, _: [f"08:00:2b:01:02:{n % 256:02x}"], "macaddr8": lambda n, _: [f"08:00:2b:01:02:03:04:{n % 256:02x}"],
    "bit": _bits, "varbit": _bits, "xml": _only("<a>{n}</a>"),
    "tsvector": _only("lockstep:{n}"), "tsquery": _only("lockstep{n}"),
    "point": _only("({n},{n})"), "line": _only("{{1,{n},0}}"), "lseg": _only("[(0,0),({n},1)]"), "box": _only("(({n},{n}),(0,0))"),
    "path": _only("[(0,0),({n},1)]"), "polygon": _only("((0,0),({n},0),(0,1))"), "circle": _only("<(0,0),{n}>"),
    "name": _only("lockstep_{n}"), "char": _only("a", "b"), "bpchar": _texts, "pg_lsn": lambda n, _: [f"0/{n:X}"],
    "txid_snapshot": _only("1:{n}:"), "pg_snapshot": _only("1:{n}:"), "tid": _only("(0,{n})"),
    "regclass": _only("pg_catalog.pg_class"), "regtype": _only("text"), "regproc": _only("pg_catalog.now"), "regrole": _only("pg_monitor"),
    "regnamespace": _only("pg_catalog"), "regprocedure": _only("pg_catalog.now()"), "regoper": _only("pg_catalog.||/"), "regconfig": _only("simple"), "regdictionary": _only("simple"),
    "hstore": _only("lockstep=>{n}"), "ltree": _only("lockstep.a{n}"), "semver": _only("1.2.{n}"),
}  # fmt: skip
