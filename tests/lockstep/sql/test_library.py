"""The grammar's library under text that would end its process, or keep it for minutes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lockstep.sql import library
from lockstep.sql.parser import NotParsed, parse

PROBE = """
import sys
from pathlib import Path
from lockstep.migrate.files import File
from lockstep.migrate.script import examine
from lockstep.sql.analysis import analyse
from lockstep.sql.finding import Source
from lockstep.sql.prepass import prepare
text = eval(sys.argv[1])
ready = prepare(text.encode())
(analysed,) = analyse([Source("a.sql", ready.text)])
print(sorted({finding.rule for finding in (*ready.findings, *analysed.findings)}))
"""
HOSTILE = {
    "operators": ("'SELECT ' + '1+' * 100_000 + '1'", "['opaque']"),
    "casts": ("'SELECT 1' + '::int' * 150_000", "['opaque']"),
    "set operations": ("'SELECT 1' + ' UNION SELECT 1' * 100_000", "['opaque']"),
    "operators in a view": ("'CREATE VIEW v AS SELECT ' + '1+' * 100_000 + '1'", "['opaque']"),
    "operators in a check": (
        "'ALTER TABLE t ADD CHECK (' + '1+' * 100_000 + '1 > 0)'",
        "['opaque']",
    ),
    "operators in a block": ("'DO $$ BEGIN PERFORM ' + '1+' * 100_000 + '1; END $$'", "['opaque']"),
    "parentheses": ("'SELECT ' + '(' * 200_000", "['syntax-error']"),
    "branches in a block": (
        "'DO $$ BEGIN ' + 'IF a THEN ' * 900 + 'END IF; ' * 900 + 'END $$'",
        "['opaque']",
    ),
    "comments": ("'/*' * 100_000", "['syntax-error']"),
    "comments in a block": (
        "'DO $$ BEGIN ' + '/*' * 50_000 + '*/' * 50_000 + ' END $$'",
        "['syntax-error']",
    ),
}


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("text", "rules"), HOSTILE.values(), ids=HOSTILE)
def test_no_text_ends_the_process(text: str, rules: str) -> None:
    """What nests without end is answered by a finding, in a process that lives on."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, text], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, rules, "")


def test_a_tree_is_read_down_to_a_limit() -> None:
    """Brackets inside of strings are no levels; what nests deeper has no tree, whatever Python could read."""
    (shallow,) = parse("SELECT '" + "{[" * 2000 + "', 1" + "+1" * 200)
    (deep,) = parse("SELECT " + "']}' || " * 300 + "'x'")
    assert shallow.tree
    assert not deep.tree


def test_a_message_is_short() -> None:
    """The grammar quotes all the rest of the text where a literal never ends; nobody reads that."""
    with pytest.raises(NotParsed) as caught:
        parse("SELECT 'never ends " + "x" * 100_000)
    assert str(caught.value).startswith("unterminated quoted string")
    assert len(str(caught.value)) < 250


def test_more_than_a_stack_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement for which no stack is large enough is not parsed; one that only moves rows needs none."""
    monkeypatch.setattr(library, "_MOST_STACK", 1 << 20)
    with pytest.raises(NotParsed, match="too long"):
        parse("CREATE VIEW v AS SELECT " + "1," * 100_000 + "1")
    (rows,) = parse("/* ü */ insert into t values (1)" + ",(1)" * 200_000)
    assert (rows.kind, rows.tree, rows.offset) == ("InsertStmt", {}, 8)
