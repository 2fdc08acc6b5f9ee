-- Mood is going to be called tone. Both are there, and each follows the other, until no release knows mood any more.

alter table content add column if not exists tone text;

create or replace function content_follow_tone() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'INSERT' then
        new.tone := coalesce(new.tone, new.mood);
        new.mood := new.tone;
    elsif new.tone is distinct from old.tone then
        new.mood := new.tone;
    elsif new.mood is distinct from old.mood then
        new.tone := new.mood;
    end if;
    return new;
end
$$;

do $$
begin
    if not exists (
        select 1
        from pg_catalog.pg_trigger
        where tgrelid = 'content'::regclass and tgname = 'content_follow_tone' and not tgisinternal
    ) then
        create trigger content_follow_tone
            before insert or update on content
            for each row execute function content_follow_tone();
    end if;
end
$$;
