"""age files under a passphrase, read from any offset and written as they come.

pyrage takes such files only whole and in memory, so their one stanza is made and opened here, as
https://age-encryption.org/v1 has it: the file key is sealed by ChaCha20-Poly1305, with a nonce of zeros, under
scrypt(passphrase, "age-encryption.org/v1/scrypt" and a salt of 16 bytes, N = 2**work factor, r = 8, p = 1).
"""

import hashlib
import hmac
import os
import re
from typing import Final

from tui_migrate.errors import PackageDamaged, Refused, UsageError, WrongKey
from tui_migrate.packages.content import Content, Stream, read_exactly
from tui_migrate.packages.encryption.header import MAGIC, Header, decode, encode, read_header
from tui_migrate.packages.encryption.payload import (
    CHUNK,
    FILE_KEY,
    NONCE,
    SEALED,
    TAG,
    PayloadStream,
    aead,
    chunk_nonce,
    hkdf,
    payload_cipher,
)
from tui_migrate.packages.encryption.required import require
from tui_migrate.packages.encryption.sink_form import Sink

WORK_FACTOR: Final = 18
"""As age itself writes: 256 MiB and about a second for each guess."""
MAX_WORK_FACTOR: Final = 20
"""The most that is worked for a file: 1 GiB. It is the file that asks for it, and anybody may have made it."""
_LABEL: Final = b"age-encryption.org/v1/scrypt"
_SALT: Final = 16
_BLOCK: Final = 8
_NO_NONCE: Final = bytes(12)
_FACTOR: Final = re.compile(r"[1-9][0-9]?")


class PassphraseContent:
    """An age file that a passphrase opens. The key that the passphrase gives is worked out once."""

    def __init__(self, below: Content, passphrase: str) -> None:
        self._below: Final = below
        self._passphrase: Final = passphrase
        self._known: tuple[bytes, bytes] | None = None

    @property
    def name(self) -> str:
        """The file."""
        return self._below.name

    def open(self, offset: int = 0) -> Stream:
        """Give the plain bytes from an offset on. Raises WrongKey, PackageDamaged, Refused (too much work asked)."""
        # At the very end the last chunk is read again: it alone says that nothing was cut off.
        number = max(offset - 1, 0) // CHUNK
        below = self._below.open()
        try:
            header = read_header(below, self.name)
            cipher = payload_cipher(self._key(header), _read_nonce(below, header, self.name))
        except BaseException:
            below.close()
            raise
        begins = header.size + NONCE
        if number:
            below.close()
            below = self._below.open(begins + number * SEALED)
        stream = PayloadStream(below, cipher, self.name, begins, number)
        try:
            stream.skip(offset - number * CHUNK)
        except BaseException:
            stream.close()
            raise
        return stream

    def _key(self, header: Header) -> bytes:
        if self._known is None or self._known[0] != header.authenticated + header.mac:
            key = _unwrap(header, self._passphrase, self.name)
            self._known = (header.authenticated + header.mac, key)
        return self._known[1]


def _read_nonce(below: Stream, header: Header, name: str) -> bytes:
    nonce = read_exactly(below, NONCE)
    if len(nonce) < NONCE:
        raise PackageDamaged(
            f"{name} is damaged at byte {header.size:,}: it ends in the middle", hint="get a fresh copy of the package"
        )
    return nonce


def _unwrap(header: Header, passphrase: str, name: str) -> bytes:
    damaged = PackageDamaged(f"the header of {name} is damaged", hint="get a fresh copy of the package")
    if len(header.stanzas) != 1 or len(header.stanzas[0].arguments) != 3:
        raise damaged
    _, salt_text, factor_text = header.stanzas[0].arguments
    salt, body = decode(salt_text.encode("ascii")), header.stanzas[0].body
    if salt is None or len(salt) != _SALT or not _FACTOR.fullmatch(factor_text) or len(body) != FILE_KEY + TAG:
        raise damaged
    factor = int(factor_text)
    if factor > MAX_WORK_FACTOR:
        raise Refused(
            f"{name} asks for scrypt with a work factor of {factor}, more than the {MAX_WORK_FACTOR} that are allowed",
            hint="where you trust it, decrypt it with age itself",
        )
    try:
        key = aead(_wrapping_key(passphrase, salt, factor)).decrypt(_NO_NONCE, body, None)
    except require("cryptography.exceptions").InvalidTag:
        raise WrongKey(
            f"the passphrase does not open {name}",
            hint="try another passphrase; where you are sure of it the file's header is damaged",
        ) from None
    if not hmac.compare_digest(_mac(key, header.authenticated), header.mac):
        raise damaged
    return key


def _wrapping_key(passphrase: str, salt: bytes, factor: int) -> bytes:
    cost = 1 << factor
    # OpenSSL wants to be told that it may take the memory: 128 bytes for N and p each, and a little.
    memory = 128 * _BLOCK * (cost + 32)
    try:
        word = passphrase.encode(
            "utf-8", "surrogateescape"
        )  # bytes of a terminal that are no UTF-8 stay what they were
    except UnicodeEncodeError:
        raise UsageError("the passphrase is no text", hint="type it again") from None
    try:
        return hashlib.scrypt(word, salt=_LABEL + salt, n=cost, r=_BLOCK, p=1, maxmem=memory, dklen=32)
    except (MemoryError, ValueError):
        raise Refused(
            f"there are no {memory // 1024**2:,} MiB of memory for a passphrase's key", hint="end other programs"
        ) from None


def _mac(file_key: bytes, authenticated: bytes) -> bytes:
    return hmac.digest(hkdf(file_key, b"", b"header"), authenticated, "sha256")


class PassphraseSink:
    """Takes plain bytes and hands on an age file that a passphrase opens. Everything here blocks."""

    def __init__(self, below: Sink, passphrase: str, work_factor: int = WORK_FACTOR) -> None:
        key, salt, nonce = os.urandom(FILE_KEY), os.urandom(_SALT), os.urandom(NONCE)
        body = aead(_wrapping_key(passphrase, salt, work_factor)).encrypt(_NO_NONCE, key, None)
        stanza = b"-> scrypt %s %d\n%s\n" % (encode(salt), work_factor, encode(body))
        authenticated = MAGIC + b"\n" + stanza + b"---"
        self._below: Final = below
        self._cipher: Final = payload_cipher(key, nonce)
        self._number = 0
        self._plain = bytearray()
        below.write(authenticated + b" " + encode(_mac(key, authenticated)) + b"\n" + nonce)

    def write(self, content: bytes, /) -> int:
        """Take bytes; whole chunks are handed on. Raises what the sink below raises."""
        self._plain += content
        # A whole chunk is held back until more comes: it may be the last.
        while len(self._plain) > CHUNK:
            self._seal(is_last=False)
        return len(content)

    def close(self) -> None:
        """Hand on the last chunk and close what is below."""
        self._seal(is_last=True)
        self._below.close()

    def abandon(self) -> None:
        """Forget what was not handed on: without its last chunk nobody takes the file for whole."""
        self._plain.clear()

    def _seal(self, *, is_last: bool) -> None:
        nonce = chunk_nonce(self._number, is_last=is_last)
        self._below.write(self._cipher.encrypt(nonce, bytes(self._plain[:CHUNK]), None))
        self._number += 1
        del self._plain[:CHUNK]
