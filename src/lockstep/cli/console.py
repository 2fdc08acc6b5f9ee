"""A boot's events as lines for people; on a terminal the step that runs is shown live in one line that is rewritten."""

from __future__ import annotations

import threading
from functools import singledispatchmethod
from typing import TextIO

from lockstep import events as e
from lockstep.cli.colour import is_terminal, palette_for
from lockstep.cli.errors import render_error, unmet_lines
from lockstep.durations import format_duration
from lockstep.errors import DatabaseUnreachable, Interrupted, NeedsUnmet, SchemaDrifted

_NAME_WIDTH = 10
_SCHEMA_STEPS = (e.Step.CONNECT, e.Step.LOCK, e.Step.MIGRATE, e.Step.SEED, e.Step.UNLOCK)

_DATABASE_ERRORS = (NeedsUnmet, DatabaseUnreachable)


class Console:
    """A listener that writes to *stream*; may be called from any thread."""

    def __init__(self, stream: TextIO, *, verbose: bool = False) -> None:
        self._stream = stream
        self._live = is_terminal(stream)
        self._palette = palette_for(stream)
        self._verbose = verbose
        self._lock = threading.Lock()
        self._progress = ""
        self._url = ""
        self._degraded = False

    def __call__(self, event: e.Event) -> None:
        """Show *event*."""
        with self._lock:
            self._show(event)
            self._stream.flush()

    @singledispatchmethod
    def _show(self, event: e.Event) -> None:  # the fallback of a dispatch
        """Say nothing of events that have no line."""

    @_show.register(e.BootBegun)
    def _(self, event: e.BootBegun) -> None:
        release = f", release {event.release[:12]}" if event.release else ""
        self._line(f"lockstep {event.command}: {event.app}, {event.environment}{release}")

    @_show.register(e.StepBegun)
    def _(self, event: e.StepBegun) -> None:
        self._draw(f"{int(event.step)} {event.step.label} ...")

    @_show.register(e.StepDone)
    def _(self, event: e.StepDone) -> None:
        mark = self._palette.dim("-") if event.skipped else self._palette.green("✓")
        took = format_duration(event.seconds)
        self._line(
            f"{mark} {int(event.step)} {event.step.label:<{_NAME_WIDTH}} {took:>9}  {event.note}".rstrip()
        )
        if event.step is e.Step.SERVICES and not self._degraded:
            self._line("✅ ALL SERVICES INITIALIZED SUCCESSFULLY")

    @_show.register(e.EmbeddedStarted)
    def _(self, event: e.EmbeddedStarted) -> None:
        made = "made" if event.created else "started"
        self._line(
            self._palette.dim(f"  embedded PostgreSQL {event.version} {made} in {event.directory}")
        )

    @_show.register(e.DatabaseWaiting)
    def _(self, event: e.DatabaseWaiting) -> None:
        self._note(f"waiting for the database ({format_duration(event.waited)}): {event.reason}")

    @_show.register(e.PoolerFound)
    def _(self, event: e.PoolerFound) -> None:
        self._note(f"a transaction pooler answers here; {event.consequence}")

    @_show.register(e.LockWaiting)
    def _(self, event: e.LockWaiting) -> None:
        self._note(
            f"waiting for the boot lock ({format_duration(event.waited)}), held by {event.holder}"
        )

    @_show.register(e.Planned)
    def _(self, event: e.Planned) -> None:
        if event.history_lost:
            self._note(
                "the database has tables but no ledger: every file runs again (they are idempotent)"
            )
        for name in event.late:
            self._note(f"{name} is late: it sorts before files that are already applied")
        if event.ahead:
            self._note(f"the database is ahead of this release by {', '.join(event.ahead)}")

    @_show.register(e.FilesWarned)
    def _(self, event: e.FilesWarned) -> None:
        for line in event.shown:
            self._note(line)
        if event.count > len(event.shown):
            self._note(f"and {event.count - len(event.shown)} more: lockstep plan shows them")

    @_show.register(e.FileBegun)
    def _(self, event: e.FileBegun) -> None:
        self._draw(f"{event.kind} {event.position}/{event.total} {event.name} ...")

    @_show.register(e.StatementBlocked)
    def _(self, event: e.StatementBlocked) -> None:
        self._note(f"{event.name} has waited {format_duration(event.waited)} for {event.blockers}")

    @_show.register(e.FileApplied)
    def _(self, event: e.FileApplied) -> None:
        self._line(f"    {event.name}  {self._palette.dim(format_duration(event.seconds))}")

    @_show.register(e.StatementDone)
    def _(self, event: e.StatementDone) -> None:
        if event.outcome != "done":
            self._note(f"{event.name}: statement {event.position}/{event.total} {event.outcome}")

    @_show.register(e.ServerNotice)
    def _(self, event: e.ServerNotice) -> None:
        if self._verbose or event.severity == "WARNING":
            self._note(f"{event.name}: {event.severity}: {event.message}")

    @_show.register(e.SchemaDiffers)
    def _(self, event: e.SchemaDiffers) -> None:
        self._note(f"the schema is not what schema.lock says: {', '.join(event.counts)}")
        if self._verbose or not event.harmless:
            for line in event.shown:
                self._note(f"  {line}")
        self._note(f"  {event.why}; lockstep drift shows all of it")

    @_show.register(e.SchemaFinal)
    def _(self, _event: e.SchemaFinal) -> None:
        self._line("✅ DATABASE INITIALIZATION COMPLETED - SCHEMA IS READY")

    @_show.register(e.ServiceStarted)
    def _(self, event: e.ServiceStarted) -> None:
        self._line(f"    {event.name}  {self._palette.dim(format_duration(event.seconds))}")

    @_show.register(e.ServiceDegraded)
    def _(self, event: e.ServiceDegraded) -> None:
        self._degraded = True
        self._note(f"service {event.name} is degraded: {event.reason}")

    @_show.register(e.ServiceStopped)
    def _(self, event: e.ServiceStopped) -> None:
        outcome = f"stopped with an error: {event.error}" if event.error else "stopped"
        self._line(
            f"    {event.name} {outcome}  {self._palette.dim(format_duration(event.seconds))}"
        )

    @_show.register(e.NeedsNotKept)
    def _(self, event: e.NeedsNotKept) -> None:
        self._note(f"no deploy will see what this release needs: {event.reason}; {event.grant}")

    @_show.register(e.HttpListening)
    def _(self, event: e.HttpListening) -> None:
        self._draw(f"listening on {event.url}")
        self._url = event.url

    @_show.register(e.BootCompleted)
    def _(self, event: e.BootCompleted) -> None:
        took = format_duration(event.seconds)
        if event.command != "serve":
            self._line(self._palette.dim(f"  {took} in all"))
            return
        self._line("🎉 APPLICATION STARTUP COMPLETED SUCCESSFULLY")
        self._line("🚀 Application is ready to serve requests!")
        self._line(f"  {self._url}  ({took})")

    @_show.register(e.BootFailed)
    def _(self, event: e.BootFailed) -> None:
        error, interrupted = event.error, isinstance(event.error, Interrupted)
        if event.step in _SCHEMA_STEPS and not interrupted:
            self._line("💥 CRITICAL: DATABASE INITIALIZATION FAILED")
        if isinstance(error, NeedsUnmet | SchemaDrifted):
            for line in unmet_lines(error):
                self._line(line)
        panel = render_error(error, self._palette, untouched=event.step < e.Step.MIGRATE)
        self._line(f"✗ {int(event.step)} {event.step.label}: {panel}")
        of_database = event.step in _SCHEMA_STEPS or isinstance(error, _DATABASE_ERRORS)
        if of_database and not interrupted and event.environment == "production":
            self._line("🚨 PRODUCTION MODE: Exiting due to database failure")

    @_show.register(e.Stopping)
    def _(self, event: e.Stopping) -> None:
        self._line(f"stopping: {event.reason}")

    @_show.register(e.Stopped)
    def _(self, event: e.Stopped) -> None:
        for problem in event.problems:
            self._note(problem)
        self._line(f"stopped after {format_duration(event.seconds)}")

    @_show.register(e.LeftBehind)
    def _(self, event: e.LeftBehind) -> None:
        for task in event.tasks:
            self._note(f"left behind, because it ignores being cancelled: {task}")

    def _note(self, text: str) -> None:
        self._line(self._palette.yellow(f"  ! {text}"))

    def _line(self, text: str) -> None:
        self._clear()
        self._stream.write(text + "\n")

    def _draw(self, text: str) -> None:
        if self._live:
            self._clear()
            self._progress = text
            self._stream.write(f"  {text}")

    def _clear(self) -> None:
        if self._progress:
            self._stream.write("\r\033[K")
            self._progress = ""
