"""Where the bytes of a stream go: what a writer of one wants of the thing below it."""

from typing import Protocol


class Sink(Protocol):
    """Takes bytes in their order. Everything here blocks."""

    def write(self, content: bytes, /) -> object:
        """Take all of it. Raises StorageFailed."""
        ...

    def close(self) -> None:
        """Finish: what was written is whole."""
        ...


class EncryptingSink(Sink, Protocol):
    """A sink that hands an age file on to the one below, which `close` closes too."""

    def abandon(self) -> None:
        """Write nothing more, so that nobody takes what is there for whole. Never raises; may be called at any time.

        The sink below stays open: let go of it before, so that nothing waits for it any more.
        """
        ...
