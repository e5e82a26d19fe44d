"""Chance that is always the same: what looks random in the sample is drawn from a hash of where it stands."""

import hashlib
from collections.abc import Sequence
from typing import Final, TypeVar

Item = TypeVar("Item")

SEED: Final = b"tui-migrate sample 1"


def digest(*place: object, size: int = 64) -> bytes:
    """Hash a place in the sample, such as a collection's name and a document's number, to `size` bytes."""
    return hashlib.blake2b(":".join(map(str, place)).encode(), digest_size=size, key=SEED).digest()


class Chance:
    """Draws for one document: 512 bits, enough for some forty draws from small ranges."""

    __slots__ = ("_bits",)

    def __init__(self, *place: object) -> None:
        self._bits = int.from_bytes(digest(*place), "little")

    def below(self, bound: int) -> int:
        """Draw a whole number from 0 up to, but without, `bound`."""
        self._bits, drawn = divmod(self._bits, bound)
        return drawn

    def pick(self, items: Sequence[Item]) -> Item:
        """Draw one of the items."""
        return items[self.below(len(items))]

    def one_in(self, bound: int) -> bool:
        """Say yes once in `bound` times."""
        return self.below(bound) == 0
