"""Packages as Second Brain Database encrypts them: AES-256-GCM over the whole file (nonce, ciphertext, tag).

The one tag stands at the end and is over everything. So each file is read twice: a first time whole, and only once its
tag has proved right is anything of it given out, by the cipher's counter mode, which can begin anywhere (NIST SP
800-38D: block i of the data is encrypted with counter i + 2). The file must not change in between.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tui_migrate.errors import PackageDamaged, Refused, TuiMigrateError, WrongKey
from tui_migrate.packages.content import Content, FileContent, Stream, read_exactly
from tui_migrate.packages.encryption.required import require

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

NONCE: Final = 12
TAG: Final = 16
MOST: Final = 2**36 - 32
"""Bytes that one nonce may encrypt; past them the counter would begin anew."""
_BLOCK: Final = 16
_FIRST_COUNTER: Final = 2
_PART: Final = 1024 * 1024
_HEAD: Final = 64
_GZIP: Final = b"\x1f\x8b\x08"
_TEXT: Final = frozenset(b"\t\n\r" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0xF8)))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was when its tag proved right: how much it holds, and what tells whether it has changed."""

    mark: tuple[int, ...]
    nonce: bytes
    size: int


class AesGcmContent:
    """A file under a key of 32 bytes."""

    def __init__(self, below: Content, key: bytes) -> None:
        self._below: Final = below
        self._key: Final = key
        self._seen: _Seen | None = None

    @property
    def name(self) -> str:
        """The file."""
        return self._below.name

    def open(self, offset: int = 0) -> Stream:
        """Give the plain bytes from an offset on, once the whole file has proved right.

        Raises PackageDamaged and WrongKey. The tag cannot tell the two apart: where it is wrong, and the first bytes
        decrypt to the beginning of a gzip file or of JSON, the file is damaged; else the key is wrong.
        """
        seen = self._seen
        if seen is None or seen.mark != self._mark():
            self._seen = seen = self._verify()
        if offset > seen.size:
            raise PackageDamaged(f"{self.name} has become shorter", hint="leave the package alone while it is read")
        blocks = offset // _BLOCK
        below = self._below.open(NONCE + blocks * _BLOCK)
        modes, cipher = _ciphers()
        counter = seen.nonce + (blocks + _FIRST_COUNTER).to_bytes(4, "big")
        decryptor = cipher.Cipher(cipher.algorithms.AES256(self._key), modes.CTR(counter)).decryptor()
        stream = AesGcmStream(self, below, decryptor, seen, blocks * _BLOCK)
        read_exactly(stream, offset - blocks * _BLOCK)
        return stream

    def check_unchanged(self, seen: object) -> None:
        """Raise PackageDamaged where the file is another than the one that proved right."""
        if not isinstance(seen, _Seen) or seen.mark != self._mark():
            raise PackageDamaged(
                f"{self.name} has changed while it was read", hint="leave the package alone while it is read"
            )

    def _mark(self) -> tuple[int, ...]:
        if not isinstance(self._below, FileContent):
            return ()
        try:
            status = os.stat(self._below.path, follow_symlinks=False)  # noqa: PTH116 -- Path.stat gives just this
        except OSError as error:
            raise PackageDamaged(
                f"cannot read {self.name}: {error.strerror}", hint="check the file and its permissions"
            ) from error
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def _verify(self) -> _Seen:
        """Read the file whole, decrypt it and give nothing of it away. Raises PackageDamaged, WrongKey, Refused."""
        mark = self._mark()
        below = self._below.open()
        try:
            nonce = read_exactly(below, NONCE)
            held = read_exactly(below, TAG)
            if len(held) < TAG:
                raise PackageDamaged(
                    f"{self.name} has {len(nonce) + len(held)} bytes, too few for an encrypted file",
                    hint="get a fresh copy of the package",
                )
            modes, cipher = _ciphers()
            decryptor = cipher.Cipher(cipher.algorithms.AES256(self._key), modes.GCM(nonce)).decryptor()
            head, size = b"", 0
            while part := below.read(_PART):
                held += part
                plain = decryptor.update(held[:-TAG])
                size, held = size + len(plain), held[-TAG:]
                if size > MOST:
                    raise Refused(f"{self.name} is larger than AES-GCM can encrypt", hint="check that it is the file")
                head = (head + plain[:_HEAD])[:_HEAD]
            try:
                decryptor.finalize_with_tag(held)
            except require("cryptography.exceptions").InvalidTag:
                raise self._meaning(head, NONCE + size) from None
        finally:
            below.close()
        seen = _Seen(mark, nonce, size)
        self.check_unchanged(seen)
        return seen

    def _meaning(self, head: bytes, tag_at: int) -> TuiMigrateError:
        if looks_right(head):
            return PackageDamaged(
                f"{self.name} is damaged: the key fits, but the tag at byte {tag_at:,} is not that of these bytes",
                hint="get a fresh copy of the package",
            )
        return WrongKey(
            f"the key does not open {self.name}",
            hint="try another key file; where you are sure of it the file is damaged from its beginning",
        )


class AesGcmStream:
    """The plain bytes of a file whose tag has proved right."""

    def __init__(
        self, content: AesGcmContent, below: Stream, decryptor: "CipherContext", seen: _Seen, offset: int
    ) -> None:
        self._content = content
        self._below = below
        self._decryptor = decryptor
        self._seen = seen
        self._left = seen.size - offset

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes. Raises PackageDamaged where the file has changed since it proved right."""
        if size <= 0 or not self._left:
            return b""
        part = self._below.read(min(size, self._left, _PART))
        self._left -= len(part)
        if not part or not self._left:
            self._content.check_unchanged(self._seen if part else None)
        return self._decryptor.update(part)

    def close(self) -> None:
        """Let go of the file."""
        self._below.close()


def looks_right(head: bytes) -> bool:
    """Say whether bytes are the beginning of a gzip file, or of JSON: what such a package holds when decrypted.

    Of random bytes one in 16 million begins as gzip does, and fewer consist of text. An empty head says nothing.
    """
    if head.startswith(_GZIP):
        return True
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return len(head) >= _BLOCK and text.startswith((b"{", b"[")) and _TEXT.issuperset(text)


def _ciphers() -> tuple[Any, Any]:
    """Give cryptography's modes and the module of its ciphers."""
    ciphers = require("cryptography.hazmat.primitives.ciphers")
    return require("cryptography.hazmat.primitives.ciphers.modes"), ciphers
