-- name: durations
-- How long each applied file took here, in seconds, and by which boot; a file that was run again counts where it ran last.
SELECT kind, name, checksum, boot_id::text AS boot, seconds FROM lockstep.ledger WHERE app = %(app)s
