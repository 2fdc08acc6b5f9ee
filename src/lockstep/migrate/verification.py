"""Hold the live schema against ``schema.lock``, and know a database again that was held against it before.

A token over the catalogs stands for their state. Where it is the one that was stored when the schema was last found to be
right, nothing more is read: that is all that a restart costs. Reading takes no lock and waits for none.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockstep.durations import format_duration
from lockstep.errors import Problem, SchemaUnread
from lockstep.events import Listener, SchemaDiffers
from lockstep.migrate import failures
from lockstep.migrate.expected import Expected
from lockstep.migrate.ledger import Boot
from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import Row, ServerError, Session
from lockstep.settings import Settings
from lockstep.timeline import format_utc

if TYPE_CHECKING:
    from lockstep.catalog.compare import Drift
    from lockstep.migrate.drifted import Judged, LastKnown
    from lockstep.postgres.blockers import Blocker

QUERIES = load_queries(Path(__file__).with_name("verification.sql"))
_DENIED = "42501"
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.05, 0.5, 1.5
_AHEAD = "the database is ahead of this release, whose schema.lock is older than the schema"
_REPORTED = "the setting drift says to report, not to refuse"
_HARMLESS = "nothing of it refuses a boot"


def exclusive_holders(session: Session) -> list[Blocker]:
    """Return the sessions that hold, or wait for, a lock behind which nothing can be read."""
    from lockstep.postgres.blockers import Blocker

    with failures.bookkeeping(session):
        return [Blocker(**row) for row in session.fetch(QUERIES["exclusive_holders"])]


class Verification:
    """What one boot asks of the live schema in step 3. ``keeps``: the bookkeeping has a place for verdicts, and we may read it."""

    def __init__(
        self,
        session: Session,
        boot: Boot,
        expected: Expected,
        settings: Settings,
        report: Listener,
        *,
        role: str,
        keeps: bool,
    ) -> None:
        self.keeps = keeps
        self.recorded = False
        """True if the boot's record was completed along with the recognition."""
        self._session = session
        self._boot = boot
        self._expected = expected
        self._settings = settings
        self._report = report
        self._role = role

    def recognised(self, outcome: str | None = None) -> bool:
        """Return whether nothing has changed since the schema was last found to be right; what was remarked then is told again.

        If so, *outcome* is written into the boot's record in the same round trip.
        """
        verdict = self._verdict(outcome)
        if verdict is None:
            return False
        self.recorded = bool(verdict["recorded"])
        self._tell(_remembered(verdict["remarks"]))
        return True

    def settled(self) -> bool:
        """The same, in silence: did somebody else find it to be right by now?"""
        return self._verdict(None) is not None

    def _verdict(self, outcome: str | None) -> Row | None:
        """Return the verdict that was stored for the catalogs as they are now."""
        if not self.keeps:
            return None
        from lockstep.catalog.token import token_statement

        token = token_statement(self._session.server_version).replace("%", "%%")
        query = QUERIES["read_verdict"].replace("{token}", token)
        with failures.bookkeeping(self._session):
            (row,) = self._session.fetch(
                query,
                app=self._boot.app,
                schema_lock=self._expected.digest,
                outcome=outcome,
                boot_id=self._boot.id,
            )
        return row if row["known"] else None

    def hold(self, *, ahead: Callable[[], bool], applied: int, repair: Callable[[], bool]) -> None:
        """See that the schema is what is expected; what is worth a remark is reported.

        *repair* is called, once, where something is missing or different; it returns whether it did anything about it. *ahead*:
        a newer release has changed the schema, so that nothing is refused. Raises ``SchemaDrifted``; ``SchemaUnread`` where
        somebody's lock keeps it from being known until the setting lock_timeout is over.
        """
        judged, token = self._look()
        if judged.refusing and not ahead() and repair():
            judged, token = self._look()
        from lockstep.migrate import drifted

        if ahead() or (judged.refusing and self._settings.drift == "report"):
            why = _AHEAD if ahead() else _REPORTED
            self._tell(drifted.remark([*judged.refusing, *judged.remarks], why, harmless=False))
            return
        if judged.refusing:
            from lockstep.migrate.origins import origins

            known = self._last_known()
            raise drifted.refusal(
                judged.refusing,
                self._expected,
                known,
                self._settings,
                applied=applied,
                makers=origins(judged.refusing, self._settings.migrations),
            )
        event = drifted.remark(judged.remarks, _HARMLESS, harmless=True)
        self._tell(event)
        self._remember(token, event)

    def short(self) -> bool:
        """Return whether something is missing or different now."""
        return bool(self._look()[0].refusing)

    def _look(self) -> tuple[Judged, str]:
        """Read and compare; return what differs, and the token of what was read, empty if somebody changed it meanwhile."""
        from lockstep.catalog.token import read_token
        from lockstep.migrate.drifted import judge

        begun, pause = time.monotonic(), _FIRST_PAUSE
        while True:
            with failures.bookkeeping(self._session):
                before = read_token(self._session)
                drift = self._compare()
                after = read_token(self._session)
            judged = judge(drift, self._role)
            if judged.refusing or not drift.unread:
                return judged, after if before == after else ""
            waited = time.monotonic() - begun
            if waited >= self._settings.lock_timeout:
                if self._settings.drift == "report":
                    return judged, ""
                raise self._unread(drift, waited)
            self._session.interrupt.sleep(pause)
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)

    def _compare(self) -> Drift:
        from lockstep.catalog.compare import compare
        from lockstep.catalog.snapshot import read_snapshot

        return compare(self._expected.snapshot, read_snapshot(self._session))

    def _unread(self, drift: Drift, waited: float) -> SchemaUnread:
        from lockstep.catalog.fact import dotted

        holders = exclusive_holders(self._session)
        unread = [f"{fact.kind} {dotted(fact.path)}" for fact in drift.unread]
        names = f": {', '.join(unread[:5])}" if unread else ""
        pid = f" (SELECT pg_terminate_backend({holders[0].pid});)" if holders else ""
        return SchemaUnread(
            f"the schema could not be held against {self._expected.file.name} for {format_duration(waited)}",
            problems=[Problem(f"locked by {holder}") for holder in holders],
            why=f"Another session locks what would have to be read{names}.",
            next_step=f"Wait for that session or end it{pid}, then start again; LOCKSTEP_LOCK_TIMEOUT sets how long to wait.",
        )

    def _remember(self, token: str, remarks: SchemaDiffers | None) -> None:
        if not (token and self.keeps):
            return
        try:
            self._session.fetch(
                QUERIES["write_verdict"],
                app=self._boot.app,
                schema_lock=self._expected.digest,
                token=token,
                remarks=json.dumps(remarks.as_dict() if remarks else {}),
                release=self._boot.release,
                boot_id=self._boot.id,
            )
        except ServerError as error:
            if error.sqlstate != _DENIED:
                raise failures.of_session(error, self._session) from error

    def _last_known(self) -> LastKnown:
        from lockstep.migrate.drifted import LastKnown

        applied: list[dict[str, Any]] = []
        verified: list[dict[str, Any]] = []
        with contextlib.suppress(ServerError):
            applied = self._session.fetch(QUERIES["last_applied"], app=self._boot.app)
            if self.keeps:
                verified = self._session.fetch(QUERIES["last_verified"], app=self._boot.app)
        seen = format_utc(verified[0]["verified_at"]) if verified else ""
        if not applied:
            return LastKnown(verified=seen)
        (row,) = applied
        return LastKnown(
            row["name"], format_utc(row["applied_at"]), row["release"], row["boot_id"], seen
        )

    def _tell(self, event: SchemaDiffers | None) -> None:
        if event is not None:
            self._report(event)


def _remembered(stored: dict[str, Any]) -> SchemaDiffers | None:
    """Return the event that was stored as JSON along with a verdict; None if there was none."""
    if not stored:
        return None
    return SchemaDiffers(
        tuple(stored["counts"]), tuple(stored["shown"]), stored["why"], stored["harmless"]
    )
