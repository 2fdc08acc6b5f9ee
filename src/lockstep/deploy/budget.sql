-- name: durations
-- How long each file took here, in seconds.
SELECT kind, name, checksum, seconds FROM lockstep.ledger WHERE app = %(app)s
