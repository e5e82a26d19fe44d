import base64
import os
from pathlib import Path

import pytest

from tests.packages.encryption.contents import identity
from tui_migrate.errors import CredentialsMissing, TuiMigrateError, UsageError
from tui_migrate.packages.encryption.key_files import (
    MAX_KEY_FILE,
    read_aes_key,
    read_identities,
    read_passphrase,
    read_private,
)
from tui_migrate.packages.encryption.recipients import find_recipients
from tui_migrate.packages.encryption.sink import encrypting_sink

KEY = bytes(range(1, 33))
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINshVfPBKOTlz9IpWz0VyhSfOIdBYHVIEX8ETgXcT+lz anna@example"


def private(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o601])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path, KEY, mode)
    for read in (read_aes_key, read_identities, read_passphrase):
        with pytest.raises(CredentialsMissing, match="others may read") as caught:
            read(path)
        assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\n \n", b"x" * (MAX_KEY_FILE + 1)])
def test_an_empty_or_huge_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CredentialsMissing, match="empty, or larger"):
        read_private(private(tmp_path, content), "key file")


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none", Path("/dev/zero")):
        with pytest.raises(CredentialsMissing):
            read_private(path, "key file")


@pytest.mark.parametrize(
    "content",
    [
        KEY,
        KEY.hex().encode(),
        KEY.hex().upper().encode() + b"\n",
        base64.b64encode(KEY),
        base64.b64encode(KEY) + b"\r\n",
        base64.b64encode(KEY).rstrip(b"="),
        base64.urlsafe_b64encode(KEY),
    ],
)
def test_an_aes_key_is_bytes_hexadecimal_or_base64(tmp_path: Path, content: bytes) -> None:
    assert read_aes_key(private(tmp_path, content)) == KEY


@pytest.mark.parametrize(
    "content", [KEY[:31], KEY + b"x", b"g" * 64, base64.b64encode(KEY[:16]), KEY.hex()[:62].encode()]
)
def test_another_key_is_refused_without_being_quoted(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        read_aes_key(private(tmp_path, content))
    assert content.decode("latin-1")[:8] not in f"{caught.value.message}{caught.value.hint}"


def test_a_passphrase_keeps_its_spaces_and_loses_its_line_end(tmp_path: Path) -> None:
    assert read_passphrase(private(tmp_path, " wörd \r\n".encode())) == " wörd "
    with pytest.raises(CredentialsMissing, match="not UTF-8"):
        read_passphrase(private(tmp_path, b"\xff\xfe"))


def test_identities_stand_one_a_line_among_comments(tmp_path: Path) -> None:
    mine, other = identity(), identity()
    content = f"# created: today\n\n{mine}\r\n  {other}\n".encode()
    found = read_identities(private(tmp_path, content))
    assert [str(one) for one in found] == [str(mine), str(other)]


@pytest.mark.parametrize(
    "content",
    [
        b"# nothing\n",
        b"AGE-SECRET-KEY-1QQQQ\n",
        b"age-encryption.org/v1\n-> scrypt x 2\n",
        b"-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        b"\xff\xfe\x00",
    ],
)
def test_a_file_without_identities_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        read_identities(private(tmp_path, content))
    assert "QQQQ" not in caught.value.message
    assert caught.value.hint


def test_recipients_are_keys_and_files_of_keys(tmp_path: Path) -> None:
    first, second = str(identity().to_public()), str(identity().to_public())
    path = tmp_path / "team"
    path.write_text(f"# the team\n{second}\n{first}\n\n{SSH}\n")
    assert find_recipients([first, str(path)]) == (first, second, SSH)


@pytest.mark.parametrize(
    "word", ["age1qqq", "ssh-ed25519 AAAA", "ssh-rsa x", "/nowhere/at/all", "", "a\0b", "x" * 5000]
)
def test_what_is_no_recipient_is_refused(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_recipients([word])
    assert caught.value.hint


def test_a_line_that_is_no_recipient_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "team"
    path.write_text(f"{identity().to_public()}\nanna\n")
    with pytest.raises(UsageError, match="team, line 2"):
        find_recipients([str(path)])
    path.write_text("# nobody\n")
    with pytest.raises(UsageError, match="no recipient in"):
        find_recipients([str(path)])


def test_a_private_key_as_recipient_is_refused_without_being_quoted(tmp_path: Path) -> None:
    secret = str(identity())
    path = tmp_path / "mine"
    path.write_text(f"{secret}\n")
    for word in (secret, secret.lower(), str(path), secret[:40]):
        with pytest.raises(UsageError, match="private key") as caught:
            find_recipients([word])
        assert secret[16:30].lower() not in f"{caught.value.message}{caught.value.hint}".lower()


def test_a_package_is_for_recipients_or_under_a_passphrase() -> None:
    for recipients, passphrase in (((), None), ((), ""), ((SSH,), "word")):
        with pytest.raises(UsageError):
            encrypting_sink(_Nowhere(), recipients=recipients, passphrase=passphrase)


def test_a_library_that_lacks_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(TuiMigrateError, match="pyrage, which is not installed") as caught:
        read_identities(private(tmp_path, b"AGE-SECRET-KEY-1X\n"))
    assert "tui-migrate[encryption]" in caught.value.hint


class _Nowhere:
    def write(self, content: bytes, /) -> int:
        raise AssertionError

    def close(self) -> None:
        raise AssertionError
