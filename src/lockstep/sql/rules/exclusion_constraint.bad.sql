ALTER TABLE bookings DROP CONSTRAINT IF EXISTS bookings_overlap;
ALTER TABLE bookings ADD CONSTRAINT bookings_overlap EXCLUDE USING gist (during WITH &&);
