"""PostgreSQL refuses root; Lockstep starts it all the same, and changes no file that is not its own."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lockstep.embedded import account, find, start
from lockstep.errors import ConfigurationWrong

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def passable() -> Iterator[Path]:
    """A directory that every account can pass through."""
    path = Path(tempfile.mkdtemp(prefix="lockstep-test-", dir="/var/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def no_namespaces(tmp_path: Path) -> dict[str, str]:
    """An environment in which unshare fails, as it does in most containers."""
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}"}


def version(conninfo: str) -> str:
    """Return what the server says it is."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SHOW server_version").fetchone()
        return str(row[0])


def modes_above(path: Path) -> list[int]:
    """Return the permissions of all directories above *path*."""
    return [stat.S_IMODE(parent.stat().st_mode) for parent in path.parents]


@only_root
def test_root_starts_it_below_a_private_directory(tmp_path: Path, made: Path) -> None:
    """No directory above the data is opened up, and the files stay root's."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    before = modes_above(private / "root")
    root = Path(shutil.copytree(made, private / "root"))
    with start(root, durable=False) as cluster:
        assert version(cluster.conninfo())
        assert (cluster.directory / "data").stat().st_uid == 0
    assert modes_above(private / "root") == before


@only_root
def test_without_namespaces_root_uses_an_account_that_exists(
    directory: Path, passable: Path, no_namespaces: dict[str, str], user: Callable[..., Any]
) -> None:
    """Where root may not rename itself, postgres or nobody runs the server, in a place of its own, unreadable for others."""
    environment = no_namespaces | {"TEST_STATE_DIRECTORY": str(passable / "state")}
    one = user(directory / "root", environment=environment, umask=0o077)
    told = one.told()
    home = Path(told["directory"])
    assert home.is_relative_to(passable)
    assert home.stat().st_uid != 0
    assert home.stat().st_mode & 0o077 == 0
    assert Path(f"/proc/{told['postmaster']}").stat().st_uid == home.stat().st_uid
    other = user(directory / "root", environment=environment)
    assert other.told()["joined"]
    one.leave()
    assert version(told["conninfo"])
    other.leave()


@pytest.mark.long
@only_root
def test_programs_that_the_account_cannot_reach_are_copied(
    directory: Path, passable: Path, no_namespaces: dict[str, str], user: Callable[..., Any]
) -> None:
    """Programs below root's private directory are copied once to where the account can run them."""
    original = find().directory.parent
    hidden = directory / "hidden" / original.parent.name
    shutil.copytree(original, hidden / original.name, symlinks=True)
    if (libraries := original.parent.with_name(f"{original.parent.name}.libs")).is_dir():
        shutil.copytree(libraries, hidden.with_name(libraries.name))
    (directory / "hidden").chmod(0o700)
    environment = no_namespaces | {
        "TEST_STATE_DIRECTORY": str(passable / "state"),
        "LOCKSTEP_PG_BIN": str(hidden / original.name / "bin"),
    }
    one = user(directory / "root", environment=environment)
    told = one.told()
    program = Path(f"/proc/{told['postmaster']}/exe").readlink()
    assert program.is_relative_to(passable)
    one.leave()


@only_root
def test_root_without_any_way_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When nobody can run the server the message names DATABASE_URL."""
    monkeypatch.setattr(account.Account, "can_work", lambda *_: False)
    monkeypatch.setattr(account, "STATE_DIRECTORY", tmp_path / "state")
    monkeypatch.setattr(account, "_copied", lambda binaries: binaries)
    with pytest.raises(ConfigurationWrong, match="as root") as refused:
        start(tmp_path / "root")
    assert "DATABASE_URL" in refused.value.next_step


@only_root
def test_files_of_another_account_are_refused(root: Path) -> None:
    """Root does not work on a directory that an ordinary user has made."""
    (home,) = root.glob("pg*")
    os.chown(home, 65534, 65534)
    with pytest.raises(ConfigurationWrong, match="belongs to another account"):
        start(root)
