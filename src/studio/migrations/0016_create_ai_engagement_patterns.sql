-- The hours at which an audience answers. The planner starts from seeds and learns from metrics;
-- sample_size says how much of a row is learned.

create table if not exists ai_engagement_patterns (
    id bigint generated always as identity,
    platform text not null,
    category text not null default 'general',
    optimal_times time[] not null,
    engagement_score numeric(3, 2) not null default 0,
    sample_size integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint ai_engagement_patterns_pkey primary key (id),
    constraint ai_engagement_patterns_platform_check check (platform ~ '^[a-z][a-z0-9_]*$'),
    constraint ai_engagement_patterns_optimal_times_check check (cardinality(optimal_times) > 0),
    constraint ai_engagement_patterns_engagement_score_check check (
        engagement_score between 0 and 1
    ),
    constraint ai_engagement_patterns_sample_size_check check (sample_size >= 0),
    constraint ai_engagement_patterns_pattern_key unique (platform, category)
);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'ai_engagement_patterns'::regclass
            and tgname = 'ai_engagement_patterns_set_updated_at'
            and not tgisinternal
    ) then
        create trigger ai_engagement_patterns_set_updated_at
            before update on ai_engagement_patterns
            for each row execute function set_updated_at();
    end if;
end
$$;
