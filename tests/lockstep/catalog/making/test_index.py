"""Facts by kind and name, read when they are asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.catalog.fact import Fact
from lockstep.catalog.making import Index
from lockstep.catalog.making import index as module

names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8
)


@given(st.lists(names, min_size=3, max_size=3))
def test_any_name_is_found(path: list[str]) -> None:
    """Names with dots, quotes, braces, spaces and newlines are found, as objects and as parts."""
    column = Fact("column", tuple(path), {"type": 'te"xt {'})
    found = Index([column.line(), Fact("table", tuple(path[:2]), {}).line()])
    assert found.get("column", column.path) == column
    assert found.children(tuple(path[:2])) == [column]
    assert found.get("table", tuple(path[:2])) is not None


def test_columns_keep_their_order() -> None:
    """A table's columns come as the lines have them."""
    lines = [f'column a.t.{name} {{"type": "text"}}' for name in "zax"]
    assert [column.path[2] for column in Index(lines).children(("a", "t"))] == ["z", "a", "x"]


def test_only_what_is_asked_for_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many lines those that are asked for are parsed, once each."""
    read: list[str] = []
    real = module.read_line
    monkeypatch.setattr(module, "read_line", lambda line: (read.append(line), real(line))[1])
    lines = [f'column a.t{n}.c {{"type": "text"}}' for n in range(1000)]
    found = Index(lines)
    assert found.children(("a", "t7")) == found.children(("a", "t7"))
    assert found.get("column", ("a", "t8", "c")) is not None
    assert read == [lines[7], lines[8]]


def test_what_is_not_there_is_not_found() -> None:
    """A fact of another kind, or of no kind, is none."""
    found = Index(["table a.t {}"])
    assert found.get("view", ("a", "t")) is None
    assert found.first(("view", "table"), ("a", "t")) is not None
    assert found.children(("a", "t")) == []
