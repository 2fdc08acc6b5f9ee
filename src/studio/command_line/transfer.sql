-- What import and export say to the database.

-- name: find_owner
-- Whose rows are moved.
select id
from users
where lower(email) = lower(%(email)s)
    and is_active;

-- name: clock
-- What time it is, by the clock that counts.
select now() as now;

-- name: projects_by_name
-- The projects of those names, and whether a name is one project's only.
select
    name,
    min(id) as id,
    count(*) as count
from projects
where user_id = %(user_id)s
    and name = any(%(names)s)
group by name;

-- name: known_lines
-- Which lines an import has added before.
select line
from imported_rows
where user_id = %(user_id)s
    and import_id = %(import_id)s
    and line = any(%(lines)s);

-- name: import_content
-- Add those rows that this import has not added yet, each with the beginning of its history.
with
    given as (
        select *
        from jsonb_to_recordset(%(rows)s) as row (
            line bigint,
            project_id bigint,
            title text,
            description text,
            script text,
            platform text,
            content_type text,
            status text,
            scheduled_at timestamptz,
            published_at timestamptz,
            thumbnail_url text,
            video_url text,
            tags text[],
            metadata jsonb,
            ai_generated boolean,
            day_number integer,
            publish_order integer,
            created_at timestamptz
        )
    ),
    marked as (
        insert into imported_rows (user_id, import_id, line)
        select %(user_id)s, %(import_id)s, line
        from given
        on conflict do nothing
        returning line
    ),
    added as (
        insert into content (
            user_id, project_id, title, description, script, platform, content_type, status,
            scheduled_at, published_at, thumbnail_url, video_url, tags, metadata, ai_generated,
            day_number, publish_order, created_at
        )
        select
            %(user_id)s, project_id, title, description, script, platform, content_type, status,
            scheduled_at, published_at, thumbnail_url, video_url, tags, metadata, ai_generated,
            day_number, publish_order, coalesce(created_at, now())
        from given
        join marked using (line)
        order by line
        returning id, status, title
    ),
    told as (
        insert into content_action_history (content_id, user_id, action, after)
        select
            id,
            %(user_id)s,
            'create',
            jsonb_build_object('status', status, 'title', title, 'import', %(import_id)s::text)
        from added
    )
select count(*) as added from added;

-- name: import_projects
-- Add those rows that this import has not added yet.
with
    given as (
        select *
        from jsonb_to_recordset(%(rows)s) as row (
            line bigint,
            name text,
            description text,
            type text,
            template text,
            platform text,
            target_audience text,
            estimated_duration text,
            tags text[],
            is_public boolean,
            status text,
            metadata jsonb,
            created_at timestamptz
        )
    ),
    marked as (
        insert into imported_rows (user_id, import_id, line)
        select %(user_id)s, %(import_id)s, line
        from given
        on conflict do nothing
        returning line
    ),
    added as (
        insert into projects (
            user_id, name, description, type, template, platform, target_audience,
            estimated_duration, tags, is_public, status, metadata, created_at
        )
        select
            %(user_id)s, name, description, type, template, platform, target_audience,
            estimated_duration, tags, is_public, status, metadata, coalesce(created_at, now())
        from given
        join marked using (line)
        order by line
        returning id
    )
select count(*) as added from added;

-- name: export_content
-- The next rows, in the order in which they were made.
select
    content.id,
    projects.name as project,
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
    content.metadata,
    content.ai_generated,
    content.day_number,
    content.publish_order,
    content.created_at
from content
left join projects on projects.id = content.project_id
where content.user_id = %(user_id)s
    and content.id > %(after)s
order by content.id
limit %(limit)s;

-- name: export_projects
-- The next rows, in the order in which they were made.
select
    id,
    name,
    description,
    type,
    template,
    platform,
    target_audience,
    estimated_duration,
    tags,
    is_public,
    status,
    metadata,
    created_at
from projects
where user_id = %(user_id)s
    and id > %(after)s
order by id
limit %(limit)s;

-- name: count_series
-- How many of the pieces repeat.
select count(distinct content.id) as count
from content
join post_schedules on post_schedules.content_id = content.id
where content.user_id = %(user_id)s
    and post_schedules.recurrence <> 'none';
