"""The commands that make a run: `export`, `import`, `copy`, and `start` for a plan that was saved."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tui_migrate.cli.encryption import DECRYPTING, ENCRYPTING, Decrypting, Encrypting
from tui_migrate.cli.options import (
    COMMON,
    CONFLICTS,
    ENGINE,
    HANDLING,
    SELECTION,
    Common,
    Conflicts,
    EndText,
    Engine,
    Handling,
    Selection,
)
from tui_migrate.cli.package_options import READING, WRITING, PackageReading, PackageWriting, absolute
from tui_migrate.cli.scope_options import SCOPING, TRANSFER_SCOPING, Scoping, TransferScoping
from tui_migrate.errors import UsageError
from tui_migrate.plan.model import PIPE, End, OnFailure, PackageEnd, RunKind

if TYPE_CHECKING:  # imported where they are used, so that --help stays quick
    from tui_migrate.cli.launching import Launching
    from tui_migrate.cli.output import Output
    from tui_migrate.paths import Home
    from tui_migrate.plan.build import PlanRequest


def export(
    *,
    url: EndText,
    output: Path,
    selection: Selection = SELECTION,
    scoping: Scoping = SCOPING,
    writing: PackageWriting = WRITING,
    encrypting: Encrypting = ENCRYPTING,
    engine: Engine = ENGINE,
    handling: Handling = HANDLING,
    common: Common = COMMON,
) -> int:
    """Write collections of a database into a package on disk.

    Parameters
    ----------
    url
        The database: a URL, or a connection as NAME or NAME/DATABASE.
    output
        The package to make, which is not there yet: a folder, or one file where its name ends in .tar or it is
        encrypted; - writes it to the pipe behind this command.
    """
    from tui_migrate.cli.passwords import typed_end
    from tui_migrate.cli.piped_output import piped_output

    passwords: dict[str, str] = {}
    target = encrypting.target(writing.target(output), passwords)
    out = piped_output(common.output, handling, engine) if target.is_pipe else common.output
    source = typed_end(url, common.place, passwords, out)
    request = _request(RunKind.EXPORT, source, target, selection, scoping, CONFLICTS, engine, common.place)
    return _make(request, engine, handling, common.place, out, passwords)


def import_(
    *,
    url: EndText,
    input: Path,
    selection: Selection = SELECTION,
    scoping: TransferScoping = TRANSFER_SCOPING,
    reading: PackageReading = READING,
    decrypting: Decrypting = DECRYPTING,
    conflicts: Conflicts = CONFLICTS,
    engine: Engine = ENGINE,
    handling: Handling = HANDLING,
    common: Common = COMMON,
) -> int:
    """Read a package into a database.

    Parameters
    ----------
    url
        The database: a URL, or a connection as NAME or NAME/DATABASE.
    input
        The package to read; - reads what comes through the pipe before this command.
    """
    from tui_migrate.cli.passwords import typed_end
    from tui_migrate.cli.piped_input import package_path

    passwords: dict[str, str] = {}
    target = typed_end(url, common.place, passwords, common.output)
    if str(input) == PIPE and engine.save_plan is not None:
        raise UsageError("a plan that is kept cannot read from a pipe", hint="name a file with --input")
    with package_path(input, common.place, common.output) as path:
        source = decrypting.source(reading.source(path), passwords)
        if reading.type_plan:
            source = decided(source, reading.type_plan, common, passwords)
        request = _request(RunKind.IMPORT, source, target, selection, scoping, conflicts, engine, common.place)
        return _make(request, engine, handling, common.place, common.output, passwords)


def copy(
    *,
    source: EndText,
    target: EndText,
    selection: Selection = SELECTION,
    scoping: TransferScoping = TRANSFER_SCOPING,
    conflicts: Conflicts = CONFLICTS,
    engine: Engine = ENGINE,
    handling: Handling = HANDLING,
    common: Common = COMMON,
) -> int:
    """Copy collections from one database into another.

    Parameters
    ----------
    source
        The database to read: a URL, or a connection as NAME or NAME/DATABASE.
    target
        The database to write to, given likewise.
    """
    from tui_migrate.cli.passwords import typed_end

    passwords: dict[str, str] = {}
    read = typed_end(source, common.place, passwords, common.output)
    written = typed_end(target, common.place, passwords, common.output)
    request = _request(RunKind.COPY, read, written, selection, scoping, conflicts, engine, common.place)
    return _make(request, engine, handling, common.place, common.output, passwords)


def start(
    plan: Annotated[Path, Parameter(name="PLAN")],
    /,
    *,
    decrypting: Decrypting = DECRYPTING,
    handling: Handling = HANDLING,
    common: Common = COMMON,
) -> int:
    """Run a plan that was saved with --save-plan.

    Parameters
    ----------
    plan
        The YAML file of the plan.
    """
    from tui_migrate import strict_yaml
    from tui_migrate.plan.environments import current_plan
    from tui_migrate.plan.yaml_form import from_yaml

    found = from_yaml(strict_yaml.read(plan), str(plan))
    if found.kind is RunKind.ROLLBACK:
        raise UsageError(
            f"{plan} is the plan of a rollback", hint=f"use tui-migrate rollback {found.rollback_of} --confirm"
        )
    if found.retry_of:
        raise UsageError(f"{plan} is the plan of a retry", hint=f"use tui-migrate retry {found.retry_of}")
    passwords: dict[str, str] = {}
    source, target = decrypting.ends(_absolute(found.source), _absolute(found.target), passwords)
    found = current_plan(replace(found, source=source, target=target), common.place)
    launching = _launching(handling, common.place, common.output, passwords, (source, target))
    return asyncio.run(launching.carry_out(found))


def decided(source: PackageEnd, word: str, common: Common, passwords: dict[str, str]) -> PackageEnd:
    """Decide what the texts of a package become."""
    from tui_migrate.cli.passwords import ask_missing
    from tui_migrate.packages.recognised import RecognisedPackage
    from tui_migrate.packages.types.choose import choose
    from tui_migrate.plan.ends import read_options

    async def decide() -> PackageEnd:
        package = RecognisedPackage(Path(source.path), read_options(source, passwords))
        try:
            return replace(source, types=await choose(word, package))
        finally:
            await package.close()

    ask_missing([source], common.place, passwords)
    return asyncio.run(decide())


def _absolute(end: End) -> End:
    if not isinstance(end, PackageEnd):
        return end
    # The worker has another working folder.
    return replace(
        end,
        path=absolute(Path(end.path)),
        identity_file=end.identity_file and absolute(Path(end.identity_file)),
        key_file=end.key_file and absolute(Path(end.key_file)),
    )


def _request(
    kind: RunKind,
    source: End,
    target: End,
    selection: Selection,
    scoping: Scoping,
    conflicts: Conflicts,
    engine: Engine,
    home: "Home",
) -> "PlanRequest":
    from tui_migrate.plan.build import PlanRequest
    from tui_migrate.plan.newer import path_problem
    from tui_migrate.redaction import printable

    if conflicts.no_rollback and conflicts.on_failure is OnFailure.ROLLBACK:
        raise UsageError(
            "--no-rollback and --on-failure rollback exclude each other", hint="leave one of the two options away"
        )
    if problem := path_problem(conflicts.conflict_resolution, conflicts.newer_by):
        raise UsageError(f"--newer-by {printable(conflicts.newer_by)}: {problem}", hint="see tui-migrate copy --help")
    return PlanRequest(
        kind=kind,
        source=source,
        target=target,
        names=selection.collections,
        exclude=selection.exclude,
        policy=conflicts.conflict_resolution,
        undo=not conflicts.no_rollback,
        verify=engine.verify,
        max_rejects=conflicts.max_rejects,
        batch_documents=engine.batch_documents,
        batch_bytes=engine.batch_bytes,
        description=selection.description,
        on_failure=conflicts.on_failure,
        timeout=engine.timeout,
        stage_timeout=engine.stage_timeout,
        catalog=selection.catalog_in(home),
        scope=scoping.scope,
        newer_by=conflicts.newer_by,
        parallel=engine.parallel,
    )


def _launching(
    handling: Handling, home: "Home", output: "Output", passwords: dict[str, str], ends: tuple[End, End]
) -> "Launching":
    from tui_migrate.cli.launching import Launching
    from tui_migrate.cli.passwords import ask_missing

    if handling.dry_run is not None and handling.validate_only:
        raise UsageError("--dry-run and --validate-only exclude each other", hint="a dry run validates too")
    ask_missing(ends, home, passwords)
    return Launching(home, output, handling, passwords)


def _make(
    request: "PlanRequest",
    engine: Engine,
    handling: Handling,
    home: "Home",
    output: "Output",
    passwords: dict[str, str],
) -> int:
    launching = _launching(handling, home, output, passwords, (request.source, request.target))
    return asyncio.run(_plan_and_carry_out(launching, request, engine.save_plan))


async def _plan_and_carry_out(launching: "Launching", request: "PlanRequest", save_plan: Path | None) -> int:
    from tui_migrate.plan.build import build_plan
    from tui_migrate.plan.saving import save

    async with launching.source(request.source) as source:
        plan = launching.as_asked(await build_plan(request, source))
    if save_plan is None:
        return await launching.carry_out(plan)
    await asyncio.to_thread(save, plan, save_plan)
    launching.output.document({"plan": str(save_plan)})
    launching.output.line(f"the plan is in {save_plan}")
    launching.output.line(f"  run it: {launching.output.command(f'start {save_plan}')}")
    return 0
