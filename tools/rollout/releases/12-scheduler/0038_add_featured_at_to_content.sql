-- When a piece was featured last.

alter table content add column if not exists featured_at timestamptz;
