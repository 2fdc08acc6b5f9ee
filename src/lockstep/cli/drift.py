"""``lockstep drift``: what of a database is not as it should be."""

from __future__ import annotations

import argparse
import json
import sys

from lockstep.catalog.wording import counts, sentence
from lockstep.cli.colour import palette_for
from lockstep.cli.differences import as_json, tree_lines
from lockstep.cli.invocation import settings_of

FOUND = 3


def drift(options: argparse.Namespace) -> int:
    """``lockstep drift``; with ``--exit-code``, 3 if anything differs."""
    from lockstep import schemas
    from lockstep.catalog.compare import compare

    settings = settings_of(options)
    against = options.against or str(settings.schema_lock)
    expected, live = schemas.together(
        lambda: schemas.named(against, settings), lambda: schemas.of_target(settings)
    )
    differences = compare(expected, live).differences
    if options.json:
        print(json.dumps({"differences": [as_json(each) for each in differences]}))
    elif options.tree:
        for line in tree_lines(differences, palette_for(sys.stdout)):
            print(line)
    else:
        palette = palette_for(sys.stdout)
        paint = {"missing": palette.red, "differs": palette.yellow, "extra": palette.dim}
        for each in differences:
            print(paint[each.what](sentence(each)))
    if not options.json:
        found = ", ".join(counts(differences)) or "no difference"
        print(found, file=sys.stderr)
    return FOUND if differences and options.exit_code else 0
