"""A statement above the one that gives its column another type."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="retyped-on-second-run",
    kind="idempotence",
    severity="error",
    message="a second run fails, or means something else: {name} has another type by then",
    condition="INSERT, UPDATE or DELETE that reads a column to which the same file, further down, gives another type.",
    effect="On the second run the column has the new type: 42804, 42883 or 22P02, or values are compared and cast otherwise.",
    workaround="Do it in a DO block IF the column still has the old type (pg_attribute.atttypid), or in an earlier file.",
)
