"""Needs read from SQLAlchemy's models; the one module that knows SQLAlchemy, which is imported only by who has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Column as ModelColumn
from sqlalchemy import (
    ForeignKeyConstraint,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy import Index as ModelIndex
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import CompileError

from lockstep.catalog.needs.declared import Column, ForeignKey, Index, Privilege
from lockstep.catalog.needs.names import spelled

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # it has no annotations
_COLLATION = re.compile(r'\s+COLLATE\s+(?:"(?:[^"]|"")+"|\S+)', re.IGNORECASE)


def needs_of_models(
    metadata: MetaData,
    *,
    schema: str | None,
    only: Iterable[str] | Callable[[Table], bool] | None,
    privileges: tuple[Privilege, ...],
) -> dict[str, Any]:
    """Return what the tables of *metadata* need, part by part; see ``Needs.from_sqlalchemy``."""
    tables = [table for table in metadata.sorted_tables if _chosen(table, only)]
    if not callable(only) and only is not None:
        _refuse_unknown(metadata, tuple(only))
    names = {table: _name(table, schema) for table in tables}
    return {
        "tables": {names[table]: _columns(table) for table in tables},
        "indexes": tuple(index for table in tables for index in _indexes(table, names[table])),
        "foreign_keys": tuple(
            key for table in tables for key in _foreign_keys(table, names[table], schema)
        ),
        "privileges": dict.fromkeys(names.values(), privileges),
    }


def _chosen(table: Table, only: Iterable[str] | Callable[[Table], bool] | None) -> bool:
    if only is None:
        return True
    if callable(only):
        return only(table)
    wanted = tuple(only)
    return table.name in wanted or table.fullname in wanted


def _refuse_unknown(metadata: MetaData, only: tuple[str, ...]) -> None:
    known = {name for table in metadata.tables.values() for name in (table.name, table.fullname)}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise ValueError(
            f"no model has a table {unknown[0]!r}; there are {', '.join(sorted(known))}"
        )


def _name(table: Table, schema: str | None) -> str:
    return spelled(table.schema or schema or "", table.name)


def _columns(table: Table) -> dict[str, Column]:
    return {
        column.name: Column(_type(column), nullable=bool(column.nullable))
        for column in table.columns
    }


def _type(column: ModelColumn[Any]) -> str | tuple[str, ...]:
    """Return the column's type as SQL spells it; of one that the dialect cannot write, any will do."""
    try:
        text = column.type.compile(dialect=_DIALECT)
    except CompileError:
        return ()
    return _COLLATION.sub("", text)


def _indexes(table: Table, name: str) -> Iterator[Index]:
    for constraint in table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint) and constraint.columns:
            columns = tuple(column.name for column in constraint.columns)
            yield Index(name, columns, unique=True)
    for index in sorted(table.indexes, key=lambda one: str(one.name)):
        columns = _plain_columns(index)
        if columns:
            partial = index.dialect_options["postgresql"].get("where") is not None
            yield Index(name, columns, unique=bool(index.unique), partial=partial)


def _plain_columns(index: ModelIndex) -> tuple[str, ...]:
    """Return the columns that an index begins with; of a unique one with expressions none, for it is not over columns."""
    columns: list[str] = []
    for expression in index.expressions:
        if not isinstance(expression, ModelColumn):
            return () if index.unique else tuple(columns)
        columns.append(expression.name)
    return tuple(columns)


def _foreign_keys(table: Table, name: str, schema: str | None) -> Iterator[ForeignKey]:
    keys = [one for one in table.constraints if isinstance(one, ForeignKeyConstraint)]
    for key in sorted(keys, key=lambda one: tuple(one.column_keys)):
        columns = tuple(column.name for column in key.columns)
        to_columns = tuple(element.column.name for element in key.elements)
        yield ForeignKey(name, columns, _name(key.referred_table, schema), to_columns)
