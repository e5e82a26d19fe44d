"""What became of the documents of one batch, until its checkpoint commits it."""

from dataclasses import dataclass, field, replace
from typing import Final

from tui_migrate.comparison.fields import field_changes
from tui_migrate.documents import RawId, show_id
from tui_migrate.engine.rejects import Refused
from tui_migrate.engine.undo_log import Operation
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import ConflictRecord, ConflictState, Counts, RejectRecord, RejectState
from tui_migrate.ordering import Key
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Refusal
from tui_migrate.stores.lookup import Found, Keyed

NO_ID: Final = 0
"""The reject code of a document without `_id`; a server's codes begin at 1."""

ID_TYPE_DIFFERS: Final = "id_type_differs"
"""The code of the finding that an `_id` is of another number type in the target."""


@dataclass(slots=True)
class Tally:
    """Counts, refused documents and those kept as they are. `settled` are earlier refusals that now ended otherwise.

    `queued` wait for the operator, and `answered` are of his queue and done with, each with what became of it.
    """

    collection: str
    counts: Counts = field(default_factory=Counts)
    refused: list[Refused] = field(default_factory=list)
    settled: list[RejectRecord] = field(default_factory=list)
    kept: list[tuple[RawId, bytes]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    queued: list[ConflictRecord] = field(default_factory=list)
    answered: list[tuple[ConflictRecord, ConflictState]] = field(default_factory=list)
    _of_other_type: set[Key] = field(default_factory=set)

    def wrote(self, operation: Operation, *, is_assumed: bool = False) -> None:
        """Count a document that was written."""
        if operation is Operation.INSERT:
            self.counts += Counts(inserted=1, assumed_ours=int(is_assumed))
        else:
            self.counts += Counts(replaced=1)

    def deleted(self, count: int) -> None:
        """Count documents of the target that were deleted."""
        self.counts += Counts(deleted=count)

    def note_not_deleted(self, reason: str) -> None:
        """Report a document of the target that the server did not delete."""
        message = f"the target did not let go of a document that the source does not have so: {printable(reason)}"
        self.findings.append(Finding(Severity.ERROR, "not_deleted", self.collection, message, "delete it by hand"))

    def unchanged(self) -> None:
        """Count a document that was there already."""
        self.counts += Counts(unchanged=1)

    def skip(self, item: Keyed) -> None:
        """Count a document for which the target's is kept."""
        self.counts += Counts(skipped=1)
        self.kept.append((item.id, item.digest))

    def queue(self, item: Keyed, found: Found, document: bytes) -> None:
        """Leave a document to the operator; the target's is this `document`."""
        paths = sorted({one.path for one in field_changes(document, item.document)})
        self.queued.append(ConflictRecord(self.collection, item.id, item.digest, found.digest, tuple(paths)))

    def note_kept(self, *, is_tied: bool) -> None:
        """Report a document of which it cannot be said that either end's is newer; the target's is kept."""
        if is_tied:
            code, message = "newer_tied", "documents differ that were changed at one moment; the target's are kept"
        else:
            code = "newer_untold"
            message = (
                "documents differ of which the moments of change are missing or do not compare; the target's are kept"
            )
        hint = "compare both ends, and overwrite what is wrong"
        self.findings.append(Finding(Severity.WARNING, code, self.collection, message, hint))

    def note_came_meanwhile(self) -> None:
        """Report a refused document that a retry did not write: the target has it by now, and otherwise."""
        message = "documents that were refused are in the target by now in another form; the target's are kept"
        hint = "compare both ends, and overwrite what is wrong"
        self.findings.append(Finding(Severity.WARNING, "came_meanwhile", self.collection, message, hint))

    def refuse(self, item: Keyed, refusal: Refusal) -> None:
        """Put a document aside that the target does not take."""
        state = RejectState.DEFERRED if refusal.is_unique_clash else RejectState.REJECTED
        self.refused.append(Refused(self.collection, item.document, refusal.code, printable(refusal.reason), state))
        if state is RejectState.REJECTED:
            self.counts += Counts(rejected=1)
            self.note_reject(show_id(item.id), printable(refusal.reason))

    def refuse_without_id(self, document: bytes) -> None:
        """Put a document aside that has no `_id`: a server would invent one, and another at each repetition."""
        reason = "the document has no _id"
        self.refused.append(Refused(self.collection, document, NO_ID, reason, RejectState.REJECTED))
        self.counts += Counts(rejected=1)
        self._note("missing", "this document has no _id and was not written", "it is kept with the rejects")

    def note_reject(self, shown_id: str, reason: str) -> None:
        """Report a document that the target does not take, so that whoever looks at the run sees it."""
        self._note(shown_id, f"the target refused this document: {reason}", "it is kept, and can be retried")

    def _note(self, shown_id: str, message: str, hint: str) -> None:
        subject = f"{printable(self.collection)} _id {printable(shown_id)}"
        self.findings.append(Finding(Severity.WARNING, "rejected", subject, message, hint))

    @property
    def last_reason(self) -> str:
        """Why the last document was refused."""
        return self.refused[-1].reason if self.refused else "another unique index has the value already"

    def note_id_type(self, item: Keyed) -> None:
        """Report an `_id` that is another number type in the target, once, however often it is decided about."""
        if item.key in self._of_other_type:
            return
        self._of_other_type.add(item.key)
        message = "an _id is of another number type in the target; the target's form is kept"
        self.findings.append(Finding(Severity.WARNING, ID_TYPE_DIFFERS, self.collection, message))

    def note_timestamps(self, items: list[Keyed]) -> None:
        """Report documents of which the server will fill an empty timestamp."""
        if items:
            message = "the server replaces a top-level Timestamp(0, 0) by its own time"
            finding = Finding(Severity.WARNING, "timestamp_filled", self.collection, message)
            self.findings.append(replace(finding, count=len(items)))

    def note_late(self) -> None:
        """Report a write of a broken-off attempt that came to the target after it had been looked for."""
        message = "a write of a broken-off batch came to the target late, and is taken for this run's own"
        hint = "an equal document that somebody else wrote at that moment cannot be told apart"
        self.findings.append(Finding(Severity.NOTE, "assumed_ours", self.collection, message, hint))

    def note_source_moved(self, count: int) -> None:
        """Report documents that the source gave to an attempt that was broken off, and does not give any more."""
        message = "documents changed in the source while the run was reading it"
        hint = "run it again to take up the changes"
        self.findings.append(Finding(Severity.WARNING, "source_moved", self.collection, message, hint, count))
