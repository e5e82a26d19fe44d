from collections.abc import Iterator

import pytest

from tests.engine.scene import Scene, new_scene
from tests.engine.servers import mongodb_pair

__all__ = ("mongodb_pair",)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with new_scene() as made:
        yield made
