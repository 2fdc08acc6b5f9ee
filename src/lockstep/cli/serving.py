"""``lockstep serve``: find the application, then hand the process to the story."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
import traceback
from typing import Any

from lockstep.application import Application
from lockstep.attempt import Attempt
from lockstep.boot.signals import StopSignals
from lockstep.cli.invocation import listener_of, settings_of
from lockstep.errors import ConfigurationWrong, LockstepError, Place
from lockstep.interrupt import Interrupt
from lockstep.startup import serve


def serve_application(options: argparse.Namespace, application: Application | None = None) -> int:
    """Boot *application* (or the one that the arguments or settings name) and serve until a signal; return the status."""
    interrupt = Interrupt()
    with StopSignals(interrupt) as signals:
        if application is None:
            application = load_application(options.target or settings_of(options).application)
        interrupt.check()
        declared = {
            "app": application.name,
            "migrations": application.migrations,
            "seeds": application.seeds,
        }
        settings = settings_of(options, {name: value for name, value in declared.items() if value})
        attempt = Attempt("serve", settings, listener_of(options), interrupt)
        try:
            asyncio.run(serve(attempt, application, signals))
        except LockstepError as error:
            error.shown = attempt.timeline.outcome != "completed"
            raise
        finally:
            if attempt.source is not None and attempt.source.cluster is not None:
                attempt.source.cluster.stop()
    return 128 + interrupt.signal_number if signals.insisted else 0


def load_application(target: str) -> Application:
    """Import ``module:attribute``: an ``Application``, or an ASGI application, which is then served without services."""
    module_name, _, attribute = target.partition(":")
    if not module_name or not attribute:
        raise ConfigurationWrong(
            f"{target!r} does not name an application" if target else "no application is named",
            why="It is written as module:attribute.",
            next_step="For example: lockstep serve studio.assembly:application (or `application` in lockstep.toml).",
        )
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Any = importlib.import_module(module_name)
        for name in attribute.split("."):
            found = getattr(found, name)
    except LockstepError:
        raise
    except Exception as error:
        raise _import_failed(target, error) from error
    if isinstance(found, Application):
        return found
    if callable(found):
        return Application(name=module_name.partition(".")[0], http=lambda: found)
    raise ConfigurationWrong(
        f"{target} is neither an Application nor an ASGI application but {type(found).__name__}",
        next_step="Name a lockstep.Application, or a callable of (scope, receive, send).",
    )


def _import_failed(target: str, error: Exception) -> ConfigurationWrong:
    frames = traceback.extract_tb(error.__traceback__)
    last = next(
        (f for f in reversed(frames) if "importlib" not in f.filename and f.filename != __file__),
        None,
    )
    return ConfigurationWrong(
        f"{target} cannot be imported: {type(error).__name__}: {error}",
        place=Place(last.filename, last.lineno or 0) if last else None,
        why="The application is imported in step 0, before anything else happens.",
        next_step="Correct the module or its name; --verbose shows the traceback.",
    )
