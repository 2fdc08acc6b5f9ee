-- The old rows are checked in a transaction of their own, while readers and writers go on.

alter table content validate constraint content_project_id_fkey;
