"""Through a pooler of transactions the schema is verified when what the boot did is committed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstep.errors import SchemaDrifted
from lockstep.events import FileApplied, LockObtained
from lockstep.testing import Project, Recorder

if TYPE_CHECKING:
    from tests.system.conftest import Observer
    from tests.system.pooler.conftest import Pooler

    Boot = Callable[..., Recorder]
    SchemaLock = Callable[[], Path]


def test_a_schema_is_verified_recognised_and_refused(
    files: Project, schema_lock: SchemaLock, pooler: Pooler, boot: Boot, observer: Observer
) -> None:
    """The first boot stores its verdict, the second recognises it without a lock, drift is refused, and nothing stays set."""
    schema_lock()
    pooled = pooler("transaction", 1)
    boot(LOCKSTEP_DATABASE_URL=pooled)
    assert observer.value("SELECT count(*) FROM lockstep.verified") == 1
    assert not boot(LOCKSTEP_DATABASE_URL=pooled).of(LockObtained)
    observer.rows("ALTER TABLE items DROP COLUMN note")
    with pytest.raises(SchemaDrifted):
        boot(LOCKSTEP_DATABASE_URL=pooled)
    assert observer.lock_is_free()


def test_a_repair_runs_in_the_one_transaction(
    files: Project, schema_lock: SchemaLock, pooler: Pooler, boot: Boot, observer: Observer
) -> None:
    """Drift that a shipped repair cures is cured, committed, and then verified."""
    files.migration(
        "9999_repair.sql",
        "-- lockstep: repair\nALTER TABLE items ADD COLUMN IF NOT EXISTS note text;",
    )
    schema_lock()
    pooled = pooler("transaction", 2)
    boot(LOCKSTEP_DATABASE_URL=pooled)
    observer.rows("ALTER TABLE items DROP COLUMN note")
    told = boot(LOCKSTEP_DATABASE_URL=pooled)
    assert [event.name for event in told.of(FileApplied)] == ["9999_repair.sql"]
    assert not boot(LOCKSTEP_DATABASE_URL=pooled).of(LockObtained)
    assert observer.lock_is_free()
