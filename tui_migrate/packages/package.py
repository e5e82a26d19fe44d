"""What a package is to whoever reads it, whatever its form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from tui_migrate.errors import UsageError
from tui_migrate.findings import Finding
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import USUAL, Limits
from tui_migrate.packages.types.model import Inference, TypePlan
from tui_migrate.stores.base import Source

PASSPHRASE_VARIABLE: Final = "TUI_MIGRATE_PASSPHRASE"
"""The environment variable of a passphrase, for who cannot be asked; no worker inherits it."""

Progress = Callable[[int, int], None]
"""Told now and then, in the event loop: bytes of the package read so far, and in all."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens an encrypted package: a passphrase that was typed, a file of age identities, a file of an AES key."""

    passphrase: str | None = field(default=None, repr=False)
    identity_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a package is to be read.

    `database` picks one where the package has several. `types` is the decision about a form without types, None while
    it is open.
    """

    database: str = ""
    types: TypePlan | None = None
    keys: Keys = Keys()
    limits: Limits = USUAL


class SeveralDatabases(UsageError):
    """A package holds several databases, and which one is meant was not said."""

    def __init__(self, message: str, databases: Sequence[str], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.databases = tuple(databases)


@dataclass(frozen=True, slots=True)
class BlockDigest:
    """A block of a collection as a manifest tells of it: the position behind it, its documents, hex SHA-256 of them."""

    position: bytes
    documents: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ContentDigests:
    """What a manifest says of a collection's documents without reading any; `sha256` (hex) is of them all in a row.

    `is_ordered` says that they lie in the order of `_id`.
    """

    documents: int
    size: int
    sha256: str
    is_ordered: bool
    blocks: tuple[BlockDigest, ...]


@runtime_checkable
class Digested(Protocol):
    """A package that may have digests of its collections' documents."""

    async def digests(self, collection: str) -> ContentDigests | None:
        """Give them, or None where this form has none. Raises as `collections` does."""
        ...


@runtime_checkable
class Package(Source, Protocol):
    """A package as a source of documents that can be checked as a whole."""

    async def form(self) -> PackageForm:
        """Say what form it has. Raises UsageError, Refused or PackageDamaged where it is none that is known."""
        ...

    async def check(self, progress: Progress | None = None) -> tuple[Finding, ...]:
        """Read all of it and say what is wrong with it; nothing where it is whole. Writes nothing.

        Raises UsageError where nothing lies there, Refused where it is no package, WrongKey, CredentialsMissing.
        """
        ...

    async def inference(self) -> Inference | None:
        """Say what the fields of a form without types look like, once it was checked; None for all other forms."""
        ...

    async def catalog(self) -> str:
        """Name the catalog that it was made with, and its version; empty where it names none."""
        ...
