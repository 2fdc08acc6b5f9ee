-- The schedulers sleep until something is due; whatever makes something due, or due at another time,
-- wakes them through the channel studio_schedule. The payload is the second at which it will be due:
-- who wakes earlier anyway need not look. Claims and outcomes fire nothing: a notification takes a
-- lock that all commits share. One second of a bulk load is one notification.

create or replace function notify_of_schedule() returns trigger
language plpgsql
as $$
begin
    perform pg_catalog.pg_notify(
        'studio_schedule',
        pg_catalog.floor(
            extract(epoch from greatest(new.scheduled_at, new.next_attempt_at))
        )::text
    );
    return null;
end
$$;

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'content'::regclass
            and tgname = 'content_notify_of_new'
            and not tgisinternal
    ) then
        create trigger content_notify_of_new
            after insert on content
            for each row
            when (
                new.status = 'scheduled'
                and new.can_publish
                and not new.is_paused
                and not new.is_stopped
            )
            execute function notify_of_schedule();
    end if;
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'content'::regclass
            and tgname = 'content_notify_of_change'
            and not tgisinternal
    ) then
        create trigger content_notify_of_change
            after update on content
            for each row
            when (
                new.status = 'scheduled'
                and new.can_publish
                and not new.is_paused
                and not new.is_stopped
                and (
                    old.status,
                    old.scheduled_at,
                    old.next_attempt_at,
                    old.can_publish,
                    old.is_paused,
                    old.is_stopped
                ) is distinct from (
                    new.status,
                    new.scheduled_at,
                    new.next_attempt_at,
                    new.can_publish,
                    new.is_paused,
                    new.is_stopped
                )
            )
            execute function notify_of_schedule();
    end if;
end
$$;
