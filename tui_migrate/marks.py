"""The marks that stand beside a word on a terminal, each with an ASCII twin of the same width."""

from enum import Enum
from typing import Final

from tui_migrate.journal.states import RunState


class MarkSet(Enum):
    """Which characters a terminal can be trusted to show."""

    UNICODE = "unicode"
    ASCII = "ascii"


TWINS: Final = {
    "✓": "+",
    "✗": "x",
    "‖": "=",
    "↶": "<",
    "●": "*",
    "○": "o",
    "█": "#",
    "░": ".",
    "…": "~",
    "–": "-",
    "—": "-",
    "→": ">",
    "↑": "^",
    "↓": "v",
}
"""The program's marks and what stands for each where ASCII is all there is: one cell for one cell."""

_STATES: Final = {
    RunState.COMPLETED: "✓",
    RunState.COMPLETED_WITH_FINDINGS: "!",
    RunState.FAILED: "✗",
    RunState.PAUSED: "‖",
    RunState.INTERRUPTED: "~",
    RunState.CANCELLED: "✗",
    RunState.PLANNED: "○",
    RunState.ROLLED_BACK: "↶",
    RunState.ROLLED_BACK_WITH_FINDINGS: "!",
}


def mark(character: str, marks: MarkSet) -> str:
    """Give a mark of TWINS as the set has it; a character that is no mark stays what it is."""
    return TWINS.get(character, character) if marks is MarkSet.ASCII else character


def state_mark(state: RunState, marks: MarkSet) -> str:
    """The mark of a state; those in which a worker is busy share one."""
    return mark(_STATES.get(state, "●"), marks)
