"""The layer between a writer and where its bytes go, where a package is encrypted."""

from collections.abc import Sequence

from tui_migrate.errors import UsageError
from tui_migrate.packages.encryption.passphrase import WORK_FACTOR, PassphraseSink
from tui_migrate.packages.encryption.recipients import RecipientSink
from tui_migrate.packages.encryption.sink_form import EncryptingSink, Sink


def encrypting_sink(
    below: Sink, *, recipients: Sequence[str] = (), passphrase: str | None = None, work_factor: int = WORK_FACTOR
) -> EncryptingSink:
    """Give a sink of plain bytes that hands an age file on, for these public keys or under a passphrase. Blocks.

    `close` finishes the age file and closes `below`. Raises UsageError where it is neither of the two or both, for a
    recipient that is none, and where the library is not installed.
    """
    if bool(recipients) == bool(passphrase):
        raise UsageError(
            "a package is encrypted for recipients or with a passphrase, one of the two",
            hint="leave --encrypt-to or --passphrase away",
        )
    if passphrase:
        return PassphraseSink(below, passphrase, work_factor)
    return RecipientSink(below, recipients)
