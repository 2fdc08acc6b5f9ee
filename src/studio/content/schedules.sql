-- What the schedule store says to the database: any number of pieces at once, each locked first.

-- name: lock_pieces
-- Lock pieces of somebody's content, always in the same order, and tell the time under the lock.
select id, status, platform, scheduled_at, next_attempt_at, clock_timestamp() as now
from content
where id = any(%(ids)s)
    and user_id = %(user_id)s
order by id
for no key update;

-- name: newest_schedules
-- The newest schedule of each piece: how it repeats, and where in its series it stands.
select distinct on (content_id)
    content_id, scheduled_at, recurrence, timezone, series_end_date, status, metadata
from post_schedules
where content_id = any(%(ids)s)
order by content_id, id desc;

-- name: apply_changes
-- Give pieces their state and time; the flags say what the state says.
update content
set status = change.status,
    scheduled_at = change.scheduled_at,
    next_attempt_at = change.next_attempt_at,
    publish_attempts = case when change.afresh then 0 else content.publish_attempts end,
    last_error = case when change.afresh then null else content.last_error end,
    -- Whether the scheduler has held it back for being late is forgotten with its former time.
    metadata = case when change.afresh then content.metadata - 'held' else content.metadata end,
    is_paused = change.status = 'paused',
    is_stopped = change.status = 'cancelled',
    can_publish = change.status not in ('paused', 'cancelled')
from jsonb_to_recordset(%(changes)s) as change (
    id bigint,
    status text,
    scheduled_at timestamptz,
    next_attempt_at timestamptz,
    afresh boolean
)
where content.id = change.id;

-- name: turn_open_schedules
-- Let the open schedules follow their content.
update post_schedules
set status = change.open_becomes
from jsonb_to_recordset(%(changes)s) as change (id bigint, open_becomes text)
where post_schedules.content_id = change.id
    and post_schedules.status not in ('completed', 'cancelled');

-- name: add_schedules
-- Write the new times down, with their series.
insert into post_schedules (
    content_id, platform, scheduled_at, recurrence, timezone, series_end_date, status, metadata
)
select
    schedule.content_id,
    schedule.platform,
    schedule.at,
    schedule.recurrence,
    schedule.timezone,
    schedule.series_end_date,
    schedule.status,
    schedule.metadata
from jsonb_to_recordset(%(schedules)s) as schedule (
    content_id bigint,
    platform text,
    at timestamptz,
    recurrence text,
    timezone text,
    series_end_date date,
    status text,
    metadata jsonb
);
