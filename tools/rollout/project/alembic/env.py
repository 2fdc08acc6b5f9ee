"""Alembic's environment: one connection, a transaction for each revision that allows for it."""

import os

import sqlalchemy
from alembic import context

engine = sqlalchemy.create_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1),
    poolclass=sqlalchemy.pool.NullPool,
)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
