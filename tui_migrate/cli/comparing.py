"""The command `compare`: what two databases or packages have that differs. It reads both and writes to neither."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from tui_migrate.cli.encryption import DECRYPTING, Decrypting
from tui_migrate.cli.options import COMMON, Common, Flag, Names, not_empty
from tui_migrate.cli.package_options import READING, PackageReading
from tui_migrate.errors import Cancelled, TuiMigrateError, UsageError
from tui_migrate.plan.model import PIPE, End, PackageEnd, StoreEnd

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from tui_migrate.cli.output import Output
    from tui_migrate.comparison.kept import ComparedEnd
    from tui_migrate.comparison.model import Comparison, Request
    from tui_migrate.comparison.state import State
    from tui_migrate.paths import Home
    from tui_migrate.reports.masking import Mask
    from tui_migrate.stores.base import CollectionInfo, Source

_CHOICE: Final = Group("What to compare", sort_key=20)
_HOW: Final = Group("How to compare", sort_key=40)
_URL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://|memory:")
_PATH: Final = re.compile(r"\.{0,2}/|~|\.{1,2}$")
_ENDINGS: Final = (".tar", ".bson", ".gz", ".json", ".archive", ".age", ".enc")

FileOption = Annotated[Path | None, Parameter(show_default=False, metavar="FILE")]
EitherEnd = Annotated[str, Parameter(metavar="END")]


@Parameter(name="*", group=_CHOICE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Which collections are compared."""

    collections: Annotated[Names, Parameter(help="Only these collections: one or more names after one flag.")] = ()
    exclude: Annotated[Names, Parameter(help="All collections but these.")] = ()
    catalog: Annotated[
        str | None,
        Parameter(
            show_default=False,
            metavar="NAME|FILE|none",
            validator=not_empty,
            help="What is known of the data: values of its sensitive fields are not shown. See catalog list. A package"
            " goes with the catalog that it was made with by itself; none declines.",
        ),
    ] = None

    def mask_in(self, home: "Home") -> "Mask | None":
        """Give what the catalog hides, None where none was chosen or declined. Raises UsageError, InvalidFile."""
        from tui_migrate.cli.validating import named_catalog
        from tui_migrate.reports.masking import Mask

        return None if self.catalog is None else Mask(named_catalog(self.catalog, home))


@Parameter(name="*", group=_HOW)
@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """How they are compared."""

    fast: Annotated[
        Flag,
        Parameter(
            help="Two packages with manifests: by their digests first. With a database: by _id and size alone; what is"
            " equal so is not proved to be, and is reported as such."
        ),
    ] = False
    limit: Annotated[
        int,
        Parameter(help="Documents of a collection that are listed, at most.", validator=Number(gte=0, lte=10_000)),
    ] = 20
    parallel: Annotated[
        int, Parameter(help="Collections, or ranges of a large one, read at once.", validator=Number(gte=1, lte=16))
    ] = 2
    resume: Annotated[Flag, Parameter(help="Go on where an earlier comparison of the same two was stopped.")] = False


COMPARED: Final = Compared()
COMPARING: Final = Comparing()


@dataclass(frozen=True, slots=True)
class _Task:
    """Everything a comparison needs once the command line is understood."""

    left: End
    right: End
    request: "Request"
    resume: bool
    home: "Home"
    output: "Output"
    passwords: dict[str, str]
    mask: "Mask | None"


def compare(
    a: Annotated[EitherEnd, Parameter(name="A")],
    b: Annotated[EitherEnd, Parameter(name="B")],
    /,
    *,
    output: Annotated[Path | None, Parameter(name=("--output", "-o"), show_default=False, metavar="FILE")] = None,
    plan: FileOption = None,
    compared: Compared = COMPARED,
    comparing: Comparing = COMPARING,
    reading: PackageReading = READING,
    decrypting: Decrypting = DECRYPTING,
    common: Common = COMMON,
) -> int:
    """Compare two databases, two packages, or one of each: documents, fields, indexes, options, views.

    Each of A and B is a URL, a connection as NAME or NAME/DATABASE, or the path of a package; write ./NAME for a
    package that is called like a connection. Neither is written to. Exit codes: 0 equal, 3 with differences, or where
    --fast did not prove that there are none.

    Parameters
    ----------
    a
        One end: a URL, a connection, or the path of a package.
    b
        The other, given likewise.
    output
        Write the report to this file too, in the form that its ending asks for: .json, .md, .html or .txt.
    plan
        Write a plan to this YAML file that would make B, a database, equal to A; start runs it.
    """
    from tui_migrate.cli.passwords import ask_missing
    from tui_migrate.comparison.model import Request
    from tui_migrate.plan.equalising import refuse_package
    from tui_migrate.reports.comparison import COMPARISON_TITLE
    from tui_migrate.reports.saving import refuse_place, refuse_to_replace

    if output is not None:
        refuse_place(output, replaces=COMPARISON_TITLE)
    passwords, mask = dict[str, str](), compared.mask_in(common.place)
    left, right = (_end(text, reading, decrypting, common, passwords) for text in (a, b))
    if plan is not None:
        refuse_to_replace(plan)
        refuse_package(right)
    _refuse_within((output, plan), (left, right))
    ask_missing([left, right], common.place, passwords)
    left, right = (_with_types(one, reading, common, passwords) for one in (left, right))
    request = Request(
        compared.collections, compared.exclude, comparing.fast, comparing.parallel, listed=comparing.limit
    )
    task = _Task(left, right, request, comparing.resume, common.place, common.output, passwords, mask)
    try:
        return asyncio.run(_carry_out(task, output, plan))
    except KeyboardInterrupt:
        raise Cancelled("cancelled", hint="the same command with --resume goes on where this one stopped") from None


def _end(text: str, reading: PackageReading, decrypting: Decrypting, common: Common, passwords: dict[str, str]) -> End:
    """Find out what a user means by A or B. Raises UsageError."""
    from tui_migrate.cli.passwords import typed_end

    if is_package(text, common.place):
        path = os.path.expanduser(text)  # noqa: PTH111 -- Path's own raises for an unknown user
        return decrypting.source(reading.source(Path(path)), passwords)
    return typed_end(text, common.place, passwords, common.output)


def is_package(text: str, home: "Home") -> bool:
    """Say whether a word is the path of a package, else it is a database. Raises UsageError where it may be either."""
    from tui_migrate.connections import is_name, load
    from tui_migrate.redaction import printable

    if text == PIPE:
        raise UsageError("a comparison cannot read from a pipe", hint="name the package's file")
    if _URL.match(text):
        return False
    if _PATH.match(text):
        return True
    name, _, rest = text.partition("/")
    is_connection = is_name(name) and "/" not in rest and name in load(home)
    is_there = os.path.lexists(text)
    if is_connection and is_there:
        shown = printable(text)
        raise UsageError(
            f"{shown} is a connection, and a package of that name lies here",
            hint=f"write ./{shown} for the package; for the connection, go to another folder or give its URL",
        )
    if is_there or is_connection:
        return is_there
    return text.endswith(_ENDINGS) or "/" in rest


def _refuse_within(files: tuple[Path | None, ...], ends: tuple[End, ...]) -> None:
    from tui_migrate.redaction import printable
    from tui_migrate.reports.saving import refuse_within

    for one in filter(None, files):
        if not one.absolute().parent.is_dir():
            shown = printable(str(one.parent))
            raise UsageError(f"there is no folder {shown}", hint="make it first, or choose another place")
        for end in ends:
            if isinstance(end, PackageEnd):
                refuse_within(one, Path(end.path))


def _with_types(end: End, reading: PackageReading, common: Common, passwords: dict[str, str]) -> End:
    if not isinstance(end, PackageEnd) or not reading.type_plan:
        return end
    from tui_migrate.cli.migrate import decided

    return decided(end, reading.type_plan, common, passwords)


async def _carry_out(task: _Task, output: Path | None, plan: Path | None) -> int:
    """Compare, report, write the plan, and let go of the state: it is kept only until all that is done."""
    from tui_migrate.cli.validate import note_report, show_report
    from tui_migrate.comparison.model import Kind
    from tui_migrate.reports.comparison import COMPARISON_TITLE, comparison_report
    from tui_migrate.reports.saving import save

    async with _opened(task.left, task) as left, _opened(task.right, task) as right:
        mask = await _own_mask(left.source, right.source, task) if task.mask is None else task.mask
        state = await _state(left, right, task)
        try:
            found = await _compare(left, right, state, task)
            report = comparison_report(left.label, right.label, found, time.time(), mask)
            if output is not None:
                await asyncio.to_thread(save, output, report, replaces=COMPARISON_TITLE)
                note_report(output, task.output)
            if plan is not None:
                await _write_plan(task, found, await left.source.collections(), plan)
            for end, side, elsewhere in ((task.left, left, Kind.ONLY_RIGHT), (task.right, right, Kind.ONLY_LEFT)):
                if all(one.presence is elsewhere for one in found.collections):
                    await _note_absence(end, side, task)
            code = show_report(report, task.output)
            await asyncio.to_thread(state.remove)
        finally:
            state.close()
    return code


async def _note_absence(end: End, side: "ComparedEnd", task: _Task) -> None:
    """Say so where an end has nothing because there is no such database: its name may be misspelt."""
    from tui_migrate.plan.presence import absence_words, is_there

    if isinstance(end, StoreEnd) and not await is_there(side.source, end):
        task.output.note(f"{absence_words(end)}, so that all there is is in the other; names are case-sensitive")


async def _own_mask(left: "Source", right: "Source", task: _Task) -> "Mask":
    """Give what the catalog of one of the ends hides, where that is a package that has one."""
    from tui_migrate.cli.validating import catalog_of_package
    from tui_migrate.packages.package import Package
    from tui_migrate.reports.masking import Mask

    for one in (left, right):
        if isinstance(one, Package) and (catalog := await catalog_of_package(one, task.home)) is not None:
            if any(each.sensitive for each in catalog.collections):
                task.output.note(
                    f"what the catalog {catalog.name} calls sensitive is not shown; --catalog none shows it"
                )
            return Mask(catalog)
    return Mask()


async def _compare(left: "ComparedEnd", right: "ComparedEnd", state: "State", task: _Task) -> "Comparison":
    from tui_migrate.cli.reading import choose_reading, comparing_text
    from tui_migrate.comparison.compare import compare as compare_ends

    progress = choose_reading(comparing_text)
    try:
        return await compare_ends(left.source, right.source, task.request, state, progress)
    except UsageError:
        await asyncio.to_thread(state.remove)
        raise
    except TuiMigrateError:
        progress.close()
        task.output.note("what was compared so far is kept: the same command with --resume goes on")
        raise
    finally:
        progress.close()


async def _state(left: "ComparedEnd", right: "ComparedEnd", task: _Task) -> "State":
    """Open the state and say what became of an earlier comparison of the two."""
    from tui_migrate.comparison.kept import open_state

    state = await open_state(task.home, left, right, task.request, resume=task.resume)
    if state.is_resumed:
        task.output.note("going on with an earlier comparison; what changed in what that has compared is not seen")
    elif task.resume and state.has_earlier:
        task.output.note("the options or a package are others than those of the earlier comparison: it begins anew")
    elif task.resume:
        task.output.note("there is no earlier comparison of these two with this selection: it begins anew")
    elif state.has_earlier:
        task.output.note("an earlier comparison of these two was stopped; this one begins anew, without --resume")
    return state


@asynccontextmanager
async def _opened(end: End, task: _Task) -> AsyncIterator["ComparedEnd"]:
    """Open an end to be looked at alone: what this gives has no method that writes."""
    from tui_migrate.comparison.kept import ComparedEnd
    from tui_migrate.plan.ends import open_source

    is_patient = not task.output.is_watched
    source = await asyncio.to_thread(open_source, end, task.home, task.passwords, is_patient=is_patient)
    try:
        yield ComparedEnd(end.label, source, Path(end.path) if isinstance(end, PackageEnd) else None)
    finally:
        await source.close()


async def _write_plan(task: _Task, found: "Comparison", there: tuple["CollectionInfo", ...], path: Path) -> None:
    from tui_migrate.plan.equalising import equalising_plan, left_alone
    from tui_migrate.plan.saving import save

    made = equalising_plan(task.left, task.right, found, there)
    if made is None:
        task.output.note(f"no collection of A differs, so {path} was not written")
    else:
        await asyncio.to_thread(save, made, path)
        task.output.note(f"the plan is in {path}; run it: {task.output.command(f'start {path}')}")
    if names := left_alone(found):
        task.output.note(f"B alone has {', '.join(names)}: no run drops a collection that was there before")
