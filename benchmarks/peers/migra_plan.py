"""Compare two databases with migra and print the seconds that it took; imports are not counted."""

import sys
import time

from migra import Migration
from sqlbag import S


def main(live: str, expected: str) -> None:
    live, expected = (
        url.replace("postgresql://", "postgresql+psycopg2://") for url in (live, expected)
    )
    begun = time.perf_counter()
    with S(live) as first, S(expected) as second:
        migration = Migration(first, second)
        migration.set_safety(False)
        migration.add_all_changes()
        text = migration.sql
    print(time.perf_counter() - begun, len(text))


if __name__ == "__main__":
    main(*sys.argv[1:])
