-- What creators write and Studio publishes. A scheduler takes a due row by a lease, so that a row
-- whose instance died is found again: 'publishing' without a lease would stay so for ever.

create table if not exists content (
    id bigint generated always as identity,
    user_id text not null,
    title text not null,
    description text,
    script text,
    platform text not null,
    content_type text not null default 'post',
    status text not null default 'draft',
    scheduled_at timestamptz,
    published_at timestamptz,
    thumbnail_url text,
    video_url text,
    tags text[] not null default '{}',
    metadata jsonb not null default '{}',
    ai_generated boolean not null default false,
    day_number integer,
    is_paused boolean not null default false,
    is_stopped boolean not null default false,
    can_publish boolean not null default true,
    publish_order integer not null default 0,
    content_version integer not null default 1,
    last_regenerated_at timestamptz,
    publish_attempts integer not null default 0,
    next_attempt_at timestamptz,
    lease_owner text,
    lease_until timestamptz,
    last_error text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint content_pkey primary key (id),
    constraint content_user_id_fkey
        foreign key (user_id) references users (id) on delete cascade,
    constraint content_title_check check (title <> ''),
    constraint content_platform_check check (platform ~ '^[a-z][a-z0-9_]*$'),
    constraint content_status_check check (
        status in (
            'draft', 'scheduled', 'publishing', 'published', 'failed', 'paused', 'cancelled'
        )
    ),
    constraint content_scheduled_at_check check (
        status <> 'scheduled' or scheduled_at is not null
    ),
    constraint content_published_at_check check (
        status <> 'published' or published_at is not null
    ),
    constraint content_lease_check check (
        (lease_owner is null) = (lease_until is null)
        and (status <> 'publishing' or lease_until is not null)
    ),
    constraint content_day_number_check check (day_number > 0),
    constraint content_content_version_check check (content_version > 0),
    constraint content_publish_attempts_check check (publish_attempts >= 0)
);

-- Three questions of the scheduler: what is due, what was left behind, what may be tried again.
create index if not exists content_due_idx
    on content (scheduled_at, next_attempt_at) where status = 'scheduled';
create index if not exists content_lease_until_idx
    on content (lease_until) where status = 'publishing';
create index if not exists content_retry_idx
    on content (next_attempt_at) where status = 'failed' and next_attempt_at is not null;

-- Three pages of a user: the newest, the calendar, the counts by status.
create index if not exists content_user_id_created_at_idx on content (user_id, created_at desc);
create index if not exists content_user_id_scheduled_at_idx on content (user_id, scheduled_at);
create index if not exists content_user_id_status_idx on content (user_id, status);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'content'::regclass
            and tgname = 'content_set_updated_at'
            and not tgisinternal
    ) then
        create trigger content_set_updated_at
            before update on content
            for each row execute function set_updated_at();
    end if;
end
$$;
