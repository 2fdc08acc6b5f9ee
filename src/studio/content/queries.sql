-- What the content store says to the database. Its clock is the only one that counts: those of the
-- instances differ.

-- name: lock_due
-- Lock what dead instances left behind, then what has been due for longest; what others hold is passed by.
-- The weaker FOR UPDATE: a metric that is just being added to a piece must not make us pass it by.
with left_behind as (
    select id, status, publish_attempts, lease_until as due_at, metadata
    from content
    where status = 'publishing'
        and lease_until <= now()
        and lease_until >= coalesce(%(since)s::timestamptz, '-infinity')
        and (%(only)s::bigint[] is null or id = any(%(only)s::bigint[]))
        and id <> all(%(without)s::bigint[])
    order by lease_until
    limit %(most)s
    for no key update skip locked
),
due as (
    select
        id,
        status,
        publish_attempts,
        greatest(scheduled_at, next_attempt_at) as due_at,
        metadata
    from content
    where status = 'scheduled'
        and scheduled_at <= now()
        and scheduled_at >= coalesce(%(since)s::timestamptz, '-infinity')
        and (next_attempt_at is null or next_attempt_at <= now())
        and can_publish
        and not is_paused
        and not is_stopped
        and (%(only)s::bigint[] is null or id = any(%(only)s::bigint[]))
        and id <> all(%(without)s::bigint[])
    order by scheduled_at, next_attempt_at
    limit (select greatest(%(most)s - count(*), 0) from left_behind)
    for no key update skip locked
),
chosen as (
    select id, status, publish_attempts, due_at, metadata from left_behind
    union all
    select id, status, publish_attempts, due_at, metadata from due
)
select
    id,
    status,
    publish_attempts as attempts,
    extract(epoch from now() - due_at)::float8 as late,
    metadata ->> 'misfire' as misfire,
    metadata ? 'held' as held
from chosen;

-- name: take
-- Give locked content to an owner for a time, and write that and the attempts down before any platform is called.
with taken as (
    update content
    set status = 'publishing',
        lease_owner = %(owner)s,
        lease_until = now() + make_interval(secs => %(lease)s::float8),
        publish_attempts = publish_attempts + 1,
        next_attempt_at = null
    where id = any(%(ids)s::bigint[])
    returning
        id,
        content_version,
        publish_attempts,
        lease_owner,
        scheduled_at,
        platform,
        content_type,
        title,
        description,
        script,
        thumbnail_url,
        video_url,
        tags,
        user_id,
        project_id
),
begun as (
    insert into publications (content_id, content_version, platform, attempt, status)
    select id, content_version, platform, publish_attempts, 'started'
    from taken
    returning id, content_id
),
noted as (
    insert into content_action_history (content_id, action, before, after)
    select given.content_id, given.action, given.before, given.after
    from jsonb_to_recordset(%(changes)s) as given (
        content_id bigint, action text, before jsonb, after jsonb
    )
)
select
    exists (
        select 1
        from publications
        where publications.content_id = taken.id
            and publications.content_version = taken.content_version
            and publications.platform = taken.platform
            and publications.status = 'succeeded'
    ) as already_out,
    begun.id as publication,
    taken.id,
    taken.content_version as version,
    taken.publish_attempts as attempt,
    taken.lease_owner as owner,
    taken.scheduled_at,
    taken.platform,
    taken.content_type,
    taken.title,
    taken.description,
    taken.script,
    taken.thumbnail_url,
    taken.video_url,
    taken.tags,
    taken.user_id,
    taken.project_id
from taken
inner join begun on begun.content_id = taken.id;

-- name: abandon_publications
-- Say of the attempts that dead instances had begun that nobody knows how they ended.
update publications
set status = 'abandoned',
    error = 'the instance that made this attempt did not come back with its outcome'
where content_id = any(%(ids)s::bigint[])
    and status = 'started';

-- name: dismiss
-- Cancel or hold what has missed its time; what a person resumes later is not held again.
update content
set status = given.status,
    is_paused = given.status = 'paused',
    is_stopped = given.status = 'cancelled',
    can_publish = false,
    next_attempt_at = case when given.status = 'paused' then next_attempt_at end,
    last_error = given.reason,
    metadata = case
        when given.status = 'paused' then metadata || '{"held": true}'
        else metadata
    end
from jsonb_to_recordset(%(dismissed)s) as given (content_id bigint, status text, reason text)
where content.id = given.content_id;

-- name: renew
-- Prolong the leases that are still ours; the rows that come back are those.
with locked as (
    select content.id
    from content
    inner join jsonb_to_recordset(%(held)s) as given (content_id bigint, attempt integer)
        on given.content_id = content.id
    where content.status = 'publishing'
        and content.lease_owner = %(owner)s
        and content.publish_attempts = given.attempt
    order by content.id
    for no key update of content
)
update content
set lease_until = now() + make_interval(secs => %(lease)s::float8)
from locked
where content.id = locked.id
returning content.id;

-- name: settle
-- Give content its state after an attempt where it is still ours, and write that down; the rows that come back
-- are those. Rows are locked in the order of their ids, as everybody does: two transactions cannot wait for each other.
with given as (
    select
        given.content_id,
        given.attempt,
        given.publication,
        given.status,
        given.ended,
        given.error,
        given.retry_in,
        given.external_id,
        given.external_url
    from jsonb_to_recordset(%(settlements)s) as given (
        content_id bigint,
        attempt integer,
        publication bigint,
        status text,
        ended text,
        error text,
        retry_in float8,
        external_id text,
        external_url text
    )
),
locked as (
    select content.id
    from content
    inner join given on given.content_id = content.id
    where content.status = 'publishing'
        and content.lease_owner = %(owner)s
        and content.publish_attempts = given.attempt
    order by content.id
    for no key update of content
),
ours as (
    update content
    set status = given.status,
        published_at = case when given.status = 'published' then now() else published_at end,
        next_attempt_at = now() + make_interval(secs => given.retry_in),
        last_error = given.error,
        lease_owner = null,
        lease_until = null
    from given
    inner join locked on locked.id = given.content_id
    where content.id = given.content_id
    returning content.id
),
ended as (
    update publications
    set status = given.ended,
        external_id = given.external_id,
        external_url = given.external_url,
        error = given.error
    from given
    where publications.id = given.publication
        and given.content_id in (select id from ours)
),
noted as (
    insert into content_action_history (content_id, action, before, after)
    select changes.content_id, changes.action, changes.before, changes.after
    from rows from (
        jsonb_to_recordset(%(changes)s) as (
            content_id bigint, action text, before jsonb, after jsonb
        )
    ) with ordinality as changes (content_id, action, before, after, place)
    where changes.content_id in (select id from ours)
    order by changes.place
)
select
    id,
    exists (select 1 from post_schedules where post_schedules.content_id = ours.id) as planned
from ours;

-- name: record_actions
-- Add changes of state to the history of content, in their order; the scheduler is no user.
insert into content_action_history (content_id, action, before, after)
select given.content_id, given.action, given.before, given.after
from rows from (
    jsonb_to_recordset(%(changes)s) as (content_id bigint, action text, before jsonb, after jsonb)
) with ordinality as given (content_id, action, before, after, place)
order by given.place;

-- name: seconds_to_next
-- How long until something is due, to be tried again, or to be taken over; null: nothing is. And what time it is.
select
    now() as now,
    extract(epoch from least(
        (
            select min(scheduled_at)
            from content
            where status = 'scheduled'
                and scheduled_at >= coalesce(%(since)s::timestamptz, '-infinity')
                and next_attempt_at is null
                and can_publish
                and not is_paused
                and not is_stopped
                and id <> all(%(without)s::bigint[])
        ),
        (
            select min(greatest(scheduled_at, next_attempt_at))
            from content
            where status = 'scheduled'
                and scheduled_at >= coalesce(%(since)s::timestamptz, '-infinity')
                and next_attempt_at is not null
                and can_publish
                and not is_paused
                and not is_stopped
                and id <> all(%(without)s::bigint[])
        ),
        (
            select min(lease_until)
            from content
            where status = 'publishing'
                and lease_until >= coalesce(%(since)s::timestamptz, '-infinity')
                and id <> all(%(without)s::bigint[])
        )
    ) - now())::float8 as seconds;

-- name: index_only
-- In this transaction, do not read rows that the index does not lead to: some cannot be read.
select set_config('enable_seqscan', 'off', true), now() as now;

-- name: due_ids
-- Name what is due, reading as little of it as can be.
select id
from content
where (
    status = 'scheduled'
    and scheduled_at <= now()
    and (next_attempt_at is null or next_attempt_at <= now())
    and can_publish
    and not is_paused
    and not is_stopped
    or status = 'publishing'
    and lease_until <= now()
)
and id <> all(%(without)s::bigint[])
order by scheduled_at
limit %(most)s;

-- name: backlog
-- How much is due now, counted no further than is worth knowing.
select count(*) as due
from (
    select 1
    from content
    where status = 'scheduled'
        and scheduled_at <= now()
        and (next_attempt_at is null or next_attempt_at <= now())
        and can_publish
        and not is_paused
        and not is_stopped
    limit %(most)s
) as counted;

-- name: still_there
-- See that a connection on which nothing was heard is still one.
select 1;
