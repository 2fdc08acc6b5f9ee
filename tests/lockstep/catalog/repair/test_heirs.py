"""Children and partitions on the way to another schema: what they have of their own stays theirs, whatever their parents do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.lockstep.catalog.repair.conftest import Patient

WAYS = {
    "a parent may be NULL again, and a partition's key may not": (
        "CREATE TABLE t (a int NOT NULL, b int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t DEFAULT; INSERT INTO t VALUES (1, 1)",
        "CREATE TABLE t (a int, b int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t (CONSTRAINT k PRIMARY KEY (a)) DEFAULT",
    ),
    "a parent may be NULL again, and of its heirs one": (
        "CREATE TABLE t (a int NOT NULL); CREATE TABLE one (a int NOT NULL) INHERITS (t); CREATE TABLE two () INHERITS (t); INSERT INTO one VALUES (1)",
        "CREATE TABLE t (a int); CREATE TABLE one (a int NOT NULL) INHERITS (t); CREATE TABLE two () INHERITS (t)",
    ),
    "an heir's default is its own when its parent gets another type": (
        """CREATE TABLE t (a int DEFAULT 12, b int DEFAULT 1); CREATE TABLE a (a int DEFAULT 21, b int) INHERITS (t);
        ALTER TABLE a ALTER b DROP DEFAULT; CREATE VIEW seen AS SELECT a FROM a; INSERT INTO a VALUES (7, 7)""",
        """CREATE TABLE t (a text DEFAULT '12', b text DEFAULT '1'); CREATE TABLE a (a text DEFAULT '21', b text) INHERITS (t);
        ALTER TABLE a ALTER b DROP DEFAULT; CREATE VIEW seen AS SELECT a FROM a""",
    ),
    "a parent gets a column once an heir has left": (
        "CREATE TABLE p (id int); CREATE TABLE t (a int) INHERITS (p); INSERT INTO t VALUES (1, 2)",
        "CREATE TABLE p (b int CHECK (b > 0)); CREATE VIEW v AS SELECT b FROM p; CREATE TABLE q (id int); CREATE TABLE t (a int) INHERITS (q)",
    ),
    "a partition comes with an index like its parent's": (
        "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE INDEX i ON t (a); CREATE TABLE p (a int); CREATE INDEX own ON p (a)",
        "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT; CREATE INDEX i ON t (a); CREATE INDEX own ON p (a)",
    ),
    "an unfinished index has some of its parts": (
        """CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t FOR VALUES IN (1); CREATE TABLE q PARTITION OF t DEFAULT;
        CREATE INDEX i ON ONLY t (a); CREATE INDEX of_p ON p (a); ALTER INDEX i ATTACH PARTITION of_p; INSERT INTO t VALUES (1), (2)""",
        "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t FOR VALUES IN (1); CREATE TABLE q PARTITION OF t DEFAULT; CREATE INDEX i ON t (a)",
    ),
    "a column goes, and a label of its type": (
        "CREATE TYPE mood AS ENUM ('calm', 'wild'); CREATE TABLE t (a int, m mood DEFAULT 'wild'); INSERT INTO t VALUES (1)",
        "CREATE TYPE mood AS ENUM ('calm'); CREATE TABLE t (a int)",
    ),
    "a table is sorted by its key": (
        "CREATE TABLE t (a int CONSTRAINT k PRIMARY KEY, b int); CREATE INDEX i ON t (b); CLUSTER t USING i; INSERT INTO t VALUES (1, 2)",
        "CREATE TABLE t (a int CONSTRAINT k PRIMARY KEY, b int CONSTRAINT u UNIQUE); CREATE INDEX i ON t (b); ALTER TABLE t CLUSTER ON u",
    ),
    "a partition is sorted by its part of an index": (
        "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT; CREATE TABLE q (a int); CREATE INDEX j ON q (a); CLUSTER q USING j",
        """CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT; CREATE INDEX ON t (a); ALTER TABLE p CLUSTER ON p_a_idx;
        CREATE TABLE q (a int); CREATE INDEX j ON q (a)""",
    ),
    "an owner keeps some rights from itself": (
        "CREATE TABLE t (a int); CREATE TABLE was (a int); REVOKE ALL ON was FROM CURRENT_USER; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        """CREATE TABLE t (a int); REVOKE INSERT, UPDATE ON t FROM CURRENT_USER; CREATE TABLE was (a int);
        CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION f() FROM CURRENT_USER""",
    ),
    "default privileges name who has them anyway": (
        "CREATE TABLE t (a int)",
        """CREATE TABLE t (a int); ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO CURRENT_USER;
        ALTER DEFAULT PRIVILEGES REVOKE DELETE ON TABLES FROM CURRENT_USER""",
    ),
    "privileges on what is foreign": (
        "CREATE TABLE t (); CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; GRANT USAGE ON FOREIGN SERVER s TO rich_reader",
        """CREATE TABLE t (); CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
        GRANT USAGE ON FOREIGN DATA WRAPPER w TO rich_reader; GRANT USAGE ON FOREIGN SERVER s TO rich_writer""",
    ),
}
COUNT = "SELECT count(*) FROM t"


@pytest.mark.sampled(5)
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left(
    between: Callable[[str, str], Patient], rich_roles: None, way: str
) -> None:
    """The one schema becomes the other, tables keep their rows, and a second run neither locks nor writes."""
    patient = between(*WAYS[way])
    rows = patient.rows(COUNT)
    files = patient.repair(drop=["all"], retype=["all"])
    assert patient.drift() == []
    assert [told for told in patient.notices if "skipping" not in told] == []
    assert patient.rows(COUNT) == rows
    patient.assert_idle(files)


def test_a_part_that_may_be_unfinished_is_told(between: Callable[[str, str], Patient]) -> None:
    """Of a partition's own partitions nobody knows which have their parts: a person has to look, and nothing fails."""
    tables = """CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY LIST (a);
    CREATE TABLE q PARTITION OF p DEFAULT; CREATE INDEX i ON ONLY t (a)"""
    parts = "; CREATE INDEX j ON ONLY p (a); ALTER INDEX i ATTACH PARTITION j"
    patient = between(tables + parts, tables.replace("ON ONLY t", "ON t"))
    (left,) = patient.plan(drop=["all"]).left
    assert (left.name, left.need) == ("index public.i", "never")
    assert "its part on public.p may be unfinished" in left.reason
    assert patient.repair(drop=["all"]) == {}


def test_what_more_is_attached_than_should_be_is_told(
    between: Callable[[str, str], Patient],
) -> None:
    """An index that serves all partitions although it should serve none is left, with the reason."""
    tables = "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT; CREATE INDEX i ON {} t (a)"
    (left,) = between(tables.format(""), tables.format("ONLY")).plan(drop=["all"]).left
    assert (left.name, left.need, left.fields) == ("index public.i", "never", ("invalid",))
