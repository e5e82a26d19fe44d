"""Choosing an end, window after window: a connection and its database, a URL, or a package."""

import time
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final

from tui_migrate.connection_url import parse_url
from tui_migrate.connections import Connection
from tui_migrate.plan.model import End, Environment, PackageEnd, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.look import Fault, resolve
from tui_migrate.ui.package_form import at_path
from tui_migrate.ui.screens.database_choice import ask_database
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.end_dialogs import AskPath, AskUrl, working_folder
from tui_migrate.ui.screens.named_end import as_named
from tui_migrate.ui.screens.package_choice import ask_package
from tui_migrate.ui.widgets.fitting import fit, fit_place
from tui_migrate.ui.widgets.url_input import TypedUrl

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

NAME_CELLS: Final = 18
PLACE_CELLS: Final = 30
"""How wide the names of connections and their places are in the list, that both have room in a window."""

_TYPED: Final = "typed"
_PACKAGE: Final = "package"
_NAMED: Final = "connection:"


class Role(Enum):
    """Which of the two ends."""

    SOURCE = "source"
    TARGET = "target"


async def choose_end(
    app: "MigrateApp",
    role: Role,
    connections: Mapping[str, Connection],
    current: End | None,
    other: End | None,
    *,
    title: str = "",
    packages: bool = True,
) -> End | None:
    """Ask for an end; None where the operator went back. To be awaited in background work.

    A password that stood in a URL goes to the session. `other` is the end at the other side, where it is chosen.
    `title` stands over the choices in place of the role; without `packages` only databases are offered.
    """
    title = title or role.value.capitalize()
    at = first_place(role, connections, current, other)
    while True:
        key = await app.push_screen_wait(Choose(title, (), _choices(role, connections, packages=packages), at=at))
        if key is None:
            return None
        at = key
        if key == _TYPED:
            found: End | None = await _ask_url(app, title)
        elif key == _PACKAGE:
            found = await _ask_package(app, role, current, other)
        else:
            connection = connections[key.removeprefix(_NAMED)]
            found = await ask_database(app, connection, current, other, is_target=role is Role.TARGET)
        if found is not None:
            return found


def first_place(role: Role, connections: Mapping[str, Connection], current: End | None, other: End | None) -> str:
    """Say on which choice the cursor begins: the end as it is; else one that a tired enter does no harm to.

    What is read from is rather not the connection at the other side. What is written to never is it, nor production.
    """
    if isinstance(current, StoreEnd):
        return _NAMED + current.connection if current.connection in connections else _TYPED
    if isinstance(current, PackageEnd):
        return _PACKAGE
    at_other = other.connection if isinstance(other, StoreEnd) else ""
    free = [one for one in connections.values() if one.name != at_other]
    if role is Role.TARGET:
        free = [one for one in free if one.environment is not Environment.PRODUCTION]
    return _NAMED + free[0].name if free else _TYPED


def _choices(role: Role, connections: Mapping[str, Connection], *, packages: bool) -> list[tuple[str, str]]:
    named = [
        (_NAMED + one.name, f"{fit(one.name, NAME_CELLS):<{NAME_CELLS}} {one.environment.value:<12} {_where(one)}")
        for one in connections.values()
    ]
    package = "Read a package, by its path" if role is Role.SOURCE else "Write a new package, at a path"
    typed = (_TYPED, "Type a URL, or NAME/DATABASE")
    return [*named, typed, (_PACKAGE, package)] if packages else [*named, typed]


def _where(connection: Connection) -> str:
    url = parse_url(connection.url)
    return fit_place(printable(f"{url.hosts}/{url.database}" if url.database else url.hosts), PLACE_CELLS)


async def _ask_url(app: "MigrateApp", title: str) -> StoreEnd | None:
    typed = TypedUrl("")
    while True:
        answer = await app.push_screen_wait(AskUrl(f"{title} by URL", typed))
        if answer is None:
            return None
        found: tuple[StoreEnd, str | None] | Fault
        found = Fault(answer.problem) if answer.problem else await resolve(answer.text.strip(), app.session.home)
        if not isinstance(found, Fault):
            if answer.password is not None:
                app.session.passwords[found[0].label] = answer.password
            return await as_named(app, found[0])
        typed = TypedUrl(answer.text, answer.password, "; ".join(filter(None, (found.message, found.hint))))


async def _ask_package(app: "MigrateApp", role: Role, current: End | None, other: End | None) -> PackageEnd | None:
    if role is Role.SOURCE:
        return await ask_package(app, "Package to read", current.path if isinstance(current, PackageEnd) else "")
    date = time.strftime("%Y-%m-%d", time.localtime(app.session.clock()))
    name = other.database if isinstance(other, StoreEnd) else "package"
    value = current.path if isinstance(current, PackageEnd) else f"{working_folder()}{name}-{date}"
    said = (
        "A folder that is not there yet, or a file of the ending .tar. Form, in the list, has other ways to write it."
    )
    path = await app.push_screen_wait(AskPath("Package to write", said, value))
    if path is None:
        return None
    end = at_path(current, path)
    if end.with_passphrase and (typed := app.session.passwords.pop(value, None)) is not None:
        app.session.passwords[end.label] = typed
    return end
