"""The payload of an age file: chunks of 64 KiB, each sealed by itself, the last one marked as the last.

As https://age-encryption.org/v1 has it: ChaCha20-Poly1305 under a key that HKDF-SHA256 makes of the file key and a
nonce of 16 bytes ahead of the chunks; a chunk's nonce is its number (11 bytes, big endian) and one byte that is 1 for
the last.
"""

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.content import Stream, read_exactly
from tui_migrate.packages.encryption.required import require

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

CHUNK: Final = 64 * 1024
TAG: Final = 16
NONCE: Final = 16
SEALED: Final = CHUNK + TAG
FILE_KEY: Final = 16
_AEAD: Final = "cryptography.hazmat.primitives.ciphers.aead"


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """Make a key of 32 bytes by HKDF-SHA256 (RFC 5869: one round of extract and one of expand give just that)."""
    extracted = hmac.digest(salt or bytes(hashlib.sha256().digest_size), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def aead(key: bytes) -> "ChaCha20Poly1305":
    """Give ChaCha20-Poly1305 under a key of 32 bytes. Raises UsageError where cryptography is not installed."""
    cipher: ChaCha20Poly1305 = require(_AEAD).ChaCha20Poly1305(key)
    return cipher


def check_installed() -> None:
    """See to it that packages can be encrypted and decrypted here. Raises UsageError where cryptography is missing."""
    require(_AEAD)


def payload_cipher(file_key: bytes, nonce: bytes) -> "ChaCha20Poly1305":
    """Give the cipher of a payload."""
    return aead(hkdf(file_key, nonce, b"payload"))


def chunk_nonce(number: int, *, is_last: bool) -> bytes:
    """Give the nonce of a chunk."""
    return number.to_bytes(11, "big") + bytes([is_last])


class PayloadStream:
    """The plain bytes from chunk `number` on, read from a stream that stands at that chunk."""

    def __init__(self, below: Stream, cipher: "ChaCha20Poly1305", name: str, begins: int, number: int) -> None:
        self._below: Final = below
        self._cipher: Final = cipher
        self._name: Final = name
        self._begins: Final = begins
        self._number = number
        self._sealed = b""
        self._plain = memoryview(b"")
        self._has_ended = False

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes, each of them authenticated. Raises PackageDamaged naming file and offset."""
        while not self._plain and not self._has_ended:
            self._plain = memoryview(self._next())
        taken = self._plain[:size]
        self._plain = self._plain[len(taken) :]
        return bytes(taken)

    def skip(self, size: int) -> None:
        """Go over bytes. Raises PackageDamaged where there are not so many."""
        if len(read_exactly(self, size)) < size:
            raise PackageDamaged(f"{self._name} has become shorter", hint="leave the package alone while it is read")

    def close(self) -> None:
        """Let go of the file and of what was decrypted."""
        self._plain, self._has_ended = memoryview(b""), True
        self._below.close()

    def _next(self) -> bytes:
        # One byte of the next chunk says whether there is one.
        self._sealed += read_exactly(self._below, SEALED + 1 - len(self._sealed))
        is_last = len(self._sealed) <= SEALED
        chunk, self._sealed = self._sealed[:SEALED], self._sealed[SEALED:]
        if len(chunk) < TAG or (len(chunk) == TAG and self._number):
            raise self._damaged("it ends in the middle")
        try:
            plain = self._cipher.decrypt(chunk_nonce(self._number, is_last=is_last), chunk, None)
        except require("cryptography.exceptions").InvalidTag:
            what = "these 64 KiB were changed" + (", or the file was cut off" if is_last else "")
            raise self._damaged(what) from None
        self._has_ended = is_last
        self._number += 1
        return plain

    def _damaged(self, what: str) -> PackageDamaged:
        at = self._begins + self._number * SEALED
        return PackageDamaged(f"{self._name} is damaged at byte {at:,}: {what}", hint="get a fresh copy of the package")
