"""Settings: flags over variables over the file over what the application says over defaults; all problems at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.errors import ConfigurationWrong
from lockstep.settings import DATABASE_VARIABLES, PLATFORM_VARIABLES, SETTINGS, Settings, resolve

SOURCES = ("flag", "variable", "environment table", "file", "declared")


def found(root: Path, environ: dict[str, str] | None = None, **flags: str | None) -> Settings:
    """Resolve with these variables and flags."""
    return resolve(flags=flags, environ=environ or {}, root=root)


def refused(root: Path, environ: dict[str, str] | None = None, **flags: str | None) -> list[str]:
    """Return what is wrong, each with its place and its next step."""
    with pytest.raises(ConfigurationWrong) as caught:
        found(root, environ, **flags)
    assert caught.value.exit_status == 78
    return [f"{p.place or '-'}: {p.what} | {p.next_step}" for p in caught.value.problems]


def toml(root: Path, text: str, name: str = "lockstep.toml") -> None:
    """Write the project's file."""
    (root / name).write_text(text, encoding="utf-8")


def test_defaults(tmp_path: Path) -> None:
    """Without anything: development on this machine, the embedded PostgreSQL, folders beside the file."""
    settings = found(tmp_path)
    assert (settings.app, settings.environment, settings.production) == (
        "default",
        "development",
        False,
    )
    assert (settings.database, settings.pool_database) == (None, None)
    assert settings.migrations == tmp_path / "migrations"
    assert (settings.host, settings.port) == ("127.0.0.1", 5000)
    assert (settings.lock_wait, settings.lock_timeout) == (240.0, 30.0)


@given(st.sets(st.sampled_from(SOURCES), min_size=1))
def test_the_strongest_source_wins(
    tmp_path_factory: pytest.TempPathFactory, given: set[str]
) -> None:
    """Whichever of the five speak: the first of them is heard."""
    root = tmp_path_factory.mktemp("project")
    plain = 'migrations = "file"\n' if "file" in given else ""
    table = '[environments.staging]\nmigrations = "environment table"\n'
    toml(root, plain + (table if "environment table" in given else ""))
    variables = {"LOCKSTEP_MIGRATIONS": "variable"} if "variable" in given else {}
    settings = resolve(
        flags={"migrations": "flag" if "flag" in given else None},
        environ={"LOCKSTEP_ENV": "staging", "DATABASE_URL": "postgresql://x", **variables},
        root=root,
        declared={"migrations": "declared"} if "declared" in given else {},
    )
    assert settings.migrations == root / next(source for source in SOURCES if source in given)


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    """Values, unknown names and the missing database of production, each with its source and what may be written."""
    toml(tmp_path, 'lock_wiat = "5s"\nmissing = "perhaps"\nlock-timeout = "soon"\n')
    environ = {"LOCKSTEP_ENV": "production", "PORT": "70000", "LOCKSTEP_LOCK_KEY": "12x"}
    problems = refused(tmp_path, environ, host=" ")
    said = "\n".join(problems)
    assert len(problems) == 7
    assert "lockstep.toml: unknown setting 'lock_wiat' | Did you mean 'lock_wait'?" in said
    assert "lockstep.toml: missing: 'perhaps' is not one of refuse, allow" in said
    assert "lockstep.toml: lock_timeout: 'soon' is not a duration" in said
    assert "-: PORT: '70000' is not a port; write a number from 0 to 65535" in said
    assert "-: LOCKSTEP_LOCK_KEY: '12x' is not a whole number" in said
    assert "-: --host: it is empty" in said
    assert "no database is named, and the environment is 'production'" in said


@pytest.mark.parametrize("name", DATABASE_VARIABLES)
def test_where_the_database_comes_from(tmp_path: Path, name: str) -> None:
    """Each variable hides those after it; a flag hides all; empty ones do not count."""
    position = DATABASE_VARIABLES.index(name)
    environ = dict.fromkeys(DATABASE_VARIABLES[:position], "")
    environ |= {later: f"postgresql://{later}" for later in DATABASE_VARIABLES[position:]}

    settings = found(tmp_path, environ)
    assert (settings.database, settings.database_source) == (f"postgresql://{name}", name)
    assert settings.pool_database == "postgresql://DATABASE_URL"

    flagged = found(tmp_path, environ, database="postgresql://flag")
    assert (flagged.database, flagged.database_source) == ("postgresql://flag", "--database")


def test_an_empty_database_flag_is_not_passed_over(tmp_path: Path) -> None:
    """`--database "$UNSET"` must not migrate whatever else is configured."""
    (problem,) = refused(tmp_path, {"DATABASE_URL": "postgresql://other"}, database="")
    assert problem == "-: --database is empty | Name a database, or leave it out."


@pytest.mark.parametrize("variable", PLATFORM_VARIABLES)
def test_a_platform_means_production(tmp_path: Path, variable: str) -> None:
    """There a database must be named, and everybody may connect."""
    assert "environment is 'production'" in refused(tmp_path, {variable: "x"})[0]
    settings = found(tmp_path, {variable: "x", "DATABASE_URL": "postgresql://x"})
    assert (settings.production, settings.host) == (True, None)


@pytest.mark.parametrize(
    ("environ", "environment", "production"),
    [
        ({"LOCKSTEP_ENV": "development", "DYNO": "web.1"}, "development", False),
        ({"LOCKSTEP_ENV": " test "}, "test", False),
        ({"LOCKSTEP_ENV": "staging"}, "staging", True),
        ({"LOCKSTEP_ENV": "  ", "RENDER": "true"}, "production", True),
        ({"RENDER": ""}, "development", False),
    ],
)
def test_the_environment(
    tmp_path: Path, environ: dict[str, str], environment: str, production: bool
) -> None:
    """Named, else found out; everything but development and test is production."""
    settings = found(tmp_path, environ | {"DATABASE_URL": "postgresql://x"})
    assert (settings.environment, settings.production) == (environment, production)


def test_a_typo_in_another_environments_table_is_found_here(tmp_path: Path) -> None:
    """Not only on the day when that environment boots."""
    toml(tmp_path, "[environments.production]\nlock_wate = 5\n")
    assert refused(tmp_path) == [
        "lockstep.toml: unknown setting 'lock_wate' | Did you mean 'lock_wait'?"
    ]


def test_connection_strings_are_not_read_from_files(tmp_path: Path) -> None:
    """They hold secrets: the setting is unknown, and its value is not shown."""
    toml(tmp_path, 'database = "postgresql://app:hunter2@db/shop"\n')
    (problem,) = refused(tmp_path)
    assert problem.startswith("lockstep.toml: unknown setting 'database'")
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("app = [", "cannot be read: "),
        ("app = ['a']", "app: ['a'] is neither text nor a number"),
        ("app = true", "app: True is neither text nor a number"),
        ("environments = 3", "'environments' is not a table"),
        ("environments.production = 3", "'production' is not a table"),
    ],
)
def test_a_file_of_another_shape_is_a_problem_and_no_crash(
    tmp_path: Path, text: str, problem: str
) -> None:
    """Each is named with the file."""
    toml(tmp_path, text)
    (said,) = refused(tmp_path)
    assert said.startswith(f"lockstep.toml: {problem}")


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\nlockstep = 3"])
def test_a_pyproject_of_another_shape_too(tmp_path: Path, text: str) -> None:
    """Its tables are not taken for granted."""
    toml(tmp_path, text, "pyproject.toml")
    (said,) = refused(tmp_path)
    assert "is not a table" in said


def test_pyproject_serves_where_there_is_no_file_of_our_own(tmp_path: Path) -> None:
    """`lockstep.toml` hides the table of `pyproject.toml` entirely; other tools' tables are not looked at."""
    toml(
        tmp_path,
        '[tool.other]\nx = 1\n[tool.lockstep]\nport = 5001\napp = "shop"',
        "pyproject.toml",
    )
    assert (found(tmp_path).port, found(tmp_path).app) == (5001, "shop")
    toml(tmp_path, "lock-wait = 1.5")
    assert (found(tmp_path).port, found(tmp_path).lock_wait) == (5000, 1.5)


def test_an_application_needs_a_name(tmp_path: Path) -> None:
    """Else `up` and `serve` would keep two ledgers."""
    toml(tmp_path, 'application = "shop.app:application"')
    assert refused(tmp_path)[0].startswith("-: an application is configured, but it has no name")
    toml(tmp_path, 'application = "shop.app:application"\napp = "shop"')
    assert found(tmp_path).app == "shop"


def test_a_star_is_every_address(tmp_path: Path) -> None:
    """`--host '*'` listens as production does."""
    assert found(tmp_path, host="*").host is None


@given(st.sampled_from([s for s in SETTINGS if s.name != "release"]), st.text(max_size=30))
def test_any_text_is_a_value_or_a_problem(
    tmp_path_factory: pytest.TempPathFactory, setting: object, text: str
) -> None:
    """Whatever a variable holds: a value, or a refusal that names the variable."""
    name = setting.variables[0]  # type: ignore[attr-defined]
    environ = {name: text, "LOCKSTEP_APP": "app"} | ({name: text} if text else {})
    try:
        found(tmp_path_factory.getbasetemp(), environ)
    except ConfigurationWrong as error:
        assert [p.what.split(":")[0] for p in error.problems] == [name]  # noqa: PT017


def test_the_server_that_files_must_run_on(tmp_path: Path) -> None:
    """The newest that is known, unless somebody says another; only majors that are tested on."""
    assert found(tmp_path).server_version == 18
    toml(tmp_path, "server_version = 14\n")
    assert found(tmp_path).server_version == 14
    assert found(tmp_path, server_version="13").server_version == 13
    for wrong in ("12", "19", "16.4", "x"):
        (problem,) = refused(tmp_path, server_version=wrong)
        assert "is not a major version of PostgreSQL from 13 to 18" in problem


def test_who_uses_no_database_need_not_name_one(tmp_path: Path) -> None:
    """Not even in production."""
    settings = resolve(
        flags={}, environ={"LOCKSTEP_ENV": "production"}, root=tmp_path, offline=True
    )
    assert (settings.production, settings.database) == (True, None)


def test_the_lock_file_lies_beside_the_migrations(tmp_path: Path) -> None:
    """Wherever the migrations are; unless it is named, and then it is relative to the project."""
    toml(tmp_path, 'migrations = "db/migrations"')
    assert found(tmp_path).schema_lock == tmp_path / "db" / "schema.lock"
    named = found(tmp_path, {"LOCKSTEP_SCHEMA_LOCK": "schemas/shop.lock"})
    assert named.schema_lock == tmp_path / "schemas" / "shop.lock"


def test_the_roles_of_scratch_databases(tmp_path: Path) -> None:
    """As text they are separated by spaces or commas; in the file a list may hold any name."""
    environ = {"LOCKSTEP_SCRATCH_ROLES": "reader, writer"}
    assert found(tmp_path, environ).scratch_roles == ("reader", "writer")
    toml(tmp_path, 'scratch_roles = ["a reader", "writer"]')
    assert found(tmp_path).scratch_roles == ("a reader", "writer")


def test_the_server_for_scratch_databases(tmp_path: Path) -> None:
    """The flag over the variable; never from the file, because it is a connection string."""
    environ = {"LOCKSTEP_SCRATCH_URL": "dbname=variable"}
    assert found(tmp_path).scratch is None
    assert found(tmp_path, environ).scratch == "dbname=variable"
    assert found(tmp_path, environ, scratch="dbname=flag").scratch == "dbname=flag"
    assert refused(tmp_path, scratch="") == [
        "-: --scratch is empty | Name a server, or leave it out."
    ]
    toml(tmp_path, 'scratch = "dbname=file"')
    assert "unknown setting 'scratch'" in refused(tmp_path)[0]
