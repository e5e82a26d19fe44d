"""How a package is to be written: the choices there are, in words, and the end that comes of one."""

from dataclasses import replace
from typing import Final

from tui_migrate.packages.forms import PackageForm
from tui_migrate.plan.model import End, PackageEnd
from tui_migrate.reports.package import FORM_WORDS

FOR_RECIPIENTS: Final = "recipients"
UNDER_PASSPHRASE: Final = "passphrase"
"""The choices beside the forms themselves. An encrypted package is always an archive, inside an age file."""

CHOICES: Final[tuple[tuple[str, str], ...]] = (
    *((one.value, FORM_WORDS[one]) for one in PackageForm if one.can_be_written),
    (FOR_RECIPIENTS, "Encrypted for recipients: an archive in one age file"),
    (UNDER_PASSPHRASE, "Encrypted under a passphrase: the same"),
)
"""Every way to write a package, by its key, as it is offered."""


def choice_of(end: PackageEnd) -> str:
    """Give the key of how a package is to be written."""
    if end.recipients:
        return FOR_RECIPIENTS
    return UNDER_PASSPHRASE if end.with_passphrase else end.form.value


def in_form(end: PackageEnd, form: PackageForm) -> PackageEnd:
    """Write it in a form, for everybody to read."""
    return replace(end, form=form, recipients=(), with_passphrase=False)


def for_recipients(end: PackageEnd, keys: tuple[str, ...]) -> PackageEnd:
    """Encrypt it for these public keys."""
    return replace(end, form=PackageForm.ARCHIVE, recipients=keys, with_passphrase=False)


def under_passphrase(end: PackageEnd) -> PackageEnd:
    """Encrypt it under a passphrase, which is kept elsewhere."""
    return replace(end, form=PackageForm.ARCHIVE, recipients=(), with_passphrase=True)


def as_read(end: PackageEnd) -> PackageEnd:
    """Give a package as a source: how it was to be written, before the ends were swapped, says nothing there."""
    return replace(end, form=PackageForm.NATIVE, recipients=(), with_passphrase=False)


def at_path(current: End | None, path: str) -> PackageEnd:
    """Write a package at a path: in the usual form for its name, or as was chosen for the `current` one."""
    if isinstance(current, PackageEnd) and not is_usual(current):
        return replace(current, path=path)
    return PackageEnd(path, form=PackageForm.for_name(path))


def is_usual(end: PackageEnd) -> bool:
    """Say whether a package is written as one of its name is where nobody says how."""
    return choice_of(end) == PackageForm.for_name(end.path).value


def form_words(end: PackageEnd) -> str:
    """Say how a package is to be written: `tui-migrate's own, a folder`, `encrypted archive, for 2 recipients`."""
    if end.recipients:
        count = len(end.recipients)
        return f"encrypted archive, for {count:,} recipient{'s' if count != 1 else ''}"
    return "encrypted archive, under a passphrase" if end.with_passphrase else FORM_WORDS[end.form]
