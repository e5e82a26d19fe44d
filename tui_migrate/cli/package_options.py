"""The options that say how a package is written and how one is read, and the ends of a plan that come of them."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import Group, Parameter, Token

from tui_migrate.errors import UsageError
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import CEILING, USUAL, Limit, Limits
from tui_migrate.plan.model import PIPE, PackageEnd

_PACKAGE: Final = Group("Package", sort_key=22)
_LIMITS: Final = Group("Limits of a package", sort_key=23)
_SIZE: Final = re.compile(r"([0-9]{1,15})([KMGT]?)(?:I?B)?", re.IGNORECASE)
_SCALE: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}

WrittenForm = Literal["native", "tar", "archive", "second_brain_database", "gofannon", "xcodereviewer"]


def _size(_type: type[Any], tokens: Sequence[Token]) -> int:
    found = _SIZE.fullmatch(tokens[0].value)
    if found is None or not int(found[1]):
        raise ValueError("a size is a number, and K, M, G or T behind it, as in 500G")
    return int(found[1]) * _SCALE[found[2].upper()]


def _size_up_to(limit: Limit) -> Parameter:
    """Give how an option for a limit in bytes is read."""
    most = limit.most
    unit = next((one for one in reversed(_SCALE) if not most % _SCALE[one]), "")

    def check(_type: object, size: int) -> None:
        if size > most:
            raise ValueError(f"{most // _SCALE[unit]:,}{unit} is the most")

    return Parameter(
        converter=_size, validator=check, accepts_keys=False, metavar="SIZE", show_default=False, group=_LIMITS
    )


def _number_up_to(limit: Limit) -> Parameter:
    """Give how an option for a limit that is a count is read."""

    def check(_type: object, number: int) -> None:
        if not 1 <= number <= limit.most:
            raise ValueError(f"it is a whole number from 1 to {limit.most:,}")

    return Parameter(validator=check, metavar="NUMBER", show_default=False, group=_LIMITS)


@Parameter(name="*", group=_LIMITS)
@dataclass(frozen=True, slots=True, kw_only=True)
class PackageLimits:
    """What a package that is read may come to; past it, it is refused."""

    max_unpacked: Annotated[
        int,
        _size_up_to(Limit.UNPACKED),
        Parameter(help="What a file of the package may unpack to, as 500G; 4T otherwise."),
    ] = USUAL.unpacked
    max_document: Annotated[
        int,
        _size_up_to(Limit.DOCUMENT),
        Parameter(help="What a document may have as BSON, in a package of any form, as 32M; 16400K otherwise."),
    ] = USUAL.document
    max_text: Annotated[
        int,
        _size_up_to(Limit.TEXT),
        Parameter(help="What a text of a JSON package may have, as 64M; 32M otherwise."),
    ] = USUAL.text
    max_depth: Annotated[
        int,
        _number_up_to(Limit.DEPTH),
        Parameter(
            help=f"Levels that a document of a JSON package may have, {CEILING.depth} at most; 180 otherwise. One that"
            f" is BSON may always have {CEILING.depth}."
        ),
    ] = USUAL.depth
    max_entries: Annotated[
        int,
        _number_up_to(Limit.ENTRIES),
        Parameter(help="Files or collections that the package may have, and what its manifest may; 100,000 otherwise."),
    ] = USUAL.entries

    @property
    def limits(self) -> Limits:
        """The limits as they are kept in a plan."""
        return Limits(
            unpacked=self.max_unpacked,
            document=self.max_document,
            text=self.max_text,
            depth=self.max_depth,
            entries=self.max_entries,
        )


@Parameter(name="*", group=_PACKAGE)
@dataclass(frozen=True, slots=True, kw_only=True)
class PackageWriting:
    """How a package is written."""

    format: Annotated[
        WrittenForm | None,
        Parameter(
            help="A folder (native), the same in one file (tar, as also for a name that ends in .tar), or a stream as"
            " mongodump --archive --gzip writes it (archive, as also for the output -); or a file as one of three other"
            " systems reads it."
        ),
    ] = None

    def target(self, output: Path) -> PackageEnd:
        """Give the end for a package that is to be made. Raises UsageError for a form that no pipe takes."""
        is_pipe = str(output) == PIPE
        form = PackageForm(self.format) if self.format else _usual_form(output)
        if is_pipe and form in (PackageForm.NATIVE, PackageForm.TAR):
            raise UsageError(
                f"a package of the form {form} cannot go through a pipe",
                hint=f"leave --format away: what goes through a pipe is an {PackageForm.ARCHIVE}",
            )
        return PackageEnd(PIPE if is_pipe else absolute(output), form)


@Parameter(name="*", group=_PACKAGE)
@dataclass(frozen=True, slots=True, kw_only=True)
class PackageReading:
    """How a package is read."""

    input_database: Annotated[
        str, Parameter(show_default=False, help="Which database to take of a dump that has several.")
    ] = ""
    type_plan: Annotated[
        str,
        Parameter(
            show_default=False,
            metavar="accept|decline|FILE",
            help="What texts of a JSON package become that look like other types: what they look like, texts, or what a"
            " file says that validate --write-type-plan wrote.",
        ),
    ] = ""
    most: PackageLimits = PackageLimits()

    def source(self, path: Path) -> PackageEnd:
        """Give the end for a package that lies at a path."""
        return PackageEnd(absolute(path), database=self.input_database, limits=self.most.limits)


WRITING: Final = PackageWriting()
READING: Final = PackageReading()


def absolute(path: Path) -> str:
    """Give a path that another process with another working folder understands as this one does."""
    return os.path.abspath(path)  # noqa: PTH100 -- resolving links would name another place than the user did


def _usual_form(output: Path) -> PackageForm:
    if str(output) == PIPE:
        return PackageForm.ARCHIVE
    return PackageForm.for_name(output.name)
