-- name: ident
-- A name on one line, quoted unless it is plain.
CASE WHEN $1 ~ '^[a-z_][a-z0-9_$]*$' THEN $1::text ELSE '"' || replace(replace(replace(replace($1::text, '"', '""'), E'\\', E'\\\\'), E'\n', E'\\n'), E'\r', E'\\r') || '"' END

-- name: json
-- A JSON string.
to_json($1)::text

-- name: list
-- A JSON array of strings, sorted.
CASE WHEN $1 IS NOT NULL THEN (SELECT '[' || string_agg(to_json(e.x)::text, ', ' ORDER BY e.x COLLATE "C") || ']' FROM unnest($1) e (x)) END

-- name: true
-- true, or nothing.
CASE WHEN $1 THEN 'true' END

-- name: proc
-- A function's qualified name.
(SELECT to_json(IDENT(fns.nspname) || '.' || IDENT(fn.proname))::text FROM pg_proc fn JOIN pg_namespace fns ON fns.oid = fn.pronamespace WHERE fn.oid = $1::oid AND fn.oid <> 0)

-- name: ours
-- Neither the server's nor Lockstep's.
($1 !~ '^pg_' AND $1 NOT IN ('information_schema', 'lockstep'))

-- name: own
-- Not a part of an extension.
$2 NOT IN (SELECT e.objid FROM pg_depend e WHERE e.refclassid = 'pg_extension'::regclass AND e.deptype = 'e' AND e.classid = '$1'::regclass)

-- name: name
-- A qualified name.
IDENT($1) || '.' || IDENT($2)

-- name: routine
-- A function's qualified name with the types of its input.
IDENT($1) || '.' || IDENT($2.proname) || '.' || IDENT((SELECT coalesce(string_agg(format_type(u.t, NULL), ', ' ORDER BY u.o), '') FROM unnest($2.proargtypes::oid[]) WITH ORDINALITY u (t, o)))

-- name: collation
-- A collation's qualified name.
(SELECT JSON(IDENT(cn.nspname) || '.' || IDENT(co.collname)) FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = $1)

-- name: columns
-- The names of columns, by their numbers, in this order.
(SELECT '[' || string_agg(JSON(a.attname), ', ' ORDER BY u.o) || ']' FROM unnest($2) WITH ORDINALITY u (n, o) JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = u.n)

-- name: columns_sorted
-- The names of columns, by their numbers, sorted.
(SELECT '[' || string_agg(JSON(a.attname), ', ' ORDER BY a.attname COLLATE "C") || ']' FROM unnest($2) u (n) JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = u.n)

-- name: action
-- What a foreign key does.
CASE $1 WHEN 'c' THEN '"cascade"' WHEN 'n' THEN '"set null"' WHEN 'd' THEN '"set default"' WHEN 'r' THEN '"restrict"' END

-- name: options
-- What is not a sequence's default.
'{' || concat_ws(', ',
    CASE WHEN $1.seqcache <> 1 THEN '"cache": ' || $1.seqcache END,
    CASE WHEN $1.seqcycle THEN '"cycle": true' END,
    CASE WHEN $1.seqincrement <> 1 THEN '"increment": ' || $1.seqincrement END,
    CASE WHEN $1.seqmax <> CASE WHEN $1.seqincrement < 0 THEN -1 ELSE {greatest:$1} END THEN '"max": ' || $1.seqmax END,
    CASE WHEN $1.seqmin <> CASE WHEN $1.seqincrement > 0 THEN 1 ELSE -{greatest:$1} - 1 END THEN '"min": ' || $1.seqmin END,
    CASE WHEN $1.seqstart <> CASE WHEN $1.seqincrement > 0 THEN $1.seqmin ELSE $1.seqmax END THEN '"start": ' || $1.seqstart END
) || '}'

-- name: greatest
-- The greatest number of a sequence's type.
CASE $1.seqtypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END

-- name: keys
-- The keys of an index: a column or an expression, with what is not the default.
(
    SELECT '[' || string_agg(OBJECT(
        "collation": CASE WHEN i.indcollation[u.o - 1] NOT IN (0, coalesce(a.attcollation, 100)) THEN {collation:i.indcollation[u.o - 1]} END,
        "column": JSON(a.attname),
        "descending": TRUE(i.indoption[u.o - 1] IN (1, 3)),
        "expression": CASE WHEN u.n = 0 THEN CASE WHEN {free:i.indrelid} THEN JSON(pg_get_indexdef(i.indexrelid, u.o::int, false)) ELSE {unread} END END,
        "nulls": CASE i.indoption[u.o - 1] WHEN 1 THEN '"last"' WHEN 2 THEN '"first"' END,
        "operator_class": CASE WHEN NOT op.opcdefault THEN (SELECT JSON({name:opn.nspname:op.opcname}) FROM pg_namespace opn WHERE opn.oid = op.opcnamespace) END
    ), ', ' ORDER BY u.o) || ']'
    FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY u (n, o)
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.n AND u.n <> 0
    JOIN pg_opclass op ON op.oid = i.indclass[u.o - 1]
)

-- name: locked
-- What somebody else locks against everybody, or waits to.
SELECT l.relation FROM pg_locks l WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid() AND l.database = (SELECT db.oid FROM pg_database db WHERE db.datname = current_database())

-- name: free
-- The table can be opened at once.
$1 NOT IN ({locked})

-- name: free_rule
-- So can all that a view or a rule reads.
$1 NOT IN (SELECT fw.ev_class FROM pg_rewrite fw JOIN pg_depend fd ON fd.classid = 'pg_rewrite'::regclass AND fd.objid = fw.oid AND fd.refclassid = 'pg_class'::regclass WHERE fd.refobjid IN ({locked}))

-- name: free_routine
-- So can all that a function's body reads.
$1 NOT IN (SELECT fd.objid FROM pg_depend fd WHERE fd.classid = 'pg_proc'::regclass AND fd.refclassid = 'pg_class'::regclass AND fd.refobjid IN ({locked}))

-- name: free_policy
-- So can all that a policy reads.
($1.polrelid NOT IN ({locked}) AND $1.oid NOT IN (SELECT fd.objid FROM pg_depend fd WHERE fd.classid = 'pg_policy'::regclass AND fd.refclassid = 'pg_class'::regclass AND fd.refobjid IN ({locked})))

-- name: unread
-- The mark of a text that was not read. The server's own texts hold no such character.
E'"\\u0001unread"'

-- name: granted
-- All that has a list of privileges of its own, beside what the list is by default.
(
    SELECT 'table.' || {name:n.nspname:c.relname} AS path, c.relowner AS owner, c.relacl AS acl,
           acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner) AS initial
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relacl IS NOT NULL AND c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {ours:n.nspname} AND {own:pg_class:c.oid}
    UNION ALL
    SELECT 'sequence.' || {name:n.nspname:c.relname}, c.relowner, c.relacl, acldefault('s', c.relowner)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relacl IS NOT NULL AND c.relpersistence <> 't' AND c.relkind = 'S' AND {ours:n.nspname} AND {own:pg_class:c.oid}
    UNION ALL
    SELECT 'column.' || {name:n.nspname:c.relname} || '.' || IDENT(a.attname), c.relowner, a.attacl, NULL
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND c.relpersistence <> 't' AND {ours:n.nspname} AND {own:pg_class:c.oid}
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure.' ELSE 'function.' END || {routine:n.nspname:p}, p.proowner, p.proacl, acldefault('f', p.proowner)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.proacl IS NOT NULL AND {ours:n.nspname} AND {own:pg_proc:p.oid}
    UNION ALL
    SELECT 'type.' || {name:n.nspname:t.typname}, t.typowner, t.typacl, acldefault('T', t.typowner)
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typacl IS NOT NULL AND {ours:n.nspname} AND {own:pg_type:t.oid}
    UNION ALL
    SELECT 'schema.' || IDENT(n.nspname), n.nspowner, n.nspacl,
           coalesce((SELECT ip.initprivs FROM pg_init_privs ip WHERE ip.classoid = 'pg_namespace'::regclass AND ip.objoid = n.oid AND ip.privtype = 'i'), acldefault('n', n.nspowner))
    FROM pg_namespace n
    WHERE n.nspacl IS NOT NULL AND {ours:n.nspname} AND {own:pg_namespace:n.oid}
)
