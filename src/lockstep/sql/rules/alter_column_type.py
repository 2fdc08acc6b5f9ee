"""ALTER COLUMN ... TYPE ... USING an expression that converts."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="alter-column-type",
    kind="idempotence",
    severity="error",
    message="a second run converts the values of {name} again",
    condition="ALTER COLUMN ... TYPE ... USING an expression that is more than a cast of the column.",
    effect="The second run applies the expression to values that it has converted already (price * 100 becomes price * 10000), or fails with 42883 (undefined_function) on the new type.",
    workaround="Do it in a DO block IF pg_attribute still has the old type.",
)
