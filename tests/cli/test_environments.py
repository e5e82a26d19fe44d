"""The command line goes by what a connection says now, whatever a saved plan or an old run says."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ui.driving import copy_plan, store_end
from tui_migrate import connections
from tui_migrate.cli.launching import Launching
from tui_migrate.cli.migrate import start
from tui_migrate.cli.options import Common
from tui_migrate.cli.records import read_run
from tui_migrate.cli.runs import _status_lines
from tui_migrate.connections import Connection
from tui_migrate.plan.model import Environment, Plan, StoreEnd
from tui_migrate.plan.yaml_form import to_yaml
from tui_migrate.worker.launch import create_run


def known(common: Common, environment: Environment) -> None:
    url = "mongodb://127.0.0.1:1/shop"
    common.place.prepare()
    connections.write(common.place, [Connection(name, url, environment) for name in ("prod", "staging")])


def test_a_saved_plan_is_not_taken_at_its_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    common, taken = Common(home=tmp_path), list[Plan]()
    known(common, Environment.PRODUCTION)

    async def carry_out(_: Launching, plan: Plan) -> int:
        taken.append(plan)
        return 0

    monkeypatch.setattr(Launching, "carry_out", carry_out)
    path = tmp_path / "plan.yaml"
    path.write_text(to_yaml(replace(copy_plan(), target=store_end("staging", Environment.DEVELOPMENT))))
    assert start(path, common=common) == 0
    target = taken[0].target
    assert isinstance(target, StoreEnd)
    assert target.environment is Environment.PRODUCTION


def test_the_status_of_a_run_says_what_its_target_has_become(tmp_path: Path) -> None:
    common = Common(home=tmp_path)
    known(common, Environment.STAGING)
    run_id = asyncio.run(create_run(common.place, copy_plan()))
    run = asyncio.run(read_run(common.place, run_id))
    assert "  target: staging" in _status_lines(run, common)
    known(common, Environment.PRODUCTION)
    assert "  target: production" in _status_lines(run, common)
