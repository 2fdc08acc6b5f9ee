-- Who changed what: one row for every change of a content's state, never rewritten.
-- Without a user it was the scheduler, or somebody whose account is gone.

create table if not exists content_action_history (
    id bigint generated always as identity,
    content_id bigint not null,
    user_id text,
    action text not null,
    before jsonb,
    after jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint content_action_history_pkey primary key (id),
    constraint content_action_history_content_id_fkey
        foreign key (content_id) references content (id) on delete cascade,
    constraint content_action_history_user_id_fkey
        foreign key (user_id) references users (id) on delete set null,
    constraint content_action_history_action_check check (action <> '')
);

create index if not exists content_action_history_content_id_idx
    on content_action_history (content_id, created_at);
create index if not exists content_action_history_user_id_idx
    on content_action_history (user_id, created_at desc);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'content_action_history'::regclass
            and tgname = 'content_action_history_set_updated_at'
            and not tgisinternal
    ) then
        create trigger content_action_history_set_updated_at
            before update on content_action_history
            for each row execute function set_updated_at();
    end if;
end
$$;
