"""A foreign key that is proven while it is added."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="foreign-key-validated",
    kind="hazard",
    severity="warning",
    message=(
        "adding a foreign key to {name} holds {lock} while every row is looked up: it blocks "
        "{blocks}{detail}"
    ),
    condition=(
        "ADD CONSTRAINT ... FOREIGN KEY without NOT VALID, or ADD COLUMN with REFERENCES and a "
        "default, on a table of an earlier file."
    ),
    effect=(
        "ShareRowExclusiveLock on both tables (with ADD COLUMN AccessExclusiveLock on this one), "
        "and a join of both under it. A new column without a default holds only NULL: nothing is "
        "proven for it."
    ),
    workaround=(
        "Add it NOT VALID, and VALIDATE CONSTRAINT in another file. (A partitioned table takes "
        "NOT VALID since PostgreSQL 18.)"
    ),
)
