"""The options that several commands share, with their help."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from tui_migrate.cli.output import Output
from tui_migrate.paths import Home
from tui_migrate.plan.model import (
    DEFAULT_BATCH_BYTES,
    DEFAULT_BATCH_DOCUMENTS,
    MOST_PARALLEL,
    MOST_SECONDS,
    OnFailure,
    Policy,
    Verify,
)

if TYPE_CHECKING:
    from tui_migrate.catalogs.model import Catalog

_EVERYWHERE: Final = Group("Everywhere", sort_key=90)
_CHOICE: Final = Group("What to migrate", sort_key=20)
_CONFLICTS: Final = Group("Conflicts", sort_key=30)
_RUN: Final = Group("How to run it", sort_key=40)

Names = Annotated[tuple[str, ...], Parameter(consume_multiple=1, negative="", show_default=False, metavar="NAME…")]
EndText = Annotated[str, Parameter(metavar="END")]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
MostRejects = Annotated[
    int,
    Parameter(help="Documents refused by the target that are put aside before the run fails.", validator=Number(gte=0)),
]


def not_empty(_: object, value: str | None) -> None:
    """Raise ValueError for an empty text: what a script's unset variable gives must not mean “no such option”."""
    if value is not None and not value.strip():
        raise ValueError("Must not be empty.")


@Parameter(name="*", group=_EVERYWHERE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every command takes."""

    home: Annotated[Path | None, Parameter(help="Folder of connections, journal and runs.")] = None
    json: Annotated[Flag, Parameter(help="Print one JSON document on stdout and nothing else.")] = False

    @property
    def output(self) -> Output:
        """Where the command writes."""
        return Output(json=self.json, home=self.home)

    @property
    def place(self) -> Home:
        """The home that the command works on."""
        return Home.find(self.home)


@Parameter(name="*", group=_CHOICE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which collections a run is about."""

    collections: Annotated[Names, Parameter(help="Only these collections: one or more names after one flag.")] = ()
    exclude: Annotated[Names, Parameter(help="All collections but these.")] = ()
    description: Annotated[str, Parameter(show_default=False, help="A note that stays with the run.")] = ""
    catalog: Annotated[
        str | None,
        Parameter(
            show_default=False,
            metavar="NAME|FILE",
            validator=not_empty,
            help="What is known of the data: which collections stay, what refers to what. See catalog list.",
        ),
    ] = None

    def catalog_in(self, home: Home) -> "Catalog | None":
        """Find the catalog that is named, or give None where none is. Raises UsageError, InvalidFile."""
        from tui_migrate.catalogs.finding import find

        return find(self.catalog, home) if self.catalog else None


@Parameter(name="*", group=_CONFLICTS)
@dataclass(frozen=True, slots=True, kw_only=True)
class Conflicts:
    """What becomes of documents that the target has already, or does not take."""

    conflict_resolution: Annotated[
        Policy,
        Parameter(
            help="A document that the target has in another form: stop, keep the target's, replace it, replace it"
            " where the source's was changed later, or ask: see conflicts."
        ),
    ] = Policy.FAIL
    newer_by: Annotated[
        str,
        Parameter(
            show_default=False,
            metavar="FIELD",
            help="The field that newer compares, dots leading into documents; else the catalog's timestamp.",
        ),
    ] = ""
    no_rollback: Annotated[Flag, Parameter(help="Keep no before-images: the run cannot be taken back.")] = False
    max_rejects: MostRejects = 0
    on_failure: Annotated[
        OnFailure, Parameter(help="A run that fails: leave it to be resumed, or take back what it wrote.")
    ] = OnFailure.PAUSE


@Parameter(name="*", group=_RUN)
@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What is done with a plan once it is made: looked at, kept, or run."""

    dry_run: Annotated[
        Literal["exact", "quick"] | None,
        Parameter(
            requires_equals=True,
            metavar="[=exact|quick]",
            show_choices=False,
            help="Say what would happen and write nothing: exactly (as also without a value), or by ids alone.",
        ),
    ] = None
    validate_only: Annotated[Flag, Parameter(help="Run the preflight checks and stop.")] = False
    strict: Annotated[Flag, Parameter(help="Let warnings of the preflight checks refuse the run too.")] = False
    quick: Annotated[
        Flag, Parameter(help="Look at a sample of each collection before the run, and say how far that may be off.")
    ] = False
    detach: Annotated[Flag, Parameter(help="Return the run's id at once; attach follows it later.")] = False
    backup_first: Annotated[
        Flag,
        Parameter(
            help="Back up first what the target has of these collections, and begin only once that backup is complete."
        ),
    ] = False


@Parameter(name="*", group=_RUN)
@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """How a run works, as its plan keeps it."""

    verify: Annotated[Verify, Parameter(help="How much of the result is read again.")] = Verify.CONTENT
    batch_documents: Annotated[
        int, Parameter(help="Documents in a batch, at most.", validator=Number(gte=1, lte=100_000))
    ] = DEFAULT_BATCH_DOCUMENTS
    batch_bytes: Annotated[
        int, Parameter(help="Bytes in a batch, at most.", validator=Number(gte=1_024, lte=64 * 1024 * 1024))
    ] = DEFAULT_BATCH_BYTES
    timeout: Annotated[
        int,
        Parameter(
            help="Seconds the run may work, each time it is started or resumed; then it fails. 0 is no limit.",
            validator=Number(gte=0, lte=MOST_SECONDS),
        ),
    ] = 0
    stage_timeout: Annotated[
        int,
        Parameter(help="The same for each stage of it.", validator=Number(gte=0, lte=MOST_SECONDS)),
    ] = 0
    parallel: Annotated[
        int,
        Parameter(
            help="Collections verified at once, from 1 to 8; parallel RUN N changes it while the run goes.",
            validator=Number(gte=1, lte=MOST_PARALLEL),
        ),
    ] = 1
    save_plan: Annotated[Path | None, Parameter(help="Write the plan to this YAML file and stop; start runs it.")] = (
        None
    )


COMMON: Final = Common()
SELECTION: Final = Selection()
CONFLICTS: Final = Conflicts()
HANDLING: Final = Handling()
ENGINE: Final = Engine()
