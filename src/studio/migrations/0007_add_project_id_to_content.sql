-- Content written before there were projects belongs to none; from here on it may belong to one.
-- The foreign key is not checked against the old rows here, for that would keep writers waiting.
-- lockstep: lock-timeout 5s

alter table content add column if not exists project_id bigint;

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_constraint
        where conrelid = 'content'::regclass
            and conname = 'content_project_id_fkey'
    ) then
        alter table content
            add constraint content_project_id_fkey
            foreign key (project_id) references projects (id) on delete cascade not valid;
    end if;
end
$$;
