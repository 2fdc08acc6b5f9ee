"""Every part of the studio, named once, each handed what it needs. Only this file reads the settings."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from lockstep import Application, Database
from studio.http_api.app import create_app
from studio.scheduler.policy import Policy
from studio.scheduler.publishers import LogPublisher
from studio.scheduler.service import ContentScheduler
from studio.settings import Settings, read_settings
from studio.web_page.routes import page_routes

HERE = Path(__file__).parent


def assemble(settings: Settings) -> Application:
    """Return the studio, ready to be booted; nothing runs yet."""
    policy = Policy(
        poll=settings.poll_seconds,
        lease=settings.lease_seconds,
        attempts=settings.publish_attempts,
        first_pause=settings.retry_seconds,
    )
    return Application(
        name="studio",
        migrations=HERE / "migrations",
        seeds=HERE / "seeds",
        database=Database(),
        services=(ContentScheduler(LogPublisher(), policy),),
        http=lambda: create_app(page_routes()),
    )


def show_log() -> None:
    """Write what the studio logs to stderr, unless whoever started it has decided otherwise."""
    log = logging.getLogger("studio")
    if log.hasHandlers():
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)


show_log()
application = assemble(read_settings(os.environ))
