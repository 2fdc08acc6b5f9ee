-- What the notification store says to the database. Every statement names the user.

-- name: add_notification
-- Tell a user something.
insert into notifications (user_id, type, title, message, metadata)
values (%(user_id)s, %(type)s, %(title)s, %(message)s, %(metadata)s)
returning id, type, title, message, is_read, read_at, metadata, created_at;

-- name: list_notifications
-- Some of a user's notifications, the newest first, after a place.
select id, type, title, message, is_read, read_at, metadata, created_at
from notifications
where user_id = %(user_id)s
    and (
        %(after_at)s::timestamptz is null
        or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::bigint)
    )
order by created_at desc, id desc
limit %(limit)s;

-- name: list_unread_notifications
-- The same of those that were not read; a statement of its own, for an index of its own.
select id, type, title, message, is_read, read_at, metadata, created_at
from notifications
where user_id = %(user_id)s
    and not is_read
    and (
        %(after_at)s::timestamptz is null
        or (created_at, id) < (%(after_at)s::timestamptz, %(after_id)s::bigint)
    )
order by created_at desc, id desc
limit %(limit)s;

-- name: count_unread_notifications
-- How many a user has not read.
select count(*) as unread
from notifications
where user_id = %(user_id)s
    and not is_read;

-- name: read_notification
-- Mark one as read; the first time counts.
update notifications
set is_read = true,
    read_at = coalesce(read_at, now())
where id = %(notification_id)s
    and user_id = %(user_id)s
returning id, type, title, message, is_read, read_at, metadata, created_at;

-- name: read_all_notifications
-- Mark all as read that were there when the user looked.
update notifications
set is_read = true,
    read_at = now()
where user_id = %(user_id)s
    and not is_read
    and (%(up_to)s::bigint is null or id <= %(up_to)s::bigint);
