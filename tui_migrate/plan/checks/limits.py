"""Checks of what the target takes at most."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

from tui_migrate.amounts import documents_that
from tui_migrate.documents import raw_id, show_id
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.look import Look, error, warning
from tui_migrate.plan.checks.registry import Phase, check
from tui_migrate.stores.base import CollectionInfo, CollectionKind

EXAMPLES = 3
"""Ids that a finding names."""


@check("Batches are such as the target takes", batch_too_large=Severity.WARNING)
def batches(seen: Look) -> Iterator[Finding]:
    """Find batches that would have to go in several messages."""
    if seen.target is None:
        return
    able, plan = seen.target.capabilities, seen.plan
    if plan.batch_bytes > able.max_message:
        message = f"batches of {plan.batch_bytes:,} bytes go in several messages: the target takes {able.max_message:,}"
        yield warning("batch_too_large", "target", message, f"--batch-bytes {able.max_message // 2}, or less")
    if plan.batch_documents > able.max_batch:
        message = f"batches of {plan.batch_documents:,} documents go in several: the target takes {able.max_batch:,}"
        yield warning("batch_too_large", "target", message, f"--batch-documents {able.max_batch}, or less")


@check("Documents are such as the target takes", Phase.DOCUMENTS, document_too_large=Severity.ERROR)
async def documents(seen: Look) -> AsyncIterator[Finding]:
    """Find documents that are larger than the target's largest, where the source may have such."""
    if seen.target is None or seen.target.capabilities.max_document >= seen.source.capabilities.max_document:
        return
    for info in seen.planned():
        if info.kind is not CollectionKind.VIEW:
            found = await _too_large(seen, info, seen.target.capabilities.max_document)
            if found is not None:
                yield found


async def _too_large(seen: Look, info: CollectionInfo, most: int) -> Finding | None:
    examples: list[str] = []
    count = 0
    async with aclosing(seen.source.read(info.name, order=info.kind.read_order)) as blocks:
        async for block in blocks:
            for one in block.documents:
                if len(one) > most:
                    count += 1
                    identifier = raw_id(one)
                    if len(examples) < EXAMPLES and identifier is not None:
                        examples.append(show_id(identifier))
    if not count:
        return None
    message = (
        f"{documents_that(count, 'is', 'are')} larger than the {most:,} bytes the target takes,"
        f" such as _id {', '.join(examples)}"
    )
    say = error if count > seen.plan.max_rejects else warning
    hint = f"make them smaller, or let them be put aside: --max-rejects {count}"
    return say("document_too_large", info.name, message, hint, count)
