"""The two one-token forms that PostgreSQL has for CREATE: IF NOT EXISTS and OR REPLACE."""

from __future__ import annotations

from lockstep.sql.action import Action, Thing, Verb
from lockstep.sql.objects import Key
from lockstep.sql.tree import Node

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
