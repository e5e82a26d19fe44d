"""What `backups restore` does: plan, show what would change, and make the database what it was."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from shlex import join
from typing import TYPE_CHECKING

from tui_migrate.cli.encryption import Decrypting
from tui_migrate.cli.launching import Launching, explain_line, refuse_errors
from tui_migrate.cli.options import Common, Handling
from tui_migrate.cli.passwords import ask_missing, typed_end
from tui_migrate.cli.reading import choose_reading, comparing_text
from tui_migrate.cli.render import finding_form
from tui_migrate.cli.restore_form import change_lines, changes_form
from tui_migrate.cli.summary import findings_lines
from tui_migrate.cli.wording import arrow
from tui_migrate.errors import RunNotFound, UsageError
from tui_migrate.findings import Finding
from tui_migrate.mapping.model import Scope
from tui_migrate.plan.build import PlanRequest
from tui_migrate.plan.catalog_rules import catalog_of
from tui_migrate.plan.model import Plan, StoreEnd
from tui_migrate.plan.refusals import refusals
from tui_migrate.plan.restoring import CollectionChange
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.worker.backups import Backup, find_backup
from tui_migrate.worker.restoring import package_of, restore_changes, restore_plan, restore_request

if TYPE_CHECKING:
    from tui_migrate.catalogs.model import Catalog
    from tui_migrate.paths import Home


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a user asks of a restore."""

    name: str
    url: str
    owner_to: str
    catalog: str
    collections: tuple[str, ...]
    max_rejects: int
    confirm: bool
    detach: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    """A restore that is shown and not done: the backup's name, and the command that does it."""

    name: str
    again: str


def restore_backup(wanted: Wanted, decrypting: Decrypting, common: Common) -> int:
    """Restore a backup, or say what that would change. Raises UsageError, Refused."""
    home, output, passwords = common.place, common.output, dict[str, str]()
    backup = asyncio.run(find_backup(home, wanted.name))
    catalog = asyncio.run(_catalog(wanted, backup, home))
    source = decrypting.source(package_of(backup), passwords)
    target = typed_end(wanted.url or backup.record.source, home, passwords, output)
    ask_missing((source, target), home, passwords)
    launching = Launching(home, output, Handling(detach=wanted.detach), passwords)
    scope = Scope(owner=backup.record.owner, owner_to=wanted.owner_to) if wanted.owner_to else Scope()
    request = restore_request(backup, source, target)
    request = replace(request, names=wanted.collections, catalog=catalog, scope=scope, max_rejects=wanted.max_rejects)
    again = _again(wanted, decrypting, target)
    return asyncio.run(_restore(launching, wanted, backup, request, again))


async def _catalog(wanted: Wanted, backup: Backup, home: "Home") -> "Catalog | None":
    """Find the catalog that says whose documents are, where that matters: the one named, else the backup's own."""
    from tui_migrate.catalogs.finding import find
    from tui_migrate.cli.records import read_run

    if wanted.owner_to and not backup.record.owner:
        raise UsageError(
            f"the backup {wanted.name} is not one of a single user's documents", hint="leave --owner-to away"
        )
    if not wanted.owner_to:
        return None
    if wanted.catalog:
        return find(wanted.catalog, home)
    try:
        run = await read_run(home, backup.record.run_id)
        catalog = catalog_of(from_yaml(run.plan, f"the plan of run {run.id:04d}"))
    except RunNotFound:
        catalog = None
    if catalog is None:
        raise UsageError("--owner-to needs the catalog that the backup was made with", hint="name it with --catalog")
    return catalog


async def _restore(launching: Launching, wanted: Wanted, backup: Backup, request: PlanRequest, again: str) -> int:
    async with launching.source(request.source) as source, launching.source(request.target) as target:
        plan = await restore_plan(backup, request, source, target)
        if not plan.mirror:
            launching.output.note(
                f"the backup has the documents of one user alone: nothing is deleted from {request.target.label}, and"
                " no index or option is changed; its documents are added or put back"
            )
    if wanted.confirm:
        return await launching.carry_out(plan)
    findings = await launching.check(plan)
    refuse_errors(findings, strict=False)
    return _show(launching, _Shown(wanted.name, again), plan, await _changes(launching, plan), findings)


async def _changes(launching: Launching, plan: Plan) -> tuple[CollectionChange, ...]:
    """Compare the backup with what is there now: that is what the restore would change."""
    async with AsyncExitStack() as opened:
        source = await opened.enter_async_context(launching.planned(plan))
        target = await opened.enter_async_context(launching.source(plan.target))
        progress = choose_reading(comparing_text)
        opened.callback(progress.close)
        return await restore_changes(plan, source, target, progress)


def _show(
    launching: Launching,
    shown: _Shown,
    plan: Plan,
    found: tuple[CollectionChange, ...],
    findings: tuple[Finding, ...],
) -> int:
    output = launching.output
    form: Mapping[str, object] = changes_form(found)
    output.document(
        {
            "backup": shown.name,
            "target": plan.target.label,
            "written": False,
            **form,
            "findings": [finding_form(one) for one in findings],
        }
    )
    for line in change_lines(found):
        output.line(line)
    for line in findings_lines(findings):
        output.line(line)
    if words := explain_line(findings):
        output.line(words)
    if words := refusals(findings).words(plan.max_rejects):
        output.line(words)
    output.line("nothing was written")
    output.line(f"  {arrow()} to do it: {output.command(shown.again)}")
    return 0


def _again(wanted: Wanted, decrypting: Decrypting, target: StoreEnd) -> str:
    """Give the command that does it, with all that was asked for but a password that was typed."""
    words = ["backups", "restore", wanted.name]
    words += ["--url", target.label] if wanted.url else []
    words += ["--owner-to", wanted.owner_to] if wanted.owner_to else []
    words += ["--catalog", wanted.catalog] if wanted.catalog else []
    words += ["--max-rejects", str(wanted.max_rejects)] if wanted.max_rejects else []
    words += decrypting.words()
    words += ["--collections", *wanted.collections] if wanted.collections else []
    return join([*words, "--confirm"])
