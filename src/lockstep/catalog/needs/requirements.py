"""Needs taken apart: one requirement for each thing that can be there or not. Pure; the form that is asked for and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from lockstep.catalog.needs.declaration import Needs
from lockstep.catalog.needs.declared import Column, ForeignKey, Index
from lockstep.catalog.needs.names import Name, read_leading_name, read_name, shown, truncated
from lockstep.catalog.needs.spelled_types import Type, read_type
from lockstep.errors import ConfigurationWrong, Problem

Kind = Literal["table", "column", "index", "foreign key", "function", "extension", "privilege"]
ON_TABLES = {"select", "insert", "update", "delete", "truncate", "references", "trigger"}
_PRIVILEGES = {
    "table": ON_TABLES,
    "sequence": {"select", "update", "usage"},
    "schema": {"usage"},
    "function": {"execute"},
}


class Requirement(NamedTuple):
    """One thing that a service needs; a tuple, because every boot makes hundreds.

    ``schema`` and ``name`` are those of the table, or of what else the requirement is about; no schema: as the search path finds
    it. ``declared`` is how the declaration spells it. Of a column, ``types`` are those that will do, none for any. Of a privilege,
    ``object`` says on what kind of thing, and ``columns`` are those that the service names.
    """

    service: str
    kind: Kind
    declared: str
    schema: str = ""
    name: str = ""
    column: str = ""
    types: tuple[Type, ...] = ()
    nullable: bool | None = None
    columns: tuple[str, ...] = ()
    unique: bool = False
    partial: bool = False
    to_schema: str = ""
    to_name: str = ""
    to_columns: tuple[str, ...] = ()
    arguments: tuple[Type, ...] | None = None
    version: str = ""
    privilege: str = ""
    object: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """Schema and name, as a key."""
        return self[3:5]

    def as_dict(self) -> dict[str, Any]:
        """Return it JSON-ready, defaults left out."""
        return {
            name: _plain(value)
            for name, value in zip(self._fields, self, strict=True)
            if name not in self._field_defaults or value != self._field_defaults[name]
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Requirement:
        """Read what ``as_dict`` wrote; what a newer release added is left out."""
        known = {name: _read(name, values[name]) for name in cls._fields if name in values}
        return cls(**known)

    def __str__(self) -> str:
        return _SHOWN[self.kind](self)


def requirements_of(needs: Mapping[str, Needs]) -> tuple[Requirement, ...]:
    """Return what the services (by name) need, thing by thing.

    Raises ``ConfigurationWrong`` with every declaration that cannot be read.
    """
    found: list[Requirement] = []
    problems: list[Problem] = []
    for service, declared in needs.items():
        wrong = len(problems)
        for part, make in _PARTS.items():
            for entry in _entries(declared, part):
                try:
                    found += make(service, declared, entry)
                except (ValueError, TypeError, AttributeError) as error:
                    problems.append(Problem(f"service {service!r}, {part}: {error}"))
        if len(problems) == wrong:
            found += _readable(service, declared)
    if problems:
        raise ConfigurationWrong(
            "the needs of services cannot be read",
            problems=problems,
            why="`needs` is declared with lockstep.Needs, in SQL's own spelling of names and types.",
            next_step="Correct what is listed and start again; nothing was touched.",
        )
    return tuple(found)


def _entries(declared: Needs, part: str) -> Iterable[Any]:
    value = getattr(declared, part)
    if isinstance(value, str):
        return [value] if part in {"functions", "extensions"} else [(value, None)]
    return value.items() if isinstance(value, Mapping) else value


def _tables(service: str, _needs: Needs, entry: tuple[str, Any]) -> Iterator[Requirement]:
    text, columns = entry
    name = read_name(text)
    if isinstance(columns, str) or not isinstance(columns, Mapping | Iterable):
        raise ValueError(f"the columns of {text!r} are {columns!r}; write a tuple or a mapping")  # noqa: TRY004
    yield Requirement(service, "table", text, name.schema, name.name)
    typed = columns if isinstance(columns, Mapping) else dict.fromkeys(columns, ())
    for column, wanted in typed.items():
        named, nullable = (
            (wanted, None) if not isinstance(wanted, Column) else (wanted.type, wanted.nullable)
        )
        types = tuple(read_type(type_) for type_ in _several(named))
        yield Requirement(
            service,
            "column",
            text,
            name.schema,
            name.name,
            column=_column(column),
            types=types,
            nullable=nullable,
        )


def _indexes(service: str, _needs: Needs, index: Index) -> Iterator[Requirement]:
    name = read_name(index.table)
    yield Requirement(
        service,
        "index",
        index.table,
        name.schema,
        name.name,
        columns=_columns(index.columns),
        unique=index.unique,
        partial=index.partial,
    )


def _foreign_keys(service: str, _needs: Needs, key: ForeignKey) -> Iterator[Requirement]:
    name, to = read_name(key.table), read_name(key.to_table)
    columns = _columns(key.columns)
    to_columns = _columns(key.to_columns) if key.to_columns else ()
    if to_columns and len(to_columns) != len(columns):
        raise ValueError(f"a foreign key of {key.table!r} leads to another number of columns")
    yield Requirement(
        service,
        "foreign key",
        key.table,
        name.schema,
        name.name,
        columns=columns,
        to_schema=to.schema,
        to_name=to.name,
        to_columns=to_columns,
    )


def _functions(service: str, _needs: Needs, text: str) -> Iterator[Requirement]:
    name, arguments = read_signature(text)
    yield Requirement(service, "function", text, name.schema, name.name, arguments=arguments)


def _extensions(service: str, _needs: Needs, entry: str | tuple[str, str]) -> Iterator[Requirement]:
    name, version = entry if isinstance(entry, tuple) else (entry, "")
    if version and not all(part.isdecimal() for part in version.split(".")):
        raise ValueError(f"{version!r} is no version of {name!r}: write numbers, as in '1.5'")
    yield Requirement(service, "extension", name, "", truncated(name), version=version)


def _privileges(
    service: str, needs: Needs, entry: tuple[str, Iterable[str]]
) -> Iterator[Requirement]:
    text, privileges = entry
    first, _, rest = text.partition(" ")
    kind = first if first in _PRIVILEGES and rest else "table"
    name, arguments = _object(kind, rest if kind == first else text)
    for privilege in _several(privileges):
        word = privilege.lower()
        if word not in _PRIVILEGES[kind]:
            known = ", ".join(sorted(_PRIVILEGES[kind]))
            raise ValueError(f"{privilege!r} is no privilege on a {kind}; there are {known}")
        yield Requirement(
            service,
            "privilege",
            text,
            name.schema,
            name.name,
            columns=_columns_needed(needs, text, name) if kind == "table" else (),
            arguments=arguments,
            privilege=word,
            object=kind,
        )


def _object(kind: str, text: str) -> tuple[Name, tuple[Type, ...] | None]:
    if kind == "function":
        return read_signature(text)
    name = read_name(text)
    return (Name("", name.name) if kind == "schema" else name), None


def _readable(service: str, needs: Needs) -> Iterator[Requirement]:
    """Yield the privilege to read each table that nothing else is said of."""
    said = {read_name(text) for text in needs.privileges if " " not in text}
    for text in needs.tables:
        if read_name(text) not in said:
            yield from _privileges(service, needs, (text, ("select",)))


def read_signature(text: str) -> tuple[Name, tuple[Type, ...] | None]:
    """Read ``slugify(text, integer)``; of a bare name the arguments are None."""
    name, end = read_leading_name(text)
    rest = text[end:].strip()
    if not rest:
        return name, None
    if not (rest.startswith("(") and rest.endswith(")")):
        raise ValueError(f"{text!r} is no function; write it as: slugify(text, integer)")
    listed = [part.strip() for part in _split(rest[1:-1])]
    if listed == [""]:
        return name, ()
    return name, tuple(read_type(part, modified=False) for part in listed)


def _split(text: str) -> Iterator[str]:
    """Split at commas that stand in no parentheses."""
    depth = start = 0
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            yield text[start:place]
            start = place + 1
    yield text[start:]


def _columns_needed(needs: Needs, text: str, name: Name) -> tuple[str, ...]:
    columns = needs.tables.get(text)
    if columns is None:
        columns = next((c for t, c in needs.tables.items() if read_name(t) == name), ())
    return tuple(_column(column) for column in columns)


def _columns(columns: str | Iterable[str]) -> tuple[str, ...]:
    found = tuple(_column(column) for column in _several(columns))
    if not found:
        raise ValueError("no columns are named")
    return found


def _column(name: str) -> str:
    if not isinstance(name, str) or not name or "\0" in name:
        raise ValueError(f"{name!r} is no name of a column")
    return truncated(name)


def _several(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


_PARTS: Mapping[str, Any] = {
    "tables": _tables,
    "indexes": _indexes,
    "foreign_keys": _foreign_keys,
    "functions": _functions,
    "extensions": _extensions,
    "privileges": _privileges,
}


def _plain(value: Any) -> Any:
    if isinstance(value, Type):
        return {name: part for name, part in value._asdict().items() if part}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _read(name: str, value: Any) -> Any:
    if name in {"types", "arguments"} and value is not None:
        return tuple(Type(**type_) for type_ in value)
    return tuple(value) if isinstance(value, list) else value


def _show_index(one: Requirement) -> str:
    kind = "a unique index" if one.unique else "an index"
    return f"{kind} on {one.declared} ({', '.join(map(shown, one.columns))})"


def _show_foreign_key(one: Requirement) -> str:
    to = shown(one.to_schema, one.to_name)
    if one.to_columns:
        to += f" ({', '.join(map(shown, one.to_columns))})"
    return f"a foreign key from {one.declared} ({', '.join(map(shown, one.columns))}) to table {to}"


def _show_column(one: Requirement) -> str:
    return f"column {one.declared}.{shown(one.column)}"


def _show_extension(one: Requirement) -> str:
    return f"extension {one.name}" + (f" {one.version} or newer" if one.version else "")


def _show_privilege(one: Requirement) -> str:
    return f"table {one.declared}" if one.object == "table" else one.declared


_SHOWN = {
    "table": lambda one: f"table {one.declared}",
    "column": _show_column,
    "index": _show_index,
    "foreign key": _show_foreign_key,
    "function": lambda one: f"function {one.declared}",
    "extension": _show_extension,
    "privilege": _show_privilege,
}
