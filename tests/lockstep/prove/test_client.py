"""The commands by which psql chooses what is sent: variables from the server's answers, branches, messages of two statements."""

from __future__ import annotations

import pytest
from tests.lockstep.prove.conftest import Prove

from lockstep.prove.client import Client, interpolated, is_true
from lockstep.prove.verdicts import FileVerdict

_ONCE = r"""SELECT to_regclass('public.t') IS NULL AS missing, 't' AS name \gset now_
\if :now_missing
CREATE TABLE :"now_name" (id integer);
\elif :now_missing
CREATE TABLE never (id integer);
\else
SELECT 1;
\endif
"""


def _verdict(prove: Prove, text: str) -> FileVerdict:
    (found,) = prove(files={"1_file.sql": text}).files
    return found


def test_what_the_server_answers_decides(prove: Prove) -> None:
    """A file that asks first what is there is proven; without the question it is not."""
    assert _verdict(prove, _ONCE).verdict == "proven"
    assert _verdict(prove, _ONCE.replace(":now_missing", "true")).verdict == "unsafe"


def test_the_other_branch_is_left_out(prove: Prove) -> None:
    """What stands in a branch that is not taken is not sent, be it no SQL, a command that is refused, or the end of the file."""
    text = "\\if off\nno sql;\n\\! rm x\n\\i nowhere.sql\n\\q\n\\else\nSELECT 1/0;\n\\endif\n"
    found = _verdict(prove, text).checks["applies"]
    assert (found.statement, found.line) == ("SELECT 1/0", 7)


def test_only_the_first_true_branch_is_taken(prove: Prove) -> None:
    """Neither a later one that is true as well, nor the last."""
    text = "\\if 1\n\\elif 1\nno sql;\n\\else\nno sql;\n\\endif\n"
    assert _verdict(prove, text).verdict == "proven"


def test_a_taken_branch_ends_the_file(prove: Prove) -> None:
    """``\\q`` in it is obeyed."""
    assert _verdict(prove, "\\if yes\n\\q\n\\endif\nno sql;\n").verdict == "proven"


def test_two_statements_are_one_message(prove: Prove) -> None:
    """What ``\\;`` joins outside of a transaction stands or falls together: a crash cannot come between."""
    joined = r"VACUUM; CREATE TABLE IF NOT EXISTS a (id integer) \; DROP TABLE a \; SELECT 1;"
    found = _verdict(prove, joined)
    assert (found.verdict, found.checks["crash"].points) == ("proven", 1)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT 1 AS a WHERE false \\gset\n", "no rows returned for \\gset"),
        ("SELECT generate_series(1, 2) AS a \\gset\n", "more than one row returned for \\gset"),
        ("SELECT 1/0 AS a \\gset\n", "division by zero (22012)"),
        ("\\endif\n", "\\endif: no matching \\if"),
        ("\\if false\nno sql;\n", "reached EOF without finding closing \\endif(s)"),
        ("SELECT $1 \\bind 5 \\g\n", "\\bind is a command of psql that is not tried here"),
        ("SELECT 1 \\watch 1\n", "\\watch is a command of psql that is not tried here"),
        ("\\set ON_ERROR_STOP off\n", "\\set ON_ERROR_STOP off is a command of psql that is not"),
        ("\\set now `date`\n", "\\set now `date` is a command of psql that is not tried here"),
    ],
)
def test_what_cannot_be_done_is_told(prove: Prove, text: str, reason: str) -> None:
    """As psql says it; or with the name of the command."""
    found = _verdict(prove, text)
    assert found.verdict == "fails"
    assert found.checks["applies"].reason.startswith(reason)


def test_null_takes_a_variable_away() -> None:
    """As psql has it: the name is then sent as it is written."""
    client = Client()
    client.take_row("a_", [{"x": "1", "y": "2"}])
    client.take_row("a_", [{"x": None}])
    assert client.said(":a_x :a_y :{?a_x} :{?a_y}") == ":a_x 2 FALSE TRUE"


def test_a_value_is_made_of_several_words() -> None:
    """They are put together without what stands between; quotes go, and variables are filled in outside of them."""
    client = Client()
    client.set("a x")
    client.set("b :a 'it''s ' :a")
    assert client.variables["b"] == "xit's x"


def test_literals_and_comments_stay_as_they_are() -> None:
    """psql fills nothing in there, nor behind a cast or in an array's bounds without a variable."""
    text = "':a' $$ :a $$ -- :a\n/* :a */ x::a b[1:c] :a"
    assert interpolated(text, {"a": "1"}) == text[:-2] + "1"


@pytest.mark.parametrize("word", ["t", "TRUE", "y", "yes", "on", "1", "'true'"])
def test_truth_may_be_shortened(word: str) -> None:
    """The words of psql, and their beginnings."""
    assert is_true(word)


@pytest.mark.parametrize("word", ["", "f", "of", "off", "no", "0", "o", "maybe", ":x", "2"])
def test_all_else_is_no_truth(word: str) -> None:
    """Also what is no truth value at all."""
    assert not is_true(word)
