"""Packages that lie about what they hold or are laid out to do harm: told of with a name, and never begun with.

What one form alone has stands with that form: names, links, devices and sizes in `tests/packages/test_tar_reader.py`;
lost, renamed, linked and exchanged files of a folder in `test_check.py`; all that a sealed manifest may not say in
`test_manifest.py`; wrong archives in `mongodump/test_hostile.py`; cursors over JSON in `json_forms/test_guard.py`.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.engine.scene import Scene, new_scene, snapshot
from tests.packages.hostile import seeds
from tests.packages.hostile.cases import EVERY, Case
from tests.packages.hostile.looking import look
from tui_migrate.errors import Refused, TuiMigrateError
from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.stores.memory import MemoryStore

WRITES = ("create_collection", "drop_collection", "rename_collection", "create_indexes", "drop_index")
MORE_WRITES = ("set_validator", "insert", "change")


@pytest.fixture
def scene() -> Iterator[Scene]:
    with new_scene() as made:
        yield made


@contextmanager
def counted() -> Iterator[list[str]]:
    """Count all calls that write into a store in memory."""
    called: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in (*WRITES, *MORE_WRITES):
            whole = getattr(MemoryStore, name)

            def noted(store: MemoryStore, *some: Any, _whole: Any = whole, _name: str = name, **more: Any) -> Any:
                called.append(_name)
                return _whole(store, *some, **more)

            patch.setattr(MemoryStore, name, noted)
        yield called


@pytest.mark.parametrize("case", EVERY.values(), ids=EVERY.keys())
async def test_it_is_told_of_with_file_and_place(tmp_path: Path, case: Case) -> None:
    seen = await look(case.lay(tmp_path / "x"))
    assert seen.is_reported
    assert seen.contents is None
    for part in case.told:
        assert re.search(part, seen.messages), seen.messages


@pytest.mark.parametrize("case", EVERY.values(), ids=EVERY.keys())
async def test_an_import_ends_before_its_first_write(scene: Scene, tmp_path: Path, case: Case) -> None:
    path = tmp_path / "x"
    with counted() as writes:
        case.lay(path)
        with suppress(TuiMigrateError):
            ended = await scene.run(await _plan(scene, path))
            assert ended.exit_code in (1, 2, 4)
        assert writes == []
    assert await snapshot(scene.target) == {}


@pytest.mark.parametrize("case", EVERY.values(), ids=EVERY.keys())
async def test_an_import_that_was_planned_before_ends_so_too(scene: Scene, tmp_path: Path, case: Case) -> None:
    path = tmp_path / "x"
    plan = await _plan(scene, seeds.put_folder(path, seeds.tiny_folder()))
    shutil.rmtree(path)
    case.lay(path)
    with counted() as writes:
        ended = await scene.run(plan)
        assert ended.exit_code == Refused.exit_code
        assert writes == []
    assert ended.record.failure is not None or ended.codes


async def test_writes_are_counted(scene: Scene, tmp_path: Path) -> None:
    path = seeds.put_folder(tmp_path / "x", seeds.tiny_folder())
    with counted() as writes:
        assert (await scene.run(await _plan(scene, path))).exit_code == 0
    assert {"create_collection", "insert"} <= set(writes)


async def _plan(scene: Scene, path: Path) -> Any:
    return await scene.plan(Policy.OVERWRITE, source=PackageEnd(str(path)), kind=RunKind.IMPORT)
