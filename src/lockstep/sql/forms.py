"""The one-token forms that PostgreSQL has: IF NOT EXISTS and OR REPLACE for what comes, IF EXISTS for what goes."""

from __future__ import annotations

from typing import Any

from lockstep.sql.action import Action, Thing, Verb
from lockstep.sql.objects import Key
from lockstep.sql.tree import Node

IE = " IF EXISTS"
INE = " IF NOT EXISTS"
OR_REPLACE = " OR REPLACE"


def simple(rule: str, key: Key, tree: Node, words: tuple[str, ...], thing: Thing) -> Action:
    """Return CREATE of an object that PostgreSQL has IF NOT EXISTS for."""
    tolerant = bool(tree.get("if_not_exists"))
    return Action(
        rule, "create", key, tolerant=tolerant, thing=thing, words=words, token=INE, node=tree
    )


def replaceable(
    rule: str, key: Key, tree: Node, thing: Thing, needs: tuple[Key, ...] = ()
) -> Action:
    """Return CREATE of an object that PostgreSQL has OR REPLACE for."""
    verb: Verb = "replace" if tree.get("replace") else "create"
    return Action(
        rule, verb, key, needs=needs, thing=thing, words=("CREATE",), token=OR_REPLACE, node=tree
    )


def dropped(rule: str, key: Key, tree: Node, words: tuple[str, ...], **common: Any) -> Action:
    """Return DROP of an object, alone or as a command of an ALTER."""
    return Action(
        rule,
        "drop",
        key,
        tolerant=bool(tree.get("missing_ok")),
        cascade=tree.get("behavior") == "DROP_CASCADE",
        words=words,
        token=IE,
        node=tree,
        **common,
    )
