-- Signed-in browsers, kept here and not in memory, so that any instance can serve any request.

create table if not exists sessions (
    sid text not null,
    sess jsonb not null,
    expire timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint sessions_pkey primary key (sid)
);

create index if not exists sessions_expire_idx on sessions (expire);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'sessions'::regclass
            and tgname = 'sessions_set_updated_at'
            and not tgisinternal
    ) then
        create trigger sessions_set_updated_at
            before update on sessions
            for each row execute function set_updated_at();
    end if;
end
$$;
