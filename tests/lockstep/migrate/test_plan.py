"""The plan: what files and ledger make of each other. Pure, so that every history can be tried."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.errors import DatabaseAhead, HistoryDiverged
from lockstep.migrate.files import File, Kind, Shipped, checksum_of
from lockstep.migrate.plan import Applied, Plan, make_plan

WHEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
NAMES = [f"{number:04}_{letter}.sql" for number in range(1, 5) for letter in "ab"]


def file_of(name: str, text: str = "", kind: Kind = "migration") -> File:
    """A file; its text is its own unless said otherwise."""
    raw = (text or f"SELECT '{name}';").encode()
    return File(
        kind, name, Path("migrations" if kind == "migration" else "seeds"), raw, checksum_of(raw)
    )


def shipped_of(*names: str, seeds: tuple[str, ...] = ()) -> Shipped:
    """A release with these files."""
    return Shipped(
        tuple(file_of(name) for name in sorted(names)),
        tuple(file_of(name, kind="seed") for name in sorted(seeds)),
    )


def applied(*files: File | str, after: int = 0, breaking: bool = False) -> list[Applied]:
    """The rows of files that were applied in this order."""
    made = [file_of(file) if isinstance(file, str) else file for file in files]
    return [
        Applied(file.kind, file.name, file.checksum, breaking, after + number, WHEN, "v1")
        for number, file in enumerate(made, start=1)
    ]


def names(plan: Plan) -> list[str]:
    """What runs."""
    return [file.name for file in plan.files]


def refusal(
    shipped: Shipped, rows: list[Applied], missing: Literal["refuse", "allow"] = "refuse"
) -> list[str]:
    """The problems of a history that diverged."""
    with pytest.raises(HistoryDiverged) as caught:
        make_plan(shipped, rows, missing=missing)
    assert caught.value.exit_status == 65
    return [f"{p.place}: {p.what} | {p.next_step}" for p in caught.value.problems]


@given(st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
def test_at_first_everything_runs(migrations: set[str], seeds: set[str]) -> None:
    """Migrations in the order of their names, then seeds; whether there is no ledger yet or an empty one."""
    shipped = shipped_of(*migrations, seeds=tuple(seeds))
    histories: tuple[list[Applied] | None, ...] = (None, [])
    for ledger in histories:
        plan = make_plan(shipped, ledger)
        assert names(plan) == sorted(migrations) + sorted(seeds)
        assert (plan.late, plan.ahead, plan.history_lost) == ((), (), False)


@given(st.permutations(NAMES), st.sets(st.sampled_from(NAMES)))
def test_what_is_applied_does_not_run_again(order: list[str], done: set[str]) -> None:
    """Whatever was applied, in whatever order: the rest runs, and what sorts before something applied is late."""
    rows = applied(*(name for name in order if name in done))
    plan = make_plan(shipped_of(*NAMES), rows)
    pending = [name for name in NAMES if name not in done]
    assert names(plan) == pending
    assert list(plan.late) == [name for name in pending if name < max(done, default="")]
    assert plan.at_head == (not pending)
    assert plan.as_dict()["at_head"] == plan.at_head


@given(st.permutations(NAMES), st.integers(0, 8), st.integers(0, 8))
def test_ahead_or_missing(order: list[str], shipped_count: int, gap: int) -> None:
    """Of the unshipped, those applied after all that is shipped are a newer release's; the others were ours once."""
    kept = {name for number, name in enumerate(order) if number < shipped_count and number != gap}
    shipped, rows = shipped_of(*kept), applied(*order)
    last = max((order.index(name) for name in kept), default=-1)
    gone = [name for name in order[: last + 1] if name not in kept]
    if gone:
        (said,) = refusal(shipped, rows)
        assert said.startswith(
            f"{gone[0]}: was applied on 2026-01-02 03:04 by release v1, and is no longer"
        )
        assert "LOCKSTEP_MISSING=allow" in said
    plan = make_plan(shipped, rows, missing="allow")
    assert plan.at_head
    assert list(plan.ahead) == order[last + 1 :]


@given(st.permutations(NAMES), st.sampled_from(NAMES), st.integers(0, 8))
def test_a_breaking_file_of_a_newer_release(order: list[str], name: str, count: int) -> None:
    """It is refused if it came after all that is shipped, and named; one that was removed on purpose is not newer."""
    rows = [replace(row, breaking=row.name == name) for row in applied(*order)]
    shipped = shipped_of(*(set(order[:count]) - {name}))
    newer = all(order.index(file.name) < order.index(name) for file in shipped.files)
    if not newer:
        assert make_plan(shipped, rows, missing="allow").at_head
        return
    with pytest.raises(DatabaseAhead) as caught:
        make_plan(shipped, rows, missing="allow")
    assert caught.value.exit_status == 65
    assert [problem.what.split()[0] for problem in caught.value.problems] == [name]


@given(st.sets(st.sampled_from(NAMES), min_size=1), st.data())
def test_every_edited_file_is_named(edited: set[str], data: st.DataObject) -> None:
    """With when it was applied, by which release, and the way back; nothing runs."""
    shipped = shipped_of(*NAMES)
    done = data.draw(st.sets(st.sampled_from(NAMES)).map(lambda more: more | edited))
    rows = applied(*(file_of(n, "SELECT 'as it was';") if n in edited else n for n in sorted(done)))
    said = refusal(shipped, rows)
    assert [one.split(":")[0] for one in said] == [f"migrations/{name}" for name in sorted(edited)]
    assert all(
        "was edited after it was applied on 2026-01-02 03:04 by release v1" in s for s in said
    )
    assert all("git log -p" in one and "lockstep new NAME" in one for one in said)


@pytest.mark.parametrize("directive", ["repeatable", "repair"])
def test_some_files_may_be_edited(directive: str) -> None:
    """They run again when their text differs, and only then; they are not late."""
    now = file_of("0001_view.sql", f"-- lockstep: {directive}\nSELECT 2;")
    before = file_of("0001_view.sql", f"-- lockstep: {directive}\nSELECT 1;")
    shipped = Shipped((now, file_of("0002_a.sql")))
    plan = make_plan(shipped, applied(before, "0002_a.sql"))
    assert (names(plan), plan.late) == (["0001_view.sql"], ())
    assert make_plan(shipped, applied(now, "0002_a.sql")).at_head


def test_a_renamed_file_is_refused_once_with_the_way_back() -> None:
    """In the middle as at the end; it is not reported as removed, too."""
    renamed = file_of("0001_b.sql", "SELECT '0001_a.sql';")
    rows = applied("0001_a.sql", "0002_a.sql")
    expected = (
        "migrations/0001_b.sql: is 0001_a.sql under another name, which was applied on 2026-01-02 03:04 by release v1 | "
        "Rename it back to 0001_a.sql: the ledger knows files by their names."
    )
    assert refusal(Shipped((renamed, file_of("0002_a.sql"))), rows) == [expected]
    assert refusal(Shipped((renamed, file_of("0002_a.sql"))), rows, "allow") == [expected]
    assert refusal(Shipped((renamed,)), rows[:1]) == [expected]


def test_a_copy_of_an_applied_file_is_no_renaming() -> None:
    """The first is still there: the second is a file of its own."""
    copy = file_of("0003_a.sql", "SELECT '0001_a.sql';")
    plan = make_plan(Shipped((file_of("0001_a.sql"), copy)), applied("0001_a.sql"))
    assert names(plan) == ["0003_a.sql"]


def test_kinds_do_not_mix() -> None:
    """A seed and a migration of one name, or of one text, are two files."""
    seed = file_of("0001_a.sql", kind="seed")
    plan = make_plan(Shipped((file_of("0001_a.sql"),), (seed,)), applied(seed))
    assert [(file.kind, file.name) for file in plan.files] == [("migration", "0001_a.sql")]
    moved = make_plan(Shipped((file_of("0002_a.sql", "SELECT '0001_a.sql';"),)), applied(seed))
    assert names(moved) == ["0002_a.sql"]


def test_a_seed_that_is_gone_is_nobodys_business() -> None:
    """Seeds of other environments are not shipped here; neither missing nor a newer release's."""
    seed = file_of("0001_demo.sql", kind="seed")
    plan = make_plan(shipped_of("0001_a.sql"), applied(seed, "0001_a.sql"))
    assert (plan.at_head, plan.ahead) == (True, ())


def test_all_that_diverged_is_said_at_once() -> None:
    """Edited, renamed and removed files in one refusal that counts them."""
    shipped = Shipped(
        (
            file_of("0001_a.sql", "SELECT 1;"),
            file_of("0002_b.sql", "SELECT '0002_a.sql';"),
            file_of("0004_a.sql"),
        )
    )
    rows = applied("0001_a.sql", "0002_a.sql", "0003_a.sql", "0004_a.sql")
    assert [said.split(" ")[0] for said in refusal(shipped, rows)] == [
        "migrations/0001_a.sql:",
        "migrations/0002_b.sql:",
        "0003_a.sql:",
    ]


def test_a_lost_history_is_one_with_tables_and_without_a_ledger() -> None:
    """An empty database has none to lose; where there is a ledger, another application lost nothing."""
    shipped = shipped_of("0001_a.sql")
    assert make_plan(shipped, None, user_tables=3).history_lost
    assert not make_plan(shipped, None, user_tables=0).history_lost
    assert not make_plan(shipped, [], user_tables=3).history_lost
