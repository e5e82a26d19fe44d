"""Making sure that nothing which an earlier attempt has sent to the target can still arrive.

A worker that was killed may leave a write at work in the server, or a transaction open whose documents nobody else can
change. So before an attempt looks at the target, it ends the sessions of all earlier ones and waits until the server
lists nothing of theirs any more; where the server does not tell, as long as a write may take.

Each attempt first puts down what the server knows it by, in the file `writers` of its run: a line
`attempt session application`, the session in hexadecimal. A rollback has its own.
"""

import asyncio
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tui_migrate.engine.context import RunContext
from tui_migrate.errors import StorageFailed
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Severity
from tui_migrate.packages.files import sync, sync_folder, write_all
from tui_migrate.stores.base import Target, Writer

POLL_SECONDS: Final = 0.05
LONGEST_POLL: Final = 1.0

_LINE: Final = re.compile(rb"\d{1,10} ([0-9a-f]{0,64}) ([ -~]{0,128})")


async def end_earlier_writes(
    context: RunContext, target: Target, sessions: Iterable[bytes], files: Iterable[Path]
) -> None:
    """End what earlier attempts left at work, then put this one down as a writer.

    `sessions` are those of undo logs, `files` the `writers` of other runs that wrote what this one undoes. Raises
    Unreachable, StorageFailed, Steered.
    """
    own = context.folder.writers
    earlier: set[Writer] = set()
    for file in (own, *files):
        earlier |= await asyncio.to_thread(read_writers, file)
    known = {one.session for one in earlier}
    earlier |= {Writer(one) for one in sessions if any(one) and one not in known}
    if target.writer in earlier:
        # It lost its connection, and what it had sent may be at work: it goes on as another.
        await target.renew()
    if earlier:
        await target.kill_writers(earlier)
        await _wait_for_end(context, target, earlier)
    if target.writer.application:
        await asyncio.to_thread(_append, own, context.attempt, target.writer)


def read_writers(path: Path) -> set[Writer]:
    """Read who has written; a last line that a crash cut short had not written anything. Raises StorageFailed."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}", hint="make it readable") from error
    return {
        Writer(bytes.fromhex(match[1].decode()), match[2].decode()) for match in map(_LINE.fullmatch, lines) if match
    }


def _append(path: Path, attempt: int, writer: Writer) -> None:
    line = f"{attempt} {writer.session.hex()} {writer.application}\n".encode()
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            # What a crash cut short would else run into this line.
            is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            write_all(descriptor, b"\n" + line if is_torn else line)
            failpoint("writers.before_sync")
            sync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(path.parent)
        failpoint("writers.after_sync")
    except OSError as error:
        raise StorageFailed(
            f"cannot write {path}: {error.strerror}", hint="free some space on its disk, then resume the run"
        ) from error


async def _wait_for_end(context: RunContext, target: Target, earlier: set[Writer]) -> None:
    """Wait until nothing of theirs can be at work. Raises Steered where the operator does not want to."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    deadline = begun + target.longest_write
    delay = POLL_SECONDS
    while await target.may_be_writing(earlier) and (left := deadline - loop.time()) > 0:
        if delay == POLL_SECONDS:
            seconds = f"{target.longest_write:.0f} s at most"
            await context.say(f"waiting until nothing that an earlier attempt sent can arrive: {seconds}")
        await context.steering.gate(0)
        await asyncio.sleep(min(delay, left))
        delay = min(LONGEST_POLL, delay * 2)
    if delay > POLL_SECONDS:
        waited = loop.time() - begun
        await context.say(f"waited {waited:.1f} s for writes of an earlier attempt", Severity.NOTE)
