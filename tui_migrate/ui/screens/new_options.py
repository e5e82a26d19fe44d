"""The options that mostly stay as they are: what each is set to, and how it is changed."""

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from tui_migrate.plan.model import OnFailure, PackageEnd, Policy, Verify
from tui_migrate.plan.newer import path_problem
from tui_migrate.ui.draft import MOST_REJECTS, Draft
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.new_scope_options import change_scope, scope_values
from tui_migrate.ui.widgets.table import Column, Row
from tui_migrate.wording import duration, number, size

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

Change = Callable[[Draft], Draft]
"""What sets an option, in whatever draft there is by then."""

COLUMNS: Final = (Column("Option", 16), Column("Set to", 26), Column("What it means", from_width=100))

MOST_DOCUMENTS: Final = 100_000
"""A batch of more documents is refused: it is held in memory, and is what a pause has to wait for."""
MOST_RATE: Final = 10_000_000
MOST_SECONDS: Final = 10_000_000


class Option(Enum):
    """What can be set, in the order in which it mostly is needed."""

    UNDO = "undo"
    NEWER_BY = "newer_by"
    VERIFY = "verify"
    REJECTS = "max_rejects"
    BACKUP_FIRST = "backup_first"
    RATE = "rate"
    ON_FAILURE = "on_failure"
    CATALOG = "catalog"
    OWNER = "owner"
    OWNER_TO = "owner_to"
    REDACT = "redact"
    STRICT = "strict"
    QUICK = "quick"
    TIMEOUT = "timeout"
    BATCH = "batch"
    DESCRIPTION = "description"


_TITLES: Final = {
    Option.UNDO: "Undo log",
    Option.NEWER_BY: "Newer by",
    Option.VERIFY: "Verify",
    Option.REJECTS: "Rejects allowed",
    Option.ON_FAILURE: "If it fails",
    Option.TIMEOUT: "Time limit",
    Option.BATCH: "Batch",
    Option.RATE: "Rate limit",
    Option.DESCRIPTION: "Note",
    Option.CATALOG: "Catalog",
    Option.OWNER: "Owner",
    Option.OWNER_TO: "New owner",
    Option.REDACT: "Redact",
    Option.STRICT: "Strict",
    Option.QUICK: "Quick look",
    Option.BACKUP_FIRST: "Backup first",
}
_MEANINGS: Final = {
    Option.UNDO: "Keep what rolling back needs. Without it there is no way back.",
    Option.NEWER_BY: "The field that tells when a document was changed; empty takes the catalog's.",
    Option.VERIFY: "After writing, compare the target with what the source gave.",
    Option.REJECTS: "Put so many refused aside; one more stops it behind its batch.",
    Option.ON_FAILURE: "What becomes of what a failed run wrote. It has failed all the same.",
    Option.TIMEOUT: "Seconds the run may take; then it fails, to be resumed. 0: no limit.",
    Option.BATCH: "Documents written at a time; a pause waits for the end of one.",
    Option.RATE: "Spare the servers; can be changed while the run goes.",
    Option.DESCRIPTION: "Stands with the run in the history: a reason, a ticket.",
    Option.CATALOG: "A YAML file of references, owners and what is sensitive.",
    Option.OWNER: "Only this user's documents and what they refer to, by the catalog.",
    Option.OWNER_TO: "Give one user's documents to this one: the id is exchanged.",
    Option.REDACT: "Leave out, mask or hash what the catalog calls sensitive.",
    Option.STRICT: "Let warnings of the checks keep the run from starting, too.",
    Option.QUICK: "Check a sample for conflicts, and say how far that may be off.",
    Option.BACKUP_FIRST: "Back up first what the target has of these collections, checked whole.",
}
_UNITS: Final = {
    Option.REJECTS: "documents",
    Option.TIMEOUT: "seconds",
    Option.BATCH: "documents",
    Option.RATE: "documents a second",
}
_ZERO: Final = {
    Option.REJECTS: "0 stops behind the batch that has the first.",
    Option.TIMEOUT: "0 is no limit.",
    Option.RATE: "0 is no limit.",
}
_VERIFY_WORDS: Final = {
    Verify.NONE: "none: trust what the target said",
    Verify.COUNT: "count: compare numbers of documents",
    Verify.CONTENT: "content: compare every document's hash",
}
_FAILURE_WORDS: Final = {
    OnFailure.PAUSE: "leave it, to be resumed",
    OnFailure.ROLLBACK: "roll it back",
}


_NOT_OF_PACKAGES: Final = (
    Option.UNDO,
    Option.REJECTS,
    Option.ON_FAILURE,
    Option.OWNER_TO,
    Option.BACKUP_FIRST,
)


def meaning(option: Option) -> str:
    """Say in a sentence what an option does."""
    return _MEANINGS[option]


def option_rows(draft: Draft) -> list[Row]:
    """The options that this kind of run has, and what they are set to."""
    values: dict[Option, str] = {
        Option.UNDO: "kept" if draft.undo else "NOT KEPT: no way back",
        Option.NEWER_BY: draft.newer_by or ("the catalog's field" if draft.catalog else "none yet: type its name"),
        Option.VERIFY: draft.verify.value,
        Option.REJECTS: number(draft.max_rejects) if draft.max_rejects else "none: stop at the first",
        Option.ON_FAILURE: _FAILURE_WORDS[draft.on_failure],
        Option.TIMEOUT: duration(draft.timeout) if draft.timeout else "none",
        Option.BATCH: f"{number(draft.batch_documents)} or {size(draft.batch_bytes)}",
        Option.RATE: f"{number(draft.rate_limit)} documents/s" if draft.rate_limit else "none",
        Option.DESCRIPTION: draft.description or "—",
        **{Option(key): words for key, words in scope_values(draft).items()},
    }
    to_package = isinstance(draft.target, PackageEnd)
    left_out = list(_NOT_OF_PACKAGES) if to_package else []
    if to_package or draft.policy is not Policy.NEWER:
        left_out.append(Option.NEWER_BY)
    return [
        Row(one.value, (_TITLES[one], values[one], _MEANINGS[one]), name=_MEANINGS[one])
        for one in Option
        if one not in left_out
    ]


async def change_option(app: "MigrateApp", draft: Draft, key: str) -> Change | None:
    """Ask for another value and give what sets it; None for esc. To be awaited in background work."""
    option = Option(key)
    match option:
        case Option.UNDO:
            kept = not draft.undo
            return lambda now: replace(now, undo=kept, on_failure=now.on_failure if kept else OnFailure.PAUSE)
        case Option.NEWER_BY:
            return await _ask_field(app, draft.newer_by)
        case Option.VERIFY:
            choices = [(one.value, _VERIFY_WORDS[one]) for one in Verify]
            chosen = await app.push_screen_wait(Choose("Verify", (), choices, at=draft.verify.value))
            return (lambda now: replace(now, verify=Verify(chosen))) if chosen is not None else None
        case Option.REJECTS:
            rejects = await _ask_number(app, option, draft.max_rejects, 0, MOST_REJECTS)
            return (lambda now: replace(now, max_rejects=rejects)) if rejects is not None else None
        case Option.ON_FAILURE:
            choices = [(one.value, _FAILURE_WORDS[one]) for one in OnFailure if draft.undo or one is OnFailure.PAUSE]
            sentences = () if draft.undo else ("Without an undo log there is nothing to roll back with.",)
            window = Choose(_TITLES[option], sentences, choices, at=draft.on_failure.value)
            fate = await app.push_screen_wait(window)
            return (lambda now: replace(now, on_failure=OnFailure(fate))) if fate is not None else None
        case Option.TIMEOUT:
            seconds = await _ask_number(app, option, draft.timeout, 0, MOST_SECONDS)
            return (lambda now: replace(now, timeout=seconds)) if seconds is not None else None
        case Option.BATCH:
            batch = await _ask_number(app, option, draft.batch_documents, 1, MOST_DOCUMENTS)
            return (lambda now: replace(now, batch_documents=batch)) if batch is not None else None
        case Option.RATE:
            rate = await _ask_number(app, option, draft.rate_limit, 0, MOST_RATE)
            return (lambda now: replace(now, rate_limit=rate)) if rate is not None else None
        case Option.DESCRIPTION:
            text = await app.push_screen_wait(AskText(_TITLES[option], (_MEANINGS[option],), draft.description))
            return (lambda now: replace(now, description=text.strip())) if text is not None else None
    return await change_scope(app, draft, option.value, (_TITLES[option], _MEANINGS[option]))


async def _ask_field(app: "MigrateApp", value: str) -> Change | None:
    text, problem = value, ""
    while True:
        said = [_MEANINGS[Option.NEWER_BY], "Dots lead into documents: meta.changed_at", *filter(None, [problem])]
        answer = await app.push_screen_wait(AskText(_TITLES[Option.NEWER_BY], said, text))
        if answer is None:
            return None
        text = path = answer.strip()
        problem = path_problem(Policy.NEWER, path)
        if not problem:
            return lambda now: replace(now, newer_by=path)
        problem = f"✗ {problem}"


async def _ask_number(app: "MigrateApp", option: Option, value: int, least: int, most: int) -> int | None:
    text, problem = str(value), ""
    while True:
        sentences = [
            _MEANINGS[option],
            f"A whole number of {_UNITS[option]}, from {number(least)} to {number(most)}.",
            *filter(None, [_ZERO.get(option, ""), problem]),
        ]
        answer = await app.push_screen_wait(AskText(_TITLES[option], sentences, text, replaces=True))
        if answer is None:
            return None
        text = answer.strip()
        plain = text.replace(",", "").replace("_", "")
        if plain.isascii() and plain.isdecimal() and len(plain) <= 9 and least <= int(plain) <= most:
            return int(plain)
        problem = "✗ That is not such a number."
