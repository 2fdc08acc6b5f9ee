-- How a published content does, as its platform last told: one row a content and platform, kept
-- up to date.

create table if not exists content_metrics (
    id bigint generated always as identity,
    content_id bigint not null,
    platform text not null,
    views bigint not null default 0,
    likes bigint not null default 0,
    comments bigint not null default 0,
    shares bigint not null default 0,
    engagement_rate numeric(5, 2) not null default 0,
    revenue numeric(12, 2) not null default 0,
    last_updated timestamptz not null default now(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint content_metrics_pkey primary key (id),
    constraint content_metrics_content_id_fkey
        foreign key (content_id) references content (id) on delete cascade,
    constraint content_metrics_platform_check check (platform ~ '^[a-z][a-z0-9_]*$'),
    constraint content_metrics_counts_check check (
        views >= 0 and likes >= 0 and comments >= 0 and shares >= 0 and engagement_rate >= 0
    ),
    constraint content_metrics_content_key unique (content_id, platform)
);

-- The collector asks for those that it has not looked at for longest.
create index if not exists content_metrics_last_updated_idx on content_metrics (last_updated);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'content_metrics'::regclass
            and tgname = 'content_metrics_set_updated_at'
            and not tgisinternal
    ) then
        create trigger content_metrics_set_updated_at
            before update on content_metrics
            for each row execute function set_updated_at();
    end if;
end
$$;
