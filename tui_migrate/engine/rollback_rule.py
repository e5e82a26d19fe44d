"""The rule by which a rollback undoes or spares a document, for what undoes and for what only looks."""

from enum import Enum

from tui_migrate.documents import content_hash
from tui_migrate.engine.rollback_made import is_another
from tui_migrate.engine.undo_log import Intent, Made, Operation
from tui_migrate.stores.base import CollectionInfo


class Verdict(Enum):
    """What a rollback does about one document."""

    UNDO = "undo"
    ALREADY = "already"
    """It is as it was before the run: nothing to do."""
    ABSENT = "absent"
    """A look had not found it done in the target, and it was not done since: nothing to do."""
    SPARE = "spare"
    FORCE = "force"
    """Somebody else has changed or deleted it, and the operator wants it as it was before the run all the same."""


def judge(intent: Intent, digest: bytes | None, *, force: bool = False) -> Verdict:
    """Decide by the hash of the document that is there now, None where there is none.

    What is as the run left it is undone, but not where its before-image was left out; all that is neither that nor as
    before is somebody else's, and spared unless the operator wants to `force` it.
    """
    if is_as_left(intent, digest):
        return Verdict.SPARE if is_lost(intent) else Verdict.UNDO
    if not intent.was_found:
        return Verdict.ABSENT
    if digest == before_digest(intent):
        return Verdict.ALREADY
    return Verdict.FORCE if force and not is_lost(intent) else Verdict.SPARE


def is_as_left(intent: Intent, digest: bytes | None) -> bool:
    """Say whether a document is as the run left it, by the hash of what is there now."""
    return digest == (None if intent.operation is Operation.DELETE else intent.after)


def is_lost(intent: Intent) -> bool:
    """Say whether what was there before was not recorded."""
    return intent.operation is not Operation.INSERT and intent.before is None


def before_digest(intent: Intent) -> bytes | None:
    """The hash of what was there before the document was written, None where nothing was or is known."""
    return None if intent.before is None else content_hash(intent.before)


def is_undone_singly(made: Made | None, there: CollectionInfo | None) -> bool:
    """Say whether a collection's documents are undone one by one; `made` is the run's record of creating it, if any.

    They are not in one that is gone, nor in capped and time-series collections, which take no deletes and go whole or
    stay, nor in one that somebody else has created anew.
    """
    return there is not None and there.kind.has_keys and not is_another(made, there)
