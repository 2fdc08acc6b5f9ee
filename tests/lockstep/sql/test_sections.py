"""Foreign migration files: what of them runs forward, at unchanged offsets, and in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.sql.parser import parse
from lockstep.sql.sections import forward, in_history_order

GOOSE = """-- who: the platform team
-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
-- +goose StatementEnd
CREATE TABLE t (id int); -- why
-- +goose Down
DROP TABLE t;
"""
FORWARD = {
    "goose": ("-- +goose Up\n", "-- +goose Down\n"),
    "goose, spaced and in capitals": ("  --  +goose UP\n", "--\t+goose  DOWN\n"),
    "micrate": ("-- +micrate Up\n", "-- +micrate Down\n"),
    "sql-migrate": ("-- +migrate Up\n", "-- +migrate Down\n"),
    "dbmate": ("-- migrate:up\n", "-- migrate:down\n"),
    "dbmate with options": ("-- migrate:up transaction:false\n", "--migrate:down transaction:false\n"),
    "node-pg-migrate": ("-- Up Migration\n", "-- Down Migration\n"),
    "rambler": ("-- rambler up\n", "-- rambler down\n"),
    "tern": ("", "---- create above / drop below ----\n"),
    "mybatis": ("", "-- //@UNDO\n"),
}  # fmt: skip


@pytest.mark.parametrize(("up", "down"), FORWARD.values(), ids=FORWARD)
def test_only_the_way_up_runs(up: str, down: str) -> None:
    """Of every tool's markers the part below `up` stays, that below `down` becomes spaces, and no offset moves."""
    above = f"-- a header\n{up}CREATE TABLE a (b int);\n"
    text = f"{above}{down}DROP TABLE a; -- ünïcode\n"
    result = forward(text)
    assert result.text.startswith(above)
    assert not result.text[len(above) :].strip()
    assert len(result.text) == len(text)
    assert result.text.count("\n") == text.count("\n")
    assert [s.kind for s in parse(result.text)] == ["CreateStmt"]


def test_the_order_of_the_parts_does_not_matter() -> None:
    """A way down that is written first is blanked out too, and the way up keeps its place."""
    text = "-- migrate:down\nDROP TABLE a;\n-- migrate:up\nCREATE TABLE a ();\n"
    result = forward(text).text
    assert result.strip() == "-- migrate:up\nCREATE TABLE a ();"
    assert result.index("CREATE") == text.index("CREATE")


def test_a_goose_file_keeps_its_comments_and_says_that_it_wants_no_transaction() -> None:
    """Header, directives and comments of the way up survive letter for letter."""
    result = forward(GOOSE)
    assert result.text.rstrip() == GOOSE[: GOOSE.index("-- +goose Down")].rstrip()
    assert (result.style, result.transaction) == ("goose", False)
    assert [s.kind for s in parse(result.text)] == ["CreateFunctionStmt", "CreateStmt"]


def test_a_statement_above_the_first_marker_does_not_run() -> None:
    """No tool runs what stands before its first marker; comments there are the header and stay."""
    result = forward("-- header\nSELECT 0;\n-- +goose Up\nSELECT 1;\n").text
    assert result == "-- header\n         \n-- +goose Up\nSELECT 1;\n"


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE a (b int);\n",
        "-- Down migration: DROP TABLE a;\nCREATE TABLE a ();\n",
        "-- run by goose, then by dbmate; -- migrate:down is elsewhere\nSELECT 1;\n",
        "COMMENT ON TABLE a IS '-- +goose Up';\n",
        "-- +goose Down\nSELECT 1;\n",
        "",
    ],
)
def test_a_file_without_a_way_up_runs_as_it_is(text: str) -> None:
    """What only mentions a tool, or has no marker for the way up, is left alone."""
    assert forward(text).text == text
    assert forward(text).style == ""


@pytest.mark.parametrize(
    ("text", "transaction"),
    [
        ("-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;", False),
        ("-- +goose Up\n-- +goose no transaction\nSELECT 1;", False),
        ("-- migrate:up transaction:false\nSELECT 1;", False),
        ("-- migrate:up\nSELECT 1;\n-- migrate:down transaction:false\nSELECT 2;", True),
        ("-- +migrate Up notransaction\nSELECT 1;", False),
        ("-- no-transaction\nSELECT 1;", False),
        ("SELECT 1;\n-- no-transaction\nSELECT 2;", True),
        ("-- atlas:txmode none\nSELECT 1;", False),
        ("SELECT '+goose NO TRANSACTION';", True),
        ("SELECT 1;", True),
    ],
)
def test_each_tool_has_its_word_for_no_transaction(text: str, transaction: bool) -> None:
    """The word is known where its tool would read it, and only there."""
    assert forward(text).transaction is transaction


@given(
    st.text(alphabet="ab\n\r -+;'é\u2028\x0b", max_size=60), st.sampled_from(list(FORWARD.values()))
)
def test_offsets_and_lines_stay_whatever_the_text(body: str, markers: tuple[str, str]) -> None:
    """Each character that is kept is where it was; all others are spaces, and line ends stay."""
    text = f"{markers[0]}{body}\n{markers[1]}{body}"
    result = forward(text).text
    assert len(result) == len(text)
    assert all(
        new == old or (new == " " and old not in "\r\n")
        for new, old in zip(result, text, strict=True)
    )


def test_files_of_the_way_back_are_left_out() -> None:
    """Files for the way back are known by name; a mere word in a name leaves a file in."""
    names = [
        "0001_init.up.sql",
        "0001_init.down.sql",
        "0002/up.sql",
        "0002/down.sql",
        "0003_count_down.sql",
        "0004.do.x.sql",
        "0004.undo.x.sql",
        "0005_x.rollback.sql",
        "down/0006.sql",
        "up/0006.sql",
    ]
    assert in_history_order(names) == [
        "0001_init.up.sql",
        "0002/up.sql",
        "0003_count_down.sql",
        "0004.do.x.sql",
        "up/0006.sql",
    ]


@pytest.mark.parametrize(
    "ordered",
    [
        ["1_a.sql", "2_b.sql", "10_c.sql"],
        ["0001_a.sql", "0002_b.sql", "0010_c.sql"],
        ["V1__a.sql", "V1.9__y.sql", "V1.9.1__x.sql", "V1.10__z.sql", "V2__b.sql", "R__a_view.sql"],
        ["a/V1__a.sql", "data/V1_5__b.sql", "a/V2__c.sql"],
        ["v1.2/x.sql", "v1.10/x.sql"],
        ["20231201120000_a/migration.sql", "20240101_b/migration.sql", "20240101093000_c/migration.sql"],
        ["2023-10-16.0.a.sql", "2023-10-16.1.b.sql", "2024-02-20.0-c.sql"],
        ["00000000000000_a/up.sql", "20140924113530_b/up.sql", "2017-08-31-230457_c/up.sql", "2017-9-3-190545_d/up.sql", "20180101000000_e/up.sql"],
        ["00001_a.sql", "release notes.sql"],
        ["V1__a.sql", "after.sql", "views.sql", "R__a_view.sql"],
    ],
)  # fmt: skip
def test_the_order_is_the_one_in_which_the_tool_would_run_them(ordered: list[str]) -> None:
    """Numbers count by value, versions by part, dates from the left, repeatable files last."""
    assert in_history_order(sorted(ordered, reverse=True)) == ordered


def test_flyway_undo_files_are_left_out() -> None:
    """U1__ undoes V1__; a name that merely begins with the letter does not."""
    names = ["U1__a.sql", "V1__a.sql", "Users__x.sql"]
    assert in_history_order(names) == ["V1__a.sql", "Users__x.sql"]
