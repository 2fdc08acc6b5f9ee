"""What can only be made anew, and what stands on it: put away in order, and all of it there again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.lockstep.catalog.repair.conftest import Patient

PLAIN = "CREATE TABLE t (id serial, a int, b text, CONSTRAINT k UNIQUE (a, b)); CREATE INDEX i ON t (b); "
PARTED = PLAIN.replace("(a, b));", "(a, b)) PARTITION BY LIST (a);")
STANDING = """
CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v; GRANT SELECT ON w TO public; COMMENT ON VIEW v IS 'v';
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t'; COMMENT ON TABLE t IS 't';
CREATE TABLE c (a int, b text, FOREIGN KEY (a, b) REFERENCES t (a, b));
"""
PART = "CREATE TABLE p{0} PARTITION OF t FOR VALUES IN ({0}); "
OWN = "CREATE TABLE p1 (id int DEFAULT nextval('t_id_seq') NOT NULL, a int, b text); "
WAYS = {
    "a table gets partitions": (PLAIN + STANDING, PARTED + PART.format(1) + STANDING),
    "a table loses its partitions": (PARTED + PART.format(1) + STANDING, PLAIN + STANDING),
    "partitions by another column": (
        PARTED + PART.format(1),
        PARTED.replace("LIST (a)", "RANGE (b)") + "CREATE TABLE r PARTITION OF t DEFAULT",
    ),
    "a partition becomes a table": (PARTED + PART.format(1) + PART.format(2), PLAIN + OWN),
    "a partition has partitions": (
        PARTED
        + "CREATE TABLE q PARTITION OF t DEFAULT PARTITION BY LIST (a); CREATE TABLE r PARTITION OF q DEFAULT",
        PLAIN,
    ),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("way", WAYS)
def test_a_table_is_made_anew(between: Callable[[str, str], Patient], way: str) -> None:
    """With all that stands on it; in one run, without a word, and a second run is none."""
    patient = between(*WAYS[way])
    files = patient.repair(drop=["all"], retype=["all"])
    assert patient.drift() == []
    assert [told for told in patient.notices if "skipping" not in told] == []
    patient.assert_idle(files)


def test_a_partition_that_stays_keeps_its_rows(between: Callable[[str, str], Patient]) -> None:
    """Its table goes, and the number that this has reached stays too."""
    patient = between(PARTED + PART.format(1), PLAIN + OWN)
    patient.run("INSERT INTO t (a, b) VALUES (1, 'x'), (1, 'y')")
    patient.repair(drop=["all"], retype=["all"])
    assert patient.drift() == []
    assert patient.rows("SELECT b FROM p1 ORDER BY b") == [("x",), ("y",)]
    assert patient.rows("SELECT nextval('t_id_seq')") == [(3,)]


def test_what_nobody_named_keeps_a_table_from_being_made_anew(
    between: Callable[[str, str], Patient],
) -> None:
    """A view that is not expected would be lost with it: that is told, and nothing is done."""
    patient = between(PLAIN + "CREATE VIEW mine AS SELECT a FROM t", PARTED)
    (left,) = [one for one in patient.plan(drop=["t"]).left if one.name == "table public.t"]
    assert (left.need, left.reason) == (
        "drop",
        "view public.mine would go with it, and is not named",
    )
    patient.assert_idle(patient.repair(drop=["t"]))
    assert patient.rows("SELECT count(*) FROM mine") == [(0,)]


ORDER = {
    "a table becomes a view, and its functions read the view": (
        """CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t';""",
        """CREATE TABLE s (a int); CREATE VIEW t AS SELECT a FROM s;
        CREATE FUNCTION f() RETURNS SETOF s LANGUAGE sql AS 'SELECT * FROM s'""",
    ),
    "a default calls a function of a type that is made anew": (
        """CREATE TYPE e AS ENUM ('a', 'b'); CREATE FUNCTION f(x e) RETURNS text LANGUAGE sql AS 'SELECT x::text';
        CREATE TABLE t (e e, a text DEFAULT f('a'))""",
        """CREATE TYPE e AS ENUM ('a', 'c'); CREATE FUNCTION f(x e) RETURNS text LANGUAGE sql AS 'SELECT x::text';
        CREATE TABLE t (e e, a text DEFAULT f('a'))""",
    ),
    "a function is of a view's rows, and both go": (
        "CREATE TABLE t (); CREATE VIEW v AS SELECT 1 AS a; CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v'",
        "CREATE TABLE t ()",
    ),
    "a view comes to read a column that gets another type": (
        "CREATE TABLE t (a int, b int); CREATE TABLE u (c int, d int); CREATE VIEW v AS SELECT a, b FROM t",
        "CREATE TABLE t (a bigint, b int); CREATE TABLE u (c int, d bigint); CREATE VIEW v AS SELECT a, d FROM t, u",
    ),
    "a type becomes one of another kind": (
        "CREATE TABLE t (); CREATE TYPE e AS (a int); CREATE TYPE f AS ENUM ('a'); CREATE DOMAIN g AS int",
        "CREATE TABLE t (); CREATE TYPE e AS ENUM ('a'); CREATE DOMAIN f AS int; CREATE TYPE g AS RANGE (SUBTYPE = int)",
    ),
    "a type becomes a table": (
        "CREATE TABLE t (); CREATE TYPE e AS (a int)",
        "CREATE TABLE t (); CREATE TABLE e (a int)",
    ),
    "the type of a typed table changes": (
        "CREATE TYPE y AS (a int, b text, c int); CREATE TABLE t OF y (b WITH OPTIONS DEFAULT 'b', c WITH OPTIONS NOT NULL); INSERT INTO t VALUES (1, 'b', 3)",
        "CREATE TYPE y AS (a int, b varchar(9), d int); CREATE TABLE t OF y (b WITH OPTIONS DEFAULT 'b', d WITH OPTIONS DEFAULT 7)",
    ),
    "a table is identified by a new index on a new column": (
        "CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t REPLICA IDENTITY FULL",
        "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t REPLICA IDENTITY USING INDEX i",
    ),
    "foreign keys stand on an index that changes": (
        """CREATE TABLE t (a int, b int); CREATE UNIQUE INDEX i ON t (a); CREATE TABLE c (a int CONSTRAINT f REFERENCES t (a), b int);
        CREATE TABLE d (a int REFERENCES t (a))""",
        """CREATE TABLE t (a int, b int); CREATE UNIQUE INDEX i ON t (a, b);
        CREATE TABLE c (a int, b int, CONSTRAINT f FOREIGN KEY (a, b) REFERENCES t (a, b))""",
    ),
    "an index counts more of its values": (
        "CREATE TABLE t (a text)",
        "CREATE TABLE t (a text); CREATE INDEX i ON t (lower(a)); ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 300; ALTER TABLE t CLUSTER ON i",
    ),
    "a partition's own key is its part of an index": (
        "CREATE TABLE t (a int NOT NULL, b int NOT NULL) PARTITION BY LIST (a); CREATE UNIQUE INDEX i ON t (a, b)",
        """CREATE TABLE t (a int NOT NULL, b int NOT NULL) PARTITION BY LIST (a); CREATE UNIQUE INDEX i ON t (a, b);
        CREATE TABLE p PARTITION OF t (PRIMARY KEY (a, b)) DEFAULT""",
    ),
    "a table gets the key that was its partition's": (
        """CREATE TABLE t (a int NOT NULL, b int NOT NULL) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT;
        CREATE UNIQUE INDEX k ON ONLY t (a, b); CREATE UNIQUE INDEX j ON p (a, b); ALTER INDEX k ATTACH PARTITION j;
        ALTER TABLE p ADD CONSTRAINT p_pkey PRIMARY KEY USING INDEX j""",
        """CREATE TABLE t (a int NOT NULL, b int NOT NULL, CONSTRAINT k PRIMARY KEY (a, b)) PARTITION BY LIST (a);
        CREATE TABLE p PARTITION OF t DEFAULT""",
    ),
    "a trigger of a partition's becomes its table's": (
        """CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE t (a int) PARTITION BY LIST (a);
        CREATE TABLE p (a int); CREATE TRIGGER g BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION g()""",
        """CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE t (a int) PARTITION BY LIST (a);
        CREATE TABLE p PARTITION OF t DEFAULT; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g()""",
    ),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("way", ORDER)
def test_what_goes_goes_in_order(between: Callable[[str, str], Patient], way: str) -> None:
    """Nothing is refused, nothing is left, and a second run is none."""
    patient = between(*ORDER[way])
    files = patient.repair(drop=["all"], retype=["all"])
    assert (patient.drift(), patient.plan(drop=["all"]).left) == ([], ())
    assert [told for told in patient.notices if " is left as it is" in told] == []
    patient.assert_idle(files)


def test_a_typed_table_waits_for_its_type(between: Callable[[str, str], Patient]) -> None:
    """Its columns come and go with the type's, which nobody allowed to change: all of that is told, and nothing fails."""
    patient = between(
        "CREATE TYPE y AS (a int, c int); CREATE TABLE t OF y",
        "CREATE TYPE y AS (a int, d int); CREATE TABLE t OF y (d WITH OPTIONS DEFAULT 7)",
    )
    for allowed in ([], ["t.*"]):
        left = {one.name for one in patient.plan(drop=allowed).left}
        assert left == {"composite public.y", "column public.t.c", "column public.t.d"}
        patient.assert_idle(patient.repair(drop=allowed))


def test_a_view_on_a_column_that_keeps_its_type_is_told(
    between: Callable[[str, str], Patient],
) -> None:
    """The view's column has that type as well, and so has the one of a view on the view."""
    views = "CREATE VIEW v AS SELECT a AS x FROM t; CREATE VIEW w AS SELECT x FROM v; CREATE VIEW z AS SELECT b FROM t"
    patient = between(
        f"CREATE TABLE t (a bigint, b int); {views}", f"CREATE TABLE t (a int, b int); {views}"
    )
    left = {one.name: one for one in patient.plan().left}
    assert left.keys() == {"column public.t.a", "view public.v", "view public.w"}
    assert "column public.t.a is bigint" in left["view public.w"].reason
    patient.assert_idle(patient.repair())


REFUSED = {
    "a key on which another stands": (
        "CREATE TABLE t (a int CONSTRAINT k UNIQUE); CREATE TABLE c (a int CONSTRAINT f REFERENCES t (a))",
        "CREATE TABLE t (a int); CREATE TABLE c (a int)",
        "k",
        ("constraint public.t.k", "constraint public.c.f would go with it, and is not named"),
    ),
    "a table that a view reads": (
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t",
        "",
        "table t",
        ("table public.t", "view public.v stands on it, and stays"),
    ),
    "a function by which a default is": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW t AS SELECT f()",
        "",
        "f",
        ('function public.f.""', "view public.t stands on it, and stays"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_refused_is_told_before(
    between: Callable[[str, str], Patient], case: str
) -> None:
    """Something that nobody named stands on what may go: neither goes, and the plan says so."""
    before, after, named, told = REFUSED[case]
    patient = between(before, after)
    reasons = {one.name: one.reason for one in patient.plan(drop=[named, f"t.{named}"]).left}
    assert told in reasons.items()
    patient.repair(drop=[named, f"t.{named}"])
    assert told[0] in patient.names()


def test_a_key_without_its_parts_is_told(between: Callable[[str, str], Patient]) -> None:
    """On a table with partitions it can be invalid: that is seen."""
    table = "CREATE TABLE t (a int NOT NULL) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT; "
    patient = between(
        table + "ALTER TABLE ONLY t ADD CONSTRAINT k UNIQUE (a)",
        table + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
    )
    (left,) = patient.plan(drop=["all"]).left
    assert (left.name, left.need) == ("constraint public.t.k", "never")
