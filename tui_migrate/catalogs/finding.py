"""Finding a catalog: by name, a user's own before those that came with the program, or by the path of a file."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from tui_migrate.catalogs import loader
from tui_migrate.catalogs.model import Catalog
from tui_migrate.errors import InvalidFile, TuiMigrateError, UsageError
from tui_migrate.paths import Home
from tui_migrate.redaction import printable

ENDING: Final = ".yaml"
_SEE: Final = "tui-migrate catalog list shows those there are; the path of a file has a / in it, or ends with .yaml"


@dataclass(frozen=True, slots=True)
class Listed:
    """A catalog that can be named. `path` is empty for a shipped one; `fault` says why it cannot be used, if so."""

    name: str
    path: str = ""
    catalog: Catalog | None = None
    fault: TuiMigrateError | None = None


def find(word: str, home: Home) -> Catalog:
    """Give the catalog that a name or a path means. Raises UsageError, InvalidFile."""
    if "/" in word or word.endswith((ENDING, ".yml")):
        return loader.load(Path(word))
    own = own_folder(home) / f"{word}{ENDING}"
    if loader.NAME_FORM.fullmatch(word):
        if own.is_file():
            return _own(own)
        if (found := shipped(word)) is not None:
            return found
    raise UsageError(f"there is no catalog {printable(word) or repr(word)}", hint=_SEE)


@cache
def shipped(name: str) -> Catalog | None:
    """Give a catalog that came with the program, or None where it has none of that name."""
    file = _shipped_folder() / f"{name}{ENDING}"
    if not loader.NAME_FORM.fullmatch(name) or not file.is_file():
        return None
    return loader.from_text(file.read_text(encoding="utf-8"), f"{name}{ENDING}")


def shipped_names() -> list[str]:
    """Name the catalogs that came with the program."""
    return sorted(one.name.removesuffix(ENDING) for one in _shipped_folder().iterdir() if one.name.endswith(ENDING))


def own_folder(home: Home) -> Path:
    """The folder of a user's own catalogs, each in a file of its name."""
    return home.config / "catalogs"


def listed(home: Home) -> list[Listed]:
    """List all catalogs by name; a user's own stands in the place of a shipped one of its name."""
    found = {name: Listed(name, catalog=shipped(name)) for name in shipped_names()}
    folder = own_folder(home)
    for path in sorted(folder.glob(f"*{ENDING}")) if folder.is_dir() else ():
        try:
            found[path.stem] = Listed(path.stem, str(path), _own(path))
        except TuiMigrateError as error:
            found[path.stem] = Listed(path.stem, str(path), fault=error)
    return [found[name] for name in sorted(found)]


def _own(path: Path) -> Catalog:
    """Load a user's own catalog, which has to be called as its file is."""
    catalog = loader.load(path)
    if catalog.name != path.stem:
        message = f"the catalog is called {catalog.name!r}, and its file {path.name!r}"
        raise InvalidFile(message, path=str(path), line=1, key="name", hint="give both the same name")
    return catalog


def _shipped_folder() -> Traversable:
    return resources.files("tui_migrate.catalogs") / "shipped"
