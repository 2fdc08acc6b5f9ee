-- name: latest_boot
-- The newest boot of a release, whose name may be cut short here or there, and how many seconds ago it ended.
SELECT command, release, host, begun_at, outcome, step, seconds, error,
       extract(epoch FROM pg_catalog.clock_timestamp() - ended_at)::float8 AS ended_ago
FROM lockstep.boots
WHERE app = %(app)s AND (release = %(release)s OR least(length(release), length(%(release)s)) >= 7
    AND (pg_catalog.starts_with(release, %(release)s) OR pg_catalog.starts_with(%(release)s, release)))
ORDER BY begun_at DESC, id LIMIT 1
