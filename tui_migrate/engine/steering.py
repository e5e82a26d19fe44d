"""How an operator's wishes reach the engine: it asks before each batch whether it may go on."""

from typing import Protocol

from tui_migrate.journal.records import Wish


class Steered(Exception):
    """Raised between two batches where the operator wants something else than going on."""

    def __init__(self, wish: Wish) -> None:
        super().__init__(wish.value)
        self.wish = wish


class Steering(Protocol):
    """Asked by the engine before each batch."""

    async def gate(self, documents: int) -> None:
        """Wait as the rate limit wants before `documents` more are written. Raises Steered."""
        ...

    def pause(self) -> None:
        """Want the run to pause, as an operator would: the next `gate` raises, and somebody has to resume it."""
        ...
