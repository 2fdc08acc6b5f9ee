"""CREATE ROLE without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-role",
    kind="idempotence",
    severity="error",
    message="a second run fails: role {name} exists",
    condition="CREATE ROLE, USER or GROUP outside of a guard. Roles belong to the whole cluster: another database may have made it.",
    effect="The second run fails with 42710 (duplicate_object).",
    workaround="Create it in a DO block IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = ...).",
)
