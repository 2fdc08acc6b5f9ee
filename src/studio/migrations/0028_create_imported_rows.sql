-- Which rows of which import are in already: written together with what they became, so that an
-- import that was interrupted goes on where it stopped, and adds nothing twice.

create table if not exists imported_rows (
    user_id text not null,
    import_id text not null,
    line bigint not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint imported_rows_pkey primary key (user_id, import_id, line),
    constraint imported_rows_user_id_fkey
        foreign key (user_id) references users (id) on delete cascade,
    constraint imported_rows_line_check check (line > 0)
);

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'imported_rows'::regclass
            and tgname = 'imported_rows_set_updated_at'
            and not tgisinternal
    ) then
        create trigger imported_rows_set_updated_at
            before update on imported_rows
            for each row execute function set_updated_at();
    end if;
end
$$;
