-- The planner's calendar: which day, which hour, which platform, before anything is scheduled.

create table if not exists ai_content_calendar (
    id bigint generated always as identity,
    ai_project_id bigint not null,
    user_id text not null,
    content_id bigint,
    scheduled_date date not null,
    scheduled_time time not null,
    platform text not null,
    content_type text not null default 'post',
    status text not null default 'planned',
    optimal_score numeric(3, 2),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint ai_content_calendar_pkey primary key (id),
    constraint ai_content_calendar_ai_project_id_fkey
        foreign key (ai_project_id) references ai_projects (id) on delete cascade,
    constraint ai_content_calendar_user_id_fkey
        foreign key (user_id) references users (id) on delete cascade,
    constraint ai_content_calendar_content_id_fkey
        foreign key (content_id) references content (id) on delete set null,
    constraint ai_content_calendar_platform_check check (platform ~ '^[a-z][a-z0-9_]*$'),
    constraint ai_content_calendar_status_check check (
        status in ('planned', 'scheduled', 'published', 'skipped', 'cancelled')
    ),
    constraint ai_content_calendar_optimal_score_check check (optimal_score between 0 and 1)
);

create index if not exists ai_content_calendar_user_id_idx
    on ai_content_calendar (user_id, scheduled_date, scheduled_time);
create index if not exists ai_content_calendar_ai_project_id_idx
    on ai_content_calendar (ai_project_id, scheduled_date, scheduled_time);
create index if not exists ai_content_calendar_content_id_idx
    on ai_content_calendar (content_id);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'ai_content_calendar'::regclass
            and tgname = 'ai_content_calendar_set_updated_at'
            and not tgisinternal
    ) then
        create trigger ai_content_calendar_set_updated_at
            before update on ai_content_calendar
            for each row execute function set_updated_at();
    end if;
end
$$;
