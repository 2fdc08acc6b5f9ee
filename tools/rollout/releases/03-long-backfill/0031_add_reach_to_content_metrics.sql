-- How many people a piece reached, as far as its figures tell.

alter table content_metrics add column if not exists reach bigint;
