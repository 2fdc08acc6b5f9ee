-- Work for the text generator, in a queue that outlives the instance that took the order.

create table if not exists ai_generation_tasks (
    id bigint generated always as identity,
    user_id text not null,
    task_type text not null,
    prompt text not null,
    result text,
    status text not null default 'pending',
    metadata jsonb not null default '{}',
    completed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint ai_generation_tasks_pkey primary key (id),
    constraint ai_generation_tasks_user_id_fkey
        foreign key (user_id) references users (id) on delete cascade,
    constraint ai_generation_tasks_task_type_check check (task_type <> ''),
    constraint ai_generation_tasks_status_check check (
        status in ('pending', 'processing', 'completed', 'failed', 'cancelled')
    )
);

create index if not exists ai_generation_tasks_queue_idx
    on ai_generation_tasks (created_at) where status = 'pending';
create index if not exists ai_generation_tasks_processing_idx
    on ai_generation_tasks (updated_at) where status = 'processing';
create index if not exists ai_generation_tasks_user_id_idx
    on ai_generation_tasks (user_id, created_at desc);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'ai_generation_tasks'::regclass
            and tgname = 'ai_generation_tasks_set_updated_at'
            and not tgisinternal
    ) then
        create trigger ai_generation_tasks_set_updated_at
            before update on ai_generation_tasks
            for each row execute function set_updated_at();
    end if;
end
$$;
