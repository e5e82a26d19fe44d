"""Programs that tests need and pip does not install: where one is missing, they are skipped, and in CI they fail."""

import os
import shutil
from typing import Final, NoReturn

import pytest

COMPLETE: Final = "TUI_MIGRATE_TEST_COMPLETE"
"""Set to anything, it makes a failure of whatever would be skipped for want of a program; `.ci/run` sets it."""


def require(program: str, package: str) -> str:
    """Find a program, which a Debian package has."""
    return shutil.which(program) or miss(f"{program} is not installed: apt-get install {package}")


def miss(reason: str) -> NoReturn:
    """Skip the test that cannot be run, or fail it where each has to be."""
    if os.environ.get(COMPLETE):
        pytest.fail(reason)
    pytest.skip(reason)
