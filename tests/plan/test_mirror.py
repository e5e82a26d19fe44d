from dataclasses import replace

import pytest

from tests.engine.mirrors import COLLATED
from tests.suites.documents import EMPTY
from tui_migrate.plan.mirror import is_replaced
from tui_migrate.stores.base import CollectionInfo, CollectionKind

PLAIN = CollectionInfo("things", CollectionKind.PLAIN, EMPTY)
OTHERWISE = replace(PLAIN, options=COLLATED, simple_order=False)


@pytest.mark.rule(8, "what orders otherwise is not merged")
def test_what_the_target_orders_otherwise_is_replaced_whole_though_it_is_defined_alike() -> None:
    assert not is_replaced(PLAIN, PLAIN)
    assert is_replaced(OTHERWISE, OTHERWISE)
