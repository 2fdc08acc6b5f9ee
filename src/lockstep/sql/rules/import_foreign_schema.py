"""IMPORT FOREIGN SCHEMA."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="import-foreign-schema",
    kind="idempotence",
    severity="warning",
    message="a second run fails if schema {name} has tables of those names",
    condition="IMPORT FOREIGN SCHEMA: which tables it makes, only the other server knows.",
    effect="The second run fails with 42P07 (duplicate_table).",
    workaround="Import into a schema of its own that is dropped and made anew before it: DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s.",
)
