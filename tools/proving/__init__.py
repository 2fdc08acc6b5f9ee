"""The prover held against a script of psql and pg_dump, and the other way round."""
