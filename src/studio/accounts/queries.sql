-- What accounts, sessions and limits say to the database; its clock is the only one that counts.

-- name: create_user
-- Add an account; its address is unique whatever its case.
insert into users (email, password, first_name, last_name, role)
values (%(email)s, %(password)s, %(first_name)s, %(last_name)s, %(role)s)
returning id, email, first_name, last_name, profile_image_url, role, created_at, updated_at;

-- name: find_password
-- The hash of an account that may sign in.
select id, password
from users
where lower(email) = lower(%(email)s)
    and is_active;

-- name: find_password_by_id
-- The hash of somebody who is signed in.
select id, password
from users
where id = %(user_id)s
    and is_active;

-- name: find_user
-- An account that is active.
select id, email, first_name, last_name, profile_image_url, role, created_at, updated_at
from users
where id = %(user_id)s
    and is_active;

-- name: update_user
-- Change what a user says of themselves; what is not named stays.
update users
set first_name = case when %(set_first_name)s then %(first_name)s::text else first_name end,
    last_name = case when %(set_last_name)s then %(last_name)s::text else last_name end,
    profile_image_url = case
        when %(set_profile_image_url)s then %(profile_image_url)s::text
        else profile_image_url
    end
where id = %(user_id)s
    and is_active
returning id, email, first_name, last_name, profile_image_url, role, created_at, updated_at;

-- name: replace_password
-- Store a new hash, unless the old one was replaced meanwhile.
update users
set password = %(password)s
where id = %(user_id)s
    and password = %(before)s;

-- name: begin_session
-- Add a session of a user.
insert into sessions (sid, sess, expire)
values (%(sid)s, %(sess)s, now() + make_interval(secs => %(idle)s));

-- name: find_session
-- Who a session belongs to, and whether it is time to prolong it.
select
    sessions.expire < now() + make_interval(secs => %(idle)s * 0.9) as aging,
    users.id,
    users.email,
    users.first_name,
    users.last_name,
    users.profile_image_url,
    users.role,
    users.created_at,
    users.updated_at
from sessions
join users on users.id = sessions.sess ->> 'user_id'
where sessions.sid = %(sid)s
    and sessions.expire > now()
    and users.is_active;

-- name: prolong_session
-- Let a session that is used live on, but never beyond its longest life.
update sessions
set expire = least(
    now() + make_interval(secs => %(idle)s),
    created_at + make_interval(secs => %(longest)s)
)
where sid = %(sid)s
    and expire > now();

-- name: list_sessions
-- The sessions of a user, the newest first.
select
    sid as id,
    created_at,
    expire,
    sess ->> 'address' as address,
    sess ->> 'user_agent' as user_agent
from sessions
where sess ->> 'user_id' = %(user_id)s
    and expire > now()
order by created_at desc, sid
limit 100;

-- name: end_session
-- Forget a session by its secret.
delete from sessions where sid = %(sid)s;

-- name: revoke_session
-- Forget a session of a user.
delete from sessions
where sid = %(sid)s
    and sess ->> 'user_id' = %(user_id)s;

-- name: revoke_sessions
-- Forget all sessions of a user.
delete from sessions where sess ->> 'user_id' = %(user_id)s;

-- name: remove_expired_sessions
-- Forget some of the sessions that are over; whoever signs in next removes the next ones.
delete from sessions
where sid in (
    select sid
    from sessions
    where expire <= now()
    order by expire
    limit 100
    for update skip locked
);

-- name: spend
-- Take one attempt from a bucket that fills again by one every `pause` seconds; no row: it is empty.
insert into rate_limits as known (key, spent_until)
values (%(key)s, clock_timestamp() + make_interval(secs => %(pause)s))
on conflict (key) do update
set spent_until = greatest(known.spent_until, clock_timestamp())
        + make_interval(secs => %(pause)s)
where known.spent_until <= clock_timestamp() + make_interval(secs => %(pause)s * (%(burst)s - 1))
returning key;

-- name: seconds_to_wait
-- How long until a bucket holds an attempt again.
select extract(epoch from
    spent_until - clock_timestamp() - make_interval(secs => %(pause)s * (%(burst)s - 1))
)::float8 as seconds
from rate_limits
where key = %(key)s;

-- name: forgive
-- Fill a bucket.
delete from rate_limits where key = %(key)s;

-- name: remove_full
-- Forget some of the buckets that are full again.
delete from rate_limits
where key in (
    select key
    from rate_limits
    where spent_until <= clock_timestamp()
    order by spent_until
    limit 100
    for update skip locked
);
