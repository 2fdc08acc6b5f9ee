-- What the content store says to the database. Its clock is the only one that counts: those of the
-- instances differ.

-- name: claim
-- Take the content that a dead instance left behind, else the one that has been due for longest.
with left_behind as (
    select id, status, lease_until as due_at
    from content
    where status = 'publishing'
        and lease_until <= now()
    order by lease_until
    limit 1
    for update skip locked
),
due as (
    select id, status, greatest(scheduled_at, next_attempt_at) as due_at
    from content
    where status = 'scheduled'
        and scheduled_at <= now()
        and (next_attempt_at is null or next_attempt_at <= now())
        and can_publish
        and not is_paused
        and not is_stopped
    order by scheduled_at, next_attempt_at
    limit 1
    for update skip locked
),
chosen as (
    select id, status, due_at from left_behind
    union all
    select id, status, due_at from due
    limit 1
)
update content
set status = 'publishing',
    lease_owner = %(owner)s,
    lease_until = now() + make_interval(secs => %(lease)s::float8),
    publish_attempts = content.publish_attempts + 1,
    next_attempt_at = null
from chosen
where content.id = chosen.id
returning
    chosen.status as status_before,
    extract(epoch from now() - chosen.due_at)::float8 as late,
    exists (
        select 1
        from publications
        where publications.content_id = content.id
            and publications.content_version = content.content_version
            and publications.platform = content.platform
            and publications.status = 'succeeded'
    ) as already_out,
    content.id,
    content.content_version as version,
    content.publish_attempts as attempt,
    content.lease_owner as owner,
    content.scheduled_at,
    content.platform,
    content.content_type,
    content.title,
    content.description,
    content.script,
    content.thumbnail_url,
    content.video_url,
    content.tags;

-- name: abandon_publications
-- Say of the attempts that a dead instance had begun that nobody knows how they ended.
update publications
set status = 'abandoned',
    error = 'the instance that made this attempt did not come back with its outcome'
where content_id = %(content_id)s
    and status = 'started';

-- name: begin_publication
-- Write an attempt down before the platform is called.
insert into publications (content_id, content_version, platform, attempt, status)
values (%(content_id)s, %(version)s, %(platform)s, %(attempt)s, 'started')
returning id;

-- name: end_publication
-- Write down how an attempt ended.
update publications
set status = %(status)s,
    external_id = %(external_id)s,
    external_url = %(external_url)s,
    error = %(error)s
where id = %(publication)s;

-- name: settle
-- Give content its state after an attempt, if it is still ours; without a row it is not.
update content
set status = %(status)s::text,
    published_at = case when %(status)s::text = 'published' then now() else published_at end,
    next_attempt_at = now() + make_interval(secs => %(retry_in)s::float8),
    last_error = %(error)s,
    lease_owner = null,
    lease_until = null
where id = %(content_id)s
    and status = 'publishing'
    and lease_owner = %(owner)s
    and publish_attempts = %(attempt)s
returning id;

-- name: record_action
-- Add a change of state to the history of a piece of content; the scheduler is no user.
insert into content_action_history (content_id, action, before, after)
values (%(content_id)s, %(action)s, %(before)s, %(after)s);

-- name: seconds_to_next
-- How long until something is due, to be tried again, or to be taken over; null: nothing is.
select extract(epoch from least(
    (
        select min(scheduled_at)
        from content
        where status = 'scheduled'
            and next_attempt_at is null
            and can_publish
            and not is_paused
            and not is_stopped
    ),
    (
        select min(greatest(scheduled_at, next_attempt_at))
        from content
        where status = 'scheduled'
            and next_attempt_at is not null
            and can_publish
            and not is_paused
            and not is_stopped
    ),
    (
        select min(lease_until)
        from content
        where status = 'publishing'
    )
) - now())::float8 as seconds;
