"""Objects that no guard can be put around."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="not-transactional",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} exists, and no guard can ask for it",
    condition="CREATE DATABASE, TABLESPACE or SUBSCRIPTION: they run in no transaction (25001), so no DO block can guard them.",
    effect="The second run fails with 42P04 (duplicate_database) or 42710 (duplicate_object).",
    workaround="Make it outside of the migrations. A subscription that does not connect (connect = false) can stand in a DO block that asks pg_subscription.",
)
