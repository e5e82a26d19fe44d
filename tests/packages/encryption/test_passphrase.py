import os
import re

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.packages.encryption.contents import CHUNK, SIZES, Gathered, Held, failure_of, flips, read_all, sealed
from tests.packages.encryption.contents import truncations as cut
from tui_migrate.errors import PackageDamaged, Refused, WrongKey
from tui_migrate.packages.encryption.header import MAGIC, encode
from tui_migrate.packages.encryption.passphrase import (
    MAX_WORK_FACTOR,
    PassphraseContent,
    PassphraseSink,
    _mac,
    _wrapping_key,
)
from tui_migrate.packages.encryption.payload import (
    FILE_KEY,
    NONCE,
    SEALED,
    aead,
    chunk_nonce,
    payload_cipher,
)

WORD = "correct horse"
PLAIN = b"what nobody may read"
VERSION_AT = 20


def opened(content: bytes, word: str = WORD) -> PassphraseContent:
    return PassphraseContent(Held(content), word)


@pytest.mark.parametrize("size", SIZES)
def test_pyrage_reads_what_is_written_here(size: int) -> None:
    plain = os.urandom(size)
    assert pyrage.passphrase.decrypt(sealed(plain, passphrase=WORD), WORD) == plain


@pytest.mark.slow
def test_what_pyrage_writes_is_read_here() -> None:
    plain = os.urandom(2 * CHUNK + 5)
    content = pyrage.passphrase.encrypt(plain, "pässword ☃")
    assert read_all(opened(content, "pässword ☃")) == plain


@pytest.mark.slow
def test_the_work_factor_is_that_of_age_and_pyrage_takes_it() -> None:
    below = Gathered()
    sink = PassphraseSink(below, WORD)
    sink.write(PLAIN)
    sink.close()
    assert re.match(rb"age-encryption\.org/v1\n-> scrypt [A-Za-z0-9+/]{22} 18\n", below.content)
    assert pyrage.passphrase.decrypt(bytes(below.content), WORD) == PLAIN


@given(st.sampled_from(SIZES), st.integers(0, 2 * CHUNK + 1), st.integers(1, 3 * CHUNK))
def test_it_is_read_from_any_offset(size: int, offset: int, step: int) -> None:
    plain = os.urandom(1024) * (size // 1024 + 1)
    plain = plain[:size]
    offset = min(offset, size)
    assert read_all(opened(sealed(plain, passphrase=WORD, step=step)), offset) == plain[offset:]


@pytest.mark.parametrize("size", SIZES)
def test_it_is_read_from_each_end_of_a_chunk(size: int) -> None:
    plain = os.urandom(size)
    content = opened(sealed(plain, passphrase=WORD))
    for offset in {min(one, size) for one in (0, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, size)}:
        assert read_all(content, offset) == plain[offset:]


def test_beyond_the_end_it_is_said_to_be_shorter() -> None:
    with pytest.raises(PackageDamaged, match=r"shop\.age has become shorter"):
        opened(sealed(PLAIN, passphrase=WORD)).open(len(PLAIN) + 1)


@pytest.mark.parametrize("word", ["correct horsf", "", " correct horse", "Correct horse"])
def test_a_wrong_passphrase_is_no_damage_and_is_not_quoted(word: str) -> None:
    error = failure_of(opened(sealed(PLAIN, passphrase=WORD), word))
    assert type(error) is WrongKey
    assert "horse" not in f"{error.message}{error.hint}"
    assert "shop.age" in error.message


def test_every_flipped_bit_is_found() -> None:
    content = sealed(PLAIN, passphrase=WORD)
    for at, flipped in flips(content):
        error = failure_of(opened(flipped))
        expected = (Refused,) if at == VERSION_AT else (WrongKey, PackageDamaged)
        assert isinstance(error, expected), (at, error)
        assert "shop.age" in error.message


def test_what_is_wrong_behind_the_key_is_damage() -> None:
    content = sealed(PLAIN, passphrase=WORD)
    for at, flipped in flips(content):
        if at > content.index(b"\n--- "):
            assert type(failure_of(opened(flipped))) is PackageDamaged


def test_every_truncation_is_found() -> None:
    for short in cut(sealed(PLAIN, passphrase=WORD)):
        assert type(failure_of(opened(short))) is PackageDamaged


def test_something_behind_the_end_is_found() -> None:
    assert type(failure_of(opened(sealed(PLAIN, passphrase=WORD) + b"x"))) is PackageDamaged


@pytest.mark.parametrize("size", [CHUNK, 2 * CHUNK, 2 * CHUNK + 1])
def test_a_file_that_lacks_its_last_chunk_is_found_from_any_offset(size: int) -> None:
    content = sealed(bytes(size), passphrase=WORD)
    payload = content.index(b"\n", content.index(b"\n--- ") + 1) + 1 + 16
    short = content[: payload + (size - 1) // CHUNK * SEALED]
    for offset in range(0, size, CHUNK):
        with pytest.raises(PackageDamaged):
            read_all(opened(short), offset)


def test_chunks_that_changed_places_are_found() -> None:
    content = sealed(os.urandom(3 * CHUNK), passphrase=WORD)
    begin = len(content) - 3 * SEALED
    first, second, rest = content[begin : begin + SEALED], content[begin + SEALED :][:SEALED], content[-SEALED:]
    error = failure_of(opened(content[:begin] + second + first + rest))
    assert type(error) is PackageDamaged
    assert f"byte {begin:,}" in error.message


def test_an_empty_last_chunk_behind_a_whole_one_is_found() -> None:
    """The standard forbids it: one content would have two ways of being written."""
    sink = PassphraseSink(below := Gathered(), WORD, 2)
    sink.write(bytes(CHUNK))
    sink._seal(is_last=False)
    sink._seal(is_last=True)
    assert type(failure_of(opened(bytes(below.content)))) is PackageDamaged


@pytest.mark.parametrize("factor", [MAX_WORK_FACTOR + 1, 22, 63, 99])
def test_a_file_that_asks_for_too_much_work_is_refused_at_once(factor: int) -> None:
    content = sealed(PLAIN, passphrase=WORD).replace(b" 2\n", b" %d\n" % factor, 1)
    error = failure_of(opened(content))
    assert type(error) is Refused
    assert str(factor) in error.message


@pytest.mark.parametrize("factor", [b"0", b"02", b"+2", b"100", b"2 2", b"x", b"-1"])
def test_a_work_factor_that_is_none_is_damage(factor: bytes) -> None:
    content = sealed(PLAIN, passphrase=WORD).replace(b" 2\n", b" %s\n" % factor, 1)
    assert type(failure_of(opened(content))) is PackageDamaged


def test_a_second_recipient_beside_a_passphrase_is_refused() -> None:
    content = sealed(PLAIN, passphrase=WORD).replace(b"\n--- ", b"\n-> X25519 abc\n\n--- ", 1)
    assert type(failure_of(opened(content))) is PackageDamaged


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"age-encryption.org/v1",
        b"age-encryption.org/v1\n",
        b"age-encryption.org/v1\r\n-> scrypt a 2\n",
        b"age-encryption.org/v1\n--- " + b"A" * 43 + b"\n",
        b"age-encryption.org/v1\n" + b"-> " + b"x" * 20_000,
        b"age-encryption.org/v1\n-> scrypt\n" + (b"A" * 64 + b"\n") * 20_000,
        b"\x00" * 100,
    ],
    ids=["nothing", "magic", "line", "crlf", "bare", "long line", "long body", "zeros"],
)
def test_a_header_that_is_none_is_damage(header: bytes) -> None:
    assert type(failure_of(opened(header))) is PackageDamaged


def test_the_key_is_worked_out_once_while_the_header_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    held = Held(sealed(PLAIN, passphrase=WORD))
    content = PassphraseContent(held, WORD)
    read_all(content)
    with monkeypatch.context() as without:
        without.delattr(hashlib, "scrypt")
        assert read_all(content, 5) == PLAIN[5:]
    held.content = sealed(b"another", passphrase=WORD)
    assert read_all(content) == b"another"
    assert held.is_let_go


def test_everything_is_let_go_of_after_an_error() -> None:
    content = sealed(PLAIN, passphrase=WORD)
    for broken in (content[:30], content[:-1], content[:-20]):
        held = Held(broken)
        failure_of(PassphraseContent(held, WORD))
        assert held.is_let_go


def test_what_was_abandoned_is_not_taken_for_whole() -> None:
    sink = PassphraseSink(below := Gathered(), WORD, 2)
    sink.write(bytes(3 * CHUNK))
    sink.abandon()
    assert not below.is_closed
    assert type(failure_of(opened(bytes(below.content)))) is PackageDamaged


def with_stanzas(number: int) -> bytes:
    """A file of one chunk, with the same passphrase so many times in its header, whose MAC is right."""
    key, salt, nonce = os.urandom(FILE_KEY), os.urandom(16), os.urandom(NONCE)
    body = aead(_wrapping_key(WORD, salt, 1)).encrypt(bytes(12), key, None)
    stanza = b"-> scrypt %s 1\n%s\n" % (encode(salt), encode(body))
    authenticated = MAGIC + b"\n" + stanza * number + b"---"
    chunk = payload_cipher(key, nonce).encrypt(chunk_nonce(0, is_last=True), PLAIN, None)
    return authenticated + b" " + encode(_mac(key, authenticated)) + b"\n" + nonce + chunk


def test_a_passphrase_stands_alone_in_the_header() -> None:
    assert read_all(opened(with_stanzas(1))) == PLAIN
    with pytest.raises(PackageDamaged, match="header"):
        read_all(opened(with_stanzas(2)))
