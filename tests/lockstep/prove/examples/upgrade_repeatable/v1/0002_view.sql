-- lockstep: repeatable
CREATE OR REPLACE VIEW shown_notes AS SELECT id FROM notes;
