"""Choosing how a package is written, window after window: its form, and what is to open it where it is encrypted."""

import asyncio
import os
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import UsageError
from tui_migrate.packages.encryption.recipients import find_recipients
from tui_migrate.packages.forms import PackageForm
from tui_migrate.plan.model import PackageEnd
from tui_migrate.ui.look import Fault
from tui_migrate.ui.package_form import (
    CHOICES,
    FOR_RECIPIENTS,
    UNDER_PASSPHRASE,
    choice_of,
    for_recipients,
    in_form,
    under_passphrase,
)
from tui_migrate.ui.passphrases import has_new_passphrase, why_no_passphrase
from tui_migrate.ui.screens.dialogs import AskText, Choose

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

_PRIVATE: Final = "AGE-SECRET-KEY-"
_FORMS: Final[tuple[str, ...]] = ("What a form cannot keep of the source, the checks say before anything is written.",)
_RECIPIENTS: Final = (
    "Public keys, with commas between: age1…, ssh-ed25519 …, ssh-rsa …",
    "Or the path of a file with one on each line.",
    "Only who has one of the private keys can open the package.",
)


async def choose_form(app: "MigrateApp", end: PackageEnd) -> PackageEnd | None:
    """Ask how a package is to be written; None where the operator went back.

    To be awaited in background work. A passphrase goes to the session, that of another choice is forgotten.
    """
    at, said = choice_of(end), _FORMS
    while (key := await app.push_screen_wait(Choose("Form of the package", said, CHOICES, at=at))) is not None:
        at, said = key, _FORMS
        if key == UNDER_PASSPHRASE:
            chosen = under_passphrase(end)
            if why := await why_no_passphrase():
                said = (*_FORMS, "", f"✗ {why}")
            elif await has_new_passphrase(app, chosen):
                return chosen
            continue
        found = await _ask_recipients(app, end) if key == FOR_RECIPIENTS else in_form(end, PackageForm(key))
        if found is not None:
            app.session.passwords.pop(end.label, None)
            return found
    return None


async def _ask_recipients(app: "MigrateApp", end: PackageEnd) -> PackageEnd | None:
    text, said = ", ".join(end.recipients), list(_RECIPIENTS)
    while (answer := await app.push_screen_wait(AskText("Recipients", said, text))) is not None:
        try:
            return for_recipients(end, await asyncio.to_thread(_recipients_in, answer))
        except UsageError as error:
            fault = Fault.of(error)
        # A private key that was given by mistake does not stand there a second time.
        text = "" if _PRIVATE in answer.upper() else answer
        said = [*_RECIPIENTS, "", f"✗ {fault.message}: {fault.hint}"]
    return None


def _recipients_in(text: str) -> tuple[str, ...]:
    """Give the public keys that somebody has typed. Raises UsageError, which quotes none of them."""
    words = [one.strip() for one in text.split(",") if one.strip()]
    if not words:
        raise UsageError("no recipient was given", hint="esc goes back to the forms")
    return find_recipients([os.path.expanduser(one) for one in words])  # noqa: PTH111 -- Path's raises for an unknown user
