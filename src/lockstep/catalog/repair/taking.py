"""One difference after the other becomes entries of a plan, or is left with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lockstep.catalog.compare import Difference, Drift
from lockstep.catalog.fact import Fact, dotted, undotted
from lockstep.catalog.making import Step, Unchangeable, change, create, drop
from lockstep.catalog.making.index import Index
from lockstep.catalog.repair import arranged, conflicts
from lockstep.catalog.repair.adopted import adopted
from lockstep.catalog.repair.arranged import Entry
from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.columns import Columns
from lockstep.catalog.repair.cures import Cures
from lockstep.catalog.repair.data import Data
from lockstep.catalog.repair.entries import Entries, piece_of
from lockstep.catalog.repair.families import Families
from lockstep.catalog.repair.heirs import Heirs
from lockstep.catalog.repair.held_types import HeldTypes
from lockstep.catalog.repair.kept_not_nulls import KeptNotNulls
from lockstep.catalog.repair.late_keys import LateKeys
from lockstep.catalog.repair.leftovers import Leftovers
from lockstep.catalog.repair.online import Online
from lockstep.catalog.repair.plan import Need, Plan
from lockstep.catalog.repair.policy import additive_privileges, allowed
from lockstep.catalog.repair.privileges import corrections
from lockstep.catalog.repair.put_away import PutAway
from lockstep.catalog.repair.refusals import refused, unnamed
from lockstep.catalog.repair.remaking import Remaking, each
from lockstep.catalog.repair.script import quoted_body
from lockstep.catalog.repair.survivors import Survivors, with_defaults
from lockstep.postgres.session import Session

_FIRST_TO_GO = {"constraint", "domain_constraint", "index", "trigger", "rule", "policy", "view", "matview",
                "statistics", "publication", "event_trigger", "comment", "grant", "default_privilege"}  # fmt: skip
_ROUTINES = {"function", "procedure", "aggregate"}
_STILL_USED = ("dependent_objects_still_exist",)
_TYPES = {"enum", "domain", "composite", "range"}
_MADE_ANEW = {"view", "matview", *_TYPES, *_ROUTINES}


class Planner:
    """The entries and the left-overs of one drift."""

    def __init__(
        self,
        drift: Drift,
        expected: Index,
        live: Index,
        choices: Choices,
        session: Session | None,
        timeout: float,
    ) -> None:
        self._drift = drift
        self._expected = expected
        self._live = live
        self._choices = choices
        self._data = Data(session, live, timeout)
        cures = Cures(expected, live, choices, self._data)
        self._online = Online(expected, live, cures, self._data)
        self._columns = Columns(expected, live, self._online)
        self._remaking = Remaking(self._expected, self._live, drift, choices)
        self._held_types = HeldTypes(drift, choices)
        self._families = Families(drift, live, choices)
        self._survivors = Survivors(expected, live, choices)
        self._heirs = Heirs(drift, live)
        self._kept_not_nulls = KeptNotNulls(expected, live)
        self._followers: list[Difference] = []
        self._left = Leftovers(self._expected, self._live, self._data)
        self._late = LateKeys(drift, self._expected, self._live)
        self._entries = Entries(self._late)
        self._keys: list[Fact] = []
        self._labels: dict[tuple[str, ...], list[str]] = {}
        self._held: dict[str, str] = {}

    def begin(self, away: PutAway) -> None:
        """Take what goes first, so that all of it can be made anew."""
        self._held = dict(away.held)
        for entry in away.entries:
            lost = f"{entry.piece.loses}{self._amount(entry.fact)}" if entry.piece.loses else ""
            self._entries.add(replace(entry, piece=replace(entry.piece, loses=lost)))

    def plan(self, before: str, after: str) -> Plan:
        """Return all that was taken, in order."""
        for difference in self._followers:
            self._left.follow(difference, set(self._heirs.leaders(difference.fact)))
        for one in self._drift.of("missing"):
            if self._left.follow(one, self._late.needed(one.fact)):
                self._entries.forget(one.fact)
        entries = arranged.arranged(self._entries.every, self._keys, self._labels)
        self._tell_refused(entries)
        return Plan(
            before,
            after,
            0,
            tuple(entry.piece for entry in entries),
            tuple(self._left.sized()),
            tuple(self._online.conflicts),
            tuple(f"{fact.kind} {dotted(fact.path)}" for fact in self._drift.unread),
        )

    def _tell_refused(self, entries: Sequence[Entry]) -> None:
        extra = {one.fact.key: one for one in self._drift.of("extra")}
        for fact, other in refused(entries, self._live):
            if fact.key in extra:
                need: Need = "drop" if other.key in extra else "never"
                reason = f"{other.kind} {dotted(other.path)} stands on it, and stays"
                self._left.add(extra[fact.key], need, reason)

    def take(self, difference: Difference) -> None:
        """Make entries of a difference, or leave it."""
        if self._families.goes_with_another(difference):
            return
        wanted = difference.expected
        if wanted is not None and (reason := self._held_types.under(wanted)):
            self._left.add(difference, "retype", reason, fields=difference.fields)
            return
        if wanted is not None and (reason := self._held_types.read_by(wanted)):
            self._left.add(difference, "retype", reason, fields=("columns",))
            if difference.fields == ("columns",):
                return
        if difference.fact.kind == "not_null":
            self._not_null(difference)
        elif reason := self._held.get(difference.name, ""):
            self._left.add(difference, "drop", reason, fields=difference.fields)
        elif difference.expected is None:
            self._extra(difference)
        elif difference.live is None:
            self._missing(difference)
        else:
            self._differs(difference)

    def _not_null(self, difference: Difference) -> None:
        """Name a NOT NULL otherwise, or make it a child's own: nothing comes or goes by that."""
        fact = difference.fact
        bare = Fact(fact.kind, fact.path, {})
        both = Difference(difference.expected or bare, difference.live or bare)
        steps = change(both, self._expected, self._live)
        if isinstance(steps, Unchangeable):
            self._left.add(difference, "never", steps.reason)
        elif difference.expected is None and not self._families.may_go(fact):
            reason = "it is not expected; extra things stay unless they are named"
            self._left.add(difference, "drop", reason, steps)
        else:
            self._followers.append(difference)
            why = "only PostgreSQL 18 keeps it" + (
                "" if difference.live is None else "; it is another"
            )
            self._entries.steps(fact, steps, why)

    def _missing(self, difference: Difference) -> None:
        fact = difference.expected
        assert fact is not None
        obstacle = self._families.in_the_way(fact)
        if obstacle:
            self._left.add(
                difference,
                "never",
                f"{obstacle} is in its place, and would have to be dropped first",
            )
        elif fact.kind == "other":
            self._left.add(
                difference,
                "never",
                "how it was made is not known: objects of this kind are only counted",
            )
        elif not (
            additive_privileges(fact) or self._families.new(fact) or self._choices.may_drop(fact)
        ):
            self._left.add(
                difference,
                "drop",
                "a privilege would be taken away",
                create(fact, self._expected),
            )
        else:
            if self._heirs.handed_down(fact):
                self._followers.append(difference)
            self._make(fact)

    def _make(self, fact: Fact) -> None:
        if fact.kind == "constraint" and self._late.in_use(fact.path[:2]):
            self._constraint(fact)
        elif fact.kind == "index" and self._late.in_use(undotted(fact.body["table"])):
            self._index(fact)
        elif fact.kind == "column":
            self._entries.pieces(fact, self._columns.added(fact))
        elif fact.kind == "domain_constraint" and self._live.get("domain", fact.path[:2]):
            self._entries.pieces(fact, self._online.domain_constraint(fact, there=False))
        else:
            self._create(fact)

    def _create(self, fact: Fact) -> None:
        steps = create(fact, self._expected)
        if not steps:
            return  # it comes with another, as an operator does that was only announced
        made, *behind = steps
        corrected = corrections(fact, self._expected, self._live)
        piece = piece_of(made, "it is missing")
        if corrected:
            first = f"EXECUTE {quoted_body(made.action)};"
            piece = replace(piece, actions=(made.action,), body=(first, *each(corrected)))
        self._entries.enter(fact, made, piece)
        self._entries.steps(fact, behind, "it is missing")

    def _constraint(self, fact: Fact) -> None:
        key = fact.body["type"] in {"primary key", "unique"}
        if key:
            self._keys.append(fact)
        self._entries.pieces(
            fact,
            self._online.constraint(fact, late=self._late.refers(fact)),
            arranged.KEYS if key else arranged.PROOFS,
        )

    def _index(self, fact: Fact) -> None:
        unique = bool(fact.body.get("unique"))
        if unique:
            self._keys.append(fact)
        stage = arranged.KEYS if unique else arranged.PROOFS
        self._entries.pieces(fact, self._online.index(fact), stage)
        _, *behind = create(fact, self._expected)
        self._entries.steps(fact, behind, "it is missing", part_later=True)

    def _extra(self, difference: Difference) -> None:
        fact = difference.live
        assert fact is not None
        if fact.kind == "revocation":
            self._entries.steps(
                fact, drop(fact), "a privilege that everybody has by default is missing"
            )
            return
        steps = drop(fact)
        if not self._families.may_go(fact):
            reason = "it is not expected; extra things stay unless they are named"
            self._left.add(difference, "drop", reason, steps)
            return
        if not steps:
            self._left.add(difference, "never", "there is no statement that drops it")
            return
        if fact.kind == "column" and self._heirs.handed_down(fact):
            self._followers.append(difference)
        amount = self._amount(fact)
        in_place = self._families.in_place(fact)
        early = in_place or fact.kind in _FIRST_TO_GO or self._families.goes_before_its_type(fact)
        stage = arranged.FIRST_DROPS if early else arranged.LAST_DROPS
        if in_place or self._late.belongs_to_a_key(fact):
            if self._unnamed(difference, fact, steps):
                return
            self._make_way(fact, steps[0].guard)
        for step in (self._heirs.dropped(fact, step) for step in steps):
            piece = piece_of(step, "it is not expected", caught=_STILL_USED)
            lost = step.loses or "the object"
            self._entries.add(
                Entry(fact, replace(piece, loses=f"{lost}{amount}"), stage, step.phase)
            )

    def _unnamed(self, difference: Difference, fact: Fact, steps: Sequence[Step]) -> bool:
        """Leave a difference if something would go with *fact* that nobody named, and tell whether it is left."""
        other = unnamed(self._survivors.in_the_way(fact), self._expected, self._families.may_go)
        if other is None:
            return False
        reason = f"{other.kind} {dotted(other.path)} would go with it, and is not named"
        self._left.add(difference, "drop", reason, steps)
        return True

    def _make_way(self, fact: Fact, needed: str) -> None:
        """Let what stands on *fact* go with it, and come back behind what takes its place."""
        self._entries.every += self._survivors.drops(fact, needed)
        for one in self._survivors.again(fact):
            self._make(one)
        for step in with_defaults(fact, self._expected, self._live):
            self._entries.enter(step.fact, step, piece_of(step, "its default is there again"))

    def _amount(self, fact: Fact) -> str:
        if fact.kind not in {"table", "column"}:
            return ""
        answer = self._data.answer(conflicts.amount(fact))
        return f" ({answer.text} {'values' if fact.kind == 'column' else 'rows'})"

    def _differs(self, difference: Difference) -> None:
        goal, held = allowed(difference, self._choices)
        for one in held:
            self._left.hold(difference, one)
        if goal is None:
            return
        fact = goal.fact
        if (
            goal.fields == ("not_valid",)
            and "not_valid" not in fact.body
            and not fact.body.get("not_enforced")
        ):
            self._prove(fact)
        elif (
            fact.kind == "index"
            and goal.live is not None
            and goal.live.body.get("invalid")
            and not fact.body.get("invalid")
        ):
            if part := self._online.half_attached(goal.live):
                reason = f"its part on {part} may be unfinished as well: see what that lacks"
                self._left.add(difference, "never", reason)
            else:
                self._index(fact)
        elif fact.kind == "column":
            self._column(goal)
        else:
            self._change(difference, goal)
            for index, step in adopted(goal, self._expected, self._live):
                why = "its new parent takes it for its own; it is built once more"
                self._entries.steps(index, [step], why)
                self._index(index)

    def _prove(self, fact: Fact) -> None:
        if fact.kind == "domain_constraint":
            self._entries.pieces(fact, self._online.domain_constraint(fact, there=True))
        else:
            self._entries.pieces(fact, self._online.proof(fact), arranged.PROOFS)

    def _column(self, goal: Difference) -> None:
        fact, found = goal.fact, goal.live
        assert found is not None
        if self._columns.becomes_not_null(goal):
            self._entries.pieces(fact, self._online.not_null(fact), arranged.NOT_NULL)
            goal = self._columns.as_nullable_as_now(goal)
        if goal.fields:
            self._change(goal, goal)

    def _change(self, difference: Difference, goal: Difference) -> None:
        if reason := self._kept_not_nulls.refused(goal):
            self._left.add(difference, "never", reason, fields=("not_null",))
            goal = self._columns.as_nullable_as_now(goal)
            if not goal.fields:
                return
        steps = change(goal, self._expected, self._live)
        fact = goal.fact
        if isinstance(steps, Unchangeable):
            self._left.add(difference, "never", steps.reason)
            return
        steps = self._kept_not_nulls.with_keepers(goal, steps)
        if not steps and fact.kind == "column":
            self._followers.append(difference)
        retyped = self._columns.retyped(goal) or fact.kind in _TYPES
        lost = next((step.loses for step in steps if step.loses), "")
        need: Need = "retype" if retyped else "drop"
        if lost and not (self._choices.may_retype if retyped else self._choices.may_drop)(fact):
            self._left.add(difference, need, f"it would lose {lost}", steps, goal.fields)
            return
        if fact.kind == "enum" and not lost and goal.live is not None:
            known = goal.live.body["labels"]
            self._labels[fact.path] = [x for x in fact.body["labels"] if x not in known]
        if retyped and fact.kind == "column":
            self._retype(goal, steps)
        elif lost:
            self._replace(goal, steps)
        else:
            self._entries.steps(fact, steps, f"it differs in {', '.join(goal.fields)}")

    def _replace(self, goal: Difference, steps: Sequence[Step]) -> None:
        """Drop an object and make it anew, as it was allowed."""
        fact, why = goal.fact, f"it differs in {', '.join(goal.fields)}"
        if fact.kind in _MADE_ANEW:
            piece = self._remaking.whole(fact, steps, why)
            self._entries.add(Entry(fact, piece, arranged.MAKING))
        elif fact.kind in {"constraint", "index"} and self._unnamed(goal, goal.live or fact, steps):
            return
        elif fact.kind == "constraint" and self._late.in_use(fact.path[:2]):
            self._make_way(goal.live or fact, steps[0].guard)
            self._goes_first(fact, steps[0], why)
            self._constraint(fact)
        elif fact.kind == "index" and self._late.in_use(undotted(fact.body["table"])):
            self._make_way(goal.live or fact, steps[0].guard)
            self._goes_first(fact, steps[0], why)
            self._index(fact)
        else:
            self._entries.steps(fact, steps, why, caught=_STILL_USED)

    def _goes_first(self, fact: Fact, step: Step, why: str) -> None:
        """Drop what is made anew before its columns change: they may be something that it does not allow."""
        self._entries.add(Entry(fact, piece_of(step, why), arranged.FIRST_DROPS, step.phase))

    def _retype(self, goal: Difference, steps: Sequence[Step]) -> None:
        if self._columns.is_another(goal):
            self._make_way(goal.fact, steps[0].guard)
        # A child's column has another type once its parent's has: what is left is its own.
        inherited = any(self._heirs.of_parents(goal.fact))
        question = None if inherited else self._columns.question_of_retyping(goal)
        cures, answer = self._online.clear(question, steps[0].guard) if question else ([], None)
        why = f"it differs in {', '.join(goal.fields)}"
        piece = self._remaking.whole(goal.fact, steps, why, question)
        if answer and not answer.clean:
            piece = replace(piece, loses=f"{piece.loses} ({answer.text} do not fit)")
        if cures:
            self._entries.every += [Entry(goal.fact, cure, arranged.CURES) for cure in cures]
            piece = replace(piece, part="later")
        stage = arranged.NOT_NULL if cures else arranged.MAKING
        self._entries.add(Entry(goal.fact, piece, stage, int(inherited)))
