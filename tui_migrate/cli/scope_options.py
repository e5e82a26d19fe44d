"""The options that say which documents a run is about, whose, under which names, and what is taken out of them."""

import re
from dataclasses import dataclass
from typing import Annotated, Final

from cyclopts import Group, Parameter

from tui_migrate.cli.options import Flag, not_empty
from tui_migrate.errors import UsageError
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.redaction import printable

_SCOPE: Final = Group("Which documents, and how", sort_key=21)
_FILTER: Final = re.compile(r"([^=]+)=(\s*\{.*)", re.DOTALL)
_RENAME: Final = re.compile(r"([^=]+)=([^=]+)")


@Parameter(name="*", group=_SCOPE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Scoping:
    """What of the source is meant, and how it is changed on its way."""

    filter: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            metavar="COLLECTION={…}",
            help="Only the documents of a collection that match a query in Extended JSON. Can be given for several"
            " collections.",
        ),
    ] = ()
    rename: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            metavar="OLD=NEW",
            help="Give a collection another name in the target; views follow. Can be given several times.",
        ),
    ] = ()
    owner: Annotated[
        str | None,
        Parameter(
            show_default=False,
            metavar="USER_ID",
            validator=not_empty,
            help="Only this user's documents, and what they refer to, by the owner paths of the --catalog.",
        ),
    ] = None
    redact: Annotated[
        Flag, Parameter(help="Leave out, mask or hash the fields that the --catalog calls sensitive.")
    ] = False

    @property
    def new_owner(self) -> str:
        """The id of the user who gets the documents, empty for the one they belong to."""
        return ""

    @property
    def scope(self) -> Scope:
        """The scope as it was typed, to be settled when the plan is made. Raises UsageError."""
        filters = tuple(_filter(one) for one in self.filter)
        for place, one in enumerate(filters):
            if any(other.collection == one.collection for other in filters[:place]):
                raise UsageError(
                    f"there are two filters for {printable(one.collection)}", hint='join them with {"$and": […]}'
                )
        return Scope(
            renames=tuple(_rename(one) for one in self.rename),
            filters=filters,
            owner=self.owner or "",
            owner_to=self.new_owner,
            redact=self.redact,
        )


@Parameter(name="*", group=_SCOPE)
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferScoping(Scoping):
    """The same for a run into a database."""

    owner_to: Annotated[
        str | None,
        Parameter(
            show_default=False,
            metavar="USER_ID",
            validator=not_empty,
            help="Give one user's documents to this user: the id is exchanged wherever the --catalog says it stands.",
        ),
    ] = None

    @property
    def new_owner(self) -> str:
        """The id of the user who gets the documents, empty for the one they belong to."""
        return self.owner_to or ""


SCOPING: Final = Scoping()
TRANSFER_SCOPING: Final = TransferScoping()


def _filter(text: str) -> Filter:
    found = _FILTER.fullmatch(text)
    if found is None:
        raise UsageError(
            f"--filter {printable(text)} is not COLLECTION={{…}}", hint="""as --filter 'orders={"state": "paid"}'"""
        )
    return Filter(found[1], found[2])


def _rename(text: str) -> Rename:
    found = _RENAME.fullmatch(text)
    if found is None:
        raise UsageError(f"--rename {printable(text)} is not OLD=NEW", hint="as --rename orders=old_orders")
    return Rename(found[1], found[2])
