-- What the library asks the database.

-- name: page_of_outlines
-- A page of somebody's content, the newest first.
select
    id,
    project_id,
    title,
    platform,
    content_type,
    status,
    scheduled_at,
    published_at,
    thumbnail_url,
    tags,
    ai_generated,
    day_number,
    publish_order,
    content_version,
    last_error,
    created_at,
    updated_at
from content
where user_id = %(user_id)s
    and (%(status)s::text is null or status = %(status)s)
    and (%(platform)s::text is null or platform = %(platform)s)
    and (%(project_id)s::bigint is null or project_id = %(project_id)s)
    and (%(search)s::text is null or strpos(lower(title), lower(%(search)s)) > 0)
    and (
        %(after_at)s::timestamptz is null
        or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::bigint)
    )
order by created_at desc, id desc
limit %(limit)s;

-- name: outlines_between
-- Somebody's content whose time lies in a span, the earliest first.
select
    id,
    project_id,
    title,
    platform,
    content_type,
    status,
    scheduled_at,
    published_at,
    thumbnail_url,
    tags,
    ai_generated,
    day_number,
    publish_order,
    content_version,
    last_error,
    created_at,
    updated_at
from content
where user_id = %(user_id)s
    and scheduled_at >= %(begin)s
    and scheduled_at < %(end)s
    and (%(project_id)s::bigint is null or project_id = %(project_id)s)
order by scheduled_at, id
limit %(limit)s;

-- name: counts_by_status
-- How much of somebody's content is in which state.
select status, count(*) as count
from content
where user_id = %(user_id)s
    and (%(project_id)s::bigint is null or project_id = %(project_id)s)
group by status;

-- name: owned
-- Is there such a piece of that person's content?
select 1
from content
where id = %(content_id)s
    and user_id = %(user_id)s;

-- name: page_of_deeds
-- A page of the history of a piece of content, the newest first.
select
    id,
    user_id,
    action,
    before,
    after,
    created_at
from content_action_history
where content_id = %(content_id)s
    and (
        %(after_at)s::timestamptz is null
        or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::bigint)
    )
order by created_at desc, id desc
limit %(limit)s;
