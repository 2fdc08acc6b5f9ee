"""Rows for every table: as few as show a loss, as valid as the tables ask for, the same at every run."""
