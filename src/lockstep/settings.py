"""Every setting, and how it is found: flags over ``LOCKSTEP_*`` over ``lockstep.toml`` over defaults.

``lockstep.toml`` (or ``[tool.lockstep]`` in ``pyproject.toml``) may hold ``[environments.<name>]`` tables that override the
rest where that environment runs. Connection strings are never read from files: they hold secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from lockstep.durations import parse_duration
from lockstep.errors import ConfigurationWrong, Place, Problem
from lockstep.values import dataclass

DEFAULT_LOCK_KEY = 42424242
SERVER_VERSIONS = range(13, 19)
"""The major versions of PostgreSQL that Lockstep is tested on."""
PLATFORM_VARIABLES = (
    "RAILWAY_ENVIRONMENT_NAME",
    "KUBERNETES_SERVICE_HOST",
    "DYNO",
    "FLY_APP_NAME",
    "RENDER",
)
SCRATCH_VARIABLE = "LOCKSTEP_SCRATCH_URL"
DATABASE_VARIABLES = ("LOCKSTEP_DATABASE_URL", "DATABASE_UNPOOLED_URL", "DATABASE_URL")
RELEASE_VARIABLES = (
    "RAILWAY_GIT_COMMIT_SHA",
    "HEROKU_SLUG_COMMIT",
    "RENDER_GIT_COMMIT",
    "FLY_IMAGE_REF",
    "GIT_COMMIT",
    "SOURCE_VERSION",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a boot is told; durations are in seconds.

    ``database`` is the boot's direct connection and ``pool_database`` what the services' pool uses; both are None where the
    embedded PostgreSQL serves (development only). ``scratch`` is a server for scratch databases, None for one of our own.
    ``host`` None means all addresses, IPv4 and IPv6.
    """

    root: Path
    app: str
    application: str
    environment: str
    release: str
    database: str | None
    database_source: str
    pool_database: str | None
    scratch: str | None
    migrations: Path
    seeds: Path
    schema_lock: Path
    lock: Literal["auto", "always"]
    lock_key: int
    lock_wait: float
    lock_timeout: float
    missing: Literal["refuse", "allow"]
    lint: Literal["refuse", "report"]
    drift: Literal["refuse", "report"]
    scratch_roles: tuple[str, ...]
    connect_wait: float
    start_timeout: float
    stop_timeout: float
    drain_timeout: float
    host: str | None
    port: int
    server_version: int
    url: str
    websocket: str
    stages: tuple[str, ...]
    platform: Literal["git", "railway", "command"]
    remote: str
    branch: str
    deploy_command: str
    railway_service: str
    health_window: float
    test_command: str

    @property
    def production(self) -> bool:
        """True where ``lockstep`` must not invent a database: every environment but development and test."""
        return self.environment not in {"development", "test"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One documented setting: how its text is read, its default, and the environment variables that may hold it."""

    name: str
    parse: Callable[[str], Any]
    default: Any
    doc: str
    environment: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables, strongest first."""
        return (f"LOCKSTEP_{self.name.upper()}", *self.environment)


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return text.strip()


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise ValueError(f"{text!r} is not a port; write a number from 0 to 65535")
    return int(text)


def _lock_key(text: str) -> int:
    try:
        key = int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None
    if not -(2**63) <= key < 2**63:
        raise ValueError(f"{text} does not fit a bigint")
    return key


def _server_version(text: str) -> int:
    if not text.isdecimal() or int(text) not in SERVER_VERSIONS:
        first, last = SERVER_VERSIONS[0], SERVER_VERSIONS[-1]
        raise ValueError(f"{text!r} is not a major version of PostgreSQL from {first} to {last}")
    return int(text)


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return parse


SETTINGS: tuple[Setting, ...] = (
    Setting("app", _text, "default", "The application's name: the ledger's key. Applications with different names may share one database."),
    Setting("application", _text, "", "What `lockstep serve` boots, as `module:attribute`."),
    Setting("migrations", _text, "migrations", "The folder of migration files."),
    Setting("seeds", _text, "seeds", "The folder of seed files; it may be absent."),
    Setting("schema_lock", _text, "", "The file that says what the migrations add up to, made by `lockstep snapshot`; default: `schema.lock` beside the folder of migrations."),
    Setting("release", _text, "", "The name of this release, for the boot record; found from the platform's commit variable.", RELEASE_VARIABLES),
    Setting("lock", _one_of("auto", "always"), "auto", "`auto` needs no lock when the schema is already at head; `always` takes it on every boot."),
    Setting("lock_key", _lock_key, DEFAULT_LOCK_KEY, "The advisory lock's key (bigint). All processes that boot on one database must agree on it."),
    Setting("lock_wait", parse_duration, 240.0, "How long to wait for another process that holds the boot lock."),
    Setting("lock_timeout", parse_duration, 30.0, "How long a statement may wait for a table that others use, half a second at a time, where the file does not say."),
    Setting("missing", _one_of("refuse", "allow"), "refuse", "What to do when an applied file that came before the newest shipped one is no longer shipped."),
    Setting("lint", _one_of("refuse", "report"), "refuse", "What to do with a pending file that cannot run twice: `refuse` the boot, or `report` it and go on."),
    Setting("drift", _one_of("refuse", "report"), "refuse", "What to do with a database that is not what `schema.lock` says: `refuse` the boot, or `report` it and go on."),
    Setting("scratch_roles", _names, (), "Roles that the migrations speak of only where they exist, by name: scratch databases have them too."),
    Setting("connect_wait", parse_duration, 30.0, "How long to retry while the server does not answer."),
    Setting("start_timeout", parse_duration, 60.0, "How long one service may take to start."),
    Setting("stop_timeout", parse_duration, 10.0, "How long all services together may take to stop."),
    Setting("drain_timeout", parse_duration, 10.0, "How long requests in flight may take to finish when the process stops."),
    Setting("host", _text, "", "The address to listen on; 127.0.0.1 in development, all addresses in production.", ("HOST",)),
    Setting("port", _port, 5000, "The port to listen on; 0 picks a free one.", ("PORT",)),
    Setting("server_version", _server_version, SERVER_VERSIONS[-1], "The oldest major version of PostgreSQL that the files must run on, for `lockstep lint`."),
    Setting("url", _text, "", "Where the environment answers, without a path, for `lockstep verify`; stands below `[environments.NAME]`."),
    Setting("websocket", _text, "", "The path at which a WebSocket answers, for `lockstep verify`."),
    Setting("stages", _names, ("dev", "production"), "The environments that `lockstep deploy` takes a commit through, in this order; each has its table `[environments.NAME]`."),
    Setting("platform", _one_of("git", "railway", "command"), "git", "What `lockstep deploy` does in an environment: pushes its branch (`git`), pushes and waits for Railway's CLI to tell the end (`railway`), or runs `deploy_command` (`command`)."),
    Setting("remote", _text, "origin", "The git remote that an environment deploys from: a name, an address or a path."),
    Setting("branch", _text, "", "The branch of `remote` that an environment deploys from; stands below `[environments.NAME]`."),
    Setting("deploy_command", _text, "", "The shell command that deploys to an environment whose `platform` is `command`; the commit is in `LOCKSTEP_RELEASE`."),
    Setting("railway_service", _text, "", "The service that Railway's CLI is asked about; default: the one that the folder is linked to."),
    Setting("health_window", parse_duration, 0.0, "How long an environment's platform waits for a new release to be healthy, for the budget of `lockstep deploy`; `0s`: as long as `lockstep init` tells a platform."),
    Setting("test_command", _text, "", "The shell command that `lockstep deploy` runs as the tests."),
)  # fmt: skip
_UNNAMED = Problem(
    "an application is configured, but it has no name",
    next_step="Set `app` beside `application`: `up` and `serve` must find the same ledger.",
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def resolve(
    *,
    flags: Mapping[str, str | None],
    environ: Mapping[str, str],
    root: Path,
    declared: Mapping[str, Any] | None = None,
    offline: bool = False,
) -> Settings:
    """Find every setting, or raise ``ConfigurationWrong`` with all problems at once.

    *flags* are command-line values by setting name (None: not given; ``database`` among them). *declared* is what the
    application itself says (its name and folders); it is weaker than the file and stronger than the defaults. *offline*:
    no database will be used, so none need be named.
    """
    problems: list[Problem] = []
    environment = environment_of(environ)
    config = _read_file(root, environment, problems)
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        values[setting.name] = _find(setting, flags, environ, config, declared or {}, problems)
    database, source = _database(flags, environ)
    production = environment not in {"development", "test"}
    if production and database is None and not offline:
        problems.append(_no_database(environment))
    problems += _empty(flags)
    if values["application"] and values["app"] == _BY_NAME["app"].default:
        problems.append(_UNNAMED)
    if problems:
        raise _wrong(problems)
    return Settings(
        root=root,
        environment=environment,
        database=database,
        database_source=source,
        pool_database=environ.get("DATABASE_URL") or database,
        scratch=flags.get("scratch") or environ.get(SCRATCH_VARIABLE) or None,
        **_placed(values, root, production=production),
    )


def _placed(values: dict[str, Any], root: Path, *, production: bool) -> dict[str, Any]:
    """Folders are relative to *root*; no host means this machine in development, and everybody in production."""
    host = values["host"] or ("*" if production else "127.0.0.1")
    folders = {name: root / values[name] for name in ("migrations", "seeds")}
    folders["schema_lock"] = (
        root / values["schema_lock"]
        if values["schema_lock"]
        else folders["migrations"].parent / "schema.lock"
    )
    return {**values, **folders, "host": None if host == "*" else host}


def _wrong(problems: list[Problem]) -> ConfigurationWrong:
    return ConfigurationWrong(
        f"{len(problems)} setting{'s are' if len(problems) > 1 else ' is'} wrong",
        problems=problems,
        next_step="Correct what is listed and start again; nothing was touched.",
    )


def environment_of(environ: Mapping[str, str]) -> str:
    """Return the environment that a boot would run in: ``LOCKSTEP_ENV``, else ``production`` on a known platform, else ``development``."""
    named = environ.get("LOCKSTEP_ENV", "").strip()
    if named:
        return named
    return "production" if any(environ.get(name) for name in PLATFORM_VARIABLES) else "development"


def _database(
    flags: Mapping[str, str | None], environ: Mapping[str, str]
) -> tuple[str | None, str]:
    if flags.get("database"):
        return flags["database"], "--database"
    for name in DATABASE_VARIABLES:
        if environ.get(name):
            return environ[name], name
    return None, "the embedded PostgreSQL"


def _empty(flags: Mapping[str, str | None]) -> list[Problem]:
    advice = {
        "database": "Name a database, or leave it out.",
        "scratch": "Name a server, or leave it out.",
    }
    return [
        Problem(f"--{name} is empty", next_step=next_step)
        for name, next_step in advice.items()
        if flags.get(name) == ""
    ]


def _no_database(environment: str) -> Problem:
    return Problem(
        f"no database is named, and the environment is {environment!r}: an embedded PostgreSQL serves development only",
        next_step=f"Set DATABASE_URL (or one of {', '.join(DATABASE_VARIABLES[:-1])}), or give --database.",
    )


def _find(
    setting: Setting,
    flags: Mapping[str, str | None],
    environ: Mapping[str, str],
    config: Mapping[str, tuple[Any, Place]],
    declared: Mapping[str, Any],
    problems: list[Problem],
) -> Any:
    candidates: list[tuple[str, Any, Place | None]] = []
    if flags.get(setting.name) is not None:
        candidates.append((f"--{setting.name.replace('_', '-')}", flags[setting.name], None))
    candidates += [(name, environ[name], None) for name in setting.variables if environ.get(name)]
    if setting.name in config:
        value, place = config[setting.name]
        candidates.append((setting.name, value, place))
    if not candidates:
        return declared.get(setting.name, setting.default)
    source, raw, origin = candidates[0]
    try:
        if setting.parse is _names and isinstance(raw, list):
            return tuple(map(str, raw))  # names of any shape
        if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
            raise ValueError(f"{raw!r} is neither text nor a number")  # noqa: TRY004  # reported below
        return setting.parse(str(raw))
    except ValueError as error:
        problems.append(Problem(f"{source}: {error}", origin, setting.doc))
        return setting.default


def _read_file(
    root: Path, environment: str, problems: list[Problem]
) -> dict[str, tuple[Any, Place]]:
    file = root / "lockstep.toml"
    section: Any = None
    if file.is_file():
        section = _load_toml(file, problems)
    elif (root / "pyproject.toml").is_file():
        file = root / "pyproject.toml"
        tool = _table(_load_toml(file, problems), "tool", Place(file.name), problems)
        section = _table(tool, "lockstep", Place(file.name), problems)
    if not section:
        return {}
    place = Place(file.name)
    environments = _table(section, "environments", place, problems)
    overrides = {name: _table(environments, name, place, problems) for name in environments}
    plain = {name: value for name, value in section.items() if name != "environments"}
    # A typo is found wherever the file is read, not only where its environment runs.
    named = dict.fromkeys([*plain, *(name for table in overrides.values() for name in table)])
    problems += [_unknown(name, place) for name in named if name.replace("-", "_") not in _BY_NAME]
    merged = {**plain, **overrides.get(environment, {})}
    return {name.replace("-", "_"): (value, place) for name, value in merged.items()}


def _table(
    found: Mapping[str, Any], name: str, place: Place, problems: list[Problem]
) -> Mapping[str, Any]:
    table = found.get(name, {})
    if isinstance(table, dict):
        return table
    problems.append(
        Problem(f"{name!r} is not a table", place, "Write it as [table] with settings below.")
    )
    return {}


def _unknown(name: str, place: Place) -> Problem:
    import difflib

    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(_BY_NAME))}."
    return Problem(f"unknown setting {name!r}", place, hint)


def _load_toml(file: Path, problems: list[Problem]) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(Problem(f"cannot be read: {error}", Place(file.name)))
        return {}
