"""CREATE TABLE IF NOT EXISTS of a table that stands further down the search_path."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="table-in-another-schema",
    kind="idempotence",
    severity="warning",
    message="{name} is a second table of that name: the one that search_path leads to is in another schema",
    condition="CREATE TABLE IF NOT EXISTS without a schema, where the search_path of the file names two, and the history has made the same table in a later one.",
    effect="PostgreSQL looks for the name in the first schema only, and makes a second, empty table there: from then on it hides the other.",
    workaround="Write the schema: CREATE TABLE IF NOT EXISTS public.orders (...).",
)
