"""From one schema to another, everything allowed: nothing is left, no row is lost, and the second run is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.lockstep.catalog.repair.conftest import Patient

WAYS = {
    "an operator announces another": (
        "CREATE TABLE t (); CREATE FUNCTION f(text, text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'",
        """CREATE TABLE t (); CREATE FUNCTION f(text, text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
        CREATE OPERATOR ||+ (FUNCTION = f, LEFTARG = text, RIGHTARG = text, COMMUTATOR = ||-, NEGATOR = ||=)""",
    ),
    "a cast of an extension's is better than the text": (
        "CREATE EXTENSION hstore; CREATE TABLE t (h hstore); INSERT INTO t VALUES ('a=>1'), (NULL)",
        "CREATE EXTENSION hstore; CREATE TABLE t (h jsonb DEFAULT '{}')",
    ),
    "a cast that there is in one direction only": (
        "CREATE TABLE t (n jsonb, j json); INSERT INTO t VALUES ('5', '6')",
        "CREATE TABLE t (n int, j jsonb)",
    ),
    "what should not be there is not remade with its type": (
        """CREATE DOMAIN d AS int CONSTRAINT positive CHECK (VALUE > 0); CREATE TABLE t (d d, a int); INSERT INTO t VALUES (1, 2);
        CREATE VIEW seen AS SELECT a FROM t; CREATE VIEW over AS SELECT a FROM seen; GRANT SELECT ON seen TO public""",
        "CREATE DOMAIN d AS text CONSTRAINT told CHECK (VALUE <> ''); CREATE TABLE t (d d, a text)",
    ),
    "an index of that name is in a key's place": (
        "CREATE TABLE t (a int NOT NULL, b int NOT NULL) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t DEFAULT; CREATE UNIQUE INDEX k ON ONLY t (a, b)",
        "CREATE TABLE t (a int NOT NULL, b int NOT NULL) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t DEFAULT; ALTER TABLE t ADD CONSTRAINT k UNIQUE (a, b)",
    ),
    "an index on other columns is in a key's place": (
        "CREATE TABLE t (a int, b int); CREATE UNIQUE INDEX k ON t (b)",
        "CREATE TABLE t (a int, b int, CONSTRAINT k UNIQUE (a))",
    ),
    "a key moves, and its column may be NULL": (
        "CREATE TABLE t (a int CONSTRAINT k PRIMARY KEY, b int); INSERT INTO t VALUES (1, 1)",
        "CREATE TABLE t (a int, b int CONSTRAINT k PRIMARY KEY)",
    ),
    "two tables that refer to each other": (
        "CREATE TABLE t (); CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b",
        "CREATE TABLE t ()",
    ),
    "an heir changes its parent": (
        "CREATE TABLE a (i int); CREATE TABLE t (j int) INHERITS (a); INSERT INTO t VALUES (1, 2)",
        "CREATE TABLE b (i int); CREATE TABLE t (j int) INHERITS (b)",
    ),
    "there is no cast, and no row": (
        "CREATE TABLE t (a bigint, b int, c date)",
        "CREATE TABLE t (a timestamp(3), b uuid, c boolean)",
    ),
    "a table with another name keeps the name of its key": (
        "CREATE TABLE t (); CREATE TABLE a (id int CONSTRAINT k PRIMARY KEY); CREATE TABLE c (a int REFERENCES a)",
        "CREATE TABLE t (); CREATE TABLE b (id int CONSTRAINT k PRIMARY KEY); CREATE TABLE c (a int)",
    ),
    "a key grows, and what referred to it goes": (
        "CREATE TABLE t (id int CONSTRAINT k PRIMARY KEY, no int NOT NULL); CREATE TABLE c (t int REFERENCES t)",
        "CREATE TABLE t (id int, no int NOT NULL, CONSTRAINT k PRIMARY KEY (id, no))",
    ),
    "both ends of a foreign key have another type": (
        "CREATE TABLE t (id bigint PRIMARY KEY); CREATE TABLE c (t bigint CONSTRAINT f REFERENCES t); INSERT INTO t VALUES (7); INSERT INTO c VALUES (7)",
        "CREATE TABLE t (id text PRIMARY KEY); CREATE TABLE c (t text CONSTRAINT f REFERENCES t)",
    ),
    "a partition goes, another takes its rows": (
        "CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (9)",
        "CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF t FOR VALUES FROM (5) TO (12)",
    ),
    "a table becomes a view, and another view stays": (
        "CREATE TABLE t (a int); CREATE TABLE x (a int); CREATE VIEW q AS SELECT a FROM x; COMMENT ON VIEW q IS 'c'",
        "CREATE TABLE t (a int); CREATE VIEW x AS SELECT a FROM t; CREATE VIEW q AS SELECT a FROM x; COMMENT ON VIEW q IS 'c'",
    ),
    "a view becomes a table": (
        "CREATE TABLE t (a int); CREATE VIEW x AS SELECT a FROM t; CREATE VIEW q AS SELECT a FROM x",
        "CREATE TABLE t (a int); CREATE TABLE x (a int); CREATE VIEW q AS SELECT a FROM x",
    ),
    "a function becomes a procedure": (
        "CREATE TABLE t (); CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE t (); CREATE PROCEDURE f(a int) LANGUAGE sql AS 'SELECT 1'",
    ),
    "a foreign key stands on another key": (
        """CREATE TABLE t (a int NOT NULL CONSTRAINT one UNIQUE); CREATE TABLE c (a int REFERENCES t (a)); INSERT INTO t VALUES (1);
        INSERT INTO c VALUES (1); COMMENT ON CONSTRAINT c_a_fkey ON c IS 'c'""",
        "CREATE TABLE t (a int CONSTRAINT other PRIMARY KEY); CREATE TABLE c (a int REFERENCES t (a)); COMMENT ON CONSTRAINT c_a_fkey ON c IS 'c'",
    ),
    "a view groups by another key": (
        "CREATE TABLE t (a int CONSTRAINT one PRIMARY KEY, b int); CREATE VIEW v AS SELECT a, b FROM t GROUP BY a",
        "CREATE TABLE t (a int CONSTRAINT other PRIMARY KEY, b int); CREATE VIEW v AS SELECT a, b FROM t GROUP BY a",
    ),
    "a child keeps a column that its parent loses": (
        "CREATE TABLE p (a int, b int); CREATE TABLE t () INHERITS (p); CREATE TABLE u () INHERITS (p); INSERT INTO t VALUES (1, 2)",
        "CREATE TABLE p (a int); CREATE TABLE t (b int) INHERITS (p); CREATE TABLE u () INHERITS (p)",
    ),
    "comments on what is made in the second file": (
        "CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 1)",
        """CREATE TABLE t (a int CONSTRAINT k PRIMARY KEY, b int CONSTRAINT f REFERENCES t); CREATE INDEX i ON t (b);
        COMMENT ON CONSTRAINT k ON t IS 'k'; COMMENT ON CONSTRAINT f ON t IS 'f'; COMMENT ON INDEX i IS 'i'; COMMENT ON INDEX k IS 'k'""",
    ),
    "a function that defaults and checks call has other arguments": (
        """CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE DOMAIN d AS int DEFAULT f(2) CHECK (f(VALUE) > 0);
        CREATE TABLE t (a int DEFAULT f(1) CHECK (f(a) > 0), d d); INSERT INTO t VALUES (1, 1); CREATE INDEX i ON t (f(a))""",
        """CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE DOMAIN d AS int DEFAULT f(2) CHECK (f(VALUE) > 0);
        CREATE TABLE t (a int DEFAULT f(1) CHECK (f(a) > 0), d d); CREATE INDEX i ON t (f(a))""",
    ),
    "a policy calls a function that gets another signature": (
        """CREATE TABLE t (a int); CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS bool LANGUAGE sql AS 'SELECT true';
        CREATE POLICY p ON t USING (f(a)); INSERT INTO t VALUES (1)""",
        "CREATE TABLE t (a int); CREATE FUNCTION f(a int) RETURNS bool LANGUAGE sql AS 'SELECT true'; CREATE POLICY p ON t USING (f(a))",
    ),
    "what binds things that go": (
        """CREATE TABLE t (); CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql AS 'SELECT true'; CREATE DOMAIN d AS int CHECK (f(VALUE));
        CREATE FUNCTION g(d) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE x (a int); CREATE VIEW v AS SELECT a FROM x;
        CREATE POLICY p ON x USING (a IN (SELECT v.a FROM v))""",
        "CREATE TABLE t ()",
    ),
    "a sequence's new bounds leave its first number out": (
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY (MINVALUE 100 MAXVALUE 200)); CREATE SEQUENCE s MINVALUE 100 MAXVALUE 200",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY (MAXVALUE 50)); CREATE SEQUENCE s MAXVALUE 50",
    ),
    "an identity gets a narrower type than its bounds": (
        "CREATE TABLE t (a bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 5000000000))",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)",
    ),
    "the rows of a foreign table are not asked": (
        "CREATE TABLE t (); CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (a text) SERVER s",
        "CREATE TABLE t (); CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (a int) SERVER s",
    ),
}
HELD = {
    "a CHECK": ("constraint public.t.c", "ALTER TABLE t ADD CONSTRAINT c CHECK (a <> 'x')"),
    "an index": ("index public.i", "CREATE INDEX i ON t (a text_pattern_ops)"),
    "a foreign key": ("constraint public.t.f", "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p"),
    "a view": ("view public.v", "CREATE VIEW v AS SELECT a || 'x' AS x FROM t"),
    "a policy": ("policy public.t.p", "CREATE POLICY p ON t USING (a <> 'x')"),
    "a generated column": ("column public.t.g", "ALTER TABLE t ADD g text GENERATED ALWAYS AS (a || 'x') STORED"),
    "a domain's CHECK": ("domain_constraint public.d.c", "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE <> 'x')"),
}  # fmt: skip
STANDING = {
    "the name is another's": (
        "CREATE TABLE a (id int CONSTRAINT k PRIMARY KEY)",
        "CREATE TABLE b (id int CONSTRAINT k PRIMARY KEY)",
        {"constraint public.b.k"},
    ),
    "the key is another, and must go first": (
        "CREATE TABLE a (id int, no int, CONSTRAINT k PRIMARY KEY (id)); CREATE TABLE b (no int, id int)",
        "CREATE TABLE a (id int NOT NULL, no int, CONSTRAINT k PRIMARY KEY (no, id)); CREATE TABLE b (no int, id int, CONSTRAINT f FOREIGN KEY (no, id) REFERENCES a (no, id))",
        {"constraint public.a.k", "constraint public.b.f"},
    ),
    "the table has no partitions": (
        "CREATE TABLE a (id int)",
        "CREATE TABLE a (id int) PARTITION BY RANGE (id); CREATE TABLE b PARTITION OF a DEFAULT",
        {"table public.a", "table public.b"},
    ),
    "a child would leave its parent": (
        "CREATE TABLE p (a int CHECK (a > 0), b int) PARTITION BY LIST (b); CREATE TABLE x PARTITION OF p DEFAULT; CREATE INDEX ON p (b)",
        """CREATE TABLE p (a int CHECK (a > 0), b int) PARTITION BY LIST (b);  CREATE INDEX ON p (b);
        CREATE TABLE x (a int, b int, CONSTRAINT p_a_check CHECK (a > 0)); CREATE INDEX ON x (b)""",
        {
            "table public.x",
            "column public.x.a",
            "constraint public.x.p_a_check",
            "index public.x_b_idx",
        },
    ),
    "a child would be its parent's alone": (
        "CREATE TABLE p (a int); CREATE TABLE x (a int)",
        "CREATE TABLE p (a int); CREATE TABLE x () INHERITS (p)",
        {"column public.x.a"},
    ),
    "a view is in a table's place": (
        "CREATE VIEW x AS SELECT 1 AS a",
        "CREATE TABLE x (a int PRIMARY KEY); COMMENT ON TABLE x IS 'x'; CREATE INDEX i ON x (a)",
        {"table public.x", "column public.x.a", "constraint public.x.x_pkey", "index public.i"},
    ),
    "an identity has the name of a sequence": (
        "CREATE TABLE x (a int GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE x (a serial)",
        {"sequence public.x_a_seq", "column public.x.a"},
    ),
    "an extension's parts were made one by one": (
        "CREATE FUNCTION gbt_bit_compress(internal) RETURNS internal LANGUAGE c AS '$libdir/btree_gist'",
        "CREATE EXTENSION btree_gist",
        {"extension btree_gist"},
    ),
}
COUNT = "SELECT count(*) FROM t"


@pytest.mark.sampled(4)
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left(between: Callable[[str, str], Patient], way: str) -> None:
    """The one schema becomes the other, tables keep their rows, and a second run neither locks nor writes."""
    patient = between(*WAYS[way])
    rows = patient.rows(COUNT)
    files = patient.repair(drop=["all"], retype=["all"])
    assert patient.drift() == []
    assert [told for told in patient.notices if "skipping" not in told] == []
    assert patient.rows(COUNT) == rows
    patient.assert_idle(files)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("made", HELD)
def test_what_stands_on_a_type_that_stays_is_told(
    between: Callable[[str, str], Patient], made: str
) -> None:
    """Nobody allowed the types to change: what is written for the new ones is left, with the reason, and nothing fails."""
    name, text = HELD[made]
    tables = "CREATE TABLE p (id text PRIMARY KEY); CREATE DOMAIN d AS {0}; CREATE TABLE t (a {0}, b int);"
    patient = between(tables.format("int"), tables.format("text") + text)
    left = {one.name: one for one in patient.plan().left}
    assert (left[name].need, "only once that is allowed" in left[name].reason) == ("retype", True)
    patient.assert_idle(patient.repair())
    assert patient.names() == left.keys()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", STANDING)
def test_what_would_have_to_go_first_is_told(
    between: Callable[[str, str], Patient], case: str
) -> None:
    """Nothing may be dropped: what cannot be made without that is left, with all that stands on it, and nothing fails."""
    before, after, names = STANDING[case]
    patient = between(before, after)
    left = {one.name for one in patient.plan().left}
    assert names <= left
    files = patient.repair()
    assert {one.name for one in patient.drift() if one.live is None} <= left
    patient.assert_idle(files)
