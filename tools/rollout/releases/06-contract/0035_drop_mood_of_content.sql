-- No release that still runs knows mood.
-- lockstep: breaking

drop trigger if exists content_follow_tone on content;
drop function if exists content_follow_tone();
alter table content drop column if exists mood;
