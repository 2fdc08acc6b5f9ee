-- A project's page lists its content day by day. Built concurrently, so that nobody who is
-- publishing waits for it.
-- lockstep: no-transaction

create index concurrently if not exists content_project_id_idx
    on content (project_id, day_number, publish_order);
