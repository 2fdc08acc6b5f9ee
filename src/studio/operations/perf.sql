-- What the operators' report asks the server. A line that ends in "-- if view.column" is sent only where
-- the server's view has that column: versions 13 to 18, and extensions that were not updated, differ.

-- name: bound
-- Let no statement of this transaction keep anybody, and let no schema of the database's stand in front of the catalogue.
select
    set_config('statement_timeout', '500ms', true),
    set_config('lock_timeout', '100ms', true),
    set_config('search_path', %(path)s, true);

-- name: columns
-- Which columns the views have here.
select concat(pg_class.relname, '.', pg_attribute.attname) as name
from pg_attribute
join pg_class on pg_class.oid = pg_attribute.attrelid
join pg_namespace on pg_namespace.oid = pg_class.relnamespace
where pg_attribute.attnum > 0
    and pg_class.relkind = 'v'
    and (
        pg_class.relname = 'pg_stat_statements'
        or pg_namespace.nspname = 'pg_catalog'
        and pg_class.relname in (
            'pg_stat_activity', 'pg_locks', 'pg_replication_slots', 'pg_stat_user_indexes', 'pg_stat_database'
        )
    );

-- name: rights
-- Who asks, and whether they see what others do.
select
    quote_ident(current_user) as role,
    pg_has_role(current_user, 'pg_read_all_stats', 'usage') as sees_all,
    current_setting('server_version') as server_version;

-- name: statements_extension
-- Whether pg_stat_statements is there, created, and where.
select
    pg_extension.oid is not null as created,
    quote_ident(pg_namespace.nspname) as schema,
    (select setting from pg_settings where name = 'shared_preload_libraries') as preloaded
from pg_available_extensions as available
left join pg_extension on pg_extension.extname = available.name
left join pg_namespace on pg_namespace.oid = pg_extension.extnamespace
where available.name = 'pg_stat_statements';

-- name: connection_limit
-- How many connections there are, and may be.
select
    count(*) as used,
    current_setting('max_connections')::integer as most
from pg_stat_activity
where coalesce(backend_type, 'client backend') = 'client backend';

-- name: connections
-- Who holds connections, and what they do with them.
select
    application_name as application,
    coalesce(state, 'unknown') as state,
    count(*) as connections,
    max(extract(epoch from clock_timestamp() - state_change))::float8 as longest_seconds
from pg_stat_activity
where coalesce(backend_type, 'client backend') = 'client backend'
group by application_name, coalesce(state, 'unknown')
order by count(*) desc, application_name
limit 50;

-- name: long_running
-- What has run for more than a second, or is in a transaction for as long.
select
    pid,
    application_name as application,
    usename as role,
    state,
    wait_event_type,
    wait_event,
    query_id::text as query_id, -- if pg_stat_activity.query_id
    extract(epoch from clock_timestamp() - xact_start)::float8 as transaction_seconds,
    extract(epoch from clock_timestamp() - query_start)::float8 as query_seconds,
    left(query, 2000) as query
from pg_stat_activity
where pid <> pg_backend_pid()
    and state <> 'idle'
    and coalesce(backend_type, 'client backend') = 'client backend'
    and xact_start < clock_timestamp() - interval '1 second'
order by xact_start
limit 20;

-- name: blocked
-- Who waits for a lock, and who holds it.
select
    waiting.pid,
    waiting.application_name as application,
    locks.since as waits_since, -- if pg_locks.waitstart
    extract(epoch from clock_timestamp() - coalesce(
        locks.since, -- if pg_locks.waitstart
        waiting.query_start
    ))::float8 as seconds,
    left(waiting.query, 2000) as query,
    blocker.pid as blocker_pid,
    holder.application_name as blocker_application,
    holder.state as blocker_state,
    extract(epoch from clock_timestamp() - holder.xact_start)::float8 as blocker_seconds,
    left(holder.query, 2000) as blocker_query
from pg_stat_activity as waiting
left join lateral ( -- if pg_locks.waitstart
    select min(pg_locks.waitstart) as since -- if pg_locks.waitstart
    from pg_locks -- if pg_locks.waitstart
    where pg_locks.pid = waiting.pid and not pg_locks.granted -- if pg_locks.waitstart
) as locks on true -- if pg_locks.waitstart
cross join lateral unnest(pg_blocking_pids(waiting.pid)) as blocker (pid)
left join pg_stat_activity as holder on holder.pid = blocker.pid
where waiting.wait_event_type = 'Lock'
order by waiting.query_start
limit 50;

-- name: advisory_locks
-- Advisory locks in this database; the boot's is held by lockstep:<app>:...
select
    pg_locks.pid,
    (pg_locks.classid::bigint << 32) | pg_locks.objid::bigint as key,
    pg_locks.mode,
    pg_locks.granted,
    activity.application_name as application,
    extract(epoch from clock_timestamp() - activity.backend_start)::float8 as connected_seconds
from pg_locks
left join pg_stat_activity as activity on activity.pid = pg_locks.pid
where pg_locks.locktype = 'advisory'
    and pg_locks.database = (select oid from pg_database where datname = current_database())
order by pg_locks.granted desc, activity.backend_start
limit 50;

-- name: top_statements
-- Where the server's time goes.
select
    statements.queryid::text as id,
    statements.calls,
    statements.total_exec_time as total_ms, -- if pg_stat_statements.total_exec_time
    statements.total_time as total_ms, -- if pg_stat_statements.total_time
    statements.mean_exec_time as mean_ms, -- if pg_stat_statements.mean_exec_time
    statements.mean_time as mean_ms, -- if pg_stat_statements.mean_time
    statements.stddev_exec_time as stddev_ms, -- if pg_stat_statements.stddev_exec_time
    statements.stddev_time as stddev_ms, -- if pg_stat_statements.stddev_time
    statements.wal_bytes::float8 as wal_bytes, -- if pg_stat_statements.wal_bytes
    statements.toplevel, -- if pg_stat_statements.toplevel
    statements.stats_since::text as since, -- if pg_stat_statements.stats_since
    statements.rows,
    statements.shared_blks_hit::float8
        / nullif(statements.shared_blks_hit + statements.shared_blks_read, 0) as hit_ratio,
    left(statements.query, 2000) as query
from pg_stat_statements as statements
where statements.dbid = (select oid from pg_database where datname = current_database())
order by total_ms desc
limit 25;

-- name: cache_hit
-- How much of what is read is found in memory.
select
    'database' as what,
    blks_hit as hit,
    blks_read as read,
    blks_hit::float8 / nullif(blks_hit + blks_read, 0) as ratio
from pg_stat_database
where datname = current_database()
union all
select
    'tables',
    sum(heap_blks_hit)::bigint,
    sum(heap_blks_read)::bigint,
    (sum(heap_blks_hit) / nullif(sum(heap_blks_hit + heap_blks_read), 0))::float8
from pg_statio_user_tables
union all
select
    'indexes',
    sum(idx_blks_hit)::bigint,
    sum(idx_blks_read)::bigint,
    (sum(idx_blks_hit) / nullif(sum(idx_blks_hit + idx_blks_read), 0))::float8
from pg_statio_user_indexes;

-- name: invalid_indexes
-- Indexes that cost every write and serve no reader: a CREATE INDEX CONCURRENTLY has failed, or runs.
select
    format('%%I.%%I', pg_namespace.nspname, pg_class.relname) as name,
    format('%%I.%%I', owners.nspname, tables.relname) as on_table,
    exists (
        select 1
        from pg_stat_progress_create_index as progress
        where progress.index_relid = pg_index.indexrelid
    ) as being_built
from pg_index
join pg_class on pg_class.oid = pg_index.indexrelid
join pg_namespace on pg_namespace.oid = pg_class.relnamespace
join pg_class as tables on tables.oid = pg_index.indrelid
join pg_namespace as owners on owners.oid = tables.relnamespace
where not pg_index.indisvalid
    and pg_class.relkind = 'i'
order by name
limit 50;

-- name: unused_indexes
-- Indexes that nobody has read since the statistics began, the largest first; those that enforce something are not unused.
select
    format('%%I.%%I', usage.schemaname, usage.indexrelname) as name,
    format('%%I.%%I', usage.schemaname, usage.relname) as on_table,
    usage.idx_scan as scans,
    usage.last_idx_scan::text as last_scan, -- if pg_stat_user_indexes.last_idx_scan
    pg_class.relpages * current_setting('block_size')::bigint as bytes,
    (select stats_reset::text from pg_stat_database where datname = current_database()) as since
from pg_stat_user_indexes as usage
join pg_index on pg_index.indexrelid = usage.indexrelid
join pg_class on pg_class.oid = usage.indexrelid
where usage.idx_scan = 0
    and pg_index.indisvalid
    and not pg_index.indisunique
    and not pg_index.indisexclusion
order by pg_class.relpages desc, name
limit 25;

-- name: dead_rows
-- Tables by what vacuum has left to do.
select
    format('%%I.%%I', schemaname, relname) as name,
    n_live_tup as live,
    n_dead_tup as dead,
    n_dead_tup::float8 / nullif(n_live_tup + n_dead_tup, 0) as dead_ratio,
    greatest(last_vacuum, last_autovacuum)::text as last_vacuum,
    greatest(last_analyze, last_autoanalyze)::text as last_analyze
from pg_stat_user_tables
order by n_dead_tup desc, name
limit 25;

-- name: transaction_ids
-- How far each database is from the end of its transaction ids.
select
    datname as name,
    age(datfrozenxid) as age,
    2146483648 - age(datfrozenxid) as remaining
from pg_database
order by age(datfrozenxid) desc
limit 20;

-- name: database_size
-- How large the database is.
select
    current_database() as name,
    pg_database_size(current_database()) as bytes;

-- name: table_sizes
-- The largest tables, with their indexes and long values.
select
    format('%%I.%%I', pg_namespace.nspname, pg_class.relname) as name,
    pg_total_relation_size(pg_class.oid) as bytes,
    pg_relation_size(pg_class.oid) as heap_bytes,
    pg_indexes_size(pg_class.oid) as index_bytes
from pg_class
join pg_namespace on pg_namespace.oid = pg_class.relnamespace
where pg_class.relkind in ('r', 'm')
    and pg_namespace.nspname not in ('pg_catalog', 'information_schema')
    and pg_namespace.nspname !~ '^pg_(toast|temp)'
order by pg_class.relpages desc, bytes desc
limit 25;

-- name: sequences
-- How much of its numbers a sequence has given out: what counts is the smaller of its end and its column's.
select
    format('%%I.%%I', sequences.schemaname, sequences.sequencename) as name,
    sequences.last_value as last,
    ends.most,
    sequences.last_value::float8 / ends.most as used
from pg_sequences as sequences
cross join lateral (
    select least(
        sequences.max_value,
        min(
            case pg_attribute.atttypid
                when 'int2'::regtype then 32767
                when 'int4'::regtype then 2147483647
            end
        )
    ) as most
    from pg_depend
    join pg_attribute
        on pg_attribute.attrelid = pg_depend.refobjid
        and pg_attribute.attnum = pg_depend.refobjsubid
    where pg_depend.classid = 'pg_class'::regclass
        and pg_depend.objid = format('%%I.%%I', sequences.schemaname, sequences.sequencename)::regclass
        and pg_depend.deptype in ('a', 'i')
) as ends
where sequences.increment_by > 0
    and not sequences.cycle
order by used desc nulls last, name
limit 25;

-- name: replication_slots
-- What replicas make the server keep.
select
    slot_name as name,
    slot_type as type,
    active,
    wal_status, -- if pg_replication_slots.wal_status
    inactive_since::text as inactive_since, -- if pg_replication_slots.inactive_since
    invalidation_reason, -- if pg_replication_slots.invalidation_reason
    pg_wal_lsn_diff(
        case
            when pg_is_in_recovery() then pg_last_wal_replay_lsn()
            else pg_current_wal_lsn()
        end,
        restart_lsn
    )::bigint as retained_bytes
from pg_replication_slots
order by retained_bytes desc nulls last
limit 25;

-- name: standby
-- Whether this server repeats another one, and how far behind it is.
select
    pg_is_in_recovery() as is_standby,
    extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 as replay_seconds;

-- name: progress
-- What takes long, and how far it is.
select
    'create index' as what,
    pid,
    relid::regclass::text as on_table,
    phase,
    100.0::float8 * blocks_done / nullif(blocks_total, 0) as percent
from pg_stat_progress_create_index
where datname = current_database()
union all
select
    'vacuum',
    pid,
    relid::regclass::text,
    phase,
    100.0::float8 * heap_blks_scanned / nullif(heap_blks_total, 0)
from pg_stat_progress_vacuum
where datname = current_database()
union all
select
    'analyze',
    pid,
    relid::regclass::text,
    phase,
    100.0::float8 * sample_blks_scanned / nullif(sample_blks_total, 0)
from pg_stat_progress_analyze
where datname = current_database();

-- name: notification_queue
-- How full the queue of notifications is: a listener in an old transaction fills it for everybody.
select pg_notification_queue_usage() as used;
