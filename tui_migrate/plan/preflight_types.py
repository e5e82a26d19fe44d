"""The preflight checks about packages of JSON: types that nobody has decided on, and what such a form cannot keep."""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.model import PackageEnd, Plan
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, Source

if TYPE_CHECKING:
    from tui_migrate.packages.package import Package

_HINT = "leave the documents or the collection out, or choose the form native, tar or archive"


async def undecided_types(plan: Plan, package: "Package") -> AsyncIterator[Finding]:
    """Say that a package without types needs a decision about them, once it was read."""
    from tui_migrate.packages.types.choose import undecided

    if isinstance(plan.source, PackageEnd) and plan.source.types is None and (await package.form()).infers_types:
        found = undecided(await package.inference(), None, plan.source.path)
        if found is not None:
            yield found


async def not_kept(
    plan: Plan, source: Source, collections: Sequence[CollectionInfo], *, read_documents: bool
) -> AsyncIterator[Finding]:
    """Say what of the source a JSON form would not keep; `read_documents` looks at every document of it."""
    if not isinstance(plan.target, PackageEnd) or not plan.target.form.infers_types:
        return
    from tui_migrate.packages.json_forms.fitness import definition_findings

    found = list(definition_findings(plan.target.form, collections))
    for one in found:
        yield one
    if read_documents and not any(one.severity is Severity.ERROR for one in found):
        for info in collections:
            finding = await _unfit_documents(source, info)
            if finding is not None:
                yield finding


def held_back(plan: Plan, there: Collection[str]) -> Iterator[Finding]:
    """Name the collections of the source that the package's form never holds, whether they were asked for or not."""
    if not isinstance(plan.target, PackageEnd):
        return
    form, planned = plan.target.form, {one.name for one in plan.collections}
    for name in sorted(form.never_holds.intersection(there)):
        shown = printable(name)
        if name in planned:
            message = f"the form {form} never holds this collection: it has tokens, or belongs to one installation"
            yield Finding(Severity.ERROR, "never_exported", shown, message, f"--exclude {shown}")
        else:
            message = f"it is left out: the form {form} never holds it"
            yield Finding(Severity.NOTE, "never_exported", shown, message)


async def _unfit_documents(source: Source, info: CollectionInfo) -> Finding | None:
    """Count the documents that JSON cannot keep byte for byte, and name the first and its field."""
    from tui_migrate.packages.json_forms.fitness import unfit

    example, count = "", 0
    async with aclosing(source.read(info.name, order=info.kind.read_order)) as blocks:
        async for block in blocks:
            for document in block.documents:
                reason = unfit(document)
                if reason is not None:
                    count += 1
                    example = example or reason
    if not count:
        return None
    message = f"{count:,} documents cannot be kept exactly in JSON, such as {example}"
    return Finding(Severity.ERROR, "not_kept", printable(info.name), printable(message), _HINT, count)
