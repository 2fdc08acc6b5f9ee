"""libpg_query's functions behind ctypes, each as bytes in, plain values out, whatever the bytes hold.

The library follows the nesting of a text by recursion and never looks at its stack: a hundred thousand operators in a row would
end the process. So what is long is read in a thread whose stack grows with it; only what is used of that is ever backed by
memory. Only postgast's ctypes layer is loaded: the package itself imports protobuf, which would double the memory of a boot.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import json
import re
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")
LEVELS = 500
"""A tree of more levels is not read: who walks it uses Python's stack, which is a thousand calls deep."""
_SHORT = 8 * 1024
_STACK_PER_BYTE = 160  # measured: at most 65, for 1+1+1
_MOST_STACK = 1 << 30
# At each mark of a comment the scanner looks at all that could be an operator, and then again from the next mark on.
_MARKS = re.compile(rb"/\*[-~!@#^&|`?+*/%<>=]{4000,}")
_MOST_LOOKS = 10_000_000
_BRACKETS = bytes.maketrans(b"[{]}", b"\1\1\xff\xff")
_NO_BRACKET = bytes(byte for byte in range(256) if byte not in b"[{]}")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


class Refused(Exception):
    """The library says no; ``cursor`` counts characters from 1, 0 where it has no place for it."""

    def __init__(self, message: str, cursor: int) -> None:
        super().__init__(message)
        self.cursor = cursor


def tree_of(raw: bytes) -> bytes:
    """Return the statements' tree as JSON. Raises ``Refused``."""
    return _call(raw, "pg_query_parse", "pg_query_free_parse_result", _tree)


def split(raw: bytes) -> list[tuple[int, int]]:
    """Return where each statement begins and how long it is, in bytes. Raises ``Refused``."""
    return _call(raw, "pg_query_split_with_parser", "pg_query_free_split_result", _pieces)


def scanned(raw: bytes) -> bytes:
    """Return the tokens as the protobuf message ``ScanResult``. Raises ``Refused``."""
    return _call(raw, "pg_query_scan", "pg_query_free_scan_result", _message)


def compiled(raw: bytes) -> bytes:
    """Return the PL/pgSQL functions and DO blocks of a text as JSON. Raises ``Refused``."""
    return _call(raw, "pg_query_parse_plpgsql", "pg_query_free_plpgsql_parse_result", _functions)


def load(tree: bytes) -> Any:
    """Return what the library's JSON holds, None if it nests deeper than ``LEVELS``."""
    deep = tree.count(b"{") + tree.count(b"[") > LEVELS  # else it cannot be
    if deep and _depth(tree) > LEVELS:
        return None
    try:
        return json.loads(tree.decode())
    except RecursionError:  # called from deep within Python
        return None


def _depth(tree: bytes) -> int:
    depths = _depths(tree)
    if depths[-1] or min(depths) < 0:  # brackets inside of strings
        depths = _depths(_STRING.sub(b"", tree))
    return max(depths)


def _depths(tree: bytes) -> list[int]:
    brackets = tree.translate(_BRACKETS, _NO_BRACKET)
    return [0, *accumulate(memoryview(brackets).cast("b"))]


def _call(raw: bytes, function: str, free: str, read: Callable[[Any], T]) -> T:
    _check_marks(raw)
    library = native().lib

    def run() -> T:
        result = getattr(library, function)(raw)
        try:
            if result.error:
                error = result.error.contents
                raise Refused(error.message.decode(errors="replace"), error.cursorpos)
            return read(result)
        finally:
            getattr(library, free)(result)

    # Splitting and scanning do not follow the nesting.
    if len(raw) <= _SHORT or read in {_pieces, _message}:
        return run()
    return _on_a_stack(len(raw) * _STACK_PER_BYTE, run)


def _tree(result: Any) -> bytes:
    return bytes(result.parse_tree)


def _pieces(result: Any) -> list[tuple[int, int]]:
    found = (result.stmts[number].contents for number in range(result.n_stmts))
    return [(one.stmt_location, one.stmt_len) for one in found]


def _message(result: Any) -> bytes:
    return ctypes.string_at(result.pbuf.data, result.pbuf.len)


def _functions(result: Any) -> bytes:
    return bytes(result.plpgsql_funcs or b"")


def _check_marks(raw: bytes) -> None:
    if raw.count(b"/*") < 2000:
        return
    for found in _MARKS.finditer(raw):
        if len(found[0]) * found[0].count(b"/*") > _MOST_LOOKS:
            place = len(raw[: found.start()].decode(errors="replace")) + 1
            raise Refused("more comments are nested here than can be read", place)


def _on_a_stack(size: int, run: Callable[[], T]) -> T:
    """Run in a thread with a stack of its own."""
    import threading

    if size > _MOST_STACK:
        raise Refused("the statement is too long to be read", 1)
    outcome: list[tuple[T | None, BaseException | None]] = []

    def work() -> None:
        try:
            outcome.append((run(), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=work, daemon=True)
    with _one_at_a_time():
        before = threading.stack_size(size + _SHORT * _STACK_PER_BYTE)
        try:
            thread.start()
        except RuntimeError as error:
            raise Refused(f"no memory to read so long a statement: {error}", 1) from error
        finally:
            threading.stack_size(before)
    thread.join()
    ((value, raised),) = outcome
    if raised is not None:
        raise raised
    return value  # type: ignore[return-value]  # None only with an error


@functools.cache
def _one_at_a_time() -> Any:
    import threading

    return threading.Lock()


@functools.cache
def native() -> ModuleType:
    """Return postgast's ctypes layer over libpg_query, loaded once."""
    package = importlib.util.find_spec("postgast")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("postgast is not installed; it holds the PostgreSQL grammar")
    file = Path(package.submodule_search_locations[0]) / "native.py"
    spec = importlib.util.spec_from_file_location("_lockstep_libpg_query", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
