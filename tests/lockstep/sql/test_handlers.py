"""Exception handlers in DO blocks: what the server raises the second time is what the analyser wants to see caught."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockstep.sql.analysis import analyse
from lockstep.sql.finding import Source

if TYPE_CHECKING:
    from tests.lockstep.sql.conftest import Bench

BEFORE = """
CREATE INDEX doomed ON t (a, b);
CREATE FOREIGN TABLE distant (id int) SERVER archive;
CREATE UNIQUE INDEX bare_id_key ON bare (id);
CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int);
ALTER TABLE child ALTER COLUMN a SET NOT NULL, ALTER COLUMN a ADD GENERATED ALWAYS AS IDENTITY;
"""
"""What comes and goes in the statements, besides the tables' world."""
STATEMENTS = [
    "DROP INDEX doomed",
    "DROP FOREIGN TABLE distant",
    "DROP SEQUENCE s",
    "DROP VIEW v",
    "DROP MATERIALIZED VIEW mv",
    "DROP TABLE stranger",
    "DROP OPERATOR === (int, int)",
    "DROP AGGREGATE total(int)",
    "DROP TEXT SEARCH CONFIGURATION words",
    "DROP TRIGGER t_keep ON t",
    "DROP POLICY t_own ON t",
    "DROP SCHEMA app",
    "DROP STATISTICS t_stat",
    "ALTER TABLE t DROP COLUMN word",
    "ALTER TABLE bare DROP CONSTRAINT bare_a_check",
    "ALTER TABLE child ALTER COLUMN a DROP IDENTITY",
    "ALTER TABLE doubled ALTER COLUMN twice DROP EXPRESSION",
    "ALTER TYPE pair DROP ATTRIBUTE y",
    "ALTER DOMAIN positive DROP CONSTRAINT positive_check",
    "ALTER TABLE days DETACH PARTITION days_2023",
    "ALTER TABLE heir NO INHERIT elder",
    "ALTER PUBLICATION news DROP TABLE t",
    "ALTER TRIGGER t_keep ON t RENAME TO t_hold",
    "ALTER POLICY t_own ON t RENAME TO t_mine",
    "ALTER RULE t_stay ON t RENAME TO t_rest",
    "ALTER INDEX t_a_idx RENAME TO t_first",
    "ALTER TABLE bare RENAME CONSTRAINT bare_a_check TO bare_check",
    "ALTER TABLE t RENAME COLUMN word TO name",
    "ALTER TYPE mood RENAME VALUE 'sad' TO 'glum'",
    "ALTER TYPE mood RENAME TO temper",
    "ALTER TYPE pair RENAME ATTRIBUTE x TO z",
    "ALTER DOMAIN positive RENAME CONSTRAINT positive_check TO above",
    "ALTER FUNCTION f(int) RENAME TO g",
    "ALTER SCHEMA app RENAME TO application",
    "ALTER TABLE bare SET SCHEMA app",
    "ALTER TABLE bare ADD CONSTRAINT bare_id_key UNIQUE USING INDEX bare_id_key",
    "ALTER TABLE bare ADD CONSTRAINT bare_id_key PRIMARY KEY USING INDEX bare_id_key",
    "ALTER TABLE bare ADD CONSTRAINT bare_id UNIQUE USING INDEX bare_id_key",
    "ALTER TABLE bare ADD PRIMARY KEY (id)",
    "ALTER TABLE bare ADD CONSTRAINT bare_key UNIQUE (id)",
    "ALTER TABLE bare ADD CONSTRAINT bare_positive CHECK (id > 0)",
    "ALTER TABLE t ADD COLUMN n int",
    "ALTER TABLE days ATTACH PARTITION days_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    "ALTER PUBLICATION news ADD TABLE bare",
    "ALTER TYPE mood ADD VALUE 'calm'",
    "CREATE TABLE fresh (id int)",
    "CREATE VIEW fresh AS SELECT 1 AS n",
    "CREATE INDEX fresh ON t (a)",
    "CREATE SCHEMA fresh",
    "CREATE TYPE fresh AS ENUM ('a')",
    "CREATE FUNCTION fresh() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE POLICY fresh ON t USING (true)",
    "CREATE TEXT SEARCH CONFIGURATION fresh (COPY = simple)",
    "CREATE OPERATOR ==== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
]


def caught(statement: str, code: str) -> str:
    """Return a block that runs *statement* and catches one error."""
    return f"DO $$ BEGIN {statement}; EXCEPTION WHEN SQLSTATE '{code}' THEN NULL; END $$;"


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_right_handler_is_the_one_that_the_server_calls_for(
    statement: str, world: str, peopled: Bench
) -> None:
    """A handler of the SQLSTATE that the second run raises is enough; one of another error misses it."""
    before = BEFORE
    if "total" in statement:
        before += "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);"
    done = peopled.twice(statement, before=before)
    assert done.first == ""
    assert done.again
    history = [Source("world.sql", world), Source("before.sql", before)]
    for code, rules in ((done.again, []), ("22012", ["handler-misses"])):
        block = Source("block.sql", caught(statement, code))
        found = analyse([*history, block], server=peopled.major)[-1].findings
        assert [one.rule for one in found if one.kind == "idempotence"] == rules


@pytest.mark.parametrize(
    ("statement", "meanwhile", "code"),
    [
        (
            "ALTER TABLE stranger ALTER COLUMN n TYPE bigint",
            "CREATE VIEW w AS SELECT n FROM stranger",
            "0A000",
        ),
        (
            "DROP VIEW v",
            "CREATE VIEW v AS SELECT 1 AS n; CREATE VIEW w AS SELECT n FROM v",
            "2BP01",
        ),
    ],
)
def test_a_handler_of_what_depends_on_an_object(
    statement: str, meanwhile: str, code: str, world: str, peopled: Bench
) -> None:
    """What keeps a statement from its work the second time is an error of its own, and can be caught."""
    assert peopled.twice(statement, meanwhile=meanwhile).again == code
    for handler, missed in ((code, False), ("22012", True)):
        block = Source("block.sql", f"{caught(statement, handler)}\n{meanwhile};")
        found = analyse([Source("world.sql", world), block], server=peopled.major)[-1].findings
        assert ("handler-misses" in [one.rule for one in found]) == missed
