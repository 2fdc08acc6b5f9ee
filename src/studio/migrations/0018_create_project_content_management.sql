-- Where a project stands: which day of how many, and whether its creator has halted it.

create table if not exists project_content_management (
    id bigint generated always as identity,
    user_id text not null,
    project_id bigint not null,
    total_days integer not null,
    current_day integer not null default 1,
    content_per_day integer not null default 1,
    is_paused boolean not null default false,
    is_stopped boolean not null default false,
    settings jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint project_content_management_pkey primary key (id),
    constraint project_content_management_user_id_fkey
        foreign key (user_id) references users (id) on delete cascade,
    constraint project_content_management_project_id_fkey
        foreign key (project_id) references projects (id) on delete cascade,
    constraint project_content_management_days_check check (
        total_days > 0 and current_day > 0 and content_per_day > 0
    ),
    constraint project_content_management_project_key unique (project_id)
);

create index if not exists project_content_management_user_id_idx
    on project_content_management (user_id);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'project_content_management'::regclass
            and tgname = 'project_content_management_set_updated_at'
            and not tgisinternal
    ) then
        create trigger project_content_management_set_updated_at
            before update on project_content_management
            for each row execute function set_updated_at();
    end if;
end
$$;
