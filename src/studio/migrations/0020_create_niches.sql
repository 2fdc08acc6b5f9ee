-- Subjects worth writing about, with how hard they are to enter and what they earn.

create table if not exists niches (
    id bigint generated always as identity,
    name text not null,
    category text not null,
    description text,
    trend_score integer not null default 0,
    difficulty text not null default 'medium',
    profitability text not null default 'medium',
    keywords text[] not null default '{}',
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint niches_pkey primary key (id),
    constraint niches_trend_score_check check (trend_score between 0 and 100),
    constraint niches_difficulty_check check (difficulty in ('easy', 'medium', 'hard')),
    constraint niches_profitability_check check (profitability in ('low', 'medium', 'high')),
    constraint niches_name_key unique (name)
);

create index if not exists niches_trend_score_idx on niches (trend_score desc) where is_active;

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'niches'::regclass
            and tgname = 'niches_set_updated_at'
            and not tgisinternal
    ) then
        create trigger niches_set_updated_at
            before update on niches
            for each row execute function set_updated_at();
    end if;
end
$$;
