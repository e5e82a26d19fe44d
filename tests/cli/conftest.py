"""Calling the command line in this process, with a home of its own, and what holds for every such call."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pymongo import MongoClient

from tests import unprivileged
from tests.processes import killing_workers
from tests.servers import mongo_server
from tui_migrate.cli.app import main
from tui_migrate.paths import HOME_VARIABLE, Home

PASSWORD = "hunter2/@:x"
ENCODED = "hunter2%2F%40%3Ax"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, object]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def error(self) -> dict[str, str]:
        found = self.document["error"]
        assert isinstance(found, dict)
        return found


class Cli:
    """Runs commands on one home; no output may hold a password, a traceback or a control character."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.home = Home.find(folder)
        self._capsys = capsys

    def __call__(self, *words: str) -> Done:
        self._capsys.readouterr()
        code = main(self._with_home(words))
        out, err = self._capsys.readouterr()
        return _checked(Done(code, out, err))

    def process(self, *words: str, modes_hold: bool = False) -> Done:
        """Run a command in a process of its own; `modes_hold` says that file modes bind it even if it is root's."""
        wrapper = [sys.executable, unprivileged.__file__] if modes_hold else []
        command = [*wrapper, sys.executable, "-m", "tui_migrate", *self._with_home(words)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
        return _checked(Done(done.returncode, done.stdout, done.stderr))

    def _with_home(self, words: Sequence[str]) -> list[str]:
        return [*words[:1], "--home", str(self.folder), *words[1:]]

    def refused(self, *words: str, code: int, said: str, hint: str, error: str, apart: bool = False) -> None:
        """Expect a one-line error with its hint, in text and, the same, in JSON; `apart` in processes of their own."""
        run = self.process if apart else self.__call__
        plain = run(*words)
        lines = [line for line in plain.err.splitlines() if not line.startswith(("run ", "tui-migrate: warning: "))]
        assert (plain.code, plain.out) == (code, "")
        assert len(lines) == 2, plain.err
        assert lines[0].startswith("tui-migrate: error: ")
        assert said in lines[0]
        assert lines[1].startswith("  → ")
        assert hint in lines[1]
        as_json = run(*words, "--json")
        assert as_json.code == code
        assert as_json.error["code"] == error
        assert f"tui-migrate: error: {as_json.error['message']}" == lines[0]
        assert f"  → {as_json.error['hint']}" == lines[1]

    def leaves_no_password(self) -> None:
        """Look through every file of the home."""
        for path in self.folder.rglob("*"):
            if path.is_file():
                assert b"hunter2" not in path.read_bytes(), path


def _checked(done: Done) -> Done:
    for text in (done.out, done.err):
        assert "Traceback" not in text
        assert not _CONTROL.search(text)
        assert "hunter2" not in text
    return done


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    runner = Cli(tmp_path / "home", capsys)
    with killing_workers(runner.home):
        yield runner
        runner.leaves_no_password()


@dataclass(frozen=True)
class Ends:
    """A source with data and a target, both databases of real servers."""

    source: str
    target: str
    source_client: "MongoClient[dict[str, object]]"
    target_client: "MongoClient[dict[str, object]]"
    database: str

    def fill_target(self, collection: str, documents: list[dict[str, object]]) -> None:
        self.target_client[self.database][collection].insert_many(documents)

    def target_documents(self, collection: str) -> list[dict[str, object]]:
        return list(self.target_client[self.database][collection].find(sort=[("_id", 1)]))


@pytest.fixture
def ends(mongodb_pair: tuple[str, str], database: str) -> Iterator[Ends]:
    """`users` with 30 documents, `families` with 5 and the view `grown` in the source; nothing in the target."""
    source, target = (MongoClient[dict[str, object]](url) for url in mongodb_pair)
    source[database]["users"].insert_many({"_id": number, "age": number} for number in range(30))
    source[database]["families"].insert_many({"_id": number} for number in range(5))
    source[database].command({"create": "grown", "viewOn": "users", "pipeline": [{"$match": {"age": {"$gt": 17}}}]})
    first, second = (f"{url.rstrip('/')}/{database}" for url in mongodb_pair)
    yield Ends(first, second, source, target, database)
    for client in (source, target):
        client.drop_database(database)
        client.close()


@pytest.fixture(scope="session")
def guarded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that asks for PASSWORD: `reader` may read the database `shop`, `writer` may read and write it."""
    storage = tmp_path_factory.mktemp("guarded")
    with mongo_server(storage=storage) as server:
        client: MongoClient[dict[str, object]] = MongoClient(server.url)
        for user, role in (("reader", "read"), ("writer", "readWrite")):
            client.admin.command({"createUser": user, "pwd": PASSWORD, "roles": [{"role": role, "db": "shop"}]})
        client.shop.users.insert_many({"_id": number} for number in range(10))
        client.close()
    with mongo_server("--auth", storage=storage) as server:
        yield f"127.0.0.1:{server.port}/shop?authSource=admin"


def copy(ends: Ends, *words: str) -> tuple[str, ...]:
    return ("copy", "--source", ends.source, "--target", ends.target, *words)
