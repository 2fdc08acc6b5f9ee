"""What the release before declared to need must still be there after a file: the server is asked before and after.

The question is the one that a boot asks before its services start, so that nothing is known here of what a file says; and one
more, of rows that the old release inserts. Privileges are not asked for: they are a role's, and nobody is that role here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lockstep.catalog.needs.missing import find_missing
from lockstep.catalog.needs.names import shown, spelled
from lockstep.catalog.needs.requirements import Requirement
from lockstep.catalog.needs.verdicts import Missing
from lockstep.errors import ConfigurationWrong
from lockstep.postgres.gate import Database
from lockstep.postgres.queries import load_queries
from lockstep.prove.ground import Ground
from lockstep.prove.subjects import Subject
from lockstep.prove.trial import run_steps
from lockstep.prove.trial import shown as shown_step
from lockstep.prove.verdicts import Check
from lockstep.values import dataclass

_QUERIES = load_queries(Path(__file__).with_name("release_needs.sql"))
_SAY_IT = "the file does not say `-- lockstep: breaking`"
_WRONG = {
    "type": "makes {one} {found}, which is needed as {types}",
    "not null": "makes {one} NOT NULL, into which NULL is written",
    "nullable": "lets {one} hold NULL, which is not expected there",
    "not validated": "leaves {one} not validated",
    "invalid": "leaves {found} invalid, which is needed as {one}",
    "partial": "makes {found} partial, which is needed as {one}",
    "version": "makes {one} version {found}",
}

Lacking = frozenset[tuple[Requirement, str]]
"""What is not met, and in words what a file has done that took it away."""


@dataclass(frozen=True, slots=True)
class ReleaseNeeds:
    """What services need, thing by thing."""

    needed: tuple[Requirement, ...] = ()

    @staticmethod
    def read(text: str, file: str) -> ReleaseNeeds:
        """Return the needs in *text*: rows of ``lockstep.needs`` as a JSON array, or one row's ``needs`` alone.

        Raises ``ConfigurationWrong`` if it is neither.
        """
        try:
            needed = tuple(dict.fromkeys(_requirements(json.loads(text))))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise ConfigurationWrong(
                f"the needs in {file} cannot be read: {error}",
                next_step="Write them anew: psql -Atc 'SELECT json_agg(n) FROM lockstep.needs n'",
            ) from error
        return ReleaseNeeds(needed)

    def lacking(self, ground: Ground, url: str) -> Lacking:
        """Ask a database what of them is not met."""
        if not self.needed:
            return frozenset()
        asked = [one for one in self.needed if one.kind != "privilege"]
        missing = asyncio.run(_missing(url, asked))
        return frozenset({(one.needed, _said(one)) for one in missing} | self._demands(ground, url))

    def judge(
        self, ground: Ground, subject: Subject, before: Lacking, copy: str, after: Lacking
    ) -> Check:
        """Return whether all that was met before the file is met after it, or the file says that it breaks.

        *copy* is a database as it was before, that may be used up.
        """
        taken = [one for one in self._in_order(after) if one not in before]
        if not taken:
            return Check("ok", points=len(self.needed))
        needed, what = _first(taken)
        reason = f"{what}; service {needed.service!r} of an older release needs it"
        if subject.header.breaking:
            return Check("ok", f"{reason}; the file says that it is breaking")
        unsafe = Check("unsafe", f"{reason}; {_SAY_IT}")
        return self._pointed(ground, subject, unsafe, copy, (needed, what))

    def _pointed(
        self, ground: Ground, subject: Subject, check: Check, copy: str, taken: tuple[Any, str]
    ) -> Check:
        """Name the statement after which it is gone for good."""
        culprit = None
        with ground.session(copy) as session:
            for step in subject.steps:
                if run_steps(session, subject, [step]) is not None:
                    return check  # it runs in one transaction only
                gone = taken in self.lacking(ground, copy)
                culprit = (culprit or step) if gone else None
        if culprit is None:
            return check
        line = subject.line_of(culprit.offset)
        return replace(check, statement=shown_step(culprit), line=line)

    def _demands(self, ground: Ground, url: str) -> set[tuple[Requirement, str]]:
        """Return the columns that every new row must fill, and that who inserts rows does not know."""
        inserts = [one for one in self.needed if one.privilege == "insert" and one.columns]
        if not inserts:
            return set()
        with ground.session(url) as session:
            found = {
                one: session.fetch(
                    _QUERIES["demanded"],
                    name=spelled(one.schema, one.name),
                    known=list(one.columns),
                )
                for one in inserts
            }
        return {
            (one, f"demands a value for {shown(row['name'])} of every new row of {one.declared}")
            for one, rows in found.items()
            for row in rows
        }

    def _in_order(self, lacking: Lacking) -> list[tuple[Requirement, str]]:
        places = {one: place for place, one in enumerate(self.needed)}
        return sorted(lacking, key=lambda item: (places[item[0]], item[1]))


def _requirements(told: Any) -> Iterable[Requirement]:
    """Yield what is needed; null is what ``json_agg`` says of no rows."""
    for one in told or ():
        if "needs" in one:
            yield from map(_requirement, one["needs"])
        else:
            yield _requirement(one)


def _requirement(values: Mapping[str, Any]) -> Requirement:
    one = Requirement.from_dict(values)
    str(one)  # it must be of a kind that is known
    return one


async def _missing(url: str, needed: list[Requirement]) -> list[Missing]:
    database = Database(max_size=1)
    await database.open(url, "lockstep:prove")
    try:
        return await find_missing(database, needed)
    finally:
        await database.close()


def _said(one: Missing) -> str:
    form = _WRONG.get(one.why, "takes away {one}")
    types = " or ".join(known.text for known in one.needed.types)
    return form.format(one=one.needed, found=one.found, types=types)


def _first(taken: list[tuple[Requirement, str]]) -> tuple[Requirement, str]:
    """Return the one to tell of: with a column goes its index, so columns come first."""
    return min(taken, key=lambda item: item[0].kind in {"index", "foreign key"})
