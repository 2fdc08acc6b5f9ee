-- What Studio has to tell a user who may not be looking: published, failed, planned.

create table if not exists notifications (
    id bigint generated always as identity,
    user_id text not null,
    type text not null,
    title text not null,
    message text not null,
    is_read boolean not null default false,
    read_at timestamptz,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint notifications_pkey primary key (id),
    constraint notifications_user_id_fkey
        foreign key (user_id) references users (id) on delete cascade,
    constraint notifications_type_check check (type <> ''),
    constraint notifications_read_at_check check (is_read or read_at is null)
);

create index if not exists notifications_user_id_idx
    on notifications (user_id, created_at desc);
create index if not exists notifications_unread_idx
    on notifications (user_id, created_at desc) where not is_read;

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'notifications'::regclass
            and tgname = 'notifications_set_updated_at'
            and not tgisinternal
    ) then
        create trigger notifications_set_updated_at
            before update on notifications
            for each row execute function set_updated_at();
    end if;
end
$$;
