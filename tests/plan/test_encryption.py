import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.scene import Scene, create
from tests.packages.encryption.contents import identity, sealed
from tests.plan.test_preflight import check
from tui_migrate.findings import Severity
from tui_migrate.packages.forms import PackageForm
from tui_migrate.plan.ends import needs_passphrase
from tui_migrate.plan.model import PackageEnd, RunKind

WORD = "word"
AEAD = "cryptography.hazmat.primitives.ciphers.aead"
KEY = str(identity().to_public())


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (PackageEnd("", PackageForm.ARCHIVE, (KEY,)), None),
        (PackageEnd("", PackageForm.ARCHIVE, with_passphrase=True), None),
        (PackageEnd("", PackageForm.ARCHIVE, (KEY,), with_passphrase=True), "at once"),
        (PackageEnd("", PackageForm.NATIVE, (KEY,)), "form native is not written encrypted"),
        (PackageEnd("", PackageForm.TAR, with_passphrase=True), "form tar is not written encrypted"),
        (PackageEnd("", PackageForm.ARCHIVE, (KEY, "age1abc")), "recipient 2: this is no public key"),
        (PackageEnd("", PackageForm.ARCHIVE, ("AGE-SECRET-KEY-1ABC",)), "recipient 1: this is a private key"),
        (PackageEnd("", PackageForm.ARCHIVE, ("/etc/hostname",)), "recipient 1: this is no public key"),
    ],
)
async def test_what_cannot_be_encrypted_so_is_an_error(
    scene: Scene, tmp_path: Path, end: PackageEnd, said: str | None
) -> None:
    await create(scene.source, "things")
    plan = await scene.plan(target=replace(end, path=str(tmp_path / "new")), kind=RunKind.EXPORT)
    found = await check(scene, plan)
    if said is None:
        assert found == ()
        return
    (one,) = found
    assert (one.severity, one.code) == (Severity.ERROR, "encryption")
    assert said in one.message
    assert one.hint
    assert "ABC" not in one.message


async def test_a_passphrase_without_the_library_for_it_is_an_error(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, AEAD, None)
    await create(scene.source, "things")
    end = PackageEnd(str(tmp_path / "new"), PackageForm.ARCHIVE, with_passphrase=True)
    (one,) = await check(scene, await scene.plan(target=end, kind=RunKind.EXPORT))
    assert (one.severity, one.code) == (Severity.ERROR, "encryption")
    assert "need cryptography, which is not installed" in one.message
    assert "tui-migrate[encryption]" in one.hint


def test_a_package_under_a_passphrase_needs_one_that_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(sealed(b"", passphrase=WORD))
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "sent").write_bytes(sealed(b"", recipients=[KEY]))
    (tmp_path / "cut").write_bytes(b"age-encryption.org/v1\n-> scrypt")
    for name, is_needed in (("real", True), ("link", True), ("sent", False), ("cut", False), ("none", False)):
        end = PackageEnd(str(tmp_path / name))
        assert needs_passphrase(end, {}) is is_needed, name
        assert not needs_passphrase(end, {end.label: WORD})
    assert not needs_passphrase(PackageEnd(str(tmp_path)), {})
    assert needs_passphrase(PackageEnd(str(tmp_path / "new"), with_passphrase=True), {})
