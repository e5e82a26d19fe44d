"""Which backups go when they are old, and how one is taken away."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.errors import StorageFailed
from tui_migrate.journal import backups as writing
from tui_migrate.journal.backup_records import BackupRecord
from tui_migrate.journal.session import open_both
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.packages import files
from tui_migrate.paths import Home, make_private_folder
from tui_migrate.plan.model import Environment
from tui_migrate.worker import pruning
from tui_migrate.worker.backups import Backup, BackupStatus
from tui_migrate.worker.pruning import DAY, Stays, choose

NOW = 1_769_860_800.0
"""2026-01-31T12:00:00Z"""


def backup(
    name: str,
    age: float,
    status: BackupStatus = BackupStatus.GOOD,
    *,
    places: tuple[str, ...] = ("mongodb:a/shop",),
    owner: str = "",
    collections: tuple[str, ...] = (),
    needed_by: int = 0,
    path: str = "",
) -> Backup:
    record = BackupRecord(
        name,
        NOW - age * DAY,
        path or f"/backups/{name}.tar",
        "prod/shop",
        "prod",
        places,
        Environment.PRODUCTION,
        owner,
        collections or ("users", "families"),
        is_whole=not (collections or owner),
        run_id=1,
    )
    return Backup(record, status, 10, needed_by)


def fates(*backups: Backup, days: int = 30, keep: int = 1) -> dict[str, Stays | None]:
    newest_first = sorted(backups, key=lambda one: -one.record.created_at)
    return {one.backup.name: one.stays for one in choose(newest_first, NOW, days, keep)}


def test_what_is_older_than_so_many_days_goes_and_the_newest_stay() -> None:
    some = [backup(f"b{age}", age) for age in (1, 29, 30, 31, 100, 200)]
    assert fates(*some) == {
        "b1": Stays.LAST_GOOD,
        "b29": Stays.YOUNG,
        "b30": Stays.YOUNG,
        "b31": None,
        "b100": None,
        "b200": None,
    }
    kept = fates(*some, days=0, keep=3)
    assert [name for name, stays in kept.items() if stays is None] == ["b31", "b100", "b200"]


def test_only_good_ones_count() -> None:
    found = fates(
        backup("damaged", 1, BackupStatus.FAULTY),
        backup("missing", 2, BackupStatus.MISSING),
        backup("given-up", 3, BackupStatus.GIVEN_UP),
        backup("good", 50),
        backup("older", 60),
        days=0,
    )
    assert found == {"damaged": None, "missing": None, "given-up": None, "good": Stays.LAST_GOOD, "older": None}


def test_the_last_one_without_findings_stays_beside_the_last_good_one() -> None:
    found = fates(backup("new", 40, BackupStatus.WITH_FINDINGS), backup("clean", 50), backup("older", 60))
    assert found == {"new": Stays.LAST_GOOD, "clean": Stays.LAST_WITHOUT_FINDINGS, "older": None}


def test_what_a_run_needs_or_still_makes_stays() -> None:
    found = fates(
        backup("new", 1),
        backup("needed", 90, needed_by=7),
        backup("being-made", 91, BackupStatus.RUNNING),
        backup("broken-off", 92, BackupStatus.INTERRUPTED),
    )
    assert found["needed"] is Stays.NEEDED
    assert found["being-made"] is found["broken-off"] is Stays.UNFINISHED


def test_no_backup_stands_for_another_source_user_or_choice_of_collections() -> None:
    some = [
        backup("all", 50),
        backup("other-database", 60, places=("mongodb:a/other",)),
        backup("other-server", 61, places=("mongodb:z/shop",)),
        backup("one-user", 62, owner='"anna"'),
        backup("other-user", 63, owner='"bert"'),
        backup("users", 64, collections=("users",)),
        backup("families", 65, collections=("families",)),
    ]
    assert set(fates(*some).values()) == {Stays.LAST_GOOD}


def test_a_database_with_several_names_is_one_source() -> None:
    found = fates(
        backup("new", 40, places=("mongodb:a/shop", "mongodb:b/shop")),
        backup("old", 50, places=("mongodb:b/shop", "mongodb:c/shop")),
        backup("older", 60, places=("mongodb:c/shop",)),
    )
    assert found == {"new": Stays.LAST_GOOD, "old": None, "older": None}


statuses = st.sampled_from(BackupStatus)
some_backups = st.lists(
    st.tuples(st.integers(0, 100), statuses, st.sampled_from(["a", "b"]), st.integers(0, 1)), max_size=12
).map(
    lambda drawn: [
        backup(f"b{place}", age, status, places=(f"mongodb:{server}/shop",), needed_by=needed)
        for place, (age, status, server, needed) in enumerate(drawn)
    ]
)


@given(some_backups, st.integers(0, 60), st.integers(1, 4))
def test_of_every_source_as_many_good_ones_stay_as_are_wanted_and_nothing_young_or_needed_goes(
    some: list[Backup], days: int, keep: int
) -> None:
    found = fates(*some, days=days, keep=keep)
    for one in some:
        if found[one.name] is None:
            assert one.record.created_at < NOW - days * DAY
            assert not one.needed_by
            assert one.status not in (BackupStatus.RUNNING, BackupStatus.INTERRUPTED)
    for server in ("a", "b"):
        good = [one for one in some if one.is_good and one.record.places == (f"mongodb:{server}/shop",)]
        stay = [one for one in good if found[one.name] is not None]
        assert len(stay) >= min(keep, len(good))
        newest = sorted(good, key=lambda one: -one.record.created_at)[:1]
        assert all(found[one.name] is not None for one in newest)


@pytest.fixture
async def home(tmp_path: Path) -> Home:
    found = Home.find(tmp_path / "home")
    found.prepare()
    make_private_folder(found.backups)
    await (await JournalWriter.open(found.journal)).close()
    return found


async def recorded(home: Home, name: str, path: Path) -> Backup:
    made = backup(name, 1, path=str(path))
    async with open_both(home.journal) as (journal, _):
        await writing.add_backup(journal, made.record)
    return made


async def names(home: Home) -> list[str]:
    async with open_both(home.journal) as (_, reader):
        return [one.name for one in await reader.backups()]


async def test_file_and_record_go(home: Home) -> None:
    path = home.backups / "a.tar"
    path.write_text("a")
    (home.backups / "b.tar").write_text("b")
    await pruning.remove(home, await recorded(home, "a", path))
    assert [one.name for one in home.backups.iterdir()] == ["b.tar"]
    assert await names(home) == []


async def test_the_name_is_gone_for_good_before_the_record_is(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.backups / "a.tar"
    path.write_text("a")
    made = await recorded(home, "a", path)
    seen: list[bool] = []
    monkeypatch.setattr(files, "sync", lambda _: seen.append(path.exists()))

    async def remove_backup(journal: JournalWriter, name: str) -> None:
        assert seen == [False]
        await real(journal, name)

    real = writing.remove_backup
    monkeypatch.setattr(writing, "remove_backup", remove_backup)
    await pruning.remove(home, made)
    assert await names(home) == []


async def test_what_is_gone_already_is_no_hindrance(home: Home) -> None:
    await pruning.remove(home, await recorded(home, "a", home.backups / "a.tar"))
    await pruning.remove(home, await recorded(home, "b", home.state / "no" / "b.tar"))
    assert await names(home) == []


async def test_no_link_is_followed(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.tar").write_text("mine")
    (home.backups / "a.tar").symlink_to(outside / "a.tar")
    await pruning.remove(home, await recorded(home, "a", home.backups / "a.tar"))
    assert (outside / "a.tar").read_text() == "mine"
    assert (home.backups / "a.tar").is_symlink()
    (home.state / "linked").symlink_to(outside)
    with pytest.raises(StorageFailed):
        await pruning.remove(home, await recorded(home, "b", home.state / "linked" / "a.tar"))
    assert (outside / "a.tar").read_text() == "mine"
    assert await names(home) == ["b"]


async def test_what_a_removal_that_died_left_is_removed_by_the_next_one(home: Home) -> None:
    left = home.backups / f".a.tar.removed-{'0' * 32}"
    other = home.backups / ".b.tar.partial-7"
    for one in (left, other):
        one.write_text("x")
    await pruning.sweep([], home)
    assert [one.name for one in home.backups.iterdir()] == [other.name]
