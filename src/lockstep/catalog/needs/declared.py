"""The parts of a declaration of needs: a column, an index, a foreign key, a privilege."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from lockstep.values import dataclass

Privilege: TypeAlias = Literal[
    "select", "insert", "update", "delete", "truncate", "references", "trigger", "usage", "execute"
]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a type: as SQL spells it, or several that will do; without one, any.

    ``nullable`` False: it never holds NULL, and the server vouches for it. True: NULL may be written. None: either.
    """

    type: str | tuple[str, ...] = ()
    nullable: bool | None = None


ANY = Column()
"""A column of whatever type."""
Columns: TypeAlias = Sequence[str] | Mapping[str, str | tuple[str, ...] | Column]


@dataclass(frozen=True, slots=True)
class Index:
    """An index, by the columns that it leads with; its name does not matter.

    It must be valid, and not partial unless ``partial`` says that one will do. ``unique``: over exactly these columns, in any order;
    that of a constraint counts.
    """

    table: str
    columns: str | tuple[str, ...]
    unique: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key that is enforced and was validated; without ``to_columns`` it may lead to any of the table's."""

    table: str
    columns: str | tuple[str, ...]
    to_table: str
    to_columns: str | tuple[str, ...] = ()
