-- What the planner proposes. A proposal that its creator takes becomes a content, and points to it.

create table if not exists ai_generated_content (
    id bigint generated always as identity,
    ai_project_id bigint not null,
    user_id text not null,
    content_id bigint,
    title text not null,
    body text not null,
    platform text not null,
    content_type text not null default 'post',
    day_number integer not null default 1,
    hashtags text[] not null default '{}',
    confidence numeric(3, 2),
    status text not null default 'draft',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint ai_generated_content_pkey primary key (id),
    constraint ai_generated_content_ai_project_id_fkey
        foreign key (ai_project_id) references ai_projects (id) on delete cascade,
    constraint ai_generated_content_user_id_fkey
        foreign key (user_id) references users (id) on delete cascade,
    constraint ai_generated_content_content_id_fkey
        foreign key (content_id) references content (id) on delete set null,
    constraint ai_generated_content_platform_check check (platform ~ '^[a-z][a-z0-9_]*$'),
    constraint ai_generated_content_day_number_check check (day_number > 0),
    constraint ai_generated_content_confidence_check check (confidence between 0 and 1),
    constraint ai_generated_content_status_check check (
        status in (
            'draft', 'scheduled', 'published', 'failed', 'paused', 'stopped', 'rejected'
        )
    )
);

create index if not exists ai_generated_content_ai_project_id_idx
    on ai_generated_content (ai_project_id, day_number);
create index if not exists ai_generated_content_user_id_idx
    on ai_generated_content (user_id, created_at desc);
create index if not exists ai_generated_content_content_id_idx
    on ai_generated_content (content_id);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'ai_generated_content'::regclass
            and tgname = 'ai_generated_content_set_updated_at'
            and not tgisinternal
    ) then
        create trigger ai_generated_content_set_updated_at
            before update on ai_generated_content
            for each row execute function set_updated_at();
    end if;
end
$$;
