"""The pages about findings in the app's words: they speak of the command line, whose options stand elsewhere here."""

import re
from typing import Final

from tui_migrate.ui.next_steps import app_words

_TICKED: Final = re.compile(r"`(--[a-z-]+(?: [\w-]+)?)`")
"""An option, with its value where it has one, as a page has it."""

_SENTENCES: Final = (
    (r"--batch-bytes, --batch-documents|--batch-documents, --batch-bytes", "“Batch” under Policy › More"),
    (r"`tui-migrate compare`", "Compare, on Home"),
    (r" \(`tui-migrate list-collections`, or `validate` for a package\)", " on Collections"),
    (r"(?i)\b(l)eave (?:it|the collection) out with --exclude", r"\1eave it out (take its mark away on Collections)"),
    (r"Choose --conflict-resolution skip", "On Policy, choose `skip`"),
    (r"--dry-run counts", "the numbers there say"),
    (r"with --conflict-resolution overwrite", "with the policy `overwrite`"),
    (r"Leave --quick away", "Turn “Quick look” under Policy › More off"),
    (r"With --quick", "With a quick look"),
    (r"let it come under another name with --rename", "give it another name on its sheet: enter on Collections"),
    (r"rename one on the way with --rename", "rename one on its sheet: enter on Collections"),
    (r"leave them out with --filter", "leave them out by a filter on the collection's sheet"),
    (r"`rollback --force` takes", "a rollback that is forced takes"),
    (r"Use --verify content", "Set “Verify” under Policy › More to `content`"),
    (r"Without --no-rollback", "Where an undo log is kept"),
    (r"`tui-migrate retry RUN`", "retry them from the run's rejects"),
    (r"`tui-migrate retry` writes", "a retry writes"),
    (r"\(`attach`\)", "(Home shows it)"),
    (r"`cancel` gives up", "cancelling gives up"),
    (r"`rollback --confirm` takes", "rolling it back takes"),
    (r"Use --redact", "Turn “Redact” under Policy › More on"),
    (r"Decide in the type plan: --write-type-plan", "Decide under Types on the last step"),
    (r"--types accept takes .*", "“Types” on the last step shows what the fields look like, and decides."),
    (r"\(--home, (`TUI_MIGRATE_HOME`)\)", r"(\1)"),
)
_WORDS: Final = tuple((re.compile(one), other) for one, other in _SENTENCES)


def page_words(text: str) -> str:
    """Put a paragraph of a page as it makes sense inside the app."""
    text = _TICKED.sub(r"\1", text)
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return app_words(text)
