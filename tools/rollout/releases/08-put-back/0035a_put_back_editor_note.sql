-- What whoever has no `lockstep repair` writes, once it is known what is missing.

alter table content add column if not exists editor_note text;
