"""What a test was at when something went wrong."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def noted(what: str) -> Iterator[None]:
    """Add a note to whatever ends the block before its time."""
    try:
        yield
    except BaseException as error:  # pytest's own time-out and failure are no Exception
        error.add_note(what)
        raise
