"""Looks at a package as an import does: checks it, then reads it. Nothing but errors of the tree may come of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui_migrate.errors import TuiMigrateError
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.package import Package, ReadOptions
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.packages.validity import walk

Contents = Mapping[str, Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a look: findings or an error; and the documents, where nothing stood against reading them."""

    findings: tuple[Finding, ...] = ()
    error: TuiMigrateError | None = None
    contents: Contents | None = None

    @property
    def is_reported(self) -> bool:
        """True where an import would stop before its first write."""
        return self.error is not None or any(one.severity is Severity.ERROR for one in self.findings)

    @property
    def is_noticed(self) -> bool:
        """True where there is at least a warning."""
        return self.is_reported or any(one.severity is Severity.WARNING for one in self.findings)

    @property
    def messages(self) -> str:
        """All that is told, one line each."""
        told = [f"{one.code} {one.subject}: {one.message}" for one in self.findings]
        return "\n".join((*told, f"{self.error.code}: {self.error.message}") if self.error else told)


async def look(path: Path, options: ReadOptions = ReadOptions()) -> Seen:  # noqa: B008 -- frozen
    """Check and, where no error was found, read everything; documents that are read are well-formed."""
    package = RecognisedPackage(path, options)
    findings: tuple[Finding, ...] = ()
    try:
        findings = await package.check()
        if any(one.severity is Severity.ERROR for one in findings):
            return Seen(findings)
        return Seen(findings, contents=await contents(package))
    except TuiMigrateError as error:
        return Seen(findings, error)
    finally:
        await package.close()


async def reported(path: Path, options: ReadOptions = ReadOptions()) -> bool:  # noqa: B008 -- frozen
    """Say whether a check alone tells of an error, as a finding or by raising one."""
    package = RecognisedPackage(path, options)
    try:
        return any(one.severity is Severity.ERROR for one in await package.check())
    except TuiMigrateError:
        return True
    finally:
        await package.close()


async def contents(package: Package) -> Contents:
    """Read everything, and see that it is well-formed."""
    found: dict[str, list[bytes]] = {}
    for info in await package.collections():
        reading = package.read(info.name, order=info.kind.read_order)
        found[info.name] = [document async for block in reading for document in block.documents]
        for document in found[info.name]:
            walk(document)
    return found
