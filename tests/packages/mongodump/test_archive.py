import asyncio
from pathlib import Path

import pytest

from tests.packages.mongodump import writers
from tests.packages.mongodump.reading import findings, package, read_all
from tui_migrate.findings import Severity
from tui_migrate.packages import block_index
from tui_migrate.packages.content import FileContent
from tui_migrate.packages.index_build import IndexBuild
from tui_migrate.packages.mongodump.archive import Archive
from tui_migrate.packages.package import ReadOptions

USERS = writers.numbered(0, 9, 10)


def test_what_belongs_to_the_server_is_left_out_by_name(tmp_path: Path) -> None:
    parts = [
        writers.MAGIC,
        writers.head([])[4:-4],
        writers.entry("", "oplog", "", ""),
        writers.entry("admin", "system.users", "", ""),
        writers.entry("shop", "$admin.system.roles", "", ""),
        writers.entry("shop", "weather", writers.metadata("weather", type="timeseries"), "timeseries"),
        writers.entry("shop", "users"),
        writers.entry("shop", "bare", "", ""),
        writers.END,
    ]
    for database, name in (
        ("shop", "users"),
        ("", "oplog"),
        ("admin", "system.users"),
        ("shop", "$admin.system.roles"),
        ("shop", "system.buckets.weather"),
        ("shop", "bare"),
    ):
        parts.extend((writers.block(database, name, USERS), writers.ending(database, name, USERS)))
    path = tmp_path / "dump"
    path.write_bytes(b"".join(parts))
    found = findings(path)
    assert {one.severity for one in found} == {Severity.WARNING}
    assert sorted(one.code for one in found) == [
        "metadata_missing",
        "oplog_left_out",
        "system_left_out",
        "timeseries_left_out",
        "users_left_out",
    ]
    assert read_all(path) == {"users": USERS, "bare": USERS}


def test_the_checksums_of_other_databases_count_too(tmp_path: Path) -> None:
    content = writers.archive({"shop": {"users": USERS}, "other": {"things": USERS}})
    path = tmp_path / "dump"
    path.write_bytes(content)
    assert findings(path, "shop") == ()
    at = content.index(b"xxx", content.index(writers.END) + 700)
    hit = content[:at] + b"y" + content[at + 1 :]
    path.write_bytes(hit)
    assert {one.code for one in findings(path, "shop")} | {one.code for one in findings(path, "other")} == {
        "checksum_differs"
    }
    assert len(findings(path, "shop")) == len(findings(path, "other")) == 1


def test_a_view_may_have_an_ending_and_no_documents(tmp_path: Path) -> None:
    text = writers.metadata("recent", type="view", options={"viewOn": "users", "pipeline": []}, indexes=[])
    head = writers.MAGIC + writers.head([])[4:-4] + writers.entry("shop", "recent", text, "view")
    head += writers.entry("shop", "users") + writers.END + writers.ending("shop", "users", [])
    path = tmp_path / "dump"
    path.write_bytes(head + writers.ending("shop", "recent", []))
    assert findings(path) == ()
    path.write_bytes(head + writers.block("shop", "recent", USERS) + writers.ending("shop", "recent", USERS))
    assert [one.code for one in findings(path)] == ["view_with_documents"]


def test_blocks_of_others_are_not_read_again_where_they_are_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block_index, "MAX_GAP", 1_000)
    databases = {"shop": {"users": writers.numbered(0, 20, 10), "large": writers.numbered(0, 20, 5_000)}}
    path = tmp_path / "dump"
    path.write_bytes(writers.archive(databases, turn=2))
    build = IndexBuild(Archive(path, FileContent(path), ReadOptions()))
    while not build.go_on():
        pass
    build.close()
    blocks = build.collections()["users"].blocks
    assert len(blocks) == 10
    assert all(blocks[number].length < 200 for number in range(10))
    assert read_all(path)["users"] == databases["shop"]["users"]


def test_progress_goes_up_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(writers.archive({"shop": {"users": writers.numbered(0, 50, 100)}}))
    told: list[tuple[int, int]] = []
    asyncio.run(package(path).check(lambda done, total: told.append((done, total))))
    assert told == sorted(told)
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
