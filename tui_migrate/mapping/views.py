"""Views under renames: the collections that a view names are named as the target has them, or the view is refused."""

from collections.abc import Callable, Mapping
from typing import Final, NoReturn

from tui_migrate.documents import MAX_DEPTH, RawId, id_field, pack
from tui_migrate.errors import Refused
from tui_migrate.mapping.edit import ARRAY, DOCUMENT, fields_of
from tui_migrate.redaction import printable

TEXT: Final = 0x02

_OF_NO_COLLECTION: Final = frozenset(
    (
        b"$addFields",
        b"$bucket",
        b"$bucketAuto",
        b"$count",
        b"$densify",
        b"$documents",
        b"$fill",
        b"$geoNear",
        b"$group",
        b"$limit",
        b"$match",
        b"$project",
        b"$redact",
        b"$replaceRoot",
        b"$replaceWith",
        b"$sample",
        b"$set",
        b"$setWindowFields",
        b"$skip",
        b"$sort",
        b"$sortByCount",
        b"$unset",
        b"$unwind",
    )
)
"""Stages that name no collection (MongoDB's manual, “Aggregation Stages”)."""

_NAMING: Final[Mapping[bytes, tuple[bytes, ...]]] = {
    b"$lookup": (b"from",),
    b"$graphLookup": (b"from",),
    b"$unionWith": (b"coll",),
    b"$merge": (b"into",),
    b"$out": (b"coll",),
}
"""Stages that name a collection, and in which of their fields."""

_NAME_ALONE: Final = frozenset((b"$unionWith", b"$merge", b"$out"))
"""Stages that may be a name and nothing else."""


def renamed_view(name: str, options: bytes, renames: Mapping[str, str]) -> bytes:
    """Give a view's options with its collections named as in the target.

    `renames` are all names that mean something else in the target: the new name, or an empty text where the target's
    collection of that name is to be another one. Raises Refused for a view that names one of the latter, or may name
    any in a stage that is not known.
    """
    return _Rewriting(name, renames).options(options)


class _Rewriting:
    """One view being rewritten."""

    def __init__(self, view: str, renames: Mapping[str, str]) -> None:
        self._view = view
        self._renames = renames

    def options(self, options: bytes) -> bytes:
        """Rewrite what a view looks at, and its pipeline."""

        def changed(name: bytes, value: RawId) -> RawId:
            if name == b"viewOn":
                return self._named(value, "viewOn")
            return self._pipeline(value, 0) if name == b"pipeline" else value

        return _changed(options, changed)

    def _pipeline(self, value: RawId, depth: int) -> RawId:
        if value[0] != ARRAY or depth > MAX_DEPTH:
            self._refuse("pipeline")
        stages = (
            id_field(name, self._stage(one, depth) if one[0] == DOCUMENT else one) for name, one in fields_of(value[1:])
        )
        return RawId(value[:1] + pack(b"".join(stages)))

    def _stage(self, stage: RawId, depth: int) -> RawId:
        def changed(name: bytes, value: RawId) -> RawId:
            if name == b"$facet" and value[0] == DOCUMENT:
                inner = _changed(value[1:], lambda _, one: self._pipeline(one, depth + 1))
                return RawId(value[:1] + inner)
            if name in _NAMING:
                return self._naming(name, value, depth)
            if name not in _OF_NO_COLLECTION and any(value.find(one.encode()) >= 0 for one in self._renames):
                self._refuse(name.decode())
            return value

        return RawId(stage[:1] + _changed(stage[1:], changed))

    def _naming(self, stage: bytes, value: RawId, depth: int) -> RawId:
        """Rewrite a stage that names a collection, and the pipeline that it may hold."""
        where = stage.decode()
        if value[0] == TEXT and stage in _NAME_ALONE:
            return self._named(value, where)
        if value[0] != DOCUMENT:
            self._refuse(where)
        names = {name for name, _ in fields_of(value[1:])}
        if b"db" in names:
            self._refuse(where)

        def changed(name: bytes, one: RawId) -> RawId:
            if name in _NAMING[stage]:
                return self._named(one, where)
            return self._pipeline(one, depth + 1) if name == b"pipeline" else one

        return RawId(value[:1] + _changed(value[1:], changed))

    def _named(self, value: RawId, where: str) -> RawId:
        if value[0] != TEXT:
            self._refuse(where)
        name = value[5:-1].decode(errors="replace")
        if name not in self._renames:
            return value
        new = self._renames[name]
        if not new:
            raise Refused(
                f"the view {printable(self._view)} looks at {printable(name)}, and in the target another collection"
                " gets that name",
                hint=f"leave the view out, or rename {printable(name)} too",
            )
        encoded = new.encode() + b"\x00"
        return RawId(value[:1] + len(encoded).to_bytes(4, "little") + encoded)

    def _refuse(self, where: str) -> NoReturn:
        raise Refused(
            f"the view {printable(self._view)} cannot be rewritten for sure for the new names: see its"
            f" {printable(where)}",
            hint="leave the view out, and create it in the target by hand",
        )


def _changed(document: bytes, change: Callable[[bytes, RawId], RawId]) -> bytes:
    return pack(b"".join(id_field(name, change(name, value)) for name, value in fields_of(document)))
