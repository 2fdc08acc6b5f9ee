-- A title is no longer than what every platform shows. Not yet of the rows that are there.

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_constraint
        where conrelid = 'content'::regclass and conname = 'content_title_length_check'
    ) then
        alter table content
            add constraint content_title_length_check check (char_length(title) <= 80) not valid;
    end if;
end
$$;
