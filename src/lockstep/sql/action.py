"""What a statement does to the schema, one action after the other: the form in which rules and the simulated run see SQL."""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from lockstep.sql.objects import Key

Verb = Literal["create", "replace", "drop", "rename", "use", "write", "opaque"]


class _Thing(NamedTuple):
    kind: str
    packed: bytes | None
    owner: Key | None
    columns: tuple[str, ...]
    facts: Mapping[str, Any] | None


class Thing(_Thing):
    """What is known of an object that exists.

    ``kind`` is what it is among those of its class (an index and a view are both relations); ``definition`` its tree, None if
    it is not known; ``owner`` the table or column that takes it along when it goes; ``columns`` those of the owner that it
    cannot do without; ``facts`` what rules look up.
    """

    __slots__ = ()

    def __new__(
        cls,
        kind: str = "",
        definition: Any = None,
        owner: Key | None = None,
        columns: tuple[str, ...] = (),
        facts: Mapping[str, Any] | None = None,
    ) -> Thing:
        """Make one; the definition is kept packed: the trees of a long history would be most of a boot's memory."""
        packed = None if definition is None else marshal.dumps(definition)
        # Past the constructor of the base, which would only count and name the fields again.
        return tuple.__new__(cls, (kind, packed, owner, columns, facts))

    @property
    def definition(self) -> Any:
        """The tree of the statement, or of the part of it, that made the object."""
        return None if self.packed is None else marshal.loads(self.packed)  # noqa: S302  # packed above

    def fact(self, name: str, default: Any = None) -> Any:
        """Return one of the facts."""
        return (self.facts or {}).get(name, default)


class Action(NamedTuple):
    """One thing that a statement does.

    ``rule`` names the rule that judges it when it cannot be done twice. ``create`` needs the object to be absent and ``drop``
    and ``rename`` need it to be there, unless ``tolerant`` (``IF [NOT] EXISTS``); ``replace`` never minds; ``use`` changes
    nothing that is tracked. Whatever it does, it fails where one of ``needs`` is missing, unless ``excused`` by an ``IF EXISTS``
    on the table it alters.

    ``parts`` are what comes into being with the object. ``unnamed`` marks an object whose name PostgreSQL chooses. ``words`` are
    the keywords behind which the one-token form is inserted, ``token`` that form; without them only a guard helps. ``part`` is
    the number of the command in an ALTER TABLE. In a DO block ``guarded`` is ``if``, ``unclear`` or what is caught there (see ``bodies``), ``branch``
    the text of the condition that it stands under, and ``inner`` the statement itself, if its place is known.
    """

    rule: str
    verb: Verb
    key: Key
    to: Key = ()
    tolerant: bool = False
    excused: bool = False
    needs: tuple[Key, ...] = ()
    thing: Thing = Thing()
    parts: tuple[tuple[Key, Thing], ...] = ()
    unnamed: bool = False
    cascade: bool = False
    words: tuple[str, ...] = ()
    token: str = ""
    part: int = 0
    node: Any = None
    guarded: str = ""
    branch: str = ""
    inner: Any = None
    line: int = 0
