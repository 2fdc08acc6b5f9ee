"""Nothing to do: connect, one SELECT of the ledger, leave."""

import sys

import psycopg

LEDGER = "SELECT kind, name, checksum FROM lockstep.ledger ORDER BY position"


def main(url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(LEDGER).fetchall()


if __name__ == "__main__":
    main(sys.argv[1])
