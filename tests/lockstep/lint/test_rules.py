"""The rules of the text as such: each example shows what it says, and PostgreSQL agrees."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from lockstep.lint.findings import Choice, Linter
from lockstep.lint.rules import AROUND, AnyRule, TextRule, explained, known_rules
from lockstep.lint.sources import File
from lockstep.sql.encodings import encode

NEW_RULE = Path(__file__).parent.parent.parent.parent / "tools" / "new_rule.py"
NOT_SQL = {"byte-order-mark", "not-utf-8", "psql-command", "template", "syntax-error"}


ALL = Choice()


def found(text: str, choice: Choice = ALL) -> list[str]:
    """Lint a text and return the names of the rules that find something."""
    linter = Linter(18, known_rules(), choice)
    (linted,) = linter.lint([(File("x.sql", None, encode(text, "utf-8")),)])
    return [finding.rule for finding in linted.findings]


@pytest.mark.parametrize("rule", AROUND, ids=lambda rule: rule.name)
def test_the_examples_are_what_they_are_said_to_be(rule: TextRule) -> None:
    """The bad one has exactly this finding, the good one none."""
    assert found(rule.bad) == [rule.name]
    assert found(rule.good) == []


@pytest.mark.parametrize("rule", AROUND, ids=lambda rule: rule.name)
def test_the_server_thinks_so_too(rule: TextRule, database: str) -> None:
    """Every good example runs; of the bad ones the server refuses what is not SQL."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(rule.good.encode())
        if rule.name in NOT_SQL:
            with pytest.raises(psycopg.Error) as caught:
                connection.execute(encode(rule.bad, "utf-8"))
            assert caught.value.sqlstate in {"42601", "22021"}


@pytest.mark.parametrize("name", [rule.name for rule in AROUND])
def test_every_rule_can_be_explained(name: str) -> None:
    """In words and examples that a terminal shows as they are."""
    shown = explained(known_rules()[name])
    assert shown.startswith(f"{name} (syntax, ")
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_what_is_chosen_is_found() -> None:
    """Selected or not excluded; what keeps the file from running is found unless it is excluded by name."""
    text = "\\echo\n-- lockstep: ignore template because so\nSELECT 1;"
    assert found(text) == ["psql-command", "unused-ignore"]
    assert found(text, Choice(select=frozenset({"unused-ignore"}))) == [
        "psql-command",
        "unused-ignore",
    ]
    assert found(text, Choice(select=frozenset({"template"}))) == ["psql-command"]
    assert found(text, Choice(exclude=frozenset({"unused-ignore"}))) == ["psql-command"]
    assert found(text, Choice(exclude=frozenset({"psql-command"}))) == ["unused-ignore"]


def test_directives_are_judged_as_a_boot_would() -> None:
    """Also one that lies below, and an ignore without a reason; what only looks like one is not."""
    assert found("SELECT 1;\n-- lockstep: breaking\n") == ["directive"]
    assert found("-- lockstep: ignore template\nSELECT 1;") == ["directive"]
    assert found("-- lockstep: lock-timeout 5s\n-- lockstep: only test\nSELECT 1;") == []


def test_findings_are_in_the_order_of_the_text() -> None:
    """Whoever found them."""
    text = "SELEC 1;\n\\echo\n-- lockstep: breaking"
    assert found(text) == ["syntax-error", "psql-command", "directive"]


def open_questions(rule: AnyRule) -> list[str]:
    """Return what the template of a new rule asks and nobody has answered yet."""
    said = [rule.condition, rule.effect, rule.workaround, getattr(rule, "message", "")]
    return [
        words
        for words in [*said, *rule.bad.splitlines(), *rule.good.splitlines()]
        if words.endswith("?")
    ]


@pytest.mark.parametrize("name", known_rules())
def test_every_rule_is_filled_in(name: str) -> None:
    """None is left as the template has it; its name is the one that it is found by."""
    rule = known_rules()[name]
    assert (rule.name, open_questions(rule)) == (name, [])


def test_a_new_rule_is_to_be_filled_in(tmp_path: Path) -> None:
    """The tool writes a rule that can be imported, with all questions open; it never writes over one, nor one without a name."""

    def make(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(NEW_RULE), "--folder", str(tmp_path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    made = make("drop-something", "--kind", "idempotence")
    assert made.returncode == 0, made.stderr
    assert sorted(made.stdout.split()) == sorted(str(file) for file in tmp_path.iterdir())
    spec = importlib.util.spec_from_file_location("drop_something", tmp_path / "drop_something.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rule = module.RULE
    assert (rule.name, rule.kind, rule.severity) == ("drop-something", "idempotence", "error")
    asked = [rule.condition, rule.effect, rule.workaround, rule.message]
    examples = [(tmp_path / f"drop_something.{word}.sql").read_text() for word in ("bad", "good")]
    assert all(words.strip().endswith("?") for words in [*asked, *examples])

    again = make("drop-something")
    assert (again.returncode, again.stdout) == (2, "")
    assert "there is already drop_something.py" in again.stderr
    assert make("Drop_Something").returncode == 2
    assert make("../escape").returncode == 2
