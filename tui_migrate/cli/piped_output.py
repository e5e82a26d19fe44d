"""A package that goes into a pipe: stdout is the package's alone, and what people read goes to stderr."""

import os
import sys
from dataclasses import replace

from tui_migrate.cli.options import Engine, Handling
from tui_migrate.cli.output import Output
from tui_migrate.errors import UsageError

_STDOUT = 1


def piped_output(output: Output, handling: Handling, engine: Engine) -> Output:
    """Give where a command writes whose stdout is for a package. Raises UsageError where that cannot be."""
    if output.json:
        raise UsageError("--json and --output - would both write to stdout", hint="leave one of the two away")
    if handling.detach:
        raise UsageError(
            "--detach and --output - exclude each other", hint="a pipe is there for as long as its command is"
        )
    if engine.save_plan is not None:
        raise UsageError("a plan that is kept cannot write into a pipe", hint="name a file with --output")
    if os.isatty(_STDOUT):
        raise UsageError(
            "a package is not written to a terminal", hint="pipe it into another command, or name a file with --output"
        )
    sys.stdout.flush()
    return replace(output, pipe=_STDOUT)
