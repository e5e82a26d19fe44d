"""The layer between a package's file and the reader of its form, where the package is encrypted. All of it blocks."""

from enum import StrEnum
from typing import Final

from tui_migrate.errors import CredentialsMissing, Refused
from tui_migrate.packages.content import Content, read_exactly
from tui_migrate.packages.encryption.aes_gcm import AesGcmContent, looks_right
from tui_migrate.packages.encryption.header import ANY_VERSION, ARMOR, read_header
from tui_migrate.packages.encryption.identities import IdentityContent
from tui_migrate.packages.encryption.key_files import read_aes_key, read_identities
from tui_migrate.packages.encryption.passphrase import PassphraseContent
from tui_migrate.packages.mongodump.prelude import MAGIC as ARCHIVE
from tui_migrate.packages.package import Keys

_HEAD: Final = 64


class Need(StrEnum):
    """What opens a package."""

    NOTHING = "nothing"
    """It is not encrypted, or under a key that leaves no mark in the file (AES-GCM)."""
    PASSPHRASE = "passphrase"
    IDENTITY = "identity"


def need_of(content: Content) -> Need:
    """Look at the first bytes of a package for what opens it.

    Raises PackageDamaged, and Refused for an age file in a form that is not read.
    """
    return _need(content, _read_head(content))


def opened(content: Content, keys: Keys) -> Content:
    """Give an age file decrypted; likewise, where there is a key file, one that is no gzip, JSON or archive itself.

    Anything else is given as it is. Raises CredentialsMissing naming what opens it where `keys` has no such thing, or
    the file of it cannot be read; UsageError where that file holds none; PackageDamaged, Refused. WrongKey comes when
    it is first read.
    """
    head = _read_head(content)
    need = _need(content, head)
    if need is Need.PASSPHRASE:
        if not keys.passphrase:
            raise CredentialsMissing(
                f"{content.name} is encrypted, and a passphrase opens it",
                hint="give --passphrase on a terminal, TUI_MIGRATE_PASSPHRASE, or --passphrase-file FILE",
            )
        return PassphraseContent(content, keys.passphrase)
    if need is Need.IDENTITY:
        if keys.identity_file is None:
            raise CredentialsMissing(
                f"{content.name} is encrypted, and the identity of one of its recipients opens it",
                hint="give --identity FILE",
            )
        return IdentityContent(content, read_identities(keys.identity_file))
    if keys.key_file is None or looks_right(head) or head.startswith(ARCHIVE):
        return content
    return AesGcmContent(content, read_aes_key(keys.key_file))


def _read_head(content: Content) -> bytes:
    stream = content.open()
    try:
        return read_exactly(stream, _HEAD)
    finally:
        stream.close()


def _need(content: Content, head: bytes) -> Need:
    if head.lstrip().startswith(ARMOR):
        raise Refused(
            f"{content.name} is an age file in text form (armoured)",
            hint="make bytes of it: sed '/^-----/d' FILE | base64 -d > OTHER.age",
        )
    if not head.startswith(ANY_VERSION):
        return Need.NOTHING
    stream = content.open()
    try:
        header = read_header(stream, content.name)
    finally:
        stream.close()
    return Need.PASSPHRASE if header.has_passphrase else Need.IDENTITY
