"""A disk that takes no more. A limit on the size of files stands in for it: the write fails in the same place."""

import random
import resource
from pathlib import Path

import pytest
from pymongo import MongoClient

from tests.cli.conftest import Cli

LIMIT = 1_000_000
"""Bytes: room for the journal, not for the package."""


@pytest.mark.slow
def test_an_export_that_finds_the_disk_full_says_so_and_goes_on_when_there_is_room(
    cli: Cli, mongodb_url: str, database: str, tmp_path: Path
) -> None:
    client: MongoClient[dict[str, object]] = MongoClient(mongodb_url)
    noise = random.Random(7)
    client[database]["big"].insert_many([{"_id": number, "noise": noise.randbytes(100_000)} for number in range(30)])
    client.close()
    output = tmp_path / "package"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    try:
        refused = cli("export", "--url", f"{mongodb_url}/{database}", "--output", str(output))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refused.code == 1
    assert "cannot write" in refused.out + refused.err
    assert not output.exists()
    done = cli("resume", "1")
    assert done.code == 0, done.err
    assert (output / "manifest.json").is_file()
