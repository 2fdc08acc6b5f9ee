"""No secret survives: whatever the password, whatever the form, in text, in JSON, in a traceback."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.cli.arguments import build_parser
from lockstep.cli.colour import palette_for
from lockstep.cli.errors import render_error
from lockstep.errors import ConfigurationWrong, LockstepError, Problem, Unexpected
from lockstep.postgres.connection import connect_now, read_conninfo
from lockstep.redaction import redact

MARK = "Zq7"
"""Stands at both ends and in the middle of every password: what is found of it afterwards has leaked."""
ODD = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=8)
PASSWORDS = st.builds(lambda a, b: f"{MARK}{a}{MARK}{b}{MARK}", ODD, ODD)
BLANKS = st.builds(lambda a, b: f"{MARK}{a} \t{MARK}'\\{b} {MARK}", ODD, ODD)


def url(password: str) -> str:
    """As it should be written."""
    return f"postgresql://app:{quote(password, safe='')}@db.example.org:5432/shop?sslmode=require"


def careless_url(password: str) -> str:
    """As it is often written: nothing encoded."""
    return f"postgresql://app:{password}@db.example.org:5432/shop"


def query_url(password: str) -> str:
    """The password as a parameter."""
    return f"postgresql://db.example.org/shop?user=app&password={quote(password, safe='')}&sslmode=require"


def asyncpg_url(password: str) -> str:
    """As SQLAlchemy has it."""
    return url(password).replace("postgresql:", "postgresql+asyncpg:")


def keywords(password: str) -> str:
    """libpq's own form, quoted."""
    escaped = password.replace("\\", "\\\\").replace("'", "\\'")
    return f"host=db.example.org password='{escaped}' dbname=shop"


def bare_keywords(password: str) -> str:
    """The same without quotes, blanks and quotes escaped."""
    escaped = "".join(f"\\{c}" if c in "\\' \t" else c for c in password)
    return f"host=db.example.org password = {escaped} dbname=shop"


def statement(password: str) -> str:
    """In SQL, as pg_stat_activity shows it."""
    return "ALTER ROLE app PASSWORD '{}'".format(password.replace("'", "''"))


Form = Callable[[str], str]
FORMS = [url, careless_url, query_url, asyncpg_url, keywords, bare_keywords, statement]
BLANK_FORMS = [url, query_url, asyncpg_url, keywords, bare_keywords, statement]


def shown(error: LockstepError) -> str:
    """Everything that anybody is shown of an error."""
    text = render_error(error, palette_for(io.StringIO()))
    return "\n".join(
        [str(error), repr(error), text, json.dumps(error.as_dict()), *map(str, error.args)]
    )


def refusal_of(conninfo: str) -> str:
    """What is shown of the refusal of a connection string; nothing if it is one."""
    try:
        read_conninfo(conninfo, "DATABASE_URL")
    except ConfigurationWrong as error:
        return shown(error)
    return ""


@pytest.mark.parametrize("form", FORMS)
@given(password=PASSWORDS)
def test_no_password_survives_in_a_sentence(form: Form, password: str) -> None:
    """In the middle of a sentence, at its end, in quotes."""
    secret = form(password)
    for sentence in (f"cannot reach {secret}: refused", secret, f'why "{secret}"', f"({secret})"):
        assert MARK not in redact(sentence)


@pytest.mark.parametrize("form", BLANK_FORMS)
@given(password=BLANKS)
def test_nor_does_one_with_blanks_and_quotes(form: Form, password: str) -> None:
    """Where the form has a way to write them."""
    assert MARK not in redact(f"cannot reach {form(password)}: refused")


@pytest.mark.parametrize("form", FORMS)
@given(password=PASSWORDS)
def test_no_password_survives_in_an_error(form: Form, password: str) -> None:
    """Neither as text nor as JSON, in none of its parts."""
    secret = form(password)
    problem = Problem(f"LOCKSTEP_PORT: {secret} is not a port", None, f"not {secret}")
    error = ConfigurationWrong(secret, why=secret, next_step=secret, problems=[problem])
    assert MARK not in shown(error)
    assert MARK not in shown(Unexpected.wrap(RuntimeError(secret)))


@pytest.mark.parametrize("form", [*FORMS, lambda p: f"{p} host=x", lambda p: f"host=x {p}"])
@given(password=st.one_of(PASSWORDS, BLANKS))
def test_a_connection_string_that_is_none_is_not_quoted(form: Form, password: str) -> None:
    """What libpq says of it may quote it; the refusal does not."""
    assert MARK not in refusal_of(form(password))


@pytest.mark.parametrize("form", [url, careless_url, keywords, bare_keywords])
@settings(max_examples=15)
@given(password=PASSWORDS)
def test_a_server_that_does_not_answer_is_named_without_the_password(
    form: Form, password: str
) -> None:
    """Port 1 of this machine refuses at once; whatever else is wrong with the string is said without it, too."""
    secret = form(password).replace("db.example.org", "127.0.0.1").replace("5432", "1")
    if "port" not in secret and "127.0.0.1:" not in secret:
        secret += " port=1"
    with pytest.raises(LockstepError) as caught:
        connect_now(secret, "DATABASE_URL", "test")
    assert MARK not in shown(caught.value)


@given(st.text(max_size=200).filter(lambda text: "://" not in text and "=" not in text))
def test_other_texts_are_left_alone(text: str) -> None:
    """What holds neither a URL nor a pair nor the word is returned as it is."""
    if "password" not in text.lower():
        assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("see https://example.org/a?b=c#d", "see https://example.org/a?b=c#d"),
        ("postgresql://app@db/shop", "postgresql://app@db/shop"),
        ("postgresql://app:x@db/shop is down", "postgresql://app:***@db/shop is down"),
        ("password=x host=db", "password=*** host=db"),
        ("PGPASSWORD=x psql", "PGPASSWORD=*** psql"),
        (
            "FATAL: password authentication failed for user",
            "FATAL: password authentication failed for user",
        ),
    ],
)
def test_what_is_no_secret_stays(text: str, left: str) -> None:
    """Host, role and database are what a message needs."""
    assert redact(text) == left


def test_a_usage_error_does_not_repeat_a_connection_string(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """argparse quotes what it does not understand: a URL without its --database among it."""
    with pytest.raises(SystemExit):
        build_parser().parse_args(["up", careless_url(MARK)])
    assert MARK not in capsys.readouterr().err
