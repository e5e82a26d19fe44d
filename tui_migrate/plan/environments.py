"""How dangerous an end is now: what its connection says today, and never less than what was recorded of it.

A plan, a run and an unfinished plan hold the environment that held when they were made. Connecting goes by what the
file of connections says now; so does what is asked before anything is written.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from tui_migrate.connections import Connection, is_name, load
from tui_migrate.errors import InvalidFile, UsageError
from tui_migrate.paths import Home
from tui_migrate.plan.model import End, Environment, Plan, StoreEnd

_STRICTEST_FIRST: Final = (Environment.PRODUCTION, Environment.STAGING, Environment.DEVELOPMENT)


def current(end: End, home: Home) -> End:
    """Give an end as its connection has it now: the stricter of recorded and current. Blocks.

    One whose name nobody knows any more, or whose file cannot be read, counts as production: connecting to it says why
    it cannot be. A URL has no connection that could say otherwise, and stays.
    """
    if not isinstance(end, StoreEnd) or not end.connection:
        return end
    return replace(end, environment=stricter(end.environment, end.connection, known_in(home)))


def current_if_known(end: End, home: Home) -> End:
    """Give an end as its connection has it now, and one that nobody knows as it is: to show a plan being made. Blocks.

    Nothing can be started there, and whether a name has to be typed is asked of `is_production`.
    """
    is_known = isinstance(end, StoreEnd) and end.connection in known_in(home)
    return current(end, home) if is_known else end


def current_plan(plan: Plan, home: Home) -> Plan:
    """Give a plan with both ends as they are now. Blocks."""
    return replace(plan, source=current(plan.source, home), target=current(plan.target, home))


def is_production(end: End, home: Home) -> bool:
    """Say whether an end is a database of production, by the plan or by its connection now. Blocks."""
    now = current(end, home)
    return isinstance(now, StoreEnd) and now.environment is Environment.PRODUCTION


def stricter(recorded: Environment, name: str, known: Mapping[str, Connection]) -> Environment:
    """Give the more dangerous of what was recorded and what the connection of a name says, production without one."""
    now = known[name].environment if name in known else Environment.PRODUCTION
    return min(recorded, now, key=_STRICTEST_FIRST.index)


def environment_now(recorded: Environment, label: str, home: Home) -> Environment:
    """Give the environment of the end of a label, of which this was recorded. Blocks."""
    name = name_in(label)
    return stricter(recorded, name, known_in(home)) if name else recorded


def name_in(label: str) -> str:
    """The connection's name in the label of an end; empty for a URL and for a package's path."""
    name, slash, _ = label.partition("/")
    return name if slash and is_name(name) else ""


def known_in(home: Home) -> Mapping[str, Connection]:
    """The connections by name; none where the file cannot be read, so that each counts as production. Blocks."""
    try:
        return load(home)
    except (InvalidFile, UsageError):
        return {}
