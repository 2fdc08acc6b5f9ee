-- The mood that a piece is to be written in, and a note that a later release will show.

alter table content add column if not exists mood text;
alter table content add column if not exists editor_note text;
