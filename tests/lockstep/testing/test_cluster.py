"""A private cluster is set up as asked and leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from lockstep.embedded import memory
from lockstep.embedded.memory import directory_in_memory
from lockstep.testing import Server, private_cluster
from lockstep.testing.cluster import MEMORY_NEEDED


def show(conninfo: str, setting: str) -> str:
    """Return one of the server's settings."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
        return str(row[0])


def test_settings_tcp_and_log_are_as_asked() -> None:
    """Extra settings hold, TCP answers on the named port, the log can be read, and the files are gone at the end."""
    with private_cluster(settings={"log_statement": "all"}, tcp=True) as server:
        assert (
            show(f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres", "fsync")
            == "off"
        )
        assert show(server.conninfo("template1"), "log_statement") == "all"
        assert "current_setting" in server.log()
        home = server.log_path.parent
        assert home.stat().st_mode & 0o077 == 0
    assert not home.parent.exists()


def test_a_server_that_is_given_is_used(cluster: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOCKSTEP_TEST_DSN replaces the private cluster, and is left running."""
    monkeypatch.setenv("LOCKSTEP_TEST_DSN", cluster.conninfo())
    with private_cluster() as server:
        assert server.log_path is None
        assert server.version.startswith(cluster.version.split("beta")[0])
        assert show(server.conninfo(), "data_directory") == show(
            cluster.conninfo(), "data_directory"
        )
    assert show(cluster.conninfo(), "port")


def test_memory_is_used_only_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small or missing memory file system, as in a container, sends the cluster to the temporary directory."""
    monkeypatch.setattr(memory, "MEMORY_DIRECTORY", tmp_path)
    assert directory_in_memory(MEMORY_NEEDED) == tmp_path
    state = os.statvfs(tmp_path)
    assert directory_in_memory(state.f_bavail * state.f_frsize * 2) is None
    monkeypatch.setattr(memory, "MEMORY_DIRECTORY", tmp_path / "missing")
    assert directory_in_memory(MEMORY_NEEDED) is None
