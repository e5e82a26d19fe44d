import pytest

from tui_migrate.errors import UsageError
from tui_migrate.stores.base import Source, Target
from tui_migrate.stores.registry import Locator, open_source, open_target

WRITES = {name for name in vars(Target) if not name.startswith("_") and name not in vars(Source)}


@pytest.mark.parametrize("url", ["mongodb://127.0.0.1:1", "memory:registry", "memory://h\u2100st/shop"])
def test_what_is_opened_to_be_read_has_no_way_to_be_written_to(url: str) -> None:
    source, target = open_source(Locator(url, "shop")), open_target(Locator(url, "shop"))
    assert {"insert", "change", "drop_collection", "create_indexes"} <= WRITES
    assert [name for name in WRITES if hasattr(source, name)] == []
    assert [name for name in WRITES if not hasattr(target, name)] == []


def test_a_scheme_that_no_store_serves_is_refused() -> None:
    with pytest.raises(UsageError, match="'postgres'"):
        open_source(Locator("postgres://host", "shop"))
