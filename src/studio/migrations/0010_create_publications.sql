-- Every attempt to hand a content to a platform, written down before the platform is called: after
-- a crash this table says what may already be out. One success a version and platform, not two.

create table if not exists publications (
    id bigint generated always as identity,
    content_id bigint not null,
    content_version integer not null,
    platform text not null,
    attempt integer not null default 1,
    status text not null default 'started',
    external_id text,
    external_url text,
    response jsonb,
    error text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint publications_pkey primary key (id),
    constraint publications_content_id_fkey
        foreign key (content_id) references content (id) on delete cascade,
    constraint publications_content_version_check check (content_version > 0),
    constraint publications_platform_check check (platform ~ '^[a-z][a-z0-9_]*$'),
    constraint publications_attempt_check check (attempt > 0),
    -- 'abandoned': the instance died before it heard the platform's answer.
    constraint publications_status_check check (
        status in ('started', 'succeeded', 'failed', 'abandoned')
    )
);

create unique index if not exists publications_success_key
    on publications (content_id, content_version, platform) where status = 'succeeded';
create index if not exists publications_content_id_idx
    on publications (content_id, content_version, platform, attempt);
create index if not exists publications_started_idx
    on publications (created_at) where status = 'started';

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'publications'::regclass
            and tgname = 'publications_set_updated_at'
            and not tgisinternal
    ) then
        create trigger publications_set_updated_at
            before update on publications
            for each row execute function set_updated_at();
    end if;
end
$$;
