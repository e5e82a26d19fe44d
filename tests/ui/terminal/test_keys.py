import os
import pty
import queue
import threading
from collections.abc import Iterator

import pytest
from textual import constants
from textual.events import Key, Paste
from textual.message import Message

from tui_migrate.ui.terminal.keys import KeyReader


class Keyboard:
    """A pseudo-terminal to type into, and what comes of it."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self.typing, self.terminal = pty.openpty()
        self.messages: queue.Queue[Message] = queue.Queue()
        self.errors: queue.Queue[Exception] = queue.Queue()
        self.lost = threading.Event()
        self.reader = KeyReader(
            self.terminal,
            encoding,
            on_message=self.messages.put,
            on_lost=self.lost.set,
            on_error=self.errors.put,
        )
        # As in the app: keys come at once and unchanged.
        import tty

        tty.setraw(self.terminal)
        self.reader.start()

    def type(self, data: bytes) -> None:
        os.write(self.typing, data)

    def keys(self, count: int) -> list[str]:
        found = [self.messages.get(timeout=30) for _ in range(count)]
        return [one.key for one in found if isinstance(one, Key)]

    def close(self) -> None:
        if self.reader.is_alive():
            self.reader.stop()
        self.reader.close()
        os.close(self.terminal)


@pytest.fixture
def keyboard() -> Iterator[Keyboard]:
    made = Keyboard()
    yield made
    made.close()
    if not made.lost.is_set():
        os.close(made.typing)


def test_keys_come_as_messages(keyboard: Keyboard) -> None:
    keyboard.type(b"a\x1b[A\x1a\x1b[5~")
    assert keyboard.keys(4) == ["a", "up", "ctrl+z", "pageup"]


def test_a_character_in_two_pieces_is_one_key(keyboard: Keyboard) -> None:
    keyboard.type("注".encode()[:2])
    keyboard.type("注".encode()[2:] + b"b")
    first = keyboard.messages.get(timeout=30)
    assert isinstance(first, Key)
    assert first.character == "注"
    assert keyboard.keys(1) == ["b"]


def test_a_paste_whose_end_comes_too_late_leaves_the_keys_after_it_alone(
    keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.0)
    keyboard.type(b"a\x1b[200~D\x1b[20")
    assert keyboard.keys(1) == ["a"]
    keyboard.type(b"1~\x1b")
    assert isinstance(keyboard.messages.get(timeout=30), Paste)
    assert keyboard.keys(1) == ["escape"]
    keyboard.type(b"q")
    assert keyboard.keys(1) == ["q"]


def test_bytes_that_are_no_text_are_left_out(keyboard: Keyboard) -> None:
    keyboard.type(b"a\xff\xfeb")
    assert keyboard.keys(2) == ["a", "b"]
    assert keyboard.reader.is_alive()


def test_text_is_read_in_the_encoding_of_the_terminal() -> None:
    keyboard = Keyboard("iso8859-1")
    keyboard.type(b"\xe9")
    first = keyboard.messages.get(timeout=30)
    assert isinstance(first, Key)
    assert first.character == "é"
    keyboard.close()
    os.close(keyboard.typing)


def test_a_terminal_that_is_gone_ends_the_reader(keyboard: Keyboard) -> None:
    os.close(keyboard.typing)
    assert keyboard.lost.wait(30)
    keyboard.reader.join(10)
    assert not keyboard.reader.is_alive()


def test_the_end_of_a_file_ends_the_reader() -> None:
    read_end, write_end = os.pipe()
    lost = threading.Event()
    reader = KeyReader(read_end, "utf-8", on_message=print, on_lost=lost.set, on_error=print)
    reader.start()
    os.close(write_end)
    assert lost.wait(30)
    reader.join(10)
    reader.close()
    os.close(read_end)


def test_an_error_is_handed_on(keyboard: Keyboard) -> None:
    def fail(message: Message) -> None:
        raise ValueError("unforeseen")

    keyboard.reader._on_message = fail
    keyboard.type(b"a")
    assert isinstance(keyboard.errors.get(timeout=30), ValueError)


def test_stopping_is_prompt_and_leaves_nothing(keyboard: Keyboard) -> None:
    keyboard.reader.stop()
    assert not keyboard.reader.is_alive()
    assert not keyboard.lost.is_set()
