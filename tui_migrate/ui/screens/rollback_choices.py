"""What a rollback asks before it goes further than the run's own writes, or past later runs: the words and choices."""

from collections.abc import Sequence
from typing import Final

from tui_migrate.wording import run_name

FORCE: Final = "force"
SPARE: Final = "spare"
START: Final = "start"
LAST: Final = "last"
"""Begin with the last of the runs that came later."""

FORCE_WORDS: Final = (
    "A rollback spares a document that somebody has changed or deleted since the run wrote it.",
    "Forced, it takes that back too: what others made of these documents is LOST. What they have added stays, and"
    " the rollback itself cannot be taken back.",
)
FORCE_CHOICES: Final = (
    (SPARE, "Spare what others have changed; each becomes a finding"),
    (FORCE, "Force: take back what others have changed or deleted, too"),
)
SURE_CHOICES: Final = (("back", "Go back"), (START, "Take everything back, others' changes too"))
NAMED: Final = 4
"""How many later runs are named; the others are counted."""


def later_choices(later: Sequence[int], *, force: bool = False) -> tuple[tuple[str, str], ...]:
    """Offer to begin with the last of the runs that came later, or to go past them; with `force`, over them."""
    deed = "is lost" if force else "stays"
    return (
        (LAST, f"See what rolling back run {run_name(later[-1])} first would do"),
        (START, f"Roll back all the same; what the later run{_s(later)} changed {deed}"),
    )


def later_words(later: Sequence[int], *, force: bool = False) -> tuple[str, ...]:
    """Say which runs came later, and what follows from that; `force` takes back what they changed, too."""
    it = "it" if len(later) == 1 else "they"
    spared = "is left as it is now: it is neither as before this run nor as this run wrote it."
    lost = f"is put back to before this run as well: what {it} made of it is lost."
    return (
        f"{runs_words(later)} wrote to the same collections after this one. A document that {it} changed"
        f" {lost if force else spared}",
        f"To take everything back: {order_words(later)}.",
    )


def runs_words(later: Sequence[int]) -> str:
    """Name runs: `run 0003`, `runs 0003 and 0004`."""
    shown = [run_name(one) for one in later[:NAMED]]
    if len(later) > NAMED:
        shown.append(f"{len(later) - NAMED} more")
    *first, last = shown
    return f"Run{_s(later)} {', '.join(first)} and {last}" if first else f"Run {last}"


def order_words(later: Sequence[int]) -> str:
    """Say in which order the later runs are rolled back: the last of them first."""
    names = [run_name(one) for one in reversed(later)]
    shown = ", then ".join(names[:NAMED])
    more = ", and so on" if len(names) > NAMED else ""
    return f"roll back {shown}{more}{',' if len(names) > 1 else ''} first"


def _s(later: Sequence[int]) -> str:
    return "" if len(later) == 1 else "s"
