CREATE TABLE IF NOT EXISTS bookings_2 (during tstzrange, CONSTRAINT bookings_overlap EXCLUDE USING gist (during WITH &&));
