-- What was longer is cut; then it holds of every row.

update content set title = left(title, 80) where char_length(title) > 80;
alter table content validate constraint content_title_length_check;
