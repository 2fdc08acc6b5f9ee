-- name: seconds_by_boot
-- How long each boot spent on migrations and seeds; a file that was run again counts where it ran last.
SELECT boot_id::text AS boot, sum(seconds) AS seconds
FROM lockstep.ledger WHERE app = %(app)s GROUP BY boot_id
