-- lockstep: no-transaction
ALTER TABLE visits DETACH PARTITION visits_2020 CONCURRENTLY;
