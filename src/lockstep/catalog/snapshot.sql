-- name: settings
-- Whatever the role or the database have as defaults: the same text everywhere, no wait without end, nothing written.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
       pg_catalog.set_config('TimeZone', 'UTC', true),
       pg_catalog.set_config('DateStyle', 'ISO, MDY', true),
       pg_catalog.set_config('IntervalStyle', 'postgres', true),
       pg_catalog.set_config('bytea_output', 'hex', true),
       pg_catalog.set_config('extra_float_digits', '1', true),
       pg_catalog.set_config('quote_all_identifiers', 'off', true),
       pg_catalog.set_config('standard_conforming_strings', 'on', true),
       pg_catalog.set_config('array_nulls', 'on', true),
       pg_catalog.set_config('lc_monetary', 'C', true),
       pg_catalog.set_config('xmlbinary', 'base64', true),
       pg_catalog.set_config('xmloption', 'content', true),
       pg_catalog.set_config('jit', 'off', true),
       pg_catalog.set_config('enable_hashjoin', 'on', true),
       pg_catalog.set_config('enable_mergejoin', 'off', true),
       pg_catalog.set_config('enable_nestloop', 'off', true),
       pg_catalog.set_config('max_parallel_workers_per_gather', '0', true),
       pg_catalog.set_config('work_mem', '64MB', true),
       pg_catalog.set_config('lock_timeout', %(lock_timeout)s, true),
       pg_catalog.set_config('statement_timeout', %(statement_timeout)s, true)

-- name: absent
-- The parts below that can have no line, because what they read holds nothing but what every database is made with.
SELECT array_to_string(ARRAY[
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_aggregate WHERE aggfnoid::oid >= 16384) THEN 'aggregates' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384) THEN 'routines' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE NOT tgisinternal) THEN 'triggers' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger) THEN 'event_triggers' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE oid >= 16384) THEN 'rules views' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_policy) THEN 'policies' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_type WHERE oid >= 16384 AND typtype IN ('e', 'd', 'r'))
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384 AND relkind = 'c') THEN 'types domain_constraints' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext) THEN 'statistics' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_publication) THEN 'publications' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_collation WHERE oid >= 16384) THEN 'collations' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_operator WHERE oid >= 16384) THEN 'operators' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_cast WHERE oid >= 16384) THEN 'casts' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_ts_dict WHERE oid >= 16384) THEN 'text_search_dictionaries' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_ts_config WHERE oid >= 16384) THEN 'text_search_configurations' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_foreign_data_wrapper) THEN 'foreign_data_wrappers' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_foreign_server) THEN 'servers' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_default_acl) THEN 'default_privileges' END,
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_description WHERE objoid >= 16384 OR (objoid = 2200 AND description <> 'standard public schema'))
        THEN 'comments' END
], ' ') AS names

-- name: all
-- All parts, in one text.
WITH {shared}
SELECT string_agg(parts.lines, E'\n') FROM (
{every}
) AS parts

-- name: part
-- The lines of one of the parts below.
SELECT string_agg(part.line, E'\n') AS lines FROM (
{part}
) AS part

-- name: shared
-- What the parts below read, computed once. A part is a SELECT of lines; all parts are sent as one statement.
member AS MATERIALIZED ( -- what belongs to an extension
    SELECT d.classid, d.objid FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
),
locked AS MATERIALIZED ( -- what somebody else locks against everybody, or waits to
    SELECT l.relation FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT db.oid FROM pg_database db WHERE db.datname = current_database())
),
space AS MATERIALIZED ( -- the schemas that are ours
    SELECT n.oid, n.nspname, IDENT(n.nspname) AS name FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'lockstep')
),
relation AS MATERIALIZED ( -- what has columns; its name is written once
    SELECT c.oid, s.name || '.' || IDENT(c.relname) AS name, c.relkind, c.relpersistence, c.relowner, c.relacl, c.relam, c.reloftype,
           c.relispartition, c.relpartbound, c.relreplident, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.reltoastrelid
    FROM pg_class c JOIN space s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND c.relpersistence <> 't' AND {own:pg_class:c.oid}
),
attribute AS MATERIALIZED (
    SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef, a.attidentity, a.attgenerated,
           a.attislocal, a.attcollation, a.attoptions, a.attfdwoptions, a.attstattarget, a.attstorage, a.attacl,
           [[14: a.attcompression | NULL AS attcompression]]
    FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid
    WHERE a.attnum > 0 AND NOT a.attisdropped
),
maker AS MATERIALIZED ( -- the functions that come with a range, and make its values
    SELECT d.objid AS oid FROM pg_depend d
    WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_type'::regclass AND d.deptype = 'i'
),
owned AS MATERIALIZED ( -- the sequences that belong to columns
    SELECT d.objid, d.refobjid, d.refobjsubid, d.deptype FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
),
plain_index AS MATERIALIZED ( -- the indexes that no constraint owns and no parent's index
    SELECT i.*, ic.relname, ic.relnamespace, ic.reloptions, am.amname, r.name AS table_name
    FROM pg_index i
    JOIN relation r ON r.oid = i.indrelid
    JOIN pg_class ic ON ic.oid = i.indexrelid AND NOT ic.relispartition AND {own:pg_class:ic.oid}
    JOIN pg_am am ON am.oid = ic.relam
    WHERE i.indexrelid NOT IN (SELECT k.conindid FROM pg_constraint k WHERE k.contype IN ('p', 'u', 'x'))
),
usual_owner AS MATERIALIZED (
    SELECT coalesce(mode() WITHIN GROUP (ORDER BY r.relowner), (SELECT u.oid FROM pg_roles u WHERE u.rolname = current_user)) AS most
    FROM relation r
),
granted AS MATERIALIZED ( -- all that has a list of privileges of its own, beside what the list is by default
    SELECT 'table.' || r.name AS path, r.relowner AS owner, r.relacl AS acl, acldefault('r', r.relowner) AS initial
    FROM relation r WHERE r.relacl IS NOT NULL AND r.relkind <> 'c'
    UNION ALL
    SELECT 'sequence.' || n.name || '.' || IDENT(c.relname), c.relowner, c.relacl, acldefault('s', c.relowner)
    FROM pg_class c JOIN space n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND c.relacl IS NOT NULL AND c.relpersistence <> 't' AND {own:pg_class:c.oid}
    UNION ALL
    SELECT 'column.' || r.name || '.' || IDENT(a.attname), r.relowner, a.attacl, NULL
    FROM attribute a JOIN relation r ON r.oid = a.attrelid WHERE a.attacl IS NOT NULL
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure.' ELSE 'function.' END || {routine:n.nspname:p}, p.proowner, p.proacl, acldefault('f', p.proowner)
    FROM pg_proc p JOIN space n ON n.oid = p.pronamespace WHERE p.proacl IS NOT NULL AND {own:pg_proc:p.oid} AND p.oid NOT IN (SELECT m.oid FROM maker m)
    UNION ALL
    SELECT 'type.' || n.name || '.' || IDENT(t.typname), t.typowner, t.typacl, acldefault('T', t.typowner)
    FROM pg_type t JOIN space n ON n.oid = t.typnamespace WHERE t.typacl IS NOT NULL AND {own:pg_type:t.oid}
    UNION ALL
    SELECT 'schema.' || n.name, p.nspowner, p.nspacl,
           coalesce((SELECT ip.initprivs FROM pg_init_privs ip WHERE ip.classoid = 'pg_namespace'::regclass AND ip.objoid = p.oid AND ip.privtype = 'i'), acldefault('n', p.nspowner))
    FROM pg_namespace p JOIN space n ON n.oid = p.oid WHERE p.nspacl IS NOT NULL AND {own:pg_namespace:p.oid}
    UNION ALL
    SELECT '"foreign data wrapper".' || IDENT(w.fdwname), w.fdwowner, w.fdwacl, acldefault('F', w.fdwowner)
    FROM pg_foreign_data_wrapper w WHERE w.fdwacl IS NOT NULL AND {own:pg_foreign_data_wrapper:w.oid}
    UNION ALL
    SELECT 'server.' || IDENT(v.srvname), v.srvowner, v.srvacl, acldefault('S', v.srvowner)
    FROM pg_foreign_server v WHERE v.srvacl IS NOT NULL
)

-- name: owners
-- No lines of the schema but notes: who owns most of what is here, and who owns the rest. An owner needs no grant.
SELECT '~ "".' || IDENT(pg_get_userbyid(u.most)) AS line FROM usual_owner u
UNION ALL
SELECT '~ ' || o.path || '.' || IDENT(pg_get_userbyid(o.owner))
FROM (
    SELECT 'table.' || r.name AS path, r.relowner AS owner FROM relation r WHERE r.relkind <> 'c'
    UNION ALL
    SELECT 'sequence.' || n.name || '.' || IDENT(c.relname), c.relowner FROM pg_class c JOIN space n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND c.relowner <> (SELECT u.most FROM usual_owner u)
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure.' ELSE 'function.' END || {routine:n.nspname:p}, p.proowner
    FROM pg_proc p JOIN space n ON n.oid = p.pronamespace WHERE p.proowner <> (SELECT u.most FROM usual_owner u)
    UNION ALL
    SELECT 'type.' || n.name || '.' || IDENT(t.typname), t.typowner FROM pg_type t JOIN space n ON n.oid = t.typnamespace
    WHERE t.typtype <> 'c' AND t.typelem = 0 AND t.typowner <> (SELECT u.most FROM usual_owner u)
    UNION ALL
    SELECT 'schema.' || n.name, p.nspowner FROM pg_namespace p JOIN space n ON n.oid = p.oid
) o
WHERE o.owner <> (SELECT u.most FROM usual_owner u)

-- name: schemas
-- The schemas, but for those of the server and of Lockstep.
SELECT 'schema ' || s.name || ' {}' AS line FROM space s WHERE {own:pg_namespace:s.oid}

-- name: extensions
-- The extensions, without their versions: these belong to the host.
SELECT 'extension ' || IDENT(e.extname) || BODY("schema": JSON(n.nspname)) AS line
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql'

-- name: tables
-- Tables, partitioned ones, partitions and foreign tables, each without its columns.
SELECT CASE r.relkind WHEN 'f' THEN 'foreign_table ' ELSE 'table ' END || r.name
       || BODY(
           "access_method": CASE WHEN r.relam NOT IN (0, 2) THEN (SELECT JSON(am.amname) FROM pg_am am WHERE am.oid = r.relam) END,
           "bound": CASE WHEN r.relispartition THEN JSON(pg_get_expr(r.relpartbound, 0)) END,
           "clustered_on": part.clustered,
           "force_row_security": TRUE(r.relforcerowsecurity),
           "inherits": CASE WHEN NOT r.relispartition THEN '[' || parent.names || ']' END,
           "of_type": CASE WHEN r.reloftype <> 0 THEN JSON(format_type(r.reloftype, NULL)) END,
           "options": LIST(r.reloptions || toast.options),
           "partition_by": CASE WHEN r.relkind = 'p' THEN
               CASE WHEN {free:r.oid} THEN TEXT(pg_get_partkeydef(r.oid)) ELSE {unread} END END,
           "partition_of": CASE WHEN r.relispartition THEN parent.names END,
           "persistence": CASE WHEN r.relpersistence = 'u' THEN '"unlogged"' END,
           "replica_identity": CASE CASE WHEN r.relkind <> 'f' THEN r.relreplident END WHEN 'f' THEN '"full"' WHEN 'n' THEN '"nothing"' WHEN 'i' THEN (
               SELECT JSON('index ' || ic.relname) FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
               WHERE i.indrelid = r.oid AND i.indisreplident
           ) END,
           "row_security": TRUE(r.relrowsecurity),
           "server": JSON(fs.srvname),
           "server_options": LIST(ft.ftoptions)
       ) AS line
FROM relation r
LEFT JOIN (
    SELECT h.inhrelid, string_agg(JSON({name:pn.nspname:pc.relname}), ', ' ORDER BY h.inhseqno) AS names
    FROM pg_inherits h JOIN pg_class pc ON pc.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
    WHERE pc.relkind IN ('r', 'p', 'f')
    GROUP BY h.inhrelid
) parent ON parent.inhrelid = r.oid
LEFT JOIN (
    SELECT tc.oid, ARRAY(SELECT 'toast.' || u.o FROM unnest(tc.reloptions) u (o)) AS options
    FROM pg_class tc WHERE tc.relkind = 't' AND tc.reloptions IS NOT NULL
) toast ON toast.oid = r.reltoastrelid
LEFT JOIN ( -- a partition's part of its parent's index has no line, and a name that nobody chose
    SELECT x.indrelid, JSON({name:pn.nspname:pc.relname}) AS clustered
    FROM pg_index x JOIN pg_inherits h ON h.inhrelid = x.indexrelid JOIN pg_class pc ON pc.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
    WHERE x.indisclustered
) part ON part.indrelid = r.oid
LEFT JOIN pg_foreign_table ft ON ft.ftrelid = r.oid
LEFT JOIN pg_foreign_server fs ON fs.oid = ft.ftserver
WHERE r.relkind IN ('r', 'p', 'f')

-- name: columns
-- The columns of tables, in the tables' order. A plain default has no column in it, so that its text needs no look at the table.
SELECT 'column ' || r.name || '.' || IDENT(a.attname)
       || BODY(
           "collation": CASE WHEN a.attcollation <> ty.typcollation THEN {collation:a.attcollation} END,
           "compression": CASE a.attcompression WHEN 'p' THEN '"pglz"' WHEN 'l' THEN '"lz4"' END,
           "default": CASE WHEN a.atthasdef AND a.attgenerated = '' THEN TEXT(pg_get_expr(d.adbin, 0)) END,
           "foreign_options": LIST(a.attfdwoptions),
           "generated": CASE WHEN a.attgenerated <> '' THEN
               CASE WHEN {free:a.attrelid} THEN TEXT(pg_get_expr(d.adbin, a.attrelid)) ELSE {unread} END END,
           "identity": CASE WHEN identity.seqrelid IS NOT NULL THEN CASE a.attidentity WHEN 'a' THEN '"always"' ELSE '"by default"' END END,
           "inherited": TRUE(NOT a.attislocal),
           "not_null": CASE WHEN a.attnotnull THEN
               [[18: CASE WHEN nn.convalidated IS FALSE THEN '"not valid"' ELSE 'true' END | 'true']] END,
           "not_null_no_inherit": [[18: TRUE(nn.connoinherit) | NULL]],
           "options": LIST(a.attoptions),
           "sequence": CASE WHEN identity.seqrelid IS NOT NULL THEN nullif({options:identity}, '{}') END,
           "statistics": CASE WHEN a.attstattarget >= 0 THEN a.attstattarget::text END,
           "storage": CASE WHEN a.attstorage <> ty.typstorage THEN {storage:a.attstorage} END,
           "type": ty.name,
           "virtual": TRUE(a.attgenerated = 'v')
       ) AS line
FROM attribute a
JOIN relation r ON r.oid = a.attrelid AND r.relkind IN ('r', 'p', 'f')
JOIN (
    SELECT x.atttypid, x.atttypmod, JSON(format_type(x.atttypid, x.atttypmod)) AS name, t.typcollation, t.typstorage
    FROM (SELECT DISTINCT atttypid, atttypmod FROM attribute) x JOIN pg_type t ON t.oid = x.atttypid
) ty ON ty.atttypid = a.atttypid AND ty.atttypmod = a.atttypmod
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN (SELECT s.*, o.refobjid, o.refobjsubid FROM owned o JOIN pg_sequence s ON s.seqrelid = o.objid AND o.deptype = 'i') identity
    ON identity.refobjid = a.attrelid AND identity.refobjsubid = a.attnum
[[18: LEFT JOIN (
    SELECT k.conrelid, k.conkey[1] AS attnum, k.convalidated, k.connoinherit FROM pg_constraint k
    WHERE k.contype = 'n' AND (k.connoinherit OR NOT k.convalidated)
) nn ON nn.conrelid = a.attrelid AND nn.attnum = a.attnum | ]]
ORDER BY a.attrelid, a.attnum

-- name: constraints
-- The constraints of tables that are not a parent's. NOT NULL is the column's. Most have one column, which is found by a join.
SELECT 'constraint ' || r.name || '.' || IDENT(k.conname)
       || BODY(
           "clustered": TRUE(i.indisclustered AND part.name IS NULL),
           "columns": CASE WHEN k.contype IN ('p', 'u', 'f') THEN
               CASE WHEN cardinality(k.conkey) = 1 THEN '[' || JSON(a.attname) || ']' ELSE COLUMNS(k.conrelid, k.conkey) END END,
           "deferrable": TRUE(k.condeferrable),
           "definition": CASE WHEN k.contype = 'x' THEN
               CASE WHEN {free:k.conrelid} THEN TEXT(pg_get_constraintdef(k.oid)) ELSE {unread} END END,
           "expression": CASE WHEN k.contype = 'c' THEN
               CASE WHEN {free:k.conrelid} THEN TEXT(pg_get_expr(k.conbin, k.conrelid)) ELSE {unread} END END,
           "include": CASE WHEN i.indnatts > i.indnkeyatts AND k.contype <> 'x' THEN COLUMNS(k.conrelid, (i.indkey::int2[])[i.indnkeyatts:]) END,
           "initially_deferred": TRUE(k.condeferred),
           "invalid": TRUE(NOT i.indisvalid),
           "match": CASE WHEN k.confmatchtype = 'f' AND k.contype = 'f' THEN '"full"' END,
           "no_inherit": TRUE(k.connoinherit AND k.contype = 'c'),
           "not_enforced": [[18: TRUE(NOT k.conenforced) | NULL]],
           "not_valid": TRUE(NOT k.convalidated [[18: AND k.conenforced | ]]),
           "nulls_not_distinct": [[15: TRUE(i.indnullsnotdistinct) | NULL]],
           "on_delete": CASE WHEN k.contype = 'f' THEN {action:k.confdeltype} END,
           "on_update": CASE WHEN k.contype = 'f' THEN {action:k.confupdtype} END,
           "options": LIST(i.reloptions),
           "part_of": part.name,
           "period": [[18: TRUE(k.conperiod) | NULL]],
           "referenced_columns": CASE WHEN k.contype = 'f' THEN
               CASE WHEN cardinality(k.confkey) = 1 THEN '[' || JSON(fa.attname) || ']' ELSE COLUMNS(k.confrelid, k.confkey) END END,
           "references": CASE WHEN k.contype = 'f' THEN JSON(coalesce(fr.name, {relation:k.confrelid})) END,
           "set_columns": [[15: CASE WHEN k.confdelsetcols IS NOT NULL THEN COLUMNS(k.conrelid, k.confdelsetcols) END | NULL]],
           "type": CASE k.contype WHEN 'p' THEN '"primary key"' WHEN 'u' THEN '"unique"' WHEN 'f' THEN '"foreign key"'
               WHEN 'c' THEN '"check"' ELSE '"exclude"' END
       ) AS line
FROM pg_constraint k
JOIN relation r ON r.oid = k.conrelid
LEFT JOIN attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
LEFT JOIN relation fr ON fr.oid = k.confrelid
LEFT JOIN attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = k.confkey[1]
LEFT JOIN (
    SELECT x.*, c.reloptions FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
    WHERE x.indnatts > x.indnkeyatts [[15: OR x.indnullsnotdistinct | ]] OR c.reloptions IS NOT NULL OR NOT x.indisvalid OR x.indisclustered
) i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN ( -- a partition's own key can stand on its part of an index that is no key
    SELECT h.inhrelid, JSON({name:pn.nspname:pc.relname}) AS name
    FROM pg_inherits h JOIN pg_class pc ON pc.oid = h.inhparent AND pc.relkind = 'I' JOIN pg_namespace pn ON pn.oid = pc.relnamespace
) part ON part.inhrelid = k.conindid AND k.contype IN ('p', 'u')
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0 AND k.conislocal

-- name: not_nulls
-- What only PostgreSQL 18 keeps of a NOT NULL: a name that is not one of the server's own, and that a child has it as its own too.
SELECT 'not_null ' || r.name || '.' || (SELECT IDENT(a.attname) FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1])
       || BODY(
           "name": CASE WHEN k.coninhcount = 0 THEN JSON(k.conname) END,
           "own": TRUE(k.coninhcount > 0)
       ) AS line
FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid
WHERE k.contype = 'n' AND k.conislocal AND (k.coninhcount > 0 OR k.conname NOT LIKE '%\_not\_null' AND k.conname !~ '_not_null[0-9]*$')

-- name: indexes
-- The indexes that no constraint owns and no parent's index.
SELECT 'index ' || s.name || '.' || IDENT(i.relname)
       || BODY(
           "attached": CASE WHEN NOT i.indisvalid THEN (
               SELECT '[' || string_agg(JSON(pr.name), ', ' ORDER BY pr.name COLLATE "C") || ']'
               FROM pg_inherits h JOIN pg_index pi ON pi.indexrelid = h.inhrelid JOIN relation pr ON pr.oid = pi.indrelid
               WHERE h.inhparent = i.indexrelid
           ) END,
           "clustered": TRUE(i.indisclustered),
           "columns": '[' || k.keys || ']',
           "include": CASE WHEN i.indnatts > i.indnkeyatts THEN COLUMNS(i.indrelid, (i.indkey::int2[])[i.indnkeyatts:]) END,
           "invalid": TRUE(NOT i.indisvalid),
           "method": JSON(CASE WHEN i.amname <> 'btree' THEN i.amname END),
           "nulls_not_distinct": [[15: TRUE(i.indnullsnotdistinct) | NULL]],
           "options": LIST(i.reloptions),
           "statistics": k.statistics,
           "table": JSON(i.table_name),
           "unique": TRUE(i.indisunique),
           "where": CASE WHEN i.indpred IS NOT NULL THEN
               CASE WHEN {free:i.indrelid} THEN TEXT(pg_get_expr(i.indpred, i.indrelid)) ELSE {unread} END END
       ) AS line
FROM plain_index i
JOIN space s ON s.oid = i.relnamespace
JOIN (
    SELECT i.indexrelid, string_agg(OBJECT(
               "collation": CASE WHEN i.indcollation[u.o - 1] NOT IN (0, coalesce(a.attcollation, 100)) THEN {collation:i.indcollation[u.o - 1]} END,
               "column": JSON(a.attname),
               "descending": TRUE(i.indoption[u.o - 1] IN (1, 3)),
               "expression": CASE WHEN u.n = 0 THEN
                   CASE WHEN {free:i.indrelid} THEN TEXT(pg_get_indexdef(i.indexrelid, u.o::int, false)) ELSE {unread} END END,
               "nulls": CASE i.indoption[u.o - 1] WHEN 1 THEN '"last"' WHEN 2 THEN '"first"' END,
               "operator_class": CASE WHEN NOT op.opcdefault OR x.attoptions IS NOT NULL THEN (
                   SELECT JSON({name:opn.nspname:op.opcname}) FROM pg_namespace opn WHERE opn.oid = op.opcnamespace) END,
               "operator_class_options": LIST(x.attoptions)
           ), ', ' ORDER BY u.o) AS keys,
           '{' || string_agg('"' || u.o || '": ' || x.attstattarget, ', ' ORDER BY u.o) FILTER (WHERE x.attstattarget >= 0) || '}' AS statistics
    FROM plain_index i
    CROSS JOIN LATERAL unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY u (n, o)
    LEFT JOIN attribute a ON a.attrelid = i.indrelid AND a.attnum = u.n
    JOIN pg_opclass op ON op.oid = i.indclass[u.o - 1]
    LEFT JOIN pg_attribute x ON x.attrelid = i.indexrelid AND x.attnum = u.o AND (x.attoptions IS NOT NULL OR x.attstattarget >= 0)
    GROUP BY i.indexrelid
) k ON k.indexrelid = i.indexrelid

-- name: sequences
-- The sequences that are not an identity column's.
SELECT 'sequence ' || n.name || '.' || IDENT(c.relname)
       || BODY(
           "options": nullif({options:s}, '{}'),
           "owned_by": CASE WHEN o.deptype = 'a' THEN JSON({relation:o.refobjid} || '.' || IDENT(a.attname)) END,
           "persistence": CASE WHEN c.relpersistence = 'u' THEN '"unlogged"' END,
           "type": CASE s.seqtypid WHEN 'int2'::regtype THEN '"smallint"' WHEN 'int4'::regtype THEN '"integer"' END
       ) AS line
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN space n ON n.oid = c.relnamespace
LEFT JOIN owned o ON o.objid = s.seqrelid
LEFT JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid AND o.deptype = 'a'
WHERE c.relpersistence <> 't' AND o.deptype IS DISTINCT FROM 'i' AND {own:pg_class:c.oid}

-- name: views
-- Views and materialised views with their columns: what CREATE OR REPLACE may not change.
SELECT CASE r.relkind WHEN 'v' THEN 'view ' ELSE 'matview ' END || r.name
       || BODY(
           "access_method": CASE WHEN r.relam NOT IN (0, 2) THEN (SELECT JSON(am.amname) FROM pg_am am WHERE am.oid = r.relam) END,
           "columns": (
               SELECT '[' || string_agg(OBJECT("name": JSON(a.attname), "type": JSON(format_type(a.atttypid, a.atttypmod))), ', ' ORDER BY a.attnum) || ']'
               FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
           ),
           "defaults": (
               SELECT '{' || string_agg(JSON(a.attname) || ': ' || TEXT(pg_get_expr(d.adbin, 0)), ', ' ORDER BY a.attname COLLATE "C") || '}'
               FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = r.oid
           ),
           "definition": CASE WHEN {free_rule:r.oid} THEN TEXT(pg_get_viewdef(r.oid)) ELSE {unread} END,
           "options": LIST(r.reloptions)
       ) AS line
FROM relation r WHERE r.relkind IN ('v', 'm')

-- name: routines
-- Functions and procedures, from which each could be made again.
SELECT CASE p.prokind WHEN 'p' THEN 'procedure ' ELSE 'function ' END || {routine:n.nspname:p}
       || BODY(
           "arguments": JSON({arguments:p}),
           "body": CASE WHEN [[14: p.prosqlbody IS NULL | true]] THEN JSON(p.prosrc) END,
           "config": LIST(p.proconfig),
           "cost": CASE WHEN p.procost <> CASE WHEN l.lanname IN ('c', 'internal') THEN 1 ELSE 100 END THEN p.procost::numeric::text END,
           "language": JSON(l.lanname),
           "leakproof": TRUE(p.proleakproof),
           "library": JSON(p.probin::text),
           "parallel": CASE p.proparallel WHEN 's' THEN '"safe"' WHEN 'r' THEN '"restricted"' END,
           "returns": JSON({result:p}),
           "rows": CASE WHEN p.proretset AND p.prorows <> 1000 THEN p.prorows::numeric::text END,
           "security_definer": TRUE(p.prosecdef),
           "sql_body": [[14: CASE WHEN p.prosqlbody IS NOT NULL THEN
               CASE WHEN {free_routine:p.oid} THEN TEXT(pg_get_function_sqlbody(p.oid)) ELSE {unread} END END | NULL]],
           "strict": TRUE(p.proisstrict),
           "support": PROC(p.prosupport),
           "transforms": (
               SELECT '[' || string_agg(JSON(format_type(u.t, NULL)), ', ' ORDER BY u.o) || ']'
               FROM unnest(p.protrftypes) WITH ORDINALITY u (t, o)
           ),
           "volatility": CASE p.provolatile WHEN 'i' THEN '"immutable"' WHEN 's' THEN '"stable"' END,
           "window": TRUE(p.prokind = 'w')
       ) AS line
FROM pg_proc p JOIN space n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE p.prokind IN ('f', 'p', 'w') AND {own:pg_proc:p.oid}
  AND p.oid NOT IN (SELECT m.oid FROM maker m)

-- name: aggregates
-- Aggregates, from which each could be made again.
SELECT 'aggregate ' || {routine:n.nspname:p}
       || BODY(
           "arguments": JSON(pg_get_function_arguments(p.oid)),
           "combine": PROC(a.aggcombinefn),
           "deserial": PROC(a.aggdeserialfn),
           "final": PROC(a.aggfinalfn),
           "final_extra": TRUE(a.aggfinalextra),
           "final_modify": JSON(CASE WHEN a.aggfinalmodify <> CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END THEN a.aggfinalmodify::text END),
           "initial": JSON(a.agginitval),
           "kind": CASE a.aggkind WHEN 'o' THEN '"ordered"' WHEN 'h' THEN '"hypothetical"' END,
           "moving_final": PROC(a.aggmfinalfn),
           "moving_final_extra": TRUE(a.aggmfinalextra),
           "moving_initial": JSON(a.aggminitval),
           "moving_inverse": PROC(a.aggminvtransfn),
           "moving_space": CASE WHEN a.aggmtransspace <> 0 THEN a.aggmtransspace::text END,
           "moving_transition": PROC(a.aggmtransfn),
           "moving_type": CASE WHEN a.aggmtranstype <> 0 THEN JSON(format_type(a.aggmtranstype, NULL)) END,
           "parallel": CASE p.proparallel WHEN 's' THEN '"safe"' WHEN 'r' THEN '"restricted"' END,
           "serial": PROC(a.aggserialfn),
           "sort_operator": CASE WHEN a.aggsortop <> 0 THEN (
               SELECT JSON(IDENT(sn.nspname) || '.' || o.oprname) FROM pg_operator o JOIN pg_namespace sn ON sn.oid = o.oprnamespace
               WHERE o.oid = a.aggsortop
           ) END,
           "space": CASE WHEN a.aggtransspace <> 0 THEN a.aggtransspace::text END,
           "transition": PROC(a.aggtransfn),
           "type": JSON(format_type(a.aggtranstype, NULL))
       ) AS line
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN space n ON n.oid = p.pronamespace
WHERE {own:pg_proc:p.oid}

-- name: triggers
-- The triggers that are not a constraint's or a parent's. Only a WHEN makes the server look at the table.
SELECT 'trigger ' || r.name || '.' || IDENT(t.tgname)
       || BODY(
           "definition": CASE WHEN t.tgqual IS NULL OR {free:t.tgrelid} THEN TEXT(pg_get_triggerdef(t.oid)) ELSE {unread} END,
           "enabled": CASE t.tgenabled WHEN 'D' THEN '"disabled"' WHEN 'R' THEN '"replica"' WHEN 'A' THEN '"always"' END
       ) AS line
FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgparentid = 0

-- name: event_triggers
-- The event triggers.
SELECT 'event_trigger ' || IDENT(t.evtname)
       || BODY(
           "enabled": CASE t.evtenabled WHEN 'D' THEN '"disabled"' WHEN 'R' THEN '"replica"' WHEN 'A' THEN '"always"' END,
           "event": JSON(t.evtevent),
           "function": PROC(t.evtfoid),
           "tags": LIST(t.evttags)
       ) AS line
FROM pg_event_trigger t WHERE {own:pg_event_trigger:t.oid}

-- name: rules
-- The rules, but for those that make a view.
SELECT 'rule ' || r.name || '.' || IDENT(w.rulename)
       || BODY(
           "definition": CASE WHEN {free:w.ev_class} AND {free_rule:w.ev_class} THEN TEXT(pg_get_ruledef(w.oid)) ELSE {unread} END,
           "enabled": CASE w.ev_enabled WHEN 'D' THEN '"disabled"' WHEN 'R' THEN '"replica"' WHEN 'A' THEN '"always"' END
       ) AS line
FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class
WHERE w.rulename <> '_RETURN'

-- name: policies
-- The row security policies.
SELECT 'policy ' || r.name || '.' || IDENT(p.polname)
       || BODY(
           "command": CASE p.polcmd WHEN 'r' THEN '"select"' WHEN 'a' THEN '"insert"' WHEN 'w' THEN '"update"' WHEN 'd' THEN '"delete"' END,
           "restrictive": TRUE(NOT p.polpermissive),
           "roles": CASE WHEN p.polroles <> '{0}' THEN (
               SELECT '[' || string_agg(JSON(g.rolname), ', ' ORDER BY g.rolname COLLATE "C") || ']'
               FROM unnest(p.polroles) u (o) JOIN pg_roles g ON g.oid = u.o
           ) END,
           "using": CASE WHEN p.polqual IS NOT NULL THEN
               CASE WHEN {free_policy:p} THEN TEXT(pg_get_expr(p.polqual, p.polrelid)) ELSE {unread} END END,
           "with_check": CASE WHEN p.polwithcheck IS NOT NULL THEN
               CASE WHEN {free_policy:p} THEN TEXT(pg_get_expr(p.polwithcheck, p.polrelid)) ELSE {unread} END END
       ) AS line
FROM pg_policy p JOIN relation r ON r.oid = p.polrelid

-- name: types
-- Enums, domains, composites and ranges.
SELECT CASE t.typtype WHEN 'e' THEN 'enum ' WHEN 'd' THEN 'domain ' WHEN 'c' THEN 'composite ' ELSE 'range ' END
       || n.name || '.' || IDENT(t.typname)
       || CASE t.typtype
          WHEN 'e' THEN BODY("labels": (
              SELECT coalesce('[' || string_agg(JSON(e.enumlabel), ', ' ORDER BY e.enumsortorder) || ']', '[]')
              FROM pg_enum e WHERE e.enumtypid = t.oid
          ))
          WHEN 'd' THEN BODY(
              "collation": CASE WHEN t.typcollation <> b.typcollation THEN {collation:t.typcollation} END,
              "default": CASE WHEN t.typdefaultbin IS NOT NULL THEN TEXT(pg_get_expr(t.typdefaultbin, 0)) END,
              "not_null": TRUE(t.typnotnull),
              "type": JSON(format_type(t.typbasetype, t.typtypmod))
          )
          WHEN 'c' THEN BODY("attributes": (
              SELECT coalesce('[' || string_agg(OBJECT(
                  "collation": CASE WHEN a.attcollation <> at.typcollation THEN {collation:a.attcollation} END,
                  "name": JSON(a.attname),
                  "type": JSON(format_type(a.atttypid, a.atttypmod))
              ), ', ' ORDER BY a.attnum) || ']', '[]')
              FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid
              WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
          ))
          ELSE (
              SELECT BODY(
                  "canonical": PROC(g.rngcanonical),
                  "collation": CASE WHEN g.rngcollation <> 0 AND g.rngcollation <> st.typcollation THEN {collation:g.rngcollation} END,
                  "multirange": [[14: (
                      SELECT JSON(format_type(m.oid, NULL)) FROM pg_type m WHERE m.oid = g.rngmultitypid AND NOT (m.typnamespace = t.typnamespace
                          AND m.typname = CASE WHEN strpos(t.typname::text, 'range') > 0 THEN regexp_replace(t.typname::text, 'range', 'multirange')
                              ELSE t.typname::text || '_multirange' END::name)
                  ) | NULL]],
                  "operator_class": (
                      SELECT JSON({name:oon.nspname:o.opcname}) FROM pg_opclass o JOIN pg_namespace oon ON oon.oid = o.opcnamespace
                      WHERE o.oid = g.rngsubopc AND NOT o.opcdefault
                  ),
                  "subtype": JSON(format_type(g.rngsubtype, NULL)),
                  "subtype_diff": PROC(g.rngsubdiff)
              )
              FROM pg_range g JOIN pg_type st ON st.oid = g.rngsubtype WHERE g.rngtypid = t.oid
          )
          END AS line
FROM pg_type t JOIN space n ON n.oid = t.typnamespace LEFT JOIN pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND t.typrelid IN (SELECT r.oid FROM relation r WHERE r.relkind = 'c')))
  AND {own:pg_type:t.oid}

-- name: domain_constraints
-- The checks of domains. VALUE is no column, so that its text needs no look at a table.
SELECT 'domain_constraint ' || n.name || '.' || IDENT(t.typname) || '.' || IDENT(k.conname)
       || BODY("expression": TEXT(pg_get_expr(k.conbin, 0)), "not_valid": TRUE(NOT k.convalidated)) AS line
FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN space n ON n.oid = t.typnamespace
WHERE k.contype = 'c' AND k.contypid <> 0 AND {own:pg_type:t.oid}

-- name: statistics
-- Extended statistics.
SELECT 'statistics ' || n.name || '.' || IDENT(s.stxname)
       || BODY(
           "columns": CASE WHEN array_length(s.stxkeys::int2[], 1) > 0 THEN COLUMNS_SORTED(s.stxrelid, s.stxkeys::int2[]) END,
           "expressions": [[14: CASE WHEN s.stxexprs IS NOT NULL THEN
               CASE WHEN {free:s.stxrelid} THEN LIST(pg_get_statisticsobjdef_expressions(s.oid)) ELSE {unread} END END | NULL]],
           "kinds": (
               SELECT '[' || string_agg(JSON(CASE u.k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies' ELSE 'mcv' END), ', ' ORDER BY u.k) || ']'
               FROM unnest(s.stxkind) u (k) WHERE u.k <> 'e'
           ),
           "table": JSON(r.name),
           "target": CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget::text END
       ) AS line
FROM pg_statistic_ext s JOIN space n ON n.oid = s.stxnamespace JOIN relation r ON r.oid = s.stxrelid
WHERE {own:pg_statistic_ext:s.oid}

-- name: publications
-- Publications with what they publish.
SELECT 'publication ' || IDENT(p.pubname)
       || BODY(
           "all_tables": TRUE(p.puballtables),
           "generated_columns": [[18: CASE WHEN p.pubgencols = 's' THEN '"stored"' END | NULL]],
           "operations": LIST(ARRAY_REMOVE(ARRAY[CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubinsert THEN 'insert' END,
               CASE WHEN p.pubtruncate THEN 'truncate' END, CASE WHEN p.pubupdate THEN 'update' END], NULL)),
           "schemas": [[15: (
               SELECT '[' || string_agg(JSON(sn.nspname), ', ' ORDER BY sn.nspname COLLATE "C") || ']'
               FROM pg_publication_namespace x JOIN pg_namespace sn ON sn.oid = x.pnnspid WHERE x.pnpubid = p.oid
           ) | NULL]],
           "tables": (
               SELECT '[' || string_agg(JSON({name:tn.nspname:c.relname} [[15: || coalesce(' (' || (
                   SELECT string_agg(IDENT(a.attname), ', ' ORDER BY a.attname COLLATE "C") FROM unnest(x.prattrs::int2[]) u (n)
                   JOIN pg_attribute a ON a.attrelid = x.prrelid AND a.attnum = u.n
               ) || ')', '') || CASE WHEN x.prqual IS NULL THEN '' WHEN {free:x.prrelid} THEN ' WHERE ' || pg_get_expr(x.prqual, x.prrelid)
                   ELSE ' WHERE ' || E'\x01unread' END | ]]), ', ' ORDER BY {name:tn.nspname:c.relname} COLLATE "C") || ']'
               FROM pg_publication_rel x JOIN pg_class c ON c.oid = x.prrelid JOIN pg_namespace tn ON tn.oid = c.relnamespace
               WHERE x.prpubid = p.oid
           ),
           "via_root": TRUE(p.pubviaroot)
       ) AS line
FROM pg_publication p WHERE {own:pg_publication:p.oid}

-- name: collations
-- The collations.
SELECT 'collation ' || n.name || '.' || IDENT(c.collname)
       || BODY(
           "ctype": JSON(CASE WHEN c.collctype IS DISTINCT FROM c.collcollate THEN c.collctype END),
           "deterministic": CASE WHEN NOT c.collisdeterministic THEN 'false' END,
           "locale": JSON(coalesce([[17: c.colllocale | [[15: c.colliculocale | NULL]]]], c.collcollate::text)),
           "provider": CASE c.collprovider WHEN 'c' THEN '"libc"' WHEN 'i' THEN '"icu"' WHEN 'b' THEN '"builtin"' END,
           "rules": [[16: JSON(c.collicurules) | NULL]]
       ) AS line
FROM pg_collation c JOIN space n ON n.oid = c.collnamespace
WHERE {own:pg_collation:c.oid}

-- name: operators
-- Operators by name and the types of their operands.
SELECT 'operator ' || n.name || '.' || IDENT(o.oprname) || '.' || IDENT({operands:o})
       || BODY(
           "commutator": {operator:o.oprcom},
           "function": PROC(o.oprcode),
           "hashes": TRUE(o.oprcanhash),
           "join": PROC(o.oprjoin),
           "left": CASE WHEN o.oprleft <> 0 THEN JSON(format_type(o.oprleft, NULL)) END,
           "merges": TRUE(o.oprcanmerge),
           "negator": {operator:o.oprnegate},
           "restrict": PROC(o.oprrest),
           "right": CASE WHEN o.oprright <> 0 THEN JSON(format_type(o.oprright, NULL)) END
       ) AS line
FROM pg_operator o JOIN space n ON n.oid = o.oprnamespace
WHERE {own:pg_operator:o.oid}

-- name: casts
-- Casts by the types from which and to which. The server's own have numbers below 16384.
SELECT 'cast ' || IDENT(format_type(c.castsource, NULL)) || '.' || IDENT(format_type(c.casttarget, NULL))
       || BODY(
           "context": CASE c.castcontext WHEN 'a' THEN '"assignment"' WHEN 'i' THEN '"implicit"' END,
           "function": CASE WHEN c.castfunc <> 0 THEN (
               SELECT JSON({routine:fn.nspname:p}) FROM pg_proc p JOIN pg_namespace fn ON fn.oid = p.pronamespace WHERE p.oid = c.castfunc) END,
           "method": CASE c.castmethod WHEN 'i' THEN '"inout"' WHEN 'b' THEN '"binary"' END
       ) AS line
FROM pg_cast c
WHERE c.oid >= 16384 AND {own:pg_cast:c.oid} AND NOT EXISTS ( -- between a range and its multirange
    SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'i'
)

-- name: text_search_dictionaries
-- The dictionaries of text search.
SELECT 'text_search_dictionary ' || n.name || '.' || IDENT(d.dictname)
       || BODY(
           "options": JSON(d.dictinitoption),
           "template": (SELECT JSON({name:tn.nspname:t.tmplname}) FROM pg_ts_template t JOIN pg_namespace tn ON tn.oid = t.tmplnamespace WHERE t.oid = d.dicttemplate)
       ) AS line
FROM pg_ts_dict d JOIN space n ON n.oid = d.dictnamespace
WHERE {own:pg_ts_dict:d.oid}

-- name: text_search_configurations
-- The configurations of text search, with the dictionaries of each kind of token.
SELECT 'text_search_configuration ' || n.name || '.' || IDENT(c.cfgname)
       || BODY(
           "mappings": (
               SELECT '{' || string_agg(JSON(m.alias) || ': ' || m.dictionaries, ', ' ORDER BY m.alias COLLATE "C") || '}'
               FROM (
                   SELECT tt.alias, '[' || string_agg(JSON({name:dn.nspname:d.dictname}), ', ' ORDER BY x.mapseqno) || ']' AS dictionaries
                   FROM pg_ts_config_map x JOIN pg_ts_dict d ON d.oid = x.mapdict JOIN pg_namespace dn ON dn.oid = d.dictnamespace
                   JOIN ts_token_type(c.cfgparser) tt ON tt.tokid = x.maptokentype
                   WHERE x.mapcfg = c.oid GROUP BY tt.alias
               ) m
           ),
           "parser": (SELECT JSON({name:pn.nspname:p.prsname}) FROM pg_ts_parser p JOIN pg_namespace pn ON pn.oid = p.prsnamespace WHERE p.oid = c.cfgparser)
       ) AS line
FROM pg_ts_config c JOIN space n ON n.oid = c.cfgnamespace
WHERE {own:pg_ts_config:c.oid}

-- name: foreign_data_wrappers
-- The foreign-data wrappers that no extension brought.
SELECT 'foreign_data_wrapper ' || IDENT(w.fdwname)
       || BODY("handler": PROC(w.fdwhandler), "options": LIST(w.fdwoptions), "validator": PROC(w.fdwvalidator)) AS line
FROM pg_foreign_data_wrapper w WHERE {own:pg_foreign_data_wrapper:w.oid}

-- name: servers
-- The foreign servers. Who logs in to them as whom is not the schema's, and no secret of theirs is read.
SELECT 'server ' || IDENT(v.srvname)
       || BODY("options": LIST(v.srvoptions), "type": JSON(v.srvtype), "version": JSON(v.srvversion), "wrapper": JSON(IDENT(w.fdwname))) AS line
FROM pg_foreign_server v JOIN pg_foreign_data_wrapper w ON w.oid = v.srvfdw WHERE {own:pg_foreign_server:v.oid}

-- name: privileges
-- What others than the owner may do beyond what they may by default, and what they, or the owner, may not although they may by
-- default. Who has all privileges on a table has MAINTAIN too, as far as anybody can say: servers before 17 have none.
SELECT unnest(ARRAY[
    CASE WHEN y.granted IS NOT NULL THEN 'grant ' || y.path || BODY("privileges": y.granted) END,
    CASE WHEN y.revoked IS NOT NULL THEN 'revocation ' || y.path || BODY("privileges": y.revoked) END,
    CASE WHEN y.maintains AND y.others < 7 THEN 'maintain ' || y.path || ' {}' END
]) AS line
FROM (
    SELECT x.path || '.' || CASE WHEN x.owners THEN 'pg_owner' ELSE IDENT(coalesce(g.rolname, 'public')) END AS path,
           '[' || string_agg(JSON(x.privilege || x.option), ', ' ORDER BY (x.privilege || x.option) COLLATE "C") FILTER (WHERE x.given AND x.privilege <> 'MAINTAIN') || ']' AS granted,
           '[' || string_agg(JSON(x.privilege), ', ' ORDER BY x.privilege COLLATE "C") FILTER (WHERE NOT x.given) || ']' AS revoked,
           bool_or(x.given AND x.privilege = 'MAINTAIN') AS maintains,
           count(DISTINCT x.privilege) FILTER (WHERE x.given AND x.privilege <> 'MAINTAIN') AS others
    FROM (
        SELECT true AS given, false AS owners, o.path, a.grantee, a.privilege_type AS privilege, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS option
        FROM granted o CROSS JOIN LATERAL aclexplode(o.acl) a
        WHERE a.grantee <> o.owner AND NOT EXISTS (
            SELECT FROM aclexplode(o.initial) d
            WHERE d.grantee = a.grantee AND d.privilege_type = a.privilege_type AND d.is_grantable = a.is_grantable
        )
        UNION
        SELECT false, d.grantee = o.owner, o.path, d.grantee, d.privilege_type, ''
        FROM granted o CROSS JOIN LATERAL aclexplode(o.initial) d
        WHERE NOT o.initial <@ o.acl AND d.privilege_type <> 'MAINTAIN' AND NOT EXISTS (
            SELECT FROM aclexplode(o.acl) a WHERE a.grantee = d.grantee AND a.privilege_type = d.privilege_type
        )
    ) x
    LEFT JOIN pg_roles g ON g.oid = x.grantee
    GROUP BY x.path, x.owners, x.grantee, g.rolname
) y

-- name: default_privileges
-- What is granted on objects that will be made, or revoked although it is granted by default.
SELECT x.line FROM (
SELECT 'default_privilege ' || IDENT(pg_get_userbyid(d.defaclrole)) || '.' || coalesce(IDENT(n.nspname), '""') || '.'
       || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
          WHEN 'n' THEN 'schemas' ELSE 'large_objects' END
       || BODY(
           "granted": (
               SELECT '[' || string_agg(JSON(x), ', ' ORDER BY x COLLATE "C") || ']' FROM (
                   SELECT a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END || ' TO '
                          || IDENT(coalesce(g.rolname, 'public')) AS x
                   FROM aclexplode(d.defaclacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
                   WHERE a.privilege_type <> 'MAINTAIN'
                     AND (d.defaclnamespace <> 0 OR NOT EXISTS (
                         SELECT FROM aclexplode(acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)) i
                         WHERE i.grantee = a.grantee AND i.privilege_type = a.privilege_type))
               ) granted
           ),
           "revoked": (
               SELECT '[' || string_agg(JSON(i.privilege_type || ' FROM ' || IDENT(coalesce(g.rolname, 'public'))), ', '
                      ORDER BY i.privilege_type COLLATE "C") || ']'
               FROM aclexplode(acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)) i
               LEFT JOIN pg_roles g ON g.oid = i.grantee
               WHERE d.defaclnamespace = 0 AND i.privilege_type <> 'MAINTAIN' AND NOT EXISTS (
                   SELECT FROM aclexplode(d.defaclacl) a WHERE a.grantee = i.grantee AND a.privilege_type = i.privilege_type
               )
           )
       ) AS line
FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
WHERE n.nspname IS DISTINCT FROM 'lockstep'
) x WHERE x.line NOT LIKE '% {}' -- what is only the owner's own

-- name: comments
-- The comments on what is ours. Those on tables and columns are many, and found by joins.
SELECT 'comment ' || {relation_type:r} || '.' || r.name || BODY("text": JSON(d.description)) AS line
FROM pg_description d JOIN relation r ON r.oid = d.objoid
WHERE d.classoid = 'pg_class'::regclass AND d.objsubid = 0
UNION ALL
SELECT 'comment ' || '"' || {bare_relation_type:r} || ' column".' || r.name || '.' || IDENT(a.attname) || BODY("text": JSON(d.description))
FROM pg_description d JOIN relation r ON r.oid = d.objoid JOIN attribute a ON a.attrelid = r.oid AND a.attnum = d.objsubid
WHERE d.classoid = 'pg_class'::regclass AND d.objsubid > 0
UNION ALL
SELECT 'comment ' || IDENT(i.type) || '.' || CASE
           WHEN d.classoid = 'pg_proc'::regclass THEN (SELECT {routine:n.nspname:p} FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = d.objoid)
           WHEN i.type = 'domain constraint' THEN (
               SELECT {name:n.nspname:t.typname} || '.' || IDENT(k.conname) FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid
               JOIN pg_namespace n ON n.oid = t.typnamespace WHERE k.oid = d.objoid)
           WHEN d.classoid = 'pg_type'::regclass THEN (SELECT {name:n.nspname:t.typname} FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid = d.objoid)
           WHEN d.classoid = 'pg_operator'::regclass THEN (
               SELECT {name:n.nspname:o.oprname} || '.' || IDENT({operands:o}) FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid = d.objoid)
           ELSE array_to_string(ARRAY(SELECT IDENT(u.x) FROM unnest(i.object_names || i.object_args) u (x)), '.') END
       || BODY("text": JSON(d.description))
FROM pg_description d
CROSS JOIN LATERAL pg_identify_object_as_address(d.classoid, d.objoid, d.objsubid) i
WHERE (d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid = 2200 AND d.description <> 'standard public schema'))
  AND NOT (d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT r.oid FROM relation r))
  AND (d.classoid, d.objoid) NOT IN (SELECT m.classid, m.objid FROM member m)
  AND i.type NOT IN ('extension', 'large object')
  AND NOT (d.classoid = 'pg_constraint'::regclass AND d.objoid IN (SELECT k.oid FROM pg_constraint k WHERE k.contype = 'n'))
  AND i.object_names[1] <> 'lockstep' AND i.object_names[1] !~ '^pg_'

-- name: others
-- What has no line of its own kind: known to be there, so that it is never silently equal.
SELECT 'other ' || IDENT(i.type) || '.' || IDENT(i.identity) || ' {}' AS line
FROM (
    SELECT 'pg_opclass'::regclass AS classid, oid FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily
    UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion
    UNION ALL SELECT 'pg_ts_parser'::regclass, oid FROM pg_ts_parser
    UNION ALL SELECT 'pg_ts_template'::regclass, oid FROM pg_ts_template
    UNION ALL SELECT 'pg_am'::regclass, oid FROM pg_am
    UNION ALL SELECT 'pg_language'::regclass, oid FROM pg_language
    UNION ALL SELECT 'pg_transform'::regclass, oid FROM pg_transform
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typtype IN ('b', 'p') AND typelem = 0 AND typcategory <> 'A'
) o
CROSS JOIN LATERAL pg_identify_object(o.classid, o.oid, 0) i
WHERE o.oid >= 16384 AND coalesce(i.schema, '') !~ '^pg_'
  AND NOT EXISTS (
      SELECT FROM pg_depend e WHERE e.deptype IN ('e', 'i') AND e.classid = o.classid AND e.objid = o.oid
  )
UNION ALL
SELECT 'other subscription.' || IDENT(b.subname) || ' {}'
FROM pg_subscription b WHERE b.subdbid = (SELECT db.oid FROM pg_database db WHERE db.datname = current_database())
UNION ALL
SELECT 'other "security label".' || IDENT(l.provider || ' on ' || l.objtype || ' ' || l.objname) || BODY("label": JSON(l.label))
FROM pg_seclabels l WHERE l.objtype NOT IN ('database', 'role', 'tablespace', 'subscription', 'large object') AND coalesce(l.objnamespace, 0) NOT IN (
    SELECT n.oid FROM pg_namespace n WHERE n.nspname ~ '^pg_' OR n.nspname IN ('information_schema', 'lockstep'))
