"""What the Run screen says in sentences: who has asked what, how the run ended, and what can be done next."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.reader import FINDINGS_SHOWN
from tui_migrate.journal.records import Control, ControlStatus, RunRecord, Wish
from tui_migrate.journal.retries import Retry, pending_retry
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind
from tui_migrate.redaction import printable
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.next_steps import failure_hint, is_one_command
from tui_migrate.ui.run_rows import UNDECIDED, is_rollback_cut_short, retried_words, rollback_words
from tui_migrate.ui.screens.run_pace import documents_done
from tui_migrate.ui.screens.run_table import size_pair
from tui_migrate.ui.screens.run_view import asks_only, clock_time, short_ends
from tui_migrate.ui.snapshot import Snapshot
from tui_migrate.ui.widgets.table import Tone
from tui_migrate.ui.wording import ago, state_tone
from tui_migrate.wording import duration, number, run_name, waiting_words

SILENT_SECONDS: Final = 5.0
"""A worker beats every two seconds; after this long without a word the screen says so."""

ANSWER_SECONDS: Final = 100.0
"""A server that has not answered by then, connecting and waiting, has failed the try: without a word, it answers."""

REFUSAL_SECONDS: Final = 30.0
"""How long a request that a live run's worker refused is spoken of."""

GONE: Final = "its record was deleted. esc goes back."


def status(snapshot: Snapshot, keys: Keymap) -> tuple[list[str], Tone]:
    """What is to be said of a run that is there, a paragraph each, and in which tone."""
    run = snapshot.run
    if run is None:
        return [], Tone.PLAIN
    if run.state.is_active:
        said = list(_of_live(run, snapshot, keys))
        return said, Tone.WARN if said else Tone.PLAIN
    ended = list(_of_ended(run, snapshot.taken_at, keys))
    is_in_rollback = bool(run.rollback_run or run.part_undone_by)
    if is_in_rollback:
        ended = [f" ! {rollback_words(run)}", f"   before that: {ended[0].strip()}", *ended[1:]]
    said = [*ended, *_next(run, keys)]
    if (asked := _refused(snapshot.controls)) is not None:
        said.append(asked)
    return said, Tone.WARN if is_in_rollback else state_tone(run.state)


def wish_under_way(controls: Sequence[Control], state: RunState) -> Control | None:
    """The last request that the worker has not carried out: it waits, or the batch is still being finished."""
    last = next((one for one in reversed(controls) if not one.wish.is_setting), None)
    if last is None or last.status in (ControlStatus.REFUSED, ControlStatus.SUPERSEDED):
        return None
    if last.status is ControlStatus.PENDING:
        return last
    is_done = last.wish is Wish.RESUME or (last.wish is Wish.PAUSE and state is RunState.PAUSED)
    return None if is_done or not state.is_active else last


def wanted_value(controls: Sequence[Control], wish: Wish, present: int) -> int:
    """The value of a setting that was asked for last and not answered, else the present one."""
    last = next((one for one in reversed(controls) if one.wish is wish), None)
    return last.value if last is not None and last.status is ControlStatus.PENDING else present


def last_request(controls: Sequence[Control], wish: Wish) -> int:
    """The id of the last request of a kind, 0 where there was none."""
    return max((one.id for one in controls if one.wish is wish), default=0)


def _of_live(run: RunRecord, snapshot: Snapshot, keys: Keymap) -> Iterator[str]:
    asked = wish_under_way(snapshot.controls, run.state)
    if asked is not None:
        doing = "worker about to go on" if asked.wish is Wish.RESUME else "worker finishing its batch"
        wish = f"{asked.wish.value}{', then a rollback' if asked.wants_rollback else ''}"
        yield f" {wish} asked by {printable(asked.asked_by)}, {doing}{_instead(snapshot.controls, asked)}"
    elif run.state is RunState.PAUSED:
        by = next((f" by {one.asked_by}" for one in reversed(snapshot.controls) if one.wish is Wish.PAUSE), "")
        steps = f"{keys.of('run.pause')} lets it go on, {keys.of('run.cancel')} ends it for good"
        yield f" ‖ paused{printable(by)}: {steps}"
    if (refused := _refused(snapshot.controls, snapshot.taken_at)) is not None:
        yield refused
    if (waiting := _waiting(run, snapshot)) is not None:
        yield waiting
    heard = run.last_heard_at
    if heard is not None and snapshot.taken_at - heard > SILENT_SECONDS:
        yield f" ! worker last heard {ago(heard, snapshot.taken_at)}"


def _waiting(run: RunRecord, snapshot: Snapshot) -> str | None:
    """Say which end lets the run wait, since when, and which try comes next; of first checks, whom they ask."""
    if run.state is RunState.PAUSED:
        return None
    now, taken = snapshot.taken_at, run.seconds_at_work(snapshot.taken_at) or 0.0
    retry = pending_retry(snapshot.events)
    if retry is not None and now < retry.at + ANSWER_SECONDS and not _has_gone_on(snapshot, retry):
        since = f"{clock_time(retry.since)}, for {duration(max(0.0, now - retry.since))} by now"
        return f" ! waiting since {since}, try {retry.tries} of {retry.most}: {printable(retry.message)}"
    if run.state is RunState.VALIDATING and retry is None and taken > SILENT_SECONDS:
        return f" ● the checks ask both ends, for {duration(taken)} by now: {short_ends(run)}"
    return None


def _has_gone_on(snapshot: Snapshot, retry: Retry) -> bool:
    """Say whether documents were done since the fault."""
    before = max((one.documents for one in snapshot.samples if one.at <= retry.since), default=0)
    return any(one.documents > before for one in snapshot.samples if one.at > retry.at)


def _instead(controls: Sequence[Control], asked: Control) -> str:
    """Say whose request this one took the place of."""
    before = [one for one in controls if one.id < asked.id and not one.wish.is_setting]
    if not before or before[-1].status is not ControlStatus.SUPERSEDED or before[-1].asked_by == asked.asked_by:
        return ""
    return f" (instead of the {before[-1].wish.value} of {printable(before[-1].asked_by)})"


def _refused(controls: Sequence[Control], now: float | None = None) -> str | None:
    """The last request, where it was refused; of a live run, for as long as it is news."""
    last = controls[-1] if controls else None
    if last is None or last.status is not ControlStatus.REFUSED:
        return None
    if now is not None and now - last.asked_at > REFUSAL_SECONDS:
        return None
    return f" {last.wish.value} asked by {printable(last.asked_by)} was refused: {printable(last.answer)}"


def _of_ended(run: RunRecord, now: float, keys: Keymap) -> Iterator[str]:
    failure = run.failure
    match run.state:
        case RunState.PLANNED:
            yield " ○ planned, not started"
        case RunState.COMPLETED:
            yield f" ✓ completed{_done_words(run, now)}"
        case RunState.COMPLETED_WITH_FINDINGS:
            yield f" ! completed with findings{_done_words(run, now)}"
        case RunState.FAILED:
            known = f"{keys.of('run.errors')} and {keys.of('run.log')} show what is known"
            yield f" ✗ failed: {printable(failure.message) if failure else known}"
        case RunState.INTERRUPTED if asks_only(run):
            yield f" {UNDECIDED} {_asked_words(run)}"
        case RunState.INTERRUPTED:
            yield f" ~ interrupted: {printable(failure.message) if failure else 'its worker is gone'}"
        case RunState.CANCELLED:
            yield f" ✗ cancelled: {_left_words(run)}"
        case RunState.ROLLED_BACK:
            yield f" ↶ rolled back by run {run_name(run.rolled_back_by)}"
        case RunState.ROLLED_BACK_WITH_FINDINGS:
            yield f" ! rolled back by run {run_name(run.rolled_back_by)}, with findings there"
    if not (run.rollback_run or run.part_undone_by) and (waits := rollback_words(run)):
        yield f" ! {waits}"
    # Of one that is over the hint speaks of a resume that there is not: a failed run that was given up.
    is_open = not (run.state.is_final or asks_only(run))
    if is_open and (hint := failure_hint(failure)) and not is_one_command(failure):
        yield f"   → {printable(hint)}"


def _left_words(run: RunRecord) -> str:
    """Say what is left of a run that was cancelled."""
    if run.kind is RunKind.ROLLBACK:
        return "what it took back stays taken back; the rest was left" if run.writes_begun else "nothing was taken back"
    return "what it wrote stays" if run.writes_begun and run.kind is not RunKind.EXPORT else "nothing is left"


def _asked_words(run: RunRecord) -> str:
    """Say how many decisions are wanted by now; nothing has failed, and nobody has interrupted anything."""
    if not run.undecided:
        return "all that it asked about is decided, and waits to be written"
    return f"{waiting_words(run.undecided)}: both ends have them, and they differ; all else is done"


def _done_words(run: RunRecord, now: float) -> str:
    taken = run.seconds_at_work(now)
    collections = "1 collection" if len(run.collections) == 1 else f"{number(len(run.collections))} collections"
    done = documents_done(run)
    words = f": {number(done)} {'document' if done == 1 else 'documents'} of {collections}"
    words += f" in {duration(taken)}" if taken is not None else ""
    words += f" and {run.attempt} attempts" if run.attempt > 1 else ""
    words += f", undo log {size_pair(run.undo_bytes, 0)}" if run.undo_bytes else ""
    words += f"; {number(run.counts.rejected)} refused, {retried_words(run)}" if run.retried_by else ""
    return words + (f"; run {run_name(run.rollback_of)} is taken back" if run.kind is RunKind.ROLLBACK else "")


def _next(run: RunRecord, keys: Keymap) -> Iterator[str]:
    """What can be done now, by which key."""
    steps = list(_other_run(run, keys.of("run.rollback")))
    resume = keys.of("run.resume")
    if not run.may_resume:
        pass
    elif run.cancel_asked:
        steps.append(f"{resume} has a worker do that, or go on with the run")
    elif asks_only(run):
        steps += [] if run.undecided else [f"{resume} has a worker write what is decided, with undo"]
    else:
        steps.append(
            f"{resume} starts it" if run.state is RunState.PLANNED else f"{resume} resumes it where it stopped"
        )
    if run.undecided and not run.state.is_final:
        steps.insert(0, f"{keys.of('run.conflicts')} lists what waits for your decision")
    if run.rollback_available:
        what = "rolling back the rest" if run.part_undone_by else "rolling it back"
        steps.append(f"{keys.of('run.rollback')} shows what {what} would do")
    if not run.state.is_final:
        steps.append(f"{keys.of('run.cancel')} gives it up for good")
    if is_finished_backup(run):
        steps.append(f"{keys.of('backup.restore')} restores it")
    if run.counts.rejected:
        steps.append(f"{keys.of('run.rejects')} lists what the target refused")
    if run.findings or (run.failure and not asks_only(run)):
        steps.append(_findings_words(run.findings, keys.of("run.errors")))
    if not steps:
        steps.append(f"{keys.of('run.log')} shows what it did")
    yield f"   next: {'; '.join(steps)}; esc goes back"


def _other_run(run: RunRecord, key: str) -> Iterator[str]:
    """Lead from a run to the one that takes it back, and from a rollback that was cancelled to what it was to undo."""
    if run.rollback_run:
        yield f"{key} shows run {run_name(run.rollback_run)}"
    if is_rollback_cut_short(run):
        rest = "the rest" if run.writes_begun else "it"
        yield f"{key} shows run {run_name(run.rollback_of)}, where {rest} can be rolled back"


def is_finished_backup(run: RunRecord) -> bool:
    """Say whether a run has made a backup, which can be restored."""
    done = (RunState.COMPLETED, RunState.COMPLETED_WITH_FINDINGS)
    return run.kind is RunKind.EXPORT and bool(run.backup) and run.state in done


def _findings_words(found: Sequence[Finding], key: str) -> str:
    """Say what a key shows, by severity: a run without findings of its own may have warnings of the checks."""
    if not found:
        return f"{key} shows what failed"
    if len(found) >= FINDINGS_SHOWN:
        return f"{key} shows what it found, {number(len(found))} and more"
    counts = Counter(one.severity for one in found)
    parts = [f"{number(counts[one])} {one.value}{'s' * (counts[one] != 1)}" for one in Severity if counts[one]]
    return f"{key} shows its {' and '.join(filter(None, (', '.join(parts[:-1]), parts[-1])))}"
