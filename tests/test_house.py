"""The house's own rules, kept by a machine: sizes, names, docstrings, generated pages."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "manager", "base", "core", "misc"}
LONGEST_MODULE, LONGEST_FUNCTION = 400, 40

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[_Function]:
    """Every function of a module, methods and inner ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, _Function):
            yield node


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_and_functions_are_small_enough_to_hold(path: Path) -> None:
    """No module is longer than 400 lines, no function of the source longer than 40."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE
    if path in SOURCES:
        long = [
            f.name for f in functions(path) if (f.end_lineno or 0) - f.lineno >= LONGEST_FUNCTION
        ]
        assert long == []


def test_names_say_what_a_module_is_for() -> None:
    """No module is named for being useful."""
    assert [
        path.name for path in SOURCES if path.stem in FORBIDDEN or path.parent.name in FORBIDDEN
    ] == []


@pytest.mark.parametrize("path", TESTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_test_says_in_a_sentence_what_must_hold(path: Path) -> None:
    """Each test function has a docstring."""
    silent = [
        f.name for f in functions(path) if f.name.startswith("test_") and not ast.get_docstring(f)
    ]
    assert silent == []


@cache
def all_code() -> str:
    """The text of every module."""
    return "\n".join(source.read_text(encoding="utf-8") for source in SOURCES)


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.sql")), ids=lambda p: p.name)
def test_every_named_query_is_used(path: Path) -> None:
    """A query that no module asks for by name is dead; the snapshot's parts are all sent, and its fragments are named in them."""
    if path.name == "snapshot.sql":
        return
    names = re.findall(r"^-- name: (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    code = all_code()
    shorthand = "\n".join(
        source.read_text(encoding="utf-8") for source in path.parent.glob("*.sql")
    )

    def used(name: str) -> bool:
        return f'"{name}"' in code or f"{{{name}" in shorthand or f"{name.upper()}(" in shorthand

    assert [name for name in names if not used(name)] == []


def test_the_reference_is_what_the_code_says() -> None:
    """The generated pages are up to date."""
    command = [sys.executable, str(ROOT / "tools" / "make_reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_pinned_requirements_have_hashes_and_no_address() -> None:
    """The lock file pins every requirement by hash and names no index."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(
        r"^\S+==\S+.*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, re.MULTILINE
    )
    assert len(pins) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 20
    assert "://" not in text
