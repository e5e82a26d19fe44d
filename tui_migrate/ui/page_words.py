"""The pages about findings, which are written for the command line, in the app's words."""

import re
from typing import Final

from tui_migrate.ui.next_steps import app_words

_MORE: Final = "under Policy › More"

_SENTENCES: Final = (
    (r"`--batch-(?:bytes|documents)`, `--batch-(?:bytes|documents)`", f"“Batch” {_MORE}"),
    (r"Compare it with its source, if you can: `tui-migrate compare`", "Compare it with its source, if you can"),
    (r"`tui-migrate list-collections`, or `validate` for a package", "Collections shows it, or the check of a package"),
    (r"Choose `--conflict-resolution (\w+)`", r"Choose `\1` on Policy"),
    (r"`--dry-run` counts", "that step counts"),
    (r"with `--conflict-resolution (\w+)`", r"with the policy `\1`"),
    (r"Leave `?--quick`? away", f"Do without “Quick look” {_MORE}"),
    (r"with `--exclude`", "by taking its mark away on Collections"),
    (r"with `--rename`", "on its sheet: enter on Collections"),
    (r"with --filter", "with a filter on the collection's sheet: enter on Collections"),
    (r"with `--newer-by FIELD`", f"by “Newer by” {_MORE}"),
    (r"`rollback --force` takes", "in a shell: tui-migrate rollback --force takes"),
    (r"`--verify (\w+)`", rf"“Verify: \1” {_MORE}"),
    (r"Without `--no-rollback` the", "With an undo log the"),
    (r"with `--no-rollback`", f"without “Undo log” {_MORE}"),
    (r"`tui-migrate retry RUN`", "Retry on the list of rejects"),
    (r"`tui-migrate retry` writes", "Retry writes"),
    (r"`--type-plan (\w+)` takes", r"Types on the last step: \1 takes"),
    (r"`--type-plan (\w+)` leaves", r"\1 leaves"),
    (r"; `validate --write-type-plan FILE` .*`--type-plan FILE`", "; each field can be decided there for itself"),
    (r"`--write-type-plan`", "Types on the last step"),
    (r"Wait for the run \(`attach`\)", "Wait for the run"),
    (r"`rollback --confirm` takes", "a rollback takes"),
    (r"`--home`, ", ""),
    (r"`(--[a-z-]+)`", r"\1"),
)
_WORDS: Final = tuple((re.compile(one), other) for one, other in _SENTENCES)


def page_words(text: str) -> str:
    """Put a page so that what it advises is found on the screens; what only a command does is named as one."""
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return "\n".join(map(app_words, text.splitlines()))
