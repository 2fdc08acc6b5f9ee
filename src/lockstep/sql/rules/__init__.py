"""The rules, one a file; see ``lockstep.sql.rule``."""
