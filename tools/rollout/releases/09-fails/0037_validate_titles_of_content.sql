-- Of every row, from here on.

alter table content validate constraint content_title_length_check;
