"""Encrypted packages as their readers give them: the same as without encryption, or an error of ours."""

from contextlib import suppress
from pathlib import Path

import pytest
from bson import encode

from tests.packages.encryption.contents import identity, sealed
from tui_migrate.errors import PackageDamaged, WrongKey
from tui_migrate.findings import Severity
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.members import pack
from tui_migrate.packages.package import Keys, ReadOptions
from tui_migrate.packages.recognised import RecognisedPackage

WORD = "word"
DOCUMENTS = [encode({"_id": number, "name": f"user {number}"}) for number in range(20)]
PLAIN = b"".join(DOCUMENTS)


@pytest.fixture(params=["passphrase", "identity"])
def sealing(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, object], Keys]:
    """How to encrypt, and how to open what was encrypted."""
    if request.param == "passphrase":
        return {"passphrase": WORD}, Keys(passphrase=WORD)
    mine = identity()
    path = tmp_path / "mine"
    path.touch(0o600)
    path.write_text(str(mine))
    return {"recipients": [str(mine.to_public())]}, Keys(identity_file=path)


async def read(path: Path, keys: Keys) -> list[bytes]:
    """Check a package and read its only collection; no document where the check finds an error."""
    package = RecognisedPackage(path, ReadOptions(keys=keys))
    try:
        if any(one.severity is Severity.ERROR for one in await package.check()):
            return []
        assert await package.form() is PackageForm.BSON
        (info,) = await package.collections()
        return [one async for block in package.read(info.name) for one in block.documents]
    finally:
        await package.close()


@pytest.mark.parametrize("plain", [PLAIN, pack(PLAIN, 6)], ids=["plain", "packed"])
async def test_a_package_is_read_beneath_encryption_and_packing(
    sealing: tuple[dict[str, object], Keys], tmp_path: Path, plain: bytes
) -> None:
    how, keys = sealing
    path = tmp_path / "users.bson.age"
    path.write_bytes(sealed(plain, **how))  # type: ignore[arg-type]  # one of its two ways
    assert await read(path, keys) == DOCUMENTS


async def test_a_link_to_a_package_is_followed(sealing: tuple[dict[str, object], Keys], tmp_path: Path) -> None:
    how, keys = sealing
    (tmp_path / "real").write_bytes(sealed(PLAIN, **how))  # type: ignore[arg-type]  # one of its two ways
    (tmp_path / "users.bson").symlink_to("real")
    assert await read(tmp_path / "users.bson", keys) == DOCUMENTS


@pytest.mark.slow
async def test_no_damage_is_read_over(sealing: tuple[dict[str, object], Keys], tmp_path: Path) -> None:
    how, keys = sealing
    path = tmp_path / "users.bson.age"
    whole = sealed(pack(PLAIN, 6), **how)  # type: ignore[arg-type]  # one of its two ways
    header = whole.index(b"\n--- ")
    for at in range(header, len(whole)):
        flipped = whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :]
        for content in (flipped, whole[:at]):
            path.write_bytes(content)
            with suppress(PackageDamaged):
                assert await read(path, keys) == []


async def test_a_wrong_key_is_an_error_of_its_own(sealing: tuple[dict[str, object], Keys], tmp_path: Path) -> None:
    how, _ = sealing
    path = tmp_path / "users.bson.age"
    path.write_bytes(sealed(PLAIN, **how))  # type: ignore[arg-type]  # one of its two ways
    other = tmp_path / "other"
    other.touch(0o600)
    other.write_text(str(identity()))
    with pytest.raises(WrongKey):
        await read(path, Keys(passphrase="another", identity_file=other))  # noqa: S106 -- of this test alone
