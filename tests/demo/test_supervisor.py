import asyncio
import fcntl
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.demo.processes import demo_process, everything_ended, until
from tui_migrate.demo import access, record, supervisor
from tui_migrate.demo.locks import SUPERVISOR, is_held, live_runs
from tui_migrate.demo.place import DemoPlace
from tui_migrate.demo.record import Phase, ServersRecord
from tui_migrate.demo.strays import find_strays
from tui_migrate.errors import Refused, TuiMigrateError, UsageError

pytestmark = pytest.mark.slow


def answers(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(2)
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def live_run(place: DemoPlace, run_id: int) -> Iterator[Path]:
    """What a worker does to its run's lock for as long as it lives."""
    lock = place.home.run(run_id).lock
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield lock


def test_the_servers_end_when_the_demo_is_killed(place: DemoPlace) -> None:
    with demo_process(place) as (demo, ports):
        assert all(map(answers, ports))
        assert len(find_strays(place)) == 2
        demo.send_signal(signal.SIGKILL)
        demo.wait()
    until(lambda: everything_ended(place), supervisor.IDLE_SECONDS + 60)
    assert not any(map(answers, ports))
    assert record.read(place).phase is Phase.STOPPED


def test_the_servers_live_while_a_run_does(place: DemoPlace) -> None:
    with demo_process(place) as (demo, ports):
        with live_run(place, 1):
            demo.kill()
            demo.wait()
            assert live_runs(place) == (1,)
            needed = supervisor.IDLE_SECONDS + 1
            with pytest.raises(AssertionError):
                until(lambda: not all(map(answers, ports)), needed)
            with pytest.raises(Refused, match="run 0001 is at work"):
                asyncio.run(access.stop(place))
            with pytest.raises(Refused, match="run 0001 is at work"):
                asyncio.run(access.wipe(place))
        until(lambda: everything_ended(place), supervisor.IDLE_SECONDS + 60)


def test_a_run_is_live_only_while_its_lock_is_held(place: DemoPlace) -> None:
    place.prepare()
    with live_run(place, 12) as lock:
        assert live_runs(place) == (12,)
    assert live_runs(place) == ()
    lock.write_text("")
    assert live_runs(place) == ()


def test_a_second_demo_finds_the_same_servers(place: DemoPlace) -> None:
    with demo_process(place) as (first, ports), demo_process(place) as (_, same_ports):
        assert ports == same_ports
        started_by = record.read(place).supervisor
        first.kill()
        first.wait()
        with demo_process(place) as (_, later_ports):
            assert later_ports == ports
            assert record.read(place).supervisor == started_by


def test_the_ports_are_those_of_last_time(place: DemoPlace) -> None:
    ports = []
    for _ in range(2):
        with demo_process(place) as (_, found):
            ports.append(found)
            assert asyncio.run(access.stop(place))
        assert everything_ended(place)
    assert ports[0] == ports[1]


def test_another_port_is_taken_where_that_of_last_time_is_in_use(place: DemoPlace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        place.prepare()
        record.write(place, ServersRecord(ports={"source": taken, "target": 0}))
        with demo_process(place) as (_, ports):
            assert taken not in ports
            assert all(map(answers, ports))


def test_two_demos_at_once_start_one_supervisor(place: DemoPlace) -> None:
    async def ports() -> tuple[ServersRecord, ...]:
        async def one() -> ServersRecord:
            async with access.servers(place) as servers:
                return servers

        return tuple(await asyncio.gather(one(), one(), one()))

    assert len(set(map(str, asyncio.run(ports())))) == 1
    assert len(find_strays(place)) == 2


def test_a_killed_supervisor_leaves_no_server(place: DemoPlace) -> None:
    with demo_process(place):
        os.kill(record.read(place).supervisor, signal.SIGKILL)
        until(lambda: everything_ended(place))


def test_a_demo_started_right_after_the_supervisor_was_killed_recovers(place: DemoPlace) -> None:
    with demo_process(place) as (_, ports):
        servers = find_strays(place)
        os.kill(record.read(place).supervisor, signal.SIGKILL)
        until(lambda: not is_held(place.lock(SUPERVISOR)))
        with demo_process(place) as (_, ports_after):
            assert not set(servers) & set(find_strays(place))
            assert ports_after == ports
            assert all(map(answers, ports))


def test_a_server_that_dies_takes_the_demo_with_it(place: DemoPlace) -> None:
    with demo_process(place):
        os.kill(find_strays(place)[0], signal.SIGKILL)
        until(lambda: everything_ended(place))


def test_stopping_what_is_not_there_is_no_error(place: DemoPlace) -> None:
    assert not asyncio.run(access.stop(place))
    place.prepare()
    assert not asyncio.run(access.stop(place))


def test_wiping_is_refused_while_a_demo_is_open(place: DemoPlace) -> None:
    with demo_process(place), pytest.raises(Refused, match="another demo is open"):
        asyncio.run(access.wipe(place))


def test_what_nobody_needs_ends_at_once_when_asked(place: DemoPlace) -> None:
    async def start() -> None:
        async with access.servers(place):
            await access.end_unless_needed(place)
            assert access.are_supervised(place)
        await access.end_unless_needed(place)

    asyncio.run(start())
    assert everything_ended(place)


def test_a_missing_server_is_said_before_anything_is_made(place: DemoPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("sys.executable", "/nonexistent/python")

    async def start() -> None:
        async with access.servers(place):
            pass

    with pytest.raises(UsageError) as caught:
        asyncio.run(start())
    assert "tui-migrate[demo]" in caught.value.hint
    assert not place.root.exists()


def test_servers_that_do_not_start_are_an_error_with_the_reason(place: DemoPlace) -> None:
    place.prepare()
    (place.servers / "target").write_text("a file where its folder should be")

    async def start() -> None:
        async with access.servers(place):
            pass

    with pytest.raises(TuiMigrateError, match="did not start") as caught:
        asyncio.run(start())
    assert "target server did not start" in caught.value.hint
    assert everything_ended(place)


def test_logs_and_records_are_for_the_user_alone(place: DemoPlace) -> None:
    with demo_process(place):
        files = [place.supervisor_log, place.servers_file, *place.servers.glob("*.log")]
        assert len(files) == 4
        assert all(one.stat().st_mode & 0o077 == 0 for one in files)
