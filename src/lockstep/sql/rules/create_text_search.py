"""CREATE TEXT SEARCH objects without a guard."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="create-text-search",
    kind="idempotence",
    severity="error",
    message="a second run fails: {name} exists",
    condition="CREATE TEXT SEARCH CONFIGURATION, DICTIONARY, PARSER or TEMPLATE outside of a guard.",
    effect="The second run fails with 23505 (unique_violation): handlers for duplicate_object miss it.",
    workaround="Create it in a DO block IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_ts_config ...).",
)
