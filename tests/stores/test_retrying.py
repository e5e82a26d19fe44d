import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.stores.retrying import announce, backoff, told_to


def least() -> float:
    return 0.0


def most() -> float:
    return 1.0 - 2**-53


def test_waits_double_up_to_the_longest() -> None:
    assert [backoff(tries, 0.5, 30.0, most) for tries in range(1, 10)] == pytest.approx(
        [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    )


def test_at_least_half_is_waited_whatever_chance_says() -> None:
    assert [backoff(tries, 0.5, 30.0, least) for tries in range(1, 8)] == [0.25, 0.5, 1, 2, 4, 8, 15]


@given(st.integers(-3, 10**9), st.floats(0, 10), st.floats(0, 100), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_bounded_and_never_negative(tries: int, first: float, longest: float, chance: float) -> None:
    assert 0 <= backoff(tries, first, longest, lambda: chance) <= longest


@given(st.integers(1, 60), st.floats(0, 1, exclude_max=True))
def test_chance_never_makes_a_later_wait_shorter_than_half_of_an_earlier_one(tries: int, chance: float) -> None:
    assert backoff(tries + 1, 0.5, 30.0, least) >= backoff(tries, 0.5, 30.0, lambda: chance) / 2


def test_two_that_failed_together_do_not_come_back_together() -> None:
    assert len({backoff(3, 0.5, 30.0) for _ in range(20)}) > 10


async def test_a_retry_is_told_to_whoever_listens_in_tasks_of_its_own_too() -> None:
    heard: list[str] = []

    async def hear(message: str) -> None:
        heard.append(message)

    await announce("nobody")
    with told_to(hear):
        await announce("one")
        async with asyncio.TaskGroup() as group:
            group.create_task(announce("two"))
    await announce("nobody")
    assert heard == ["one", "two"]
