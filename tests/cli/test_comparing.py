import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from pymongo import MongoClient

from tests.cli.conftest import Cli, Ends
from tests.packages.samples import numbered, small_tar, write_package
from tui_migrate.cli.comparing import is_package
from tui_migrate.cli.reading import comparing_text
from tui_migrate.connections import Connection, write
from tui_migrate.errors import UsageError
from tui_migrate.failpoints import VARIABLE
from tui_migrate.plan.model import Policy, RunKind
from tui_migrate.plan.yaml_form import from_yaml


def copied(ends: Ends) -> None:
    for name in ("users", "families"):
        ends.fill_target(name, list(ends.source_client[ends.database][name].find()))
    pipeline = [{"$match": {"age": {"$gt": 17}}}]
    ends.target_client[ends.database].command({"create": "grown", "viewOn": "users", "pipeline": pipeline})


def facts(document: dict[str, object]) -> dict[str, object]:
    listed = document["facts"]
    assert isinstance(listed, list)
    return {one["name"]: one["value"] for one in listed}


@pytest.mark.slow
def test_equal_databases_are_equal_and_every_change_is_told(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    copied(ends)
    same = cli("compare", ends.source, ends.target)
    assert (same.code, same.err) == (0, "")
    assert "✓ Comparison" in same.out
    target = ends.target_client[ends.database]
    target["users"].update_one({"_id": 3}, {"$set": {"age": 3.0}})
    target["users"].delete_one({"_id": 4})
    target["users"].create_index("age")
    target["extra"].insert_one({"_id": 1})
    for ending in ("json", "md", "html", "txt"):
        done = cli("compare", ends.source, ends.target, "-o", str(tmp_path / f"report.{ending}"), "--json")
        assert done.code == 3
        assert done.err == f"the report is in {tmp_path / f'report.{ending}'}\n"
    found = facts(done.document)
    assert (found["outcome"], found["equal"], found["different"]) == ("different", 33, 1)
    assert (found["only in A"], found["only in B"]) == (1, 1)
    text = (tmp_path / "report.txt").read_text()
    for said in ("age_1", "only in B", '{"$numberDouble": "3.0"}', "extra: it is only in B"):
        assert said in text
    assert json.loads((tmp_path / "report.json").read_text())["title"] == "Comparison of two ends"
    assert not list((cli.folder / "state" / "comparisons").iterdir())


@pytest.mark.slow
def test_a_database_equals_the_packages_that_were_made_of_it(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    paths = [tmp_path / "folder", tmp_path / "one.tar", tmp_path / "one.archive"]
    for path, form in zip(paths, ("native", "tar", "archive"), strict=True):
        assert cli("export", "--url", ends.source, "--output", str(path), "--format", form).code == 0
        assert cli("compare", ends.source, str(path)).code == 0
    assert cli("compare", str(paths[0]), str(paths[1]), "--fast").code == 0
    ends.source_client[ends.database]["families"].insert_one({"_id": 99})
    done = cli("compare", str(paths[2]), ends.source, "--json")
    assert (done.code, facts(done.document)["only in B"]) == (3, 1)


def test_progress_is_told_in_documents() -> None:
    assert comparing_text(5_000, 10_000) == "comparing   50.0 %  5,000 of about 10,000 documents"


def test_fast_with_a_database_does_not_say_equal(cli: Cli, ends: Ends) -> None:
    copied(ends)
    done = cli("compare", ends.source, ends.target, "--fast")
    assert done.code == 3
    assert "not proved to be equal" in done.out
    assert "content not compared" in done.out
    assert cli("compare", ends.source, ends.target, "--collections", "grown", "--fast").code == 0


@pytest.mark.slow
def test_a_plan_is_written_for_the_collections_that_differ(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    copied(ends)
    ends.target_client[ends.database]["users"].insert_one({"_id": 77})
    ends.target_client[ends.database]["extra"].insert_one({"_id": 1})
    path = tmp_path / "plan.yaml"
    done = cli("compare", ends.source, ends.target, "--plan", str(path))
    assert done.code == 3
    assert "B alone has extra" in done.err
    plan = from_yaml(path.read_text(), "plan")
    assert (plan.kind, plan.policy, plan.mirror) == (RunKind.COPY, Policy.OVERWRITE, True)
    assert [one.name for one in plan.collections] == ["users"]
    assert cli("compare", ends.source, ends.target, "--plan", str(path)).code == 2
    package = tmp_path / "package.tar"
    small_tar(package)
    done = cli("compare", str(package), ends.target, "--plan", str(tmp_path / "import.yaml"))
    plan = from_yaml((tmp_path / "import.yaml").read_text(), "plan")
    assert (done.code, plan.kind) == (3, RunKind.IMPORT)
    equal = cli("compare", ends.source, ends.source, "--plan", str(tmp_path / "none.yaml"))
    assert (equal.code, (tmp_path / "none.yaml").exists()) == (0, False)
    assert "was not written" in equal.err


def test_a_plan_cannot_change_a_package(cli: Cli, tmp_path: Path) -> None:
    small_tar(tmp_path / "one.tar")
    words = ("compare", str(tmp_path / "one.tar"), str(tmp_path / "one.tar"), "--plan", str(tmp_path / "plan.yaml"))
    cli.refused(*words, code=2, said="never changed", hint="second", error="usage")


@pytest.mark.parametrize("option", ["--output", "--plan"])
def test_a_folder_that_is_not_there_is_told_before_anything_is_read(cli: Cli, option: str) -> None:
    gone = "mongodb://127.0.0.1:1/shop"
    words = ("compare", gone, gone, option, "nowhere/made.json")
    cli.refused(*words, code=2, said="no folder nowhere", hint="make it", error="usage")


def test_a_word_is_a_database_or_a_package_and_never_either(cli: Cli, tmp_path: Path) -> None:
    write(cli.home, [Connection("shop", "mongodb://127.0.0.1:1/shop")])
    (tmp_path / "dump").mkdir()
    (tmp_path / "shop").mkdir()
    for text in ("mongodb://h/db", "memory:a", "other", "shop/db", "other/db"):
        assert not is_package(text, cli.home)
    for text in ("dump", "./shop", "../x", "/x/y", "~/x", "gone.tar", "a/b/c", str(tmp_path)):
        assert is_package(text, cli.home)
    with pytest.raises(UsageError, match="package of that name") as caught:
        is_package("shop", cli.home)
    assert "./shop" in caught.value.hint
    with pytest.raises(UsageError, match="pipe"):
        is_package("-", cli.home)
    cli.refused("compare", "dump", "nobody", code=2, said="no connection nobody", hint="URL", error="usage")
    cli.refused("compare", "gone.tar", "gone.tar", code=2, said="gone.tar", hint="path", error="usage")


def two_packages(folder: Path) -> list[str]:
    async def make() -> None:
        for name, last in (("left", 12_000), ("right", 11_990)):
            batches = [numbered(start, min(start + 1_000, last)) for start in range(0, 12_000, 1_000)]
            await write_package(folder / name, {"a": [numbered(0, 10)], "b": batches, "c": [numbered(0, 10)]})

    import asyncio

    asyncio.run(make())
    return [str(folder / "left"), str(folder / "right")]


def without_time(document: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in document.items() if name != "made_at"}


@pytest.mark.slow
@pytest.mark.parametrize("marks", [1, 2, 3])
def test_a_comparison_that_was_killed_is_resumed_to_an_equal_result(cli: Cli, tmp_path: Path, marks: int) -> None:
    ends = two_packages(tmp_path)
    whole = cli("compare", *ends, "--json")
    assert whole.code == 3
    words = ["compare", "--home", str(cli.folder), *ends, "--parallel", "1", "--json"]
    killed = subprocess.run(
        [sys.executable, "-m", "tui_migrate", *words],
        env=os.environ | {VARIABLE: f"compare.after_mark:{marks}"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    (state,) = (cli.folder / "state" / "comparisons").glob("*.sqlite")
    assert state.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(state) as database:
        ((counted,),) = database.execute("SELECT sum(equal) FROM parts").fetchall()
    database.close()
    assert counted >= 10
    resumed = cli("compare", *ends, "--resume", "--json")
    assert "going on with" in resumed.err
    assert without_time(resumed.document) == without_time(whole.document)
    assert "no earlier comparison" in cli("compare", *ends, "--resume").err


@pytest.mark.slow
def test_a_package_that_changed_is_compared_anew(cli: Cli, tmp_path: Path) -> None:
    ends = two_packages(tmp_path)
    subprocess.run(
        [sys.executable, "-m", "tui_migrate", "compare", "--home", str(cli.folder), *ends],
        env=os.environ | {VARIABLE: "compare.after_mark:2"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    os.utime(tmp_path / "left" / "manifest.json", (1, 1))
    done = cli("compare", *ends, "--resume")
    assert "it begins anew" in done.err
    assert done.code == 3


def test_what_was_compared_before_a_failure_is_kept_and_a_slip_leaves_nothing(cli: Cli, tmp_path: Path) -> None:
    ends = two_packages(tmp_path)
    assert cli("compare", *ends, "--collections", "nobody").code == 2
    assert not list((cli.folder / "state" / "comparisons").iterdir())
    data = next((tmp_path / "right").rglob("c.bson.gz"))
    data.write_bytes(data.read_bytes()[:-1])
    done = cli("compare", *ends, "--parallel", "1")
    assert done.code == 4
    assert "--resume goes on" in done.err
    assert "Traceback" not in done.err
    assert len(list((cli.folder / "state" / "comparisons").glob("*.sqlite"))) == 1


def test_an_operator_who_stops_it_is_told_how_to_go_on(cli: Cli, tmp_path: Path) -> None:
    small_tar(tmp_path / "one.tar")

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with patch("tui_migrate.comparison.compare.choose", stop):
        done = cli("compare", str(tmp_path / "one.tar"), str(tmp_path / "one.tar"))
    assert done.code == 130
    assert "--resume" in done.err


def test_nothing_is_written_to_either_end(cli: Cli, ends: Ends) -> None:
    copied(ends)
    clients: list[MongoClient[dict[str, object]]] = [ends.source_client, ends.target_client]
    before = [one[ends.database].command("dbStats")["objects"] for one in clients]
    cli("compare", ends.source, ends.target)
    assert [one[ends.database].command("dbStats")["objects"] for one in clients] == before


def states(ends: Ends, *names: str) -> dict[str, bytes]:
    """The bytes of the target's collections, in the order of their ids."""
    database = ends.target_client[ends.database]
    batches = {name: database[name].find_raw_batches(sort=[("_id", 1)]) for name in names}
    return {name: b"".join(some) for name, some in batches.items()}  # type: ignore[arg-type] # they are bytes


def made_different(ends: Ends) -> None:
    """Give the target documents more, fewer and other ones, an index, a validator and a collection of its own."""
    copied(ends)
    target = ends.target_client[ends.database]
    target["users"].update_one({"_id": 3}, {"$set": {"age": 3.0}})
    target["users"].delete_many({"_id": {"$in": [4, 5]}})
    target["users"].insert_many([{"_id": 77, "age": 1}, {"_id": "odd"}])
    target["users"].create_index("age")
    target["families"].drop()
    ends.source_client[ends.database]["families"].create_index("n", unique=True, sparse=True)
    target["extra"].insert_one({"_id": 1})


@pytest.mark.slow
@pytest.mark.parametrize("is_package", [False, True], ids=["database", "package"])
def test_the_plan_of_a_comparison_makes_equal_what_differs_and_is_taken_back(
    cli: Cli, ends: Ends, tmp_path: Path, is_package: bool
) -> None:
    made_different(ends)
    source, plan = ends.source, str(tmp_path / "equal.yaml")
    if is_package:
        source = str(tmp_path / "package")
        assert cli("export", "--url", ends.source, "--output", source).code == 0
    words = ("compare", source, ends.target, "--collections", "users", "families", "grown")
    before, first = states(ends, "users", "families"), cli(*words, "--plan", plan, "--json")
    assert (first.code, facts(first.document)["outcome"]) == (3, "different")
    shown = cli("start", plan, "--dry-run", "--json")
    assert (shown.code, states(ends, "users", "families")) == (0, before)
    done = cli("start", plan, "--json")
    assert done.code == 0, done.err
    again = cli(*words, "--json")
    assert (again.code, facts(again.document)["outcome"], facts(again.document)["equal"]) == (0, "equal", 35)
    assert ends.target_documents("extra") == [{"_id": 1}]
    undone = cli("rollback", str(done.document["id"]), "--confirm")
    assert undone.code == 0, undone.err
    assert states(ends, "users", "families") == before
    last = cli(*words, "--json")
    assert without_time(last.document) == without_time(first.document)
