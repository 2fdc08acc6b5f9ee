"""What each format makes of the same findings: people, editors, CI systems and code scanning read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from unicodedata import category
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.cli.colour import Palette
from lockstep.lint.findings import Linted
from lockstep.lint.formats import data, github, junit, sarif, text
from lockstep.lint.report import Report
from lockstep.lint.sources import File
from lockstep.sql.finding import Edit, Finding
from lockstep.sql.prepass import Prepared

PLAIN = Palette(False)
SQL = "-- ü\nCREATE TABLE a (\n  b int);\nDROP TABLE c; SELECT 'x';\n"
TABLE = Finding(
    "create-table", "idempotence", "error", "a second run fails: 100%", "Write\nit so.",
    SQL.index("CREATE"), SQL.index(";"), (Edit(17, " IF NOT EXISTS"),),
)  # fmt: skip
DROP = Finding(
    "drop-table", "hazard", "warning", "rows <are> gone & \x01", "",
    SQL.index("DROP"), SQL.index("; SEL"), unfixable="it is meant",
)  # fmt: skip

MakeReport = Callable[..., Report]


@pytest.fixture
def both(report: MakeReport) -> Report:
    """A file with an error over two lines and a warning, and one that is clean."""
    return report(("m/1 a,b:c%.sql", SQL, [TABLE, DROP]), ("m/2.sql", "SELECT 1;", []))


@pytest.fixture
def clean(report: MakeReport) -> Report:
    """A file in which nothing was found."""
    return report(("m/2.sql", "SELECT 1;", []))


def test_text_shows_the_line_and_what_is_meant_in_it(both: Report) -> None:
    """Place, rule and message in one line, carets to the end of it, the help, what --fix can do."""
    assert text.render(both, PLAIN) == (
        "m/1 a,b:c%.sql:2:1: create-table: a second run fails: 100%\n"
        "    2 | CREATE TABLE a (\n"
        "      | ^^^^^^^^^^^^^^^^\n"
        "      = help: Write\n"
        "              it so.\n"
        "      = --fix does it\n"
        "\n"
        "m/1 a,b:c%.sql:4:1: drop-table (warning): rows <are> gone & ·\n"
        "    4 | DROP TABLE c; SELECT 'x';\n"
        "      | ^^^^^^^^^^^^\n"
        "      = --fix cannot: it is meant\n"
        "\n"
    )


def test_text_counts_at_the_end(report: MakeReport, both: Report, clean: Report) -> None:
    """Errors and warnings, in how many files, and how many --fix cures."""
    assert text.summary(both, PLAIN) == (
        "1 error and 1 warning in 1 of 2 files; --fix cures 1 of them, --diff shows how"
    )
    assert text.summary(report(("x", SQL, [DROP, DROP])), PLAIN) == "2 warnings in 1 of 1 file"
    assert text.summary(report(), PLAIN) == "there is no file to lint"
    assert text.summary(clean, PLAIN) == "1 file is clean"
    assert text.render(clean, PLAIN) == ""


def test_text_has_colours_where_they_are_wanted(both: Report) -> None:
    """Errors red, warnings yellow; the words are the same."""
    coloured = text.render(both, Palette(True))
    assert "\033[31;1mcreate-table\033[0m: " in coloured
    assert "\033[33mdrop-table (warning)\033[0m: " in coloured


def test_json_is_an_array_with_exactly_these_keys(both: Report, clean: Report) -> None:
    """Lines and columns count from 1 in characters; the end is behind the last one."""
    first, second = json.loads(data.render(both))
    assert first == {
        "file": "m/1 a,b:c%.sql", "line": 2, "column": 1, "end_line": 3, "end_column": 9,
        "rule": "create-table", "kind": "idempotence", "severity": "error",
        "message": "a second run fails: 100%", "help": "Write\nit so.", "fixable": True,
    }  # fmt: skip
    assert (second["line"], second["column"], second["end_line"], second["end_column"]) == (
        4,
        1,
        4,
        13,
    )
    assert (second["severity"], second["fixable"]) == ("warning", False)
    assert data.render(clean) == "[]\n"


def test_github_annotates_lines(both: Report, clean: Report) -> None:
    """Properties and messages are escaped as GitHub's runner reads them; columns only within one line."""
    assert github.render(both) == (
        "::error file=m/1 a%2Cb%3Ac%25.sql,line=2,endLine=3,title=lockstep%3A create-table"
        "::a second run fails: 100%25%0AWrite%0Ait so.\n"
        "::warning file=m/1 a%2Cb%3Ac%25.sql,line=4,endLine=4,col=1,endColumn=13,title=lockstep%3A drop-table"
        "::rows <are> gone & \x01\n"
    )
    assert github.render(clean) == ""


def test_sarif_has_what_the_standard_requires(both: Report, clean: Report) -> None:
    """Of the log, the run, its tool, each rule and each result (sections 3.13 to 3.52), with rules found by number."""
    log = json.loads(sarif.render(both))
    assert (log["version"], log["$schema"].rpartition("/")[2]) == (
        "2.1.0",
        "sarif-schema-2.1.0.json",
    )
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], run["columnKind"]) == ("lockstep", "unicodeCodePoints")
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    assert [result["ruleId"] for result in run["results"]] == ["create-table", "drop-table"]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
        assert result["level"] in {"error", "warning"}
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"] == {"uri": "m/1%20a%2Cb%3Ac%25.sql"}
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 1, "endLine": 3, "endColumn": 9}
    assert json.loads(sarif.render(clean))["runs"][0]["results"] == []


def test_sarif_describes_its_rules(both: Report) -> None:
    """So that a code scanning page can say what is wrong and what to do."""
    rules = json.loads(sarif.render(both))["runs"][0]["tool"]["driver"]["rules"]
    described = {rule["id"]: rule for rule in rules}["nul-byte"]
    assert described["shortDescription"] == {"text": "The file holds a NUL byte."}
    assert described["help"]["text"].startswith("Remove it")
    assert described["defaultConfiguration"] == {"level": "error"}


def test_sarif_knows_a_finding_again_that_has_moved(report: MakeReport) -> None:
    """Its fingerprint does not depend on the lines above, but on its own."""

    def fingerprint(above: str, sql: str) -> str:
        found = Finding("create-table", "idempotence", "error", "", "", len(above), len(above) + 3)
        log = json.loads(sarif.render(report(("a.sql", above + sql, [found]))))
        return str(log["runs"][0]["results"][0]["partialFingerprints"])

    assert fingerprint("", "CREATE TABLE a();") == fingerprint("-- why\n\n", "  CREATE TABLE a();")
    assert fingerprint("", "CREATE TABLE a();") != fingerprint("", "CREATE TABLE b();")


@pytest.mark.parametrize("strict", [False, True])
def test_junit_fails_what_fails_the_run(report: MakeReport, strict: bool) -> None:
    """A suite a file, a case a finding; warnings pass unless they are errors; a clean file is a case too."""
    made = report(("1.sql", SQL, [TABLE, DROP]), ("2.sql", "SELECT 1;", []), strict=strict)
    root = ElementTree.fromstring(junit.render(made).encode())
    failures = 2 if strict else 1
    assert (root.get("tests"), root.get("failures")) == ("3", str(failures))
    first, second = root
    assert (first.get("name"), first.get("tests"), first.get("failures")) == (
        "1.sql",
        "2",
        str(failures),
    )
    assert (second.get("name"), [case.get("name") for case in second]) == ("2.sql", ["clean"])
    assert len(root.findall("testsuite/testcase/failure")) == failures
    told = first[1].find("failure" if strict else "system-out")
    assert told is not None
    assert told.text == "1.sql:4:1: rows <are> gone & \ufffd"


@given(st.text(), st.text(), st.data())
def test_every_format_takes_any_text(name: str, sql: str, drawn: st.DataObject) -> None:
    """Whatever files are called and hold: JSON is JSON, XML is XML, and a command is one line."""
    start = drawn.draw(st.integers(0, len(sql)))
    end = drawn.draw(st.integers(start, len(sql)))
    found = Finding("x", "hazard", "error", sql, name, start, end)
    made = Report([Linted(File(name, None, b""), Prepared(sql, (), sql), (found,))], {})
    assert json.loads(data.render(made))[0]["message"] == sql
    assert json.loads(sarif.render(made))["runs"][0]["results"]
    assert ElementTree.fromstring(junit.render(made).encode(errors="replace"))
    command = github.render(made)
    assert (command.count("\n"), command.count("\r")) == (1, 0)
    shown = text.render(made, PLAIN).replace("\n", "")
    assert {"Cc", "Cf", "Cs"} & {category(character) for character in shown} == set()
