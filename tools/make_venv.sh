#!/bin/sh
# Make .venv from requirements.lock. Needs Python >= 3.11 with venv; uses uv where it is on PATH, only because it is faster.
set -eu

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Lockstep needs Python 3.11 or newer on PATH (or: make PYTHON=/path/to/python3.11)." >&2
    exit 1
}

python=$(find_python)
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "$python has no venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 1
fi

echo "Making .venv with $("$python" --version) ..."
# An environment that works is brought up to date in place: something may be running from it.
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
if command -v uv >/dev/null 2>&1; then
    uv pip install --quiet --python .venv/bin/python --require-hashes --no-deps -r requirements.lock
    uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
else
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
fi
touch .venv/.ready
