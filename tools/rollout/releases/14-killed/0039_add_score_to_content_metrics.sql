-- What the front page sorts by.

alter table content_metrics add column if not exists score bigint;
