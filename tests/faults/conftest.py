"""Two servers, one of which can be made to fail."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.engine.servers import Pair, pair
from tests.faults.scene import without_long_waits
from tests.stores.mongodb.conftest import lost_sockets, stage

__all__ = ("lost_sockets", "stage")


@pytest.fixture
def quick() -> Iterator[None]:
    with without_long_waits():
        yield


@pytest.fixture
async def failing_source(
    tmp_path: Path, mongodb_pair: tuple[str, str], database: str, quick: None
) -> AsyncIterator[Pair]:
    """Ends of which the source has the failpoints."""
    async with pair(tmp_path, mongodb_pair, database) as made:
        yield made


@pytest.fixture
async def failing_target(
    tmp_path: Path, mongodb_pair: tuple[str, str], database: str, quick: None
) -> AsyncIterator[Pair]:
    """Ends of which the target has the failpoints."""
    async with pair(tmp_path, (mongodb_pair[1], mongodb_pair[0]), database) as made:
        yield made
