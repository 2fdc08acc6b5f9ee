"""The needs of two parts of a service as those of one: a schema meets them if it meets both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lockstep.catalog.needs.declared import ANY, Column, Columns
from lockstep.catalog.needs.names import read_name
from lockstep.catalog.needs.spelled_types import read_type

if TYPE_CHECKING:
    from lockstep.catalog.needs.declaration import Needs


def joined(one: Needs, other: Needs) -> dict[str, Any]:
    """Return the fields of the needs that say what *one* and *other* say; raise ``ValueError`` where no schema could meet both."""
    tables: dict[str, dict[str, Column]] = {}
    for table, columns in (*one.tables.items(), *other.tables.items()):
        known = tables.setdefault(table, {})
        for name, column in _columns(columns).items():
            known[name] = _both(f"{table}.{name}", known.get(name, ANY), column)
    return {
        "tables": tables,
        "indexes": _once(one.indexes, other.indexes),
        "foreign_keys": _once(one.foreign_keys, other.foreign_keys),
        "functions": _once(one.functions, other.functions),
        "extensions": _by_name(_extensions(one), _extensions(other), _newer),
        "privileges": _by_name(_privileges(one), _privileges(other), _once),
    }


def _columns(columns: Columns) -> dict[str, Column]:
    typed = columns if isinstance(columns, Mapping) else dict.fromkeys(columns, ANY)
    return {
        name: wanted if isinstance(wanted, Column) else Column(wanted)
        for name, wanted in typed.items()
    }


def _both(place: str, one: Column, other: Column) -> Column:
    types, others = (_several(column.type) for column in (one, other))
    alike = {read_type(type_) for type_ in others}
    shared = tuple(type_ for type_ in types if read_type(type_) in alike)
    if types and others and not shared:
        raise ValueError(f"{place} cannot be {' or '.join(types)} and {' or '.join(others)}")
    if {one.nullable, other.nullable} == {True, False}:
        raise ValueError(f"{place} cannot both take NULL and never hold it")
    nullable = other.nullable if one.nullable is None else one.nullable
    return Column(shared or types or others, nullable)


def _privileges(needs: Needs) -> dict[str, tuple[str, ...]]:
    """Return those that are said, and of every other table that it can be read."""
    said = {text: _several(privileges) for text, privileges in needs.privileges.items()}
    names = {read_name(text) for text in said if " " not in text}
    unsaid = (table for table in needs.tables if read_name(table) not in names)
    return said | dict.fromkeys(unsaid, ("select",))


def _extensions(needs: Needs) -> dict[str, str]:
    listed = needs.extensions
    return dict(listed) if isinstance(listed, Mapping) else dict.fromkeys(_several(listed), "")


def _newer(one: str, other: str) -> str:
    return max(one, other, key=lambda version: [int(part) for part in version.split(".") if part])


def _by_name(
    one: dict[str, Any], other: dict[str, Any], both: Callable[[Any, Any], Any]
) -> dict[str, Any]:
    shared = {name: both(one[name], other[name]) for name in one if name in other}
    return one | other | shared


def _once(one: Iterable[Any], other: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys((*_several(one), *_several(other))))


def _several(value: str | Iterable[Any]) -> tuple[Any, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
