"""What a service requires of the schema, declared: tables, columns, indexes, functions, extensions, privileges.

These are values; ``requirements`` makes of them what can be asked one by one, ``missing`` asks, ``unmet`` refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from lockstep.catalog.needs.declared import Columns, ForeignKey, Index, Privilege
from lockstep.values import dataclass

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table


@dataclass(frozen=True, slots=True)
class Needs:
    """What a service reads, writes and calls.

    ``tables`` has for each table its columns: their names, or their types by name. A table's name may be qualified (``audit.entries``); an
    unqualified one is found as the services' search path finds it. Names of tables and functions are spelled as in SQL (odd ones in
    double quotes), those of columns as they are. ``functions`` are written ``slugify(text)``; a bare name is any of that name.
    ``extensions`` are names, or minimum versions by name (empty: any).

    ``privileges`` are those of the role that the services' pool uses, by table, or by ``function slugify(text)``, ``schema app``,
    ``sequence orders_id_seq``. Every table must be readable unless something else is said of it here.
    """

    tables: Mapping[str, Columns] = field(default_factory=dict)
    indexes: Sequence[Index] = ()
    foreign_keys: Sequence[ForeignKey] = ()
    functions: Sequence[str] = ()
    extensions: Sequence[str] | Mapping[str, str] = ()
    privileges: Mapping[str, Sequence[Privilege]] = field(default_factory=dict)

    def __or__(self, other: Needs) -> Needs:
        """Return needs that a schema meets if it meets both: those of a service that is made of parts.

        Raises ``ValueError`` where no schema could: a column of two types.
        """
        from lockstep.catalog.needs.joined import joined

        return Needs(**joined(self, other))

    @classmethod
    def from_sqlalchemy(
        cls,
        metadata: MetaData,
        *,
        schema: str | None = None,
        only: Iterable[str] | Callable[[Table], bool] | None = None,
        privileges: Sequence[Privilege] = ("select",),
    ) -> Needs:
        """Return what SQLAlchemy models need: tables, columns, types, nullability, indexes, unique constraints, foreign keys.

        *schema* is where tables without a schema of their own are; None finds them by the search path. *only* chooses the tables,
        by name or by a function. *privileges* are needed on each of them. Raises ``ImportError`` where SQLAlchemy is not installed.
        """
        from lockstep.catalog.needs.models import needs_of_models

        return cls(
            **needs_of_models(metadata, schema=schema, only=only, privileges=tuple(privileges))
        )
