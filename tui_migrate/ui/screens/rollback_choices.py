"""What a rollback asks before it goes further than the run's own writes, or past later runs: the words and choices."""

from collections.abc import Sequence
from typing import Final

from tui_migrate.wording import run_name

FORCE: Final = "force"
SPARE: Final = "spare"
START: Final = "start"

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
LATER_CHOICES: Final = (
    ("back", "Go back, to roll the later run back first"),
    (START, "Roll back all the same; what later runs changed stays"),
)


def later_words(later: Sequence[int]) -> tuple[str, ...]:
    """Say which runs came later, and what follows from that."""
    names = ", ".join(map(run_name, later))
    return (
        f"Run {names} wrote to the same collections after this one. A document that it changed is left as it is now:"
        " it is neither as before this run nor as this run wrote it.",
        f"To take everything back, roll back run {run_name(later[-1])} first.",
    )
