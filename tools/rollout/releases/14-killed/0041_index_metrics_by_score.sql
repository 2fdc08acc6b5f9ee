-- The front page.
-- lockstep: no-transaction

create index concurrently if not exists content_metrics_score_idx on content_metrics (score desc);
