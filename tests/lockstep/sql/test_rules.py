"""Each rule beside its own examples: found or not, and what the real server makes of them.

The two files of a rule are what its page in the reference shows, so they must be right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from lockstep.sql.analysis import analyse
from lockstep.sql.finding import Source
from lockstep.sql.rule import Rule, rules

if TYPE_CHECKING:
    from tests.lockstep.sql.conftest import Bench, Twice

RULES = [rule for rule in rules().values() if rule.kind == "idempotence"]
AFTER = {"CREATE DATABASE bookkeeping_reports;\n": "DROP DATABASE bookkeeping_reports"}
"""The example that can run in no transaction, and what takes away what it leaves in the cluster."""
APART = {"frozen-moment"}
"""Rules whose harm needs two transactions."""
BEFORE = {
    "drop-object": "CREATE TABLE old_users (id bigint)",
    "set-schema": "CREATE TABLE orders (id bigint)",
    "conflict-target-unknown": "CREATE TABLE colours (id serial PRIMARY KEY, name text)",
    "import-foreign-schema": "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER archive FOREIGN DATA WRAPPER far",
    "enum-value-used": "CREATE TYPE mood AS ENUM ('sad')",
}
"""What earlier files have made, where an example cannot make it itself and still be run twice."""
MEANWHILE = {
    "recreated": "INSERT INTO cache VALUES ('a', 'b')",
    "restart-sequence": "SELECT nextval('invoice_number')",
}
"""What an application does between the two runs, where harm comes of that."""
SHOWN_OTHERWISE = {
    "different-definition",
    "name-only-guard",
    "enum-value-used",
    "import-foreign-schema",
    "table-in-another-schema",
}
"""Rules about something else than a second run; each has a test of its own below, but for the last: it needs another server."""
HARMFUL = [rule for rule in RULES if rule.name not in SHOWN_OTHERWISE]
SQLSTATE = re.compile(r"\b(?=[0-9A-Z]*[0-9])[0-9A-Z]{5}\b")


def found(rule: Rule, sql: str, server: int = 18) -> list[str]:
    """Return the names of the rules that find something in *sql*, those about locks left out."""
    (analysed,) = analyse([Source(f"{rule.name}.sql", sql)], server=server)
    return [finding.rule for finding in analysed.findings if finding.kind == "idempotence"]


def twice(bench: Bench, rule: Rule, sql: str) -> Twice:
    """Run an example twice."""
    name = rule.name
    return bench.twice(
        sql,
        before=BEFORE.get(name, ""),
        meanwhile=MEANWHILE.get(name, ""),
        alone=sql in AFTER or name in APART,
        after=AFTER.get(sql, ""),
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_bad_example_is_found_by_its_rule_alone(rule: Rule) -> None:
    """A rule finds its bad example, once, and no other rule has anything to say of it."""
    assert found(rule, rule.bad) == [rule.name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("server", [13, 18])
def test_nothing_is_found_in_the_good_example(rule: Rule, server: int) -> None:
    """What a rule recommends is not held against anyone, on the oldest server or the newest."""
    assert found(rule, rule.good, server) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_said_in_whole_sentences(rule: Rule) -> None:
    """The message names the object and stands on one line; the other texts are sentences."""
    message = rule.message.format(name="users.email")
    assert "users.email" in message
    assert message == message.strip(" .")
    assert "\n" not in message + rule.condition + rule.effect + rule.workaround
    for text in (rule.condition, rule.effect, rule.workaround):
        assert text[0].isupper()
        assert text[-1] in ".…"


@pytest.mark.parametrize("rule", HARMFUL, ids=lambda rule: rule.name)
def test_the_bad_example_does_harm_the_second_time(rule: Rule, bench: Bench) -> None:
    """On the server the second run fails with an SQLSTATE that the rule names, or changes the schema or the rows."""
    harm = twice(bench, rule, rule.bad)
    assert harm.first == ""
    if harm.again:
        assert harm.again in SQLSTATE.findall(rule.effect)
    else:
        assert harm.changes
        assert (
            not rule.effect.startswith("The second run fails with") or "second time" in rule.effect
        )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_good_example_runs_twice(rule: Rule, bench: Bench) -> None:
    """On the server the second run of the good example changes nothing."""
    if rule.name == "create-trigger" and bench.major == 13:
        pytest.skip("the good example needs PostgreSQL 14, as its text says")
    well = twice(bench, rule, rule.good)
    assert (well.first, well.again, well.changes) == ("", "", ())


def test_another_definition_is_skipped_in_silence(bench: Bench) -> None:
    """The bad example of different-definition leaves the first definition: the second's column is not there."""
    done = twice(bench, rules()["different-definition"], rules()["different-definition"].bad)
    assert done.made is not None
    assert "table public.users" in done.made.objects
    assert "column public.users.email" not in done.made.objects


def test_a_namesake_satisfies_a_guard_by_name_only(bench: Bench) -> None:
    """The bad example of name-only-guard never makes the constraint, the good one does."""
    rule = rules()["name-only-guard"]
    for sql, made in ((rule.bad, False), (rule.good, True)):
        done = twice(bench, rule, sql)
        assert done.made is not None
        assert ("constraint public.users id_positive" in done.made.objects) == made


def test_a_table_further_down_the_path_is_not_seen(bench: Bench) -> None:
    """The bad example of table-in-another-schema leaves two tables of one name, both empty."""
    rule = rules()["table-in-another-schema"]
    done = twice(bench, rule, rule.bad)
    assert done.made is not None
    assert {"table public.orders", "table shop.orders"} <= done.made.objects.keys()


def test_a_new_enum_value_cannot_be_used_at_once(bench: Bench) -> None:
    """The bad example of enum-value-used fails with 55P04 in the transaction of its file."""
    assert twice(bench, rules()["enum-value-used"], rules()["enum-value-used"].bad).first == "55P04"
