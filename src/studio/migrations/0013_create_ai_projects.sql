-- The brief that a creator gives the planner: what about, for whom, how often, how long.

create table if not exists ai_projects (
    id bigint generated always as identity,
    user_id text not null,
    project_id bigint,
    title text not null,
    description text,
    project_type text not null default 'campaign',
    duration_days integer not null default 30,
    content_frequency text not null default 'daily',
    target_platforms text[] not null default '{}',
    content_categories text[] not null default '{}',
    start_date date,
    end_date date,
    status text not null default 'draft',
    settings jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint ai_projects_pkey primary key (id),
    constraint ai_projects_user_id_fkey
        foreign key (user_id) references users (id) on delete cascade,
    constraint ai_projects_project_id_fkey
        foreign key (project_id) references projects (id) on delete cascade,
    constraint ai_projects_title_check check (title <> ''),
    constraint ai_projects_duration_days_check check (duration_days between 1 and 365),
    constraint ai_projects_dates_check check (end_date >= start_date),
    constraint ai_projects_status_check check (
        status in ('draft', 'active', 'paused', 'completed', 'cancelled', 'archived')
    )
);

create index if not exists ai_projects_user_id_status_idx on ai_projects (user_id, status);
create index if not exists ai_projects_project_id_idx on ai_projects (project_id);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'ai_projects'::regclass
            and tgname = 'ai_projects_set_updated_at'
            and not tgisinternal
    ) then
        create trigger ai_projects_set_updated_at
            before update on ai_projects
            for each row execute function set_updated_at();
    end if;
end
$$;
