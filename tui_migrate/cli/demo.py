"""The command that shows what tui-migrate does, on databases of its own: `demo`."""

import asyncio
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from tui_migrate.cli.options import COMMON, Common, Flag


def demo(
    *,
    headless: Flag = False,
    documents: Annotated[int, Parameter(validator=Number(gte=1, lte=10_000_000))] = 20_000,
    stop: Flag = False,
    fresh: Flag = False,
    common: Common = COMMON,
) -> int:
    """Start two databases with sample data, ready to migrate.

    Parameters
    ----------
    headless
        Do one migration and its rollback, prove both, and end.
    documents
        How many documents the source is filled with.
    stop
        End the databases of a demo that is still there.
    fresh
        Throw away what an earlier demo left.
    """
    from tui_migrate.demo.command import run_demo

    return asyncio.run(run_demo(headless=headless, documents=documents, stop=stop, fresh=fresh, home=common.home))
