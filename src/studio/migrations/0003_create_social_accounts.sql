-- The accounts on other platforms that Studio may publish to. The application encrypts both tokens
-- before they come here, so that a copy of this table opens no account.

create table if not exists social_accounts (
    id bigint generated always as identity,
    user_id text not null,
    platform text not null,
    account_id text not null,
    account_name text not null,
    access_token text,
    refresh_token text,
    token_expiry timestamptz,
    is_active boolean not null default true,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint social_accounts_pkey primary key (id),
    constraint social_accounts_user_id_fkey
        foreign key (user_id) references users (id) on delete cascade,
    constraint social_accounts_platform_check check (platform ~ '^[a-z][a-z0-9_]*$'),
    constraint social_accounts_account_key unique (user_id, platform, account_id)
);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'social_accounts'::regclass
            and tgname = 'social_accounts_set_updated_at'
            and not tgisinternal
    ) then
        create trigger social_accounts_set_updated_at
            before update on social_accounts
            for each row execute function set_updated_at();
    end if;
end
$$;
