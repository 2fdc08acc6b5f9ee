"""Turn what the server said into an error that names file, line, statement, and what to do next. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lockstep.durations import format_duration
from lockstep.errors import LockstepError, MigrationBlocked, MigrationFailed, Place, Problem
from lockstep.migrate.bites import LOCK_NOT_AVAILABLE
from lockstep.position import place_at
from lockstep.postgres.session import ServerError, Session, lost_connection

if TYPE_CHECKING:
    from lockstep.migrate.script import Script
    from lockstep.postgres.blockers import Blocker

RECORDING = "SET SESSION AUTHORIZATION DEFAULT;RESET ROLE;"
"""What a file's transaction runs before its ledger row, whatever role the file has taken."""
_ADVICE = {
    "42P07": "It is there already. Make the statement idempotent: CREATE ... IF NOT EXISTS.",
    "42P06": "It is there already. Write CREATE SCHEMA IF NOT EXISTS.",
    "42701": "The column is there already. Write ADD COLUMN IF NOT EXISTS.",
    "42710": "It is there already. Guard it: IF NOT EXISTS where the statement has it, else a DO block that asks the catalog.",
    "42723": "The function is there already. Write CREATE OR REPLACE FUNCTION.",
    "42P16": "If the primary key is there already, guard it with a DO block that asks pg_constraint.",
    "23505": "The row is there already. Write INSERT ... ON CONFLICT (key) DO NOTHING, or clean up the duplicates first.",
    "23502": "Some rows hold NULL there. Fill them in an earlier statement.",
    "23514": "Some rows violate the check. Correct them in an earlier statement, or add it NOT VALID first.",
    "23503": "Some rows refer to nothing. Correct them in an earlier statement, or add it NOT VALID first.",
    "42P01": "Its table is not there. Is the file that makes it sorted after this one?",
    "42703": "The column is not there. Is the file that adds it sorted after this one? Or was the table made otherwise than by these files: lockstep drift shows it, lockstep repair writes what it lacks.",
    "42501": "Grant what is missing to the role that boots, or let the object's owner boot.",
    "25001": "Put the statement into a file with the line: -- lockstep: no-transaction",
    "3F000": "No schema of the role's search_path exists: create it in an earlier file, or qualify the names.",
    "2D000": "COMMIT in a DO block or procedure needs a file of its own with the line: -- lockstep: no-transaction",
    "22P05": "The database's encoding lacks that character: make the database with ENCODING 'UTF8'.",
    "40P01": "Two sessions waited for each other. Start again; if it recurs, touch the tables in one order everywhere.",
}
_WHY_SO_SHORT = "Whoever wants the table later waits behind the statement that waits: so it never waits long at once."


def of_statement(
    script: Script,
    error: ServerError,
    blockers: Sequence[Blocker],
    session: Session,
    trouble: str = "",
) -> LockstepError:
    """Return the error for a failed statement of *script*.

    ``error.completed`` counts the statements of the file that succeeded before it, ``error.position`` is the character
    (from 1) in the file's text that the server points at, or is out of range. *trouble* says why nobody could look for
    *blockers*.
    """
    if error.connection_lost:
        return lost_connection(error, session.address)
    place = _place(script, error)
    if error.sqlstate == LOCK_NOT_AVAILABLE:
        return _blocked(script, place, blockers, trouble)
    return MigrationFailed(
        f"{script.file.name}: {error.message} ({error.sqlstate})",
        sqlstate=error.sqlstate,
        place=place,
        why=_why(error),
        next_step=_next_step(script, error),
    )


def of_session(error: ServerError, session: Session) -> LockstepError:
    """Return the error for a failed statement of the engine's own."""
    if error.connection_lost:
        return lost_connection(error, session.address)
    return MigrationFailed(
        f"the bookkeeping failed: {error.message} ({error.sqlstate})",
        sqlstate=error.sqlstate,
        why=_why(error),
        next_step="See the server's message; nothing that was not recorded will be taken for done.",
    )


@contextmanager
def bookkeeping(session: Session) -> Iterator[None]:
    """Raise what the server refuses of the engine's own statements in the block as ``of_session`` has it."""
    try:
        yield
    except ServerError as error:
        raise of_session(error, session) from error


def _place(script: Script, error: ServerError) -> Place:
    text = script.text
    if 0 < error.position <= len(text):
        return place_at(script.file.shown, text, error.position - 1)
    if 0 <= error.completed < len(script.statements):
        return place_at(script.file.shown, text, script.statements[error.completed].offset)
    return Place(script.file.shown)


def _why(error: ServerError) -> str:
    parts = [error.detail, error.hint and f"Hint: {error.hint}", error.context]
    return "\n".join(part for part in parts if part)


def _next_step(script: Script, error: ServerError) -> str:
    advice = _ADVICE.get(error.sqlstate, "Correct the file, then start again.")
    beyond = error.completed - len(script.statements)
    if error.completed < 0:
        advice = "The server did not understand the text; no statement of it ran."
    elif 0 <= beyond <= RECORDING.count(";"):
        advice = "Its statements ran, but the ledger did not take its row: take statements on schema lockstep out of the file."
    elif beyond > 0:
        advice = "Its statements ran, but COMMIT failed: a deferred constraint or trigger is checked only then. Correct its rows."
    return f"{advice}\n{_left(script)}"


def _left(script: Script) -> str:
    if script.header.transaction:
        return "The file was rolled back: nothing of it remains, and it is not recorded."
    return "The statements before it stay done and are journaled: the next start continues at this one."


def _blocked(
    script: Script, place: Place, blockers: Sequence[Blocker], trouble: str
) -> MigrationBlocked:
    first = next((blocker.pid for blocker in blockers if blocker.pid), None)
    unseen = "The blocker was gone before it could be looked at."
    if trouble:
        unseen = f"Who it is could not be seen: {trouble}"
    timeout = script.header.lock_timeout
    return MigrationBlocked(
        f"{script.file.name}: another session holds the table, and the lock-timeout ended the wait"
        + (f" after {format_duration(timeout)}" if timeout else ""),
        sqlstate=LOCK_NOT_AVAILABLE,
        place=place,
        why=_WHY_SO_SHORT if blockers else unseen,
        problems=[Problem(f"blocked by {blocker}") for blocker in blockers],
        next_step="Wait for that session or end it"
        + (f" (SELECT pg_terminate_backend({first});)" if first else "")
        + ", then start again; for a longer wait: -- lockstep: lock-timeout 2m. "
        + _left(script),
    )
