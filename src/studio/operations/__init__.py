"""What operators see: the database's health, logs, metrics, traces. It watches the studio and changes nothing in it."""
