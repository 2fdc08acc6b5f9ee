-- When a content goes to which platform, also again and again. Two instances may lay out the next
-- date of a series at once; a date waits only once.

create table if not exists post_schedules (
    id bigint generated always as identity,
    content_id bigint not null,
    platform text not null,
    scheduled_at timestamptz not null,
    recurrence text not null default 'none',
    -- The wall clock that a series keeps to when summer time begins.
    timezone text not null default 'UTC',
    series_end_date date,
    status text not null default 'pending',
    retry_count integer not null default 0,
    last_attempt_at timestamptz,
    error_message text,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint post_schedules_pkey primary key (id),
    constraint post_schedules_content_id_fkey
        foreign key (content_id) references content (id) on delete cascade,
    constraint post_schedules_platform_check check (platform ~ '^[a-z][a-z0-9_]*$'),
    constraint post_schedules_recurrence_check check (
        recurrence in ('none', 'daily', 'weekdays', 'weekly', 'monthly')
    ),
    constraint post_schedules_status_check check (
        status in ('pending', 'processing', 'completed', 'failed', 'paused', 'cancelled')
    ),
    constraint post_schedules_retry_count_check check (retry_count >= 0)
);

create unique index if not exists post_schedules_waiting_key
    on post_schedules (content_id, platform, scheduled_at)
    where status in ('pending', 'processing');
create index if not exists post_schedules_due_idx
    on post_schedules (scheduled_at) where status = 'pending';
create index if not exists post_schedules_processing_idx
    on post_schedules (last_attempt_at) where status = 'processing';
create index if not exists post_schedules_content_id_idx
    on post_schedules (content_id, scheduled_at);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'post_schedules'::regclass
            and tgname = 'post_schedules_set_updated_at'
            and not tgisinternal
    ) then
        create trigger post_schedules_set_updated_at
            before update on post_schedules
            for each row execute function set_updated_at();
    end if;
end
$$;
