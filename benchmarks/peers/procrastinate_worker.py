"""Procrastinate on the scheduler's work: ``install``, ``fill N`` or ``work``, with the database's address as the first argument."""

import asyncio
import logging
import sys

import procrastinate

log = logging.getLogger("worker")


async def main(url: str, what: str, count: int) -> None:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))

    @app.task(name="publish")
    async def publish(content_id: int, title: str) -> None:
        log.info("content %d is out: %r", content_id, title)

    async with app.open_async():
        if what == "install":
            await app.schema_manager.apply_schema_async()
        elif what == "fill":
            jobs = [{"content_id": n, "title": "Bread"} for n in range(count)]
            await publish.batch_defer_async(*jobs)
        else:
            await app.run_worker_async(concurrency=100)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    log.setLevel(logging.INFO)
    asyncio.run(main(sys.argv[1], sys.argv[2], int((*sys.argv, "0")[3])))
