from pathlib import Path

import pytest

from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.paths import Home
from tui_migrate.plan.environments import current, is_production, name_in
from tui_migrate.plan.model import End, Environment, PackageEnd, StoreEnd

LIVE = StoreEnd("shop", connection="live", environment=Environment.STAGING)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home.find(tmp_path)
    home.prepare()
    return home


def environment_of(end: End) -> Environment:
    assert isinstance(end, StoreEnd)
    return end.environment


@pytest.mark.parametrize(
    ("now", "counts_as"),
    [
        (Environment.PRODUCTION, Environment.PRODUCTION),
        (Environment.STAGING, Environment.STAGING),
        (Environment.DEVELOPMENT, Environment.STAGING),
    ],
)
def test_the_stricter_of_recorded_and_current_counts(home: Home, now: Environment, counts_as: Environment) -> None:
    connections.write(home, [Connection("live", "mongodb://127.0.0.1:1/shop", now)])
    assert environment_of(current(LIVE, home)) is counts_as
    assert is_production(LIVE, home) is (counts_as is Environment.PRODUCTION)


def test_a_name_that_nobody_knows_counts_as_production(home: Home) -> None:
    connections.write(home, [Connection("other", "mongodb://127.0.0.1:1/shop", Environment.STAGING)])
    assert is_production(LIVE, home)
    home.connections.write_text("connections: [")
    assert is_production(LIVE, home)


def test_what_has_no_connection_stays_as_it_is(home: Home) -> None:
    url = StoreEnd("shop", url="mongodb://127.0.0.1:1/shop", environment=Environment.DEVELOPMENT)
    assert current(url, home) is url
    package = PackageEnd("/srv/live/shop")
    assert current(package, home) is package


@pytest.mark.parametrize(
    ("label", "name"),
    [("live/shop", "live"), ("/backups/live", ""), ("-", ""), ("mongodb://live/shop", ""), ("Live/shop", "")],
)
def test_the_connections_name_is_told_from_the_label(label: str, name: str) -> None:
    assert name_in(label) == name
