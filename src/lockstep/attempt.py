"""One attempt to boot: who boots, with which settings, where it is, and how it ended, for listeners and for the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lockstep.development import DatabaseSource
from lockstep.errors import DatabaseUnreachable, Interrupted, LockstepError, Refused, Unexpected
from lockstep.events import BootBegun, BootCompleted, BootFailed, Event, Listener, Step
from lockstep.interrupt import Interrupt
from lockstep.migrate.ledger import Boot
from lockstep.migrate.record import write_record
from lockstep.sequence import Sequence
from lockstep.settings import Settings
from lockstep.timeline import Timeline


class Attempt:
    """A boot from its first event to its record.

    ``source`` is set by step 1; ``recorded`` by the step that already wrote how the boot ended.
    """

    def __init__(
        self, command: str, settings: Settings, listener: Listener, interrupt: Interrupt
    ) -> None:
        self.settings = settings
        self.boot = Boot(settings.app, command, settings.release, settings.environment)
        self.timeline = Timeline(host=self.boot.host)
        self.interrupt = interrupt
        self.sequence = Sequence(self.report, interrupt)
        self.source: DatabaseSource | None = None
        self.recorded = False
        self._listener = listener

    def report(self, event: Event) -> None:
        """Tell the timeline, then the listener."""
        self.timeline(event)
        self._listener(event)

    @property
    def database(self) -> DatabaseSource:
        """Where the database is; known from step 1 on."""
        assert self.source is not None
        return self.source

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Report begin and failure of the block; whatever it raises leaves as a ``LockstepError``, recorded."""
        boot = self.boot
        self.sequence.begin()
        self.report(BootBegun(boot.id, boot.app, boot.command, boot.release, boot.environment))
        try:
            yield
        except LockstepError as error:
            self._fail(error)
            raise
        except (Exception, SystemExit) as error:
            if self.interrupt.requested:
                stopped = Interrupted(self.interrupt.signal_number, during=self.interrupt.during)
                self._fail(stopped)
                raise stopped from error
            unexpected = Unexpected.wrap(error, self.sequence.current.label)
            self._fail(unexpected)
            raise unexpected from error

    def complete(self) -> None:
        """Report that all steps of the command hold, and record it."""
        self.report(BootCompleted(self.boot.command, self.sequence.seconds))
        if not self.recorded:
            self.record("completed", patience=2.0)

    def record(self, outcome: str, *, patience: float) -> None:
        """Write the boot's row, where there is a database to write it to; one that failed in step 0 has a row too."""
        url = self.source.url if self.source is not None else self.settings.database
        if url is not None:
            self.recorded = write_record(
                url,
                self.settings.database_source,
                self.boot,
                self.timeline,
                outcome,
                patience=patience,
            )

    def _fail(self, error: LockstepError) -> None:
        sequence = self.sequence
        self.report(
            BootFailed(error, sequence.current, sequence.seconds, self.settings.environment)
        )
        # Where no server has answered, asking once more would only delay the end.
        unanswered = isinstance(error, Interrupted | DatabaseUnreachable)
        if not (unanswered and sequence.current <= Step.CONNECT):
            self.record(outcome_of(error), patience=0.3)


def outcome_of(error: LockstepError) -> str:
    """Return the record's word for how a boot with *error* ended."""
    if isinstance(error, Interrupted):
        return "interrupted"
    return "refused" if isinstance(error, Refused) else "failed"
