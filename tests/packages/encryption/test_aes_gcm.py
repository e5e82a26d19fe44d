import gzip
import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from tests.packages.encryption.contents import Held, failure_of, flips, read_all, truncations
from tui_migrate.errors import PackageDamaged, TuiMigrateError, WrongKey
from tui_migrate.packages.content import FileContent
from tui_migrate.packages.encryption.aes_gcm import NONCE, AesGcmContent, looks_right

KEY = bytes(range(32))
JSON = json.dumps({"metadata": {"version": "1.0"}, "collections": {"users": [{"name": "Ämilie"}]}}).encode()
ZIPPED = gzip.compress(JSON, mtime=0)


def sealed(plain: bytes) -> bytes:
    nonce = bytes(range(100, 112))
    return nonce + AESGCM(KEY).encrypt(nonce, plain, None)


def opened(content: bytes, key: bytes = KEY) -> AesGcmContent:
    return AesGcmContent(Held(content, "shop.json.gz"), key)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_it_is_read_from_any_offset(plain: bytes, offset: int) -> None:
    offset = min(offset, len(plain))
    assert read_all(opened(sealed(plain)), offset) == plain[offset:]


def test_more_than_one_reading_is_put_together() -> None:
    plain = os.urandom(3 * 1024 * 1024 + 7)
    content = opened(sealed(plain))
    assert read_all(content) == plain
    assert read_all(content, 2_000_003) == plain[2_000_003:]


@pytest.mark.parametrize("plain", [JSON, ZIPPED])
def test_a_wrong_key_is_no_damage(plain: bytes) -> None:
    for number in range(200):
        error = failure_of(opened(sealed(plain), bytes([number + 1]) * 32))
        assert type(error) is WrongKey
        assert "shop.json.gz" in error.message


@pytest.mark.parametrize("plain", [JSON, ZIPPED])
def test_every_flipped_bit_is_found(plain: bytes) -> None:
    content = sealed(plain)
    for at, flipped in flips(content):
        error = failure_of(opened(flipped))
        assert isinstance(error, (WrongKey, PackageDamaged))
        assert "shop.json.gz" in error.message
        if at > NONCE + 64:
            assert type(error) is PackageDamaged, at


@pytest.mark.parametrize("plain", [JSON, ZIPPED])
def test_every_truncation_is_found(plain: bytes) -> None:
    content = sealed(plain)
    for short in truncations(content):
        error = failure_of(opened(short))
        assert isinstance(error, (WrongKey, PackageDamaged))
        if len(short) < NONCE + 16 or len(short) > NONCE + 16 + 16:
            assert type(error) is PackageDamaged


def test_nothing_is_given_out_before_the_tag_proved_right() -> None:
    content = bytearray(sealed(JSON + bytes(5_000_000)))
    content[-1] ^= 1
    with pytest.raises(TuiMigrateError):
        opened(bytes(content)).open()


def test_a_file_is_proved_once_and_anew_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "shop.json.gz"
    path.write_bytes(sealed(JSON))
    content = AesGcmContent(FileContent(path), KEY)
    assert read_all(content) == JSON
    first = content._seen
    assert read_all(content, 3) == JSON[3:]
    assert content._seen is first
    path.write_bytes(sealed(JSON + b" "))
    assert read_all(content) == JSON + b" "
    path.write_bytes(sealed(JSON)[:-1])
    assert type(failure_of(content)) is PackageDamaged
    path.unlink()
    assert type(failure_of(content)) is PackageDamaged


def test_a_file_that_changes_while_it_is_read_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "shop.json.gz"
    path.write_bytes(sealed(JSON))
    stream = AesGcmContent(FileContent(path), KEY).open()
    stream.read(5)
    path.write_bytes(sealed(JSON + b" "))
    with pytest.raises(PackageDamaged, match="has changed"):
        stream.read(1000)
    stream.close()


@pytest.mark.parametrize("head", [b"\x1f\x8b\x08\x00", b'{"metadata": {"a', b"\xef\xbb\xbf[ 1,2,3,4,5,6,7,8", JSON])
def test_gzip_and_json_look_right(head: bytes) -> None:
    assert looks_right(head)


@pytest.mark.parametrize(
    "head", [b"", b"{", b"{\x00" + bytes(62), b"\x1f\x8b\x07", b"hello, hello, hello", b"{\xff" * 16]
)
def test_other_bytes_do_not_look_right(head: bytes) -> None:
    assert not looks_right(head)
