-- What publishers ask of the database: where a piece of content goes, and what a feed shows.

-- name: destinations
-- Of each piece: the project that it is in, and the account of its user that publishes to its platform: the
-- one that was connected first.
select
    content.id,
    content.user_id,
    content.project_id,
    coalesce(projects.is_public, false) as is_public,
    account.account_id,
    account.access_token,
    account.metadata
from content
left join projects on projects.id = content.project_id
left join lateral (
    select social_accounts.account_id, social_accounts.access_token, social_accounts.metadata
    from social_accounts
    where social_accounts.user_id = content.user_id
        and social_accounts.platform = content.platform
        and social_accounts.is_active
        and social_accounts.metadata ? 'publisher'
    order by social_accounts.id
    limit 1
) as account on true
where content.id = any(%(ids)s::bigint[]);

-- name: public_project
-- A project that everybody may read.
select id, name, description, created_at, updated_at
from projects
where id = %(project_id)s
    and is_public;

-- name: published_content
-- What a project has published last, with the place where it is out.
select
    content.id,
    content.title,
    content.description,
    content.script,
    content.platform,
    content.tags,
    content.thumbnail_url,
    content.video_url,
    content.published_at,
    content.updated_at,
    out.external_url
from content
left join lateral (
    select publications.external_url
    from publications
    where publications.content_id = content.id
        and publications.status = 'succeeded'
        and publications.external_url is not null
    order by publications.content_version desc, publications.attempt desc
    limit 1
) as out on true
where content.project_id = %(project_id)s
    and content.status = 'published'
order by content.published_at desc, content.id desc
limit %(limit)s;
