"""The public API is a list: what is promised can be imported, and nothing else is promised."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib.metadata import metadata, version

import pytest

import lockstep


def test_the_list_is_what_dir_shows() -> None:
    """In order, each name once; the version is the package's."""
    assert dir(lockstep) == lockstep.__all__ == sorted(set(lockstep.__all__))
    assert lockstep.__version__ == version("pg-lockstep")
    assert metadata("pg-lockstep")["Requires-Python"] == ">=3.11"


@pytest.mark.parametrize("name", lockstep.__all__)
def test_every_name_can_be_imported(name: str) -> None:
    """It is the object of that name in the module it lives in, and it says what it is."""
    found = getattr(lockstep, name)
    if name == "__version__":
        return
    home = importlib.import_module(lockstep._HOMES[name])
    assert found is getattr(home, name)
    assert not isinstance(found, type) or found.__doc__


def test_no_other_name_is_there() -> None:
    """A typo gets the usual error; submodules that were imported elsewhere are no promise."""
    assert set(lockstep._HOMES) == set(lockstep.__all__) - {"__version__"}
    with pytest.raises(AttributeError, match="module 'lockstep' has no attribute 'Servcie'"):
        _ = lockstep.Servcie


def test_importing_the_package_imports_nothing_else() -> None:
    """A name costs what it needs, when it is first used."""
    code = "import json, sys, lockstep; print(json.dumps([m for m in sys.modules if m.startswith(('lockstep', 'psycopg', 'asyncio'))]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert json.loads(done.stdout) == ["lockstep"]


def test_an_application_needs_no_more_than_the_front_door() -> None:
    """A service written with these names only is one to the engine."""

    class Queue:
        """A service."""

        name = "queue"
        needs = lockstep.Needs({"content": ("id",)})
        after: tuple[str, ...] = ()
        critical = True

        async def start(self, _database: lockstep.Database) -> None:
            """Start."""

        async def stop(self) -> None:
            """Stop."""

        def health(self) -> lockstep.ServiceHealth:
            """Be well."""
            return lockstep.ServiceHealth(ok=True)

    queue = Queue()
    assert isinstance(queue, lockstep.Service)
    application = lockstep.Application(name="shop", services=(queue,))
    assert isinstance(application.database, lockstep.Database)
    assert not application.database.ready
    with pytest.raises(lockstep.SchemaNotReady) as caught:
        application.database.connection()
    assert isinstance(caught.value, lockstep.LockstepError)
    assert caught.value.place is not None
    assert caught.value.place.file == __file__
