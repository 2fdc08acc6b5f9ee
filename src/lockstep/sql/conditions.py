"""Which error the server would raise for an action done twice, and whether a PL/pgSQL handler catches it.

The codes are PostgreSQL's (manual, appendix A) as measured on 13 to 18: a UNIQUE constraint that is there is a duplicate table,
because its index is; a second primary key is an invalid table definition; an index that is gone is an undefined object.
"""

from __future__ import annotations

from lockstep.sql.action import Action
from lockstep.sql.objects import Key

_NAMES = {
    "duplicate_object": "42710",
    "duplicate_table": "42P07",
    "duplicate_column": "42701",
    "duplicate_function": "42723",
    "duplicate_schema": "42P06",
    "duplicate_alias": "42712",
    "duplicate_database": "42P04",
    "undefined_table": "42P01",
    "undefined_column": "42703",
    "undefined_object": "42704",
    "undefined_function": "42883",
    "invalid_schema_name": "3F000",
    "invalid_table_definition": "42P16",
    "invalid_parameter_value": "22023",
    "unique_violation": "23505",
    "object_not_in_prerequisite_state": "55000",
    "wrong_object_type": "42809",
    "dependent_objects_still_exist": "2BP01",
    "feature_not_supported": "0A000",
    "invalid_text_representation": "22P02",
    "undefined_database": "3D000",
    "syntax_error_or_access_rule_violation": "42000",
}
_EXISTS = {
    "relation": "42P07",
    "column": "42701",
    "function": "42723",
    "schema": "42P06",
    "primary key": "42P16",
    "partition": "42809",
    "inheritance": "42P07",
    "identity": "55000",
    "attribute": "42701",
    "operator": "42723",
    "database": "42P04",
    "text search configuration": "23505",
    "text search dictionary": "23505",
    "text search parser": "23505",
    "text search template": "23505",
}
_MISSING = {
    "relation": "42P01",
    "column": "42703",
    "attribute": "42703",
    "function": "42883",
    "schema": "3F000",
    "label": "22023",
    "identity": "55000",
    "expression": "55000",
    "operator": "42883",
    "partition": "42P01",
    "inheritance": "42P01",
    "database": "3D000",
}
_NOT_TABLES = {"OBJECT_INDEX", "OBJECT_FOREIGN_TABLE"}
"""What DROP calls an undefined object where it calls other relations an undefined table."""
_OLD_NAME_FIRST = 15
"""From this major on, renaming a trigger looks for the old name before the new one."""


def sqlstate_of(action: Action, reason: str, key: Key, server: int) -> str:
    """Return the SQLSTATE of the second run's error on that PostgreSQL major, empty where it raises none."""
    if reason == "exists":
        if action.rule == "constraint-using-index":
            return "55000" if action.node["indexname"] == key[-1] else "42704"
        if key[0] == "constraint":
            kind = action.thing.kind
            return {"unique": "42P07", "exclusion": "42P07", "primary key": "42P16"}.get(
                kind, "42710"
            )
        return _EXISTS.get(key[0], "42710")
    if reason == "missing":
        if action.verb == "rename" and key[0] in {"trigger", "policy"}:
            return "42710" if key[0] == "policy" or server < _OLD_NAME_FIRST else "42704"
        if action.verb == "drop" and (action.node or {}).get("removeType") in _NOT_TABLES:
            return "42704"
    if reason == "used":
        return "0A000" if action.thing.kind == "column" else "2BP01"
    if reason == "needs" and key[0] == "label":
        return "22P02"
    if reason in {"missing", "needs"}:
        return _MISSING.get(key[0], "42704")
    return ""


def caught_by(action: Action, reason: str, key: Key, server: int) -> bool:
    """True if the exception handler around the action catches the error of its second run."""
    caught = {_NAMES.get(name.lower(), name.upper()) for name in action.guarded.split(",")}
    if "OTHERS" in caught:
        return True
    state = sqlstate_of(action, reason, key, server)
    classes = {code for code in caught if code.endswith("000")}
    return bool(state) and (state in caught or f"{state[:2]}000" in classes)
