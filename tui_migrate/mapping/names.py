"""The names of collections in the source and in the target."""

from collections.abc import Collection, Iterable

from tui_migrate.mapping.model import Rename


class Names:
    """Translates names both ways. A collection of the source whose name goes to another one has none in the target.

    `planned` are the names, in the source, of what is meant.
    """

    def __init__(self, renames: Iterable[Rename], planned: Collection[str]) -> None:
        self._to_target = {one.source: one.target for one in renames}
        self._to_source = {one.target: one.source for one in renames}
        self._planned = frozenset(planned)

    def target(self, name: str) -> str | None:
        """Say what a collection of the source is called in the target; None if nothing may be called so there."""
        if name in self._to_target:
            return self._to_target[name]
        return None if name in self._to_source else name

    def source(self, name: str) -> str | None:
        """Say what a collection of the target is called in the source, None where that has none for it."""
        if name in self._to_source:
            return self._to_source[name]
        return None if name in self._to_target else name

    def is_planned(self, name: str) -> bool:
        """Say whether a collection of the source is meant."""
        return name in self._planned

    @property
    def differing(self) -> dict[str, str]:
        """All names that mean something else in the target: the new name, or an empty text where there is none."""
        return dict.fromkeys(self._to_source, "") | self._to_target
