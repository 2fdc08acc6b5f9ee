-- The tone of what was written before.
-- lockstep: no-transaction

do $$
declare
    last bigint := 0;
    batch bigint[];
begin
    loop
        select array_agg(id order by id) into batch
        from (
            select id
            from content
            where id > last and mood is not null and tone is null
            order by id
            limit 5000
        ) as next;
        exit when batch is null;
        update content set tone = mood where id = any (batch) and tone is null;
        last := batch[cardinality(batch)];
        commit;
    end loop;
end
$$;
