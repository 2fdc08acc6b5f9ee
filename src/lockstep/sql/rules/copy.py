"""COPY FROM into a table that keeps its rows."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="copy",
    kind="idempotence",
    severity="error",
    message="a second run copies the rows into {name} again",
    condition="COPY ... FROM into a table that is neither temporary nor emptied before in the same file.",
    effect="The second run fails with 23505 (unique_violation), or copies the rows a second time where no unique index covers them.",
    workaround="COPY into a temporary table, then INSERT ... SELECT ... ON CONFLICT (key) DO NOTHING.",
)
