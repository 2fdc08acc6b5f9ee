"""All rules that exist: the analyser's, and those of what comes before and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lockstep.sql.finding import Kind, Severity
from lockstep.sql.rule import Rule, rules
from lockstep.values import dataclass


@dataclass(frozen=True, slots=True)
class TextRule:
    """A rule of the text as such; it says of itself what ``lockstep.sql.rule.Rule`` says, and holds its examples."""

    name: str
    kind: Kind
    severity: Severity
    condition: str
    effect: str
    workaround: str
    bad: str
    good: str


AnyRule = Rule | TextRule


_UNREADABLE = "Nothing else of the file can be judged, and no boot runs it."
AROUND: tuple[TextRule, ...] = (
    TextRule("byte-order-mark", "syntax", "error", "The file begins with a byte order mark (U+FEFF).", "PostgreSQL takes it for the beginning of a name: a syntax error in the first line, for no reason that can be seen.", "Save the file as UTF-8 without BOM.", "\ufeffSELECT 1;\n", "SELECT 1;\n"),
    TextRule("nul-byte", "syntax", "error", "The file holds a NUL byte.", "SQL text ends there: what follows would silently not run.", "Remove it; in a bytea literal write it as `'\\x00'`.", "SELECT 'a\0b';\n", "SELECT '\\x610062'::bytea;\n"),
    TextRule("not-utf-8", "syntax", "error", "The file is UTF-16, or has bytes that are no UTF-8.", _UNREADABLE, "Save the file as UTF-8.", "SELECT 'caf\udce9';\n", "SELECT 'café';\n"),
    TextRule("psql-command", "syntax", "error", "A line begins with a command of psql, or a statement is sent by one (`\\gset`).", "Only psql knows it; a runner sends it to the server as SQL, and the file fails.", "Take it out; the runner connects, orders and wraps the files itself.", "\\echo 'users'\nSELECT 1;\n", "SELECT 1;\n"),
    TextRule("template", "syntax", "error", "The file is not SQL but becomes SQL: `{{ x }}`, `${x}`, `:x`. What looks so inside a string is one.", "Files run as they are. (The rest of the file is judged with a word in its place.)", "Ship what it renders to.", "CREATE SCHEMA IF NOT EXISTS {{ name }};\n", "CREATE SCHEMA IF NOT EXISTS app;\n"),
    TextRule("syntax-error", "syntax", "error", "The grammar of PostgreSQL does not know the text.", _UNREADABLE, "Correct it; the place is where the grammar stumbles, which may be behind the mistake.", "SELEC 1;\n", "SELECT 1;\n"),
    TextRule("directive", "syntax", "error", "A `-- lockstep:` comment is no directive that exists, or stands where none is heard.", "A boot refuses the file: a misspelt `no-transaction` must not quietly be a comment.", "Write it as the message says.", "-- lockstep: no-transacton\nVACUUM;\n", "-- lockstep: no-transaction\nVACUUM;\n"),
    TextRule("unknown-rule", "syntax", "error", "`-- lockstep: ignore` names a rule that does not exist.", "It ignores nothing, though its author believes so.", "Correct the name.", "-- lockstep: ignore sintax-error because it is old\nSELECT 1;\n", "SELECT 1;\n"),
    TextRule("unused-ignore", "syntax", "warning", "`-- lockstep: ignore` stands beside no statement, or beside one without such a finding.", "It would hide a finding that comes later, for a reason that was another's.", "Take it out.", "-- lockstep: ignore unused-ignore because it was needed once\nSELECT 1;\n", "SELECT 1;\n"),
)  # fmt: skip
"""The rules of the text as such: what is found before and after the analyser."""


def known_rules() -> Mapping[str, AnyRule]:
    """Return every rule by its name, in the order of their names."""
    return _Known()


class _Known(Mapping[str, AnyRule]):
    """The rules of the text, and the analyser's, of which it imports those that are asked for."""

    def __init__(self) -> None:
        self._around = {rule.name: rule for rule in AROUND}
        self._names = sorted([*self._around, *rules()])

    def __getitem__(self, name: str) -> AnyRule:
        return self._around.get(name) or rules()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._around or name in rules()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def explained(rule: AnyRule) -> str:
    """Return all that is to be said of a rule, for a terminal."""
    parts = [
        f"{rule.name} ({rule.kind}, {rule.severity})",
        f"When    {rule.condition}",
        f"Effect  {rule.effect}",
        f"Instead {rule.workaround}",
        f"Bad:\n{_example(rule.bad)}",
        f"Good:\n{_example(rule.good)}",
    ]
    return "\n\n".join(parts)


def readable(text: str) -> str:
    """Return an example with what cannot be seen in it spelled out."""
    return "".join(
        character if character.isprintable() or character == "\n" else _spelled(character)
        for character in text
    )


def _spelled(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return f"<{ord(character) - 0xDC00:02X}>"
    return f"<U+{ord(character):04X}>"


def _example(text: str) -> str:
    return "\n".join(f"    {line}" for line in readable(text).rstrip("\n").split("\n"))
