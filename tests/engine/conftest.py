from collections.abc import Iterator

import pytest

from tests.engine.scene import Scene, new_scene


@pytest.fixture
def scene() -> Iterator[Scene]:
    with new_scene() as made:
        yield made
