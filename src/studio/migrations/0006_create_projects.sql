-- A project gathers the content of one undertaking: a series, a campaign, a channel.

create table if not exists projects (
    id bigint generated always as identity,
    user_id text not null,
    name text not null,
    description text,
    type text not null default 'campaign',
    template text,
    platform text,
    target_audience text,
    estimated_duration text,
    tags text[] not null default '{}',
    is_public boolean not null default false,
    status text not null default 'active',
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint projects_pkey primary key (id),
    constraint projects_user_id_fkey
        foreign key (user_id) references users (id) on delete cascade,
    constraint projects_name_check check (name <> ''),
    constraint projects_platform_check check (platform ~ '^[a-z][a-z0-9_]*$'),
    constraint projects_status_check check (
        status in ('active', 'paused', 'completed', 'archived')
    )
);

create index if not exists projects_user_id_created_at_idx on projects (user_id, created_at desc);
create index if not exists projects_user_id_status_idx on projects (user_id, status);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'projects'::regclass
            and tgname = 'projects_set_updated_at'
            and not tgisinternal
    ) then
        create trigger projects_set_updated_at
            before update on projects
            for each row execute function set_updated_at();
    end if;
end
$$;
