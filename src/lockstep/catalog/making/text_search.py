"""Dictionaries and configurations of text search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, Path, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.texts import array, name_of, same_text
from lockstep.sql.objects import literal, qualified, quoted

_BUILT = "what is built on it"


def dictionary(path: Path) -> str:
    """Return what finds a dictionary in ``pg_ts_dict``."""
    return f"dictnamespace = {guards.schema(path[0])} AND dictname = {literal(path[1])}"


def configuration(path: Path) -> str:
    """Return what finds a configuration in ``pg_ts_config``."""
    return f"cfgnamespace = {guards.schema(path[0])} AND cfgname = {literal(path[1])}"


def create_dictionary(fact: Fact, expected: Index) -> list[Step]:
    """Make a dictionary."""
    options = ", ".join([f"TEMPLATE = {name_of(fact.body['template'])}", *_told(fact)])
    action = f"CREATE TEXT SEARCH DICTIONARY {qualified(*fact.path)} ({options})"
    return [Step(fact, action, guards.missing("pg_ts_dict", dictionary(fact.path)))]


def _told(fact: Fact) -> list[str]:
    return [fact.body["options"]] if fact.body.get("options") else []


def change_dictionary(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Drop a dictionary and make it anew."""
    wanted = difference.expected
    assert wanted is not None
    schema, name = undotted(wanted.body["template"])
    template = (
        f"EXISTS (SELECT FROM pg_catalog.pg_ts_template AS t WHERE t.oid = dicttemplate AND t.tmplname = {literal(name)}"
        f" AND t.tmplnamespace = {guards.schema(schema)})"
    )
    same = (
        same_text("dictinitoption", wanted.body["options"])
        if _told(wanted)
        else "dictinitoption IS NULL"
    )
    guard = guards.exists("pg_ts_dict", dictionary(wanted.path), guards.not_all([template, same]))
    return [_without(wanted, guard), *create_dictionary(wanted, expected)]


def drop_dictionary(fact: Fact) -> list[Step]:
    """Drop a dictionary."""
    return [_without(fact, guards.exists("pg_ts_dict", dictionary(fact.path)))]


def _without(fact: Fact, guard: str) -> Step:
    return Step(fact, f"DROP TEXT SEARCH DICTIONARY {qualified(*fact.path)}", guard, loses=_BUILT)


def create_configuration(fact: Fact, expected: Index) -> list[Step]:
    """Make a configuration with what it maps to what."""
    action = f"CREATE TEXT SEARCH CONFIGURATION {qualified(*fact.path)} (PARSER = {name_of(fact.body['parser'])})"
    made = Step(fact, action, guards.missing("pg_ts_config", configuration(fact.path)))
    return [made, *_mapped(fact, fact.body.get("mappings", {}), "ADD")]


def _mapped(fact: Fact, mappings: dict[str, list[str]], verb: str) -> Iterator[Step]:
    alike: dict[tuple[str, ...], list[str]] = {}
    for token, dictionaries in mappings.items():
        alike.setdefault(tuple(dictionaries), []).append(token)
    for chosen, tokens in alike.items():
        action = (
            f"ALTER TEXT SEARCH CONFIGURATION {qualified(*fact.path)} {verb} MAPPING FOR {', '.join(map(quoted, tokens))}"
            f" WITH {', '.join(map(name_of, chosen))}"
        )
        differs = guards.not_all([_same_mapping(token, chosen) for token in tokens])
        yield Step(fact, action, guards.exists("pg_ts_config", configuration(fact.path), differs))


def _same_mapping(token: str, dictionaries: Sequence[str]) -> str:
    found = (
        "ARRAY(SELECT n.nspname || '.' || d.dictname FROM pg_catalog.pg_ts_config_map AS m"
        " JOIN pg_catalog.pg_ts_dict AS d ON d.oid = m.mapdict JOIN pg_catalog.pg_namespace AS n ON n.oid = d.dictnamespace"
        " WHERE m.mapcfg = pg_ts_config.oid AND m.maptokentype = (SELECT t.tokid FROM pg_catalog.ts_token_type(cfgparser) AS t"
        f" WHERE t.alias = {literal(token)}) ORDER BY m.mapseqno)"
    )
    return f"{found} = {array(['.'.join(undotted(name)) for name in dictionaries])}"


def change_configuration(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Change what is mapped to what; with another parser it is another configuration."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    if "parser" in difference.fields:
        schema, name = undotted(wanted.body["parser"])
        parser = (
            f"EXISTS (SELECT FROM pg_catalog.pg_ts_parser AS p WHERE p.oid = cfgparser AND p.prsname = {literal(name)}"
            f" AND p.prsnamespace = {guards.schema(schema)})"
        )
        guard = guards.exists("pg_ts_config", configuration(wanted.path), f"NOT {parser}")
        return [_unconfigured(wanted, guard), *create_configuration(wanted, expected)]
    new, old = wanted.body.get("mappings", {}), found.body.get("mappings", {})
    added = {token: new[token] for token in new if token not in old}
    altered = {token: new[token] for token in new if token in old and new[token] != old[token]}
    gone = [token for token in old if token not in new]
    return [
        *_mapped(wanted, added, "ADD"),
        *_mapped(wanted, altered, "ALTER"),
        *_unmapped(wanted, gone),
    ]


def _unmapped(fact: Fact, tokens: list[str]) -> Iterator[Step]:
    if tokens:
        action = f"ALTER TEXT SEARCH CONFIGURATION {qualified(*fact.path)} DROP MAPPING FOR {', '.join(map(quoted, tokens))}"
        differs = guards.not_all([_same_mapping(token, []) for token in tokens])
        yield Step(
            fact,
            action,
            guards.exists("pg_ts_config", configuration(fact.path), differs),
            loses="what is found by such tokens",
        )


def drop_configuration(fact: Fact) -> list[Step]:
    """Drop a configuration."""
    return [_unconfigured(fact, guards.exists("pg_ts_config", configuration(fact.path)))]


def _unconfigured(fact: Fact, guard: str) -> Step:
    return Step(
        fact, f"DROP TEXT SEARCH CONFIGURATION {qualified(*fact.path)}", guard, loses=_BUILT
    )
