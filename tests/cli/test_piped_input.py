import asyncio
import io
import os
import shutil
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from tui_migrate.cli import piped_input
from tui_migrate.cli.app import arrange
from tui_migrate.cli.output import Output
from tui_migrate.cli.package_options import PackageLimits, PackageReading, PackageWriting
from tui_migrate.cli.piped_input import package_path
from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import Limits
from tui_migrate.paths import Home
from tui_migrate.plan.model import PIPE
from tui_migrate.worker.inputs import remove_unneeded

Usage = namedtuple("Usage", "total used free")


class Stdin:
    """What stands in for the command's stdin."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)

    def isatty(self) -> bool:
        return False


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.find(tmp_path / "home")


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    return lambda content: monkeypatch.setattr(sys, "stdin", Stdin(content))


def inputs(home: Home) -> list[Path]:
    return list(home.inputs.iterdir())


def test_a_path_is_itself(home: Home, tmp_path: Path) -> None:
    with package_path(tmp_path / "x", home, Output()) as path:
        assert path == tmp_path / "x"
    assert not home.state.exists()


def test_what_comes_through_the_pipe_lies_in_a_file_for_as_long_as_it_is_needed(
    home: Home, pipe: Callable[[bytes], None]
) -> None:
    pipe(b"x" * 3_000_000)
    with package_path(Path(PIPE), home, Output()) as path:
        assert path.read_bytes() == b"x" * 3_000_000
        assert path.stat().st_mode & 0o777 == 0o600
        asyncio.run(remove_unneeded(home))
        assert inputs(home) == [path]
    assert inputs(home) == []


def test_what_a_command_left_that_was_killed_is_swept_away_by_the_next(
    home: Home, pipe: Callable[[bytes], None]
) -> None:
    home.inputs.mkdir(parents=True)
    (home.inputs / "package-left").touch()
    pipe(b"x")
    with package_path(Path(PIPE), home, Output()) as path:
        assert inputs(home) == [path]


def test_a_disk_without_room_is_not_filled(
    home: Home, pipe: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe(b"x" * 3_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, piped_input.SPARE_BYTES + 500_000))
    with pytest.raises(StorageFailed, match="no room") as failure, package_path(Path(PIPE), home, Output()):
        pass
    assert "--home" in failure.value.hint
    assert inputs(home) == []


def test_a_pipe_that_gives_nothing_is_a_mistake(home: Home, pipe: Callable[[bytes], None]) -> None:
    pipe(b"")
    with pytest.raises(UsageError, match="nothing came"), package_path(Path(PIPE), home, Output()):
        pass
    assert inputs(home) == []


@pytest.mark.parametrize(
    ("words", "arranged"),
    [
        ("export --output - --json", "export --output=- --json"),
        ("export --output --input - -", "export --output --input=- -"),
        ("import --input", "import --input"),
        ("export --output x --url -", "export --output x --url -"),
        ("export -- --output -", "export -- --output -"),
    ],
)
def test_a_pipe_is_tied_to_its_option(words: str, arranged: str) -> None:
    assert arrange(words.split()) == arranged.split()


@pytest.mark.parametrize(
    ("form", "name", "expected"),
    [
        (None, "x", PackageForm.NATIVE),
        (None, "x.tar", PackageForm.TAR),
        (None, "x.tar.gz", PackageForm.NATIVE),
        (None, "-", PackageForm.ARCHIVE),
        ("archive", "-", PackageForm.ARCHIVE),
        ("archive", "x.tar", PackageForm.ARCHIVE),
        ("native", "x.tar", PackageForm.NATIVE),
        ("tar", "x", PackageForm.TAR),
    ],
)
def test_the_form_is_what_was_asked_for_or_what_the_name_says(
    form: str | None, name: str, expected: PackageForm
) -> None:
    end = PackageWriting(format=form).target(Path(name))  # type: ignore[arg-type]  # the words are a Literal's
    assert end.form is expected
    assert end.path == (PIPE if name == "-" else os.path.abspath(name))  # noqa: PTH100 -- links stay
    assert end.is_pipe == (name == "-")


def test_how_a_package_is_read_goes_into_the_plan() -> None:
    end = PackageReading(input_database="shop", most=PackageLimits(max_unpacked=5, max_depth=7)).source(Path("x"))
    assert (end.database, end.limits) == ("shop", Limits(unpacked=5, depth=7))
