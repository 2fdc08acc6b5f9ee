"""From wherever one comes, the head is the same: from empty, and from what each earlier release left, with rows in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lockstep.prove.filling.filler import Filler
from lockstep.prove.ground import Ground
from lockstep.prove.lane import Lane
from lockstep.prove.observe import State, changes
from lockstep.prove.releases import Release
from lockstep.prove.subjects import Subject
from lockstep.prove.trial import Failure
from lockstep.prove.verdicts import Check, failing


def upgrade(
    ground: Ground,
    start: str,
    head: State,
    subjects: Sequence[Subject],
    releases: Sequence[Release],
) -> Mapping[str, Check]:
    """Return, for each release, whether what it left becomes *head* by the files that it did not ship; *head* is from empty."""
    return {
        f"upgrade from {release.name}": _upgrade(ground, start, head, subjects, release)
        for release in releases
    }


def _upgrade(
    ground: Ground, start: str, head: State, subjects: Sequence[Subject], release: Release
) -> Check:
    edited = _edited(subjects, release)
    if edited:
        return Check(
            "unsafe", f"{edited} is not what {release.name} shipped: databases that ran it differ"
        )
    lane = Lane(ground, ground.create(start))
    try:
        for subject in release.subjects:
            _apply(
                ground, lane, subject
            )  # one that could not be applied then is no part of what it left
        with ground.session(lane.url) as session:
            Filler().fill(session)
        ran = {(one.kind, one.name, _plain(one)) for one in release.subjects}
        for subject in subjects:
            if (subject.kind, subject.name, _plain(subject)) in ran:
                continue  # what was edited and is not refused above runs again
            failure = _apply(ground, lane, subject)
            if failure is not None:
                return failing(
                    "unsafe", failure, f"on what {release.name} left, with rows: {subject.name}: "
                )
        change = changes(State(head.schema, {}), lane.look(rows=False))
    finally:
        ground.drop(lane.url)
    if change:
        return Check("unsafe", f"not the schema that a new database has: {change}", change=change)
    return Check("ok")


def _apply(ground: Ground, lane: Lane, subject: Subject) -> Failure | None:
    failure, _, kept = lane.apply(subject)
    if kept:
        ground.drop(kept)
    return failure


def _edited(subjects: Sequence[Subject], release: Release) -> str:
    today = {(one.kind, one.name): one for one in subjects}
    for one in release.subjects:
        now = today.get((one.kind, one.name))
        if now is not None and not one.header.rerun_on_change and _plain(now) != _plain(one):
            return one.name
    return ""


def _plain(subject: Subject) -> bytes:
    return subject.raw.replace(b"\r\n", b"\n")
