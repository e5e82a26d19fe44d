"""What is said for the command line, in the app's words: its options by where they stand on the screens, its commands
by what the app calls them. What only a command can do is named as one, for a shell.
"""

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final

from tui_migrate.findings import Finding
from tui_migrate.journal.records import Failure

_MORE: Final = "under Policy › More"

_OPTIONS: Final = {
    "--backup-first": f"“Backup first” {_MORE}",
    "--batch-bytes": f"“Batch” {_MORE}",
    "--batch-documents": f"“Batch” {_MORE}",
    "--catalog": f"“Catalog” {_MORE}",
    "--conflict-resolution": "on Policy",
    "--fast": "the quick way",
    "--format": "form on Ends",
    "--home": "TUI_MIGRATE_HOME",
    "--max-rejects": f"“Rejects allowed” {_MORE}",
    "--newer-by": f"“Newer by” {_MORE}",
    "--owner": f"“Owner” {_MORE}",
    "--owner-to": f"“New owner” {_MORE}",
    "--quick": f"“Quick look” {_MORE}",
    "--redact": f"“Redact” {_MORE}",
    "--strict": f"“Strict” {_MORE}",
    "--type-plan": "Types on the last step",
    "--verify": f"“Verify” {_MORE}",
}
"""What stands for an option where the sentence has no wording of its own below."""

_SENTENCES: Final = (
    (r"add --type-plan accept or decline, or edit one: .*", "decide what they become: “Types” on the last step"),
    (r"allow (it|them) with (--max-(?:unpacked|document|text|depth|entries))", r"in a shell: tui-migrate import \2"),
    (r"as --rename .*", "give them other names in the target, each on its sheet: enter on Collections"),
    (r"choose --conflict-resolution ([^;]*); --dry-run shows", r"choose \1 on Policy, which shows"),
    (r"encrypted too, with --key-file", "encrypted too, with the file of its key"),
    (r"give --identity FILE", "give the identity file where the package is chosen"),
    (
        r"give --passphrase on a terminal, TUI_MIGRATE_PASSPHRASE, or --passphrase-file FILE",
        "type it where the package is chosen, or set TUI_MIGRATE_PASSPHRASE",
    ),
    (r"leave --encrypt-to or --passphrase away", "choose another form on Ends, or none that encrypts"),
    (r"leave its collection out with --exclude", "take its collection's mark away on Collections"),
    (r"--exclude ([^;]+)", r"take the mark of \1 away on Collections"),
    (r"name some with --collections, or exclude fewer", "mark some on Collections"),
    (r",? or leave --plan away", ""),
    (r"leave --format away, or choose --format (\w+)", r"choose the form \1 on Ends"),
    (r"leave (--[a-z-]+) away", r"do without \1"),
    (r",? or with --home\b", ""),
    (r"made with --no-rollback", "made without an undo log"),
    (r"run with --no-rollback", "run without “Undo log” under Policy › More"),
    (r"without --resume the comparison begins anew", "without that the comparison begins anew"),
    (r"\(--verify (\w+)\)", r"(Verify: \1)"),
    (r"see tui-migrate list-collections", "Collections lists what there is"),
    (r"tui-migrate validate --input (.+) lists what the package has", "Collections lists what the package has"),
    (r"tui-migrate history", "History"),
    (r"(?:choose another: )?tui-migrate backups list$", "choose another under Backups"),
    (r"tui-migrate backups list", "Backups"),
    (r"tui-migrate conflicts (\d+)", r"Conflicts of run \1"),
    (r"tui-migrate resume (\d+)(?= goes on)", r"resuming run \1"),
    (r"tui-migrate cancel (\d+)(?= closes)", r"cancelling run \1"),
    (r"tui-migrate rollback (\d+)(?: --confirm)?(?= takes)", r"rolling back run \1"),
    (r"(?:tui-migrate )?\b(resume|cancel|retry) (\d+)", r"\1 run \2"),
    (r"(?:tui-migrate )?\brollback (\d+)(?: --confirm)?", r"roll back run \1"),
    (r"tui-migrate attach (\d+)(?= follows)", r"run \1 under History"),
    (r"tui-migrate (?:attach|status) (\d+)(?= shows)", r"run \1 under History"),
    (r"tui-migrate (?:attach|status) (\d+)", r"see run \1 under History"),
)
"""Sentences of the shared code and the app's in their place, tried in this order."""

_WORDS: Final = tuple((re.compile(one), other) for one, other in _SENTENCES)
_WORDS_KEPT: Final = 1_000
"""Texts that are kept as they were put: thousands of findings have the same few hints."""

_VALUED: Final = re.compile(r"(?<![\w-])(--[a-z-]+)(?: (\d[\d,]*|none\b))?( FIELD\b)?")
_RUN: Final = re.compile(r"\brun (\d+)\b")
_SHELL: Final = "in a shell: "
_FOREIGN: Final = re.compile(r"(?:mongorestore|tar|sed) -")
_COMMAND: Final = re.compile(r"(?<!shell: )\btui-migrate (?=(?:catalog|explain|start|validate|export|import|copy) )")


def app_words(text: str) -> str:
    """Put a message or a hint of the shared code as it makes sense inside the app."""
    return _in_app(text) if "--" in text or "tui-migrate " in text else text


@lru_cache(maxsize=_WORDS_KEPT)
def _in_app(text: str) -> str:
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    text = _RUN.sub(lambda run: f"run {int(run[1]):04d}", text)
    before, shell, command = _COMMAND.sub(f"{_SHELL}tui-migrate ", text).partition(_SHELL)
    return (before if _FOREIGN.search(before) else _VALUED.sub(_named, before)) + shell + command


def finding_in_app(found: Finding) -> Finding:
    """Give a finding in the app's words."""
    message, hint = app_words(found.message), app_words(found.hint)
    is_same = message == found.message and hint == found.hint
    return found if is_same else replace(found, message=message, hint=hint)


def failure_hint(failure: Failure | None) -> str:
    """Say what to do about a failed run, in the app's words; empty where nothing is known."""
    return app_words(failure.hint) if failure is not None else ""


def is_one_command(failure: Failure | None) -> bool:
    """True where the hint of a failed run is a command alone, which the Run screen offers by a key."""
    return failure is not None and failure.hint.startswith("tui-migrate ")


def _named(option: re.Match[str]) -> str:
    name, value, _ = option.groups()
    words = _OPTIONS.get(name, name)
    return f"{words} set to {value}" if value else words
