-- The schedules of content after an attempt, and what comes next in a series.

-- name: note_schedules
-- Write what came of content to its schedules; a cancelled one says nothing any more.
update post_schedules
set status = coalesce(given.status, post_schedules.status),
    retry_count = post_schedules.retry_count + case when given.status is null then 1 else 0 end,
    last_attempt_at = case when given.attempted then now() else post_schedules.last_attempt_at end,
    error_message = given.error
from jsonb_to_recordset(%(ended)s) as given (
    content_id bigint, status text, error text, attempted boolean
)
where post_schedules.content_id = given.content_id
    and post_schedules.status not in ('completed', 'cancelled')
returning
    post_schedules.id,
    post_schedules.content_id,
    post_schedules.scheduled_at,
    post_schedules.recurrence,
    post_schedules.timezone,
    post_schedules.series_end_date,
    post_schedules.metadata,
    now() as now;

-- name: repeat
-- Lay out a series' next occurrence: the content once more, its schedule, and on the former one that this was done.
with repeated as (
    insert into content (
        user_id,
        project_id,
        title,
        description,
        script,
        platform,
        content_type,
        status,
        scheduled_at,
        thumbnail_url,
        video_url,
        tags,
        metadata,
        ai_generated,
        day_number,
        publish_order
    )
    select
        user_id,
        project_id,
        title,
        description,
        script,
        platform,
        content_type,
        'scheduled',
        %(next)s,
        thumbnail_url,
        video_url,
        tags,
        metadata - 'held',
        ai_generated,
        day_number,
        publish_order
    from content
    where id = %(content_id)s
    returning id, scheduled_at
),
laid_out as (
    insert into post_schedules (
        content_id, platform, scheduled_at, recurrence, timezone, series_end_date, metadata
    )
    select
        repeated.id,
        former.platform,
        repeated.scheduled_at,
        former.recurrence,
        former.timezone,
        former.series_end_date,
        former.metadata || jsonb_build_object('series', %(series)s::jsonb)
    from repeated
    cross join post_schedules as former
    where former.id = %(schedule)s
),
noted as (
    update post_schedules
    set metadata = metadata
        || jsonb_build_object('series', %(series)s::jsonb || jsonb_build_object('next', repeated.id))
    from repeated
    where post_schedules.id = %(schedule)s
)
select id from repeated;

-- name: end_series
-- Say on a schedule why its series does not go on.
update post_schedules
set error_message = %(reason)s
where id = %(schedule)s;
