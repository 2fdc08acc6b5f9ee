-- Counts what people write into a piece of content, and nothing that the scheduler writes: two
-- editors are told apart by it. content_version counts what platforms may have seen.
-- lockstep: lock-timeout 5s

alter table content add column if not exists revision integer not null default 1;
