"""Settings for scratch databases on the server of the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.settings import Settings, resolve
from lockstep.testing import Server


@pytest.fixture
def settings(tmp_path: Path, database: str, cluster: Server) -> Settings:
    """Settings of a project in *tmp_path* that boots on the test's database and tries things on its server."""
    environ = {"LOCKSTEP_DATABASE_URL": database, "LOCKSTEP_SCRATCH_URL": cluster.conninfo()}
    return resolve(flags={}, environ=environ, root=tmp_path)
