"""How far a comparison is, what came out, and what comes next, in a few lines."""

from tui_migrate.plan.model import PackageEnd
from tui_migrate.ui.compare_words import outcome_sentence
from tui_migrate.ui.comparing import Asked, Compared
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.look import LookState
from tui_migrate.ui.policy_words import documents_words
from tui_migrate.ui.screens.new_ends import end_words
from tui_migrate.ui.screens.new_step import SLOW_SECONDS
from tui_migrate.ui.wording import duration, local_time, number, silence_words


def result_words(known: Compared, now: float, keys: Keymap, stale: str = "", silent: float = 0.0) -> list[str]:
    """Name both ends and say how far it is, as of `now` (seconds since 1970), and why it is of before: `stale`.

    For `silent` seconds nothing has come.
    """
    pairs = (("A", known.asked.left), ("B", known.asked.right))
    ends = [f" {name}  {end_words(end)}" for name, end in pairs if end is not None]
    return [*ends, f" {_state_words(known, now, keys, silent)}", *([f" {stale}"] if stale else []), ""]


def _state_words(known: Compared, now: float, keys: Keymap, silent: float) -> str:
    amount = f"{known.percent} %, {number(known.done)} of about {documents_words(known.total)}"
    if known.state is LookState.CONNECTING:
        waited = now - known.at
        return f"Connecting{f' for {duration(waited)}' if waited >= SLOW_SECONDS else ''}… esc cancels"
    if known.state is LookState.READING:
        return f"{'Going on' if known.is_resumed else 'Comparing'}… {amount}; esc stops{silence_words(silent)}"
    if known.state is LookState.CANCELLED:
        return (
            f"~ Stopped at {amount}: {keys.of('compare.start')} goes on."
            if known.total
            else f"~ Cancelled: {keys.of('compare.start')} compares."
        )
    if known.comparison is None:
        return "✗ Not compared."
    masked = f" Values that {known.asked.catalog} calls sensitive are hidden." if known.asked.catalog else ""
    return f"{outcome_sentence(known.comparison)} As of {local_time(known.at)}.{masked}"


def empty_words(known: Compared) -> str:
    """Say why there is no collection to be seen."""
    if known.state.is_pending:
        return "The collections are being listed…"
    return "No collection." if known.comparison is not None else "Nothing was compared."


def next_words(asked: Asked, known: Compared | None, marks: tuple[int, int], keys: Keymap, *, is_choosing: bool) -> str:
    """Say what comes next, or what is missing. `known` is what is known of `asked`, None where nothing is.

    `marks` are how many collections are marked, and how many can be.
    """
    marked, markable = marks
    if is_choosing or known is None:
        found = f"; {keys.of('compare.plan')} shows what was found" if known is not None else ""
        return f"Not yet: {asked.blocked}." if asked.blocked else f"Next: {keys.of('compare.start')} compares{found}."
    if known.state.is_pending:
        return "Nothing is written to either end."
    if known.comparison is None:
        return (
            f"Next: {keys.of('compare.start')} compares; {keys.of('compare.ends')} changes the ends."
            if known.fault is None
            else f"Next: {keys.of('look.again')} tries again."
        )
    if marked:
        return (
            f"{marked:,} of {markable:,} marked. Next: {keys.of('compare.plan')} makes a plan that makes B equal there."
        )
    if markable:
        one, every = keys.of("mark.toggle"), keys.of("mark.invert")
        return f"Next: enter looks into one; {one} marks what B is to get from A, {every} marks all."
    if known.comparison.differs and isinstance(asked.right, PackageEnd):
        return f"B is a package and is never changed: swap them ({keys.of('compare.swap')}) to make the other equal."
    return f"Next: enter looks into one; {keys.of('compare.ends')} changes the ends."
