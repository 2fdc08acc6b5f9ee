"""INSERT of the same rows again."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="insert",
    kind="idempotence",
    severity="error",
    message="a second run inserts the rows into {name} again",
    condition="INSERT without ON CONFLICT, of rows that are written in the statement.",
    effect="The second run fails with 23505 (unique_violation), or inserts the rows a second time where no unique index covers them.",
    workaround="Write ON CONFLICT (the columns of a unique key) DO NOTHING; without a key, INSERT ... SELECT ... WHERE NOT EXISTS.",
)
