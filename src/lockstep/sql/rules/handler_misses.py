"""EXCEPTION WHEN of another error than the one that is raised."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="handler-misses",
    kind="idempotence",
    severity="error",
    message="the handler does not catch what a second run raises for {name}",
    condition="A DO block whose EXCEPTION WHEN names another condition than PostgreSQL raises.",
    effect="The second run fails: a UNIQUE constraint that exists is 42P07 (duplicate_table), a second primary key 42P16 (invalid_table_definition), a function 42723 (duplicate_function), text search objects 23505 (unique_violation); none of them is duplicate_object.",
    workaround="Ask the catalogs with IF instead of catching: it takes no lock, and does not swallow the wrong error.",
)
