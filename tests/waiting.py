"""How long the event loop of a test has waited, for promises that are figures."""

import asyncio
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def waiting_less_than(seconds: float) -> Iterator[None]:
    """See that the loop waits less than so many seconds within the block.

    What a machine under load takes for the work itself, and to come back from a wait, is not counted.
    """
    loop = asyncio.get_running_loop()
    selector: selectors.BaseSelector = loop._selector  # type: ignore[attr-defined] # where a loop waits, and nowhere else
    real, waited = selector.select, 0.0

    def select(timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        nonlocal waited
        begun = time.monotonic()
        found = real(timeout)
        took = time.monotonic() - begun
        waited += took if timeout is None else min(took, max(timeout, 0.0))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selector, "select", select)
        yield
    assert waited < seconds, f"it has waited for {waited:.1f} s"
