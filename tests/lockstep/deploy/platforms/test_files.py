"""The files of each platform, judged by the formats' own tools and by what a deploy without an error needs of them."""

from __future__ import annotations

import ast
import http.server
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep.cli.arguments import build_parser
from lockstep.deploy.budget import Budget
from lockstep.deploy.platforms.rendering import PLATFORMS, render
from lockstep.deploy.platforms.service import Service
from lockstep.errors import (
    ConfigurationWrong,
    FilesRejected,
    HistoryDiverged,
    NeedsUnmet,
    PrivilegeMissing,
)

BUDGET = Budget(30.0, 240.0, 60.0, "assumed", 60.0, 10.0, 10.0)
SERVICE = Service(
    app="Shop 'n' $more",
    name="shop",
    application="shop:application",
    command=("lockstep", "serve", "shop:application"),
    python="3.12",
    port=5080,
    postgresql=17,
    requirements="requirements.lock",
    hashed=True,
    installable=True,
    shipped=("lockstep.toml", "migrations"),
    migrations="migrations",
    seeds="seeds",
    budget=BUDGET,
)
HANDED_OVER = Service(
    **{
        **{name: getattr(SERVICE, name) for name in Service.__annotations__},
        "command": ("lockstep", "run", "--", "sh", "-c", 'echo "$HOME" 100%'),
        "requirements": "",
        "hashed": False,
        "installable": False,
        "shipped": (),
    }
)
BOTH = pytest.mark.parametrize("service", [SERVICE, HANDED_OVER], ids=["serve", "run"])


def texts(service: Service) -> dict[str, str]:
    """Every file of every platform."""
    return {file.path: file.text for file in render(service, PLATFORMS)}


def accepted(tmp_path: Path, name: str, text: str, *command: str) -> str:
    """Hand a file to a tool, which must accept it; return what it said."""
    file = tmp_path / name
    file.write_text(text)
    tool = shutil.which(command[0], path=str(Path(sys.executable).parent)) or command[0]
    done = subprocess.run(
        [tool, *command[1:], str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.long
@BOTH
def test_compose_and_workflow_fit_their_schemas(tmp_path: Path, service: Service) -> None:
    """check-jsonschema accepts both, by the schemas of the Compose specification and of GitHub's workflows."""
    files = texts(service)
    for schema, name in (
        ("vendor.compose-spec", "compose.yaml"),
        ("vendor.github-workflows", ".github/workflows/lockstep.yml"),
    ):
        accepted(tmp_path, "file.yaml", files[name], "check-jsonschema", "--builtin-schema", schema)


@pytest.mark.parametrize("version", ["1.30.0", "1.34.0", "1.37.0"])
def test_kubernetes_knows_every_field(tmp_path: Path, version: str) -> None:
    """The strict schemas of the oldest version with preStop.sleep by default, of that where it is stable, and of the newest."""
    text = texts(SERVICE)["deploy/kubernetes.yaml"]
    said = accepted(tmp_path, "k.yaml", text, "kubernetes-validate", "--strict", "-k", version)
    assert said.count("passed") == 3


def test_kubernetes_waits_for_a_boot_and_for_a_stop() -> None:
    """Startup gets the whole budget, liveness never asks for the database, and a pod is told to go before it is killed."""
    deployment, service, disruption = yaml.safe_load_all(texts(SERVICE)["deploy/kubernetes.yaml"])
    spec = deployment["spec"]["template"]["spec"]
    container = spec["containers"][0]
    startup, alive, ready = (container[f"{n}Probe"] for n in ("startup", "liveness", "readiness"))
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 30 + 240 + 60 + 60
    assert [p["httpGet"]["path"] for p in (startup, alive, ready)] == ["/startupz", "/livez", "/readyz"]  # fmt: skip
    assert deployment["spec"]["progressDeadlineSeconds"] > 390
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    before = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] >= before + 10 + 10
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["enableServiceLinks"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"]
    url = next(e for e in container["env"] if e["name"] == "DATABASE_URL")
    assert url["valueFrom"]["secretKeyRef"] == {"name": "shop", "key": "DATABASE_URL"}
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    for selector in (service["spec"]["selector"], disruption["spec"]["selector"]["matchLabels"]):
        assert selector.items() <= labels


def test_compose_starts_the_service_on_a_server_that_answers_and_lets_it_drain() -> None:
    """The password is asked for, never written; the volume is where this version of the image keeps its data."""
    compose = yaml.safe_load(texts(SERVICE)["compose.yaml"])
    app, database = compose["services"]["app"], compose["services"]["database"]
    assert app["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert "--host=127.0.0.1" in database["healthcheck"]["test"]
    assert int(app["stop_grace_period"].removesuffix("s")) >= 20
    assert database["volumes"] == ["database:/var/lib/postgresql/data"]
    assert app["environment"]["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def instructions(text: str) -> list[tuple[str, str]]:
    """A Dockerfile's instructions, as its reference says: comments are whole lines, a backslash joins."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = [line for line in kept.replace("\\\n", " ").splitlines() if line.strip()]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def commands(steps: list[tuple[str, str]]) -> list[list[str]]:
    """What is run, while building and after; it must be in exec form."""
    return [
        json.loads(rest[rest.index("[") :])
        for name, rest in steps
        if name in {"RUN", "CMD", "HEALTHCHECK"}
    ]


@BOTH
def test_the_image_has_no_compiler_no_shell_and_no_root(service: Service) -> None:
    """Two stages; only the environment leaves the first; everything runs in exec form, at last as a user with a number."""
    steps = instructions(texts(service)["Dockerfile"])
    assert {name for name, _ in steps} <= {"FROM", "WORKDIR", "RUN", "COPY", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ARG", "CMD"}  # fmt: skip
    stages = [n for n, (name, _) in enumerate(steps) if name == "FROM"]
    assert [steps[n][1] for n in stages] == ["python:3.12 AS build", "python:3.12-slim"]
    last = dict(steps[stages[1] :])
    assert re.fullmatch(r"[1-9]\d*", last["USER"])
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(last["CMD"]) == list(service.command)
    assert steps[-1][0] == "CMD"
    assert "--start-period=390s" in last["HEALTHCHECK"]
    assert [c[0] for c in commands(steps[stages[1] :])[:1]] == ["useradd"]
    copied = [rest for name, rest in steps[stages[1] :] if name == "COPY" and "--from" in rest]
    assert copied == ["--from=build /opt/venv /opt/venv"]
    assert not [c for c in commands(steps) if {c[0], Path(c[0]).name} & {"sh", "bash", "apt-get"}]


def test_what_is_installed_is_held_against_hashes_before_the_code_comes() -> None:
    """The pinned packages come first, with --require-hashes; the service after them, without its dependencies."""
    steps = instructions(texts(SERVICE)["Dockerfile"])
    first, own = (c for c in commands(steps) if "pip" in c)
    assert first[-3:] == ["--require-hashes", "-r", "requirements.lock"]
    assert own[-2:] == ["--no-deps", "."]
    assert steps.index(("COPY", ". .")) > steps.index(("COPY", '["requirements.lock", "./requirements.lock"]'))  # fmt: skip


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_image_asks_whether_the_process_is_alive(status: int, healthy: bool) -> None:
    """The health command succeeds only on a 200 of /livez at the port in PORT."""
    asked = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's name
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    health = next(c for c in commands(instructions(texts(SERVICE)["Dockerfile"])) if c[0] == "python" and "-c" in c)  # fmt: skip
    ast.parse(health[2])
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = subprocess.run(
            [sys.executable, *health[1:]],
            env={"PORT": str(server.server_port)},
            check=False,
            timeout=30,
        )
        server.shutdown()
    assert (done.returncode == 0) is healthy
    assert asked == ["/livez"]


@BOTH
def test_systemd_understands_the_unit(tmp_path: Path, service: Service) -> None:
    """systemd-analyze finds nothing wrong with it; one that is served tells when it is ready, and need not hurry."""
    text = texts(service)["deploy/shop.service"]
    for status in (ConfigurationWrong, FilesRejected, HistoryDiverged, NeedsUnmet, PrivilegeMissing):  # fmt: skip
        assert str(status.exit_status) in re.findall(r"RestartPreventExitStatus=(.*)", text)[0].split()  # fmt: skip
    assert ("Type=notify" in text.splitlines()) is (service is SERVICE)
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd here")
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    real = text.replace("/opt/shop/venv/bin/lockstep", str(program))
    said = accepted(tmp_path, "shop.service", real, "systemd-analyze", "verify")
    assert "shop.service" not in said


def test_heroku_reads_what_is_meant() -> None:
    """By Heroku's pattern of a line there are a release phase and a web process, and no comment is taken for one."""
    found = dict(re.findall(r"(?m)^([A-Za-z0-9_-]+):\s*(.+)$", texts(SERVICE)["Procfile"]))
    assert found == {"release": "lockstep up", "web": "lockstep serve shop:application"}


def test_railway_is_told_of_window_overlap_and_draining() -> None:
    """The variables say what the budget says; the file that is no longer read is not written."""
    files = texts(SERVICE)
    text = files[".railway/railway.ts"]
    variables = dict(re.findall(r'^ +(RAILWAY_\w+): "(\d+)",$', text, re.MULTILINE))
    assert variables == {
        "RAILWAY_HEALTHCHECK_TIMEOUT_SEC": "420",
        "RAILWAY_DEPLOYMENT_OVERLAP_SECONDS": "20",
        "RAILWAY_DEPLOYMENT_DRAINING_SECONDS": "25",
    }
    assert 'healthcheck: "/api/health"' in text
    assert not {"railway.json", "railway.toml"} & files.keys()


@BOTH
def test_the_workflow_runs_commands_that_there_are(service: Service) -> None:
    """Every step is a shell script that bash can read, and every lockstep in it has flags that lockstep knows."""
    workflow = yaml.safe_load(texts(service)[".github/workflows/lockstep.yml"])
    scripts = [s["run"] for job in workflow["jobs"].values() for s in job["steps"] if "run" in s]
    ran = []
    for script in scripts:
        subprocess.run(["bash", "-n", "-c", script], check=True)
        for line in re.findall(r"(?m)^lockstep (.*)$", script):
            options = build_parser().parse_args(
                [word for word in shlex.split(line) if "since[@]" not in word]
            )
            ran.append(options.command)
    assert ran == ["lint", "snapshot", "prove", "verify"]
