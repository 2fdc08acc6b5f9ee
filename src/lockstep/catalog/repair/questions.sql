-- name: begin
-- Nothing is written, nothing waits, and names mean what the catalogs mean by them.
BEGIN TRANSACTION READ ONLY;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL row_security = off;
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = {timeout}

-- name: rows
-- How many rows are in the way, up to a limit, and the keys of some.
WITH found AS MATERIALIZED (SELECT {shown} FROM {source} WHERE {rows} LIMIT {limit})
SELECT json_build_object('count', (SELECT count(*) FROM found), 'sample', (
    SELECT json_agg(row_to_json(first)) FROM (SELECT * FROM found ORDER BY found::text COLLATE "C" LIMIT {sample}) AS first
))

-- name: duplicates
-- How many keys come more than once, up to a limit, and some of them.
WITH found AS MATERIALIZED (SELECT {keys}, count(*) AS rows FROM {source} WHERE {rows} GROUP BY {keys} HAVING count(*) > 1 LIMIT {limit})
SELECT json_build_object('count', (SELECT count(*) FROM found), 'sample', (
    SELECT json_agg(row_to_json(first)) FROM (SELECT * FROM found ORDER BY found::text COLLATE "C" LIMIT {sample}) AS first
))

-- name: estimates
-- How many rows the server believes tables to hold; fewer than none where it has not looked yet.
SELECT w.name, c.reltuples::bigint AS rows
FROM jsonb_array_elements_text(%(names)s::jsonb) AS w (name)
JOIN pg_class AS c ON c.oid = to_regclass(w.name)
