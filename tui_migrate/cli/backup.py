"""The commands of backups: `backup`, and `backups list`, `verify`, `restore` and `prune`."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from tui_migrate.cli.encryption import DECRYPTING, ENCRYPTING, Decrypting, Encrypting
from tui_migrate.cli.options import COMMON, SELECTION, Common, EndText, Flag, MostRejects, Names, Selection, not_empty

Name = Annotated[str, Parameter(name="NAME")]
UserId = Annotated[str | None, Parameter(show_default=False, metavar="USER_ID", validator=not_empty)]
ConnectionName = Annotated[str | None, Parameter(show_default=False, metavar="NAME", validator=not_empty)]


def backups_group() -> App:
    """Make the group of commands."""
    group = App(name="backups", help="List, check, restore and remove backups, which the command backup makes.")
    group.command(list_, name="list")
    group.command(verify)
    group.command(restore)
    group.command(prune)
    return group


def backup(
    *,
    url: EndText,
    name: Annotated[str | None, Parameter(name=("--name", "-n"), show_default=False, validator=not_empty)] = None,
    output: Annotated[Path | None, Parameter(show_default=False, metavar="FOLDER")] = None,
    owner: UserId = None,
    selection: Selection = SELECTION,
    encrypting: Encrypting = ENCRYPTING,
    detach: Flag = False,
    common: Common = COMMON,
) -> int:
    """Back a database up: export it into a package that backups list, and that backups restore brings back.

    Parameters
    ----------
    url
        The database: a URL, or a connection as NAME or NAME/DATABASE.
    name
        What the backup is called; otherwise the connection, the database and the time.
    output
        The folder to put it in, which is there; otherwise the folder of backups in the home.
    owner
        Only this user's documents, and what they refer to, by the owner paths of the --catalog.
    detach
        Return the run's id at once; attach follows it later.
    """
    from tui_migrate.cli.backing_up import Wanted, back_up

    return back_up(Wanted(url, name or "", output, owner or "", detach), selection, encrypting, common)


def list_(*, connection: ConnectionName = None, owner: UserId = None, common: Common = COMMON) -> int:
    """List the backups, newest first: how each stands, of what it is, and when it was last checked.

    Parameters
    ----------
    connection
        Only those of this connection.
    owner
        Only those of this user's documents.
    """
    from tui_migrate.cli.backup_form import backup_form, backup_lines
    from tui_migrate.worker.backups import is_owned_by, read_backups

    found = [
        one
        for one in asyncio.run(read_backups(common.place))
        if connection in (None, one.record.connection) and (not owner or is_owned_by(one.record, owner))
    ]
    common.output.document({"backups": [backup_form(one) for one in found]})
    for line in backup_lines(found):
        common.output.line(line)
    return 0


def verify(name: Name, /, *, decrypting: Decrypting = DECRYPTING, common: Common = COMMON) -> int:
    """Check a whole backup as validate does, and keep when that was and what it came to.

    Exit codes: 0 whole, 3 with warnings, 4 with errors.

    Parameters
    ----------
    name
        The backup, as backups list has it.
    """
    from tui_migrate.cli.backup_check import check_backup

    return check_backup(name, decrypting, common)


def restore(
    name: Name,
    /,
    *,
    url: Annotated[str | None, Parameter(show_default=False, metavar="END", validator=not_empty)] = None,
    owner_to: UserId = None,
    catalog: Annotated[str | None, Parameter(show_default=False, metavar="NAME|FILE", validator=not_empty)] = None,
    collections: Names = (),
    max_rejects: MostRejects = 0,
    dry_run: Flag = False,
    confirm: Flag = False,
    detach: Flag = False,
    decrypting: Decrypting = DECRYPTING,
    common: Common = COMMON,
) -> int:
    """Make a database what it was when a backup was made; without --confirm, say what that would change.

    What the database has besides is deleted, what differs is replaced, also indexes and options, and of a backup of a
    whole database collections that it did not have are removed. Rollback takes all that back. A backup of one user's
    documents deletes nothing: it adds and replaces.

    Parameters
    ----------
    name
        The backup, as backups list has it.
    url
        Another database than that it was made of: a URL, or a connection as NAME or NAME/DATABASE.
    owner_to
        Give the documents of a backup of one user to this user.
    catalog
        The catalog that says whose documents are, where the backup's own run does not tell any more.
    collections
        Only these collections: one or more names after one flag.
    dry_run
        Say what would change and write nothing, as also without --confirm.
    confirm
        Do it.
    detach
        Return the run's id at once; attach follows it later.
    """
    from tui_migrate.cli.restoring import Wanted, restore_backup

    wanted = Wanted(
        name,
        url or "",
        owner_to or "",
        catalog or "",
        collections,
        max_rejects,
        confirm=confirm and not dry_run,
        detach=detach,
    )
    return restore_backup(wanted, decrypting, common)


def prune(
    *,
    days: Annotated[int, Parameter(validator=Number(gte=0, lte=36_500))] = 30,
    keep_minimum: Annotated[int, Parameter(validator=Number(gte=1, lte=100_000))] = 5,
    connection: ConnectionName = None,
    confirm: Flag = False,
    common: Common = COMMON,
) -> int:
    """Remove old backups; without --confirm, say which.

    Never the last good one of its source, and never one that a run still needs. Backups of a whole database, of some
    of its collections, and of one user's documents are counted apart.

    Parameters
    ----------
    days
        How old a backup has to be.
    keep_minimum
        How many good ones of each source stay, however old they are.
    connection
        Only backups of this connection.
    confirm
        Do it.
    """
    from tui_migrate.cli.prune import Pruning, prune_backups

    return asyncio.run(prune_backups(Pruning(days, keep_minimum, connection or "", confirm), common))
