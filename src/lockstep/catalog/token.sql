-- name: settings
-- Until the end of the message: nobody's functions, and no machine code for a statement of milliseconds.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
       pg_catalog.set_config('jit', 'off', true),
       pg_catalog.set_config('max_parallel_workers_per_gather', '0', true)

-- name: token
-- One text that stays the same while no object of the database changes, and hardly ever otherwise. What is temporary is left
-- out, and so are the server's own rows: their numbers are below 16384. Roles count where something of the database names them.
WITH transient AS MATERIALIZED (
    SELECT c.oid FROM pg_class c WHERE c.relpersistence = 't'
), transient_schema AS MATERIALIZED (
    SELECT n.oid FROM pg_namespace n WHERE n.nspname ~ '^pg_(toast_)?temp_'
), here AS MATERIALIZED (
    SELECT d.oid FROM pg_database d WHERE d.datname = current_database()
)
SELECT encode(sha256(convert_to(string_agg(part.name || '=' || part.rows, ' ' ORDER BY part.name), 'UTF8')), 'hex')
FROM (
    SELECT 'database' AS name, (SELECT oid FROM here) || '@' || current_setting('server_version_num') || '@' || {cluster} AS rows
    UNION ALL
    SELECT 'pg_aggregate', {rows:oid(x.aggfnoid)} FROM pg_aggregate x WHERE x.aggfnoid >= 16384::oid
    UNION ALL
    SELECT 'pg_am', {rows:x.oid} FROM pg_am x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_attrdef', {rows:x.adrelid} FROM pg_attrdef x WHERE x.adrelid >= 16384 AND x.adrelid NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_attribute', {rows:x.attrelid} FROM pg_attribute x
    WHERE x.attrelid >= 16384 AND x.attnum > 0 AND x.attrelid NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_authid', count(*) || ':' || coalesce(sum(hashtextextended(x.rolname::text, x.oid::int8)), 0) FROM pg_roles x
    WHERE x.oid IN (SELECT s.refobjid FROM pg_shdepend s WHERE s.dbid = (SELECT oid FROM here) AND s.refclassid = 'pg_authid'::regclass)
    UNION ALL
    SELECT 'pg_cast', {rows:x.oid} FROM pg_cast x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_class', {rows:x.oid} FROM pg_class x WHERE x.oid >= 16384 AND x.relpersistence <> 't'
    UNION ALL
    SELECT 'pg_collation', {rows:x.oid} FROM pg_collation x WHERE x.oid >= 16384 AND x.collnamespace NOT IN (SELECT oid FROM transient_schema)
    UNION ALL
    SELECT 'pg_constraint', {rows:x.oid} FROM pg_constraint x WHERE x.oid >= 16384 AND x.connamespace NOT IN (SELECT oid FROM transient_schema)
    UNION ALL
    SELECT 'pg_conversion', {rows:x.oid} FROM pg_conversion x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_default_acl', {rows:x.oid} FROM pg_default_acl x
    UNION ALL
    SELECT 'pg_description', {rows:x.objoid} FROM pg_description x
    WHERE (x.objoid >= 16384 OR x.objoid = 2200) AND x.objoid NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_enum', {rows:x.enumtypid} FROM pg_enum x WHERE x.enumtypid NOT IN (
        SELECT t.oid FROM pg_type t WHERE t.typtype = 'e' AND t.typnamespace IN (SELECT oid FROM transient_schema))
    UNION ALL
    SELECT 'pg_event_trigger', {rows:x.oid} FROM pg_event_trigger x
    UNION ALL
    SELECT 'pg_extension', {rows:x.oid} FROM pg_extension x
    UNION ALL
    SELECT 'pg_foreign_data_wrapper', {rows:x.oid} FROM pg_foreign_data_wrapper x
    UNION ALL
    SELECT 'pg_foreign_server', {rows:x.oid} FROM pg_foreign_server x
    UNION ALL
    SELECT 'pg_foreign_table', {rows:x.ftrelid} FROM pg_foreign_table x
    UNION ALL
    SELECT 'pg_index', {rows:x.indexrelid} FROM pg_index x WHERE x.indexrelid >= 16384 AND x.indrelid NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_inherits', {rows:x.inhrelid} FROM pg_inherits x WHERE x.inhrelid NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_language', {rows:x.oid} FROM pg_language x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_namespace', {rows:x.oid} FROM pg_namespace x WHERE x.oid NOT IN (SELECT oid FROM transient_schema)
    UNION ALL
    SELECT 'pg_opclass', {rows:x.oid} FROM pg_opclass x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_operator', {rows:x.oid} FROM pg_operator x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_opfamily', {rows:x.oid} FROM pg_opfamily x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_partitioned_table', {rows:x.partrelid} FROM pg_partitioned_table x WHERE x.partrelid NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_policy', {rows:x.oid} FROM pg_policy x WHERE x.polrelid NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_proc', {rows:x.oid} FROM pg_proc x WHERE x.oid >= 16384 AND x.pronamespace NOT IN (SELECT oid FROM transient_schema)
    UNION ALL
    SELECT 'pg_publication', {rows:x.oid} FROM pg_publication x
    UNION ALL
    SELECT 'pg_publication_rel', {rows:x.oid} FROM pg_publication_rel x
    UNION ALL
    [[15: SELECT 'pg_publication_namespace', {rows:x.oid} FROM pg_publication_namespace x
    UNION ALL | ]]
    SELECT 'pg_range', {rows:x.rngtypid} FROM pg_range x WHERE x.rngtypid >= 16384
    UNION ALL
    SELECT 'pg_rewrite', {rows:x.oid} FROM pg_rewrite x WHERE x.oid >= 16384 AND x.ev_class NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_seclabel', {rows:x.objoid} FROM pg_seclabel x WHERE x.objoid NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_sequence', {rows:x.seqrelid} FROM pg_sequence x WHERE x.seqrelid NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_statistic_ext', {rows:x.oid} FROM pg_statistic_ext x WHERE x.stxrelid NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_subscription', count(*) || ':' || coalesce(sum(hashtextextended(x.subname::text, 0)), 0) FROM pg_subscription x
    WHERE x.subdbid = (SELECT oid FROM here)
    UNION ALL
    SELECT 'pg_transform', {rows:x.oid} FROM pg_transform x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_trigger', {rows:x.oid} FROM pg_trigger x WHERE x.tgrelid NOT IN (SELECT oid FROM transient)
    UNION ALL
    SELECT 'pg_ts_config', {rows:x.oid} FROM pg_ts_config x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_ts_config_map', {rows:x.mapcfg} FROM pg_ts_config_map x WHERE x.mapcfg >= 16384
    UNION ALL
    SELECT 'pg_ts_dict', {rows:x.oid} FROM pg_ts_dict x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_ts_parser', {rows:x.oid} FROM pg_ts_parser x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_ts_template', {rows:x.oid} FROM pg_ts_template x WHERE x.oid >= 16384
    UNION ALL
    SELECT 'pg_type', {rows:x.oid} FROM pg_type x WHERE x.oid >= 16384 AND x.typnamespace NOT IN (SELECT oid FROM transient_schema)
) part

-- name: cluster
-- Which server this is, and which of its lives: a backup that is restored lives on under another timeline. Where a managed
-- service keeps the control file to itself, the server's start is as good: nothing is restored without one. ts_stat runs its
-- text only when it is called; a plain call would be refused before the CASE is looked at.
CASE WHEN has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AND has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE')
THEN (SELECT w.word FROM ts_stat($control$SELECT pg_catalog.array_to_tsvector(ARRAY[s.system_identifier::text || '/' || c.timeline_id::text])
    FROM pg_catalog.pg_control_system() s CROSS JOIN pg_catalog.pg_control_checkpoint() c$control$) w)
ELSE extract(epoch FROM pg_postmaster_start_time())::text END
