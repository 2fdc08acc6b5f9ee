"""Write the names of PostgreSQL's own functions that are not volatile, for ``lockstep.sql.volatility``.

Of the server that ``LOCKSTEP_PG_BIN`` or the embedded wheel gives. Left out is what no default calls: the functions behind
operators, index methods, types and statistics.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import psycopg

from lockstep.testing import private_cluster

TARGET = Path(__file__).parent.parent / "src" / "lockstep" / "sql" / "nonvolatile.txt"
QUERY = """
SELECT p.proname
FROM pg_proc p
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
  AND p.proname !~ '^(pg_stat|pg_ls|gin|gist|spg|brin|bt|hash|binary_upgrade)'
GROUP BY p.proname
HAVING bool_and(p.provolatile <> 'v')
   AND bool_or(
       NOT p.proretset
       AND NOT p.prorettype = ANY ('{internal,cstring,trigger,event_trigger,void}'::regtype[])
       AND NOT p.proargtypes::oid[] && '{internal,cstring}'::regtype[]::oid[]
       AND NOT EXISTS (SELECT FROM pg_operator WHERE oprcode = p.oid)
       AND NOT EXISTS (SELECT FROM pg_amproc WHERE amproc = p.oid)
       AND NOT EXISTS (SELECT FROM pg_aggregate WHERE aggtransfn = p.oid OR aggfinalfn = p.oid))
ORDER BY 1"""


def main() -> None:
    """Ask and write."""
    with (
        private_cluster() as server,
        psycopg.connect(server.conninfo()) as connection,
    ):
        names = [row[0] for row in connection.execute(QUERY)]
    TARGET.write_text(
        textwrap.fill(" ".join(names), 120, break_on_hyphens=False) + "\n", encoding="utf-8"
    )
    print(f"{len(names)} names in {TARGET.name}")


if __name__ == "__main__":
    main()
