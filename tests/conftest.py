"""One PostgreSQL for the whole run, shared by all workers; a database per test; a recorder.

The server is private and starts when it is first needed, unless ``--test-dsn`` or ``LOCKSTEP_TEST_DSN`` names one. It is the
process without workers, or the controller of the workers, that owns it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from lockstep import schemas
from lockstep.catalog.schema_lock import write_lock
from lockstep.embedded import find
from lockstep.settings import resolve
from lockstep.testing import Databases, Project, Recorder, Server, private_cluster

# A busy machine is no defect: properties have no deadline. They are many, so each gets fewer examples than the default.
settings.register_profile("suite", deadline=None, max_examples=50, print_blob=True, database=None)
settings.register_profile("fuzz", settings.get_profile("suite"), max_examples=8000)
settings.load_profile("suite")
OWNED = pytest.StashKey[ExitStack]()
SERVER = pytest.StashKey[Server]()
FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names a server."""
    parser.addoption(
        "--test-dsn",
        default=os.environ.get("LOCKSTEP_TEST_DSN"),
        help="run on this PostgreSQL instead of a private one; the role must be a superuser",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """Name the PostgreSQL of the run."""
    if config.getoption("--test-dsn"):
        return f"postgresql: {server_of(config).version} (given)"
    binaries = find()
    return f"postgresql: {binaries.version} ({binaries.directory})"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Have more workers than processors: they wait for processes and servers a good part of their time."""
    return 3 * (os.cpu_count() or 1) // 2


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where the server is."""
    server = server_of(node.config)
    node.workerinput["server"] = (
        server.dsn,
        server.version,
        str(server.log_path or ""),
        server.port,
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if this process has started it."""
    if owned := config.stash.get(OWNED, None):
        owned.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave most parameters of a test that is marked ``sampled(n)`` to the long tests; n of them stay, evenly spread."""
    families: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sampled"):
            families[item.nodeid.partition("[")[0]].append(item)
    for family in families.values():
        family.sort(key=lambda item: item.nodeid)
        (wanted,) = family[0].get_closest_marker("sampled").args  # type: ignore[union-attr]
        stay = {round(n * (len(family) - 1) / max(wanted - 1, 1)) for n in range(wanted)}
        for position, item in enumerate(family):
            if position not in stay:
                item.add_marker(pytest.mark.long)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the database of a failed test, and let it be kept."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
        conninfo = getattr(item, "funcargs", {}).get("database")
        if conninfo and report.when == "call":
            kept = "kept as long as its server: look at it with --pdb, or use --test-dsn"
            report.sections.append(("database", f"{conninfo}\n({kept})"))
    return report


def server_of(config: pytest.Config) -> Server:
    """Return the server of the run, starting it when need be."""
    if SERVER not in config.stash:
        if told := getattr(config, "workerinput", {}).get("server"):
            dsn, version, log_path, port = told
            config.stash[SERVER] = Server(dsn, version, Path(log_path) if log_path else None, port)
        else:
            owned = config.stash.setdefault(OWNED, ExitStack())
            config.stash[SERVER] = owned.enter_context(
                private_cluster(dsn=config.getoption("--test-dsn"))
            )
    return config.stash[SERVER]


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Server:
    """The PostgreSQL of the run; ``cluster.conninfo(dbname)`` connects."""
    return server_of(request.config)


@pytest.fixture(scope="session")
def databases(cluster: Server) -> Iterator[Databases]:
    """Maker of databases, for tests that need several or a template."""
    with Databases(cluster.conninfo()) as databases:
        yield databases


@pytest.fixture
def database(databases: Databases, request: pytest.FixtureRequest) -> Iterator[str]:
    """The connection string of a fresh, empty database; kept when the test fails."""
    conninfo = databases.create()
    yield conninfo
    if not request.node.stash.get(FAILED, False):
        databases.drop(conninfo)


@pytest.fixture
def recorder() -> Recorder:
    """A listener that remembers all events."""
    return Recorder()


@pytest.fixture
def project(tmp_path: Path, database: str) -> Project:
    """A project folder that boots on the test's database."""
    return Project(tmp_path / "project", database)


@pytest.fixture
def schema_lock(project: Project, cluster: Server) -> Callable[[], Path]:
    """Write the project's ``schema.lock`` as ``lockstep snapshot`` does; returns the file."""

    def write() -> Path:
        environ = {"LOCKSTEP_SCRATCH_URL": cluster.conninfo(), "LOCKSTEP_DATABASE_URL": "dbname=x"}
        settings = resolve(flags={}, environ=environ, root=project.root)
        settings.schema_lock.write_text(write_lock(schemas.of_history(settings)))
        return settings.schema_lock

    return write
