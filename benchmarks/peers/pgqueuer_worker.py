"""PgQueuer on the scheduler's work: ``install``, ``fill N`` or ``work``, with the database's address as the first argument."""

import asyncio
import json
import logging
import sys
from datetime import timedelta

import asyncpg
from pgqueuer import AsyncpgDriver, PgQueuer, Queries

log = logging.getLogger("worker")


async def main(url: str, what: str, count: int) -> None:
    connection = await asyncpg.connect(url)
    driver = AsyncpgDriver(connection)
    if what == "install":
        await Queries(driver).install()
    elif what == "fill":
        jobs = [json.dumps({"content_id": n, "title": "Bread"}).encode() for n in range(count)]
        await Queries(driver).enqueue(["publish"] * count, jobs, [0] * count)
    else:
        queue = PgQueuer(driver)

        @queue.entrypoint("publish")
        async def publish(job: object) -> None:
            content = json.loads(job.payload)
            log.info("content %d is out: %r", content["content_id"], content["title"])

        await queue.run(batch_size=100, dequeue_timeout=timedelta(seconds=5))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    log.setLevel(logging.INFO)
    asyncio.run(main(sys.argv[1], sys.argv[2], int((*sys.argv, "0")[3])))
