-- What live updates say to the database.

-- name: look
-- The present snapshot, and the database's time in seconds since 1970.
select
    pg_current_snapshot()::text as snapshot,
    extract(epoch from clock_timestamp())::bigint as at;

-- name: read_events
-- What the later snapshot shows and the earlier one does not: everybody's (user_id null), or what one user has missed. Found
-- first, by the index for either, and only then put in order: else the planner may walk the whole table along its key.
with fresh as materialized (
    select id, user_id, content_id, project_ids, history_id, action, created_at
    from live_events
    where (%(user_id)s::text is null or user_id = %(user_id)s::text)
        and (
            transaction_id >= pg_snapshot_xmax(%(since)s::pg_snapshot)
            or transaction_id = any(array(select pg_snapshot_xip(%(since)s::pg_snapshot)))
        )
        and pg_visible_in_snapshot(transaction_id, %(until)s::pg_snapshot)
    limit %(most)s::bigint + 1
)
select
    fresh.user_id,
    fresh.project_ids,
    extract(epoch from clock_timestamp() - fresh.created_at)::float8 as age,
    json_build_object(
        'id', fresh.id,
        'history_id', fresh.history_id,
        'action', fresh.action,
        'at', fresh.created_at,
        'content_id', fresh.content_id,
        'content', case when content.id is not null then json_build_object(
            'project_id', content.project_id,
            'title', content.title,
            'platform', content.platform,
            'status', content.status,
            'scheduled_at', content.scheduled_at,
            'published_at', content.published_at,
            'revision', content.revision
        ) end
    )::text as told
from fresh
left join content on content.id = fresh.content_id
order by fresh.id;

-- name: owns_project
-- Whether the project is that user's.
select 1 as yes
from projects
where id = %(project)s
    and user_id = %(user_id)s;

-- name: sessions_alive
-- Which of these sessions are not over.
select sessions.sid
from sessions
join users on users.id = sessions.sess ->> 'user_id'
where sessions.sid = any(%(sids)s::text[])
    and sessions.expire > now()
    and users.is_active;

-- name: remove_old_events
-- Forget some of the oldest events; along the key, for the oldest are there.
delete from live_events
where id in (
        select id
        from live_events
        order by id
        limit %(most)s
    )
    and created_at < now() - make_interval(secs => %(kept)s::float8);

-- name: show_replica
-- Say that this instance is there, and how it is.
insert into live_replicas (replica, seen_at, figures)
values (%(replica)s, clock_timestamp(), %(figures)s)
on conflict (replica) do update
set seen_at = excluded.seen_at,
    figures = excluded.figures;

-- name: list_replicas
-- The other instances that are there.
select replica, started_at, seen_at, figures
from live_replicas
where seen_at > clock_timestamp() - make_interval(secs => %(fresh)s::float8)
    and replica <> %(replica)s
order by started_at, replica;

-- name: remove_stale_replicas
-- Forget the instances that are gone.
delete from live_replicas
where seen_at < clock_timestamp() - make_interval(secs => %(stale)s::float8);

-- name: remove_replica
-- Forget this instance: it is going.
delete from live_replicas where replica = %(replica)s;
