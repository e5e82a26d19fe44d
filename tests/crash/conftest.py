from collections.abc import Iterator

import pytest

from tests.crash.arena import Arena, arena
from tests.crash.workers import forked_workers
from tests.engine.servers import mongodb_pair

__all__ = ("mongodb_pair",)


@pytest.fixture(scope="session")
def crash_arena(mongodb_pair: tuple[str, str]) -> Iterator[Arena]:
    with forked_workers() as workers, arena(workers, mongodb_pair) as made:
        yield made
