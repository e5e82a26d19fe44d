"""The options that say which documents are meant and how they are looked at: catalog, owner, redaction, strictness."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_migrate.catalogs import finding, loader
from tui_migrate.errors import TuiMigrateError
from tui_migrate.mapping.extended_json import possible_ids
from tui_migrate.mapping.redacting import redactions
from tui_migrate.plan.build import build_plan
from tui_migrate.redaction import printable
from tui_migrate.ui.draft import Draft, to_request, what_blocks_request
from tui_migrate.ui.look import Fault, Opening, first_error
from tui_migrate.ui.scoping import catalog_from, with_owner, with_redaction
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.end_dialogs import absolute
from tui_migrate.ui.wording import path_words

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

Change = Callable[[Draft], Draft]
"""What sets an option, in whatever draft there is by then."""

FIND_SECONDS: Final = 30.0
"""So long a user is looked for in the source before it is left to the checks."""

_NONE: Final = " none"
_FILE: Final = " file"
_KEPT: Final = " kept"
"""Keys of choices beside the names of catalogs, none of which begins with a blank."""

_NEEDS: Final = "The catalog says where that stands: choose one first."
_KEY: Final = "00"
"""Any key does to see whether a catalog can be redacted by."""


def scope_values(draft: Draft) -> Mapping[str, str]:
    """Say what these options are set to, by their names."""
    catalog = catalog_from(draft.catalog)
    return {
        "catalog": catalog.label if catalog is not None else "none",
        "owner": draft.scope.owner or "everybody's documents",
        "owner_to": draft.scope.owner_to or "as they are",
        "redact": "ON, as the catalog says" if draft.scope.redact else "off",
        "strict": "ON: warnings stop it" if draft.strict else "off: warnings are asked",
        "quick": "ON: from a sample" if draft.quick else "off: all documents",
        "backup_first": "YES" if draft.backup_first else "no",
    }


async def change_scope(app: "MigrateApp", draft: Draft, option: str, words: tuple[str, str]) -> Change | None:
    """Ask for another value of one of these options and give what sets it; None for esc, or where it cannot be.

    `words` are its title and what it means. To be awaited in background work.
    """
    match option:
        case "catalog":
            return await _change_catalog(app, draft, words)
        case "owner" | "owner_to":
            return await _change_owner(app, draft, option, words)
        case "redact":
            return _turn_redaction(app, draft)
        case "strict":
            strict = not draft.strict
            return lambda now: replace(now, strict=strict)
        case "quick":
            quick = not draft.quick
            return lambda now: replace(now, quick=quick)
    backup_first = not draft.backup_first
    return lambda now: replace(now, backup_first=backup_first)


async def _change_catalog(app: "MigrateApp", draft: Draft, words: tuple[str, str]) -> Change | None:
    listed = await asyncio.to_thread(finding.listed, app.session.home)
    known = catalog_from(draft.catalog)
    choices = [(_NONE, "none"), (_FILE, "a file, by its path…")]
    if known is not None and known.name not in {one.name for one in listed}:
        choices.insert(1, (_KEPT, f"{known.label}, as it is"))
    for one in listed:
        title = f"✗ {printable(one.fault.message)}" if one.fault is not None else ""
        choices.append((one.name, f"{one.name}  {title or (one.catalog.title if one.catalog is not None else '')}"))
    folder = path_words(finding.own_folder(app.session.home))
    own = f"One of your own is listed here from {folder}: see “Say what the data are” in the README."
    about = [words[1], own]
    at, said = known.name if known is not None else _NONE, about
    while (key := await app.push_screen_wait(Choose(words[0], said, choices, at=at))) is not None:
        at = key
        if key == _KEPT:
            return None
        if key == _FILE:
            if (text := await _ask_file(app, words[0])) is not None:
                return lambda now: replace(now, catalog=text)
            continue
        if key == _NONE and (draft.scope.owner or draft.scope.owner_to or draft.scope.redact):
            said = [*about, "✗ Owner, new owner and redact need it: set them back first."]
            continue
        try:
            found = "" if key == _NONE else (await asyncio.to_thread(finding.find, key, app.session.home)).text
        except TuiMigrateError as error:
            said = [*about, *_fault_lines(error)]
            continue
        return lambda now: replace(now, catalog=found)
    return None


async def _ask_file(app: "MigrateApp", title: str) -> str | None:
    """Ask for the path of a catalog, and give its text."""
    value, said = "", ["The path of a catalog's YAML file."]
    while (path := await app.push_screen_wait(AskText(title, said, value))) is not None:
        try:
            return (await asyncio.to_thread(loader.load, Path(absolute(path.strip())))).text
        except TuiMigrateError as error:
            value, said = path, _fault_lines(error)
    return None


async def _change_owner(app: "MigrateApp", draft: Draft, option: str, words: tuple[str, str]) -> Change | None:
    """Ask for the id of a user, and look whether the source has that one."""
    if catalog_from(draft.catalog) is None:
        app.say(f"{words[0]}: {_NEEDS}")
        return None
    value = draft.scope.owner if option == "owner" else draft.scope.owner_to
    said = [words[1], "The id of the user, as it is shown or in Extended JSON. Empty takes it back."]
    usual = list(said)
    while (text := await app.push_screen_wait(AskText(words[0], said, value))) is not None:
        value = text.strip()
        owner, owner_to = (value, draft.scope.owner_to) if option == "owner" else (draft.scope.owner, value)
        wanted = replace(draft, scope=with_owner(draft.scope, owner, owner_to))
        try:
            if value:
                possible_ids(value, "the id of the user")
                await _look_for(app, wanted)
        except TuiMigrateError as error:
            said = [*usual, *_fault_lines(error)]
        else:
            return lambda now: replace(now, scope=with_owner(now.scope, owner, owner_to))
    return None


async def _look_for(app: "MigrateApp", wanted: Draft) -> None:
    """Make the plan once, which looks for the user in the source. Raises UsageError, Refused, Unreachable."""
    if what_blocks_request(wanted) or wanted.source is None:
        return
    app.say("Looking for the user in the source… esc cancels", is_error=False)
    session = app.session
    opening = Opening(session.home, session.passwords, session.clock)
    try:
        async with AsyncExitStack() as stack:
            source = await stack.enter_async_context(opening.source(wanted.source))
            async with asyncio.timeout(FIND_SECONDS):
                await build_plan(to_request(wanted), source)
    except TimeoutError:
        app.say(f"The source has not said within {FIND_SECONDS:.0f} s whether it has this user; the checks will.")
    except BaseExceptionGroup as group:
        raise first_error(group) from None


def _turn_redaction(app: "MigrateApp", draft: Draft) -> Change | None:
    redact, catalog = not draft.scope.redact, catalog_from(draft.catalog)
    if redact and catalog is None:
        app.say(f"Redact: {_NEEDS}")
        return None
    try:
        if redact and catalog is not None:
            redactions(catalog, draft.listed or (), _KEY)
    except TuiMigrateError as error:
        app.say(Fault.of(error).sentence)
        return None
    return lambda now: replace(now, scope=with_redaction(now.scope, redact=redact))


def _fault_lines(error: TuiMigrateError) -> list[str]:
    fault = Fault.of(error)
    return [f"✗ {fault.message}", *([f"  {fault.hint}"] if fault.hint else [])]
