-- How often somebody has tried to sign in or to register: counted here, so that all instances count
-- together. A row is a bucket of attempts; it is full again at spent_until, and may then be removed.
-- Sessions become what people sign in with, and a user's own ones are asked for.

create table if not exists rate_limits (
    key text not null,
    spent_until timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint rate_limits_pkey primary key (key)
);

create index if not exists rate_limits_spent_until_idx on rate_limits (spent_until);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'rate_limits'::regclass
            and tgname = 'rate_limits_set_updated_at'
            and not tgisinternal
    ) then
        create trigger rate_limits_set_updated_at
            before update on rate_limits
            for each row execute function set_updated_at();
    end if;
end
$$;

-- lockstep: ignore index-not-concurrent because no release before this one writes sessions
create index if not exists sessions_user_id_idx on sessions ((sess ->> 'user_id'));
