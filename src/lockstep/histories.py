"""The planner of repairs between two points of a history, or from its end to what somebody wants: nothing is repaired here."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lockstep import schemas
from lockstep.catalog.repair.choices import Choices, read_pattern
from lockstep.catalog.repair.plan import Plan
from lockstep.catalog.repair.planner import make_plan
from lockstep.catalog.repair.script import migration_texts
from lockstep.catalog.snapshot import Snapshot
from lockstep.errors import ConfigurationWrong
from lockstep.inspection import look
from lockstep.migrate.files import read_shipped
from lockstep.migrate.ledger import forget_migrations
from lockstep.postgres.connection import connect_now
from lockstep.postgres.lock import try_lock, unlock, wait_for_lock
from lockstep.postgres.session import ServerError, Session
from lockstep.scratch import Scratch, migrated, scratch_server
from lockstep.settings import Settings
from lockstep.sql.parser import parse

_ALL = (read_pattern("all"),)


def plan_undo(settings: Settings, to: str) -> tuple[Plan, tuple[str, ...]]:
    """Return what takes a database from the history's end back to what it was after the file *to*, and the names of the files.

    How many rows that would lose is counted in the database that the settings name.
    """
    shipped = read_shipped(settings.migrations, settings.seeds, settings.environment)
    names = [file.name for file in shipped.migrations]
    with scratch_server(settings) as scratch:
        before = _snapshot(migrated(scratch, shipped, to), settings)
        after = _snapshot(migrated(scratch, shipped), settings)
    with look(settings, lambda _: None) as view:
        server = view.session.server_version // 10000
        plan = make_plan(before, after, Choices(_ALL, _ALL), server=server, session=view.session)
    return plan, tuple(names[names.index(to) + 1 :])


def execute_undo(settings: Settings, plan: Plan, names: Sequence[str]) -> None:
    """Run the plan on the database that the settings name, and let its ledger forget the files; never in production."""
    if settings.production:
        raise ConfigurationWrong(
            f"undo does not run in {settings.environment!r}",
            why="It drops what later files made, with all that was written since.",
            next_step="In production, go forward: write a migration that changes what is wrong.",
        )
    with look(settings, lambda _: None) as view, _locked(view.session, settings):
        session = view.session
        main, *later = [*migration_texts(plan, "undo")] or [""]
        forget = forget_migrations(session, settings.app, names)
        try:
            session.script(f"BEGIN;{main}\n;COMMIT")
            for text in later:
                for statement in parse(text):
                    session.script(statement.text)
            session.script(forget)
        except ServerError:
            session.rollback()
            raise


@contextmanager
def _locked(session: Session, settings: Settings) -> Iterator[None]:
    """Hold the lock of the boots: none may bring forward what is being taken back."""
    wait_for_lock(
        session,
        settings.lock_key,
        attempt=try_lock,
        give_way=lambda: False,
        wait=settings.lock_wait,
        report=lambda _: None,
    )
    try:
        yield
    finally:
        if not session.closed:
            unlock(session, settings.lock_key)


def plan_target(settings: Settings, target: str, choices: Choices) -> Plan:
    """Return what leads from the history's end to *target*: a file of SQL, a database, or SQLAlchemy's metadata."""
    shipped = read_shipped(settings.migrations, settings.seeds, settings.environment)
    with scratch_server(settings) as scratch:
        wanted = _wanted(scratch, target, settings)
        url = migrated(scratch, shipped)
        session = _session(url, settings)
        try:
            live = _snapshot(url, settings)
            server = session.server_version // 10000
            return make_plan(wanted, live, choices, server=server, session=session)
        finally:
            session.close()


def _wanted(scratch: Scratch, target: str, settings: Settings) -> Snapshot:
    if target.endswith(".sql"):
        file = Path(target)
        if not file.is_file():
            raise ConfigurationWrong(f"there is no {target}")
        return _made(scratch, file.read_text(encoding="utf-8"), target, settings)
    if schemas.is_database(target):
        return schemas.of_database(target, "--from", settings)
    return _made(scratch, _metadata(target, settings.root), target, settings)


def _made(scratch: Scratch, text: str, target: str, settings: Settings) -> Snapshot:
    """Run SQL in an empty scratch database, and return what that makes."""
    url = scratch.create()
    session = _session(url, settings)
    try:
        session.script(text)
    except ServerError as error:
        raise ConfigurationWrong(
            f"{target} does not run in an empty database: {error.message}", why=error.detail
        ) from error
    finally:
        session.close()
    return _snapshot(url, settings)


def _metadata(target: str, root: Path) -> str:
    """Return the SQL that makes all tables of SQLAlchemy's ``module:metadata``; no database is asked."""
    module, colon, name = target.partition(":")
    if not colon or not name:
        raise ConfigurationWrong(
            f"{target!r} is neither a .sql file nor a database nor module:metadata"
        )
    try:
        from sqlalchemy import create_mock_engine
    except ImportError as error:
        raise ConfigurationWrong(f"SQLAlchemy, which {target} needs, is not installed") from error
    sys.path.insert(0, str(root))
    try:
        metadata = importlib.import_module(module)
        for part in name.split("."):
            metadata = getattr(metadata, part)
    except (ImportError, AttributeError) as error:
        raise ConfigurationWrong(f"{target} cannot be imported: {error}") from error
    finally:
        sys.path.remove(str(root))
    statements: list[str] = []

    def collect(statement: object, *_: object, **__: object) -> None:
        compiled = statement.compile(dialect=engine.dialect)  # type: ignore[attr-defined]
        statements.append(str(compiled))

    engine = create_mock_engine("postgresql://", collect)
    found = getattr(metadata, "metadata", metadata)
    found.create_all(engine, checkfirst=False)
    return ";\n".join(statements)


def _snapshot(url: str, settings: Settings) -> Snapshot:
    return schemas.of_database(url, "the scratch database", settings)


def _session(url: str, settings: Settings) -> Session:
    return connect_now(url, "the scratch database", f"lockstep:{settings.app}:scratch")
