"""An empty database: each file of ./migrations and one ledger insert in a transaction of its own."""

import hashlib
import sys
from pathlib import Path

import psycopg

TABLE = "CREATE TABLE ledger (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
RECORD = "INSERT INTO ledger (name, checksum) VALUES (%s, %s)"


def main(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE)
        for path in sorted(Path("migrations").glob("*.sql")):
            raw = path.read_bytes()
            with connection.transaction():
                connection.execute(raw)
                connection.execute(RECORD, (path.name, hashlib.sha256(raw).hexdigest()))


if __name__ == "__main__":
    main(sys.argv[1])
