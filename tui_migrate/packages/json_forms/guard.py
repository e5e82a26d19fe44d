"""Walks over JSON text of any size, a value at a time, and holds no more of it than one value.

Brackets are followed here and everything within one document is left to `values`: a document's bytes are cut out
between its brackets, whatever its strings hold. Every fault names file and byte offset, counted in the text as it is
when unpacked and decrypted. A BOM is passed over; UTF-16 and UTF-32 are named and refused.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Final, NamedTuple, NoReturn

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.content import Content
from tui_migrate.packages.cursor import Cursor
from tui_migrate.packages.json_forms.values import parse_text
from tui_migrate.packages.limits import Limit, Limits
from tui_migrate.packages.members import DAMAGED_HINT

CHUNK: Final = 1024 * 1024
MOST_CHUNK: Final = 8 * CHUNK
"""Bytes read at once within a long value: as much as was read of it, as the search for its end begins again, but no
more than this, as it is held twice for a moment."""

MOST_NAME: Final = 1024
"""Bytes of a key in the frame around the documents: the names of collections are far shorter."""

MOST_WORD: Final = 4096
"""Bytes of a number or of a word; Python itself reads no whole number of more than 4,300 digits."""

TEXT_FACTOR: Final = 4
"""How many times as long as its BSON the text of one document may be."""

_SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_WORD: Final = re.compile(rb"[^ \t\r\n,:\[\]{}\"]*+")
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_TO_BRACKET: Final = re.compile(rb'[^"\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"\[\]{}]*+)*+([\[{]|[\]}])', re.DOTALL)
"""Up to the next bracket outside a string. Nothing in it can be matched in two ways, so it takes time in proportion."""

_TO_COMMA: Final = re.compile(rb'[^",]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^",]*+)*+,', re.DOTALL)
_TO_COLON: Final = re.compile(rb'[^":]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^":]*+)*+:', re.DOTALL)
_COUNTED: Final = ((b",", _TO_COMMA, 8, "values"), (b":", _TO_COLON, 14, "fields"))
"""What is counted outside strings, and how many bytes of BSON each has at the least where there are that many.

Of two million elements of a list, nulls even, each has eight: its type, its number and a zero. A million fields,
in a document or in many small ones, have some fourteen; Python holds one in twenty times as much.
"""

_LEAST_CONTAINER: Final = 20
"""The same of a list or a document: in a list of a million, with one number in it, it has twenty bytes."""

_SOON: Final = 64 * 1024

_STARTS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_ZEROS: Final = ((b"\0\0\0", "UTF-32"), (b"\0", "UTF-16"))


class Piece(NamedTuple):
    """The text of one whole value and the offset at which it begins."""

    text: bytes
    offset: int


class JsonCursor:
    """A place in a JSON text that moves forward only; the methods say what has to stand there.

    Raises PackageDamaged, with file and offset, for what is no JSON or passes a limit.
    """

    def __init__(self, content: Content, limits: Limits, offset: int = 0) -> None:
        self._name: Final = content.name
        self._limits: Final = limits
        self._content: Final = Cursor(content, offset)
        self._buffer = b""
        self._base = offset
        self._at = 0
        self._is_at_end = False
        if offset == 0:
            try:
                self._pass_bom()
            except BaseException:
                self.close()
                raise

    @property
    def offset(self) -> int:
        """Where the cursor is, in bytes from the start of the text."""
        return self._base + self._at

    def close(self) -> None:
        """Let go of the file."""
        self._content.close()

    @property
    def passed(self) -> int:
        """How many bytes of the file as it lies on the disk were read."""
        return self._content.passed

    def go_to(self, offset: int) -> None:
        """Go on from another offset, at which a value begins."""
        place = offset - self._base
        if 0 <= place <= len(self._buffer):
            self._at = place
            return
        self._content.go_to(offset)
        self._buffer, self._base, self._at, self._is_at_end = b"", offset, 0, False

    def fail(self, message: str, offset: int | None = None, *, limit: Limit | None = None) -> NoReturn:
        """Raise PackageDamaged about a place, by default the one the cursor is at, and the limit that is passed."""
        place = self.offset if offset is None else offset
        hint = DAMAGED_HINT if limit is None else limit.hint(getattr(self._limits, limit))
        raise PackageDamaged(f"{self._name}, byte {place}: {message}", hint=hint)

    def peek(self) -> bytes:
        """Give the first byte of what comes next, past white space; nothing at the end."""
        while True:
            self._at = _SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr] # it matches nothing too
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            if not self._more():
                return b""

    def members(self) -> Iterator[str]:
        """Walk the object that comes next, key by key. Whoever walks takes or skips each value before the next key."""
        seen: set[str] = set()
        for name, start in self._keys(MOST_NAME):
            if name in seen:
                self.fail(f"the key {name[:60]!r} stands twice in one object", start)
            if len(seen) >= self._limits.entries:
                self.fail(f"an object has more than {self._limits.entries:,} keys", start, limit=Limit.ENTRIES)
            seen.add(name)
            self._expect(b":", "a colon")
            yield name

    def _keys(self, most: int) -> Iterator[tuple[str, int]]:
        """Walk an object as far as behind each key of up to `most` bytes; give it and its offset."""
        self._expect(b"{", "an object")
        is_first = True
        while not self._ends(b"}", is_first=is_first):
            is_first = False
            start = self.offset
            if self.peek() != b'"':
                self.fail("a key in quotes is wanted here")
            name = parse_text(self._string(most), self._name, start)
            if not isinstance(name, str):
                self.fail("a key in quotes is wanted here", start)
            yield name, start

    def elements(self) -> Iterator[None]:
        """Walk the list that comes next. Whoever walks takes or skips each element."""
        self._expect(b"[", "a list")
        is_first = True
        while not self._ends(b"]", is_first=is_first):
            is_first = False
            yield

    def following(self, end: int) -> Iterator[None]:
        """Walk elements of a list from one of them on, as far as an offset."""
        while self.offset < end:
            yield
            if self.peek() == b",":
                self._at += 1
                self.peek()
            else:
                return

    def value(self, most: int | None = None) -> Piece:
        """Take the value that comes next: of `most` bytes, or as many as one document may have."""
        first = self.peek()
        if first in (b"{", b"["):
            return self._container(most)
        start = self.offset
        if first == b'"':
            return Piece(self._string(min(most or self._limits.text, self._limits.text)), start)
        word = self._word()
        if not word:
            self.fail("a value is wanted here" if first else "the text ends where a value is wanted")
        return Piece(word, start)

    def pass_over(self) -> None:
        """Pass over the value that comes next and is read later, however long it is: its brackets have to pair."""
        if self.peek() not in (b"{", b"["):
            self.value()
            return
        for _ in self._brackets():
            self._drop()

    def skip(self, depth: int = 0) -> None:
        """Pass over the value that comes next and is never read, however long it is. It has to be JSON all the same."""
        first = self.peek()
        if first in (b"{", b"[") and not self._ends_soon():
            if depth >= self._limits.depth:
                self.fail(f"values are nested deeper than {self._limits.depth} levels", limit=Limit.DEPTH)
            if first == b"[":
                for _ in self.elements():
                    self.skip(depth + 1)
                return
            for _ in self._keys(self._limits.text):  # which are not remembered: there may be any number
                self._expect(b":", "a colon")
                self.skip(depth + 1)
            return
        piece = self.value()
        parse_text(piece.text, self._name, piece.offset)

    def _ends_soon(self) -> bool:
        """Say whether the container that comes next ends within what was read already, and the next few kilobytes."""
        at, depth = self._at, 0
        until = at + _SOON
        while (found := _TO_BRACKET.match(self._buffer, at, until)) is not None:
            depth += 1 if found[1] in b"[{" else -1
            at = found.end()
            if not depth:
                return True
        return False

    def finish(self) -> None:
        """See that nothing but white space is left."""
        if self.peek():
            self.fail("something follows behind the end of the JSON text")

    def _container(self, most: int | None) -> Piece:
        """Cut out an object or a list: of `most` bytes, or as many as one document may have."""
        start = self.offset
        limit = Limit.DOCUMENT if most is None else None
        most = most or self._limits.document * TEXT_FACTOR
        opened = 0
        for change in self._brackets():
            opened += change > 0
            if self.offset - start > most:
                self.fail(f"a value is longer than {most:,} bytes of text", start, limit=limit)
            if opened * _LEAST_CONTAINER > self._limits.document:
                most = self._limits.document // _LEAST_CONTAINER
                self.fail(f"a document has more than {most:,} lists and documents in it", start, limit=Limit.DOCUMENT)
        text = self._buffer[start - self._base : self._at]
        self._check_values(text, start)
        self._drop()
        return Piece(text, start)

    def _check_values(self, text: bytes, start: int) -> None:
        """Refuse more values than a document has room for, before any of them is made."""
        for mark, pattern, least, what in _COUNTED:
            most = self._limits.document // least
            if text.count(mark) > most and _has_more(pattern, text, most):
                self.fail(f"a document has more than {most:,} {what} in it", start, limit=Limit.DOCUMENT)

    def _brackets(self) -> Iterator[int]:
        """Move behind each bracket of the container that comes next; give 1 where one opens, -1 where one closes."""
        start = self.offset
        is_open = bytearray()
        match = _TO_BRACKET.match
        most_depth = self._limits.depth
        while True:
            found = match(self._buffer, self._at)
            if found is None:
                if len(self._buffer) - self._at > self._limits.text:
                    what = f"a text, or a list of simple values, is longer than {self._limits.text:,} bytes"
                    self.fail(what, limit=Limit.TEXT)
                if not self._more(keep=start):
                    self.fail("the text ends within the object or list that begins here", start)
                continue
            if found.end() - self._at > self._limits.text:
                self._check_texts(found.group())
            self._at = found.end()
            bracket = found[1]
            if bracket in b"[{":
                is_open += bracket
                if len(is_open) > most_depth:
                    self.fail(f"values are nested deeper than {most_depth} levels", limit=Limit.DEPTH)
                yield 1
            else:
                if bracket[0] != is_open.pop() + 2:  # so far apart are [ and ], and { and }
                    self.fail(f"{bracket.decode()} does not close what was opened", self.offset - 1)
                yield -1
                if not is_open:
                    return

    def _check_texts(self, text: bytes) -> None:
        for one in _STRING.finditer(text):
            if one.end() - one.start() > self._limits.text:
                what = f"a text is longer than {self._limits.text:,} bytes"
                self.fail(what, self.offset + one.start(), limit=Limit.TEXT)

    def _string(self, most: int) -> bytes:
        start = self.offset
        limit = Limit.TEXT if most == self._limits.text else None
        while (found := _STRING.match(self._buffer, self._at)) is None:
            if len(self._buffer) - self._at > most:
                self.fail(f"a text is longer than {most:,} bytes", limit=limit)
            if not self._more():
                self.fail("the text ends within the string that begins here")
        if found.end() - found.start() > most:
            self.fail(f"a text is longer than {most:,} bytes", start, limit=limit)
        self._at = found.end()
        return found.group()

    def _word(self) -> bytes:
        while True:
            found = _WORD.match(self._buffer, self._at)
            end = self._at if found is None else found.end()
            if end - self._at > MOST_WORD:
                self.fail(f"a number or word is longer than {MOST_WORD:,} bytes")
            if end < len(self._buffer) or not self._more():
                word = self._buffer[self._at : end]
                self._at = end
                return word

    def _ends(self, bracket: bytes, *, is_first: bool) -> bool:
        """Pass the closing bracket, or the comma before what comes next."""
        found = self.peek()
        if found == bracket:
            self._at += 1
            return True
        if is_first:
            if not found:
                self.fail("the text ends within an object or list")
            return False
        if found != b",":
            self.fail(f"a comma or {bracket.decode()} is wanted here" if found else "the text ends within a list")
        self._at += 1
        if self.peek() == bracket:
            self.fail("nothing stands between a comma and the bracket")
        return False

    def _expect(self, byte: bytes, what: str) -> None:
        if self.peek() != byte:
            self.fail(f"{what} is wanted here")
        self._at += 1

    def _drop(self) -> None:
        if self._at > CHUNK:
            self._base += self._at
            self._buffer = self._buffer[self._at :]
            self._at = 0

    def _more(self, keep: int | None = None) -> bool:
        """Read on; what lies before the cursor, or before the offset `keep`, is let go of."""
        kept = self._at if keep is None else max(keep - self._base, 0)
        rest = self._buffer[kept:]
        chunk = b"" if self._is_at_end else self._content.read(min(max(CHUNK, len(rest)), MOST_CHUNK))
        self._base += kept
        self._at -= kept
        self._buffer = rest + chunk
        self._is_at_end = not chunk
        return bool(chunk)

    def _pass_bom(self) -> None:
        while len(self._buffer) < len(codecs.BOM_UTF32_LE) and self._more():
            pass
        for start, name in _STARTS:
            if self._buffer.startswith(start):
                self.fail(f"the text is {name}; only UTF-8 is read", 0)
        for zeros, name in _ZEROS:
            if zeros in self._buffer[:4]:
                self.fail(f"the text looks like {name}; only UTF-8 is read", 0)
        if self._buffer.startswith(codecs.BOM_UTF8):
            self._at = len(codecs.BOM_UTF8)


def _has_more(pattern: re.Pattern[bytes], text: bytes, most: int) -> bool:
    """Say whether a pattern matches more than `most` times, one match behind the other."""
    at = 0
    for _ in range(most + 1):
        found = pattern.match(text, at)
        if found is None:
            return False
        at = found.end()
    return True
