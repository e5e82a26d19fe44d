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
from tui_migrate.packages.limits import USUAL
from tui_migrate.plan.model import PIPE, PackageEnd

_PACKAGE: Final = Group("Package", sort_key=22)
_SIZE: Final = re.compile(r"([0-9]{1,15})([KMGT]?)(?:I?B)?", re.IGNORECASE)
_SCALE: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}

WrittenForm = Literal["native", "tar", "archive", "second_brain_database", "gofannon", "xcodereviewer"]


def _size(_type: type[Any], tokens: Sequence[Token]) -> int:
    found = _SIZE.fullmatch(tokens[0].value)
    if found is None or not int(found[1]):
        raise ValueError("a size is a number, and K, M, G or T behind it, as in 500G")
    return int(found[1]) * _SCALE[found[2].upper()]


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
    max_unpacked: Annotated[
        int,
        Parameter(
            converter=_size,
            accepts_keys=False,
            metavar="SIZE",
            show_default=False,
            help="What a file of the package may unpack to, as 500G; 4T otherwise.",
        ),
    ] = USUAL.unpacked
    type_plan: Annotated[
        str,
        Parameter(
            show_default=False,
            metavar="accept|decline|FILE",
            help="What texts of a JSON package become that look like other types: what they look like, texts, or what a"
            " file says that validate --write-type-plan wrote.",
        ),
    ] = ""

    def source(self, path: Path) -> PackageEnd:
        """Give the end for a package that lies at a path."""
        return PackageEnd(absolute(path), database=self.input_database, max_unpacked=self.max_unpacked)


WRITING: Final = PackageWriting()
READING: Final = PackageReading()


def absolute(path: Path) -> str:
    """Give a path that another process with another working folder understands as this one does."""
    return os.path.abspath(path)  # noqa: PTH100 -- resolving links would name another place than the user did


def _usual_form(output: Path) -> PackageForm:
    if str(output) == PIPE:
        return PackageForm.ARCHIVE
    return PackageForm.for_name(output.name)
