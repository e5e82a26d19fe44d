"""Documents, indexes and options of collections in a few words, as tests give them to stores."""

from tests.suites.ids import int32, text
from tui_migrate.documents import RawId, id_field, pack

EMPTY = pack(b"")


def doc(identifier: RawId, **fields: RawId) -> bytes:
    return pack(
        id_field(b"_id", identifier) + b"".join(id_field(name.encode(), value) for name, value in fields.items())
    )


def index(*names: str, unique: bool = False) -> bytes:
    key = pack(b"".join(id_field(name.encode(), int32(1)) for name in names))
    flag = b"\x08unique\x00\x01" if unique else b""
    return pack(b"\x10v\x00\x02\x00\x00\x00\x03key\x00" + key + id_field(b"name", text("_".join((*names, "1")))) + flag)


def options(**fields: RawId) -> bytes:
    return pack(b"".join(id_field(name.encode(), value) for name, value in fields.items()))


def as_value(document: bytes, kind: int = 0x03) -> RawId:
    return RawId(bytes((kind,)) + document)


MUST_HAVE_N = options(validator=as_value(pack(b"\x03n\x00" + pack(b"\x08$exists\x00\x01"))))
