"""Experiments on scratch databases: what is said of migrations is shown, not promised."""
