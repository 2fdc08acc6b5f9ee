"""From where the columns of a row take their values together: each alone, or several from a row of the table that they refer to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from lockstep.values import dataclass

NULL = "NULL"


@dataclass(frozen=True, slots=True)
class Source:
    """Columns that are chosen together, and the choices: SQL expressions in the order of the columns."""

    columns: tuple[str, ...]
    choices: tuple[tuple[str, ...], ...]

    def trimmed(self, most: int) -> Source:
        """Return it with no more than *most* choices; a NULL that may be taken stays among them."""
        kept = self.choices[:most]
        nulls = [one for one in self.choices if set(one) == {NULL}]
        if nulls and nulls[0] not in kept:
            kept = (*kept[: most - 1], nulls[0])
        return Source(self.columns, kept)


def joined(sources: Iterable[Source]) -> list[Source]:
    """Make those that share columns into one, whose choices agree in them."""
    done: list[Source] = []
    for source in sources:
        current = source
        apart = []
        for other in done:
            if set(other.columns) & set(current.columns):
                current = _join(other, current)
            else:
                apart.append(other)
        done = [*apart, current]
    return done


def components(sources: Sequence[Source], groups: Iterable[Sequence[str]]) -> list[list[Source]]:
    """Put sources together whose columns appear in one of the groups together."""
    owner: dict[str, list[Source]] = {}
    for source in sources:
        single = [source]
        for column in source.columns:
            owner[column] = single
    for group in groups:
        met = [owner[column] for column in group if column in owner]
        first = met[0] if met else []
        for other in met[1:]:
            if other is first:
                continue
            first += other
            for source in other:
                for column in source.columns:
                    owner[column] = first
    unique: dict[int, list[Source]] = {id(one): one for one in owner.values()}
    return list(unique.values())


def _join(one: Source, other: Source) -> Source:
    shared = [column for column in other.columns if column in one.columns]
    columns = (*one.columns, *(column for column in other.columns if column not in one.columns))
    choices = []
    for mine, theirs in product(one.choices[:40], other.choices[:40]):
        left = dict(zip(one.columns, mine, strict=True))
        right = dict(zip(other.columns, theirs, strict=True))
        if all(left[column] == right[column] for column in shared):
            merged: Mapping[str, str] = {**right, **left}
            choices.append(tuple(merged[column] for column in columns))
    return Source(columns, tuple(choices))
