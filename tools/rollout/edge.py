"""nginx before the replicas. It hides nothing: what a replica does to a request, the client gets to see."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

# No request is tried on a second replica, and none is kept from a replica that failed: errors are to be seen.
_CONFIGURATION = """
daemon on; worker_processes 1; pid nginx.pid; error_log error.log;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    map $http_upgrade $connection_header {{ default upgrade; '' close; }}
    upstream replicas {{ {servers} }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://replicas;
            proxy_http_version 1.1;
            proxy_next_upstream off;
            proxy_connect_timeout 2s;
            proxy_read_timeout 60s;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto http;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_header;
        }}
    }}
}}
"""
_NOBODY = "server 127.0.0.1:9 down; server 127.0.0.1:9 max_fails=0;"


def program() -> str:
    """Return where nginx is; raises ``SystemExit`` if it is not installed."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        raise SystemExit("nginx is not installed: apt-get install nginx")
    return found


class Edge:
    """An nginx whose files are in *folder* and which answers on *port*."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port

    def start(self) -> None:
        """Start it, with no replica behind it."""
        self._folder.mkdir()
        self._write(())
        self._nginx()

    def point_at(self, ports: Sequence[int]) -> None:
        """Let new requests go to the replicas at *ports*; those under way, and WebSockets, stay where they are."""
        self._write(ports)
        self._nginx("-s", "reload")

    def stop(self) -> None:
        """End it."""
        pid = int((self._folder / "nginx.pid").read_text(encoding="ascii"))
        os.kill(pid, signal.SIGTERM)

    def _nginx(self, *arguments: str) -> None:
        command = [program(), "-p", str(self._folder), "-c", "nginx.conf", "-e", "error.log"]
        subprocess.run([*command, *arguments], check=True, stderr=subprocess.DEVNULL)

    def _write(self, ports: Sequence[int]) -> None:
        servers = " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in ports)
        text = _CONFIGURATION.format(servers=servers or _NOBODY, port=self._port)
        (self._folder / "nginx.conf").write_text(text, encoding="utf-8")
