-- A public project's feed shows what it has published last, to anybody who asks and as often as
-- they like. Built concurrently, so that nobody who is publishing waits for it.
-- lockstep: no-transaction

create index concurrently if not exists content_published_idx
    on content (project_id, published_at desc, id desc) where status = 'published';
