"""Stage verify: read both ends again and compare.

A document that differs is put down to whoever moved: where the source gives the same documents as it gave before (the
digest of the batch says so), the target is wrong; where it does not, the source moved under the run.
"""

from tui_migrate.definitions import (
    has_fields,
    index_name,
    is_id_index,
    is_ttl,
    same_definition,
    same_index,
    split_validation,
)
from tui_migrate.engine.expiry import Expiry
from tui_migrate.engine.extras import find_extras, may_have_extras
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.verify_content import Verdicts, compare_documents, compare_sums
from tui_migrate.engine.verify_references import verify_references
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Severity
from tui_migrate.journal.records import VerifiedMark
from tui_migrate.journal.states import Stage
from tui_migrate.plan.model import Verify
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind


async def verify(migration: Migration) -> None:
    """Verify every collection and view of the plan as far as the plan wants it, from where an attempt left it.

    Several collections are verified at once where that is wanted, each with a mark of its own.
    """
    context = migration.context
    marks = await context.reader.verified(context.run_id)
    if not marks:
        await context.journal.clear_findings(context.run_id, Stage.VERIFY)
        if context.plan.verify is not Verify.CONTENT:
            message = f"the content was not verified (--verify {context.plan.verify.value})"
            await context.find(Severity.WARNING, "not_verified", "run", message, "compare both ends, or run it again")
    await context.settle_lanes()
    if context.plan.verify is Verify.NONE:
        return
    there = {one.name: one for one in await migration.target.collections(list(migration.infos))}

    async def verify_one(info: CollectionInfo) -> None:
        await _verify_one(migration, info, there.get(info.name), marks.get(info.name))

    meant = (*migration.planned(), *migration.views())
    await context.lanes.each([one for one in meant if one.name not in marks or not marks[one.name].is_done], verify_one)
    for one in await migration.target.collections(migration.removals()):
        message = "the source does not have this collection, and the target has it again"
        await context.find(Severity.ERROR, "not_removed", one.name, message, "see who made it; drop it by hand")
    if context.plan.verify is Verify.CONTENT:
        await verify_references(migration)


async def _verify_one(
    migration: Migration, info: CollectionInfo, theirs: CollectionInfo | None, mark: VerifiedMark | None
) -> None:
    context = migration.context
    verdicts = Verdicts(context, info.name)
    if theirs is None:
        verdicts.add(Severity.ERROR, "collection_gone", info.name, "the target's collection has vanished")
    else:
        if mark is None:
            _compare_definitions(migration, info, theirs, verdicts)
            await verdicts.begin()
            failpoint("verify.after_definitions")
        if info.kind is not CollectionKind.VIEW:
            await context.say(f"{printable(info.name)}: {'verifying' if mark is None else 'going on verifying'}")
            if not info.kind.has_keys:
                await compare_sums(migration, info, verdicts)
            elif context.plan.verify is Verify.CONTENT:
                await compare_documents(migration, info, theirs, mark or VerifiedMark(), verdicts)
                if migration.mirrors:
                    await _find_extras(migration, info, theirs, verdicts)
            else:
                await _count(migration, info, theirs, verdicts)
    await verdicts.finish()


def _compare_definitions(
    migration: Migration, info: CollectionInfo, theirs: CollectionInfo, verdicts: Verdicts
) -> None:
    """Compare the options of what the run created, of every view, and the indexes, but for those that come last."""
    if migration.mirrors or migration.made.has_collection(info.name) or info.kind is CollectionKind.VIEW:
        mine_options, mine_validation = split_validation(info.options)
        their_options, their_validation = split_validation(theirs.options)
        has_validation = migration.mirrors or has_fields(mine_validation)
        validation_differs = has_validation and not same_definition(mine_validation, their_validation)
        kind_differs = migration.mirrors and theirs.kind is not info.kind
        if kind_differs or validation_differs or not same_definition(mine_options, their_options):
            message = "the options are not those of the source"
            verdicts.add(Severity.ERROR, "options_wrong", info.name, message, "compare both ends")
    by_name = {index_name(one): one for one in theirs.indexes}
    for index in info.indexes:
        if is_id_index(index) or is_ttl(index):
            continue
        found = by_name.get(index_name(index))
        subject = f"{info.name}.{index_name(index)}"
        if found is None:
            verdicts.add(Severity.WARNING, "index_missing", subject, "the target lacks this index", "create it by hand")
        elif not same_index(index, found):
            verdicts.add(Severity.WARNING, "index_differs", subject, "the target's index is defined otherwise")
    if migration.mirrors:
        mine = {index_name(one) for one in info.indexes}
        for name in (one for one in by_name if one not in mine and not is_id_index(by_name[one])):
            message = "the source does not have this index of the target"
            verdicts.add(Severity.WARNING, "index_extra", f"{info.name}.{name}", message, "drop it by hand")


async def _find_extras(migration: Migration, info: CollectionInfo, theirs: CollectionInfo, verdicts: Verdicts) -> None:
    """Count what the target has and the source does not."""
    if not await may_have_extras(migration.context, migration.target, theirs):
        return
    async for ids in find_extras(migration.context, migration.target, info, theirs):
        message = "documents of the target that the source does not have, or has no more, came during the run"
        verdicts.add(
            Severity.ERROR, "extra_documents", info.name, message, "run it again, or compare both ends", len(ids)
        )


async def _count(migration: Migration, info: CollectionInfo, theirs: CollectionInfo, verdicts: Verdicts) -> None:
    """Compare how many documents the run was given with how many either end has now."""
    context = migration.context
    (run,) = [one for one in await context.reader.collections(context.run_id) if one.name == info.name]
    source, target = await context.source.count(info.name), await migration.target.count(info.name)
    expected = run.documents_done - run.counts.rejected
    if target < expected and Expiry.of(theirs).rules:
        verdicts.expired(expected - target)
    elif target < expected:
        message = f"the target has {target:,} documents, and the run left {expected:,} or more in it"
        verdicts.add(Severity.ERROR, "target_differs", info.name, message, "compare both ends")
    if migration.mirrors and target > expected:
        message = f"the target has {target:,} documents, and the run left {expected:,} in it"
        verdicts.add(Severity.ERROR, "extra_documents", info.name, message, "compare both ends", target - expected)
    if source != run.documents_done:
        verdicts.source_moved(abs(source - run.documents_done))
