"""Encrypted packages from the command to the database and back; neither secret nor plain bytes are seen anywhere."""

import asyncio
import os
import shutil
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from tests.cli.conftest import Cli, Ends
from tests.worker.scene import SLOW, Scene, make_plan
from tui_migrate.journal.states import RunState
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import PASSPHRASE_VARIABLE
from tui_migrate.plan.model import PackageEnd, Plan, RunKind, StoreEnd
from tui_migrate.worker import control, launch

WORD = "hunter2 OpenSesame8y4"
SEEN = b"OpenSesame8y4"  # other tests, which run beside these, have words of their own
MARK = b"PlainAsDay5z1"
"""Part of every document: it must be seen in the databases alone."""
PACKED = b"\x1f\x8b\x08\x00"
"""How gzip begins: what is under encryption is packed, and a mark in it would look otherwise."""

pytestmark = pytest.mark.slow


@pytest.fixture
def place(cli: Cli, ends: Ends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which all is written, temporary files too; at the end nothing in it has a secret in the clear."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.delenv(PASSPHRASE_VARIABLE, raising=False)
    ends.source_client[ends.database]["users"].update_many({}, {"$set": {"secret": MARK.decode()}})
    yield tmp_path
    nothing_is_seen(tmp_path)


def nothing_is_seen(folder: Path) -> None:
    for path in (one for one in folder.rglob("*") if one.is_file()):
        content = path.read_bytes()
        assert MARK not in content, path
        assert PACKED not in content, path
        assert WORD.encode() not in content, path
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.name == "team", path


def nothing_is_seen_of(pid: int) -> None:
    """Look at the worker as others may, at its temporary files that have no name, and at the words of all processes."""
    for name in ("cmdline", "environ", "comm", "status"):
        assert SEEN not in Path(f"/proc/{pid}/{name}").read_bytes()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        if one.readlink().name.endswith(" (deleted)"):
            assert MARK not in one.read_bytes()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes()
        except OSError:
            continue  # it has ended
        assert SEEN not in words, process


def keep_word(path: Path) -> Path:
    path.touch(0o600)
    path.write_text(WORD)
    return path


def export_plan(ends: Ends, path: Path) -> Plan:
    target = PackageEnd(str(path), PackageForm.ARCHIVE, with_passphrase=True)
    return make_plan(RunKind.EXPORT, StoreEnd(ends.database, url=ends.source), target, "users")


def import_plan(ends: Ends, path: Path) -> Plan:
    return make_plan(RunKind.IMPORT, PackageEnd(str(path)), StoreEnd(ends.database, url=ends.target), "users")


async def test_while_they_run_neither_passphrase_nor_plain_bytes_are_seen(cli: Cli, ends: Ends, place: Path) -> None:
    scene, path = Scene(cli.home), place / "shop.age"
    for plan in (export_plan(ends, path), import_plan(ends, path)):
        run_id = await scene.create(plan, SLOW)
        await launch.start(cli.home, run_id, {str(path): WORD})
        run = await scene.until_moving(run_id)
        assert run.worker_pid is not None
        nothing_is_seen_of(run.worker_pid)
        nothing_is_seen(place)
        await scene.let_go(run_id)
        assert (await scene.until_ended(run_id)).state is RunState.COMPLETED
        assert path.is_file()
    assert {one["secret"] for one in ends.target_documents("users")} == {MARK.decode()}


def test_what_is_looked_for_would_be_found(cli: Cli, ends: Ends, place: Path) -> None:
    package = place / "plain"
    assert cli.process("export", "--url", ends.source, "--output", "plain").code == 0
    with pytest.raises(AssertionError):
        nothing_is_seen(place)
    shutil.rmtree(package)
    nothing_is_seen(place)


async def test_a_run_that_was_broken_off_wants_its_passphrase_again(cli: Cli, ends: Ends, place: Path) -> None:
    scene, path = Scene(cli.home), place / "shop.age"
    run_id = await scene.create(export_plan(ends, path), SLOW)
    await launch.start(cli.home, run_id, {str(path): WORD})
    run = await scene.until_moving(run_id)
    assert run.worker_pid is not None
    os.kill(run.worker_pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        while control.has_worker(cli.home, run_id):
            await asyncio.sleep(0.01)
    await launch.start(cli.home, run_id, {})
    ended = await scene.until_ended(run_id)
    assert ended.state is RunState.FAILED
    assert ended.failure is not None
    assert ended.failure.code == "credentials_missing"
    assert not path.exists()
    await launch.start(cli.home, run_id, {str(path): WORD})
    await scene.let_go(run_id)
    assert (await scene.until_ended(run_id)).state is RunState.COMPLETED
    assert pyrage.passphrase.decrypt(path.read_bytes(), WORD).startswith(PACKED[:3])


def test_under_a_passphrase_by_commands(cli: Cli, ends: Ends, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = ("--url", ends.target, "--input", "shop.age")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, WORD)
    assert cli.process("export", "--url", ends.source, "--output", "shop.age", "--passphrase").code == 0
    assert cli.process("validate", "--input", "shop.age", "--json").code == 0
    assert cli.process("import", *package).code == 0
    assert len(ends.target_documents("users")) == 30
    assert cli.process("import", *package, "--dry-run").code == 0
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "another")
    done = cli.process("import", *package, "--json")
    assert (done.code, done.error["code"]) == (4, "wrong_key")
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    done = cli.process("validate", "--input", "shop.age", "--json")
    assert (done.code, done.error["code"]) == (4, "credentials_missing")


def test_for_recipients_by_commands(cli: Cli, ends: Ends, place: Path) -> None:
    mine = pyrage.x25519.Identity.generate()
    (place / "team").write_text(f"{mine.to_public()}\n")
    identity, other = place / "mine", place / "other"
    for path, key in ((identity, mine), (other, pyrage.x25519.Identity.generate())):
        path.touch(0o600)
        path.write_text(f"{key}\n")
    assert cli.process("export", "--url", ends.source, "--output", "shop.age", "--encrypt-to", "team").code == 0
    package = ("--url", ends.target, "--input", "shop.age")
    assert cli.process("validate", "--input", "shop.age", "--identity", "mine").code == 0
    done = cli.process("import", *package, "--identity", "other", "--json")
    assert (done.code, done.error["code"]) == (4, "wrong_key")
    done = cli.process("import", *package, "--json")
    assert (done.code, done.error["code"]) == (4, "credentials_missing")
    assert not ends.target_documents("users")
    assert cli.process("import", *package, "--identity", "mine").code == 0
    assert len(ends.target_documents("users")) == 30
    secret = str(mine).encode()
    for path in (one for one in cli.folder.rglob("*") if one.is_file()):
        assert secret not in path.read_bytes(), path


def test_a_plan_that_is_kept_has_no_passphrase(cli: Cli, ends: Ends, place: Path) -> None:
    word = keep_word(place / "word")
    words = ("--output", "shop.age", "--passphrase-file", str(word), "--save-plan", "plan.yaml")
    assert cli.process("export", "--url", ends.source, *words).code == 0
    word.unlink()
    assert "with_passphrase: true" in (place / "plan.yaml").read_text()
    done = cli.process("start", "plan.yaml", "--json")
    assert (done.code, done.error["code"]) == (4, "credentials_missing")
    assert "--passphrase-file" in done.error["hint"]
    keep_word(word)
    assert cli.process("start", "plan.yaml", "--passphrase-file", "word").code == 0
    (place / "plan.yaml").unlink()
    package = ("--url", ends.target, "--input", "shop.age", "--passphrase-file", "word")
    assert cli.process("import", *package, "--save-plan", "plan.yaml").code == 0
    assert cli.process("start", "plan.yaml", "--passphrase-file", "word").code == 0
    assert len(ends.target_documents("users")) == 30
    word.unlink()
    done = cli.process("rollback", "2", "--confirm", "--json")
    assert done.code == 0, "what takes an import back does not read the package"
    (place / "plan.yaml").unlink()


async def test_a_run_that_was_broken_off_goes_on_with_the_passphrase_of_a_file(
    cli: Cli, ends: Ends, place: Path
) -> None:
    scene, path, word = Scene(cli.home), place / "shop.age", keep_word(place / "word")
    for plan in (export_plan(ends, path), import_plan(ends, path)):
        run_id = await scene.create(plan)
        done = await asyncio.to_thread(cli.process, "resume", str(run_id), "--json")
        assert (done.code, done.error["code"]) == (4, "credentials_missing")
        word.chmod(0o644)
        words = ("resume", str(run_id), "--passphrase-file", "word", "--json")
        done = await asyncio.to_thread(cli.process, *words)
        assert (done.code, done.error["code"]) == (4, "credentials_missing")
        word.chmod(0o600)
        assert (await asyncio.to_thread(cli.process, *words)).code == 0
    assert len(ends.target_documents("users")) == 30
    word.unlink()


def test_a_damaged_package_is_not_a_wrong_passphrase(
    cli: Cli, ends: Ends, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, WORD)
    assert cli.process("export", "--url", ends.source, "--output", "shop.age", "--passphrase").code == 0
    path = place / "shop.age"
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:]):
        path.write_bytes(content)
        done = cli.process("import", "--url", ends.target, "--input", "shop.age", "--json")
        assert done.code == 4
        assert done.error["code"] != "wrong_key"
        assert "shop.age" in done.out
        assert "damaged at byte" in done.out
        assert cli.process("validate", "--input", "shop.age").code == 4
    assert not ends.target_documents("users")
