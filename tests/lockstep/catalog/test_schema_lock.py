"""A lock file holds a snapshot and nothing else: what was edited or merged is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.catalog.fact import Fact
from lockstep.catalog.schema_lock import read_lock, write_lock
from lockstep.catalog.snapshot import Snapshot
from lockstep.errors import ConfigurationWrong

FACTS = (
    Fact("index", ("app", "i"), {"table": "app.t"}),
    Fact("column", ("app", "t", "z"), {"type": "text"}),
    Fact("column", ("app", "t", "a"), {"default": "'line\u2028 \x85 é\n'::text", "type": "text"}),
    Fact("table", ("app", "t"), {}),
    Fact("comment", ("table", "app", 'odd " \\ \n name'), {"text": "x"}),
)


def _lock(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "schema.lock"
    file.write_bytes(text.encode())
    return file


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """A snapshot comes back as it was, also from a file with the line ends of Windows; columns keep their order."""
    snapshot = Snapshot(fact.line() for fact in FACTS)
    text = write_lock(snapshot)
    for written in (text, text.replace("\n", "\r\n")):
        again = read_lock(_lock(tmp_path, written))
        assert again.fingerprint == snapshot.fingerprint
        assert [fact.kind for fact in again.facts()] == [
            "table",
            "column",
            "column",
            "index",
            "comment",
        ]
        assert [fact.path[-1] for fact in again.facts() if fact.kind == "column"] == ["z", "a"]
    assert write_lock(again) == text


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("table app.t", "table app.u"),
        lambda text: "".join(text.splitlines(keepends=True)[:-1]),
        lambda text: text.replace("# lockstep schema 1", "# lockstep schema 2"),
        lambda text: "<<<<<<< ours\n" + text,
        lambda _: "",
    ],
)  # fmt: skip
def test_what_was_changed_is_refused(tmp_path: Path, change: object) -> None:
    """A line that was edited, one that is gone, another version, a conflict mark and an empty file are not believed."""
    assert callable(change)
    text = write_lock(Snapshot(fact.line() for fact in FACTS))
    with pytest.raises(ConfigurationWrong, match=r"schema\.lock cannot be used"):
        read_lock(_lock(tmp_path, change(text)))
