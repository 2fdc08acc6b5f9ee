-- What the project store says to the database. Every statement names the user: another's project is no project.

-- name: create_project
-- Add a project.
insert into projects (
    user_id, name, description, type, template, platform, target_audience, estimated_duration,
    tags, is_public, status, metadata
)
values (
    %(user_id)s, %(name)s, %(description)s, %(type)s, %(template)s, %(platform)s,
    %(target_audience)s, %(estimated_duration)s, %(tags)s, %(is_public)s, %(status)s, %(metadata)s
)
returning
    id, name, description, type, template, platform, target_audience, estimated_duration,
    tags, is_public, status, metadata, created_at, updated_at;

-- name: list_projects
-- Some of a user's projects, the newest first, after a place.
select
    id, name, description, type, template, platform, target_audience, estimated_duration,
    tags, is_public, status, metadata, created_at, updated_at
from projects
where user_id = %(user_id)s
    and (%(status)s::text is null or status = %(status)s::text)
    and (
        %(after_at)s::timestamptz is null
        or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::bigint)
    )
order by created_at desc, id desc
limit %(limit)s;

-- name: find_project
-- A project of a user.
select
    id, name, description, type, template, platform, target_audience, estimated_duration,
    tags, is_public, status, metadata, created_at, updated_at
from projects
where id = %(project_id)s
    and user_id = %(user_id)s;

-- name: hold_project
-- A project of a user, which nobody else may change until this transaction ends.
select
    id, name, description, type, template, platform, target_audience, estimated_duration,
    tags, is_public, status, metadata, created_at, updated_at
from projects
where id = %(project_id)s
    and user_id = %(user_id)s
for update;

-- name: write_project
-- Replace what a project's owner says of it.
update projects
set name = %(name)s,
    description = %(description)s,
    type = %(type)s,
    template = %(template)s,
    platform = %(platform)s,
    target_audience = %(target_audience)s,
    estimated_duration = %(estimated_duration)s,
    tags = %(tags)s,
    is_public = %(is_public)s,
    status = %(status)s,
    metadata = %(metadata)s
where id = %(project_id)s
    and user_id = %(user_id)s
returning
    id, name, description, type, template, platform, target_audience, estimated_duration,
    tags, is_public, status, metadata, created_at, updated_at;

-- name: delete_project
-- Remove a project; its content goes with it.
delete from projects
where id = %(project_id)s
    and user_id = %(user_id)s;
