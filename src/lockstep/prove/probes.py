"""What the release before asks of the database must still be answered after a file: its queries, tried before and after."""

from __future__ import annotations

from lockstep.postgres.sending import Experiment
from lockstep.postgres.session import ServerError
from lockstep.prove.ground import Ground
from lockstep.prove.splitting import split
from lockstep.prove.subjects import Subject
from lockstep.prove.verdicts import Check
from lockstep.values import dataclass

_SAVEPOINT = "lockstep_probe"


@dataclass(frozen=True, slots=True)
class Probes:
    """Queries, in order, as text."""

    queries: tuple[str, ...]

    @staticmethod
    def read(text: str) -> Probes:
        """Return the queries of a file's text."""
        return Probes(tuple(query for _, query in split(text)))

    def answered(self, ground: Ground, url: str) -> dict[str, str]:
        """Try each query and roll back; return those that fail, with the error of each."""
        with ground.session(url) as session:
            session.script("BEGIN")
            failed = {query: _error(session, query) for query in self.queries}
        return {query: error for query, error in failed.items() if error}

    def judge(self, subject: Subject, before: dict[str, str], after: dict[str, str]) -> Check:
        """Return whether what was answered before the file is answered after it, or the file says that it breaks."""
        broken = [query for query in after if query not in before]
        if not broken:
            return Check("ok", points=len(self.queries) - len(before))
        shown = " ".join(broken[0].split())
        reason = f"an older release's query fails: {after[broken[0]]}"
        if subject.header.breaking:
            return Check("ok", f"{reason}; the file says that it is breaking")
        return Check(
            "unsafe", f"{reason}; the file does not say `-- lockstep: breaking`", shown[:200]
        )


def _error(session: Experiment, query: str) -> str:
    session.script(f"SAVEPOINT {_SAVEPOINT}")
    try:
        session.send(query.encode())
    except ServerError as error:
        session.script(f"ROLLBACK TO {_SAVEPOINT}; RELEASE {_SAVEPOINT}")
        return f"{error.message} ({error.sqlstate})"
    session.script(f"ROLLBACK TO {_SAVEPOINT}; RELEASE {_SAVEPOINT}")
    return ""
