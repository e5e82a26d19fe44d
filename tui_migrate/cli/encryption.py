"""The options that encrypt a package or open one, and what comes of them: never a secret on the command line itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Group, Parameter

from tui_migrate.cli.options import Flag
from tui_migrate.errors import UsageError
from tui_migrate.packages.forms import PackageForm
from tui_migrate.plan.model import PackageEnd

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from tui_migrate.cli.passwords import Passwords
    from tui_migrate.plan.model import End

_ENCRYPTION: Final = Group("Encryption", sort_key=25)

Recipients = Annotated[
    tuple[str, ...], Parameter(consume_multiple=1, negative="", show_default=False, metavar="RECIPIENT…")
]
PrivateFile = Annotated[Path | None, Parameter(show_default=False, metavar="FILE")]


@Parameter(name="*", group=_ENCRYPTION)
@dataclass(frozen=True, slots=True, kw_only=True)
class Encrypting:
    """For whom a package is encrypted."""

    encrypt_to: Annotated[
        Recipients,
        Parameter(help="Write one age file for these: age1…, ssh-ed25519 …, ssh-rsa …, or files with one a line."),
    ] = ()
    passphrase: Annotated[
        Flag, Parameter(help="Write one age file under a passphrase: asked for, or from TUI_MIGRATE_PASSPHRASE.")
    ] = False
    passphrase_file: Annotated[
        PrivateFile, Parameter(help="The same with the passphrase in a file that is yours alone (mode 0600).")
    ] = None

    def target(self, end: PackageEnd, passwords: "Passwords") -> PackageEnd:
        """Give the package to be made as these options want it, and keep a passphrase apart.

        Raises UsageError for options that exclude each other and for a recipient that is none, CredentialsMissing.
        """
        has_passphrase = self.passphrase or self.passphrase_file is not None
        if not (self.encrypt_to or has_passphrase):
            return end
        if self.encrypt_to and has_passphrase:
            raise UsageError(
                "--encrypt-to and a passphrase exclude each other", hint="give one: whoever knows either could read it"
            )
        if end.form not in (PackageForm.NATIVE, PackageForm.ARCHIVE):
            raise UsageError(
                f"a package of the form {end.form} is not written encrypted",
                hint="leave --format away: an encrypted package is an archive inside an age file",
            )
        if has_passphrase:
            _keep(self.passphrase_file, end, passwords)
            return replace(end, form=PackageForm.ARCHIVE, with_passphrase=True)
        from tui_migrate.packages.encryption.recipients import find_recipients

        return replace(end, form=PackageForm.ARCHIVE, recipients=find_recipients(self.encrypt_to))


@Parameter(name="*", group=_ENCRYPTION)
@dataclass(frozen=True, slots=True, kw_only=True)
class Decrypting:
    """What opens an encrypted package."""

    identity: Annotated[
        PrivateFile, Parameter(help="File of age identities, or an SSH key, yours alone (mode 0600).")
    ] = None
    passphrase: Annotated[
        Flag, Parameter(help="Ask for the passphrase even if the package does not look as if it had one.")
    ] = False
    passphrase_file: Annotated[PrivateFile, Parameter(help="File of the passphrase, yours alone (mode 0600).")] = None
    key_file: Annotated[
        PrivateFile,
        Parameter(help="File of an AES-256 key (32 bytes, hexadecimal or base64), as Second Brain Database has it."),
    ] = None

    def source(self, end: PackageEnd, passwords: "Passwords") -> PackageEnd:
        """Give the package to be read with what opens it, and keep a passphrase apart.

        Raises CredentialsMissing and UsageError for a file of keys that is not fit to be one.
        """
        from tui_migrate.cli.passwords import find_passphrase
        from tui_migrate.packages.encryption.key_files import read_aes_key, read_identities

        if self.identity is not None:
            read_identities(self.identity)
        if self.key_file is not None:
            read_aes_key(self.key_file)
        _keep(self.passphrase_file, end, passwords)
        if self.passphrase and end.label not in passwords:
            passwords[end.label] = find_passphrase(end, twice=False)
        return replace(
            end,
            identity_file=_absolute(self.identity) or end.identity_file,
            key_file=_absolute(self.key_file) or end.key_file,
        )

    def words(self) -> list[str]:
        """Give these options as they would be typed."""
        files = {"--identity": self.identity, "--passphrase-file": self.passphrase_file, "--key-file": self.key_file}
        given = [word for option, file in files.items() if file is not None for word in (option, str(file))]
        return [*given, *["--passphrase"] * self.passphrase]

    def ends(self, source: "End", target: "End", passwords: "Passwords") -> tuple["End", "End"]:
        """Give the ends of a plan that was kept with what opens its package, and keep a passphrase apart.

        A package that is to be written under a passphrase takes that; for the rest the plan has said what is needed.
        Raises as `source` does, and UsageError where there is no package to open.
        """
        if isinstance(source, PackageEnd):
            return self.source(source, passwords), target
        for option, given in (("--identity", self.identity), ("--key-file", self.key_file)):
            if given is not None:
                raise UsageError(f"no package is read, which {option} would open", hint=f"leave {option} away")
        if self.passphrase and not _is_under_passphrase(target):
            raise _nothing_to_open("--passphrase")
        Unlocking(passphrase_file=self.passphrase_file).keep(source, target, passwords)
        return source, target


@Parameter(name="*", group=_ENCRYPTION)
@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocking:
    """The passphrase of the package of a run that is there already: its plan says all else."""

    passphrase_file: Annotated[PrivateFile, Parameter(help="File of the passphrase, yours alone (mode 0600).")] = None

    def keep(self, source: "End", target: "End", passwords: "Passwords") -> None:
        """Keep the passphrase of the file apart, by the label of the package. Raises UsageError, CredentialsMissing."""
        if self.passphrase_file is None:
            return
        if isinstance(source, PackageEnd):
            _keep(self.passphrase_file, source, passwords)
        elif _is_under_passphrase(target):
            _keep(self.passphrase_file, target, passwords)
        else:
            raise _nothing_to_open("--passphrase-file")


ENCRYPTING: Final = Encrypting()
DECRYPTING: Final = Decrypting()
UNLOCKING: Final = Unlocking()


def refuse_typed_passphrase(words: Sequence[str]) -> None:
    """Raise UsageError, quoting nothing, where a word that may be the passphrase itself follows `--passphrase`."""
    for word, following in pairwise((*words, "--")):
        if word.startswith("--passphrase=") or (word == "--passphrase" and not following.startswith("-")):
            raise UsageError(
                "--passphrase takes no value: others could see it in ps, and the shell keeps it",
                hint="it is asked for, or taken from TUI_MIGRATE_PASSPHRASE or a --passphrase-file; choose another now",
            )


def _is_under_passphrase(target: "End") -> bool:
    return isinstance(target, PackageEnd) and target.with_passphrase


def _nothing_to_open(option: str) -> UsageError:
    return UsageError("no package is read, and none is written under a passphrase", hint=f"leave {option} away")


def _keep(file: Path | None, end: "End", passwords: "Passwords") -> None:
    if file is not None:
        from tui_migrate.packages.encryption.key_files import read_passphrase

        passwords[end.label] = read_passphrase(file)


def _absolute(path: Path | None) -> str:
    return "" if path is None else str(path.absolute())
