"""The only folder of the engine that knows the driver: open, examine, lock, gate, run."""
