"""What the grammar must not see is overwritten in place: every offset stays true, and each kind is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.sql.encodings import encode
from lockstep.sql.parser import NotParsed, parse
from lockstep.sql.prepass import Prepared, prepare, syntax_error


def statements(raw: bytes | str, *, forward_only: bool = False) -> list[str]:
    """Prepare a text and return the statements that the grammar then finds in it."""
    made = raw.encode() if isinstance(raw, str) else raw
    return [one.text for one in parse(prepare(made, forward_only=forward_only).text)]


def said(raw: bytes | str) -> list[tuple[str, str]]:
    """Return the rule of each finding with the part of the text that it means."""
    ready = prepare(raw.encode() if isinstance(raw, str) else raw)
    assert all((f.kind, f.severity) == ("syntax", "error") for f in ready.findings)
    return [(f.rule, ready.original[f.start : f.end]) for f in ready.findings]


@pytest.mark.parametrize(
    ("raw", "found", "text"),
    [
        (b"SELECT 1;", [], "SELECT 1;"),
        (b"\xef\xbb\xbfSELECT 1;", [("byte-order-mark", "\ufeff")], " SELECT 1;"),
        (b"SELECT 1;\0DROP TABLE x;", [("nul-byte", "\0")], "SELECT 1; DROP TABLE x;"),
        (b"SELECT '\xe9';\0", [("not-utf-8", "\udce9"), ("nul-byte", "\0")], "SELECT '\ufffd'; "),
        (b"SELECT '\xed\xa0\x80';", [("not-utf-8", "\udced")], "SELECT '\ufffd\ufffd\ufffd';"),
        ("SELECT 'ü';".encode("utf-16"), [("not-utf-8", "\ufeff")], " SELECT 'ü';"),
        ("SELECT 'ü';".encode("utf-16-be"), [("not-utf-8", "S")], "SELECT 'ü';"),
        (b"\0SQ", [("not-utf-8", "")], ""),
    ],
)
def test_bytes_that_are_no_text(raw: bytes, found: list[tuple[str, str]], text: str) -> None:
    """Each is said once, and the rest of the file can be read, for a NUL would end it without a word."""
    assert (said(raw), prepare(raw).text) == (found, text)


@pytest.mark.parametrize(
    ("text", "commands", "left"),
    [
        ("\\echo it's\nSELECT 1;", ["\\echo it's"], ["SELECT 1"]),
        ("\\restrict x9\n\nSELECT 1;\n\n\\unrestrict x9", ["\\restrict x9", "\\unrestrict x9"], ["SELECT 1"]),
        ("SELECT 1;  \\i other.sql\r\nSELECT 2", ["\\i other.sql"], ["SELECT 1", "SELECT 2"]),
        ("SELECT 1 AS a \\gset\nSELECT 2", ["\\gset"], ["SELECT 1 AS a", "SELECT 2"]),
        ("SELECT 1\n\\g\nSELECT 2", ["\\g"], ["SELECT 1", "SELECT 2"]),
        ("  \\if :x\nSELECT 1;\n\\endif", ["\\if :x", "\\endif"], ["SELECT 1"]),
        ("\\copy t from stdin\nit's\n\\.\nSELECT 1", ["\\copy t from stdin"], ["SELECT 1"]),
        ("\\.\nSELECT 1", ["\\."], ["SELECT 1"]),
    ],
)  # fmt: skip
def test_commands_of_psql(text: str, commands: list[str], left: list[str]) -> None:
    """They are spaces for the grammar, but what sends a statement ends it too."""
    assert said(text) == [("psql-command", command) for command in commands]
    assert statements(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '\n\\echo';",
        "SELECT E'\\'\n\\echo';",
        'SELECT 1 AS "\n\\x";',
        "DO $a$ BEGIN $$\n\\echo\n$$ END $a$;",
        "/* /* */\n\\echo\n*/ SELECT 1;",
        "-- \\echo\nSELECT 1;",
        "SELECT 1; -- it's\n-- \\echo",
    ],
)
def test_a_backslash_inside_of_something_is_no_command(text: str) -> None:
    """Nothing is said of strings, names, bodies and comments, and nothing in them is touched."""
    assert prepare(text.encode()) == Prepared(text, (), text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("COPY t FROM stdin;\n1\tit's\n\\N\t;\n\\.\nSELECT 2;", ["COPY t FROM stdin", "SELECT 2"]),
        ("-- a\ncopy t (a)\nfrom STDIN (format csv);\r\n\"a\r\n\\.\r\nSELECT 2", ["copy t (a)\nfrom STDIN (format csv)", "SELECT 2"]),
        ("COPY t FROM stdin;\n1\t2 3\n", ["COPY t FROM stdin"]),
        ("COPY t FROM stdin DELIMITER ';';\n1;2\n\\.", ["COPY t FROM stdin DELIMITER ';'"]),
        ("COPY t FROM stdin;\nSELECT 1;\n", ["COPY t FROM stdin", "SELECT 1"]),
        ("COPY t FROM stdin;", ["COPY t FROM stdin"]),
        ("SELECT 'COPY t FROM stdin;\n\\.';", ["SELECT 'COPY t FROM stdin;\n\\.'"]),
    ],
)  # fmt: skip
def test_rows_after_a_copy(text: str, left: list[str]) -> None:
    """They are spaces up to their end mark; without one they stay if they are SQL. What the COPY is, others say."""
    assert said(text) == []
    assert statements(text) == left


@pytest.mark.parametrize(
    ("text", "holes", "left"),
    [
        ("CREATE TABLE {{ .Schema }}.a_{{n}} ()", ["{{ .Schema }}", "{{n}}"], "CREATE TABLE t___Schema___.a_t_n__ ()"),
        ("SELECT '{{ index \"it's\" }}', {{x}};", ["{{ index \"it's\" }}", "{{x}}"], "SELECT 't__index__it_s____', t_x__"),
        ("{{ if .a }}SELECT 1;{{ end }}", ["{{ if .a }}", "{{ end }}"], "SELECT 1"),
        ("{% set a = 1 %}\nSELECT ${a}", ["{% set a = 1 %}", "${a}"], "SELECT t_a_"),
        ("CREATE ROLE x PASSWORD {{ pw }}", ["{{ pw }}"], "CREATE ROLE x PASSWORD '______'"),
        ("ALTER TABLE t ALTER a SET STATISTICS ${n}", ["${n}"], "ALTER TABLE t ALTER a SET STATISTICS 1"),
        ("SELECT <%= a %>, @b@, {c}", ["<%= a %>", "@b@", "{c}"], "SELECT t___a___, tb_, tc_"),
        ("CREATE TABLE :\"s\".a (b text DEFAULT :'v' || :w)", [':"s"', ":'v'", ":w"], "CREATE TABLE  \"s\".a (b text DEFAULT  'v' || _w)"),
        ("ALTER SCHEMA :GRAPHILE_SCHEMA OWNER TO x", [":GRAPHILE_SCHEMA"], "ALTER SCHEMA _GRAPHILE_SCHEMA OWNER TO x"),
        ("SELECT {{ a\n }} FROM t; -- {{ b }}", ["{{ a\n }}"], "SELECT t__a\n    FROM t"),
        ("SELECT {{a}}, {{a}}", ["{{a}}"], "SELECT t_a__, t_a__"),
    ],
)  # fmt: skip
def test_templates(text: str, holes: list[str], left: str) -> None:
    """Each is filled with a word of its own length and kind, and said once."""
    assert said(text) == [("template", hole) for hole in holes]
    assert statements(text) == [left]


def test_as_many_blocks_as_there_may_be() -> None:
    """What only steers the other tool is known as that, and not found out by trying."""
    text = "{% if a %}\nSELECT 1;\n{% endif %}\n" * 200
    assert statements(text) == ["SELECT 1"] * 200


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '{{ x }}', '${y}', \"{% z %}\"",
        "SELECT a[1:n], b::text, '10:30', '{\"a\":true}'::jsonb FROM t",
        "DO $$ BEGIN EXECUTE format('{%s}', :x); END $$",
        "SELECT a @b FROM t",
    ],
)
def test_what_parses_as_it_is_has_no_templates(text: str) -> None:
    """It would run, and so it is SQL."""
    assert prepare(text.encode()) == Prepared(text, (), text)


def test_a_mistake_beside_a_template_stays_a_mistake() -> None:
    """Filling helps nothing here: both are said, each where it is."""
    ready = prepare(b"SELECT {{ a }};\nSELEC 1;")
    with pytest.raises(NotParsed) as caught:
        parse(ready.text)
    finding = syntax_error(ready.text, caught.value)
    assert [f.rule for f in ready.findings] == ["template"]
    assert (finding.rule, finding.message) == ("syntax-error", 'syntax error at or near "SELEC"')
    assert ready.text[finding.start : finding.end] == "SELEC"


def test_what_another_tool_runs_backward_is_left_out_with_all_that_is_wrong_with_it() -> None:
    """Only where it is asked for: a boot of our own would run the whole file."""
    text = "-- +goose Up\nSELECT 1;\n-- +goose Down\n\\echo {{ x }}\nSELECT 2;"
    assert statements(text, forward_only=True) == ["SELECT 1"]
    assert prepare(text.encode(), forward_only=True).findings == ()
    assert statements(text) == ["SELECT 1", "SELECT 2"]


PIECES = ["SELECT 1;", "\n", "\r\n", "\\gset", "\\echo 'x", "COPY t FROM stdin;", "\\.", "'", '"', "$$", "$a$", "/*",
          "*/", "--", "{{ x }}", "${y}", "{% z %}", ":v", " ", "ü", "日", "\0", "\ufeff", ";", "E'\\'"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text())
def test_no_offset_moves(text: str) -> None:
    """Whatever the text: as many characters, the same lines, places inside of it, and the file can be made of it again."""
    raw = text.encode(errors="surrogatepass")
    ready = prepare(raw)
    assert len(ready.text) == len(ready.original)
    assert "\0" not in ready.text
    assert [c for c in ready.text if c in "\r\n"] == [c for c in ready.original if c in "\r\n"]
    assert all(0 <= f.start <= f.end <= max(1, len(ready.text)) for f in ready.findings)
    assert not ready.encoding or encode(ready.original, ready.encoding) == raw
    ready.text.encode()


@given(st.binary(max_size=200))
def test_any_bytes_become_a_text_and_themselves_again(raw: bytes) -> None:
    """Also those of images."""
    ready = prepare(raw)
    assert not ready.encoding or encode(ready.original, ready.encoding) == raw
    assert "\0" not in ready.text
