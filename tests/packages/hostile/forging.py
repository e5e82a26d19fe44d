"""Makes packages whose checksums are right and whose contents are not, as somebody would who means harm."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from tui_migrate.packages import members
from tui_migrate.packages.manifest import checksum_of
from tui_migrate.packages.strict_json import canonical
from tui_migrate.packages.tar_layout import BLOCK

Files = Mapping[str, bytes]
Fields = dict[str, Any]


def with_checksum(content: bytes) -> bytes:
    """Give a manifest with its own checksum made right; what is no JSON object stays as it is."""
    fields = json.loads(content)
    if not isinstance(fields, dict):
        return content
    try:
        return canonical({**fields, "checksum": checksum_of(fields)})
    except ValueError:  # numbers and halves of characters that have no canonical form
        return content


def with_manifest(files: Files, change: Callable[[Fields], object]) -> dict[str, bytes]:
    """Give a package's files with a manifest that was changed and sealed again."""
    fields = json.loads(files["manifest.json"])
    change(fields)
    return {**files, "manifest.json": canonical({**fields, "checksum": checksum_of(fields)})}


def users(fields: Fields) -> Fields:
    """Give what a manifest says of the collection `users`."""
    found: Fields = next(one for one in fields["collections"] if one["name"] == "users")
    return found


def with_documents(files: Files, content: bytes, count: int) -> dict[str, bytes]:
    """Give a package's files with these bytes as the documents of `users`, in one member."""
    return with_packed(files, members.pack(content), content, count)


def with_packed(files: Files, packed: bytes, content: bytes, count: int, size: int | None = None) -> dict[str, bytes]:
    """Give a package's files with a file of `users` of which the manifest says that it unpacks to this content.

    `size` is how long the manifest says it is, if not as long as it is.
    """
    digest = hashlib.sha256(content).hexdigest()
    length = len(content) if size is None else size

    def change(fields: Fields) -> None:
        entry = users(fields)
        member = {"offset": 0, "packed": len(packed), "unpacked": length, "documents": count, "sha256": digest}
        entry.update(members=[member], documents=count, bytes=length, sha256=digest)
        entry["digest"] = hashlib.sha256(bytes.fromhex(digest)).hexdigest()
        entry["files"][0].update(size=len(packed), sha256=hashlib.sha256(packed).hexdigest())

    return {**with_manifest(files, change), "shop/users.bson.gz": packed}


def with_metadata(files: Files, content: bytes) -> dict[str, bytes]:
    """Give a package's files with this text as the metadata of `users`."""
    packed = members.pack(content)

    def change(fields: Fields) -> None:
        users(fields)["files"][1].update(size=len(packed), sha256=hashlib.sha256(packed).hexdigest())

    return {**with_manifest(files, change), "shop/users.metadata.json.gz": packed}


def with_sums(content: bytes) -> bytes:
    """Give a tar with the checksum of everything that looks like a header made right."""
    made = bytearray(content)
    for start in range(0, len(made) - BLOCK + 1, BLOCK):
        block = bytes(made[start : start + BLOCK])
        if block[257:262] == b"ustar":
            total = sum(block[:148]) + 8 * ord(" ") + sum(block[156:])
            made[start + 148 : start + 156] = b"%06o\0 " % total
    return bytes(made)
