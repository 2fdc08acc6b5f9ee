"""What the server said of the things that are needed, and whether it will do. Pure: decided here, asked in ``missing``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lockstep.catalog.needs.requirements import Requirement
from lockstep.catalog.needs.spelled_types import Type, read_type


class Missing(NamedTuple):
    """A requirement that is not met.

    ``why`` is ``missing``, or what is wrong with what is there: ``schema`` (it may not be used), ``denied``, ``type``, ``nullable``,
    ``not null``, ``not validated``, ``invalid``, ``partial``, ``version``. ``found`` is what is there instead, if one thing is.
    """

    needed: Requirement
    why: str
    found: str = ""


_Column = tuple[str, str, bool, int, bool | None]
"""Name, type, is it NOT NULL, its number, does its domain forbid NULL."""
_Index = tuple[str, bool, bool, bool, str, int]
"""Name (of one that may be told of), unique, usable, partial, the numbers of its columns, how many of them are its key."""


class Relation(NamedTuple):
    """A table, a view or a sequence, as ``tables`` in ``needs.sql`` describes it; ``lacking`` are the privileges that we lack."""

    schema: str
    name: str
    sequence: bool
    usable: bool
    columns: Sequence[_Column] | None = ()
    unproven: Sequence[int] | None = ()
    indexes: Sequence[_Index] | None = ()
    keys: Sequence[tuple[str, bool, str, str, Sequence[Sequence[str]]]] | None = ()
    lacking: Sequence[str] | None = ()


class Facts(NamedTuple):
    """What there is: relations by the name that asked for them, and the others by their own."""

    relations: Mapping[tuple[str, str], Relation]
    types: Mapping[str, str]
    functions: Sequence[tuple[str, str, bool, bool, Sequence[str]]]
    extensions: Mapping[str, str]
    schemas: Mapping[str, bool]


def unmet(needed: Iterable[Requirement], facts: Facts) -> Iterator[Missing]:
    """Yield what is not met, in order."""
    columns = {
        asked: {column[0]: column for column in relation.columns or ()}
        for asked, relation in facts.relations.items()
    }
    for one in needed:
        if one.kind == "column":
            column = columns.get(one.place, _NOTHING).get(one.column)
            found = ("missing",) if column is None else _column(one, facts, column)
        elif one.kind == "index":
            found = _index(one, facts, columns.get(one.place, _NOTHING))
        else:
            found = _KINDS[one.kind](one, facts)
        if found is not None:
            yield Missing(one, *found)


_NOTHING: Mapping[str, _Column] = {}
_Verdict = tuple[str] | tuple[str, str] | None


def _table(one: Requirement, facts: Facts) -> _Verdict:
    relation = facts.relations.get(one.place)
    if relation is None or relation.sequence:
        return ("missing",)
    return None if relation.usable else ("schema", relation.schema)


def _column(one: Requirement, facts: Facts, column: _Column) -> _Verdict:
    _, shown, not_null, number, domain_not_null = column
    if one.types and one.types[0].text != shown and not will_do(shown, one.types, facts.types):
        return "type", shown
    if one.nullable is None:
        return None
    if one.nullable:
        return ("not null",) if not_null or domain_not_null else None
    if not (not_null or domain_not_null):
        return ("nullable",)
    unproven = facts.relations[one.place].unproven
    return ("not validated",) if unproven and number in unproven else None


def will_do(shown: str, types: Iterable[Type], path: Mapping[str, str]) -> bool:
    """True if the type that the server shows is among *types*; *path* has the schemas of those that are written without one."""
    for wanted in types:
        if wanted.text == shown:
            return True
        if not wanted.builtin:
            found = read_type(shown)
            schema = wanted.schema or path.get(wanted.name)
            if (found.schema, found.name, found.rest) == (schema, wanted.name, wanted.rest):
                return True
    return False


def _index(one: Requirement, facts: Facts, columns: Mapping[str, _Column]) -> _Verdict:
    relation = facts.relations.get(one.place)
    wanted = [str(columns[name][3]) if name in columns else "" for name in one.columns]
    fitting = [
        index
        for index in (relation.indexes if relation else None) or ()
        if _fits(wanted, index, unique=one.unique)
    ]
    whole = [index for index in fitting if one.partial or not index[3]]
    if any(index[2] for index in whole):
        return None
    if whole:
        return "invalid", whole[0][0]
    return ("partial", fitting[0][0]) if fitting else ("missing",)


def _fits(wanted: Sequence[str], index: _Index, *, unique: bool) -> bool:
    numbers = index[4].split()[: index[5]]
    if unique:
        return index[1] and sorted(numbers) == sorted(wanted)
    return numbers[: len(wanted)] == wanted


def _foreign_key(one: Requirement, facts: Facts) -> _Verdict:
    relation = facts.relations.get(one.place)
    target = facts.relations.get((one.to_schema, one.to_name))
    fitting = [
        (name, proven)
        for name, proven, schema, table, pairs in (relation and relation.keys) or ()
        if target is not None and (schema, table) == target[:2] and _leads(one, pairs)
    ]
    if not fitting:
        return ("missing",)
    return None if any(proven for _, proven in fitting) else ("not validated", fitting[0][0])


def _leads(one: Requirement, pairs: Sequence[Sequence[str]]) -> bool:
    if not one.to_columns:
        return sorted(own for own, _ in pairs) == sorted(one.columns)
    return sorted(map(tuple, pairs)) == sorted(zip(one.columns, one.to_columns, strict=True))


def _function(one: Requirement, facts: Facts) -> _Verdict:
    found = [
        may
        for schema, name, may, on_path, arguments in facts.functions
        if name == one.name
        and (schema == one.schema if one.schema else on_path)
        and _takes(one, arguments, facts)
    ]
    if not found:
        return ("missing",)
    return ("denied",) if one.kind == "privilege" and not any(found) else None


def _takes(one: Requirement, arguments: Sequence[str], facts: Facts) -> bool:
    if one.arguments is None:
        return True
    return len(arguments) == len(one.arguments) and all(
        will_do(shown, (wanted,), facts.types)
        for shown, wanted in zip(arguments, one.arguments, strict=True)
    )


def _extension(one: Requirement, facts: Facts) -> _Verdict:
    version = facts.extensions.get(one.name)
    if version is None:
        return ("missing",)
    return ("version", version) if numbers(version) < numbers(one.version) else None


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with."""
    found = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if digits:
            found.append(int(digits))
        if digits != part:
            break
    return tuple(found)


def _privilege(one: Requirement, facts: Facts) -> _Verdict:
    if one.object == "function":
        return _function(one, facts)
    if one.object == "schema":
        may = facts.schemas.get(one.name)
        return None if may else ("denied" if may is not None else "missing",)
    relation = facts.relations.get(one.place)
    if relation is None or relation.sequence != (one.object == "sequence"):
        return ("missing",)
    return ("denied", relation.schema) if one.privilege in (relation.lacking or ()) else None


_KINDS: Mapping[str, Callable[[Requirement, Facts], _Verdict]] = {
    "table": _table,
    "foreign key": _foreign_key,
    "function": _function,
    "extension": _extension,
    "privilege": _privilege,
}
