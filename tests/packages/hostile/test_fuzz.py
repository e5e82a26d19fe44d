"""The fuzz run as every test run has it: short, and with the same inputs each time."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packages.hostile.looking import look
from tests.packages.hostile.readers import readers

SECONDS = 10
SEED = 20_260_131


async def test_what_the_fuzz_run_begins_with_is_whole(tmp_path: Path) -> None:
    for number, reader in enumerate(await asyncio.to_thread(readers, tmp_path)):
        for turn, content in enumerate(reader.whole):
            seen = await look(reader.lay(tmp_path / f"{number}-{turn}", content), reader.options)
            assert not seen.is_reported, (reader.name, seen.messages)
            assert seen.contents is not None
            assert any(seen.contents.values()), reader.name


@pytest.mark.slow
def test_no_damage_to_any_package_makes_a_reader_crash_hang_or_grow() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.packages.hostile.fuzz", "--seconds", str(SECONDS), "--seed", str(SEED)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    assert f"seed {SEED}" in done.stdout
