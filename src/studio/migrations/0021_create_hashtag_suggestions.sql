-- Hashtags that fit a subject on a platform, offered while a creator writes.

create table if not exists hashtag_suggestions (
    id bigint generated always as identity,
    platform text not null,
    category text not null,
    hashtag text not null,
    trend_score integer not null default 0,
    usage_count integer not null default 0,
    is_active boolean not null default true,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint hashtag_suggestions_pkey primary key (id),
    constraint hashtag_suggestions_platform_check check (platform ~ '^[a-z][a-z0-9_]*$'),
    constraint hashtag_suggestions_hashtag_check check (hashtag ~ '^#[^#[:space:]]+$'),
    constraint hashtag_suggestions_trend_score_check check (trend_score between 0 and 100),
    constraint hashtag_suggestions_usage_count_check check (usage_count >= 0),
    constraint hashtag_suggestions_hashtag_key unique (platform, category, hashtag)
);

create index if not exists hashtag_suggestions_trend_score_idx
    on hashtag_suggestions (platform, trend_score desc) where is_active;

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'hashtag_suggestions'::regclass
            and tgname = 'hashtag_suggestions_set_updated_at'
            and not tgisinternal
    ) then
        create trigger hashtag_suggestions_set_updated_at
            before update on hashtag_suggestions
            for each row execute function set_updated_at();
    end if;
end
$$;
