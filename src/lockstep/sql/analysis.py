"""The analyser: a history of files in, findings out; no database is asked.

Every file is run twice in the mind, on what the files before it leave behind (``rerun``); what its second run would trip over
becomes a finding of the rule that owns the action. On the way each statement is asked what it locks and for how long
(``hazards``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lockstep.sql.action import Action
from lockstep.sql.actions import actions_of
from lockstep.sql.bodies import line_starts
from lockstep.sql.finding import Analysed, Finding, Source
from lockstep.sql.fixes import fix_of, part_spans
from lockstep.sql.followed import follow
from lockstep.sql.hazards import FileHazards, in_transaction, is_repair
from lockstep.sql.objects import Key, shown
from lockstep.sql.parser import GRAMMAR_VERSION, NotParsed, Statement, parse
from lockstep.sql.prepass import syntax_error
from lockstep.sql.rerun import Run, Trouble
from lockstep.sql.rule import rules
from lockstep.sql.stamp import written_as
from lockstep.sql.state import State
from lockstep.sql.traps import traps_of, values_used_early

_BY_REASON = {
    "needs": "gone-on-second-run",
    "used": "used-on-second-run",
    "differs": "different-definition",
    "shadows": "table-in-another-schema",
    "emptied": "recreated",
    "namesake": "name-only-guard",
    "early": "enum-value-used",
    "frozen": "frozen-moment",
    "retyped": "retyped-on-second-run",
    "lost": "lost-on-second-run",
    "back": "lost-on-second-run",
}
_BY_DETAIL = {
    "insert-query": "insert-query",
    "no-target": "conflict-target",
    "no-target-unknown": "conflict-target-unknown",
    "unmatched-target": "conflict-target",
    "relative": "relative-update",
}


class _Judged(NamedTuple):
    statement: Statement
    actions: list[Action]


def analyse(
    sources: Sequence[Source],
    *,
    server: int = GRAMMAR_VERSION,
    judged: Sequence[bool] | None = None,
) -> list[Analysed]:
    """Return what is wrong with each of *sources*, which are one history in the order of running, forward parts only.

    *server* is the oldest PostgreSQL major that they are to run on. Of files that are not *judged* it is only learnt what they
    make. Nothing is raised: what cannot be parsed is a finding. ``-- lockstep: ignore`` comments are not looked at here.
    """
    analyser = Analyser(server)
    found = []
    for number, source in enumerate(sources):
        if judged is None or judged[number]:
            found.append(Analysed(source, tuple(analyser.findings(source))))
        else:
            analyser.pass_over(source)
            found.append(Analysed(source, ()))
    return found


class Analyser:
    """Analyses the files of one history, one after the other, and remembers what they make."""

    def __init__(self, server: int = GRAMMAR_VERSION) -> None:
        self.server = server
        self.state = State(server)

    def learn(self, statements: Iterable[Statement]) -> None:
        """Take note of what *statements* do without judging them."""
        path = self.state.path
        run = Run(self.state)
        for number, statement in enumerate(statements):
            run.only(number, actions_of(statement, self.state))
            follow(statement, self.state)
        self.state.forget_temporary()
        self.state.path = path

    def pass_over(self, source: Source) -> None:
        """Take note of what a file does without judging it; one that cannot be parsed does nothing."""
        with contextlib.suppress(NotParsed):
            self.learn(parse(source.text, rows=True))

    def findings(self, source: Source) -> list[Finding]:
        """Return the findings of the next file, in the order of its text."""
        try:
            statements = parse(source.text, rows=True)
        except NotParsed as error:
            return [syntax_error(source.text, error)] if self.server <= GRAMMAR_VERSION else []
        if needs_no_judge(source.text):
            self.learn(statements)
            return []
        return self.judge(
            statements, transaction=in_transaction(source.text), repair=is_repair(source.text)
        )

    def judge(
        self,
        statements: Sequence[Statement],
        *,
        transaction: bool = True,
        hazards: bool = True,
        repair: bool = False,
    ) -> list[Finding]:
        """Return the findings of the next file, of which these are the statements, in the order of its text.

        *transaction*: the file runs as one. *hazards*: there may be data, and others who use it. *repair*: it is for databases
        that have strayed from the history, so that what the history defines says nothing against what it defines.
        """
        path = self.state.path
        run = Run(self.state)
        judged: list[_Judged] = []
        watch = FileHazards(self.state, statements, transaction=transaction) if hazards else None
        for number, statement in enumerate(statements):
            if watch:
                watch.before(statement)
            actions = run.first(number, actions_of(statement, self.state))
            if watch:
                watch.after(statement, actions)
            else:
                follow(statement, self.state)
            judged.append(_Judged(statement, actions))
        troubles = run.second([one.actions for one in judged])
        self._add_traps(judged, troubles)
        found = [*self._report(judged, troubles), *(watch.findings() if watch else ())]
        if repair:
            found = [finding for finding in found if finding.rule != _BY_REASON["differs"]]
        self.state.path = path
        return sorted(found, key=lambda finding: (finding.start, finding.rule))

    def _add_traps(
        self, judged: Sequence[_Judged], troubles: dict[tuple[int, int], list[Trouble]]
    ) -> None:
        for number, (statement, actions) in enumerate(judged):
            for index, action in enumerate(actions):
                for trouble in traps_of(action, statement.text):
                    troubles.setdefault((number, index), []).append(trouble)
        early = values_used_early([one.actions for one in judged], self.state, self.server)
        for place, trouble in early:
            troubles.setdefault(place, []).append(trouble)

    def _report(
        self, judged: Sequence[_Judged], troubles: dict[tuple[int, int], list[Trouble]]
    ) -> Iterator[Finding]:
        groups: dict[tuple[int, int], list[tuple[Action, Trouble]]] = {}
        for (number, index), found in troubles.items():
            action = judged[number].actions[index]
            inner = action.inner.offset if action.inner else -1
            groups.setdefault((number, inner), []).extend((action, one) for one in found)
        for (number, _), pairs in groups.items():
            yield from self._of_statement(judged[number], pairs)

    def _of_statement(
        self, judged: _Judged, pairs: Sequence[tuple[Action, Trouble]]
    ) -> Iterator[Finding]:
        inner = pairs[0][0].inner
        statement = inner or judged.statement
        own = [action for action in judged.actions if action.inner is inner]
        fix = fix_of(statement, own, pairs, self.state)
        spans = _spans(statement, [action for action, _ in pairs])
        seen: set[tuple[str, Key]] = set()
        for (action, trouble), (start, end) in zip(pairs, spans, strict=True):
            rule = rules()[rule_of(action, trouble)]
            if (rule.name, trouble.key) in seen:
                continue
            seen.add((rule.name, trouble.key))
            yield Finding(
                rule.name,
                rule.kind,
                rule.severity,
                rule.message.format(name=shown(trouble.key) or action.rule),
                rule.workaround,
                start,
                end,
                fix.edits,
                fix.unfixable,
            )


def needs_no_judge(text: str) -> bool:
    """True of a repair as ``lockstep repair`` wrote it: each of its steps asks the database itself whether it is needed.

    It is for databases that are not what the history makes, where that history would only mislead.
    """
    return written_as(text) == "repair"


def rule_of(action: Action, trouble: Trouble) -> str:
    """Return the name of the rule that a trouble belongs to."""
    if trouble.uncaught == "unclear":
        return "opaque" if trouble.reason == "opaque" else "unclear-guard"
    if trouble.uncaught:
        return "handler-misses"
    return _BY_REASON.get(trouble.reason) or _BY_DETAIL.get(trouble.detail) or action.rule


def _spans(statement: Statement, actions: Sequence[Action]) -> Iterator[tuple[int, int]]:
    whole = (statement.offset, statement.offset + len(statement.text))
    in_block = any(action.line and not action.inner for action in actions)
    lines = line_starts(statement) if in_block else []
    parts = part_spans(statement) if statement.kind == "AlterTableStmt" else []
    for action in actions:
        if not action.inner and 0 < action.line <= len(lines):
            yield lines[action.line - 1], whole[1]
        elif len(parts) > 1 and action.part < len(parts):
            yield parts[action.part]
        else:
            yield whole
