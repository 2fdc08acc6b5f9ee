"""``lockstep serve``: find the application, then hand the process to the story."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import Any

from lockstep.application import Application
from lockstep.attempt import Attempt
from lockstep.boot.leaving import leave_within, never_linger, run_story
from lockstep.boot.places import describe, raising_place
from lockstep.boot.signals import StopSignals
from lockstep.cli.invocation import listener_of, settings_of
from lockstep.errors import ConfigurationWrong, LockstepError, Place, Unexpected
from lockstep.events import Listener, Step
from lockstep.interrupt import Interrupt
from lockstep.startup import serve

_LEAVE_IMPORT = 0.5
"""Seconds after a signal in which a module that is being imported must let go of the main thread."""
_LINGER = 2.0
"""Seconds that the application's own threads get to end once everything is stopped."""


def serve_application(
    options: argparse.Namespace,
    application: Application | None = None,
    also: Listener | None = None,
) -> int:
    """Boot *application* (or the one that the arguments or settings name) and serve until a signal; return the status."""
    interrupt = Interrupt()
    with StopSignals(interrupt) as signals:
        if application is None:
            interrupt.during = f"{int(Step.PREFLIGHT)} ({Step.PREFLIGHT.label})"
            with signals.breaking_off(lambda number: leave_within(_LEAVE_IMPORT, 128 + number)):
                application = load_application(options.target or settings_of(options).application)
        interrupt.check()
        declared = {
            "app": application.name,
            "migrations": application.migrations,
            "seeds": application.seeds,
        }
        settings = settings_of(options, {name: value for name, value in declared.items() if value})
        attempt = Attempt("serve", settings, listener_of(options, also), interrupt)
        status = Unexpected.exit_status
        try:
            run_story(serve(attempt, application, signals), attempt.report)
            status = 0
        except LockstepError as error:
            error.shown, status = attempt.timeline.outcome != "completed", error.exit_status
            raise
        finally:
            if attempt.source is not None and attempt.source.cluster is not None:
                attempt.source.cluster.stop()
            never_linger(_LINGER, status)
    return status


def load_application(target: str) -> Application:
    """Import ``module:attribute``: an ``Application``, or an ASGI application, which is then served without services."""
    module_name, _, attribute = target.partition(":")
    if not module_name or not attribute:
        raise ConfigurationWrong(
            f"{target!r} does not name an application" if target else "no application is named",
            why="It is written as module:attribute.",
            next_step="For example: lockstep serve app:application (or `application` in lockstep.toml).",
        )
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Any = importlib.import_module(module_name)
        for name in attribute.split("."):
            found = getattr(found, name)
    except LockstepError:
        raise
    except (Exception, SystemExit) as error:
        raise _import_failed(target, error) from error
    if isinstance(found, Application):
        return found
    if callable(found):
        return Application(name=module_name.partition(".")[0], http=lambda: found)
    raise ConfigurationWrong(
        f"{target} is neither an Application nor an ASGI application but {type(found).__name__}",
        next_step="Name a lockstep.Application, or a callable of (scope, receive, send).",
    )


def _import_failed(target: str, error: BaseException) -> ConfigurationWrong:
    place = raising_place(error)
    if isinstance(error, SyntaxError) and error.filename:
        place = Place(error.filename, error.lineno or 0, error.offset or 0)
    elif place is not None and place.file == importlib.__file__:
        place = None
    return ConfigurationWrong(
        f"{target} cannot be imported: {describe(error)}",
        place=place,
        why="The application is imported in step 0, before anything else happens.",
        next_step="Correct the module or its name; --verbose shows the traceback.",
    )
