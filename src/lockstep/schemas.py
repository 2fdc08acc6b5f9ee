"""The schemas that a command can name: what the migrations add up to, what a database is, what a lock file says."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from lockstep.catalog.schema_lock import read_lock
from lockstep.catalog.snapshot import Snapshot, read_snapshot
from lockstep.development import database_of
from lockstep.errors import ConfigurationWrong, Problem, SchemaUnread
from lockstep.migrate import failures
from lockstep.migrate.files import read_shipped
from lockstep.migrate.verification import exclusive_holders
from lockstep.postgres.connection import connect_now
from lockstep.postgres.session import ServerError, Session
from lockstep.scratch import migrated, scratch_server

if TYPE_CHECKING:
    from lockstep.settings import Settings


def of_history(settings: Settings, upto: str | None = None) -> Snapshot:
    """Return what the migrations add up to (to the file *upto*, if one is named): they run in a scratch database."""
    shipped = read_shipped(settings.migrations, settings.seeds, settings.environment)
    with scratch_server(settings) as scratch:
        return of_database(migrated(scratch, shipped, upto), "the scratch database", settings)


def of_target(settings: Settings) -> Snapshot:
    """Return what the database is that the settings find: the one that is booted on."""
    source = database_of(settings, lambda _: None)
    try:
        return of_database(source.url, source.name, settings)
    finally:
        if source.cluster is not None:
            source.cluster.stop()


def of_database(url: str, source: str, settings: Settings) -> Snapshot:
    """Return what a database is; *source* says where its connection string *url* came from.

    Raises ``SchemaUnread`` where another session locks a part of it.
    """
    session = connect_now(url, source, f"lockstep:{settings.app}:snapshot")
    try:
        return _read(session)
    finally:
        session.close()


def together(
    one: Callable[[], Snapshot], other: Callable[[], Snapshot]
) -> tuple[Snapshot, Snapshot]:
    """Return what both return, read at the same time: nearly all of it is work of two servers, or of two of their processes.

    What one raises is raised when the other has done.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        first = thread.submit(one)
        second = other()
        return first.result(), second


def is_database(text: str) -> bool:
    """Return whether *text* is a connection string rather than the name of a file or a module."""
    return "://" in text or ("=" in text and not Path(text).exists())


def named(text: str, settings: Settings) -> Snapshot:
    """Return the schema that *text* names: a lock file, or a database by its connection string."""
    if is_database(text):
        return of_database(text, "--against", settings)
    return of_lock_file(Path(text))


def of_lock_file(file: Path) -> Snapshot:
    """Return what a lock file says; raises ``ConfigurationWrong`` if there is none, or it is none."""
    try:
        return read_lock(file)
    except FileNotFoundError:
        raise ConfigurationWrong(
            f"there is no {file}",
            why="It says what the migrations add up to, and is made from them.",
            next_step="Make it: lockstep snapshot",
        ) from None
    except OSError as error:
        raise ConfigurationWrong(f"{file} cannot be read: {error.strerror}") from error


def _read(session: Session) -> Snapshot:
    try:
        snapshot = read_snapshot(session)
    except ServerError as error:
        raise failures.of_session(error, session) from error
    if not snapshot.unread:
        return snapshot
    holders = exclusive_holders(session)
    raise SchemaUnread(
        f"the schema at {session.address} cannot be read as a whole",
        problems=[Problem(f"locked by {holder}") for holder in holders],
        why="Another session changes it at this moment.",
        next_step="Wait for that session, then run again.",
    )
