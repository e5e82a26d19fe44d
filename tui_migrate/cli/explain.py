"""The command that shows what a finding means: `explain`."""

from typing import Annotated

from cyclopts import Parameter

from tui_migrate.cli.options import COMMON, Common


def explain(
    code: Annotated[str, Parameter(name="CODE", show_default=False)] = "", /, *, common: Common = COMMON
) -> int:
    """Say what a finding of a check or a run means, why it matters and what to do; without a code, list all.

    Parameters
    ----------
    code
        The code of a finding, such as conflict.
    """
    from tui_migrate.cli.tables import table
    from tui_migrate.plan.checks.all import codes
    from tui_migrate.plan.checks.paging import page, page_codes

    output, severities = common.output, codes()
    if code:
        found = page(code)
        severity = severities.get(code)
        output.document(
            {"code": code, "title": found.title, "severity": severity and severity.value, "text": found.text}
        )
        output.line(f"{code}: {found.title}")
        for line in ["", *found.text.splitlines()]:
            output.line(line)
        return 0
    pages = [page(one) for one in page_codes()]
    output.document({"pages": [{"code": one.code, "title": one.title} for one in pages]})
    for line in table(["code", "what it means"], [[one.code, one.title] for one in pages], numbers=()):
        output.line(line)
    return 0
