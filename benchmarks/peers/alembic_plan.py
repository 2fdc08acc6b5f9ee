"""Compare models with a database by Alembic's autogenerate and print the seconds that it took; making the models is not counted."""

import sys
import time

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects.postgresql import JSONB


def models(count: int) -> sa.MetaData:
    metadata = sa.MetaData()
    for n in range(count):
        table = sa.Table(
            f"t{n}",
            metadata,
            sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
            sa.Column("a", sa.Integer, nullable=False, server_default="0"),
            sa.Column("b", sa.Text, server_default="x"),
            sa.Column("c", sa.String(30)),
            sa.Column("d", JSONB, server_default="{}"),
            sa.Column(
                "e", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
            ),
            sa.Column("f", sa.Numeric(10, 2), server_default="1.5"),
            sa.Column("g", sa.BigInteger, sa.ForeignKey(f"t{max(0, n - 1)}.id", name=f"t{n}_fk")),
        )
        sa.Index(f"t{n}_a", table.c.a, table.c.b)
        sa.Index(f"t{n}_e", table.c.e.desc())
    return metadata


def main(live: str, count: str) -> None:
    metadata = models(int(count))
    engine = sa.create_engine(live.replace("postgresql://", "postgresql+psycopg2://"))
    begun = time.perf_counter()
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    print(time.perf_counter() - begun, len(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
