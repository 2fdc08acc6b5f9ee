-- In batches, each committed: what was filled stays filled, and no row is locked for long.
-- lockstep: no-transaction

do $$
declare
    last bigint := 0;
    batch bigint[];
begin
    loop
        select array_agg(id order by id) into batch
        from (
            select id from content_metrics where id > last and reach is null order by id limit 5000
        ) as next;
        exit when batch is null;
        update content_metrics set reach = views + 10 * shares where id = any (batch);
        last := batch[cardinality(batch)];
        commit;
    end loop;
end
$$;
