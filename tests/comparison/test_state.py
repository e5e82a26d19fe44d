import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tui_migrate.comparison.kept import ComparedEnd, open_state
from tui_migrate.comparison.model import Counts, DocumentDifference, FieldChange, FieldKind, Found, Kind, Request, Way
from tui_migrate.comparison.side import Mark
from tui_migrate.comparison.state import Part, State
from tui_migrate.documents import RawId
from tui_migrate.errors import Refused, StorageFailed
from tui_migrate.paths import Home
from tui_migrate.stores.memory import MemoryStore

DIFFERENT = DocumentDifference(
    Kind.DIFFERENT, RawId(b"\x08\x00"), (b"a" * 16, b""), "why", (FieldChange("a.b", FieldKind.TYPE, "1", None),)
)
PART = Part("things", 1, b"after", None, Mark(b"position", b"last"), Mark(b"other"), Counts(1, 2, 3, 4, 5))


def test_what_is_kept_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "comparisons" / "one.sqlite"
    state = State(path, "print")
    assert (state.has_earlier, state.is_resumed) == (False, False)
    state.begin("things", Way.MERGED, ["a note"], (Part("things", 0), PART))
    state.commit(PART, Found(Counts(), [DIFFERENT, DIFFERENT]))
    state.close()
    again = State(path, "print", resume=True)
    assert again.is_resumed
    assert again.parts("things") == (Part("things", 0), PART)
    assert again.way("things") == (Way.MERGED, ("a note",))
    assert again.differences("things", 10) == [DIFFERENT, DIFFERENT]
    assert again.listed(PART) == 2
    again.begin("things", Way.SORTED, [], (Part("things", 0),))
    assert (again.parts("things"), again.differences("things", 10)) == ((Part("things", 0),), [])
    again.remove()
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(("fingerprint", "resume"), [("other", True), ("print", False)])
def test_it_begins_anew_unless_it_can_be_resumed_and_is_to_be(tmp_path: Path, fingerprint: str, resume: bool) -> None:
    path = tmp_path / "one.sqlite"
    state = State(path, "print")
    state.begin("things", Way.MERGED, [], (PART,))
    state.close()
    again = State(path, fingerprint, resume=resume)
    assert (again.has_earlier, again.is_resumed, again.parts("things")) == (True, False, ())
    again.close()


def test_the_file_is_for_the_user_alone_and_for_one_process(tmp_path: Path) -> None:
    path = tmp_path / "comparisons" / "one.sqlite"
    state = State(path, "print")
    with pytest.raises(Refused, match="another process"):
        State(path, "print", resume=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    state.close()
    State(path, "print").close()


def test_what_is_no_state_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "one.sqlite"
    path.write_bytes(b"nothing of the kind" * 1_000)
    state = State(path, "print", resume=True)
    assert not state.is_resumed
    state.begin("things", Way.MERGED, [], (PART,))
    state.remove()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageFailed, match="state of the comparison"):
        State(tmp_path / "folder", "print")


async def test_it_is_of_two_ends_with_one_selection_and_of_unchanged_packages(tmp_path: Path) -> None:
    home = Home.find(tmp_path / "home")
    package = tmp_path / "package"
    package.write_bytes(b"1")

    async def resumed(request: Request = Request(), *, swapped: bool = False) -> bool:  # noqa: B008 -- frozen
        ends = [ComparedEnd("memory:a", MemoryStore("a", "db")), ComparedEnd("x", MemoryStore("b", "db"), package)]
        first, second = reversed(ends) if swapped else ends
        state = await open_state(home, first, second, request, resume=True)
        state.close()
        return state.is_resumed

    assert not await resumed()
    assert await resumed()
    assert await resumed(Request(parallel=5))
    assert not await resumed(swapped=True)
    assert not await resumed(Request(names=("a",)))
    assert await resumed()
    assert not await resumed(Request(fast=True))
    assert not await resumed()
    package.write_bytes(b"22")
    assert not await resumed()
    assert await resumed()


def test_values_that_nobody_wrote_are_told_and_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "state"
    state = State(path, "a")
    state.begin("users", Way.MERGED, (), (Part("users", 0),))
    state.close()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE parts SET is_done = 'y'")
        file.execute("UPDATE collections SET way = 'nonsense'")
        file.execute("INSERT INTO differences (collection, part, kind, fields) VALUES ('users', 0, 'nonsense', '}')")
    state = State(path, "a", resume=True)
    assert state.is_resumed
    for read in (state.parts, state.way, lambda name: state.differences(name, 9)):
        with pytest.raises(StorageFailed, match="is damaged"):
            read("users")
    state.close()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DELETE FROM comparison")
    state = State(path, "a", resume=True)
    assert not state.is_resumed
    assert state.parts("users") == ()
    state.close()
