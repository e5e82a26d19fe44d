"""Connections as rows of a table, on Home and on their own screen."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tui_migrate.connection_url import parse_url
from tui_migrate.connections import Connection
from tui_migrate.journal.records import RunSummary
from tui_migrate.plan.model import Environment, StoreEnd
from tui_migrate.ui.greeting import SLOW_SECONDS, Greeting
from tui_migrate.ui.run_rows import since
from tui_migrate.ui.widgets.fitting import fit_place
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.wording import run_name

COLUMNS: Final = (
    Column("Connection", 15),
    Column("Environment", 11),
    Column("Where", fitted=fit_place),
    Column("Last seen", 24),
    Column("Password", 26, from_width=110),
)

DEFAULT_DATABASE: Final = "admin"
"""The database that is opened to test a connection whose URL names none."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of one connection: the last test, the newest run that used it, and since when a test waits."""

    greeting: Greeting | None = None
    run: RunSummary | None = None
    waiting: float | None = None


def connection_row(connection: Connection, sight: Sight, now: float) -> Row:
    """Show one connection. `waiting` is in seconds, `now` in seconds since 1970."""
    url = parse_url(connection.url)
    where = f"{url.hosts}/{url.database}" if url.database else url.hosts
    seen, tone = _seen(sight, now)
    full = f"{connection.url} · {seen}"
    if sight.greeting is not None and sight.waiting is None:
        at, fault = since(sight.greeting.at, now), sight.greeting.fault
        # Why nobody answered names the server; who answered does not.
        full = f"{connection.url} · {sight.greeting.who()} · {at}"
        full = full if fault is None else f"{fault.message} · {at} · {connection.url}"
    return Row(
        key=connection.name,
        cells=(connection.name, connection.environment.value, where, seen, password_words(connection)),
        name=full,
        tone=tone,
    )


def password_words(connection: Connection) -> str:
    """Say where the password of a connection is."""
    if connection.password_env:
        return f"${connection.password_env}"
    if connection.password_file:
        return connection.password_file
    if connection.keyring:
        return "in the system keyring"
    if connection.password is not None:
        return "in the file, in clear"
    return "asked each time" if parse_url(connection.url).needs_password else "none needed"


def end_of(connection: Connection) -> StoreEnd:
    """The end that is opened to test a connection."""
    database = parse_url(connection.url).database or DEFAULT_DATABASE
    return StoreEnd(database, connection=connection.name, environment=connection.environment)


def newest_use(name: str, summaries: Iterable[RunSummary]) -> RunSummary | None:
    """Find the newest run that read from a connection or wrote to it."""
    start = f"{name}/"
    found = [one for one in summaries if start in (one.run.source[: len(start)], one.run.target[: len(start)])]
    return max(found, key=lambda one: one.run.id, default=None)


def _seen(sight: Sight, now: float) -> tuple[str, Tone]:
    if sight.waiting is not None:
        waited = f"waiting {sight.waiting:.0f} s" if sight.waiting >= SLOW_SECONDS else "connecting…"
        return f"{waited}, esc cancels", Tone.PLAIN
    if sight.greeting is not None:
        if sight.greeting.fault is not None:
            return f"✗ {sight.greeting.fault.message}", Tone.BAD
        return f"✓ {sight.greeting.version}, {sight.greeting.milliseconds} ms", Tone.GOOD
    if sight.run is not None:
        run = sight.run.run
        return f"run {run_name(run.id)}, {since(run.created_at, now)}", Tone.PLAIN
    return "not tried yet", Tone.DIM


def is_production(connection: Connection) -> bool:
    """True where writing needs the name to be typed."""
    return connection.environment is Environment.PRODUCTION
