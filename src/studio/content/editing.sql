-- What the editing store says to the database.

-- name: create_piece
-- Add a draft, in a project of the same person's or in none; without a row there is no such project.
insert into content (
    user_id,
    project_id,
    title,
    description,
    script,
    platform,
    content_type,
    thumbnail_url,
    video_url,
    tags,
    metadata,
    ai_generated,
    day_number,
    publish_order
)
select
    %(user_id)s,
    %(project_id)s,
    %(title)s,
    %(description)s,
    %(script)s,
    %(platform)s,
    %(content_type)s,
    %(thumbnail_url)s,
    %(video_url)s,
    %(tags)s,
    %(metadata)s,
    %(ai_generated)s,
    %(day_number)s,
    %(publish_order)s
where %(project_id)s::bigint is null
    or exists (
        select 1
        from projects
        where projects.id = %(project_id)s
            and projects.user_id = %(user_id)s
    )
returning id;

-- name: lock_piece
-- Lock a piece of somebody's content, and read all of it that people write.
select
    status,
    revision,
    project_id,
    title,
    description,
    script,
    platform,
    content_type,
    thumbnail_url,
    video_url,
    tags,
    metadata,
    ai_generated,
    day_number,
    publish_order
from content
where id = %(content_id)s
    and user_id = %(user_id)s
for no key update;

-- name: edit_piece
-- Write the columns that are given over the revision that was read; the others stay as they are.
update content
set (
    project_id,
    title,
    description,
    script,
    platform,
    content_type,
    thumbnail_url,
    video_url,
    tags,
    metadata,
    ai_generated,
    day_number,
    publish_order
) = (
    select
        given.project_id,
        given.title,
        given.description,
        given.script,
        given.platform,
        given.content_type,
        given.thumbnail_url,
        given.video_url,
        given.tags,
        given.metadata,
        given.ai_generated,
        given.day_number,
        given.publish_order
    from jsonb_populate_record(content, %(given)s) as given
),
content_version = content_version + %(versions)s,
revision = revision + 1
where id = %(content_id)s
    and revision = %(revision)s
    and status <> 'publishing';

-- name: own_project
-- Is there such a project of that person's?
select 1
from projects
where id = %(project_id)s
    and user_id = %(user_id)s;

-- name: move_open_schedules
-- Let the open schedule go to the platform that its content goes to now.
update post_schedules
set platform = %(platform)s
where content_id = %(content_id)s
    and status not in ('completed', 'cancelled');

-- name: delete_piece
-- Delete a piece of somebody's content and all that hangs on it, unless a platform is just taking it.
delete from content
where id = %(content_id)s
    and user_id = %(user_id)s
    and status <> 'publishing';
