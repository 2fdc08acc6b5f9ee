-- The pieces that were seen most, by platform.
-- lockstep: no-transaction

create index concurrently if not exists content_metrics_views_idx
    on content_metrics (platform, views desc);
