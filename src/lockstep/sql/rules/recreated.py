"""An object that is dropped and made anew on each run."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="recreated",
    kind="idempotence",
    severity="warning",
    message="each run drops {name} and makes it anew: what it holds then is gone",
    condition="DROP TABLE or DROP COLUMN IF EXISTS, and later in the file the same name made again.",
    effect="The second run raises nothing, but the rows written since the first are gone, and so are grants and whatever CASCADE took along.",
    workaround="Alter it instead; if its content may be lost, say so: -- lockstep: ignore recreated because ...",
)
