"""What is not known before it runs: calls, CALL, EXECUTE, DO in another language."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="opaque",
    kind="idempotence",
    severity="warning",
    message="nobody can tell before it runs what {name} does the second time",
    condition="A call of a function that is not known to be harmless, CALL, EXECUTE of a text made at run time, DO in a language other than plpgsql.",
    effect="The second run may fail or change rows again; the statement does not show it.",
    workaround="Read what it does; if it can run twice, say so: -- lockstep: ignore opaque because ...",
)
