-- lockstep: repeatable
CREATE OR REPLACE VIEW shown_notes AS SELECT id, id % 10 AS shelf FROM notes;
