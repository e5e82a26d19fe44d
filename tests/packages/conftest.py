from pathlib import Path

import pytest

from .samples import small_tar


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    small_tar(tmp_path / "package.tar")
    return tmp_path / "package.tar"
