"""Run as a script: becomes a command for which one folder is on a read-only file system.

A mount namespace of its own (mount_namespaces(7)) in which the folder is mounted upon itself, read-only; a user who may
not mount gets a user namespace too, in which he may. Exits with NOT_ALLOWED where the system allows neither.
"""

import ctypes
import os
import sys
from pathlib import Path

NOT_ALLOWED = 77
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18


def make_read_only(folder: str) -> None:
    """Raises OSError where that is not allowed."""
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        _call(libc.unshare(CLONE_NEWNS | CLONE_NEWUSER))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    place = folder.encode()
    _call(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    _call(libc.mount(place, place, None, MS_BIND, None))
    _call(libc.mount(place, place, None, MS_REMOUNT | MS_BIND | MS_RDONLY, None))


def _call(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    try:
        make_read_only(sys.argv[1])
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NOT_ALLOWED)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - a command of the tests, which no shell has to read
