-- How one piece of content is read, by all who answer with it.

-- name: piece
-- A piece of somebody's content, whole, with the newest schedule's series.
select
    content.id,
    content.project_id,
    content.title,
    content.description,
    content.script,
    content.platform,
    content.content_type,
    content.status,
    content.scheduled_at,
    content.published_at,
    content.thumbnail_url,
    content.video_url,
    content.tags,
    -- Older rows hold anything; people are promised an object.
    case jsonb_typeof(content.metadata) when 'object' then content.metadata else '{}' end as metadata,
    content.ai_generated,
    content.day_number,
    content.publish_order,
    content.content_version,
    content.revision,
    content.publish_attempts,
    content.next_attempt_at,
    content.last_error,
    content.created_at,
    content.updated_at,
    coalesce(newest.recurrence, 'none') as recurrence,
    coalesce(newest.timezone, 'UTC') as timezone,
    newest.series_end_date
from content
left join lateral (
    select recurrence, timezone, series_end_date
    from post_schedules
    where post_schedules.content_id = content.id
    order by post_schedules.id desc
    limit 1
) as newest on true
where content.id = %(content_id)s
    and content.user_id = %(user_id)s;

-- name: record_deeds
-- Add what somebody did to the histories of pieces of content.
insert into content_action_history (content_id, user_id, action, before, after)
select deed.content_id, %(user_id)s, deed.action, deed.before, deed.after
from jsonb_to_recordset(%(deeds)s) as deed (
    content_id bigint, action text, before jsonb, after jsonb
);
