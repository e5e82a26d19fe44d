import subprocess
from pathlib import Path

import pytest

from tests.packages.encryption.contents import Held, identity, read_all, sealed
from tui_migrate.errors import CredentialsMissing, PackageDamaged, Refused
from tui_migrate.packages.encryption.aes_gcm import AesGcmContent
from tui_migrate.packages.encryption.identities import IdentityContent
from tui_migrate.packages.encryption.key_files import read_identities
from tui_migrate.packages.encryption.layer import Need, need_of, opened
from tui_migrate.packages.package import Keys

PLAIN = b"what nobody may read"
WORD = "word"


def private(folder: Path, content: bytes) -> Path:
    path = folder / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_a_file_for_recipients_is_opened_by_an_identity_file(tmp_path: Path) -> None:
    mine = identity()
    held = Held(sealed(PLAIN, recipients=[str(mine.to_public())]))
    assert need_of(held) is Need.IDENTITY
    assert read_all(opened(held, Keys(identity_file=private(tmp_path, f"{mine}\n".encode())))) == PLAIN
    assert held.is_let_go


def test_a_file_under_a_passphrase_is_opened_by_it() -> None:
    held = Held(sealed(PLAIN, passphrase=WORD))
    assert need_of(held) is Need.PASSPHRASE
    assert read_all(opened(held, Keys(passphrase=WORD))) == PLAIN
    assert held.is_let_go


def test_what_lacks_is_named() -> None:
    secret = sealed(PLAIN, passphrase=WORD)
    with pytest.raises(CredentialsMissing, match=r"shop\.age is encrypted, and a passphrase opens it"):
        opened(Held(secret), Keys(identity_file=Path("/nowhere")))
    sent = sealed(PLAIN, recipients=[str(identity().to_public())])
    with pytest.raises(CredentialsMissing, match="identity of one of its recipients") as caught:
        opened(Held(sent), Keys(passphrase=WORD))
    assert "--identity" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"age", b'{"metadata": 1}', b"\x1f\x8b\x08" + bytes(100)])
def test_anything_else_stays_as_it_is(content: bytes) -> None:
    held = Held(content)
    assert opened(held, Keys(passphrase=WORD)) is held


@pytest.mark.parametrize("begin", [b"{", b"{a", b"[", b"\x10\x00\x00\x00\x02", b"\x1f\x8b", b""])
def test_a_key_file_opens_what_only_seems_to_be_something_by_its_random_first_bytes(
    tmp_path: Path, begin: bytes
) -> None:
    keys = Keys(key_file=private(tmp_path, bytes(range(32))))
    assert isinstance(opened(Held(begin + b"\xfe\xff" * 50), keys), AesGcmContent)


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b\x08" + bytes(100), b'{"metadata": {"version"', b"\x6d\xe2\x99\x81" + bytes(60)]
)
def test_a_key_file_is_not_used_for_what_is_not_encrypted(tmp_path: Path, content: bytes) -> None:
    held = Held(content)
    assert opened(held, Keys(key_file=private(tmp_path, bytes(range(32))))) is held


def test_an_armoured_file_is_refused_with_the_way_to_read_it() -> None:
    with pytest.raises(Refused) as caught:
        need_of(Held(b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n"))
    assert "base64 -d" in caught.value.hint


def test_a_header_that_is_cut_off_is_damage() -> None:
    with pytest.raises(PackageDamaged):
        need_of(Held(sealed(PLAIN, passphrase=WORD)[:40]))


@pytest.mark.parametrize("kind", [("ed25519",), ("rsa", "-b", "2048")])
def test_an_ssh_key_is_a_recipient_and_its_private_half_the_identity(tmp_path: Path, kind: tuple[str, ...]) -> None:
    key = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", *kind, "-N", "", "-f", str(key)], check=True, timeout=60)
    held = Held(sealed(PLAIN, recipients=[key.with_suffix(".pub").read_text().strip()]))
    assert read_all(IdentityContent(held, read_identities(key))) == PLAIN
