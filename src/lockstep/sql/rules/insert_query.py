"""INSERT of a query's rows again."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="insert-query",
    kind="idempotence",
    severity="error",
    message="a second run inserts the query's rows into {name} again",
    condition="INSERT ... SELECT from tables without ON CONFLICT, and the query does not look at the table that it fills.",
    effect="The second run fails with 23505 (unique_violation), or inserts the rows a second time where no unique index covers them.",
    workaround="Write ON CONFLICT (the columns of a unique key) DO NOTHING, or leave out what is there: WHERE NOT EXISTS (SELECT 1 FROM the table ...).",
)
