"""A password is used, and goes no further: no output, file, package or command line of a process has it."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

import pytest
from pymongo import MongoClient

from tests.conftest import _require_server
from tests.keyrings import FILE_VARIABLE
from tests.processes import killing_workers
from tests.servers import mongo_server
from tests.worker.scene import SLOW, Scene, make_plan
from tui_migrate.connections import Connection, parse_end, write
from tui_migrate.errors import CredentialsMissing
from tui_migrate.journal.states import RunState
from tui_migrate.paths import HOME_VARIABLE, Home
from tui_migrate.plan.ends import open_source
from tui_migrate.plan.model import Environment, Plan, RunKind, StoreEnd
from tui_migrate.worker import control, launch
from tui_migrate.worker.lock import holder

MARK = "OpenSesame7x3"
"""What is looked for: it looks the same in any encoding of the passwords that hold it."""

PASSWORD = f"p/@:%{MARK} ä"
WRONG = f"not {MARK}"
USER = "anna"
ROOT = Path(__file__).parent.parent
DOCUMENTS = 40

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a server that asks for the password; its database `shop` has users."""
    _require_server()
    storage = tmp_path_factory.mktemp("guarded")
    with mongo_server(storage=storage) as server:
        client: MongoClient[dict[str, object]] = MongoClient(server.url)
        client.admin.command({"createUser": USER, "pwd": PASSWORD, "roles": ["root"]})
        client.shop.users.insert_many({"_id": number} for number in range(DOCUMENTS))
        client.close()
    with mongo_server("--auth", storage=storage) as server:
        yield f"127.0.0.1:{server.port}"


@dataclass
class Guarded:
    """A home, what was said in it, and the ends of the server."""

    scene: Scene
    address: str
    target: str
    folder: Path
    said: list[str] = field(default_factory=list)

    def url(self, database: str, password: str = "") -> str:
        secret = f":{quote(password, safe='')}" if password else ""
        return f"mongodb://{USER}{secret}@{self.address}/{database}?authSource=admin"

    def end(self, database: str) -> StoreEnd:
        return StoreEnd(database, url=self.url(database))

    def passwords(self, password: str = PASSWORD) -> dict[str, str]:
        return {self.end(one).label: password for one in ("shop", self.target)}

    def command(self, *words: str, password: str = "") -> int:
        """Run a command line, with a password in the environment where one is given, and keep what it says."""
        environment = {**os.environ, HOME_VARIABLE: str(self.folder), "SHOP_PASSWORD": password}
        done = subprocess.run(
            [sys.executable, "-m", "tui_migrate", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            check=False,
        )
        self.said.extend((done.stdout, done.stderr))
        assert "Traceback" not in done.stderr
        return done.returncode

    def copy(self) -> Plan:
        return make_plan(RunKind.COPY, self.end("shop"), self.end(self.target))


@pytest.fixture
def guarded(address: str, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Guarded]:
    """Whatever a test does with it, at its end nothing that was said or written has the password."""
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    found = Guarded(Scene(Home.find(tmp_path / "home")), address, database, tmp_path / "home")
    with killing_workers(found.scene.home):
        yield found
        for path in (one for one in tmp_path.rglob("*") if one.is_file()):
            assert not has_mark(path), path
        for text in found.said:
            assert MARK not in text
        for lock in found.scene.home.runs.glob("*/lock"):
            assert holder(lock) is None
    client: MongoClient[dict[str, object]] = MongoClient(found.url("admin", PASSWORD))
    client.drop_database(found.target)
    client.close()


def has_mark(path: Path) -> bool:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return MARK.encode() in content or MARK in path.name


def process_texts(pid: int) -> dict[str, bytes]:
    """What others can see of a process, and what it hands on to its children."""
    return {name: Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ", "comm", "status")}


async def test_a_worker_gets_passwords_by_its_standard_input_alone(guarded: Guarded) -> None:
    scene = guarded.scene
    run_id = await scene.create(guarded.copy(), SLOW)
    await launch.start(scene.home, run_id, guarded.passwords())
    run = await scene.until_moving(run_id)
    assert run.worker_pid is not None
    for name, content in process_texts(run.worker_pid).items():
        assert content
        assert MARK.encode() not in content, name
    await scene.let_go(run_id)
    assert (await scene.until_ended(run_id)).state is RunState.COMPLETED
    rollback_id = await launch.create_rollback(scene.home, run_id)
    await launch.start(scene.home, rollback_id, guarded.passwords())
    assert (await scene.until_ended(rollback_id)).state is RunState.COMPLETED


@pytest.mark.parametrize(
    ("password", "code"), [(WRONG, "authentication_failed"), ("", "credentials_missing")], ids=["wrong", "missing"]
)
async def test_a_worker_says_nothing_of_a_wrong_password(guarded: Guarded, password: str, code: str) -> None:
    scene = guarded.scene
    run_id = await scene.create(guarded.copy())
    await launch.start(scene.home, run_id, guarded.passwords(password) if password else {})
    run = await scene.until_ended(run_id)
    assert run.state is RunState.FAILED
    assert run.failure is not None
    assert run.failure.code == code
    assert "Traceback" in scene.home.run(run_id).worker_log.read_text()
    await launch.start(scene.home, run_id, guarded.passwords())
    assert (await scene.until_ended(run_id)).state is RunState.COMPLETED


async def test_a_password_in_a_url_is_taken_out_before_anything_else_sees_it(guarded: Guarded) -> None:
    end, password = parse_end(guarded.url("shop", PASSWORD), guarded.scene.home)
    assert (end, password) == (guarded.end("shop"), PASSWORD)
    with pytest.raises(CredentialsMissing) as caught:
        open_source(end, guarded.scene.home, {})
    guarded.said.extend((caught.value.message, caught.value.hint, repr(end)))
    await guarded.scene.create(replace(guarded.copy(), source=end, description=guarded.url("shop")))


def test_a_password_in_the_urls_of_commands(guarded: Guarded, tmp_path: Path) -> None:
    shop, target = guarded.url("shop", PASSWORD), guarded.url(guarded.target, PASSWORD)
    package = str(tmp_path / "package")
    assert guarded.command("list-collections", "--url", shop) == 0
    assert guarded.command("export", "--url", shop, "--output", package, "--description", f"of {shop}") == 0
    assert guarded.command("import", "--url", target, "--input", package, "--json") == 0
    assert guarded.command("copy", "--source", shop, "--target", target) == 0
    words = ("--source", shop, "--target", target, "--description", shop, "--save-plan", str(tmp_path / "plan.yaml"))
    assert guarded.command("copy", *words) == 0
    assert guarded.command("history", "--json") == 0
    assert guarded.command("status", "3") == 0
    assert guarded.command("validate", "--input", package) in (0, 2)
    assert any("warning: a password on the command line" in text for text in guarded.said)


def test_a_url_with_its_password_where_a_path_is_wanted(guarded: Guarded, tmp_path: Path) -> None:
    url = guarded.url("shop", PASSWORD)
    assert guarded.command("start", url) == 2
    assert guarded.command("import", "--url", url, "--input", url) == 2
    assert guarded.command("export", "--url", url, "--output", url) == 4
    assert guarded.command("copy", "--source", url, "--target", url, "--save-plan", url, "--json") == 1
    assert guarded.command("list-collections", "--home", url, "--url", "nowhere") == 2


async def test_a_plan_that_quotes_a_password_is_recorded_without_it(guarded: Guarded) -> None:
    quoting = f"as before: {guarded.url('shop', PASSWORD)}"
    run_id = await launch.create_run(guarded.scene.home, replace(guarded.copy(), description=quoting))
    shown = quoting.replace(quote(PASSWORD, safe=""), "***")
    assert (await guarded.scene.read(run_id)).description == shown


def test_a_wrong_password_in_the_urls_of_commands(guarded: Guarded, tmp_path: Path) -> None:
    wrong, right = guarded.url("shop", WRONG), guarded.url("shop", PASSWORD)
    target = guarded.url(guarded.target, WRONG)
    for words in (
        ("list-collections", "--url", wrong),
        ("export", "--url", wrong, "--output", str(tmp_path / "package")),
        ("copy", "--source", right, "--target", target),
        ("copy", "--source", right, "--target", target, "--json"),
    ):
        assert guarded.command(*words) == 1
    raw = f"mongodb://{USER}:{PASSWORD}@{guarded.address}/shop"
    assert guarded.command("copy", "--source", raw, "--target", target) == 2
    assert guarded.command("history") == 0


def test_a_password_in_the_environment_and_one_in_a_file(guarded: Guarded, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    write(
        guarded.scene.home,
        [
            Connection("here", guarded.url("shop"), Environment.DEVELOPMENT, "SHOP_PASSWORD"),
            Connection("there", guarded.url(guarded.target), Environment.DEVELOPMENT, password_file=str(secret)),
        ],
    )
    ends = ("--source", "here/shop", "--target", f"there/{guarded.target}")
    try:
        assert guarded.command("copy", *ends, password=WRONG) == 1
        assert guarded.command("copy", *ends) == 4
        assert guarded.command("copy", *ends, password=PASSWORD) == 0
        assert guarded.command("rollback", "1", "--confirm", password=PASSWORD) == 0
        assert guarded.command("status", "1", "--json") == 0
        secret.chmod(0o644)
        assert guarded.command("copy", *ends, password=PASSWORD) == 4
        secret.chmod(0o600)
        secret.write_text(WRONG)
        assert guarded.command("copy", *ends, password=PASSWORD) == 1
    finally:
        secret.unlink()


def test_a_password_in_the_keyring(
    guarded: Guarded, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path_factory.mktemp("keyring") / "entries"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.keyrings.FileKeyring")
    monkeypatch.setenv(FILE_VARIABLE, str(kept))
    named = Connection("here", guarded.url("shop"), Environment.DEVELOPMENT, keyring=True)
    write(guarded.scene.home, [named, replace(named, name="there", url=guarded.url(guarded.target))])
    ends = ("copy", "--source", "here/shop", "--target", f"there/{guarded.target}")
    try:
        for password, code in ((PASSWORD, 0), (WRONG, 1)):
            accounts = [f"tui-migrate:{name}/{USER}" for name in ("here", "there")]
            kept.write_text(json.dumps(dict.fromkeys(accounts, password)))
            assert guarded.command(*ends) == code
        kept.write_text("{}")
        assert guarded.command(*ends) == 4
        assert "the system keyring has no password of here/anna" in guarded.said[-1]
        kept.write_text(f"no JSON: {PASSWORD}")
        assert guarded.command(*ends) == 4
    finally:
        kept.unlink()


async def test_what_is_looked_for_would_be_found(guarded: Guarded) -> None:
    scene = guarded.scene
    run_id = await scene.create(replace(guarded.copy(), description=MARK))
    assert has_mark(scene.home.journal)
    await control.delete(scene.home, run_id)
    scene.home.journal.unlink()
