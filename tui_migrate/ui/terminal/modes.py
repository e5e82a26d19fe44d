"""The modes a terminal is put into for a full screen, and how it gets back out of them."""

import errno
import os
import termios
import tty
from contextlib import suppress
from typing import Final

# xterm's window operations 22 and 23 put the title on a stack and take it from there; OSC 2 sets it. A terminal without
# the stack is left with an empty title, which most take for their own. Ended by ST: BEL rings where OSC is not known.
KEEP_TITLE: Final = "\x1b[22;2t"
RESTORE_TITLE: Final = "\x1b]2;\x1b\\\x1b[23;2t"

TerminalAttributes = list[int | list[bytes | int]]

# xterm's private modes (ctlseqs): 1049 the alternate screen, 25 the cursor, 7 line wrap, 2004 bracketed paste, 1000 and
# 1002 mouse buttons and dragging, 1006 their report in decimal. Not 1003: it reports every movement of the mouse. Not
# the keyboard protocol of kitty, which leaves an unusable terminal behind when a line breaks.
ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h"
LEAVE: Final = "\x1b[m\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h"
MOUSE_ON: Final = "\x1b[?1000h\x1b[?1002h\x1b[?1006h"
MOUSE_OFF: Final = "\x1b[?1006l\x1b[?1002l\x1b[?1000l"


def title(text: str) -> str:
    """The sequence that sets the title."""
    return f"\x1b]2;{text}\x1b\\"


def read_attributes(fileno: int) -> TerminalAttributes | None:
    """Give the attributes of a terminal, None where it is gone."""
    try:
        return termios.tcgetattr(fileno)
    except termios.error:
        return None


def set_attributes(fileno: int, attributes: TerminalAttributes) -> None:
    """Set the attributes of a terminal, if it is still there.

    In the background this stops the process (SIGTTOU) until it is brought to the front; it goes on here then.
    """
    while True:
        try:
            termios.tcsetattr(fileno, termios.TCSANOW, attributes)
        except termios.error as error:
            if error.args[0] == errno.EINTR:
                continue
        return


def set_raw(fileno: int, attributes: TerminalAttributes) -> None:
    """Hand on every key at once and unchanged: no echo, no lines, no signals, no flow control."""
    local, given, control = attributes[tty.LFLAG], attributes[tty.IFLAG], attributes[tty.CC]
    if not (isinstance(local, int) and isinstance(given, int) and isinstance(control, list)):
        raise TypeError("these are no terminal attributes")
    raw = attributes.copy()
    raw[tty.LFLAG] = local & ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    raw[tty.IFLAG] = given & ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    characters = control.copy()
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    raw[tty.CC] = characters
    set_attributes(fileno, raw)


def drop_input(fileno: int) -> None:
    """Throw away what was typed and not read."""
    with suppress(termios.error):
        termios.tcflush(fileno, termios.TCIFLUSH)


def read_size(fileno: int) -> tuple[int, int]:
    """Give columns and rows; 80×24 where the terminal does not say, or is gone."""
    try:
        width, height = os.get_terminal_size(fileno)
    except OSError:
        return 80, 24
    return width or 80, height or 24
