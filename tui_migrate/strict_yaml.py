"""YAML that a user wrote, read strictly: every fault is named with file, line and key.

Only what plans, connections, catalogs and themes need: mappings with string keys, lists and scalars. Anchors, tags,
duplicate keys and unknown keys are refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import yaml

from tui_migrate.errors import InvalidFile, UsageError

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 200

_LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""A plan of ten thousand collections takes libyaml a tenth of the time."""


@dataclass(frozen=True, slots=True)
class Value:
    """One node of a YAML file that remembers where it stands; asking it for a type checks that it has it."""

    node: yaml.Node
    path: str
    key: str = ""

    def fail(self, message: str, *, hint: str = "") -> NoReturn:
        """Raise InvalidFile about this value."""
        line = self.node.start_mark.line + 1
        raise InvalidFile(message, path=self.path, line=line, key=self.key, hint=hint)

    def mapping(self, known: Iterable[str] | None = None, required: Iterable[str] = ()) -> "dict[str, Value]":
        """Give the entries of a mapping. Raises InvalidFile for an unknown, missing or doubled key."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fail("a mapping is wanted here")
        names = None if known is None else sorted(known)
        found: dict[str, Value] = {}
        for key_node, value_node in self.node.value:
            name = Value(key_node, self.path, self.key).text()
            entry = Value(value_node, self.path, f"{self.key}.{name}" if self.key else name)
            if names is not None and name not in names:
                Value(key_node, self.path, entry.key).fail("this key is unknown", hint=f"known: {', '.join(names)}")
            if name in found:
                Value(key_node, self.path, entry.key).fail("this key stands here twice")
            found[name] = entry
        for name in required:
            if name not in found:
                self.fail(f"the key {name!r} is missing")
        return found

    @property
    def is_mapping(self) -> bool:
        """True of a mapping."""
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """True of a list."""
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_null(self) -> bool:
        """True where nothing stands behind a key, or null."""
        return bool(self.node.tag == "tag:yaml.org,2002:null")

    def items(self) -> "list[Value]":
        """Give the entries of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.fail("a list is wanted here")
        return [Value(node, self.path, f"{self.key}[{number}]") for number, node in enumerate(self.node.value)]

    def text(self) -> str:
        """Give a scalar as text, whatever it looks like."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.fail("a text is wanted here")
        return str(self.node.value)

    def boolean(self) -> bool:
        """Give true or false."""
        word = self.text()
        if self.node.tag != "tag:yaml.org,2002:bool" or word.lower() not in ("true", "false"):
            self.fail(f"true or false is wanted here, not {word!r}")
        return word.lower() == "true"

    def integer(self, *, least: int = 0, most: int = 2**63 - 1) -> int:
        """Give a whole number within bounds."""
        word = self.text().replace("_", "")
        if not word.isdecimal() or not least <= int(word) <= most:
            self.fail(f"a whole number from {least} to {most} is wanted here, not {self.text()!r}")
        return int(word)

    def choice(self, words: Iterable[str]) -> str:
        """Give one of these words."""
        known = list(words)
        if self.text() not in known:
            self.fail(f"{self.text()!r} is none of {', '.join(known)}")
        return self.text()


def parse(text: str, path: str) -> Value:
    """Read one YAML document. Raises InvalidFile."""
    try:
        _refuse_unwanted(text, path)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidFile(f"this is no YAML: {error.problem}", path=path, line=line) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidFile("this is no YAML", path=path, line=1) from error
    if node is None:
        raise InvalidFile("the file is empty", path=path, line=1)
    return Value(node, path)


def _refuse_unwanted(text: str, path: str) -> None:
    """Refuse what is not taken, and what is nested so deeply that libyaml, which recurses, would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.NodeEvent) and (event.anchor is not None or getattr(event, "tag", None) is not None):
            raise InvalidFile("anchors, aliases and tags are not taken here", path=path, line=line)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise InvalidFile(f"this is nested more than {MAX_DEPTH} deep", path=path, line=line)


def load(path: Path) -> Value:
    """Read a YAML file of at most MAX_BYTES. Raises UsageError if it cannot be read, InvalidFile if it is wrong."""
    return parse(read(path), str(path))


def read(path: Path) -> str:
    """Give the text of a file of at most MAX_BYTES. Raises UsageError, InvalidFile."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise InvalidFile(f"the file is larger than {MAX_BYTES} bytes", path=str(path), line=1)
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", hint="check the path and its permissions") from error
    except UnicodeDecodeError as error:
        raise InvalidFile("the file is not UTF-8", path=str(path), line=1) from error
