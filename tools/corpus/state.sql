-- name: objects
-- Everything that makes up the schema: kind, name, definition, and where its identity matters (its data go with it) that too.
WITH spaces AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
), relations AS (
    SELECT c.*, format('%I.%I', s.nspname, c.relname) AS name
    FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
), routines AS (
    SELECT p.*, format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name
    FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
), kinds_of_types AS (
    SELECT t.*, format('%I.%I', s.nspname, t.typname) AS name
    FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace
)
SELECT 'schema' AS kind, nspname::text AS name, '' AS definition, '' AS identity FROM spaces
UNION ALL
SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
           WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type' ELSE relkind::text END,
       name,
       concat_ws(' ', relpersistence, reloptions::text, relrowsecurity::text, relforcerowsecurity::text, relreplident, relispartition::text,
           pg_get_expr(relpartbound, oid), CASE relkind WHEN 'p' THEN pg_get_partkeydef(oid) END,
           CASE WHEN relkind IN ('v', 'm') THEN concat_ws(' ', md5(pg_get_viewdef(oid)), relispopulated) END,
           (SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = relations.oid)),
       CASE WHEN relkind IN ('r', 'p', 'm') THEN oid::text ELSE '' END
FROM relations WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
SELECT 'column', r.name || '.' || quote_ident(a.attname),
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END, 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),
           nullif(a.attidentity, ''), nullif(a.attgenerated, ''), a.attstorage, nullif(a.attstattarget, -1)::text, a.attoptions::text,
           CASE WHEN a.attcollation NOT IN (0, 100) THEN a.attcollation::regcollation::text END),
       a.attnum::text
FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind IN ('r', 'p', 'f', 'c', 'm', 'v')
UNION ALL
SELECT 'constraint', coalesce(r.name, t.name) || ' ' || quote_ident(c.conname),
       concat_ws(' ', pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN 'NOT VALIDATED' END), ''
FROM pg_constraint c LEFT JOIN relations r ON r.oid = c.conrelid LEFT JOIN kinds_of_types t ON t.oid = c.contypid
WHERE coalesce(r.name, t.name) IS NOT NULL
UNION ALL
SELECT 'index', r.name, concat_ws(' ', pg_get_indexdef(i.indexrelid), CASE WHEN NOT i.indisvalid THEN 'INVALID' END,
           CASE WHEN i.indisclustered THEN 'CLUSTERED' END, CASE WHEN i.indisreplident THEN 'REPLICA IDENTITY' END), ''
FROM pg_index i JOIN relations r ON r.oid = i.indexrelid
UNION ALL
SELECT 'sequence', r.name, concat_ws(' ', format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle,
           (SELECT 'OWNED BY ' || refobjid::regclass || '.' || refobjsubid FROM pg_depend
            WHERE classid = 'pg_class'::regclass AND objid = r.oid AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i') LIMIT 1)), ''
FROM pg_sequence q JOIN relations r ON r.oid = q.seqrelid
UNION ALL
SELECT 'function', name, concat_ws(' ', prokind, prorettype::regtype, proretset, prolang, provolatile, prosecdef, proisstrict, proleakproof, proparallel,
           proconfig::text, proargnames::text, proargmodes::text, md5(prosrc), md5(regexp_replace(to_jsonb(routines) ->> 'prosqlbody', '\d{5,}', '', 'g')), pg_get_expr(proargdefaults, 0)), ''
FROM routines
UNION ALL
SELECT 'trigger', r.name || ' ' || quote_ident(t.tgname), concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled), ''
FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'rule', r.name || ' ' || quote_ident(w.rulename), concat_ws(' ', pg_get_ruledef(w.oid), w.ev_enabled), ''
FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
UNION ALL
SELECT 'policy', r.name || ' ' || quote_ident(p.polname),
       concat_ws(' ', p.polcmd, p.polpermissive, (SELECT string_agg(coalesce(a.rolname, 'public'), ', ' ORDER BY a.rolname) FROM unnest(p.polroles) AS u LEFT JOIN pg_roles a ON a.oid = u),
           pg_get_expr(p.polqual, p.polrelid), 'CHECK ' || pg_get_expr(p.polwithcheck, p.polrelid)), ''
FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
UNION ALL
SELECT CASE typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'range' END, name,
       concat_ws(' ', (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
           CASE typtype WHEN 'd' THEN concat_ws(' ', format_type(typbasetype, typtypmod), typnotnull, typdefault) END,
           (SELECT format_type(rngsubtype, NULL) FROM pg_range WHERE rngtypid = t.oid)), ''
FROM kinds_of_types t WHERE typtype IN ('e', 'd', 'r')
UNION ALL
SELECT 'statistics', x.stxname::text, pg_get_statisticsobjdef(x.oid), '' FROM pg_statistic_ext x
UNION ALL
SELECT 'extension', e.extname::text, e.extversion || ' ' || e.extnamespace::regnamespace, '' FROM pg_extension e
UNION ALL
SELECT 'event trigger', evtname::text, concat_ws(' ', evtevent, evtfoid::regproc, evtenabled, evttags::text), '' FROM pg_event_trigger
UNION ALL
SELECT 'publication', p.pubname::text, concat_ws(' ', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate), '' FROM pg_publication p
UNION ALL
SELECT 'published table', p.pubname || ' ' || r.prrelid::regclass, '', '' FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
UNION ALL
SELECT 'operator', o.oid::regoperator::text, o.oprcode::text, '' FROM pg_operator o JOIN spaces s ON s.oid = o.oprnamespace
UNION ALL
SELECT 'operator class', quote_ident(o.opcname) || ' ' || a.amname, o.opcintype::regtype::text, '' FROM pg_opclass o JOIN spaces s ON s.oid = o.opcnamespace JOIN pg_am a ON a.oid = o.opcmethod
UNION ALL
SELECT 'cast', c.castsource::regtype || ' -> ' || c.casttarget::regtype, concat_ws(' ', c.castcontext, c.castmethod), '' FROM pg_cast c WHERE c.oid >= 16384
UNION ALL
SELECT 'collation', quote_ident(c.collname), concat_ws(' ', c.collprovider, c.collisdeterministic), '' FROM pg_collation c JOIN spaces s ON s.oid = c.collnamespace
UNION ALL
SELECT 'text search configuration', quote_ident(c.cfgname), '', '' FROM pg_ts_config c JOIN spaces s ON s.oid = c.cfgnamespace
UNION ALL
SELECT 'text search dictionary', quote_ident(c.dictname), coalesce(c.dictinitoption, ''), '' FROM pg_ts_dict c JOIN spaces s ON s.oid = c.dictnamespace
UNION ALL
SELECT 'foreign server', srvname::text, coalesce(srvoptions::text, ''), '' FROM pg_foreign_server
UNION ALL
SELECT 'user mapping', srvname || ' ' || usename, coalesce(umoptions::text, ''), '' FROM pg_user_mappings
UNION ALL
SELECT 'role', rolname::text, concat_ws(' ', rolsuper, rolcanlogin, rolinherit, rolbypassrls), '' FROM pg_roles WHERE rolname !~ '^pg_'
UNION ALL
SELECT 'comment', concat_ws(' ', d.classoid::regclass, coalesce(r.name, p.name), nullif(d.objsubid, 0)), md5(d.description), ''
FROM pg_description d
LEFT JOIN relations r ON r.oid = d.objoid AND d.classoid = 'pg_class'::regclass
LEFT JOIN routines p ON p.oid = d.objoid AND d.classoid = 'pg_proc'::regclass
WHERE r.name IS NOT NULL OR p.name IS NOT NULL

-- name: filled_tables
-- Tables that have ever held a row, by name; the others need no count.
SELECT format('%I.%I', s.nspname, c.relname)
FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND c.relispopulated
  AND s.nspname <> 'information_schema' AND s.nspname !~ '^pg_' AND pg_relation_size(c.oid) > 0
ORDER BY 1

-- name: rows_of_table
-- How many rows a table has, and a hash of what they hold.
SELECT count(*), coalesce(sum(hashtextextended(lockstep_row::text, 0)), 0)::text FROM ONLY {} AS lockstep_row

-- name: settle
-- Look at everything with the eyes of the one who owns the cluster, with every name written out.
SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; SET search_path = pg_catalog; SET row_security = off; SET statement_timeout = 0; SET lock_timeout = 0
