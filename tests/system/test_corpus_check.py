"""The judge of real migrations, tried on a history of which every verdict is known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long  # about the tools, not the product
ROOT = Path(__file__).parent.parent.parent
TOOL = ROOT / "tools" / "corpus_check.py"
HISTORY = {
    "before.sql": "CREATE SCHEMA app;",
    "01_tables.sql": "CREATE TABLE app.a (id serial PRIMARY KEY, n int); INSERT INTO app.a (n) VALUES (1);",
    "02_again.sql": "CREATE TABLE IF NOT EXISTS app.b (id int);",
    "03_broken.sql": "CREATE TABLE app.c (id int);\nALTER TABLE app.missing ADD n int;",
    "04_unnamed.sql": "CREATE INDEX ON app.a (n);",
    "05_rows.sql": "INSERT INTO app.a (n) VALUES (2);",
    "06_broken_alone.sql": "CREATE TABLE app.d (); VACUUM app.a; SELECT 1/0;",
    "07_alone.sql": "CREATE INDEX CONCURRENTLY a_n ON app.a (n);",
    "08_goose.sql": "-- +goose Up\nCREATE TABLE IF NOT EXISTS app.c ();\n-- +goose Down\nDROP TABLE app.c;",
    "09_session.sql": "SET search_path = app; CREATE OR REPLACE VIEW v AS SELECT 1 AS one;",
    "10_relative.sql": "UPDATE app.a SET n = n + 1;",
    "11_anew.sql": "DROP TABLE IF EXISTS app.b; CREATE TABLE app.b (id int);",
    "12_role.sql": "GRANT SELECT ON app.a TO somebody_unknown;",
    "13_extension.sql": 'CREATE EXTENSION "no-such-thing";',
    "14_deferred.sql": "ALTER TABLE app.a ADD COLUMN IF NOT EXISTS up int REFERENCES app.a DEFERRABLE INITIALLY DEFERRED; INSERT INTO app.a VALUES (99, 9, 98) ON CONFLICT DO NOTHING;",
    "15_primary_key.sql": "ALTER TABLE app.c DROP CONSTRAINT IF EXISTS c_pkey, ADD COLUMN IF NOT EXISTS id int PRIMARY KEY;",
    "16_down/down.sql": "DROP SCHEMA app CASCADE;",
    "16_down/up.sql": "DROP VIEW app.v;",
    "17_not_sql.sql": "\\connect elsewhere",
}  # fmt: skip
EXPECTED = {
    "01_tables.sql": ("unsafe", '42P07 relation "a" already exists'),
    "02_again.sql": ("safe", ""),
    "03_broken.sql": ("does-not-apply", '42P01 relation "app.missing" does not exist'),
    "04_unnamed.sql": ("unsafe", "+ index app.a_n_idx1"),
    "05_rows.sql": ("unsafe", "~ rows app.a 2 -> 3"),
    "06_broken_alone.sql": ("does-not-apply", "22012 division by zero"),
    "07_alone.sql": ("unsafe", '42P07 relation "a_n" already exists'),
    "08_goose.sql": ("safe", ""),
    "09_session.sql": ("safe", ""),
    "10_relative.sql": ("safe", ""),
    "11_anew.sql": ("safe", ""),
    "12_role.sql": ("safe", ""),
    "13_extension.sql": ("unsafe", '42710 extension "no-such-thing" already exists'),
    "14_deferred.sql": ("does-not-apply", 'violates foreign key constraint "a_up_fkey"'),
    "15_primary_key.sql": ("unsafe", "- constraint app.c c_pkey; - index app.c_pkey"),
    "16_down/up.sql": ("unsafe", '42P01 view "v" does not exist'),
    "17_not_sql.sql": ("does-not-apply", "42601 syntax error"),
}


def check(*arguments: str | Path) -> str:
    """Run the tool; return what it printed."""
    done = subprocess.run(
        [sys.executable, TOOL, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def judged(cache: Path) -> dict[str, dict[str, Any]]:
    """Return the verdicts that were kept, by file."""
    [kept] = cache.glob("*.jsonl")
    return {line["file"]: line for line in map(json.loads, kept.read_text("utf-8").splitlines())}


def write(folder: Path, files: dict[str, str]) -> None:
    """Write a folder of files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def test_every_verdict_is_what_the_server_does(tmp_path: Path) -> None:
    """Safe, unsafe by error, by schema and by rows, and not applicable are told apart, and a failed file leaves nothing."""
    corpus, cache = tmp_path / "a corpus", tmp_path / "cache"
    write(corpus / "shop", HISTORY)
    out = check(corpus, "--cache", cache)
    found = judged(cache)
    assert {file: line["verdict"] for file, line in found.items()} == {
        file: verdict for file, (verdict, _) in EXPECTED.items()
    }
    assert {
        file: line["reason"]
        for file, line in found.items()
        if EXPECTED[file][1] not in line["reason"]
    } == {}
    assert found["03_broken.sql"]["failed"]["line"] == 2
    assert found["10_relative.sql"]["rewritten"] == ["app.a"]
    assert found["11_anew.sql"]["recreated"] == ["table app.b"]
    modes = {file for file, line in found.items() if line["mode"] == "as-written"}
    assert modes == {"06_broken_alone.sql", "07_alone.sql"}
    assert out.splitlines()[-1].split(maxsplit=1)[0] == "1"


@pytest.mark.long
def test_what_is_known_is_not_tried_again_and_what_is_new_is(tmp_path: Path) -> None:
    """A second check reads the verdicts; another file at the end is judged on the same history, an edit voids what follows."""
    write(tmp_path, {"1.sql": "CREATE TABLE a ();", "2.sql": "CREATE TABLE b ();"})
    cache = tmp_path / ".verdicts"
    check(tmp_path, "--cache", cache)
    first = judged(cache)
    write(tmp_path, {"3.sql": "CREATE TABLE IF NOT EXISTS b ();"})
    check(tmp_path, "--cache", cache)
    second = judged(cache)
    assert [second[file] for file in first] == list(first.values())  # to the measured second
    assert second["3.sql"]["verdict"] == "safe"
    write(tmp_path, {"2.sql": "SELECT 1;"})
    check(tmp_path, "--cache", cache)
    third = judged(cache)
    assert third["1.sql"] == first["1.sql"]
    assert (third["2.sql"]["verdict"], third["3.sql"]["key"]) != ("unsafe", second["3.sql"]["key"])


@pytest.fixture
def comparison(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The tool's own modules, importable."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    import corpus.comparison

    return corpus.comparison


def test_findings_are_held_against_verdicts(comparison: Any) -> None:
    """Missed is an unsafe file without an idempotence finding; a false alarm is a safe one with an error."""
    verdict = comparison.FileVerdict
    before = [
        verdict("p", "found", "unsafe", "transaction", state="1"),
        verdict("p", "missed", "unsafe", "transaction", state="2"),
        verdict("p", "quiet", "safe", "transaction", state="3"),
        verdict("p", "alarm", "safe", "transaction", state="4"),
        verdict("p", "broken", "does-not-apply", "transaction"),
    ]
    error = {"kind": "idempotence", "severity": "error"}
    hazard = {"kind": "hazard", "severity": "warning"}
    findings = {
        "found": [hazard, error],
        "missed": [hazard],
        "quiet": [hazard],
        "alarm": [error],
        "broken": [error],
    }
    result = comparison.compare(before, findings)
    assert ([v.file for v in result.missed], result.found) == (["missed"], 0.5)
    assert ([v.file for v in result.false_alarms], result.alarmed) == (["alarm"], 0.5)

    after = [
        verdict("p", "found", "safe", "transaction", state="1"),
        verdict("p", "missed", "unsafe", "transaction", state="2"),
        verdict("p", "quiet", "safe", "transaction", state="other"),
        verdict("p", "alarm", "does-not-apply", "transaction"),
        verdict("p", "broken", "does-not-apply", "transaction"),
    ]
    fixed = comparison.compare_fixed(before, after, {"missed": [error]})
    assert [
        [v.file for v in kind] for kind in (fixed.broken, fixed.changed, fixed.unsafe, fixed.silent)
    ] == [
        ["alarm"],
        ["quiet"],
        ["missed"],
        [],
    ]
    assert fixed.applied == 4
