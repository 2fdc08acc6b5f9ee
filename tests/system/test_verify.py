"""``lockstep verify`` against real services: one that is well, and ones that are not in a certain way."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lockstep.testing import Finished, Project, finish, until

APPLICATION = """
import lockstep

HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin",
           "content-security-policy": "frame-ancestors 'none'"}

async def web(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"} if scope["path"] == "/ws" else {"type": "websocket.close"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    status = 500 if scope["path"] == "/broken" else 200
    headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"open"})

class Clerk:
    name, needs, after, critical = "clerk", lockstep.Needs({"items": ("id",)}), (), True
    async def start(self, database): pass
    async def stop(self): pass
    def health(self): return lockstep.ServiceHealth(ok=True)

application = lockstep.Application(name="default", services=(Clerk(),), http=lambda: web, lifespan=False)
"""
RELEASE = "4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d"
QUICK = ("--steady", "300ms", "--json")


@pytest.fixture
def served(project: Project) -> Iterator[str]:
    """A service on a database with a lock file, of a release that knows its name; its address."""
    project.migration("0001_items.sql", "create table if not exists items (id bigint);")
    assert project.run("up").status == 0
    assert project.run("snapshot", "--from-database").status == 0
    (project.root / "clerk.py").write_text(APPLICATION)
    port = _free_port()
    process = project.start(
        "serve", "clerk:application", "--port", str(port), LOCKSTEP_RELEASE=RELEASE
    )
    try:
        until(lambda: _connects(port), what="it listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert finish(process).status == 0


def results(done: Finished) -> dict[str, str]:
    """How each check ended."""
    return {check["name"]: check["result"] for check in json.loads(done.stdout)["checks"]}


def test_a_release_that_serves_as_it_should_is_verified(project: Project, served: str) -> None:
    """Health, boot, release, socket, headers, database, replicas and steady requests hold; JUnit tells the same."""
    done = project.run(
        "verify", served, "--database", project.database, "--release", RELEASE[:9],
        "--websocket", "/ws", "--wait", "20s", "--junit", "verify.xml", *QUICK,
    )  # fmt: skip
    assert done.status == 0, done.stdout
    found = results(done)
    assert found.pop("scheduler") == "skipped"
    assert set(found.values()) == {"holds"}
    assert set(found) == {"health", "boot", "release", "websocket", "headers", "certificate", "record", "pending", "drift", "indexes", "replicas", "steady"}  # fmt: skip
    assert 'failures="0" skipped="1"' in (project.root / "verify.xml").read_text()


def test_what_is_wrong_in_the_database_is_found(project: Project, served: str) -> None:
    """A pending file, a dropped column, an invalid index, and a process of another release."""
    with psycopg.connect(project.database, autocommit=True) as connection:
        connection.execute("insert into items values (1), (1)")
        with contextlib.suppress(psycopg.errors.UniqueViolation):
            connection.execute("create unique index concurrently twice on items (id)")
        connection.execute("alter table items add column more int")
        connection.execute("alter table items alter id set default 7")
    project.migration("0002_more.sql", "alter table items add column if not exists name text;")
    done = project.run("verify", served, "--database", project.database, "--release", "v2", *QUICK)
    assert done.status == 1
    wrong = {name for name, result in results(done).items() if result == "fails"}
    assert wrong == {"release", "record", "pending", "drift", "indexes", "replicas"}
    assert "no boot of v2 is recorded in " in done.stdout
    assert "0002_more.sql" in done.stdout


@pytest.mark.long
def test_what_is_not_asked_for_is_left_out_and_the_rest_counts(
    project: Project, served: str
) -> None:
    """Without a database nothing can be verified, unless that is said; a page that fails is found by the steady requests."""
    assert results(project.run("verify", served, *QUICK))["database"] == "fails"
    left = ("--without", "database", "--release", RELEASE)
    assert project.run("verify", served, *left, *QUICK).status == 0
    broken = project.run("verify", served, *left, "--page", "/broken", *QUICK)
    assert results(broken)["steady"] == "fails"
    refused = project.run("verify", served, *left, "--websocket", "/closed", *QUICK)
    assert "403: reached, and closed to strangers" in refused.stdout
    unknown = project.run("verify", served, "--without", "everything")
    assert unknown.status == 78
    assert "there is no check named everything" in unknown.stderr


@pytest.mark.long
def test_an_address_comes_from_the_environments_table(project: Project, served: str) -> None:
    """``--production`` reads it, and takes no database but the one that is named for it."""
    (project.root / "lockstep.toml").write_text(
        f'[environments.production]\nurl = "{served}/ignored"\nwebsocket = "/ws"\n'
    )
    done = project.run("verify", "--production", "--release", RELEASE, *QUICK)
    assert json.loads(done.stdout)["url"] == served
    assert results(done)["websocket"] == "holds"
    assert results(done)["database"] == "fails"
    nowhere = project.run("verify", "--environment", "staging")
    assert nowhere.status == 78
    assert "[environments.staging] url" in nowhere.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("http://127.0.0.1:99999",), "Port out of range"),
        (("http://[::1",), "Invalid IPv6 URL"),
        (("http://me:hunter2@127.0.0.1:9",), "it names a user"),
        (("http://127.0.0.1:9", "--header", "Cookie=hunter2"), "is not a header"),
        (("http://127.0.0.1:9", "--junit", "no/such/folder.xml"), "no/such/folder.xml cannot be written"),
    ],
)  # fmt: skip
def test_what_is_asked_for_wrongly_is_refused(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:  # fmt: skip
    """Exit status 78 with what is wrong; nothing that was not foreseen, and no password of an address."""
    done = Project(tmp_path, "dbname=nobody").run("verify", "--without", "database", "--steady", "0s", *arguments)  # fmt: skip
    assert done.status == 78, done.stderr
    assert told in done.stderr
    assert ":hunter2" not in done.stdout + done.stderr


def test_a_boot_that_failed_says_why_and_ends_the_waiting(project: Project) -> None:
    """The record of the very release: how it ended, with its reason; one from before the waiting began does not end it."""
    project.migration("0001_items.sql", "create table if not exists items (id bigint primary key, name text not null);")  # fmt: skip
    assert project.run("up", LOCKSTEP_RELEASE="v1").status == 0
    bad = project.migration("0002_bad.sql", "insert into items values (1, null) on conflict (id) do nothing;")  # fmt: skip
    assert project.run("up", LOCKSTEP_RELEASE=RELEASE).status == 70
    at = ("verify", f"http://127.0.0.1:{_free_port()}", "--database", project.database, "--release", RELEASE[:9])  # fmt: skip
    once = project.run(*at, *QUICK)
    record = next(c for c in json.loads(once.stdout)["checks"] if c["name"] == "record")
    assert record["result"] == "fails"
    assert "failed at migrate: 0002_bad.sql: null value in column" in record["saw"]
    assert "(migrations/0002_bad.sql:1:1)" in record["saw"]
    assert "Some rows hold NULL there" in record["todo"]
    waiting = project.start(*at, "--wait", "10m", *QUICK)
    assert waiting.stderr is not None
    while "record: up on" not in waiting.stderr.readline():
        pass
    assert project.run("up", LOCKSTEP_RELEASE=RELEASE).status == 70
    assert finish(waiting).status == 1
    bad.unlink()
    assert project.run("up", LOCKSTEP_RELEASE=RELEASE).status == 0
    assert results(project.run(*at, *QUICK))["record"] == "holds"
    with psycopg.connect(project.database) as connection:
        connection.execute("update lockstep.boots set outcome = null, ended_at = null")
    assert results(project.run(*at, *QUICK))["record"] == "skipped"


@pytest.mark.long
def test_waiting_ends_as_soon_as_all_holds(project: Project) -> None:
    """It says what it waits for, and is satisfied by a service that is started meanwhile."""
    (project.root).mkdir(exist_ok=True)
    (project.root / "clerk.py").write_text(APPLICATION)
    project.migration("0001_items.sql", "create table if not exists items (id bigint);")
    port = _free_port()
    waiting = project.start(
        "verify", f"http://127.0.0.1:{port}", "--without", "database", "--wait", "60s", *QUICK
    )
    assert waiting.stderr is not None
    assert "for health" in waiting.stderr.readline()
    service = project.start("serve", "clerk:application", "--port", str(port))
    done = finish(waiting)
    service.terminate()
    finish(service)
    assert done.status == 0, done.stdout


CONFIGURATION = """
error_log stderr;
pid nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate certificate.pem; ssl_certificate_key key.pem;
        add_header Strict-Transport-Security "max-age=63072000" always;
        location / {{ proxy_pass {inner}; }}
    }}
}}
"""


@pytest.fixture
def edge(tmp_path: Path, served: str) -> Iterator[tuple[str, Path]]:
    """A real nginx with TLS before the service: its address, and the certificate that vouches for it."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        message = "nginx is not installed: apt-get install nginx"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    assert program is not None
    prefix, port = tmp_path / "nginx", _free_port()
    prefix.mkdir()
    _certify(prefix, days=30)
    (prefix / "nginx.conf").write_text(CONFIGURATION.format(port=port, inner=served))
    only = "daemon off; worker_processes 1;"
    command = [program, "-p", str(prefix), "-c", "nginx.conf", "-e", "stderr", "-g", only]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _connects(port), what="nginx listens")
            yield f"https://localhost:{port}", prefix / "certificate.pem"
        finally:
            process.terminate()


@pytest.mark.long
def test_tls_is_verified_as_a_browser_does(project: Project, edge: tuple[str, Path]) -> None:
    """A certificate that somebody vouches for holds, with HSTS; one that nobody does fails health already."""
    url, certificate = edge
    asked = ("verify", url, "--without", "database", "--without", "redirects", "--release", RELEASE)
    done = project.run(*asked, *QUICK, SSL_CERT_FILE=str(certificate))
    assert done.status == 0, done.stdout
    found = json.loads(done.stdout)["checks"]
    assert "valid for 30 days" in next(c["saw"] for c in found if c["name"] == "certificate")
    stranger = project.run(*asked, *QUICK)
    assert stranger.status == 1
    assert "CERTIFICATE_VERIFY_FAILED" in stranger.stdout


def _certify(folder: Path, *, days: int) -> None:
    """Write a certificate for localhost that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _connects(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
