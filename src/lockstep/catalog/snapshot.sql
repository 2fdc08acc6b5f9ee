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
       pg_catalog.set_config('enable_nestloop', 'off', true),
       pg_catalog.set_config('max_parallel_workers_per_gather', '0', true),
       pg_catalog.set_config('work_mem', '64MB', true),
       pg_catalog.set_config('row_security', 'off', true),
       pg_catalog.set_config('lock_timeout', %(lock_timeout)s, true),
       pg_catalog.set_config('statement_timeout', %(statement_timeout)s, true)

-- name: schemas
-- The schemas, but for those of the server and of Lockstep.
SELECT 'schema ' || IDENT(n.nspname) || ' {}' AS line
FROM pg_namespace n
WHERE {ours:n.nspname} AND {own:pg_namespace:n.oid}

-- name: extensions
-- The extensions, without their versions: these belong to the host.
SELECT 'extension ' || IDENT(e.extname) || BODY("schema": JSON(n.nspname)) AS line
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql'

-- name: tables
-- Tables, partitioned ones, partitions and foreign tables, each without its columns.
SELECT CASE c.relkind WHEN 'f' THEN 'foreign_table ' ELSE 'table ' END || IDENT(n.nspname) || '.' || IDENT(c.relname)
       || BODY(
           "access_method": JSON(CASE WHEN am.amname <> 'heap' THEN am.amname END),
           "bound": JSON(CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, 0) END),
           "force_row_security": TRUE(c.relforcerowsecurity),
           "inherits": (
               SELECT '[' || string_agg(JSON({name:pn.nspname:pc.relname}), ', ' ORDER BY h.inhseqno) || ']'
               FROM pg_inherits h JOIN pg_class pc ON pc.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
               WHERE h.inhrelid = c.oid AND NOT c.relispartition
           ),
           "of_type": JSON(CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END),
           "options": LIST(c.reloptions),
           "partition_by": CASE WHEN c.relkind = 'p' THEN
               CASE WHEN {free:c.oid} THEN JSON(pg_get_partkeydef(c.oid)) ELSE {unread} END END,
           "partition_of": (
               SELECT JSON({name:pn.nspname:pc.relname})
               FROM pg_inherits h JOIN pg_class pc ON pc.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
               WHERE h.inhrelid = c.oid AND c.relispartition
           ),
           "persistence": CASE WHEN c.relpersistence = 'u' THEN '"unlogged"' END,
           "replica_identity": CASE c.relreplident WHEN 'f' THEN '"full"' WHEN 'n' THEN '"nothing"' WHEN 'i' THEN (
               SELECT JSON('index ' || ic.relname) FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
               WHERE i.indrelid = c.oid AND i.indisreplident
           ) END,
           "row_security": TRUE(c.relrowsecurity),
           "server": (
               SELECT JSON(s.srvname) FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
               WHERE f.ftrelid = c.oid
           ),
           "server_options": (SELECT LIST(f.ftoptions) FROM pg_foreign_table f WHERE f.ftrelid = c.oid)
       ) AS line
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am am ON am.oid = c.relam
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND {ours:n.nspname} AND {own:pg_class:c.oid}

-- name: columns
-- The columns of tables, in the tables' order. A plain default has no column in it, so that its text needs no look at the table.
SELECT r.prefix || IDENT(a.attname)
       || BODY(
           "collation": CASE WHEN a.attcollation <> ty.typcollation THEN (
               SELECT JSON({name:cn.nspname:co.collname}) FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
               WHERE co.oid = a.attcollation
           ) END,
           "compression": [[14: CASE a.attcompression WHEN 'p' THEN '"pglz"' WHEN 'l' THEN '"lz4"' END | NULL]],
           "default": CASE WHEN a.atthasdef AND a.attgenerated = '' THEN JSON(pg_get_expr(d.adbin, 0)) END,
           "foreign_options": CASE WHEN r.relkind = 'f' THEN LIST(a.attfdwoptions) END,
           "generated": CASE WHEN a.attgenerated <> '' THEN
               CASE WHEN {free:a.attrelid} THEN JSON(pg_get_expr(d.adbin, a.attrelid)) ELSE {unread} END END,
           "identity": CASE a.attidentity WHEN 'a' THEN '"always"' WHEN 'd' THEN '"by default"' END,
           "inherited": TRUE(NOT a.attislocal),
           "not_null": CASE WHEN a.attnotnull THEN
               [[18: CASE WHEN nn.convalidated IS FALSE THEN '"not valid"' ELSE 'true' END | 'true']] END,
           "options": LIST(a.attoptions),
           "sequence": CASE WHEN a.attidentity <> '' THEN nullif({options:ids}, '{}') END,
           "statistics": CASE WHEN a.attstattarget >= 0 THEN a.attstattarget::text END,
           "storage": CASE WHEN a.attstorage <> ty.typstorage THEN
               CASE a.attstorage WHEN 'p' THEN '"plain"' WHEN 'e' THEN '"external"' WHEN 'm' THEN '"main"' ELSE '"extended"' END END,
           "type": ty.name,
           "virtual": CASE WHEN a.attgenerated = 'v' THEN 'true' END
       ) AS line
FROM (
    SELECT c.oid, c.relkind, 'column ' || {name:n.nspname:c.relname} || '.' AS prefix
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND {ours:n.nspname} AND {own:pg_class:c.oid}
) r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN (
    SELECT x.atttypid, x.atttypmod, JSON(format_type(x.atttypid, x.atttypmod)) AS name, t.typcollation, t.typstorage
    FROM (SELECT DISTINCT atttypid, atttypmod FROM pg_attribute WHERE attnum > 0) x JOIN pg_type t ON t.oid = x.atttypid
) ty ON ty.atttypid = a.atttypid AND ty.atttypmod = a.atttypmod
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef
LEFT JOIN (
    SELECT s.*, o.refobjid, o.refobjsubid FROM pg_sequence s
    JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = s.seqrelid AND o.refclassid = 'pg_class'::regclass
        AND o.deptype = 'i' AND o.refobjsubid > 0
) ids ON ids.refobjid = a.attrelid AND ids.refobjsubid = a.attnum AND a.attidentity <> ''
[[18: LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey = ARRAY[a.attnum] AND a.attnotnull AND NOT nn.convalidated | ]]
ORDER BY a.attrelid, a.attnum

-- name: constraints
-- The constraints of tables that are not a parent's. NOT NULL is the column's.
SELECT 'constraint ' || {name:n.nspname:c.relname} || '.' || IDENT(k.conname)
       || BODY(
           "columns": CASE WHEN k.contype IN ('p', 'u', 'f') THEN COLUMNS(k.conrelid, k.conkey) END,
           "deferrable": TRUE(k.condeferrable),
           "expression": CASE WHEN k.contype = 'c' THEN
               CASE WHEN {free:k.conrelid} THEN JSON(pg_get_expr(k.conbin, k.conrelid)) ELSE {unread} END END,
           "definition": CASE WHEN k.contype = 'x' THEN
               CASE WHEN {free:k.conrelid} THEN JSON(pg_get_constraintdef(k.oid)) ELSE {unread} END END,
           "include": CASE WHEN i.indnatts > i.indnkeyatts THEN COLUMNS(k.conrelid, (i.indkey::int2[])[i.indnkeyatts:]) END,
           "initially_deferred": TRUE(k.condeferred),
           "match": CASE WHEN k.confmatchtype = 'f' AND k.contype = 'f' THEN '"full"' END,
           "no_inherit": TRUE(k.connoinherit AND k.contype = 'c'),
           "not_enforced": [[18: TRUE(NOT k.conenforced) | NULL]],
           "not_valid": TRUE(NOT k.convalidated [[18: AND k.conenforced | ]]),
           "nulls_not_distinct": [[15: TRUE(i.indnullsnotdistinct) | NULL]],
           "on_delete": CASE WHEN k.contype = 'f' THEN {action:k.confdeltype} END,
           "on_update": CASE WHEN k.contype = 'f' THEN {action:k.confupdtype} END,
           "options": LIST(ic.reloptions),
           "period": [[18: TRUE(k.conperiod) | NULL]],
           "referenced_columns": CASE WHEN k.contype = 'f' THEN COLUMNS(k.confrelid, k.confkey) END,
           "references": (
               SELECT JSON({name:fn.nspname:fc.relname}) FROM pg_class fc JOIN pg_namespace fn ON fn.oid = fc.relnamespace
               WHERE fc.oid = k.confrelid AND k.contype = 'f'
           ),
           "set_columns": [[15: CASE WHEN k.confdelsetcols IS NOT NULL THEN COLUMNS(k.conrelid, k.confdelsetcols) END | NULL]],
           "type": CASE k.contype WHEN 'p' THEN '"primary key"' WHEN 'u' THEN '"unique"' WHEN 'f' THEN '"foreign key"'
               WHEN 'c' THEN '"check"' ELSE '"exclude"' END
       ) AS line
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0 AND k.conislocal
  AND c.relpersistence <> 't' AND {ours:n.nspname} AND {own:pg_class:c.oid}

-- name: indexes
-- The indexes that no constraint owns and no parent's index.
SELECT 'index ' || {name:n.nspname:ic.relname}
       || BODY(
           "clustered": TRUE(i.indisclustered),
           "columns": {keys},
           "include": CASE WHEN i.indnatts > i.indnkeyatts THEN COLUMNS(i.indrelid, (i.indkey::int2[])[i.indnkeyatts:]) END,
           "invalid": TRUE(NOT i.indisvalid),
           "method": JSON(CASE WHEN am.amname <> 'btree' THEN am.amname END),
           "nulls_not_distinct": [[15: TRUE(i.indnullsnotdistinct) | NULL]],
           "options": LIST(ic.reloptions),
           "table": JSON({name:tn.nspname:c.relname}),
           "unique": TRUE(i.indisunique),
           "where": CASE WHEN i.indpred IS NOT NULL THEN
               CASE WHEN {free:i.indrelid} THEN JSON(pg_get_expr(i.indpred, i.indrelid)) ELSE {unread} END END
       ) AS line
FROM pg_index i
JOIN pg_class ic ON ic.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = ic.relnamespace
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace tn ON tn.oid = c.relnamespace
JOIN pg_am am ON am.oid = ic.relam
WHERE NOT ic.relispartition AND c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'm', 'f')
  AND {ours:n.nspname} AND {own:pg_class:c.oid} AND {own:pg_class:ic.oid}
  AND NOT EXISTS (
      SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x') AND k.conrelid = i.indrelid
  )

-- name: sequences
-- The sequences that are not an identity column's.
SELECT 'sequence ' || {name:n.nspname:c.relname}
       || BODY(
           "options": nullif({options:s}, '{}'),
           "owned_by": (
               SELECT JSON({name:tn.nspname:tc.relname} || '.' || IDENT(a.attname))
               FROM pg_depend o JOIN pg_class tc ON tc.oid = o.refobjid JOIN pg_namespace tn ON tn.oid = tc.relnamespace
               JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
               WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass AND o.deptype = 'a'
           ),
           "persistence": CASE WHEN c.relpersistence = 'u' THEN '"unlogged"' END,
           "type": CASE s.seqtypid WHEN 'int2'::regtype THEN '"smallint"' WHEN 'int4'::regtype THEN '"integer"' END
       ) AS line
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND {ours:n.nspname} AND {own:pg_class:c.oid}
  AND NOT EXISTS (
      SELECT FROM pg_depend o WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass
        AND o.deptype = 'i'
  )

-- name: views
-- Views and materialised views with their columns: what CREATE OR REPLACE may not change.
SELECT CASE c.relkind WHEN 'v' THEN 'view ' ELSE 'matview ' END || {name:n.nspname:c.relname}
       || BODY(
           "access_method": JSON(CASE WHEN am.amname <> 'heap' THEN am.amname END),
           "columns": (
               SELECT '[' || string_agg(OBJECT("name": JSON(a.attname), "type": JSON(format_type(a.atttypid, a.atttypmod))), ', ' ORDER BY a.attnum) || ']'
               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           ),
           "defaults": (
               SELECT '{' || string_agg(JSON(a.attname) || ': ' || JSON(pg_get_expr(d.adbin, 0)), ', ' ORDER BY a.attname COLLATE "C") || '}'
               FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = c.oid
           ),
           "definition": CASE WHEN {free_rule:c.oid} THEN JSON(pg_get_viewdef(c.oid)) ELSE {unread} END,
           "options": LIST(c.reloptions)
       ) AS line
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am am ON am.oid = c.relam
WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't' AND {ours:n.nspname} AND {own:pg_class:c.oid}

-- name: routines
-- Functions and procedures, from which each could be made again.
SELECT CASE p.prokind WHEN 'p' THEN 'procedure ' ELSE 'function ' END || {routine:n.nspname:p}
       || BODY(
           "arguments": JSON(nullif(pg_get_function_arguments(p.oid), '')),
           "body": CASE WHEN [[14: p.prosqlbody IS NULL | true]] THEN JSON(p.prosrc) END,
           "config": LIST(p.proconfig),
           "cost": CASE WHEN p.procost <> CASE WHEN l.lanname IN ('c', 'internal') THEN 1 ELSE 100 END THEN p.procost::text END,
           "language": JSON(l.lanname),
           "leakproof": TRUE(p.proleakproof),
           "library": JSON(p.probin::text),
           "parallel": CASE p.proparallel WHEN 's' THEN '"safe"' WHEN 'r' THEN '"restricted"' END,
           "returns": JSON(pg_get_function_result(p.oid)),
           "rows": CASE WHEN p.proretset AND p.prorows <> 1000 THEN p.prorows::text END,
           "security_definer": TRUE(p.prosecdef),
           "sql_body": [[14: CASE WHEN p.prosqlbody IS NOT NULL THEN
               CASE WHEN {free_routine:p.oid} THEN JSON(pg_get_function_sqlbody(p.oid)) ELSE {unread} END END | NULL]],
           "strict": TRUE(p.proisstrict),
           "support": CASE WHEN p.prosupport <> 0 THEN JSON(p.prosupport::regproc::text) END,
           "transforms": (
               SELECT '[' || string_agg(JSON(format_type(u.t, NULL)), ', ' ORDER BY u.o) || ']'
               FROM unnest(p.protrftypes) WITH ORDINALITY u (t, o)
           ),
           "volatility": CASE p.provolatile WHEN 'i' THEN '"immutable"' WHEN 's' THEN '"stable"' END,
           "window": TRUE(p.prokind = 'w')
       ) AS line
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE p.prokind IN ('f', 'p', 'w') AND {ours:n.nspname} AND {own:pg_proc:p.oid}
  AND NOT EXISTS (
      SELECT FROM pg_depend o WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid AND o.refclassid = 'pg_type'::regclass
        AND o.deptype = 'i'
  )

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
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {ours:n.nspname} AND {own:pg_proc:p.oid}

-- name: triggers
-- The triggers that are not a constraint's or a parent's. Only a WHEN makes the server look at the table.
SELECT 'trigger ' || {name:n.nspname:c.relname} || '.' || IDENT(t.tgname)
       || BODY(
           "definition": CASE WHEN t.tgqual IS NULL OR {free:t.tgrelid} THEN JSON(pg_get_triggerdef(t.oid)) ELSE {unread} END,
           "enabled": CASE t.tgenabled WHEN 'D' THEN '"disabled"' WHEN 'R' THEN '"replica"' WHEN 'A' THEN '"always"' END
       ) AS line
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND c.relpersistence <> 't' AND {ours:n.nspname} AND {own:pg_class:c.oid}

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
SELECT 'rule ' || {name:n.nspname:c.relname} || '.' || IDENT(w.rulename)
       || BODY(
           "definition": CASE WHEN {free:w.ev_class} AND {free_rule:w.ev_class} THEN JSON(pg_get_ruledef(w.oid)) ELSE {unread} END,
           "enabled": CASE w.ev_enabled WHEN 'D' THEN '"disabled"' WHEN 'R' THEN '"replica"' WHEN 'A' THEN '"always"' END
       ) AS line
FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE w.rulename <> '_RETURN' AND c.relpersistence <> 't' AND {ours:n.nspname} AND {own:pg_class:c.oid}

-- name: policies
-- The row security policies.
SELECT 'policy ' || {name:n.nspname:c.relname} || '.' || IDENT(p.polname)
       || BODY(
           "command": CASE p.polcmd WHEN 'r' THEN '"select"' WHEN 'a' THEN '"insert"' WHEN 'w' THEN '"update"' WHEN 'd' THEN '"delete"' END,
           "restrictive": TRUE(NOT p.polpermissive),
           "roles": CASE WHEN p.polroles <> '{0}' THEN (
               SELECT '[' || string_agg(JSON(coalesce(r.rolname, 'public')), ', ' ORDER BY coalesce(r.rolname, 'public') COLLATE "C") || ']'
               FROM unnest(p.polroles) u (o) LEFT JOIN pg_roles r ON r.oid = u.o
           ) END,
           "using": CASE WHEN p.polqual IS NOT NULL THEN
               CASE WHEN {free_policy:p} THEN JSON(pg_get_expr(p.polqual, p.polrelid)) ELSE {unread} END END,
           "with_check": CASE WHEN p.polwithcheck IS NOT NULL THEN
               CASE WHEN {free_policy:p} THEN JSON(pg_get_expr(p.polwithcheck, p.polrelid)) ELSE {unread} END END
       ) AS line
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {ours:n.nspname} AND {own:pg_class:c.oid}

-- name: types
-- Enums, domains, composites and ranges.
SELECT CASE t.typtype WHEN 'e' THEN 'enum ' WHEN 'd' THEN 'domain ' WHEN 'c' THEN 'composite ' ELSE 'range ' END
       || {name:n.nspname:t.typname}
       || CASE t.typtype
          WHEN 'e' THEN BODY("labels": (
              SELECT coalesce('[' || string_agg(JSON(e.enumlabel), ', ' ORDER BY e.enumsortorder) || ']', '[]')
              FROM pg_enum e WHERE e.enumtypid = t.oid
          ))
          WHEN 'd' THEN BODY(
              "collation": CASE WHEN t.typcollation <> b.typcollation THEN {collation:t.typcollation} END,
              "default": JSON(CASE WHEN t.typdefaultbin IS NOT NULL THEN pg_get_expr(t.typdefaultbin, 0) END),
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
                  "multirange": [[14: JSON(format_type(g.rngmultitypid, NULL)) | NULL]],
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
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')))
  AND {ours:n.nspname} AND {own:pg_type:t.oid}

-- name: domain_constraints
-- The checks of domains. VALUE is no column, so that its text needs no look at a table.
SELECT 'domain_constraint ' || {name:n.nspname:t.typname} || '.' || IDENT(k.conname)
       || BODY("expression": JSON(pg_get_expr(k.conbin, 0)), "not_valid": TRUE(NOT k.convalidated)) AS line
FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE k.contype = 'c' AND k.contypid <> 0 AND {ours:n.nspname} AND {own:pg_type:t.oid}

-- name: statistics
-- Extended statistics.
SELECT 'statistics ' || {name:n.nspname:s.stxname}
       || BODY(
           "columns": CASE WHEN array_length(s.stxkeys::int2[], 1) > 0 THEN COLUMNS_SORTED(s.stxrelid, s.stxkeys::int2[]) END,
           "expressions": [[14: CASE WHEN s.stxexprs IS NOT NULL THEN
               CASE WHEN {free:s.stxrelid} THEN LIST(pg_get_statisticsobjdef_expressions(s.oid)) ELSE {unread} END END | NULL]],
           "kinds": (
               SELECT '[' || string_agg(JSON(CASE u.k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies' ELSE 'mcv' END), ', ' ORDER BY u.k) || ']'
               FROM unnest(s.stxkind) u (k) WHERE u.k <> 'e'
           ),
           "target": CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget::text END,
           "table": JSON({name:tn.nspname:c.relname})
       ) AS line
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
JOIN pg_class c ON c.oid = s.stxrelid JOIN pg_namespace tn ON tn.oid = c.relnamespace
WHERE {ours:n.nspname} AND {own:pg_statistic_ext:s.oid} AND c.relpersistence <> 't'

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
                   ELSE ' WHERE unread' END | ]]), ', ' ORDER BY {name:tn.nspname:c.relname} COLLATE "C") || ']'
               FROM pg_publication_rel x JOIN pg_class c ON c.oid = x.prrelid JOIN pg_namespace tn ON tn.oid = c.relnamespace
               WHERE x.prpubid = p.oid
           ),
           "via_root": TRUE(p.pubviaroot)
       ) AS line
FROM pg_publication p WHERE {own:pg_publication:p.oid}

-- name: collations
-- The collations.
SELECT 'collation ' || {name:n.nspname:c.collname}
       || BODY(
           "ctype": JSON(CASE WHEN c.collctype IS DISTINCT FROM c.collcollate THEN c.collctype END),
           "deterministic": CASE WHEN NOT c.collisdeterministic THEN 'false' END,
           "locale": JSON(coalesce([[17: c.colllocale | [[15: c.colliculocale | NULL]]]], c.collcollate::text)),
           "provider": CASE c.collprovider WHEN 'c' THEN '"libc"' WHEN 'i' THEN '"icu"' WHEN 'b' THEN '"builtin"' END
       ) AS line
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE {ours:n.nspname} AND {own:pg_collation:c.oid}

-- name: privileges
-- What others than the owner may do beyond what they may by default, and what they may not although they may by default.
-- MAINTAIN is left out: servers before 17 have none.
WITH granted AS MATERIALIZED {granted}
SELECT x.what || ' ' || x.path || '.' || IDENT(coalesce(g.rolname, 'public'))
       || BODY("privileges": '[' || string_agg(JSON(x.privilege), ', ' ORDER BY x.privilege COLLATE "C") || ']') AS line
FROM (
    SELECT 'grant' AS what, o.path, a.grantee, a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS privilege
    FROM granted o CROSS JOIN LATERAL aclexplode(o.acl) a
    WHERE a.grantee <> o.owner AND a.privilege_type <> 'MAINTAIN' AND NOT EXISTS (
        SELECT FROM aclexplode(o.initial) d
        WHERE d.grantee = a.grantee AND d.privilege_type = a.privilege_type AND d.is_grantable = a.is_grantable
    )
    UNION
    SELECT 'revocation', o.path, d.grantee, d.privilege_type
    FROM granted o CROSS JOIN LATERAL aclexplode(o.initial) d
    WHERE d.grantee <> o.owner AND d.privilege_type <> 'MAINTAIN' AND NOT EXISTS (
        SELECT FROM aclexplode(o.acl) a WHERE a.grantee = d.grantee AND a.privilege_type = d.privilege_type
    )
) x
LEFT JOIN pg_roles g ON g.oid = x.grantee
GROUP BY x.what, x.path, x.grantee, g.rolname

-- name: default_privileges
-- What is granted on objects that will be made, or revoked although it is granted by default.
SELECT 'default_privilege ' || IDENT(pg_get_userbyid(d.defaclrole)) || '.' || coalesce(IDENT(n.nspname), '""') || '.'
       || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
          WHEN 'n' THEN 'schemas' ELSE 'large_objects' END
       || BODY(
           "granted": (
               SELECT '[' || string_agg(JSON(x), ', ' ORDER BY x COLLATE "C") || ']' FROM (
                   SELECT a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END || ' TO '
                          || IDENT(coalesce(g.rolname, 'public')) AS x
                   FROM aclexplode(d.defaclacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
                   WHERE a.grantee <> d.defaclrole AND a.privilege_type <> 'MAINTAIN'
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

-- name: comments
-- The comments on what is ours.
SELECT 'comment ' || IDENT(i.type) || '.' || CASE
           WHEN d.classoid = 'pg_proc'::regclass THEN (SELECT {routine:n.nspname:p} FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = d.objoid)
           WHEN i.type = 'domain constraint' THEN (
               SELECT {name:n.nspname:t.typname} || '.' || IDENT(k.conname) FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid
               JOIN pg_namespace n ON n.oid = t.typnamespace WHERE k.oid = d.objoid)
           WHEN d.classoid = 'pg_type'::regclass THEN (SELECT {name:n.nspname:t.typname} FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid = d.objoid)
           ELSE array_to_string(ARRAY(SELECT IDENT(u.x) FROM unnest(i.object_names || i.object_args) u (x)), '.') END
       || BODY("text": JSON(d.description)) AS line
FROM pg_description d
CROSS JOIN LATERAL pg_identify_object_as_address(d.classoid, d.objoid, d.objsubid) i
WHERE (d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid = 2200 AND d.description <> 'standard public schema'))
  AND i.type NOT IN ('extension', 'large object')
  AND NOT EXISTS (
      SELECT FROM pg_depend e WHERE e.refclassid = 'pg_extension'::regclass AND e.deptype = 'e' AND e.classid = d.classoid AND e.objid = d.objoid
  )
  AND i.object_names[1] <> 'lockstep' AND i.object_names[1] NOT LIKE 'pg\_%'

-- name: others
-- What has no line of its own kind: known to be there, so that it is never silently equal.
SELECT 'other ' || IDENT(i.type) || '.' || IDENT(i.identity) || ' {}' AS line
FROM (
    SELECT 'pg_operator'::regclass AS classid, oid FROM pg_operator
    UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast
    UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily
    UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion
    UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict
    UNION ALL SELECT 'pg_ts_parser'::regclass, oid FROM pg_ts_parser
    UNION ALL SELECT 'pg_ts_template'::regclass, oid FROM pg_ts_template
    UNION ALL SELECT 'pg_am'::regclass, oid FROM pg_am
    UNION ALL SELECT 'pg_language'::regclass, oid FROM pg_language
    UNION ALL SELECT 'pg_transform'::regclass, oid FROM pg_transform
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typtype = 'b' AND typelem = 0 AND typcategory <> 'A'
) o
CROSS JOIN LATERAL pg_identify_object(o.classid, o.oid, 0) i
WHERE o.oid >= 16384 AND coalesce(i.schema, '') !~ '^pg_'
  AND NOT EXISTS (
      SELECT FROM pg_depend e WHERE e.deptype IN ('e', 'i') AND e.classid = o.classid AND e.objid = o.oid
  )
