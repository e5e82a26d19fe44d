"""What a collection's options make of it, read from their BSON bytes as `listCollections` gives them."""

from tui_migrate.definitions import field, flag, text
from tui_migrate.stores.base import CollectionKind


def kind_of(options: bytes) -> CollectionKind:
    """Say what kind of collection these options make. Raises MalformedDocument."""
    if field(options, b"viewOn") is not None:
        return CollectionKind.VIEW
    if field(options, b"timeseries") is not None:
        return CollectionKind.TIMESERIES
    return CollectionKind.CAPPED if flag(options, b"capped") else CollectionKind.PLAIN


def has_simple_order(options: bytes) -> bool:
    """Say whether ids are ordered by their bytes: there is no default collation, or its locale is `simple`."""
    collation = field(options, b"collation")
    return collation is None or text(options[collation.value : collation.end], b"locale") == "simple"
