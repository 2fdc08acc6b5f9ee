"""In which order services start: a pure function, so that the order can be printed and proven before anything runs."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lockstep.application import Service
from lockstep.errors import ConfigurationWrong, Problem


def start_order(services: Sequence[Service]) -> tuple[Service, ...]:
    """Return *services* so that each comes after those it names in ``after``; ties keep the declared order.

    Raises ``ConfigurationWrong`` with every duplicate, unknown name and cycle at once.
    """
    by_name = {service.name: service for service in services}
    problems = [*_malformed(services), *_duplicates(services), *_unknown(services)]
    after = {name: _known_names(service, by_name) for name, service in by_name.items()}
    order, stuck = _topological(after)
    problems += _cycles(after, stuck)
    if problems:
        raise ConfigurationWrong(
            "the services cannot be put in an order",
            problems=problems,
            why="Services start one at a time, each after those that it names in `after`.",
            next_step="Correct `name` and `after` of the services listed; nothing was touched.",
        )
    return tuple(by_name[name] for name in order)


def _topological(after: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """Return the order, and the names that never came free."""
    order: list[str] = []
    waiting = list(after)
    while free := next((n for n in waiting if all(a in order for a in after[n])), None):
        order.append(free)
        waiting.remove(free)
    return order, waiting


def _known_names(service: Service, by_name: Mapping[str, Service]) -> tuple[str, ...]:
    if _is_text(service.after):
        return ()
    return tuple(name for name in service.after if name in by_name)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _malformed(services: Sequence[Service]) -> Iterator[Problem]:
    for service in services:
        if not service.name:
            yield Problem(f"a service of class {type(service).__name__} has no name")
        if _is_text(service.after):
            # A forgotten comma: ("database") is a string, and its letters would be taken for names.
            yield Problem(
                f"`after` of service {service.name!r} is the text {service.after!r}",
                next_step=f"Write a tuple: ({service.after!r},).",
            )


def _duplicates(services: Sequence[Service]) -> Iterator[Problem]:
    for name, count in Counter(service.name for service in services).items():
        if count > 1:
            yield Problem(f"{count} services are named {name!r}", next_step="Rename all but one.")


def _unknown(services: Sequence[Service]) -> Iterator[Problem]:
    names = list(dict.fromkeys(service.name for service in services))
    for service in services:
        for name in () if _is_text(service.after) else service.after:
            if name not in names:
                yield Problem(
                    f"service {service.name!r} comes after {name!r}, which is not a service",
                    next_step=_nearest(name, [n for n in names if n != service.name]),
                )


def _nearest(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Services: {', '.join(names)}." if names else "There is no other service."


def _cycles(after: Mapping[str, Sequence[str]], stuck: Sequence[str]) -> Iterator[Problem]:
    """Yield one problem for each edge that closes a cycle, so that mending all of them mends the order."""
    seen: set[str] = set()

    def follow(path: list[str]) -> Iterator[Problem]:
        seen.add(path[-1])
        for name in after[path[-1]]:
            if name in path:
                cycle = [*path[path.index(name) :], name]
                yield Problem(
                    f"services wait for each other: {' → '.join(cycle)}",
                    next_step="Take one of these names out of an `after`.",
                )
            elif name in stuck and name not in seen:
                yield from follow([*path, name])

    for first in stuck:
        if first not in seen:
            yield from follow([first])
