"""The commands about the queue of the policy `ask`: `conflicts` lists it, `decide` empties it."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from tui_migrate.cli.encryption import UNLOCKING, Unlocking
from tui_migrate.cli.options import COMMON, Common, Flag
from tui_migrate.cli.runs import RunId
from tui_migrate.errors import Refused, UsageError

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from tui_migrate.cli.output import JsonForm
    from tui_migrate.journal.records import ConflictRecord
    from tui_migrate.paths import Home
    from tui_migrate.reports.masking import Mask

_PAGE: Final = 50
_FIELDS_SHOWN: Final = 4

Collection = Annotated[str, Parameter(show_default=False, metavar="NAME")]


def conflicts(
    run: RunId,
    /,
    *,
    collection: Collection = "",
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=10_000))] = _PAGE,
    after: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    common: Common = COMMON,
) -> int:
    """List the documents of a run that both ends have, differently, and what was decided about each.

    Parameters
    ----------
    collection
        Only those of this collection.
    limit
        How many to list, at most.
    after
        Begin behind the document of this number.
    """
    from tui_migrate.amounts import documents_that
    from tui_migrate.cli.records import find_run
    from tui_migrate.cli.tables import table
    from tui_migrate.plan.yaml_form import from_yaml
    from tui_migrate.reports.masking import Mask
    from tui_migrate.wording import number

    found, output = find_run(run, common.place), common.output
    page, total = asyncio.run(_read(common.place, found.id, collection, after, limit))
    mask = Mask.of_plan(from_yaml(found.plan, f"the plan of run {found.id:04d}"))
    output.document(
        {"conflicts": [conflict_form(one, mask) for one in page], "open": found.undecided, "total_count": total}
    )
    if not total:
        output.line(f"run {found.id:04d} has no conflicts")
        return 0
    rows = [
        [str(one.number), one.collection, _id(one, mask), one.state.value, _fields(one.fields), one.decided_by]
        for one in page
    ]
    heads = ["number", "collection", "_id", "state", "differs in", "decided by"]
    for line in table(heads, rows, numbers=(0,)):
        output.line(line)
    if len(rows) < total:
        output.note(f"{number(len(rows))} of {number(total)} conflicts; --limit and --after show others")
    if found.undecided and not found.state.is_final:
        output.note(f"{documents_that(found.undecided, 'waits', 'wait')} for a decision:")
        output.note(f"  keep the target's:  {output.command(f'decide {found.id} --keep --all')}, or --number N")
        output.note(f"  take the source's:  {output.command(f'decide {found.id} --replace --all')}, or --number N")
    return 0


def decide(
    run: RunId,
    /,
    *,
    keep: Flag = False,
    replace: Flag = False,
    collection: Collection = "",
    id: Annotated[str, Parameter(show_default=False, metavar="ID")] = "",
    number: Annotated[int, Parameter(show_default=False, validator=Number(gte=0), metavar="N")] = 0,
    all: Flag = False,
    overrule: Flag = False,
    detach: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    unlocking: Unlocking = UNLOCKING,
    common: Common = COMMON,
) -> int:
    """Decide about documents that a run has asked about; its worker writes what is decided, and verifies.

    A document that has changed since at either end is asked about again.

    Parameters
    ----------
    keep
        Leave the target's as it is.
    replace
        Put the source's in its place; a rollback brings the target's back.
    collection
        Only those of this collection.
    id
        The one document of this _id.
    number
        The one document of this number in the list of conflicts.
    all
        All that are still open, or all of the collection that are.
    overrule
        With --all: those too that are decided already and not written yet.
    detach
        Do not follow the run.
    """
    from tui_migrate.cli.records import find_run
    from tui_migrate.cli.steer import passwords_for
    from tui_migrate.cli.steering import go_on
    from tui_migrate.journal.records import ConflictState
    from tui_migrate.worker import control

    if keep is replace:
        raise UsageError("either --keep or --replace is wanted", hint="--keep leaves the target's documents")
    if (bool(id), bool(number), all).count(True) != 1:
        raise UsageError("--id, --number or --all is wanted", hint="--all may be narrowed by --collection")
    if overrule and not all:
        raise UsageError("--overrule goes with --all", hint="--id and --number decide anew without it")
    found, output = find_run(run, common.place), common.output
    numbers = [number] if number else asyncio.run(_numbers(common.place, found.id, collection, id)) if id else None
    decision = ConflictState.KEEP if keep else ConflictState.REPLACE
    # Whatever is missing to go on is asked for before anything is recorded.
    passwords = {} if found.state.is_active or found.state.is_final else passwords_for(found, common, unlocking)
    decided = asyncio.run(
        control.decide(
            common.place,
            found.id,
            decision,
            collection=collection or None,
            numbers=numbers,
            overrules=overrule or not all,
        )
    )
    if not decided:
        more = "; --overrule decides anew what is decided and not written yet" if all and not overrule else ""
        raise Refused("nothing there is to be decided about", hint=output.command(f"conflicts {found.id}") + more)
    output.note(f"{decided:,} decided: {decision.verb}")
    if found.state.is_active:
        output.document({"decided": decided})
        output.note("its worker writes it once it has been through its collections")
        output.note(f"if it has stopped by then, {output.command(f'resume {found.id}')} has it written")
        return 0
    return asyncio.run(go_on(common.place, found, passwords, output, detach=detach))


async def _read(
    home: "Home", run_id: int, collection: str, after: int, limit: int
) -> "tuple[tuple[ConflictRecord, ...], int]":
    from tui_migrate.journal.reader import JournalReader

    reader = await JournalReader.open(home.journal)
    try:
        counts = await reader.count_conflicts(run_id)
        total = sum(count for (name, _), count in counts.items() if collection in ("", name))
        return await reader.conflicts(run_id, collection=collection or None, after=after, limit=limit), total
    finally:
        await reader.close()


async def _numbers(home: "Home", run_id: int, collection: str, text: str) -> list[int]:
    """Give the numbers of the documents that have an `_id` as it was typed."""
    from tui_migrate.journal.reader import JournalReader
    from tui_migrate.mapping.extended_json import possible_ids

    ids = possible_ids(text, "the _id")
    reader = await JournalReader.open(home.journal)
    try:
        names = {name for name, _ in await reader.count_conflicts(run_id) if collection in ("", name)}
        return [one.number for name in sorted(names) for one in await reader.conflicts_of(run_id, name, ids)]
    finally:
        await reader.close()


def _id(one: "ConflictRecord", mask: "Mask") -> str:
    """Show an `_id`, unless the plan's catalog calls something of it sensitive."""
    from tui_migrate.documents import show_id
    from tui_migrate.reports.masking import MASK

    return MASK if mask.hides(one.collection, "_id") else show_id(one.id)


def conflict_form(one: "ConflictRecord", mask: "Mask") -> "JsonForm":
    """Give a document of the queue as `--json` lists it."""
    return {
        "number": one.number,
        "collection": one.collection,
        "id": _id(one, mask),
        "fields": list(one.fields),
        "state": one.state.value,
        "decided_by": one.decided_by or None,
        "source_hash": one.ours.hex(),
        "target_hash": one.theirs.hex(),
    }


def _fields(fields: tuple[str, ...]) -> str:
    shown = ", ".join(one or "(order of fields)" for one in fields[:_FIELDS_SHOWN])
    return f"{shown}, …" if len(fields) > _FIELDS_SHOWN else shown
