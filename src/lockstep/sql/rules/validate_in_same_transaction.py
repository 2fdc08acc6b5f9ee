"""NOT VALID and VALIDATE in one transaction."""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="validate-in-same-transaction",
    kind="hazard",
    severity="warning",
    message=(
        "{detail} is validated while the lock that added it to {name} is still held: NOT VALID "
        "gained nothing"
    ),
    condition=(
        "VALIDATE CONSTRAINT in the file, and so in the transaction, that added the constraint "
        "NOT VALID."
    ),
    effect=(
        "The lock of ADD CONSTRAINT (AccessExclusiveLock; for a foreign key "
        "ShareRowExclusiveLock) is kept to the end: the scan runs under it."
    ),
    workaround="Move VALIDATE CONSTRAINT into the next file.",
)
