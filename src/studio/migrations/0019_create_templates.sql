-- Outlines that a creator starts from. Seeds bring the first ones.

create table if not exists templates (
    id bigint generated always as identity,
    title text not null,
    description text not null,
    category text not null,
    type text not null,
    -- Without a platform the template suits every one.
    platform text,
    content text not null,
    thumbnail_url text,
    tags text[] not null default '{}',
    is_active boolean not null default true,
    is_featured boolean not null default false,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint templates_pkey primary key (id),
    constraint templates_platform_check check (platform ~ '^[a-z][a-z0-9_]*$'),
    constraint templates_title_key unique (type, title)
);

create index if not exists templates_category_idx on templates (category) where is_active;

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'templates'::regclass
            and tgname = 'templates_set_updated_at'
            and not tgisinternal
    ) then
        create trigger templates_set_updated_at
            before update on templates
            for each row execute function set_updated_at();
    end if;
end
$$;
