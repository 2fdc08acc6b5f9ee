"""Bring the schema to where the files say: files and ledger make a plan, the plan is applied."""
