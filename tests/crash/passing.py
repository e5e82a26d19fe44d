"""Which failpoints which runs come by."""

from tests.crash.lots import Lot, Twist
from tui_migrate.plan.model import Policy, RunKind

ALWAYS = (
    "worker.after_lock",
    "journal.before_attempt",
    "journal.after_attempt",
    "worker.after_heartbeat",
    "journal.before_transition",
    "journal.after_transition",
    "journal.after_stage",
    "journal.after_writes_begun",
    "journal.before_batch",
    "journal.after_batch",
    "journal.after_collection",
    "worker.before_last_word",
    "journal.before_end",
    "journal.after_end",
    "worker.after_last_word",
)
FORWARDS = (
    "journal.before_findings",
    "journal.after_findings",
    "journal.before_verified",
    "journal.after_verified",
)
IN_A_TARGET = ("journal.before_claim", "journal.after_claim", "writers.before_sync", "writers.after_sync")
EXPORTING = (
    "package.after_folders",
    "export.after_create",
    "file.before_sync",
    "file.before_rename",
    "file.after_rename",
    "package.after_cut",
    "package.before_sync",
    "package.after_sync",
    "export.after_append",
    "export.after_checkpoint",
    "export.before_seal",
    "package.before_manifest",
    "package.after_manifest",
    "package.after_rename",
    "export.after_seal",
)
WRITING = (
    "undo.before_magic",
    "undo.after_magic",
    "undo.after_create",
    "undo.before_made",
    "undo.after_made",
    "undo.before_sync",
    "undo.after_sync",
    "prepare.after_create",
    "prepare.after_unique_indexes",
    "undo.before_intent",
    "undo.after_intent",
    "batch.after_insert",
    "undo.before_outcome",
    "undo.after_outcome",
    "batch.after_rejects",
    "batch.before_checkpoint",
    "batch.after_checkpoint",
    "execute.after_documents",
    "execute.after_index",
    "execute.after_validator",
    "execute.after_view",
    "verify.after_definitions",
    "verify.after_batch",
    "commit.after_ttl_index",
)
OF_A_POLICY = {
    Policy.FAIL: (),
    Policy.SKIP: ("undo.after_kept",),
    Policy.OVERWRITE: (
        "batch.after_replace",
        "rejects.before_sync",
        "deferred.after_write",
        "deferred.after_checkpoint",
    ),
}
TAKEN_UP = {
    "undo.after_cut": "batch.after_insert:4",
    "undo.after_reopen": "batch.after_insert:5",
    "doubt.after_judge": "batch.after_insert:4",
    "doubt.after_settle": "batch.after_insert:5",
    "execute.after_empty": "batch.after_checkpoint:2",
    "journal.before_restart": "batch.after_checkpoint",
    "journal.after_restart": "batch.after_checkpoint:2",
}
"""Those that only a worker comes by which takes a run up, and where the one before it has to die for that."""

ROLLING_BACK = (
    "rollback.after_index",
    "rollback.after_indexes",
    "rollback.after_view",
    "rollback.before_checkpoint",
    "rollback.after_checkpoint",
    "rollback.after_documents",
    "rollback.after_rename",
    "rollback.after_drop",
    "rollback.after_checked",
    "rollback.after_named",
    "rollback.after_marked",
)
ROLLBACK_TAKEN_UP = {"rollback.after_aside": "rollback.after_rename"}
EXPORT_TAKEN_UP = {
    "journal.before_restart": "export.after_checkpoint",
    "journal.after_restart": "export.after_checkpoint",
}

DIED: dict[str, tuple[str, ...]] = {
    "prepare.after_create": (
        "journal.before_batch",
        "journal.after_batch",
        "rollback.after_index",
        "rollback.after_view",
        "rollback.before_checkpoint",
        "rollback.after_checkpoint",
        "rollback.after_rename",
        "rollback.after_checked",
    ),
    "batch.after_insert:4": ("rollback.after_index", "rollback.after_view"),
    "execute.after_index:2": ("rollback.after_view",),
    "execute.after_view": (),
    "verify.after_batch:3": (),
    "commit.after_ttl_index": (),
}
"""Where a run dies that is then rolled back, and what its rollback does not come by of what others do."""

DIED_REPLACING: dict[str, tuple[str, ...]] = {
    "batch.after_replace": ("rollback.after_index", "rollback.after_view"),
    "deferred.after_write": ("rollback.after_index", "rollback.after_view"),
}

POLICIES = tuple(OF_A_POLICY)
EXPORT = Lot(RunKind.EXPORT)
LOTS = (EXPORT, *(Lot(kind, policy) for kind in (RunKind.COPY, RunKind.IMPORT) for policy in POLICIES))

RETRY = Lot(RunKind.COPY, Policy.OVERWRITE, Twist.RETRY)
RETRYING = tuple(
    one
    for one in WRITING
    if one
    not in (
        "undo.before_made",
        "undo.after_made",
        "prepare.after_create",
        "prepare.after_unique_indexes",
        "execute.after_index",
        "execute.after_validator",
        "execute.after_view",
        "commit.after_ttl_index",
    )
)
"""A retry makes nothing but documents."""

RETRY_TAKEN_UP = {
    "undo.after_cut": "batch.after_insert:2",
    "undo.after_reopen": "batch.after_replace:2",
    "doubt.after_judge": "batch.after_insert:2",
    "doubt.after_settle": "batch.after_replace:2",
}
RETRY_ROLLING_BACK = tuple(
    one
    for one in ROLLING_BACK
    if one not in ("rollback.after_index", "rollback.after_view", "rollback.after_rename", "rollback.after_drop")
)

TAKEN_BACK = Lot(RunKind.COPY, Policy.OVERWRITE, Twist.TAKEN_BACK)
FAILING = tuple(
    one
    for one in (*WRITING, *ROLLING_BACK)
    if one
    not in (
        "execute.after_view",
        "verify.after_definitions",
        "verify.after_batch",
        "commit.after_ttl_index",
        "rollback.after_index",
        "rollback.after_view",
    )
)
"""What a run comes by that fails behind its last document, together with its rollback."""

MIRROR = Lot(RunKind.IMPORT, Policy.OVERWRITE, Twist.MIRROR)

MIRRORING = (
    "undo.before_removed",
    "undo.after_removed",
    "undo.after_held",
    "mirror.after_delete",
    "mirror.after_checkpoint",
    "mirror.after_drop_index",
    "mirror.after_validator",
    "mirror.after_rename",
    "mirror.after_drop",
    "mirror.after_drop_whole",
    "mirror.after_drop_view",
)
MIRRORED = (
    *WRITING,
    "batch.after_replace",
    *MIRRORING,
)
"""What a mirror comes by: it does all that an overwriting run does, but refuses nothing."""

BRINGING_BACK = (
    "rollback.after_validator",
    "rollback.after_insert_again",
    "rollback.after_recreate",
    "rollback.after_held",
    "rollback.after_late_documents",
    "rollback.after_restored_index",
    "rollback.after_restored_validator",
    "rollback.after_restored_view",
)
MIRROR_TAKEN_UP = {
    "undo.after_cut": "mirror.after_delete:4",
    "undo.after_reopen": "undo.after_held",
    "doubt.after_judge": "mirror.after_delete:2",
    "doubt.after_settle": "mirror.after_delete",
    "rollback.after_aside": "mirror.after_rename",
}
MIRROR_ROLLBACK_TAKEN_UP = {
    "rollback.after_aside": "rollback.after_rename",
    "rollback.after_restored_drop": "rollback.after_recreate",
}

ASKING = Lot(RunKind.COPY, Policy.ASK, Twist.ASKING)
DECIDED = Lot(RunKind.COPY, Policy.ASK, Twist.DECIDED)
DECIDED_PACKAGE = Lot(RunKind.IMPORT, Policy.ASK, Twist.DECIDED)

FOUND = tuple(one for one in FORWARDS if one.endswith("findings"))
ASKED = (
    *FOUND,
    *(one for one in WRITING if not one.startswith(("verify.", "commit."))),
    "rejects.before_sync",
    "deferred.after_write",
)
"""What a run comes by that stops behind its last collection, because it has asked about documents."""

WRITING_DECISIONS = (
    *FORWARDS,
    *(
        one
        for one in WRITING
        if one
        not in (
            "undo.before_magic",
            "undo.after_magic",
            "undo.after_create",
            "prepare.after_create",
            "execute.after_documents",
            "execute.after_validator",
            "execute.after_view",
        )
    ),
    "undo.after_cut",
    "undo.after_reopen",
    "batch.after_replace",
    "deferred.after_write",
    "deferred.after_checkpoint",
    "undo.after_kept",
    "conflicts.after_lookup",
    "conflicts.after_write",
    "conflicts.after_checkpoint",
)
DECIDED_TAKEN_UP = {"doubt.after_judge": "batch.after_replace", "doubt.after_settle": "batch.after_insert"}

GIVEN_UP = Lot(RunKind.COPY, Policy.OVERWRITE, Twist.GIVEN_UP)
DIES_GIVEN_UP = "execute.after_view"
GIVEN_UP_TAKEN_UP = {
    "worker.after_lock": "journal.before_end",
    "journal.after_end": "journal.before_end",
    "rollback.after_checkpoint": "journal.after_end",
    "rollback.after_aside": "rollback.after_rename",
}
"""Where the one dies that takes such a run up from a worker which died cancelling it, or taking it back."""

ABREAST = Lot(RunKind.COPY, Policy.OVERWRITE, Twist.ABREAST)
EXPORT_ABREAST = Lot(RunKind.EXPORT, Policy.OVERWRITE, Twist.ABREAST)
VERIFYING = (
    "journal.before_verified",
    "journal.after_verified",
    "verify.after_definitions",
    "verify.after_batch",
)
"""What several collections that are verified at once come by."""

TWISTED = (RETRY, TAKEN_BACK, MIRROR, ASKING, DECIDED, DECIDED_PACKAGE, GIVEN_UP, ABREAST, EXPORT_ABREAST)


def come_by(lot: Lot) -> tuple[str, ...]:
    """The failpoints that a run of a lot comes by that is left alone."""
    if lot.kind is RunKind.EXPORT:
        return (*ALWAYS, *FORWARDS, *EXPORTING)
    if lot == GIVEN_UP:
        return (*ALWAYS, *IN_A_TARGET, *ROLLING_BACK)
    if lot == RETRY:
        return (*ALWAYS, *FORWARDS, *IN_A_TARGET, *RETRYING, *OF_A_POLICY[lot.policy])
    if lot == MIRROR:
        return (*ALWAYS, *FORWARDS, *IN_A_TARGET, *MIRRORED)
    if lot == ASKING:
        return (*ALWAYS, *IN_A_TARGET, *ASKED)
    if lot.twist is Twist.DECIDED:
        return (*ALWAYS, *IN_A_TARGET, *WRITING_DECISIONS)
    if lot == TAKEN_BACK:
        return (*ALWAYS, *FOUND, *IN_A_TARGET, *FAILING, *OF_A_POLICY[lot.policy])
    return (*ALWAYS, *FORWARDS, *IN_A_TARGET, *WRITING, *OF_A_POLICY[lot.policy])


def comes_by_back(lot: Lot, died: str = "") -> tuple[str, ...]:
    """The failpoints that a rollback comes by that is left alone: of a run that ended, or of one that `died`."""
    if lot.kind is RunKind.EXPORT or lot.twist.takes_back:
        return ()
    left_out = {**DIED, **DIED_REPLACING}[died] if died else ()
    undoing = RETRY_ROLLING_BACK if lot == RETRY else ROLLING_BACK
    if lot == MIRROR:
        undoing = (*ROLLING_BACK, *BRINGING_BACK)
    return tuple(one for one in (*ALWAYS, *IN_A_TARGET, *undoing) if one not in left_out)


def places_to_die(lot: Lot) -> tuple[str, ...]:
    """Where a run of a lot dies that is then rolled back."""
    if lot not in LOTS or lot == EXPORT:
        return ()
    return (*DIED, *DIED_REPLACING) if lot.policy is Policy.OVERWRITE else tuple(DIED)
