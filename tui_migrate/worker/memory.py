"""What a worker asks of the allocator, so that the memory it holds is what it uses."""

import ctypes
from typing import Final

_M_MMAP_THRESHOLD: Final = -3
"""The number of the parameter in glibc's malloc.h."""

_LARGE: Final = 1024 * 1024


def give_memory_back() -> None:
    """Have blocks of a megabyte and more go back to the system as soon as they are freed.

    glibc raises that size by itself each time a larger block is freed (mallopt(3)); documents of 16 MB then stay in the
    heap of whichever thread has freed them. Does nothing where the C library has no mallopt.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
