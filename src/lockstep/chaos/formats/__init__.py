"""How an outcome is written."""
