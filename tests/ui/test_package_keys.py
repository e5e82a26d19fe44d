"""Packages that a file opens: it is asked for, and again where it is missing, the wrong one, or none at all."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from bson import encode
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from textual.pilot import Pilot
from textual.widgets import Input

from tests.packages.encryption.contents import identity, sealed
from tests.ui.driving import until
from tests.ui.new_scene import ask, pick, says, session, type_into, wizard
from tui_migrate.paths import Home
from tui_migrate.plan.model import PackageEnd
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.screens.end_choice import Role
from tui_migrate.ui.screens.end_dialogs import AskPath
from tui_migrate.ui.screens.package_choice import Opener

KEY, OTHER = bytes(range(32)), bytes(32)
NONCE = b"\xff" * 12
PLAIN = Path(__file__).parents[1] / "data" / "json_forms" / "second_brain.json.gz"


def key_at(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "brain.json.gz.enc"
    path.write_bytes(NONCE + AESGCM(KEY).encrypt(NONCE, PLAIN.read_bytes(), None))
    return path


@pytest.fixture
def damaged(package: Path) -> Path:
    content = bytearray(package.read_bytes())
    content[-1] ^= 1
    package.write_bytes(content)
    return package


async def open_package(pilot: Pilot[None], path: Path) -> None:
    await ask(pilot, Role.SOURCE)
    await pick(pilot, "package", AskPath)
    await asked(pilot, path)


async def asked(pilot: Pilot[None], path: Path, *said: str) -> None:
    """Give a path, and wait for the next window to say something."""
    window = pilot.app.screen
    await type_into(pilot, str(path))
    await until(pilot, lambda: pilot.app.screen is not window, "the next window")
    await until(pilot, says(pilot, *said), f"{said}")


def source_is(pilot: Pilot[None], end: PackageEnd) -> Callable[[], bool]:
    return lambda: session(pilot).draft.source == end


async def test_a_package_under_an_aes_key_asks_for_its_file_until_that_opens_it(
    home: Home, package: Path, tmp_path: Path
) -> None:
    good = key_at(tmp_path / "good.key", KEY.hex().encode())
    async with wizard(home) as pilot:
        await open_package(pilot, package)
        await until(pilot, says(pilot, "Key file", "Second Brain Database"), "the question")
        await asked(pilot, tmp_path / "nowhere", "✗ the key file", "cannot be read: No such file or directory")
        await asked(pilot, key_at(tmp_path / "open.key", KEY, 0o644), "✗ others may read the key file")
        await asked(pilot, key_at(tmp_path / "short.key", b"abc"), "holds no key of 32 bytes")
        wrong = key_at(tmp_path / "wrong.key", OTHER)
        await asked(pilot, wrong, "✗ the key does not open", "try another key file")
        assert pilot.app.screen.query_one(Input).value == str(wrong)
        assert session(pilot).draft.source is None
        await type_into(pilot, str(good))
        await until(pilot, source_is(pilot, PackageEnd(str(package), key_file=str(good))), "the source")
        await until(pilot, says(pilot, "Second Brain Database export"), "what it is")


async def test_esc_leads_back_to_the_path_with_what_is_wrong_with_it(home: Home, package: Path) -> None:
    async with wizard(home) as pilot:
        await open_package(pilot, package)
        await until(pilot, says(pilot, "Key file"), "the question")
        await pilot.press("escape")
        await until(pilot, says(pilot, "Package to read", "✗ ", "is no package of a form that is known"), "the path")


@pytest.mark.parametrize(
    "content",
    [b"plain words, and more of them than a key has bytes", gzip.compress(b"x" * 99, mtime=0)],
    ids=["text", "gzip"],
)
async def test_what_is_not_encrypted_asks_for_no_key(home: Home, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes"
    path.write_bytes(content)
    async with wizard(home) as pilot:
        await open_package(pilot, path)
        await until(pilot, says(pilot, "Package to read", "✗ "), "the path again")


async def test_damage_is_not_taken_for_a_wrong_key(home: Home, damaged: Path, tmp_path: Path) -> None:
    async with wizard(home) as pilot:
        await open_package(pilot, damaged)
        await until(pilot, says(pilot, "Key file"), "the question")
        await asked(pilot, key_at(tmp_path / "k", KEY), "Package to read", "is damaged: the key fits")


@pytest.mark.parametrize("is_identity", [False, True])
async def test_a_key_that_is_gone_by_then_is_a_fault_and_t_asks_for_another(
    home: Home, package: Path, tmp_path: Path, *, is_identity: bool
) -> None:
    gone, mine = str(tmp_path / "gone"), identity()
    if is_identity:
        package = tmp_path / "users.bson.age"
        package.write_bytes(sealed(encode({"_id": 1}), recipients=[str(mine.to_public())]))
    good = str(key_at(tmp_path / "good", str(mine).encode() if is_identity else KEY))
    opener = Opener.IDENTITY if is_identity else Opener.KEY
    end = PackageEnd(str(package))
    async with wizard(home, Draft(opener.given(end, gone))) as pilot:
        await until(pilot, says(pilot, "cannot be read: No such file", "t asks for it"), "the fault")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskPath), "the question")
        await until(pilot, says(pilot, "✗ the", "cannot be read"), "why")
        await type_into(pilot, good)
        await until(pilot, source_is(pilot, opener.given(end, good)), "the source with the other file")
        await until(pilot, says(pilot, "✓ "), "what it is")
