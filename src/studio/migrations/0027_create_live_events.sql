-- What clients that are connected live must hear of: one row for every row of the history, and for
-- every content that is gone. transaction_id tells apart what a reader has seen from what became
-- visible later, in whatever order transactions commit. No foreign keys: an event outlives what it
-- tells of. Rows go after some hours; the history stays.

create table if not exists live_events (
    id bigint generated always as identity,
    transaction_id xid8 not null default pg_current_xact_id(),
    -- Whose content it is: they hear of it, whoever did it.
    user_id text not null,
    content_id bigint not null,
    -- The project it is in, and those that it was in before or after this change.
    project_ids bigint[] not null default '{}',
    -- Null once the content is deleted, for its history goes with it.
    history_id bigint,
    action text not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint live_events_pkey primary key (id),
    constraint live_events_action_check check (action <> '')
);

-- What every instance asks for whenever it is woken, and what a client asks for that comes back.
create index if not exists live_events_transaction_id_idx on live_events (transaction_id);
create index if not exists live_events_user_id_idx on live_events (user_id, transaction_id);

-- One row a running instance, rewritten every few seconds; not worth a line in the log.
create unlogged table if not exists live_replicas (
    replica text not null,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    figures jsonb not null,
    constraint live_replicas_pkey primary key (replica)
);

-- The notification is empty, so that a transaction sends one, however much it changes.
create or replace function announce_changed_content() returns trigger
language plpgsql
as $$
begin
    insert into live_events (user_id, content_id, project_ids, history_id, action)
    select
        content.user_id,
        content.id,
        array_remove(
            array[
                content.project_id,
                case when fresh.before ->> 'project_id' ~ '^[0-9]{1,18}$'
                    then (fresh.before ->> 'project_id')::bigint end,
                case when fresh.after ->> 'project_id' ~ '^[0-9]{1,18}$'
                    then (fresh.after ->> 'project_id')::bigint end
            ],
            null
        ),
        fresh.id,
        fresh.action
    from fresh
    -- One look into the index a row. As a join it would be planned once a session, for however many
    -- rows the first statement had: after a bulk, each single change would read all content.
    cross join lateral (
        select each.id, each.user_id, each.project_id
        from content as each
        where each.id = fresh.content_id
        limit 1
    ) as content
    order by fresh.id;
    perform pg_notify('studio_events', '');
    return null;
end
$$;

create or replace function announce_deleted_content() returns trigger
language plpgsql
as $$
begin
    insert into live_events (user_id, content_id, project_ids, action)
    select gone.user_id, gone.id, array_remove(array[gone.project_id], null), 'delete'
    from gone
    order by gone.id;
    if found then
        perform pg_notify('studio_events', '');
    end if;
    return null;
end
$$;

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'content_action_history'::regclass
            and tgname = 'content_action_history_announce'
            and not tgisinternal
    ) then
        create trigger content_action_history_announce
            after insert on content_action_history
            referencing new table as fresh
            for each statement execute function announce_changed_content();
    end if;
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'content'::regclass
            and tgname = 'content_announce_deleted'
            and not tgisinternal
    ) then
        create trigger content_announce_deleted
            after delete on content
            referencing old table as gone
            for each statement execute function announce_deleted_content();
    end if;
end
$$;
