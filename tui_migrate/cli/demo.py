"""The command that shows what tui-migrate does, on databases of its own: `demo`."""

import asyncio
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from tui_migrate.cli.options import COMMON, Common, Flag
from tui_migrate.paths import Home

DOCUMENTS: Final = 20_000


def demo(
    *,
    headless: Flag = False,
    documents: Annotated[int, Parameter(validator=Number(gte=1, lte=10_000_000))] = DOCUMENTS,
    stop: Flag = False,
    fresh: Flag = False,
    common: Common = COMMON,
) -> int:
    """Open the app over two databases with sample data, ready to migrate.

    Without a terminal the databases are started, and what to try is said.

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
    from tui_migrate.ui.opening import why_not

    output = common.output
    show = None if headless or output.json or why_not() is not None else _show_app
    return asyncio.run(
        run_demo(
            headless=headless,
            documents=documents,
            stop=stop,
            fresh=fresh,
            home=common.home,
            show=show,
            say=output.line,
            hand=output.document,
        )
    )


async def _show_app(home: Home) -> int:
    from tui_migrate.ui.opening import run_app

    exit_code, _ = await run_app(home)
    return exit_code
