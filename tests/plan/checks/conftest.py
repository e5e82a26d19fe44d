from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.engine.servers import mongodb_pair, pair
from tests.plan.checks.ground import Ground

__all__ = ["mongodb_pair"]


@pytest.fixture
async def ground(mongodb_pair: tuple[str, str], database: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with pair(tmp_path / "home", mongodb_pair, database) as made:
        first, second = (MongoClient[dict[str, Any]](url) for url in mongodb_pair)
        with first, second:
            source, target = first[made.source_end.database], second[made.target_end.database]
            source["things"].insert_one({"_id": 1, "n": 1})
            yield Ground(made, source, target, tmp_path)
