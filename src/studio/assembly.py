"""Every part of the studio, named once, each handed what it needs. Only this file reads the settings."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from lockstep import Application, ConfigurationWrong, Database
from studio.accounts.limits import AttemptStore, Bucket, Limits
from studio.accounts.sessions import Lifetime, SessionStore
from studio.accounts.social import SocialAccountStore
from studio.accounts.store import AccountStore
from studio.content.editing import EditingStore
from studio.content.library import ContentLibrary
from studio.content.metrics import MetricsStore
from studio.content.misfire import Misfire, MisfirePolicy
from studio.content.schedules import ScheduleStore
from studio.http_api.app import Doors, create_app
from studio.http_api.parts import Parts
from studio.http_api.stores import Stores
from studio.live_updates.policy import LivePolicy
from studio.live_updates.service import LiveUpdates
from studio.notifications.store import NotificationStore
from studio.operations.boot import BOOT
from studio.operations.logs import show_log, wants_json
from studio.operations.metrics import Sources
from studio.operations.telemetry import tracing
from studio.operations.watch import Watch, make_watch
from studio.planner.endpoint import Endpoint
from studio.planner.planner import Planner
from studio.projects.store import ProjectStore
from studio.publishing.delivery import Courier
from studio.publishing.destinations import Destinations
from studio.publishing.feeds import FeedStore
from studio.publishing.publishers import LogPublisher, NowherePublisher, Publisher
from studio.publishing.router import Router
from studio.scheduler.policy import Policy
from studio.scheduler.service import ContentScheduler
from studio.secrets import Sealer, development_key, read_keys
from studio.settings import Settings, read_settings
from studio.web_page.routes import page_routes

HERE = Path(__file__).parent
_QUARTER = 900.0
_DATABASES = ("LOCKSTEP_DATABASE_URL", "DATABASE_UNPOOLED_URL", "DATABASE_URL")
_DEVELOPMENT_KEY = Path(".lockstep") / "studio.key"


def assemble(settings: Settings, *, embedded: bool = False) -> Application:
    """Return the studio, ready to be booted; nothing runs yet. *embedded*: on the engine's own PostgreSQL."""
    policy = Policy(
        poll=settings.poll_seconds,
        lease=settings.lease_seconds,
        attempts=settings.publish_attempts,
        first_pause=settings.retry_seconds,
        at_once=settings.publish_at_once,
        publish_timeout=settings.publish_timeout_seconds,
    )
    misfires = MisfirePolicy(settings.misfire_grace_seconds, Misfire(settings.misfire))
    database = Database()
    sealer = make_sealer(settings, embedded=embedded)
    traces = tracing()
    publisher = make_publisher(settings, database, sealer)
    publisher = traces.publisher(publisher) if traces else publisher
    scheduler = ContentScheduler(
        publisher, policy, misfires=misfires, migrations=HERE / "migrations"
    )
    live = make_live(settings)
    doors = Doors(settings.body_bytes, settings.trusted_proxies, settings.metrics_token)
    figures = Sources(
        scheduler=lambda: scheduler.health().details,
        pool=database.statistics,
        live=live.statistics,
        boot=lambda: BOOT.steps,
    )
    watch = make_watch(database, lifetime_of(settings), figures, traces)
    return Application(
        name="studio",
        migrations=HERE / "migrations",
        seeds=HERE / "seeds",
        database=database,
        services=(scheduler, Stores(), live),
        http=lambda: create_app(
            make_parts(settings, database, sealer, live, watch), page_routes(), doors=doors
        ),
    )


def make_parts(
    settings: Settings,
    database: Database,
    sealer: Sealer | None = None,
    live: LiveUpdates | None = None,
    watch: Watch | None = None,
) -> Parts:
    """Return what the routes work with; it touches no database."""
    limits = Limits(
        account=Bucket(settings.sign_in_attempts, _QUARTER),
        address=Bucket(settings.address_attempts, _QUARTER),
    )
    return Parts(
        accounts=AccountStore(database),
        sessions=SessionStore(database, lifetime_of(settings)),
        attempts=AttemptStore(database, limits),
        library=ContentLibrary(database),
        editing=EditingStore(database),
        schedules=ScheduleStore(database),
        metrics=MetricsStore(database),
        social_accounts=SocialAccountStore(database, sealer or Sealer()),
        projects=ProjectStore(database),
        notifications=NotificationStore(database),
        planner=Planner(database, make_endpoint(settings)),
        feeds=FeedStore(database),
        live=live or make_live(settings),
        watch=watch or make_watch(database, lifetime_of(settings)),
    )


def lifetime_of(settings: Settings) -> Lifetime:
    """Return how long sessions live."""
    return Lifetime(settings.session_days * 86_400)


def make_sealer(settings: Settings, *, embedded: bool) -> Sealer:
    """Return what seals tokens.

    On the embedded PostgreSQL, which runs in development only, a key is made when one is first needed and kept beside the
    data: they live and die together. Elsewhere there is none unless it is set.
    """
    if settings.secret_key:
        try:
            return Sealer(read_keys(settings.secret_key))
        except ValueError as error:
            raise ConfigurationWrong(
                f"STUDIO_SECRET_KEY: {error}", next_step="Correct it and start again."
            ) from None
    return Sealer(make=lambda: development_key(_DEVELOPMENT_KEY)) if embedded else Sealer()


def make_publisher(settings: Settings, database: Database, sealer: Sealer) -> Publisher:
    """Return what publishes everything, wherever its account says."""
    reject = settings.without_account == "reject"
    return Router(
        Destinations(database),
        sealer,
        Courier(settings.webhook_allow_private),
        otherwise=NowherePublisher() if reject else LogPublisher(),
    )


def make_endpoint(settings: Settings) -> Endpoint | None:
    """Return where a language model writes drafts, if it is said."""
    if not settings.writer_url:
        return None
    return Endpoint(settings.writer_url, settings.writer_key, settings.writer_model)


def make_live(settings: Settings) -> LiveUpdates:
    """Return the service that tells clients of changes; it does nothing yet."""
    return LiveUpdates(
        LivePolicy(
            heartbeat=settings.live_heartbeat_seconds,
            pong_within=settings.live_heartbeat_seconds,
            clients=settings.live_clients,
            clients_per_user=settings.live_clients_per_user,
        )
    )


# A search for reference cycles stops everybody. The rows and frames of a change that thousands watch are gone before one
# of these begins; by Python's own measure they would make for a search through all connections every few changes.
gc.set_threshold(10_000, 10, 10)
SETTINGS = read_settings(os.environ)
show_log(lambda: BOOT.identity, as_json=wants_json(SETTINGS.log, os.environ, sys.stderr))
application = assemble(SETTINGS, embedded=not any(os.environ.get(name) for name in _DATABASES))
