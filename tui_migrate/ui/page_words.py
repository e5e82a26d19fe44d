"""The pages about what findings mean, as the app shows them: what they say for the command line in the app's words."""

import re
from collections.abc import Iterator
from typing import Final

from tui_migrate.plan.checks.paging import page, page_codes
from tui_migrate.ui.next_steps import app_words

_MORE: Final = "under Policy › More"
_REJECTS: Final = f"“Rejects allowed” {_MORE}"

_SENTENCES: Final = (
    (r"--batch-(?:bytes|documents), --batch-(?:bytes|documents)", f"“Batch” {_MORE}"),
    (r": tui-migrate compare", ", by Compare on Home"),
    (r"List what is there \(.*\), then", "See what is there on Collections, then"),
    (r"\bout with --exclude", "out by taking its mark away on Collections"),
    (r" with --rename", ", on its sheet"),
    (r"With --quick", "With a quick look"),
    (r"Leave --quick away", f"Switch “Quick look” off {_MORE}"),
    (r"Choose --conflict-resolution skip", "Choose skip on Policy"),
    (r"--dry-run counts what each would do", "Policy counts what each would do"),
    (r"with --conflict-resolution overwrite", "with overwrite on Policy"),
    (r"more of them than --max-rejects end", f"more of them than {_REJECTS} says end"),
    (r"With --max-rejects the others are put aside", f"{_REJECTS} lets the others be put aside"),
    (r"(put (?:aside|them aside)) with --max-rejects", rf"\1: {_REJECTS}"),
    (r"rollback --force takes", "a forced rollback takes"),
    (r"take the run back with rollback", "roll the run back"),
    (r"Use --verify content", f"Set “Verify” {_MORE} to content"),
    (r"Without --no-rollback", "With an undo log"),
    (r"tui-migrate retry RUN", "write them again: Rejects of the run"),
    (r"tui-migrate retry writes them again later", "they can be written again later, from Rejects of the run"),
    (r"out with --filter", "out by a filter on the collection's sheet"),
    (r"Use --redact to", f"Switch “Redact” on {_MORE} to"),
    (
        r"Wait for the run \(attach\), or end it: cancel gives up what can still go on, rollback --confirm takes",
        "Wait for the run, or end it from its screen: Cancel gives up what can still go on, Roll back takes",
    ),
    (r": --write-type-plan", ": “Types” on the last step"),
    (
        r"--type-plan accept takes .* given to --type-plan FILE",
        "“Types” on the last step shows what each field looks like, and takes that or leaves texts",
    ),
    (r"\(--home, TUI_MIGRATE_HOME\)", "(TUI_MIGRATE_HOME)"),
)
"""What pages say for the command line, without its quotes, and the app's words in its place, tried in this order."""

_WORDS: Final = tuple((re.compile(one), other) for one, other in _SENTENCES)


def page_lines(code: str) -> Iterator[str]:
    """Give what `explain` says of a code, its title as a heading; some codes of old runs have no page."""
    if code not in page_codes():
        return
    found = page(code)
    yield f"# {found.title}"
    yield ""
    for line in found.text.splitlines():
        yield _in_app(line.replace("`", ""))
    yield ""


def _in_app(line: str) -> str:
    for pattern, words in _WORDS:
        line = pattern.sub(words, line)
    return app_words(line)
