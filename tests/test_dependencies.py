"""What the package imports is declared by it, and not only brought along by something else."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = "tui_migrate"


def imports(text: str) -> Iterator[str]:
    """The top-level names of the modules that a module imports, wherever in it that is."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def normal(distribution: str) -> str:
    """A distribution's name in its one form, of a requirement its name alone."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", distribution, maxsplit=1)[0]).lower()


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [one for name, some in project["optional-dependencies"].items() if name != "dev" for one in some]
    return {normal(one) for one in (*project["dependencies"], *extras)}


def undeclared(texts: dict[str, str]) -> dict[str, str]:
    """Give the imports of no declared distribution, each with a file that has it."""
    distributions = packages_distributions()
    known = declared()
    return {
        name: file
        for file, text in texts.items()
        for name in imports(text)
        if name != PACKAGE
        and name not in sys.stdlib_module_names
        and not any(normal(one) in known for one in distributions.get(name, ()))
    }


def test_everything_the_package_imports_is_declared() -> None:
    texts = {str(path): path.read_text() for path in (ROOT / PACKAGE).rglob("*.py")}
    assert texts
    assert undeclared(texts) == {}


def test_what_another_distribution_brings_along_would_be_seen() -> None:
    text = (
        "import os\nfrom tui_migrate import paths\ndef f():\n    from pygments.lexer import Lexer\n    import nowhere\n"
    )
    assert undeclared({"a.py": text}) == {"pygments": "a.py", "nowhere": "a.py"}
